/* hdf5_get.c - single values out of an HDF5 file that is not trusted. See hdf5_get.h. */
#include "host/hdf5_get.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "host/hdf5_filter.h"

#define TEXT_BYTES_MAX 65536 /* of one fixed-length string: longer ones are no names */

/* Where a disk failed for good, a file cannot be closed, and HDF5's own tidying at exit crashes over what is left of it. Whatever can be closed is
 * closed by its owner, so nothing is left to tidy. */
static void no_tidying_at_exit(void)
{
	H5dont_atexit();
}

void hdf5_get_quiet(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, no_tidying_at_exit);
	H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
}

int hdf5_get_file(hid_t *out, const char *path)
{
	struct stat s;
	*out = -1;
	if (stat(path, &s))
		return -errno;
	if (!S_ISREG(s.st_mode))
		return -EINVAL;
	hid_t access = H5Pcreate(H5P_FILE_ACCESS);
	if (access < 0)
		return -ENOMEM;
	/* Without the lock: a detector's file writer may still hold it, and reading needs none. */
	H5Pset_file_locking(access, 0, 1);
	*out = H5Fopen(path, H5F_ACC_RDONLY, access);
	if (*out < 0)
		*out = H5Fopen(path, H5F_ACC_RDONLY | H5F_ACC_SWMR_READ, access);
	/* HDF5 opens the sources of a virtual dataset by itself, with the lock, and refuses a second opening that differs. */
	if (*out < 0)
		*out = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
	H5Pclose(access);
	return *out < 0 ? -EBADMSG : 0;
}

bool hdf5_get_exists(hid_t at, const char *path)
{
	char part[512];
	size_t len = strlen(path);
	if (len >= sizeof part)
		return false;
	/* H5Lexists fails on a missing parent, so it is asked for every parent in turn. */
	for (size_t i = 1; i <= len; i++) {
		if (path[i] != '/' && path[i] != 0)
			continue;
		memcpy(part, path, i);
		part[i] = 0;
		if (strcmp(part, ".") != 0 && H5Lexists(at, part, H5P_DEFAULT) <= 0)
			return false;
	}
	return H5Oexists_by_name(at, path, H5P_DEFAULT) > 0;
}

hid_t hdf5_get_dataset(hid_t at, const char *path)
{
	/* What our own writer could not know stands in its files marked as assumed, for readers that insist on a value. */
	if (!hdf5_get_exists(at, path) || H5Aexists_by_name(at, path, "assumed", H5P_DEFAULT) > 0)
		return -1;
	hid_t object = H5Oopen(at, path, H5P_DEFAULT);
	if (object >= 0 && H5Iget_type(object) != H5I_DATASET) {
		H5Oclose(object);
		return -1;
	}
	return object;
}

/* Memory space of one element, and the file space with element i of a scalar or one-dimensional dataset chosen. */
static int select_one(hid_t dataset, uint64_t i, hid_t *memory, hid_t *file)
{
	hsize_t one = 1, at[H5S_MAX_RANK] = {0}, count[H5S_MAX_RANK] = {0}, dims[H5S_MAX_RANK];
	*memory = H5S_ALL;
	*file = H5Dget_space(dataset);
	int rank = *file < 0 ? -1 : H5Sget_simple_extent_ndims(*file);
	if (rank < 0 || H5Sget_simple_extent_type(*file) == H5S_NULL)
		return -EBADMSG;
	if (rank == 0)
		return i == 0 ? 0 : -ERANGE;
	H5Sget_simple_extent_dims(*file, dims, NULL);
	for (int d = 0; d < rank; d++) {
		count[d] = 1;
		if (dims[d] == 0)
			return -ERANGE;
	}
	if (i >= dims[0])
		return -ERANGE;
	at[0] = i;
	*memory = H5Screate_simple(1, &one, NULL);
	if (hdf5_filter_begin(dataset, at, count))
		return -EBADMSG;
	return H5Sselect_hyperslab(*file, H5S_SELECT_SET, at, NULL, count, NULL) < 0 ? -EBADMSG : 0;
}

static void close_spaces(hid_t memory, hid_t file)
{
	if (memory > 0 && memory != H5S_ALL)
		H5Sclose(memory);
	if (file >= 0)
		H5Sclose(file);
}

static H5T_class_t class_of(hid_t dataset)
{
	hid_t type = H5Dget_type(dataset);
	H5T_class_t c = type < 0 ? H5T_NO_CLASS : H5Tget_class(type);
	if (type >= 0)
		H5Tclose(type);
	return c;
}

