/* frame_file_meta.c - what an NXmx file or an EIGER-style master says of its detector. See frame_file_meta.h.
 *
 * One table per kind of value says where files keep it, the best place first. %e, %i, %d stand for the entry, the instrument, the detector. */
#include "host/frame_file_meta.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/hdf5_filter.h"
#include "host/hdf5_get.h"

#define PLACES 5
#define HC_EV_ANGSTROM 12398.419843320026

struct number_row {
	size_t member;        /* double in stream_start */
	double default_scale; /* of a value without units, to SI */
	double divide;        /* from SI to the member's unit */
	const char *place[PLACES];
};

#define MEMBER(name) offsetof(struct stream_start, name)

static const struct number_row numbers[] = {
	{MEMBER(beam_x_px), 1, 1, {"%d/beam_center_x"}},
	{MEMBER(beam_y_px), 1, 1, {"%d/beam_center_y"}},
	{MEMBER(distance_m), 1, 1, {"%d/distance", "%d/detector_distance"}},
	{MEMBER(pixel_x_m), 1, 1, {"%d/x_pixel_size", "%d/detectorSpecific/x_pixel_size"}},
	{MEMBER(pixel_y_m), 1, 1, {"%d/y_pixel_size", "%d/detectorSpecific/y_pixel_size"}},
	{MEMBER(wavelength_angstrom), 1e-10, 1e-10, {"%i/beam/incident_wavelength", "%e/sample/beam/incident_wavelength", "%i/beam/wavelength",
						     "%i/monochromator/wavelength"}},
	{MEMBER(energy_ev), 1, 1, {"%i/beam/incident_energy", "%d/detectorSpecific/photon_energy", "%d/photon_energy", "%i/monochromator/energy"}},
	{MEMBER(count_time_s), 1, 1, {"%d/count_time"}},
	{MEMBER(frame_time_s), 1, 1, {"%d/frame_time"}},
	{MEMBER(sensor_thickness_m), 1, 1, {"%d/sensor_thickness"}},
};

struct count_row {
	size_t member;
	enum { COUNT_U64, COUNT_U32, COUNT_FLAG } kind;
	const char *place[PLACES];
};

static const struct count_row counts[] = {
	{MEMBER(saturation_value), COUNT_U64, {"%d/saturation_value", "%d/detectorSpecific/saturation_value",
					       "%d/detectorSpecific/countrate_correction_count_cutoff"}},
	{MEMBER(series_id), COUNT_U64, {"%d/detectorSpecific/series_id", "%d/detectorSpecific/series"}},
	{MEMBER(bit_depth_readout), COUNT_U32, {"%d/bit_depth_readout", "%d/detectorSpecific/bit_depth_readout"}},
	{MEMBER(bit_depth_image), COUNT_U32, {"%d/bit_depth_image", "%d/detectorSpecific/bit_depth_image"}},
	{MEMBER(countrate_correction), COUNT_FLAG, {"%d/countrate_correction_applied", "%d/detectorSpecific/countrate_correction_applied"}},
	{MEMBER(flatfield_correction), COUNT_FLAG, {"%d/flatfield_applied", "%d/flatfield_correction_applied",
						    "%d/detectorSpecific/flatfield_correction_applied"}},
	{MEMBER(mask_applied), COUNT_FLAG, {"%d/pixel_mask_applied", "%d/detectorSpecific/pixel_mask_applied"}},
	{MEMBER(virtual_interpolation), COUNT_FLAG, {"%d/virtual_pixel_interpolation_applied", "%d/virtual_pixel_correction_applied",
						     "%d/detectorSpecific/virtual_pixel_correction_applied"}},
};

struct text_row {
	size_t member, bytes;
	const char *place[PLACES];
};

#define TEXT(name) MEMBER(name), sizeof((struct stream_start *)0)->name

static const struct text_row texts[] = {
	{TEXT(sensor_material), {"%d/sensor_material"}},
	{TEXT(detector_description), {"%d/detectorSpecific/description", "%d/description"}},
	{TEXT(detector_serial), {"%d/detector_number", "%d/serial_number", "%d/local_name"}},
	{TEXT(firmware), {"%d/detectorSpecific/eiger_fw_version", "%d/detectorSpecific/firmware"}},
	{TEXT(trigger_mode), {"%d/trigger_mode", "%d/detectorSpecific/trigger_mode"}},
	{TEXT(arm_date), {"%d/detectorSpecific/data_collection_date", "%e/start_time"}},
	{TEXT(series_unique_id), {"%d/detectorSpecific/series_unique_id"}},
};

