/* mask_file_formats.h - inside of the mask_file room: one reader per file format.
 *
 * For host/mask_file.c alone. Each fills request.out, and on failure writes request.message without the file's name. */
#ifndef HOST_MASK_FILE_FORMATS_H
#define HOST_MASK_FILE_FORMATS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct mask_request {
	const char *path, *dataset; /* dataset: "" where none was named */
	uint32_t width, height;     /* wanted */
	uint8_t *out;               /* width * height bytes, zeroed */
	char *message;
	size_t message_bytes;
};

/* Writes the message and returns error. */
int mask_refuse(const struct mask_request *m, int error, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* 0, or the refusal of a file of another size. */
int mask_check_size(const struct mask_request *m, uint64_t width, uint64_t height);

/* Bytes of one value that tell whether it is zero: all of them, less the sign of a floating-point number. */
void mask_mark(uint8_t *out, const uint8_t *values, size_t n, size_t value_bytes, size_t stride_bytes);

int mask_read_npy(const struct mask_request *m, FILE *file);  /* file: at its beginning */
int mask_read_png(const struct mask_request *m, FILE *file);
int mask_read_tiff(const struct mask_request *m);
int mask_read_hdf5(const struct mask_request *m);

#endif
