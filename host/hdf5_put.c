/* hdf5_put.c - values, texts and attributes into an HDF5 file. See hdf5_put.h. */
#include "host/hdf5_put.h"

#include <string.h>

/* Every handle of HDF5 that is opened here is closed here; a negative one was a failure. */
static void done(struct hdf5_put *put, hid_t id, herr_t (*close)(hid_t))
{
	if (id < 0 || close(id) < 0)
		put->failed = true;
}

hid_t hdf5_put_text_type(const char *text)
{
	hid_t type = H5Tcopy(H5T_C_S1);
	size_t len = strlen(text);
	bool ascii = true;
	for (size_t i = 0; i < len; i++)
		ascii = ascii && !(text[i] & 0x80);
	if (type >= 0) {
		H5Tset_size(type, len ? len : 1);
		H5Tset_strpad(type, H5T_STR_NULLPAD);
		H5Tset_cset(type, ascii ? H5T_CSET_ASCII : H5T_CSET_UTF8);
	}
	return type;
}

hid_t hdf5_put_access(void)
{
	hid_t access = H5Pcreate(H5P_FILE_ACCESS);
	if (access >= 0) {
		H5Pset_libver_bounds(access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
		H5Pset_file_locking(access, 1, 1);
		H5Pset_fclose_degree(access, H5F_CLOSE_STRONG);
	}
	return access;
}

static void put_dataset(struct hdf5_put *put, const char *path, hid_t file_type, hid_t memory_type, uint64_t n, bool scalar, const void *value)
{
	hsize_t dims = n;
	hid_t links = H5Pcreate(H5P_LINK_CREATE);
	H5Pset_create_intermediate_group(links, 1);
	hid_t space = scalar ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &dims, NULL);
	hid_t dataset = H5Dcreate2(put->file, path, file_type, space, links, H5P_DEFAULT, H5P_DEFAULT);
	if (dataset < 0 || (n && H5Dwrite(dataset, memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, value) < 0))
		put->failed = true;
	done(put, dataset, H5Dclose);
	done(put, space, H5Sclose);
	done(put, links, H5Pclose);
}

static void put_attribute(struct hdf5_put *put, const char *path, const char *name, hid_t type, hid_t memory_type, unsigned n, const void *value)
{
	hsize_t dims = n;
	hid_t object = H5Oopen(put->file, path, H5P_DEFAULT);
	hid_t space = n == 1 ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &dims, NULL);
	hid_t attribute = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
	if (attribute < 0 || H5Awrite(attribute, memory_type, value) < 0)
		put->failed = true;
	done(put, attribute, H5Aclose);
	done(put, space, H5Sclose);
	done(put, object, H5Oclose);
}

void hdf5_put_group(struct hdf5_put *put, const char *path, const char *class)
{
	hid_t links = H5Pcreate(H5P_LINK_CREATE);
	H5Pset_create_intermediate_group(links, 1);
	done(put, H5Gcreate2(put->file, path, links, H5P_DEFAULT, H5P_DEFAULT), H5Gclose);
	done(put, links, H5Pclose);
	if (class)
		hdf5_put_attr_text(put, path, "NX_class", class);
}

void hdf5_put_doubles(struct hdf5_put *put, const char *path, const double *values, uint64_t n, const char *units)
{
	put_dataset(put, path, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, n, false, values);
	if (units)
		hdf5_put_attr_text(put, path, "units", units);
}

void hdf5_put_double(struct hdf5_put *put, const char *path, double value, const char *units)
{
	put_dataset(put, path, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, 1, true, &value);
	if (units)
		hdf5_put_attr_text(put, path, "units", units);
}

void hdf5_put_u64(struct hdf5_put *put, const char *path, uint64_t value)
{
	put_dataset(put, path, H5T_STD_U64LE, H5T_NATIVE_UINT64, 1, true, &value);
}

void hdf5_put_u64s(struct hdf5_put *put, const char *path, const uint64_t *values, uint64_t n)
{
	put_dataset(put, path, H5T_STD_U64LE, H5T_NATIVE_UINT64, n, false, values);
}

void hdf5_put_text(struct hdf5_put *put, const char *path, const char *text)
{
	hid_t type = hdf5_put_text_type(text);
	put_dataset(put, path, type, type, 1, true, text);
	done(put, type, H5Tclose);
}

void hdf5_put_attr_text(struct hdf5_put *put, const char *path, const char *name, const char *text)
{
	hid_t type = hdf5_put_text_type(text);
	put_attribute(put, path, name, type, type, 1, text);
	done(put, type, H5Tclose);
}

void hdf5_put_attr_u64(struct hdf5_put *put, const char *path, const char *name, uint64_t value)
{
	put_attribute(put, path, name, H5T_STD_U64LE, H5T_NATIVE_UINT64, 1, &value);
}

void hdf5_put_attr_doubles(struct hdf5_put *put, const char *path, const char *name, const double *values, unsigned n)
{
	put_attribute(put, path, name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, n, values);
}
