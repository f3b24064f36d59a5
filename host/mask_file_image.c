/* mask_file_image.c - masks kept as images: PNG by libpng, TIFF by libtiff. Reads the one file. */
#include <errno.h>
#include <png.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <tiffio.h>

#include "host/mask_file_formats.h"

/* --- PNG ---------------------------------------------------------------------------------------------------------------------- */

struct png_reading {
	const struct mask_request *m;
	png_structp png;
	png_infop info;
	png_bytep pixels;
	png_bytepp rows;
	int error;
};

static void png_fail(png_structp png, png_const_charp words)
{
	struct png_reading *r = png_get_error_ptr(png);

	if (!r->error)
		r->error = mask_refuse(r->m, -EBADMSG, "damaged PNG: %s", words);
	png_longjmp(png, 1);
}

static void png_ignore(png_structp png, png_const_charp words)
{
}

/* Bytes that a pixel takes, and how many of them are colours: the alpha channel comes last. */
static void png_layout(const struct png_reading *r, size_t *pixel_bytes, size_t *colour_bytes)
{
	size_t channels = png_get_channels(r->png, r->info), bytes = png_get_bit_depth(r->png, r->info) == 16 ? 2 : 1;

	*pixel_bytes = channels * bytes;
	*colour_bytes = (channels - !(channels & 1)) * bytes;
}

/* May leave by longjmp into read_png_guarded: owns nothing that is not in r. */
static void png_read_pixels(struct png_reading *r)
{
	const struct mask_request *m = r->m;
	size_t row_bytes, pixel_bytes, colour_bytes;

	png_read_info(r->png, r->info);
	r->error = mask_check_size(m, png_get_image_width(r->png, r->info), png_get_image_height(r->png, r->info));
	if (r->error)
		return;
	png_set_packing(r->png); /* a byte per pixel, the values as they are */
	if (png_get_color_type(r->png, r->info) == PNG_COLOR_TYPE_PALETTE)
		png_set_palette_to_rgb(r->png);
	png_set_interlace_handling(r->png);
	png_read_update_info(r->png, r->info);
	png_layout(r, &pixel_bytes, &colour_bytes);
	row_bytes = png_get_rowbytes(r->png, r->info);
	r->pixels = row_bytes == m->width * pixel_bytes ? malloc(row_bytes * m->height) : NULL;
	r->rows = malloc(m->height * sizeof *r->rows);
	if (!r->pixels || !r->rows)
		png_error(r->png, "out of memory");
	for (size_t y = 0; y < m->height; y++)
		r->rows[y] = r->pixels + y * row_bytes;
	png_read_image(r->png, r->rows);
	png_read_end(r->png, NULL);
	mask_mark(m->out, r->pixels, (size_t)m->width * m->height, colour_bytes, pixel_bytes);
}

static void png_read_guarded(struct png_reading *r, FILE *file)
{
	if (setjmp(png_jmpbuf(r->png)))
		return;
	png_init_io(r->png, file);
	png_set_user_limits(r->png, 65535, 65535);
	png_set_chunk_cache_max(r->png, 16);
	png_set_chunk_malloc_max(r->png, 1 << 20);
	png_read_pixels(r);
}

int mask_read_png(const struct mask_request *m, FILE *file)
{
	struct png_reading r = { .m = m };

	r.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &r, png_fail, png_ignore);
	if (r.png)
		r.info = png_create_info_struct(r.png);
	if (r.info)
		png_read_guarded(&r, file);
	else
		r.error = mask_refuse(m, -ENOMEM, "out of memory");
	free(r.rows);
	free(r.pixels);
	png_destroy_read_struct(&r.png, &r.info, NULL);
	return r.error;
}

/* --- TIFF --------------------------------------------------------------------------------------------------------------------- */

struct tiff_reading {
	const struct mask_request *m;
	TIFF *tiff;
	uint16_t bits, samples, extra;
	bool is_float;
	char words[256]; /* libtiff's own */
};

