/* settings.c - defaults and completion of what the user asked for. See settings.h. Pure. */
#include "bench/detector/settings.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/detector/random.h"

#define PLANCK_EV_ANGSTROM 12398.419843 /* h c */

const char *const channel_names[CHANNEL_KINDS] = { "threshold_1", "threshold_2", "difference" };

void settings_clear(struct settings *s)
{
	*s = (struct settings){
		.hit_rate = 0.3, .wavelength_angstrom = NAN, .energy_ev = NAN, .distance_mm = NAN, .centre_px = { NAN, NAN }, .bandwidth = 2e-4,
		.hot_photons = 2000, .cell = { .centring = 'P' }, .mosaic_deg = NAN, .domain_angstrom = NAN, .wilson_b = 20,
		.spot_photons = NAN, .spot_sigma_px = 0.9, .resolution_angstrom = 1.3,
		.background = { .mean = 0.5, .beamstop_mm = NAN, .ice_photons = 4, .powder_photons = 2 },
		.type = PIXEL_U16, .codec = CODEC_BSLZ4, .header_detail = -1, .n_channels = 1, .channel = { CHANNEL_THRESHOLD_1 },
		.series_id = UINT64_MAX, .rate_hz = 10, .reorder_window = 8, .late_delay_s = 3, .gap_s = 0,
		.silence.frame = UINT64_MAX, .rebind.frame = UINT64_MAX, .oversize.frame = UINT64_MAX,
	};
	s->frames = 100;
	s->model = *model_find("eiger2-1m");
}

void options_clear(struct options *o)
{
	memset(o, 0, sizeof *o);
	o->linger_s = 10;
	o->seed = 1;
	o->repeats = 1;
	o->pool_mib = 512;
	o->n_series = 1;
	settings_clear(&o->series[0]);
}

uint32_t settings_saturation(enum pixel_type type)
{
	return type == PIXEL_U8 ? 253 : type == PIXEL_U16 ? 21517 : 1702012;
}

void settings_beam(const struct settings *s, struct crystal_beam *beam)
{
	*beam = (struct crystal_beam){
		.wavelength_angstrom = s->wavelength_angstrom, .bandwidth = s->bandwidth, .distance_mm = s->distance_mm,
		.pixel_mm = s->model.pixel_um / 1000, .centre_px = { s->centre_px[0], s->centre_px[1] },
		.width = s->model.width, .height = s->model.height,
	};
}

bool frame_chosen(const struct frame_choice *choice, uint64_t key, uint64_t frame)
{
	for (unsigned i = 0; i < choice->n_ranges; i++)
		if (frame >= choice->range[i].first && frame <= choice->range[i].last)
			return true;
	return choice->share > 0 && random_unit(random_hash(key, RANDOM_FAULT, frame, 0)) < choice->share;
}

/* X-rays of 1 Angstrom, or electrons of 200 keV. */
static void complete_beam(struct settings *s)
{
	if (isnan(s->wavelength_angstrom)) {
		if (!isnan(s->energy_ev))
			s->wavelength_angstrom = PLANCK_EV_ANGSTROM / s->energy_ev;
		else
			s->wavelength_angstrom = s->model.electrons ? 0.025079 : 1.0;
	}
	if (isnan(s->energy_ev))
		s->energy_ev = s->model.electrons ? 200000 : PLANCK_EV_ANGSTROM / s->wavelength_angstrom;
	if (!s->centre_given) {
		s->centre_px[0] = s->model.width * 0.5 + 0.3;
		s->centre_px[1] = s->model.height * 0.5 + 0.2;
	}
}

/* Large detectors see lysozyme. Smaller ones could not tell its spots apart, so they see something with a smaller cell, as thin relative to it
 * as a lysozyme crystal's reflections are: a nanocrystal. In between the detector is moved back. */