static bool expand(const struct frame_file_groups *groups, const char *place, char *out, size_t out_bytes)
{
	const char *base = place[1] == 'e' ? groups->entry : place[1] == 'i' ? groups->instrument : groups->detector;
	return base[0] && (size_t)snprintf(out, out_bytes, "%s%s", base, place + 2) < out_bytes;
}

static void read_numbers(hid_t file, const struct frame_file_groups *groups, struct stream_start *start)
{
	char path[512];
	for (size_t r = 0; r < sizeof numbers / sizeof *numbers; r++) {
		double *member = (double *)((char *)start + numbers[r].member), value;
		for (int p = 0; p < PLACES && numbers[r].place[p] && isnan(*member); p++)
			if (expand(groups, numbers[r].place[p], path, sizeof path) &&
			    hdf5_get_quantity(file, path, numbers[r].default_scale, &value) == 0)
				*member = value / numbers[r].divide;
	}
}

static void read_counts(hid_t file, const struct frame_file_groups *groups, struct stream_start *start)
{
	char path[512];
	for (size_t r = 0; r < sizeof counts / sizeof *counts; r++) {
		char *member = (char *)start + counts[r].member;
		uint64_t value;
		int p = 0;
		while (p < PLACES && counts[r].place[p] &&
		       !(expand(groups, counts[r].place[p], path, sizeof path) && hdf5_get_u64(file, path, &value) == 0))
			p++;
		if (p == PLACES || !counts[r].place[p])
			continue;
		if (counts[r].kind == COUNT_U64)
			*(uint64_t *)(void *)member = value;
		else if (counts[r].kind == COUNT_U32 && value <= UINT32_MAX)
			*(uint32_t *)(void *)member = (uint32_t)value;
		else if (counts[r].kind == COUNT_FLAG)
			*(int *)(void *)member = value != 0;
	}
}

static void read_texts(hid_t file, const struct frame_file_groups *groups, struct stream_start *start)
{
	char path[512];
	for (size_t r = 0; r < sizeof texts / sizeof *texts; r++) {
		char *member = (char *)start + texts[r].member;
		for (int p = 0; p < PLACES && texts[r].place[p] && !member[0]; p++)
			if (expand(groups, texts[r].place[p], path, sizeof path))
				hdf5_get_text(file, path, member, texts[r].bytes);
	}
}

/* --- goniometer ------------------------------------------------------------------------------------------------------------------ */

static bool read_axis(hid_t file, const char *base, const char *name, double *first, double *increment)
{
	char path[512];
	double second;
	uint64_t length = 0;
	*increment = 0;
	snprintf(path, sizeof path, "%.400s/%s", base, name);
	if (hdf5_get_quantity(file, path, 1, first) || hdf5_get_length(file, path, &length))
		return false;
	hid_t axis = hdf5_get_dataset(file, path);
	char units[32] = "";
	double scale = hdf5_get_attr_text(axis, "units", units, sizeof units) ? 1 : hdf5_get_scale(units);
	H5Dclose(axis);
	if (length > 1 && hdf5_get_number_at(file, path, 1, &second) == 0) {
		*increment = second * scale - *first;
		return true;
	}
	static const char *const widths[] = {"%.400s/%s_increment_set", "%.400s/%s_range_average"};
	for (size_t i = 0; i < 2 && *increment == 0; i++) {
		snprintf(path, sizeof path, i ? widths[1] : widths[0], base, name);
		if (hdf5_get_quantity(file, path, 1, increment))
			*increment = 0;
	}
	snprintf(path, sizeof path, "%.400s/%s_end", base, name);
	if (*increment == 0 && hdf5_get_quantity(file, path, 1, &second) == 0)
		*increment = second - *first;
	return true;
}

