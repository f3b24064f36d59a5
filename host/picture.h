/* picture.h - pixels as PNG or TIFF in memory, for whoever asks over HTTP. Knows nothing of detectors. */
#ifndef HOST_PICTURE_H
#define HOST_PICTURE_H

#include <stddef.h>
#include <stdint.h>

struct picture { /* grey, row after row, x fastest, little-endian */
	uint32_t width, height;
	unsigned elem_bytes;    /* 1, 2 or 4 */
	const void *pixels;
};

/* malloc'ed bytes, the caller's. -EINVAL: PNG has no pixels of more than one byte here; -ENOMEM. */
int picture_png(uint8_t **out, size_t *bytes, const struct picture *picture);
/* Baseline TIFF: unsigned, uncompressed, one strip. -EFBIG: larger than the format allows. */
int picture_tiff(uint8_t **out, size_t *bytes, const struct picture *picture);

#endif
