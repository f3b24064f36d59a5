/* recorded.c - reads the recorded frames and references with HDF5. See recorded.h. */
#include "tests/support/recorded.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static _Noreturn void die(const char *what, const char *name)
{
	fprintf(stderr, "recorded data: cannot %s %s\n", what, name);
	exit(1);
}

const char *recorded_folder(const char **reason)
{
	static char folder[4096], words[4200];
	const char *data = getenv("SLUICE_DATA"), *source = getenv("SLUICE_SOURCE");
	struct stat about;

	if (data)
		snprintf(folder, sizeof folder, "%s/frames", data);
	else
		snprintf(folder, sizeof folder, "%s/../shared/data/frames", source ? source : ".");
	if (stat(folder, &about) == 0 && S_ISDIR(about.st_mode))
		return folder;
	snprintf(words, sizeof words, "no recorded frames at %s (SLUICE_DATA names another place)", folder);
	*reason = words;
	return NULL;
}

void recorded_require(void)
{
	const char *reason;

	if (recorded_folder(&reason))
		return;
	printf("%s\n", reason);
	exit(77);
}

static hid_t open_file(const char *under, const char *name)
{
	char path[4400];
	const char *reason, *folder = recorded_folder(&reason);

	if (!folder)
		die("find", reason);
	snprintf(path, sizeof path, "%s/%s%s.h5", folder, under, name);
	hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
	if (file < 0)
		die("open", path);
	return file;
}

static bool double_attribute(hid_t at, const char *name, double *value)
{
	if (H5Aexists(at, name) <= 0)
		return false;
	hid_t attribute = H5Aopen(at, name, H5P_DEFAULT);
	if (attribute < 0 || H5Aread(attribute, H5T_NATIVE_DOUBLE, value) < 0)
		die("read attribute", name);
	H5Aclose(attribute);
	return true;
}

static void read_shape(struct recorded *r, const char *name)
{
	hsize_t size[3], chunk[3];
	hid_t space = H5Dget_space(r->dataset), type = H5Dget_type(r->dataset), list = H5Dget_create_plist(r->dataset);

	if (H5Sget_simple_extent_ndims(space) != 3 || H5Sget_simple_extent_dims(space, size, NULL) != 3 ||
	    H5Pget_chunk(list, 3, chunk) != 3 || chunk[0] != 1 || chunk[1] != size[1] || chunk[2] != size[2])
		die("find one chunk per frame in", name);
	r->n_frames = (uint32_t)size[0];
	r->shape.height = (uint32_t)size[1];
	r->shape.width = (uint32_t)size[2];
	size_t bytes = H5Tget_size(type);
	r->shape.type = bytes == 1 ? PIXEL_U8 : bytes == 2 ? PIXEL_U16 : PIXEL_U32;
	H5Pclose(list);
	H5Tclose(type);
	H5Sclose(space);
}

static void read_mask(struct recorded *r, const char *name)
{
	hid_t set = H5Dopen2(r->file, "/entry/instrument/detector/pixel_mask", H5P_DEFAULT);

	r->mask = malloc(image_pixels(&r->shape) * sizeof *r->mask);
	if (set < 0 || !r->mask || H5Dread(set, H5T_NATIVE_UINT32, H5S_ALL, H5S_ALL, H5P_DEFAULT, r->mask) < 0)
		die("read the mask of", name);
	H5Dclose(set);
}

/* The sensor as the file of frames states it: DIALS corrects the parallax with it. */
static void read_sensor(struct recorded *r)
{
	const char *path = "/entry/instrument/detector/sensor_material";
	hid_t set = H5Dopen2(r->file, path, H5P_DEFAULT), type = set < 0 ? -1 : H5Dget_type(set);
	char material[100] = "";
	double thickness_m;

	if (type < 0 || H5Tis_variable_str(type) || H5Tget_size(type) >= sizeof material ||
	    H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, material) < 0)
		die("read", path);
	H5Tclose(type);
	H5Dclose(set);
	path = "/entry/instrument/detector/sensor_thickness";
	set = H5Dopen2(r->file, path, H5P_DEFAULT);
	if (set < 0 || H5Dread(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, &thickness_m) < 0)
		die("read", path);
	H5Dclose(set);
	if (geometry_set_sensor(&r->geometry, material, thickness_m * 1e3))
		die("use the sensor material", material);
}