static void read_axes(hid_t file, const struct frame_file_groups *groups, struct stream_start *start)
{
	static const char *const names[] = {"omega", "chi", "phi", "kappa", "two_theta"};
	char base[4][300], path[512];
	snprintf(base[0], sizeof base[0], "%s/sample/transformations", groups->entry);
	snprintf(base[1], sizeof base[1], "%s/sample/goniometer", groups->entry);
	snprintf(base[2], sizeof base[2], "%s/goniometer", groups->detector);
	snprintf(base[3], sizeof base[3], "%s/transformations", groups->detector);
	for (size_t n = 0; n < sizeof names / sizeof *names && start->n_axes < STREAM_AXES_MAX; n++) {
		struct stream_axis *axis = &start->axis[start->n_axes];
		for (size_t b = 0; b < 4; b++) {
			if (!read_axis(file, base[b], names[n], &axis->start, &axis->increment))
				continue;
			snprintf(axis->name, sizeof axis->name, "%s", names[n]);
			start->n_axes++;
			break;
		}
	}
	/* The file writer's own keys state the increment more exactly than the difference of two angles. */
	for (uint32_t a = 0; a < start->n_axes; a++) {
		double value;
		snprintf(path, sizeof path, "%s/detectorSpecific/%s_increment", groups->detector, start->axis[a].name);
		if (hdf5_get_quantity(file, path, 1, &value) == 0)
			start->axis[a].increment = value;
	}
}

/* --- channels and masks ---------------------------------------------------------------------------------------------------------- */

struct one_channel {
	unsigned n;
	char name[STREAM_NAME_MAX];
};

static herr_t find_channel(hid_t group, const char *name, const H5L_info_t *info, void *user)
{
	struct one_channel *one = user;
	size_t len = strlen(name);
	if (len > 8 && !strcmp(name + len - 8, "_channel") && len - 8 < sizeof one->name) {
		one->n++;
		snprintf(one->name, sizeof one->name, "%.*s", (int)(len - 8), name);
	}
	return 0;
}

static void read_channels(hid_t file, const struct frame_file_groups *groups, struct stream_start *start)
{
	char path[512];
	struct one_channel one = {0};
	hsize_t at = 0;
	uint64_t length = 0;
	snprintf(path, sizeof path, "%s/data/channel", groups->entry);
	bool listed = hdf5_get_length(file, path, &length) == 0 && length == start->n_channels;
	hid_t detector = groups->detector[0] ? H5Gopen2(file, groups->detector, H5P_DEFAULT) : -1;
	if (detector >= 0) {
		H5Literate(detector, H5_INDEX_NAME, H5_ITER_INC, &at, find_channel, &one);
		H5Gclose(detector);
	}
	for (uint32_t c = 0; c < start->n_channels; c++) {
		struct stream_start_channel *channel = &start->channel[c];
		channel->threshold_energy_ev = NAN;
		snprintf(path, sizeof path, "%s/data/channel", groups->entry);
		if (!listed || hdf5_get_text_at(file, path, c, channel->name, sizeof channel->name) || !channel->name[0]) {
			if (start->n_channels > 1)
				snprintf(channel->name, sizeof channel->name, "channel_%u", c + 1);
			else
				snprintf(channel->name, sizeof channel->name, "%s", one.n == 1 ? one.name : "default");
		}
		snprintf(path, sizeof path, "%s/%s_channel/threshold_energy", groups->detector, channel->name);
		if (hdf5_get_length(file, path, &length) == 0 && length == 1)
			hdf5_get_quantity(file, path, 1, &channel->threshold_energy_ev);
		snprintf(path, sizeof path, "%s/threshold_energy", groups->detector);
		if (isnan(channel->threshold_energy_ev) && start->n_channels == 1)
			hdf5_get_quantity(file, path, 1, &channel->threshold_energy_ev);
	}
}

