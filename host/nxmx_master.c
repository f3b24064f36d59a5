/* nxmx_master.c - everything a master says but the frames: geometry, beam, detector, mask, settings (NXmx). See nxmx_parts.h.
 *
 * Readers insist on some values (fact sheet E.3). One that is not known is assumed, marked by an attribute `assumed` that says so, and the
 * scalar that states the same fact (distance, beam centre, energy) is left out: a person can overrule it, our own reader ignores it. */
#include "host/nxmx_parts.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/hdf5_put.h"

#define E "/entry"
#define D E "/instrument/detector"
#define S D "/detectorSpecific"
#define USER_MASK_BIT (1u << 8) /* NXmx pixel_mask: masked by the user */

#define WAVELENGTH_ASSUMED 1.0  /* Angstrom */
#define DISTANCE_ASSUMED 1.0    /* m */
#define PIXEL_ASSUMED 75e-6     /* m */
#define THICKNESS_ASSUMED 450e-6 /* m */

/* A value where it is known, else the assumed one, marked. */
static void put_needed(struct hdf5_put *put, const char *path, double value, bool known, double assumed, const char *units)
{
	hdf5_put_double(put, path, known ? value : assumed, units);
	if (!known)
		hdf5_put_attr_text(put, path, "assumed", "not known; readers need a value");
}

static void put_known(struct hdf5_put *put, const char *path, double value, const char *units)
{
	if (isfinite(value))
		hdf5_put_double(put, path, value, units);
}

static void put_known_text(struct hdf5_put *put, const char *path, const char *text)
{
	if (text[0])
		hdf5_put_text(put, path, text);
}

static void put_flag(struct hdf5_put *put, const char *path, int flag)
{
	if (flag >= 0)
		hdf5_put_u64(put, path, (uint64_t)flag);
}

static void put_axis(struct hdf5_put *put, const char *path, const double vector[3], const double offset[3], const char *depends_on)
{
	hdf5_put_attr_text(put, path, "transformation_type", "translation");
	hdf5_put_attr_doubles(put, path, "vector", vector, 3);
	hdf5_put_attr_doubles(put, path, "offset", offset, 3);
	hdf5_put_attr_text(put, path, "offset_units", "m");
	hdf5_put_attr_text(put, path, "depends_on", depends_on);
}

/* --- placement ---------------------------------------------------------------------------------------------------------------------------- */

struct placement {
	double origin[3], fast[3], slow[3], pixel_x, pixel_y;
	bool known;
};

/* As the file said it, else perpendicular to the beam, in the detectors' default orientation: x to the left of who looks downstream, y down. */
static struct placement place(const struct stream_start *start)
{
	struct placement p = {.fast = {-1, 0, 0}, .slow = {0, -1, 0}};
	bool pixels = start->pixel_x_m > 0 && start->pixel_y_m > 0;
	p.pixel_x = pixels ? start->pixel_x_m : PIXEL_ASSUMED;
	p.pixel_y = pixels ? start->pixel_y_m : PIXEL_ASSUMED;
	if (start->has_axes) {
		memcpy(p.origin, start->origin_m, sizeof p.origin);
		memcpy(p.fast, start->fast, sizeof p.fast);
		memcpy(p.slow, start->slow, sizeof p.slow);
		p.known = pixels;
		return p;
	}
	bool beam = isfinite(start->beam_x_px) && isfinite(start->beam_y_px), distance = start->distance_m > 0;
	p.origin[0] = (beam ? start->beam_x_px : start->width / 2.0) * p.pixel_x;
	p.origin[1] = (beam ? start->beam_y_px : start->height / 2.0) * p.pixel_y;
	p.origin[2] = distance ? start->distance_m : DISTANCE_ASSUMED;
	p.known = pixels && beam && distance;
	return p;
}

static void put_placement(struct hdf5_put *put, const struct stream_start *start)
{
	static const char translation[] = D "/transformations/translation", offset[] = D "/module/module_offset";
	static const double z[3] = {0, 0, 1}, none[3] = {0};
	struct placement p = place(start);
	const double sideways[3] = {p.origin[0], p.origin[1], 0};
	const uint64_t origin[2] = {0, 0}, size[2] = {start->height, start->width};
	hdf5_put_group(put, D "/transformations", "NXtransformations");
	put_needed(put, translation, p.origin[2], p.known, p.origin[2], "m");
	put_axis(put, translation, z, none, ".");
	hdf5_put_text(put, D "/depends_on", translation);
	hdf5_put_group(put, D "/module", "NXdetector_module");
	hdf5_put_u64s(put, D "/module/data_origin", origin, 2);
	hdf5_put_u64s(put, D "/module/data_size", size, 2);
	put_needed(put, offset, 0, p.known, 0, "m");
	put_axis(put, offset, z, sideways, translation);
	put_needed(put, D "/module/fast_pixel_direction", p.pixel_x, start->pixel_x_m > 0, p.pixel_x, "m");
	put_axis(put, D "/module/fast_pixel_direction", p.fast, none, offset);
	put_needed(put, D "/module/slow_pixel_direction", p.pixel_y, start->pixel_y_m > 0, p.pixel_y, "m");
	put_axis(put, D "/module/slow_pixel_direction", p.slow, none, offset);
	put_needed(put, D "/x_pixel_size", p.pixel_x, start->pixel_x_m > 0, p.pixel_x, "m");
	put_needed(put, D "/y_pixel_size", p.pixel_y, start->pixel_y_m > 0, p.pixel_y, "m");
	put_known(put, D "/beam_center_x", start->beam_x_px, "pixel");
	put_known(put, D "/beam_center_y", start->beam_y_px, "pixel");
	put_known(put, D "/distance", start->distance_m, "m");
}

