/* frame.h - what a compressed image is made of: pixel type, codec, payload.
 *
 * For everybody who hands images to an engine or a codec. Plain data, no functions but sizes. */
#ifndef KERNELS_FRAME_H
#define KERNELS_FRAME_H

#include <stddef.h>
#include <stdint.h>

/* Unsigned little-endian pixels, row-major, x fastest. */
enum pixel_type { PIXEL_U8 = 0, PIXEL_U16 = 1, PIXEL_U32 = 2 };
#define PIXEL_TYPES 3

static inline unsigned pixel_bytes(enum pixel_type type)
{
	return 1u << type;
}

/* Largest value of the type: the detectors' "no data" value. */
static inline uint32_t pixel_max(enum pixel_type type)
{
	return type == PIXEL_U8 ? 0xffu : type == PIXEL_U16 ? 0xffffu : 0xffffffffu;
}

/* How a payload is compressed (layouts: detector fact sheet A.6 to A.8). */
enum codec {
	CODEC_NONE,       /* pixels as they are */
	CODEC_BSLZ4,      /* HDF5 filter 32008: u64 BE total, u32 BE block bytes, blocks of u32 BE length + LZ4, raw tail */
	CODEC_LZ4_FRAMED, /* HDF5 filter 32004: the same head, blocks may be stored, no tail */
	CODEC_LZ4_RAW,    /* Stream v1 "lz4<": one LZ4 block without any head */
};
#define CODECS 4

struct image_shape {
	uint32_t width, height; /* pixels; 1..65535 each */
	enum pixel_type type;
};

static inline size_t image_pixels(const struct image_shape *s)
{
	return (size_t)s->width * s->height;
}

static inline size_t image_bytes(const struct image_shape *s)
{
	return image_pixels(s) << s->type;
}

/* The compressed bytes of one image. The bytes are the caller's and only read. */
struct payload {
	const uint8_t *bytes;
	size_t len_bytes;      /* below 4 GiB */
	enum codec codec;
	uint8_t shuffle_bytes; /* element width of the bit shuffle (1, 2, 4); CODEC_BSLZ4 only */
};

#endif
