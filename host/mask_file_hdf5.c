/* mask_file_hdf5.c - masks kept as a dataset of an HDF5 file. Reads the one file (and what it links to). */
#include <errno.h>
#include <hdf5.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "host/mask_file_formats.h"

#define CHUNK_SPARE_BYTES (16u << 20) /* chunks may reach over the edge of the image by this much */

/* Where masks usually lie, tried in order when none is named. */
static const char *const usual[] = {
	"/entry/instrument/detector/pixel_mask", "/entry/instrument/detector/detectorSpecific/pixel_mask",
	"/entry/instrument/detector/channel/pixel_mask", "/mask", "/pixel_mask", "/data/mask", "/data",
};

struct hdf5_reading {
	const struct mask_request *m;
	hid_t file, dataset, space, type, creation;
};

static int open_dataset(struct hdf5_reading *r)
{
	const struct mask_request *m = r->m;

	if (m->dataset[0]) {
		r->dataset = H5Dopen2(r->file, m->dataset, H5P_DEFAULT);
		return r->dataset >= 0 ? 0 : mask_refuse(m, -EINVAL, "the HDF5 file has no dataset %s", m->dataset);
	}
	for (size_t i = 0; i < sizeof usual / sizeof *usual && r->dataset < 0; i++)
		r->dataset = H5Dopen2(r->file, usual[i], H5P_DEFAULT);
	return r->dataset >= 0 ? 0 : mask_refuse(m, -EINVAL, "no mask where HDF5 files usually have it (%s, %s, ...); name it: FILE.h5:/path", usual[0], usual[3]);
}

/* Two dimensions, or three with one image. */
static int check_shape(struct hdf5_reading *r)
{
	hsize_t dims[3] = { 0 };
	int n_dims = H5Sget_simple_extent_ndims(r->space);

	if (n_dims < 2 || n_dims > 3 || H5Sget_simple_extent_dims(r->space, dims, NULL) < 0 || (n_dims == 3 && dims[0] != 1))
		return mask_refuse(r->m, -EINVAL, "the dataset is not one two-dimensional image");
	return mask_check_size(r->m, dims[n_dims - 1], dims[n_dims - 2]);
}

/* A chunk is what HDF5 will allocate, so it must be in proportion; and its filters must be there. */
static int check_storage(struct hdf5_reading *r)
{
	hsize_t chunk[3], bytes = H5Tget_size(r->type), most = (hsize_t)r->m->width * r->m->height * bytes + CHUNK_SPARE_BYTES;
	int n_dims = H5Pget_layout(r->creation) == H5D_CHUNKED ? H5Pget_chunk(r->creation, 3, chunk) : 0;

	for (int i = 0; i < n_dims && i < 3; i++) {
		if (chunk[i] > most / bytes)
			return mask_refuse(r->m, -EINVAL, "the dataset's chunks are much larger than the image");
		bytes *= chunk[i];
	}
	for (int i = 0; i < H5Pget_nfilters(r->creation); i++) {
		size_t n_values = 0;
		unsigned flags, config;
		H5Z_filter_t filter = H5Pget_filter2(r->creation, (unsigned)i, &flags, &n_values, NULL, 0, NULL, &config);

		if (H5Zfilter_avail(filter) <= 0)
			return mask_refuse(r->m, -EINVAL, "the dataset is compressed with HDF5 filter %d, which is not at hand", (int)filter);
	}
	return 0;
}

/* HDF5 clips what a smaller type cannot hold, so a byte tells zero from non-zero as long as its sign is that of the file's type. */
static int read_whole(struct hdf5_reading *r, hid_t whole_type)
{
	hid_t memory = H5Tget_sign(whole_type) == H5T_SGN_2 ? H5T_NATIVE_INT8 : H5T_NATIVE_UINT8;

	if (H5Dread(r->dataset, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, r->m->out) < 0)
		return mask_refuse(r->m, -EBADMSG, "the dataset cannot be read");
	mask_mark(r->m->out, r->m->out, (size_t)r->m->width * r->m->height, 1, 1);
	return 0;
}

static int read_float(struct hdf5_reading *r)
{
	size_t n = (size_t)r->m->width * r->m->height;
	double *values = malloc(n * sizeof *values);
	int error = 0;

	if (!values)
		return mask_refuse(r->m, -ENOMEM, "out of memory");
	if (H5Dread(r->dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0)
		error = mask_refuse(r->m, -EBADMSG, "the dataset cannot be read");
	for (size_t i = 0; i < n && !error; i++)
		r->m->out[i] = values[i] != 0;
	free(values);
	return error;
}

static int read_values(struct hdf5_reading *r)
{
	H5T_class_t class = H5Tget_class(r->type);
	hid_t base;
	int error;

	if (class == H5T_INTEGER)
		return read_whole(r, r->type);
	if (class == H5T_FLOAT)
		return read_float(r);
	if (class != H5T_ENUM) /* h5py keeps booleans as an enumeration */
		return mask_refuse(r->m, -EINVAL, "the dataset holds no numbers");
	base = H5Tget_super(r->type);
	error = read_whole(r, base);
	H5Tclose(base);
	return error;
}

static int read_dataset(struct hdf5_reading *r)
{
	int error = open_dataset(r);

	if (error)
		return error;
	r->space = H5Dget_space(r->dataset);
	r->type = H5Dget_type(r->dataset);
	r->creation = H5Dget_create_plist(r->dataset);
	if (r->space < 0 || r->type < 0 || r->creation < 0 || !H5Tget_size(r->type))
		return mask_refuse(r->m, -EBADMSG, "the dataset is damaged");
	error = check_shape(r);
	if (!error)
		error = check_storage(r);
	return error ? error : read_values(r);
}

int mask_read_hdf5(const struct mask_request *m)
{
	struct hdf5_reading r = { m, -1, -1, -1, -1, -1 };
	H5E_auto2_t said;
	void *said_to;
	int error;

	H5Eget_auto2(H5E_DEFAULT, &said, &said_to);
	H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
	r.file = H5Fopen(m->path, H5F_ACC_RDONLY, H5P_DEFAULT);
	error = r.file < 0 ? mask_refuse(m, -EBADMSG, "damaged HDF5 file, or being written by another program") : read_dataset(&r);
	if (r.creation >= 0)
		H5Pclose(r.creation);
	if (r.type >= 0)
		H5Tclose(r.type);
	if (r.space >= 0)
		H5Sclose(r.space);
	if (r.dataset >= 0)
		H5Dclose(r.dataset);
	if (r.file >= 0)
		H5Fclose(r.file);
	H5Eset_auto2(H5E_DEFAULT, said, said_to);
	return error;
}
