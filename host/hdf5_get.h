/* hdf5_get.h - single values out of an HDF5 file that is not trusted: numbers with units, texts, attributes.
 *
 * For the reader and for recovery. Every function checks class, rank and size before it reads, says nothing on stderr, and returns 0 or -errno:
 * -ENOENT where there is no such thing, -EBADMSG where it is not what it should be. */
#ifndef HOST_HDF5_GET_H
#define HOST_HDF5_GET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hdf5.h>

/* HDF5 keeps its error stack and whether it prints it per thread: every public function that calls HDF5 begins with this.
 * The first call of all must come before any other of HDF5. */
void hdf5_get_quiet(void);

/* Opens a file for reading, also one that another process is writing (SWMR). Only regular files: a pipe would block for ever. -errno, else 0. */
int hdf5_get_file(hid_t *out, const char *path);

bool hdf5_get_exists(hid_t at, const char *path);

/* The dataset at path, or a negative id; also where its value is only assumed (an attribute of that name). */
hid_t hdf5_get_dataset(hid_t at, const char *path);

/* First element of a numeric dataset, as double; and the scale of its units attribute to SI (m, s, eV, degrees), 1 where there is none. */
int hdf5_get_number(hid_t at, const char *path, double *value);
int hdf5_get_quantity(hid_t at, const char *path, double default_scale, double *value);
int hdf5_get_u64(hid_t at, const char *path, uint64_t *value);   /* -EBADMSG where negative or not an integer */
int hdf5_get_text(hid_t at, const char *path, char *out, size_t out_bytes);

/* Element i of a one-dimensional text dataset. */
int hdf5_get_text_at(hid_t at, const char *path, uint64_t i, char *out, size_t out_bytes);

/* Element i of a one-dimensional (or scalar, i = 0) numeric dataset, and its length. */
int hdf5_get_number_at(hid_t at, const char *path, uint64_t i, double *value);
int hdf5_get_length(hid_t at, const char *path, uint64_t *length);

int hdf5_get_attr_text(hid_t object, const char *name, char *out, size_t out_bytes);
int hdf5_get_attr_numbers(hid_t object, const char *name, double *out, unsigned n);

/* Factor from a unit's name to m, s, eV or degrees; 0 for an unknown name. */
double hdf5_get_scale(const char *units);

#endif