/* --- mask --------------------------------------------------------------------------------------------------------------------------------- */

/* The detector's own bits where they came uncompressed, and what the node masked besides. NULL where neither is known. */
static uint32_t *make_mask(const struct stream_start *start, uint32_t channel, const uint8_t *used)
{
	size_t n = (size_t)start->width * start->height;
	const struct stream_array *own = channel < start->n_channels ? &start->channel[channel].pixel_mask : NULL;
	bool has_own = own && own->codec == STREAM_CODEC_NONE && own->elem_bytes == 4 && !own->is_float && own->width == start->width &&
		       own->height == start->height && own->bytes.len == 4 * n;
	uint32_t *mask = has_own || used ? calloc(n, sizeof *mask) : NULL;
	if (mask && has_own)
		memcpy(mask, own->bytes.at, 4 * n);
	for (size_t i = 0; mask && used && i < n; i++)
		if (!used[i] && !mask[i])
			mask[i] = USER_MASK_BIT;
	return mask;
}

/* Contiguous: neggia reads no other. */
static void put_mask(struct hdf5_put *put, const struct nxmx_master_cfg *cfg)
{
	hsize_t dims[2] = {cfg->start->height, cfg->start->width};
	uint32_t *mask = make_mask(cfg->start, cfg->channel, cfg->mask);
	if (!mask)
		return;
	hid_t space = H5Screate_simple(2, dims, NULL);
	hid_t dataset = H5Dcreate2(put->file, S "/pixel_mask", H5T_STD_U32LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
	if (dataset < 0 || H5Dwrite(dataset, H5T_NATIVE_UINT32, H5S_ALL, H5S_ALL, H5P_DEFAULT, mask) < 0 ||
	    H5Lcreate_hard(put->file, S "/pixel_mask", put->file, D "/pixel_mask", H5P_DEFAULT, H5P_DEFAULT) < 0)
		put->failed = true;
	if (dataset >= 0)
		H5Dclose(dataset);
	H5Sclose(space);
	free(mask);
}

/* --- groups ------------------------------------------------------------------------------------------------------------------------------- */

void nxmx_put_process(struct hdf5_put *put, const char *version, const char *config)
{
	hdf5_put_group(put, E "/process", "NXprocess");
	hdf5_put_text(put, E "/process/program", "sluice");
	hdf5_put_text(put, E "/process/version", version ? version : "");
	hdf5_put_group(put, E "/process/configuration", "NXnote");
	hdf5_put_text(put, E "/process/configuration/type", "application/yaml");
	hdf5_put_text(put, E "/process/configuration/data", config ? config : "");
}

static void put_beam(struct hdf5_put *put, const struct stream_start *start)
{
	hdf5_put_group(put, E "/instrument/beam", "NXbeam");
	put_needed(put, E "/instrument/beam/incident_wavelength", start->wavelength_angstrom, start->wavelength_angstrom > 0, WAVELENGTH_ASSUMED,
		   "angstrom");
	put_known(put, E "/instrument/beam/incident_energy", start->energy_ev, "eV");
}

/* DIALS takes a file whose description holds "dectris eiger" for an old, incomplete kind and patches it to death. The original words are in
 * detectorSpecific. */
static void put_description(struct hdf5_put *put, const char *text)
{
	char turned[STREAM_TEXT_MAX + 16];
	if (strncasecmp(text, "dectris eiger", 13) == 0) {
		snprintf(turned, sizeof turned, "%s, Dectris", text + 8);
		text = turned;
	} else if (strcasestr(text, "dectris eiger")) {
		text = "EIGER";
	}
	put_known_text(put, D "/description", text);
}

static void put_sensor(struct hdf5_put *put, const struct stream_start *start)
{
	hdf5_put_text(put, D "/sensor_material", start->sensor_material[0] ? start->sensor_material : "Si");
	if (!start->sensor_material[0])
		hdf5_put_attr_text(put, D "/sensor_material", "assumed", "not known; readers need a value");
	put_needed(put, D "/sensor_thickness", start->sensor_thickness_m, start->sensor_thickness_m > 0, THICKNESS_ASSUMED, "m");
}

static void put_detector(struct hdf5_put *put, const struct nxmx_master_cfg *cfg)
{
	const struct stream_start *s = cfg->start;
	hdf5_put_group(put, D, "NXdetector");
	hdf5_put_text(put, D "/type", "HPC");
	put_description(put, s->detector_description);
	put_known_text(put, D "/detector_number", s->detector_serial);
	put_sensor(put, s);
	put_known(put, D "/count_time", s->count_time_s, "s");
	put_known(put, D "/frame_time", s->frame_time_s, "s");
	/* Readers map the highest values to "no data" by this number, which must therefore be the data's own depth, whatever was read out. */
	hdf5_put_u64(put, D "/bit_depth_readout", 8u * s->elem_bytes);
	hdf5_put_u64(put, D "/underload_value", 0);
	if (s->saturation_value != UINT64_MAX)
		hdf5_put_u64(put, D "/saturation_value", s->saturation_value);
	put_flag(put, D "/countrate_correction_applied", s->countrate_correction);
	put_flag(put, D "/flatfield_applied", s->flatfield_correction);
	put_flag(put, D "/pixel_mask_applied", s->mask_applied);
	put_flag(put, D "/virtual_pixel_interpolation_applied", s->virtual_interpolation);
	put_placement(put, s);
}

static void put_specific(struct hdf5_put *put, const struct nxmx_master_cfg *cfg)
{
	const struct stream_start *s = cfg->start;
	char path[256];
	hdf5_put_group(put, S, "NXcollection");
	hdf5_put_u64(put, S "/x_pixels_in_detector", s->width);
	hdf5_put_u64(put, S "/y_pixels_in_detector", s->height);
	hdf5_put_u64(put, S "/ntrigger", 1);
	hdf5_put_u64(put, S "/bit_depth_image", 8u * s->elem_bytes);
	if (s->bit_depth_readout)
		hdf5_put_u64(put, S "/bit_depth_readout", s->bit_depth_readout);
	hdf5_put_u64(put, S "/series_id", s->series_id);
	put_known_text(put, S "/series_unique_id", s->series_unique_id);
	put_known_text(put, S "/description", s->detector_description);
	put_known_text(put, S "/firmware", s->firmware);
	put_known_text(put, S "/trigger_mode", s->trigger_mode);
	put_known_text(put, S "/data_collection_date", s->arm_date);
	put_known(put, S "/photon_energy", s->energy_ev, "eV");
	for (uint32_t a = 0; a < s->n_axes; a++) {
		if (!isfinite(s->axis[a].start) || strchr(s->axis[a].name, '/') || !s->axis[a].name[0])
			continue;
		snprintf(path, sizeof path, S "/%s_start", s->axis[a].name);
		hdf5_put_double(put, path, s->axis[a].start, "deg");
		snprintf(path, sizeof path, S "/%s_increment", s->axis[a].name);
		hdf5_put_double(put, path, isfinite(s->axis[a].increment) ? s->axis[a].increment : 0, "deg");
	}
	put_mask(put, cfg);
}

/* The channel's name in the group's name, as in the detector's own NXmx files. */
static void put_channel(struct hdf5_put *put, const struct nxmx_master_cfg *cfg)
{
	char name[STREAM_NAME_MAX], path[256];
	if (cfg->channel >= cfg->start->n_channels)
		return;
	const struct stream_start_channel *channel = &cfg->start->channel[cfg->channel];
	nxmx_sanitise(name, sizeof name, channel->name);
	snprintf(path, sizeof path, D "/%s_channel", name);
	hdf5_put_group(put, path, "NXdetector_channel");
	snprintf(path, sizeof path, D "/%s_channel/threshold_energy", name);
	put_known(put, path, channel->threshold_energy_ev, "eV");
	put_known(put, D "/threshold_energy", channel->threshold_energy_ev, "eV");
}

int nxmx_master_template(const struct nxmx_master_cfg *cfg)
{
	char path[NXMX_PATH_MAX];
	int rc = nxmx_path(path, cfg->directory, cfg->stem, "_master.h5.part");
	if (rc)
		return rc;
	struct hdf5_put put = {H5Fcreate(path, H5F_ACC_EXCL, H5P_DEFAULT, H5P_DEFAULT), false};
	if (put.file < 0)
		return -EIO;
	hdf5_put_attr_text(&put, "/", "default", "entry");
	hdf5_put_group(&put, E, "NXentry");
	hdf5_put_attr_text(&put, E, "default", "data");
	hdf5_put_text(&put, E "/definition", "NXmx");
	put_known_text(&put, E "/start_time", cfg->start->arm_date);
	hdf5_put_group(&put, E "/data", "NXdata");
	hdf5_put_attr_text(&put, E "/data", "signal", "data");
	hdf5_put_group(&put, E "/instrument", "NXinstrument");
	put_beam(&put, cfg->start);
	put_detector(&put, cfg);
	put_specific(&put, cfg);
	put_channel(&put, cfg);
	hdf5_put_group(&put, E "/sample", "NXsample");
	nxmx_put_process(&put, cfg->version, cfg->config);
	if (H5Fclose(put.file) < 0)
		put.failed = true;
	if (!put.failed)
		return nxmx_sync_file(path);
	unlink(path);
	return -EIO;
}