static int read_one(hid_t dataset, uint64_t i, hid_t type, void *value)
{
	hid_t memory, file;
	int rc = select_one(dataset, i, &memory, &file);
	if (rc == 0 && H5Dread(dataset, type, memory, file == -1 ? H5S_ALL : file, H5P_DEFAULT, value) < 0)
		rc = -EBADMSG;
	hdf5_filter_end();
	close_spaces(memory, file);
	return rc;
}

int hdf5_get_number_at(hid_t at, const char *path, uint64_t i, double *value)
{
	hid_t dataset = hdf5_get_dataset(at, path);
	if (dataset < 0)
		return -ENOENT;
	H5T_class_t c = class_of(dataset);
	double got = NAN;
	int rc = c == H5T_INTEGER || c == H5T_FLOAT ? read_one(dataset, i, H5T_NATIVE_DOUBLE, &got) : -EBADMSG;
	H5Dclose(dataset);
	if (rc == 0 && !isfinite(got))
		rc = -EBADMSG;
	if (rc == 0)
		*value = got;
	return rc;
}

int hdf5_get_number(hid_t at, const char *path, double *value)
{
	return hdf5_get_number_at(at, path, 0, value);
}

int hdf5_get_quantity(hid_t at, const char *path, double default_scale, double *value)
{
	double number, scale = default_scale;
	char units[32];
	int rc = hdf5_get_number(at, path, &number);
	if (rc)
		return rc;
	hid_t dataset = hdf5_get_dataset(at, path);
	if (hdf5_get_attr_text(dataset, "units", units, sizeof units) == 0 && units[0])
		scale = hdf5_get_scale(units);
	H5Dclose(dataset);
	if (scale == 0)
		return -EBADMSG;
	*value = number * scale;
	return 0;
}

int hdf5_get_u64(hid_t at, const char *path, uint64_t *value)
{
	hid_t dataset = hdf5_get_dataset(at, path);
	if (dataset < 0)
		return -ENOENT;
	double sign = 0;
	unsigned long long got = 0;
	int rc = class_of(dataset) == H5T_INTEGER ? read_one(dataset, 0, H5T_NATIVE_DOUBLE, &sign) : -EBADMSG;
	if (rc == 0)
		rc = sign < 0 ? -EBADMSG : read_one(dataset, 0, H5T_NATIVE_ULLONG, &got);
	H5Dclose(dataset);
	if (rc == 0)
		*value = got;
	return rc;
}

int hdf5_get_length(hid_t at, const char *path, uint64_t *length)
{
	hid_t dataset = hdf5_get_dataset(at, path);
	if (dataset < 0)
		return -ENOENT;
	hid_t space = H5Dget_space(dataset);
	hssize_t n = space < 0 ? -1 : H5Sget_simple_extent_npoints(space);
	if (space >= 0)
		H5Sclose(space);
	H5Dclose(dataset);
	if (n < 0)
		return -EBADMSG;
	*length = (uint64_t)n;
	return 0;
}

static void copy_text(char *out, size_t out_bytes, const char *text, size_t len)
{
	if (len >= out_bytes)
		len = out_bytes - 1;
	memcpy(out, text, len);
	out[len] = 0;
}

/* What read() of a text does differs between datasets and attributes; the rest does not. */
struct text_source {
	hid_t dataset, attribute;
	uint64_t i;
};

static int read_text_raw(const struct text_source *from, hid_t type, void *to)
{
	if (from->attribute >= 0)
		return H5Aread(from->attribute, type, to) < 0 ? -EBADMSG : 0;
	return read_one(from->dataset, from->i, type, to);
}

static int read_text(const struct text_source *from, hid_t type, char *out, size_t out_bytes)
{
	if (H5Tget_class(type) != H5T_STRING)
		return -EBADMSG;
	if (H5Tis_variable_str(type) > 0) {
		char *text = NULL;
		int rc = read_text_raw(from, type, &text);
		if (rc == 0 && text)
			copy_text(out, out_bytes, text, strlen(text));
		if (rc == 0 && !text)
			out[0] = 0;
		H5free_memory(text);
		return rc;
	}
	size_t size = H5Tget_size(type);
	if (size == 0 || size > TEXT_BYTES_MAX)
		return -EBADMSG;
	char *text = calloc(1, size + 1);
	if (!text)
		return -ENOMEM;
	int rc = read_text_raw(from, type, text);
	if (rc == 0) {
		size_t len = strlen(text);
		while (len && text[len - 1] == ' ')
			len--;
		copy_text(out, out_bytes, text, len);
	}
	free(text);
	return rc;
}