static int tiff_fail(TIFF *tiff, void *user, const char *module, const char *format, va_list list)
{
	struct tiff_reading *r = user;

	if (!r->words[0])
		vsnprintf(r->words, sizeof r->words, format, list);
	return 1;
}

static int tiff_ignore(TIFF *tiff, void *user, const char *module, const char *format, va_list list)
{
	return 1;
}

/* Few codecs, and those that masks are kept with: each one more is more that a damaged file can reach. */
static bool tiff_is_plain_codec(uint16_t codec)
{
	return codec == COMPRESSION_NONE || codec == COMPRESSION_LZW || codec == COMPRESSION_ADOBE_DEFLATE || codec == COMPRESSION_DEFLATE ||
	       codec == COMPRESSION_PACKBITS;
}

static int tiff_check(struct tiff_reading *r)
{
	uint32_t width = 0, height = 0;
	uint16_t codec = 0, planar = 0, format = 0, *kinds;
	int error;

	TIFFGetField(r->tiff, TIFFTAG_IMAGEWIDTH, &width);
	TIFFGetField(r->tiff, TIFFTAG_IMAGELENGTH, &height);
	error = mask_check_size(r->m, width, height);
	if (error)
		return error;
	TIFFGetFieldDefaulted(r->tiff, TIFFTAG_BITSPERSAMPLE, &r->bits);
	TIFFGetFieldDefaulted(r->tiff, TIFFTAG_SAMPLESPERPIXEL, &r->samples);
	TIFFGetFieldDefaulted(r->tiff, TIFFTAG_COMPRESSION, &codec);
	TIFFGetFieldDefaulted(r->tiff, TIFFTAG_PLANARCONFIG, &planar);
	TIFFGetFieldDefaulted(r->tiff, TIFFTAG_SAMPLEFORMAT, &format);
	TIFFGetFieldDefaulted(r->tiff, TIFFTAG_EXTRASAMPLES, &r->extra, &kinds);
	if (!tiff_is_plain_codec(codec))
		return mask_refuse(r->m, -EINVAL, "TIFF compression %u; none, LZW, deflate or PackBits are taken", codec);
	if (r->samples < 1 || r->samples > 4 || r->extra >= r->samples || (planar != PLANARCONFIG_CONTIG && r->samples > 1))
		return mask_refuse(r->m, -EINVAL, "a TIFF of %u channels in separate planes or with too many extra ones", r->samples);
	if (r->bits != 8 && r->bits != 16 && r->bits != 32 && r->bits != 64 && !(r->bits == 1 && r->samples == 1))
		return mask_refuse(r->m, -EINVAL, "a TIFF of %u bits; 1, 8, 16, 32 or 64 are taken", r->bits);
	if (format != SAMPLEFORMAT_UINT && format != SAMPLEFORMAT_INT && format != SAMPLEFORMAT_IEEEFP && format != SAMPLEFORMAT_VOID)
		return mask_refuse(r->m, -EINVAL, "a TIFF of complex numbers");
	r->is_float = format == SAMPLEFORMAT_IEEEFP && r->bits >= 16;
	return 0;
}

/* n pixels that libtiff has decoded (in the machine's byte order, which is little-endian) to marks. */
static void tiff_mark(const struct tiff_reading *r, uint8_t *out, uint8_t *values, size_t n)
{
	size_t bytes = r->bits / 8;

	if (r->bits == 1) {
		for (size_t i = 0; i < n; i++)
			out[i] = values[i / 8] >> (7 - i % 8) & 1;
		return;
	}
	for (size_t i = 0; r->is_float && i < n * r->samples; i++) /* minus zero is zero */
		values[i * bytes + bytes - 1] &= 0x7f;
	mask_mark(out, values, n, bytes * (size_t)(r->samples - r->extra), bytes * r->samples);
}