static void complete_crystal(struct settings *s)
{
	double pixel_mm = s->model.pixel_um / 1000, side = sqrt((double)s->model.width * s->model.height) * pixel_mm;
	bool large = s->model.width >= 1000 && s->model.height >= 500 && !s->model.electrons;
	double close_mm = s->model.electrons ? side / 2 / s->wavelength_angstrom * 1.5 : 0.625 * side / s->wavelength_angstrom;
	double longest, spacing_px = large ? 15 : 10;

	if (!s->cell_given && large)
		s->cell = (struct crystal_cell){ 79.1, 79.1, 37.9, 90, 90, 90, 'P' };
	else if (!s->cell_given) {
		double a = (isnan(s->distance_mm) ? close_mm : s->distance_mm) * s->wavelength_angstrom / (spacing_px * pixel_mm);

		s->cell = (struct crystal_cell){ a, 0.93 * a, 1.07 * a, 90, 101, 90, 'P' };
	}
	longest = fmax(s->cell.a, fmax(s->cell.b, s->cell.c));
	if (isnan(s->distance_mm)) {
		s->distance_mm = fmax(close_mm, s->cell_given || large ? spacing_px * pixel_mm * longest / s->wavelength_angstrom : 0);
		s->distance_mm = ceil(s->distance_mm);
	}
	if (isnan(s->domain_angstrom))
		s->domain_angstrom = large ? 2000 : 3.5 * longest;
	if (isnan(s->mosaic_deg))
		s->mosaic_deg = 0.1;
	if (isnan(s->spot_photons))
		s->spot_photons = s->type == PIXEL_U8 ? 800 : 6000;
	if (!s->min_strong)
		s->min_strong = (uint64_t)s->model.width * s->model.height < 65536 ? 8 : 16;
	if (isnan(s->background.beamstop_mm))
		s->background.beamstop_mm = side / 60;
}

static int complain(char *message, size_t n, const char *text)
{
	snprintf(message, n, "%s", text);
	return -EINVAL;
}

static int check_crystal(const struct settings *s, char *message, size_t n)
{
	double basis[3][3], count;

	if (crystal_basis(basis, &s->cell))
		return complain(message, n, "--cell: these lengths and angles are not those of a cell");
	count = 8 * s->cell.a * s->cell.b * s->cell.c / pow(s->resolution_angstrom, 3);
	if (s->hit_rate > 0 && count > 1e8)
		return complain(message, n, "--cell and --resolution: more than 100 million reflections; choose a smaller cell or a larger --resolution");
	return 0;
}

static int check_stream(const struct settings *s, char *message, size_t n)
{
	size_t elem = pixel_bytes(s->type);

	if (s->v1 && s->n_channels > 1)
		return complain(message, n, "--channels: Stream v1 carries one channel; use --protocol v2 for several");
	if (!s->v1 && s->codec == CODEC_LZ4_RAW)
		return complain(message, n, "--codec lz4-raw: only Stream v1 has it; use --protocol v1, or --codec lz4");
	if (s->codec == CODEC_BSLZ4 && s->block_bytes % (8 * elem))
		return complain(message, n, "--block: must be a multiple of 8 pixels (8, 16 or 32 bytes for u8, u16, u32) with --codec bslz4");
	if (s->codec == CODEC_NONE && frame_choice_any(&s->damage))
		return complain(message, n, "--damage: uncompressed pixels cannot be recognised as damaged; use another --codec, or --truncate");
	if (s->file[0] && s->capture[0])
		return complain(message, n, "--file and --capture: a series comes from one of them");
	return 0;
}

int settings_complete(struct settings *s, char *message, size_t n)
{
	int error;

	if (s->header_detail < 0)
		s->header_detail = s->file[0] ? 2 : 1; /* a file's mask is not in its pixels */
	if (s->v1 && s->codec == CODEC_LZ4_FRAMED)
		s->codec = CODEC_LZ4_RAW; /* the same word on the wire: v1 "lz4<" has no head */
	complete_beam(s);
	complete_crystal(s);
	error = s->file[0] || s->capture[0] ? 0 : check_crystal(s, message, n);
	return error ? error : check_stream(s, message, n);
}
