/* hdf5_put.h - values, texts and attributes into an HDF5 file, as NeXus readers want them.
 *
 * For the writer. Texts are of fixed length and ASCII where they can be: durin reads no other NX_class. Nothing is checked by the caller in between:
 * put->failed remembers the first failure, so that a whole group can be written and asked once. */
#ifndef HOST_HDF5_PUT_H
#define HOST_HDF5_PUT_H

#include <stdbool.h>
#include <stdint.h>

#include <hdf5.h>

struct hdf5_put {
	hid_t file;
	bool failed;
};

/* Groups are made with their parents; class: the NX_class, NULL for none. All paths are absolute. */
void hdf5_put_group(struct hdf5_put *put, const char *path, const char *class);
void hdf5_put_double(struct hdf5_put *put, const char *path, double value, const char *units);
void hdf5_put_doubles(struct hdf5_put *put, const char *path, const double *values, uint64_t n, const char *units);
void hdf5_put_u64(struct hdf5_put *put, const char *path, uint64_t value);
void hdf5_put_u64s(struct hdf5_put *put, const char *path, const uint64_t *values, uint64_t n);
void hdf5_put_text(struct hdf5_put *put, const char *path, const char *text);

/* Attributes of an object that exists. */
void hdf5_put_attr_text(struct hdf5_put *put, const char *path, const char *name, const char *text);
void hdf5_put_attr_u64(struct hdf5_put *put, const char *path, const char *name, uint64_t value);
void hdf5_put_attr_doubles(struct hdf5_put *put, const char *path, const char *name, const double *values, unsigned n);

/* The type of a text of that length: what a dataset or attribute with it is made of; close with H5Tclose. */
hid_t hdf5_put_text_type(const char *text);

/* File access for files that are written while others read them (SWMR), closed with H5Pclose. */
hid_t hdf5_put_access(void);

#endif