static void read_geometry(struct recorded *r)
{
	double x, y, distance_m, pixel_m, wavelength;

	if (!double_attribute(r->reference, "beam_center_x", &x) || !double_attribute(r->reference, "beam_center_y", &y) ||
	    !double_attribute(r->reference, "distance_m", &distance_m) || !double_attribute(r->reference, "pixel_m", &pixel_m) ||
	    !double_attribute(r->reference, "wavelength_A", &wavelength))
		return;
	if (geometry_flat(&r->geometry, distance_m * 1e3, x, y, pixel_m * 1e3, pixel_m * 1e3, wavelength))
		die("use", "the reference's geometry");
	read_sensor(r);
}

struct recorded *recorded_open(const char *name)
{
	struct recorded *r = calloc(1, sizeof *r);

	if (!r)
		die("allocate for", name);
	r->file = open_file("", name);
	r->reference = open_file("reference/", name);
	r->dataset = H5Dopen2(r->file, "/entry/data/data", H5P_DEFAULT);
	if (r->dataset < 0)
		die("open /entry/data/data of", name);
	read_shape(r, name);
	read_mask(r, name);
	read_geometry(r);
	return r;
}

void recorded_close(struct recorded **recorded)
{
	struct recorded *r = recorded ? *recorded : NULL;

	if (!r)
		return;
	H5Dclose(r->dataset);
	H5Fclose(r->reference);
	H5Fclose(r->file);
	free(r->mask);
	free(r);
	*recorded = NULL;
}

uint8_t *recorded_payload(const struct recorded *recorded, uint32_t frame, struct payload *payload)
{
	hsize_t at[3] = { frame, 0, 0 }, bytes = 0;
	uint32_t filters = 0;

	if (H5Dget_chunk_storage_size(recorded->dataset, at, &bytes) < 0 || bytes == 0)
		die("find", "a frame's chunk");
	uint8_t *memory = malloc(bytes);
	if (!memory || H5Dread_chunk(recorded->dataset, H5P_DEFAULT, at, &filters, memory) < 0 || filters != 0)
		die("read", "a frame's chunk");
	*payload = (struct payload){ .bytes = memory,
				     .len_bytes = bytes,
				     .codec = CODEC_BSLZ4,
				     .shuffle_bytes = (uint8_t)pixel_bytes(recorded->shape.type) };
	return memory;
}

void recorded_settings(const struct recorded *recorded, struct plan_settings *settings)
{
	plan_defaults(settings);
	settings->shape = recorded->shape;
	settings->geometry = recorded->geometry;
	settings->detector_mask = recorded->mask;
	settings->max_minus_1_invalid = true;
	settings->masked_is_background = true;
}

double *recorded_reference(const struct recorded *recorded, uint32_t frame, const char *name, size_t *rows, size_t *columns)
{
	char path[100];
	hsize_t size[2] = { 0, 1 };

	snprintf(path, sizeof path, "frame_%03u", frame);
	if (H5Lexists(recorded->reference, path, H5P_DEFAULT) <= 0)
		die("find the reference group", path);
	snprintf(path, sizeof path, "frame_%03u/%s", frame, name);
	if (H5Lexists(recorded->reference, path, H5P_DEFAULT) <= 0)
		return NULL;
	hid_t set = H5Dopen2(recorded->reference, path, H5P_DEFAULT), space = H5Dget_space(set);
	if (set < 0 || H5Sget_simple_extent_ndims(space) > 2 || H5Sget_simple_extent_dims(space, size, NULL) < 1)
		die("read the reference", path);
	double *values = malloc((size[0] * size[1] + 1) * sizeof *values);
	if (!values || H5Dread(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0)
		die("read the reference", path);
	H5Sclose(space);
	H5Dclose(set);
	*rows = size[0];
	*columns = size[1];
	return values;
}

bool recorded_attribute(const struct recorded *recorded, uint32_t frame, const char *name, double *value)
{
	char path[100];

	snprintf(path, sizeof path, "frame_%03u", frame);
	hid_t group = H5Gopen2(recorded->reference, path, H5P_DEFAULT);
	if (group < 0)
		die("find the reference group", path);
	bool found = double_attribute(group, name, value);
	H5Gclose(group);
	return found;
}

char *recorded_text(const char *path_under_frames)
{
	char path[4400];
	const char *reason, *folder = recorded_folder(&reason);

	snprintf(path, sizeof path, "%s/%s", folder ? folder : "", path_under_frames);
	FILE *file = folder ? fopen(path, "rb") : NULL;
	char *text = calloc(1, 1 << 20);
	if (!file || !text || fread(text, 1, (1 << 20) - 1, file) == 0)
		die("read", path);
	fclose(file);
	return text;
}
