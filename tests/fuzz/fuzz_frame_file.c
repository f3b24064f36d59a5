/* fuzz_frame_file.c - hostile recorded files (libFuzzer): a file is refused in words, or its frames come out within bounds, one by one.
 *
 * libhdf5 itself does not survive arbitrary bytes, so the input is a script that builds a file with the library: layout, type, dimensions, chunk bytes,
 * links, and values, texts and attributes of every item that the reader looks up. Everything in the file that our code interprets is the fuzzer's. The
 * filters of our own decode the fuzzer's chunks too. With SLUICE_FUZZ_SEEDS in the environment a file of which no frame can be read ends the run. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <hdf5.h>

#include "host/frame_file.h"
#include "host/hdf5_filter.h"
#include "host/hdf5_get.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define DATA "/entry/data/data"

static char own_name[48], path[64]; /* of the file that is made and read */

struct script {
	const uint8_t *at;
	size_t left;
};

static uint8_t take(struct script *s)
{
	if (s->left == 0)
		return 0;
	s->left--;
	return *s->at++;
}

static uint64_t take_number(struct script *s)
{
	uint64_t v = 0;
	for (int i = 0; i < 8; i++)
		v |= (uint64_t)take(s) << 8 * i;
	return v;
}

static size_t take_text(struct script *s, char *out, size_t room)
{
	size_t n = take(s);
	if (n >= room)
		n = room - 1;
	for (size_t i = 0; i < n; i++)
		out[i] = (char)take(s);
	out[n] = 0;
	return strlen(out);
}