static int tiff_read_strips(struct tiff_reading *r)
{
	const struct mask_request *m = r->m;
	size_t needed = ((size_t)m->width * r->samples * r->bits + 7) / 8;
	uint8_t *line = NULL;
	int error = 0;

	if ((uint64_t)TIFFScanlineSize64(r->tiff) != needed)
		return mask_refuse(m, -EBADMSG, "a TIFF whose rows do not have the length that its head says");
	line = calloc(1, needed);
	if (!line)
		return mask_refuse(m, -ENOMEM, "out of memory");
	for (uint32_t y = 0; y < m->height && !error; y++) {
		if (TIFFReadScanline(r->tiff, line, y, 0) == 1)
			tiff_mark(r, m->out + (size_t)y * m->width, line, m->width);
		else
			error = mask_refuse(m, -EBADMSG, "damaged TIFF: %s", r->words[0] ? r->words : "a row cannot be read");
	}
	free(line);
	return error;
}

static int tiff_read_tiles(struct tiff_reading *r)
{
	const struct mask_request *m = r->m;
	uint32_t tile_width = 0, tile_height = 0;
	size_t row_bytes;
	uint8_t *tile, *marks;
	int error = 0;

	TIFFGetField(r->tiff, TIFFTAG_TILEWIDTH, &tile_width);
	TIFFGetField(r->tiff, TIFFTAG_TILELENGTH, &tile_height);
	if (!tile_width || !tile_height || tile_width > 4096 || tile_height > 4096)
		return mask_refuse(m, -EINVAL, "a TIFF in tiles of %u x %u pixels", tile_width, tile_height);
	row_bytes = ((size_t)tile_width * r->samples * r->bits + 7) / 8;
	if ((uint64_t)TIFFTileSize64(r->tiff) != row_bytes * tile_height)
		return mask_refuse(m, -EBADMSG, "a TIFF whose tiles do not have the size that its head says");
	tile = calloc(row_bytes, tile_height);
	marks = malloc(tile_width);
	if (!tile || !marks)
		error = mask_refuse(m, -ENOMEM, "out of memory");
	for (uint32_t y = 0; y < m->height && !error; y += tile_height)
		for (uint32_t x = 0; x < m->width && !error; x += tile_width) {
			uint32_t columns = m->width - x < tile_width ? m->width - x : tile_width;
			uint32_t lines = m->height - y < tile_height ? m->height - y : tile_height;

			if (TIFFReadTile(r->tiff, tile, x, y, 0, 0) < 0)
				error = mask_refuse(m, -EBADMSG, "damaged TIFF: %s", r->words[0] ? r->words : "a tile cannot be read");
			for (uint32_t i = 0; i < lines && !error; i++) {
				tiff_mark(r, marks, tile + i * row_bytes, columns);
				memcpy(m->out + (size_t)(y + i) * m->width + x, marks, columns);
			}
		}
	free(marks);
	free(tile);
	return error;
}

int mask_read_tiff(const struct mask_request *m)
{
	struct tiff_reading r = { .m = m };
	TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
	int error;

	if (!options)
		return mask_refuse(m, -ENOMEM, "out of memory");
	TIFFOpenOptionsSetMaxSingleMemAlloc(options, (tmsize_t)m->width * m->height * 32 + (4 << 20));
	TIFFOpenOptionsSetErrorHandlerExtR(options, tiff_fail, &r);
	TIFFOpenOptionsSetWarningHandlerExtR(options, tiff_ignore, NULL);
	r.tiff = TIFFOpenExt(m->path, "rm", options); /* m: no memory map, which a file cut short meanwhile would turn into a crash */
	TIFFOpenOptionsFree(options);
	if (!r.tiff)
		return mask_refuse(m, -EBADMSG, "damaged TIFF: %s", r.words);
	error = tiff_check(&r);
	if (!error)
		error = TIFFIsTiled(r.tiff) ? tiff_read_tiles(&r) : tiff_read_strips(&r);
	TIFFClose(r.tiff);
	return error;
}