/* Reads plane c of a mask (one plane: of all channels). 0, -ENOENT, or -EBADMSG with words. */
static int read_mask(hid_t file, const char *path, struct stream_start *start, uint32_t c, uint32_t **out, const struct frame_file_words *words)
{
	hsize_t dims[H5S_MAX_RANK] = {0}, from[3] = {0}, count[3] = {1, start->height, start->width};
	hid_t dataset = hdf5_get_dataset(file, path);
	if (dataset < 0)
		return -ENOENT;
	hid_t type = H5Dget_type(dataset), space = H5Dget_space(dataset), memory = -1;
	int rank = space < 0 ? -1 : H5Sget_simple_extent_dims(space, dims, NULL), rc = -EBADMSG;
	bool integer = type >= 0 && H5Tget_class(type) == H5T_INTEGER;
	bool fits = integer && ((rank == 2 && dims[0] == start->height && dims[1] == start->width) ||
				(rank == 3 && (dims[0] == 1 || dims[0] == start->n_channels) && dims[1] == start->height && dims[2] == start->width));
	if (!fits) {
		frame_file_say(words, "%s is no mask of %u x %u integers, as the frames are", path, start->width, start->height);
		goto done;
	}
	from[0] = dims[0] == start->n_channels ? c : 0;
	*out = malloc((size_t)start->width * start->height * sizeof **out);
	rc = *out ? -EBADMSG : -ENOMEM;
	memory = H5Screate_simple(rank, count + 3 - rank, NULL);
	if (rank == 3)
		H5Sselect_hyperslab(space, H5S_SELECT_SET, from, NULL, count, NULL);
	/* A signed mask is read signed: conversion would turn a negative, that is set, value into 0. */
	hid_t as = H5Tget_sign(type) == H5T_SGN_NONE ? H5T_NATIVE_UINT32 : H5T_NATIVE_INT32;
	if (*out && memory >= 0 && hdf5_filter_begin(dataset, from, count + 3 - rank) == 0 && H5Dread(dataset, as, memory, space, H5P_DEFAULT, *out) >= 0)
		rc = 0;
	else
		frame_file_say(words, "%s cannot be read", path);
done:
	hdf5_filter_end();
	if (rc) {
		free(*out);
		*out = NULL;
	}
	if (memory >= 0)
		H5Sclose(memory);
	if (space >= 0)
		H5Sclose(space);
	if (type >= 0)
		H5Tclose(type);
	H5Dclose(dataset);
	return rc;
}

static int read_masks(hid_t file, const struct frame_file_groups *groups, struct stream_start *start, uint32_t *masks[STREAM_CHANNELS_MAX],
		      const struct frame_file_words *words)
{
	char path[3][512];
	for (uint32_t c = 0; c < start->n_channels; c++) {
		struct stream_array *mask = &start->channel[c].pixel_mask;
		int rc = -ENOENT;
		snprintf(path[0], sizeof path[0], "%s/%s_channel/pixel_mask", groups->detector, start->channel[c].name);
		snprintf(path[1], sizeof path[1], "%s/pixel_mask", groups->detector);
		snprintf(path[2], sizeof path[2], "%s/detectorSpecific/pixel_mask", groups->detector);
		for (int p = 0; p < 3 && rc == -ENOENT && groups->detector[0]; p++)
			rc = read_mask(file, path[p], start, c, &masks[c], words);
		if (rc == -ENOENT)
			continue;
		if (rc)
			return rc;
		mask->bytes.at = (const uint8_t *)masks[c];
		mask->bytes.len = (size_t)start->width * start->height * sizeof(uint32_t);
		mask->width = start->width;
		mask->height = start->height;
		mask->elem_bytes = 4;
		mask->codec = STREAM_CODEC_NONE;
	}
	return 0;
}

int frame_file_meta_read(hid_t file, const struct frame_file_groups *groups, struct stream_start *start, uint32_t *masks[STREAM_CHANNELS_MAX],
			 const struct frame_file_words *words)
{
	read_numbers(file, groups, start);
	read_counts(file, groups, start);
	read_texts(file, groups, start);
	if (!(start->wavelength_angstrom > 0) && start->energy_ev > 0)
		start->wavelength_angstrom = HC_EV_ANGSTROM / start->energy_ev;
	if (!(start->energy_ev > 0) && start->wavelength_angstrom > 0)
		start->energy_ev = HC_EV_ANGSTROM / start->wavelength_angstrom;
	if (groups->entry[0])
		read_axes(file, groups, start);
	frame_file_axes_read(file, groups, start);
	read_channels(file, groups, start);
	return read_masks(file, groups, start, masks, words);
}