static void must(bool held, const char *what)
{
	if (held)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

/* --- the image data -------------------------------------------------------------------------------------------------------------------------------- */

enum layout { CHUNKED, BSLZ4, LZ4, BSLZ4_ODD, LZ4_ODD, CONTIGUOUS, LINKS, VIRTUAL, LAYOUTS };

static hid_t pixel_type(uint8_t which)
{
	const hid_t types[] = {H5T_STD_U8LE, H5T_STD_U16LE, H5T_STD_U32LE, H5T_STD_U16BE, H5T_STD_I32LE, H5T_IEEE_F32LE, H5T_STD_U64LE};
	return types[which % (sizeof types / sizeof *types)];
}

static int take_dims(struct script *s, hsize_t dims[5])
{
	int rank = take(s) % 6;
	for (int d = 0; d < rank; d++) {
		uint8_t n = take(s);
		dims[d] = n == 255 ? (hsize_t)1 << 40 : n == 254 ? 70000 : n;
	}
	return rank;
}

static hid_t make_layout(struct script *s, enum layout how, int rank, const hsize_t *dims)
{
	hsize_t chunk[5] = {1, 1, 1, 1, 1};
	hid_t layout = H5Pcreate(H5P_DATASET_CREATE);
	if (how == CONTIGUOUS || rank == 0)
		return layout;
	for (int d = 0; d < rank; d++) {
		chunk[d] = d >= rank - 2 && dims[d] ? dims[d] : 1;
		if (chunk[d] > 4096)
			chunk[d] = 4096;
	}
	if (how == BSLZ4_ODD || how == LZ4_ODD)
		for (int d = 0; d < rank; d++)
			chunk[d] = 1 + take(s) % 16;
	H5Pset_chunk(layout, rank, chunk);
	unsigned values[5];
	for (int i = 0; i < 5 && (how == BSLZ4 || how == BSLZ4_ODD); i++)
		values[i] = take(s);
	if (how == BSLZ4 || how == BSLZ4_ODD)
		H5Pset_filter(layout, HDF5_FILTER_BSLZ4, H5Z_FLAG_MANDATORY, 5, values);
	else if (how == LZ4 || how == LZ4_ODD)
		H5Pset_filter(layout, HDF5_FILTER_LZ4, H5Z_FLAG_MANDATORY, 0, NULL);
	return layout;
}

/* The dataset, and one chunk of the script's own bytes. */
static void make_data(struct script *s, hid_t file, const char *name, enum layout how)
{
	uint8_t bytes[512];
	hsize_t dims[5] = {0}, at[5] = {0};
	hid_t type = pixel_type(take(s));
	int rank = take_dims(s, dims);
	hid_t links = H5Pcreate(H5P_LINK_CREATE), layout = make_layout(s, how, rank, dims);
	H5Pset_create_intermediate_group(links, 1);
	hid_t space = rank ? H5Screate_simple(rank, dims, NULL) : H5Screate(H5S_SCALAR);
	hid_t dataset = H5Dcreate2(file, name, type, space, links, layout, H5P_DEFAULT);
	uint8_t mask = take(s);
	size_t n = take(s);
	n = (n | (size_t)take(s) << 8) % sizeof bytes;
	for (size_t i = 0; i < n; i++)
		bytes[i] = take(s);
	bool empty = rank == 0;
	for (int d = 0; d < rank; d++)
		empty = empty || dims[d] == 0 || dims[d] > 255; /* the library crashes over chunks written to nothing or to too much */
	if (dataset >= 0 && how != CONTIGUOUS && !empty && n)
		H5Dwrite_chunk(dataset, H5P_DEFAULT, mask & 1, at, n, bytes);
	if (dataset >= 0)
		H5Dclose(dataset);
	if (space >= 0)
		H5Sclose(space);
	H5Pclose(layout);
	H5Pclose(links);
}

static void make_links(struct script *s, hid_t file)
{
	static const char *const targets[] = {DATA, "/here", "/entry", "/entry/data/data_000001", "/entry/data/data_000002", "/nowhere"};
	char name[64], other[64];
	make_data(s, file, "/here", (enum layout)(take(s) % LINKS));
	hid_t group = H5Gcreate2(file, "/entry", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
	H5Gclose(group);
	group = H5Gcreate2(file, "/entry/data", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
	for (int k = take(s) % 4; k >= 0; k--) {
		const char *target = targets[take(s) % 6];
		snprintf(name, sizeof name, "data_%06u", take(s) % 8u);
		uint8_t kind = take(s) % 4;
		if (kind == 0)
			H5Lcreate_hard(file, "/here", group, name, H5P_DEFAULT, H5P_DEFAULT);
		else if (kind == 1)
			H5Lcreate_soft(target, group, name, H5P_DEFAULT, H5P_DEFAULT);
		else if (take_text(s, other, sizeof other))
			H5Lcreate_external(kind == 2 ? own_name : other, target, group, name, H5P_DEFAULT, H5P_DEFAULT);
	}
	H5Gclose(group);
}

/* One mapping with a selection of the script's own; the source may be the virtual dataset itself. */
static void map_one(struct script *s, hid_t layout, hid_t here, const hsize_t *dims)
{
	static const char *const sources[] = {"/here", DATA, "/nowhere"};
	hsize_t part[2][4][4], there_dims[4] = {take(s), take(s), take(s), take(s)};
	int there_rank = 2 + take(s) % 3;
	for (int k = 0; k < 2; k++)
		for (int d = 0; d < 4; d++) {
			part[k][0][d] = take(s) % 4;
			part[k][1][d] = 1 + take(s) % 3;
			part[k][2][d] = take(s) % 4;
			part[k][3][d] = 1;
		}
	for (int d = 1; d < 3; d++) { /* whole planes mostly, or nothing is ever read */
		part[0][0][d] = 0, part[0][1][d] = 1, part[0][2][d] = 1, part[0][3][d] = dims[d];
	}
	hid_t there = H5Screate_simple(there_rank, there_dims, NULL);
	if (take(s) % 4)
		H5Sselect_hyperslab(here, H5S_SELECT_SET, part[0][0], part[0][1], part[0][2], part[0][3]);
	if (take(s) % 2)
		H5Sselect_hyperslab(there, H5S_SELECT_SET, part[1][0], part[1][1], part[1][2], part[1][3]);
	H5Pset_virtual(layout, here, take(s) % 8 ? "." : "gone.h5", sources[take(s) % 3], there);
	H5Sclose(there);
}

static void make_virtual(struct script *s, hid_t file)
{
	hsize_t dims[3] = {take(s), take(s) % 32, take(s) % 32};
	hid_t type = pixel_type(take(s)), here = H5Screate_simple(3, dims, NULL), layout = H5Pcreate(H5P_DATASET_CREATE), links = H5Pcreate(H5P_LINK_CREATE);
	H5Pset_create_intermediate_group(links, 1);
	for (int k = take(s) % 3; k >= 0; k--)
		map_one(s, layout, here, dims);
	make_data(s, file, "/here", (enum layout)(take(s) % LINKS));
	H5Sselect_all(here);
	hid_t dataset = H5Dcreate2(file, DATA, type, here, links, layout, H5P_DEFAULT);
	if (dataset >= 0)
		H5Dclose(dataset);
	H5Pclose(links);
	H5Pclose(layout);
	H5Sclose(here);
}

/* --- everything else -------------------------------------------------------------------------------------------------------------------------------- */

#define E "/entry"
#define D "/entry/instrument/detector"

static const char *const items[] = {
	D "/beam_center_x", D "/distance", D "/x_pixel_size", D "/y_pixel_size", "/entry/instrument/beam/incident_wavelength", D "/saturation_value",
	D "/bit_depth_readout", D "/sensor_material", D "/description", D "/pixel_mask", D "/detectorSpecific/nimages", D "/detectorSpecific/ntrigger",
	D "/detectorSpecific/pixel_mask", D "/module/data_origin", D "/module/data_size", D "/module/fast_pixel_direction", D "/module/slow_pixel_direction",
	D "/module/module_offset", D "/transformations/translation", D "/transformations/two_theta", "/entry/sample/transformations/omega",
	"/entry/sample/transformations/omega_end", "/entry/data/image_id", "/entry/data/frame_number", "/entry/data/channel", D "/threshold_1_channel/pixel_mask",
	D "/threshold_1_channel/threshold_energy", "/entry/start_time", D "/detectorSpecific/omega_increment", "/entry", D, D "/module",
};
#define ITEMS (sizeof items / sizeof *items)

static void make_attribute(struct script *s, hid_t object)
{
	static const char *const names[] = {"units", "vector", "offset", "depends_on", "transformation_type", "offset_units", "NX_class", "assumed",
					    "image_nr_low"};
	static const char *const texts[] = {"mm", "m", "rad", "rotation", "translation", ".", D "/transformations/translation", "two_theta",
					    D "/module/module_offset", "NXdetector_module"};
	const char *name = names[take(s) % 9];
	char own[80];
	double numbers[3];
	uint8_t kind = take(s);
	hsize_t n = 1 + kind / 3 % 3;
	hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate_simple(1, &n, NULL), scalar = H5Screate(H5S_SCALAR), attribute = -1;
	if (kind % 3 == 0) {
		for (hsize_t i = 0; i < n; i++) {
			uint64_t bits = take_number(s);
			memcpy(&numbers[i], &bits, 8);
		}
		attribute = H5Acreate2(object, name, H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, H5P_DEFAULT);
		H5Awrite(attribute, H5T_NATIVE_DOUBLE, numbers);
	} else {
		const char *text = texts[take(s) % 10];
		if (kind % 3 == 2 && take_text(s, own, sizeof own))
			text = own;
		H5Tset_size(type, strlen(text) + 1);
		attribute = H5Acreate2(object, name, type, scalar, H5P_DEFAULT, H5P_DEFAULT);
		H5Awrite(attribute, type, text);
	}
	if (attribute >= 0)
		H5Aclose(attribute);
	H5Sclose(scalar);
	H5Sclose(space);
	H5Tclose(type);
}

static hid_t make_item(struct script *s, hid_t file, const char *name)
{
	char text[80];
	uint64_t values[4];
	uint8_t kind = take(s);
	hsize_t dims[3] = {take(s) % 4, take(s), take(s)};
	hid_t links = H5Pcreate(H5P_LINK_CREATE), type = H5Tcopy(H5T_C_S1), space = -1, dataset;
	H5Pset_create_intermediate_group(links, 1);
	if (kind % 5 == 0) {
		dataset = H5Gcreate2(file, name, links, H5P_DEFAULT, H5P_DEFAULT);
	} else if (kind % 5 == 1) {
		H5Tset_size(type, take_text(s, text, sizeof text) + 1);
		space = H5Screate(H5S_SCALAR);
		dataset = H5Dcreate2(file, name, type, space, links, H5P_DEFAULT, H5P_DEFAULT);
		H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, text);
	} else if (kind % 5 == 2) {
		space = H5Screate_simple(3, dims, NULL);
		dataset = H5Dcreate2(file, name, H5T_STD_I32LE, space, links, H5P_DEFAULT, H5P_DEFAULT);
	} else {
		for (hsize_t i = 0; i < 4; i++)
			values[i] = i < dims[0] ? take_number(s) : 0;
		space = dims[0] ? H5Screate_simple(1, dims, NULL) : H5Screate(H5S_NULL);
		hid_t number = kind % 5 == 3 ? H5T_NATIVE_DOUBLE : kind % 2 ? H5T_NATIVE_INT64 : H5T_NATIVE_UINT64;
		dataset = H5Dcreate2(file, name, number, space, links, H5P_DEFAULT, H5P_DEFAULT);
		H5Dwrite(dataset, number, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
	}
	if (space >= 0)
		H5Sclose(space);
	H5Tclose(type);
	H5Pclose(links);
	return dataset;
}

static void build(struct script *s)
{
	hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
	must(file >= 0, "the scratch file cannot be made");
	enum layout how = (enum layout)(take(s) % LAYOUTS);
	if (how == LINKS)
		make_links(s, file);
	else if (how == VIRTUAL)
		make_virtual(s, file);
	else
		make_data(s, file, DATA, how);
	for (int k = 0; k < 40 && s->left; k++) {
		const char *item = items[take(s) % ITEMS];
		hid_t object = H5Oexists_by_name(file, item, H5P_DEFAULT) > 0 ? H5Oopen(file, item, H5P_DEFAULT) : make_item(s, file, item);
		for (int a = take(s) % 4; a > 0 && object >= 0; a--)
			make_attribute(s, object);
		if (object >= 0)
			H5Oclose(object);
	}
	H5Fclose(file);
}

/* --- reading it -------------------------------------------------------------------------------------------------------------------------------------- */

static unsigned read_all(char *message, size_t message_bytes)
{
	static const struct stream_limits limits = {.max_pixels = 1u << 16, .max_channels = 4};
	struct frame_file *file;
	unsigned good = 0;
	int rc = frame_file_open(&file, path, &limits, message, message_bytes);
	must((rc == 0) == (file != NULL) && (rc == 0 || message[0]), "refused without a reason");
	if (rc)
		return 0;
	const struct frame_file_info *info = frame_file_info(file);
	uint8_t *buffer = malloc(info->max_payload_bytes);
	for (uint64_t i = 0; i < info->n_frames && i < 4; i++)
		for (uint32_t c = 0; c < info->n_channels; c++) {
			struct stream_channel channel;
			uint64_t id;
			rc = frame_file_read(file, i, c, buffer, info->max_payload_bytes, &channel, &id, message, message_bytes);
			must(rc == 0 || message[0], "a frame is refused without a reason");
			must(rc || channel.pixels.bytes.len <= info->max_payload_bytes, "a frame beyond its bound");
			must(rc || channel.pixels.codec != STREAM_CODEC_NONE ||
				     channel.pixels.bytes.len == (size_t)info->start.width * info->start.height * info->start.elem_bytes, "a frame of another size");
			good += rc == 0;
		}
	free(buffer);
	frame_file_close(&file);
	return good;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct script script = {data, size};
	char message[300] = "";
	snprintf(own_name, sizeof own_name, "sluice_fuzz_%ld.h5", (long)getpid());
	snprintf(path, sizeof path, "/dev/shm/%s", own_name);
	hdf5_get_quiet();
	must(hdf5_filter_register() == 0, "the filters cannot be registered");
	build(&script);
	unsigned good = read_all(message, sizeof message);
	unlink(path);
	must(good || !size || !getenv("SLUICE_FUZZ_SEEDS"), message);
	return 0;
}
