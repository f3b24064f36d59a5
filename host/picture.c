/* picture.c - PNG by libpng; TIFF, which is a head and the pixels, by hand (picture.h). */
#include "host/picture.h"

#include <errno.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>

#define PNG_LEVEL 1 /* a screen is waiting */

struct sink {
	uint8_t *at;
	size_t bytes, room;
};

static void put(png_structp png, png_bytep bytes, size_t n)
{
	struct sink *s = png_get_io_ptr(png);

	if (s->bytes + n > s->room) {
		size_t room = (s->bytes + n) * 2;
		uint8_t *more = realloc(s->at, room);

		if (!more)
			png_error(png, "not enough memory");
		s->at = more;
		s->room = room;
	}
	memcpy(s->at + s->bytes, bytes, n);
	s->bytes += n;
}

static void nothing(png_structp png)
{
	(void)png;
}

static void quiet(png_structp png, png_const_charp words)
{
	(void)words;
	png_longjmp(png, 1);
}

static void quieter(png_structp png, png_const_charp words)
{
	(void)png;
	(void)words;
}

int picture_png(uint8_t **out, size_t *bytes, const struct picture *p)
{
	struct sink *sink = p->elem_bytes == 1 ? calloc(1, sizeof(*sink)) : NULL;
	png_structp png = sink ? png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, quiet, quieter) : NULL;
	png_infop info = png ? png_create_info_struct(png) : NULL;
	int rc = p->elem_bytes == 1 ? -ENOMEM : -EINVAL;

	if (info && !setjmp(png_jmpbuf(png))) {
		png_set_write_fn(png, sink, put, nothing);
		png_set_compression_level(png, PNG_LEVEL);
		png_set_IHDR(png, info, p->width, p->height, 8, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
			     PNG_FILTER_TYPE_DEFAULT);
		png_write_info(png, info);
		for (uint32_t y = 0; y < p->height; y++)
			png_write_row(png, (png_const_bytep)p->pixels + (size_t)y * p->width);
		png_write_end(png, info);
		*out = sink->at;
		*bytes = sink->bytes;
		sink->at = NULL;
		rc = 0;
	}
	png_destroy_write_struct(&png, &info);
	if (sink)
		free(sink->at);
	free(sink);
	return rc;
}

/* --- TIFF -------------------------------------------------------------------------------------------------------------- */

enum { TIFF_SHORT = 3, TIFF_LONG = 4 };

static uint8_t *put16(uint8_t *at, uint32_t v)
{
	at[0] = (uint8_t)v;
	at[1] = (uint8_t)(v >> 8);
	return at + 2;
}

static uint8_t *put32(uint8_t *at, uint32_t v)
{
	return put16(put16(at, v & 0xffff), v >> 16);
}

static uint8_t *entry(uint8_t *at, uint32_t tag, uint32_t type, uint32_t value)
{
	return put32(put32(put16(put16(at, tag), type), 1), value);
}

#define ENTRIES 10u
#define HEAD (8u + 2u + ENTRIES * 12u + 4u)

int picture_tiff(uint8_t **out, size_t *bytes, const struct picture *p)
{
	uint64_t n = (uint64_t)p->width * p->height * p->elem_bytes;
	uint8_t *at;

	if (n > UINT32_MAX - HEAD)
		return -EFBIG;
	*bytes = HEAD + (size_t)n;
	*out = at = malloc(*bytes);
	if (!at)
		return -ENOMEM;
	memcpy(at, "II", 2);
	at = put16(put32(put16(at + 2, 42), 8), ENTRIES);
	at = entry(at, 256, TIFF_LONG, p->width);
	at = entry(at, 257, TIFF_LONG, p->height);
	at = entry(at, 258, TIFF_SHORT, p->elem_bytes * 8);
	at = entry(at, 259, TIFF_SHORT, 1);          /* no compression */
	at = entry(at, 262, TIFF_SHORT, 1);          /* black is zero */
	at = entry(at, 273, TIFF_LONG, HEAD);        /* where the strip is */
	at = entry(at, 277, TIFF_SHORT, 1);          /* samples of a pixel */
	at = entry(at, 278, TIFF_LONG, p->height);   /* rows of the strip */
	at = entry(at, 279, TIFF_LONG, (uint32_t)n); /* its bytes */
	at = entry(at, 339, TIFF_SHORT, 1);          /* unsigned */
	at = put32(at, 0);
	memcpy(at, p->pixels, (size_t)n);
	return 0;
}