int hdf5_get_text_at(hid_t at, const char *path, uint64_t i, char *out, size_t out_bytes)
{
	struct text_source from = {hdf5_get_dataset(at, path), -1, i};
	if (from.dataset < 0)
		return -ENOENT;
	hid_t type = H5Dget_type(from.dataset);
	int rc = type < 0 ? -EBADMSG : read_text(&from, type, out, out_bytes);
	if (type >= 0)
		H5Tclose(type);
	H5Dclose(from.dataset);
	return rc;
}

int hdf5_get_text(hid_t at, const char *path, char *out, size_t out_bytes)
{
	return hdf5_get_text_at(at, path, 0, out, out_bytes);
}

/* An attribute with exactly n elements, or negative. */
static hid_t open_attribute(hid_t object, const char *name, hssize_t n)
{
	if (H5Aexists(object, name) <= 0)
		return -1;
	hid_t attribute = H5Aopen(object, name, H5P_DEFAULT);
	hid_t space = attribute < 0 ? -1 : H5Aget_space(attribute);
	hssize_t has = space < 0 ? -1 : H5Sget_simple_extent_npoints(space);
	if (space >= 0)
		H5Sclose(space);
	if (attribute >= 0 && has != n) {
		H5Aclose(attribute);
		return -1;
	}
	return attribute;
}

int hdf5_get_attr_text(hid_t object, const char *name, char *out, size_t out_bytes)
{
	struct text_source from = {-1, open_attribute(object, name, 1), 0};
	if (from.attribute < 0)
		return -ENOENT;
	hid_t type = H5Aget_type(from.attribute);
	int rc = type < 0 ? -EBADMSG : read_text(&from, type, out, out_bytes);
	if (type >= 0)
		H5Tclose(type);
	H5Aclose(from.attribute);
	return rc;
}

int hdf5_get_attr_numbers(hid_t object, const char *name, double *out, unsigned n)
{
	hid_t attribute = open_attribute(object, name, n);
	if (attribute < 0)
		return -ENOENT;
	hid_t type = H5Aget_type(attribute);
	H5T_class_t c = type < 0 ? H5T_NO_CLASS : H5Tget_class(type);
	int rc = c == H5T_INTEGER || c == H5T_FLOAT ? 0 : -EBADMSG;
	if (rc == 0 && H5Aread(attribute, H5T_NATIVE_DOUBLE, out) < 0)
		rc = -EBADMSG;
	for (unsigned i = 0; rc == 0 && i < n; i++)
		if (!isfinite(out[i]))
			rc = -EBADMSG;
	if (type >= 0)
		H5Tclose(type);
	H5Aclose(attribute);
	return rc;
}

double hdf5_get_scale(const char *units)
{
	static const struct { const char *name; double scale; } known[] = {
		{"m", 1}, {"meter", 1}, {"metre", 1}, {"meters", 1}, {"metres", 1}, {"cm", 1e-2}, {"mm", 1e-3}, {"millimeter", 1e-3}, {"um", 1e-6},
		{"\xc2\xb5m", 1e-6}, {"\xce\xbcm", 1e-6}, {"micron", 1e-6}, {"microns", 1e-6}, {"micrometer", 1e-6}, {"nm", 1e-9}, {"pm", 1e-12},
		{"angstrom", 1e-10}, {"angstroms", 1e-10}, {"A", 1e-10}, {"\xc3\x85", 1e-10}, {"\xe2\x84\xab", 1e-10},
		{"s", 1}, {"sec", 1}, {"second", 1}, {"seconds", 1}, {"ms", 1e-3}, {"us", 1e-6}, {"ns", 1e-9},
		{"eV", 1}, {"keV", 1e3}, {"MeV", 1e6}, {"J", 1.0 / 1.602176634e-19},
		{"deg", 1}, {"degree", 1}, {"degrees", 1}, {"rad", 57.29577951308232}, {"radian", 57.29577951308232}, {"radians", 57.29577951308232},
		{"mrad", 0.05729577951308232}, {"pixel", 1}, {"pixels", 1}, {"px", 1}, {"counts", 1}, {"", 1},
	};
	/* Exactly first, because mm is no MM; then as people type it. */
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (!strcmp(units, known[i].name))
			return known[i].scale;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strlen(units) > 2 && !strcasecmp(units, known[i].name))
			return known[i].scale;
	return 0;
}
