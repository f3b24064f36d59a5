/* series.c - announced values, overrides and geometry (series.h). */
#include "pipeline/series.h"

#include <math.h>
#include <string.h>

#include "host/log.h"
#include "pipeline/slot.h"

#define DISTANCE_MAX_M 20.0 /* longer than any beamline puts its detector: millimetres were typed where metres were meant */
#define HC_EV_ANGSTROM 12398.419843320026

static void apply_overrides(struct stream_start *s, const struct config *config)
{
	if (isfinite(config->geometry.distance_mm)) {
		s->distance_m = config->geometry.distance_mm / 1000;
		s->has_axes = false;
	}
	if (isfinite(config->geometry.beam_x_px) && isfinite(config->geometry.beam_y_px)) {
		s->beam_x_px = config->geometry.beam_x_px;
		s->beam_y_px = config->geometry.beam_y_px;
		s->has_axes = false;
	}
	if (isfinite(config->geometry.pixel_x_um))
		s->pixel_x_m = config->geometry.pixel_x_um / 1e6;
	if (isfinite(config->geometry.pixel_y_um))
		s->pixel_y_m = config->geometry.pixel_y_um / 1e6;
	if (isfinite(config->geometry.wavelength_angstrom)) {
		s->wavelength_angstrom = config->geometry.wavelength_angstrom;
		s->energy_ev = HC_EV_ANGSTROM / s->wavelength_angstrom;
	}
}

/* What only the frames show, or show better than the start message. */
static void complete(struct stream_start *s, const struct run *run)
{
	uint32_t n_channels = atomic_load_explicit(&run->n_channels, memory_order_acquire);

	if (n_channels && run->channel[0].elem_bytes) {
		s->width = run->channel[0].width;
		s->height = run->channel[0].height;
		s->elem_bytes = run->channel[0].elem_bytes;
	}
	for (uint32_t c = 0; c < n_channels; c++) {
		uint32_t known = 0;

		while (known < s->n_channels && strcmp(s->channel[known].name, run->channel[c].name))
			known++;
		if (known < s->n_channels || s->n_channels == STREAM_CHANNELS_MAX)
			continue;
		s->channel[s->n_channels] = (struct stream_start_channel){.threshold_energy_ev = NAN};
		memcpy(s->channel[s->n_channels++].name, run->channel[c].name, STREAM_NAME_MAX);
	}
}

void series_announced(struct stream_start *out, const struct config *config, const struct run *run)
{
	if (run->start) {
		*out = run->start->decoded.start;
	} else {
		stream_start_clear(out);
		out->dialect = run->dialect;
		out->series_id = run->identity.series_id;
		memcpy(out->series_unique_id, run->identity.series_unique_id, sizeof(out->series_unique_id));
	}
	if (!isfinite(out->wavelength_angstrom) && isfinite(out->energy_ev) && out->energy_ev > 0)
		out->wavelength_angstrom = HC_EV_ANGSTROM / out->energy_ev;
	if (isfinite(out->distance_m) && out->distance_m > DISTANCE_MAX_M && !isfinite(config->geometry.distance_mm)) {
		log_line(LOG_WARNING, "the announced detector distance of %g m is taken as %g mm (geometry.distance_mm overrides it)",
			 out->distance_m, out->distance_m);
		out->distance_m /= 1000;
	}
	apply_overrides(out, config);
}

void series_effective(struct stream_start *out, const struct config *config, const struct run *run)
{
	series_announced(out, config, run);
	complete(out, run);
}

/* Where the detector stands; out is zero before. */
static void place(struct geometry *out, const struct stream_start *s, const char *poni, const char **why)
{
	char message[160];

	if (poni) {
		if (geometry_from_poni(out, poni, s->pixel_x_m * 1000, s->pixel_y_m * 1000, s->wavelength_angstrom, message, sizeof(message)) < 0)
			*why = "the .poni file lacks something that the stream does not announce either";
		return;
	}
	if (!(s->wavelength_angstrom > 0))
		*why = "no wavelength is known (geometry.wavelength_angstrom)";
	else if (!(s->pixel_x_m > 0) || !(s->pixel_y_m > 0))
		*why = "no pixel size is known (geometry.pixel_um)";
	else if (s->has_axes) {
		for (int i = 0; i < 3; i++) {
			out->origin_mm[i] = s->origin_m[i] * 1000;
			out->fast[i] = s->fast[i];
			out->slow[i] = s->slow[i];
		}
		out->pixel_x_mm = s->pixel_x_m * 1000;
		out->pixel_y_mm = s->pixel_y_m * 1000;
		out->wavelength_angstrom = s->wavelength_angstrom;
		out->known = true;
	} else if (!(s->distance_m > 0))
		*why = "no detector distance is known (geometry.distance_mm)";
	else if (!isfinite(s->beam_x_px) || !isfinite(s->beam_y_px))
		*why = "no beam centre is known (geometry.beam_px)";
	else if (geometry_flat(out, s->distance_m * 1000, s->beam_x_px, s->beam_y_px, s->pixel_x_m * 1000, s->pixel_y_m * 1000,
			       s->wavelength_angstrom) < 0)
		*why = "the announced geometry makes no sense";
}

void series_geometry(struct geometry *out, const struct stream_start *s, const char *poni, const char **why)
{
	*out = (struct geometry){0};
	*why = "";
	place(out, s, poni, why);
	/* Without a known sensor spots are not corrected for parallax; nothing else changes. */
	if (out->known && s->sensor_thickness_m > 0)
		geometry_set_sensor(out, s->sensor_material, s->sensor_thickness_m * 1000);
}
