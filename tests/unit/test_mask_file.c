/* test_mask_file.c - a mask reads the same from every kind of file, and damaged or foreign files are refused in words.
 *
 * Makes its files itself, in a directory of its own: HDF5 by libhdf5, PNG by libpng, TIFF by libtiff, NumPy and raw by hand. */
#include <errno.h>
#include <hdf5.h>
#include <math.h>
#include <png.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tiffio.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/mask_file.h"
#include "tests/support/random.h"

#define W 37
#define H 23

static char directory[64], path[128], message[512];
static uint8_t truth[W * H]; /* 1: do not use */

static int set_up(void **state)
{
	struct random r;

	random_seed(&r);
	for (int i = 0; i < W * H; i++)
		truth[i] = random_below(&r, 3) == 0;
	strcpy(directory, "/tmp/test_mask_file_XXXXXX");
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof path, "%s/mask:1", directory); /* a colon in a name is no dataset */
	return 0;
}

static int tear_down(void **state)
{
	unlink(path);
	return rmdir(directory);
}

static void write_bytes(const void *bytes, size_t len)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static void expect_truth(const char *name)
{
	uint8_t *mask;

	if (mask_file_read(&mask, name, W, H, message, sizeof message))
		fail_msg("%s", message);
	assert_memory_equal(mask, truth, sizeof truth);
	free(mask);
}

static void expect_refusal(const char *name, int error, const char *words)
{
	uint8_t *mask = (uint8_t *)1;

	assert_int_equal(mask_file_read(&mask, name, W, H, message, sizeof message), error);
	assert_null(mask);
	if (!strstr(message, words) || !strstr(message, name))
		fail_msg("'%s' does not say '%s'", message, words);
}

/* --- raw ---------------------------------------------------------------------------------------------------------------------- */

static void raw_bytes_are_taken_where_their_number_fits(void **state)
{
	uint8_t bytes[W * H];

	for (int i = 0; i < W * H; i++)
		bytes[i] = truth[i] ? (uint8_t)(1 + i % 255) : 0;
	write_bytes(bytes, sizeof bytes);
	expect_truth(path);
	write_bytes(bytes, sizeof bytes - 1);
	expect_refusal(path, -EINVAL, "as raw bytes 850 are not the 851 of 37 x 23 pixels");
	write_bytes("", 0);
	expect_refusal(path, -EINVAL, "as raw bytes 0 are not");
	expect_refusal("/nowhere/mask.h5:/mask", -ENOENT, "No such file");
	expect_refusal(directory, -EINVAL, "not a file");
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	expect_refusal(path, -EINVAL, "not a file");
	unlink(path);
	write_bytes(bytes, sizeof bytes);
	snprintf(message, sizeof message, "%s:/mask", path);
	expect_refusal(strdupa(message), -EINVAL, "not an HDF5 file, so it has no dataset /mask");
}

/* --- NumPy -------------------------------------------------------------------------------------------------------------------- */

/* Writes an array whose marked pixels have one byte set, at which of each value's bytes. */
static void write_npy(const char *header, size_t value_bytes, size_t which, uint8_t mark, uint8_t blank, int version)
{
	size_t len = strlen(header), head = version == 1 ? 10 : 12;
	uint8_t *file = calloc(1, head + len + W * H * value_bytes);

	memcpy(file, "\223NUMPY", 6);
	file[6] = (uint8_t)version;
	file[8] = (uint8_t)len;
	file[9] = (uint8_t)(len >> 8);
	memcpy(file + head, header, len);
	for (int i = 0; i < W * H; i++)
		file[head + len + (size_t)i * value_bytes + which] = truth[i] ? mark : blank;
	write_bytes(file, head + len + W * H * value_bytes);
	free(file);
}

static void numpy_arrays_of_every_type_are_taken(void **state)
{
	static const struct {
		const char *descr;
		size_t bytes, which;
		uint8_t mark, blank;
	} types[] = {
		{ "|b1", 1, 0, 1, 0 }, { "|u1", 1, 0, 255, 0 }, { "|i1", 1, 0, 0x80, 0 }, { "<u2", 2, 1, 1, 0 }, { ">u2", 2, 0, 1, 0 }, { "<i4", 4, 3, 0x80, 0 },
		{ ">i8", 8, 5, 4, 0 }, { "<f4", 4, 2, 0x80, 0 }, { "<f4", 4, 3, 0xbf, 0x80 }, { ">f8", 8, 0, 0xbf, 0x80 }, { "<f2", 2, 1, 0x3c, 0x80 },
	};

	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		for (int version = 1; version <= 3; version++) {
			char header[256];

			snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': False, 'shape': (%s23, 37), }   \n", types[i].descr, version == 2 ? "1, " : "");
			write_npy(header, types[i].bytes, types[i].which, types[i].mark, types[i].blank, version);
			expect_truth(path);
		}
}

static void numpy_columns_first_are_turned(void **state)
{
	const char *header = "{'descr': '<u2', 'fortran_order': True, 'shape': (23, 37), }\n";
	uint8_t turned[W * H], kept[W * H];

	memcpy(kept, truth, sizeof truth);
	for (int y = 0; y < H; y++)
		for (int x = 0; x < W; x++)
			turned[x * H + y] = truth[y * W + x];
	memcpy(truth, turned, sizeof truth); /* write_npy writes the truth */
	write_npy(header, 2, 1, 1, 0, 1);
	memcpy(truth, kept, sizeof truth);
	expect_truth(path);
}

static void numpy_arrays_that_lie_are_refused(void **state)
{
	static const struct {
		const char *header;
		int error;
		const char *words;
	} wrong[] = {
		{ "{'descr': '|u1', 'fortran_order': False, 'shape': (37, 23), }", -EINVAL, "23 x 37 pixels (width x height), but the detector has 37 x 23" },
		{ "{'descr': '|u1', 'fortran_order': False, 'shape': (99999999999999999999, 37), }", -EINVAL, "not two-dimensional" },
		{ "{'descr': '|u1', 'fortran_order': False, 'shape': (851,), }", -EINVAL, "not two-dimensional" },
		{ "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 23, 37), }", -EINVAL, "not two-dimensional" },
		{ "{'descr': '|O8', 'fortran_order': False, 'shape': (23, 37), }", -EINVAL, "type is none of" },
		{ "{'descr': '<c8', 'fortran_order': False, 'shape': (23, 37), }", -EINVAL, "type is none of" },
		{ "{'fortran_order': False, 'shape': (23, 37), }", -EINVAL, "type is none of" },
		{ "{'descr': '|u1', 'shape': (23, 37), }", -EBADMSG, "in which order" },
		{ "{'descr': '<u2', 'fortran_order': False, 'shape': (23, 37), }", -EBADMSG, "ends in the middle" },
		{ "", -EINVAL, "type is none of" },
		{ "{'descr': '", -EINVAL, "type is none of" },
		{ "{'descr': '|u1', 'fortran_order': False, 'shape': (23, 37", -EINVAL, "not two-dimensional" },
	};
	const char *good = "{'descr': '|u1', 'fortran_order': False, 'shape': (23, 37), }";

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		write_npy(wrong[i].header, 1, 0, 1, 0, 1);
		expect_refusal(path, wrong[i].error, wrong[i].words);
	}
	write_npy(good, 2, 0, 1, 0, 1);
	expect_refusal(path, -EBADMSG, "bytes follow");
	write_npy(good, 1, 0, 1, 0, 9);
	expect_refusal(path, -EBADMSG, "unknown version");
	write_bytes("\223NUMPY\2\0\xff\xff\xff\xff", 12);
	expect_refusal(path, -EBADMSG, "claims 4294967295 bytes");
	write_bytes("\223NUMPY\1", 7);
	expect_refusal(path, -EBADMSG, "cut short");
}

/* --- PNG ---------------------------------------------------------------------------------------------------------------------- */

static void write_png(int colour, int depth, int interlace, uint32_t width)
{
	FILE *f = fopen(path, "wb");
	png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
	png_infop info = png_create_info_struct(png);
	png_color palette[2] = { { 0, 0, 0 }, { 0, 0, 1 } };
	size_t channels = colour == PNG_COLOR_TYPE_RGB_ALPHA ? 4 : colour == PNG_COLOR_TYPE_RGB ? 3 : colour == PNG_COLOR_TYPE_GRAY_ALPHA ? 2 : 1;
	size_t bytes = depth == 16 ? 2 : 1, pixel = channels * bytes;
	uint8_t *image = calloc(W * H, pixel);
	png_bytep rows[H];

	assert_non_null(f);
	png_init_io(png, f);
	png_set_IHDR(png, info, width, H, depth, colour, interlace, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
	if (colour == PNG_COLOR_TYPE_PALETTE)
		png_set_PLTE(png, info, palette, 2);
	png_write_info(png, info);
	png_set_packing(png);
	for (int i = 0; i < W * H; i++) {
		size_t colours = channels - !(channels & 1);

		image[i * pixel + (colours - 1) * bytes + bytes - 1] = truth[i]; /* the smallest that is not zero */
		if (colours != channels)
			image[i * pixel + pixel - 1] = 255; /* opaque, which is no mask */
	}
	for (int y = 0; y < H; y++)
		rows[y] = image + (size_t)y * W * pixel;
	png_write_image(png, rows);
	png_write_end(png, NULL);
	png_destroy_write_struct(&png, &info);
	free(image);
	fclose(f);
}

static void png_images_of_every_kind_are_taken(void **state)
{
	static const int kinds[][2] = { { PNG_COLOR_TYPE_GRAY, 1 },  { PNG_COLOR_TYPE_GRAY, 2 },	{ PNG_COLOR_TYPE_GRAY, 4 },	 { PNG_COLOR_TYPE_GRAY, 8 },
					{ PNG_COLOR_TYPE_GRAY, 16 }, { PNG_COLOR_TYPE_GRAY_ALPHA, 8 },	{ PNG_COLOR_TYPE_GRAY_ALPHA, 16 }, { PNG_COLOR_TYPE_RGB, 8 },
					{ PNG_COLOR_TYPE_RGB, 16 },  { PNG_COLOR_TYPE_RGB_ALPHA, 8 },	{ PNG_COLOR_TYPE_RGB_ALPHA, 16 },  { PNG_COLOR_TYPE_PALETTE, 1 },
					{ PNG_COLOR_TYPE_PALETTE, 8 } };

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		for (int interlace = 0; interlace < 2; interlace++) {
			write_png(kinds[i][0], kinds[i][1], interlace, W);
			expect_truth(path);
		}
	write_png(PNG_COLOR_TYPE_GRAY, 8, 0, W - 1);
	expect_refusal(path, -EINVAL, "36 x 23 pixels (width x height), but the detector has 37 x 23");
}

/* --- TIFF --------------------------------------------------------------------------------------------------------------------- */

static void write_tiff(const char *mode, int bits, int format, int codec, uint32_t tile, uint32_t width)
{
	TIFF *tiff = TIFFOpen(path, mode);
	size_t bytes = (size_t)bits / 8;
	uint8_t line[W * 8], *whole = calloc(1024 * 1024, 8);

	assert_non_null(tiff);
	TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, width);
	TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, H);
	TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, bits);
	TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, 1);
	TIFFSetField(tiff, TIFFTAG_SAMPLEFORMAT, format);
	TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK);
	TIFFSetField(tiff, TIFFTAG_COMPRESSION, codec);
	if (tile) {
		TIFFSetField(tiff, TIFFTAG_TILEWIDTH, tile);
		TIFFSetField(tiff, TIFFTAG_TILELENGTH, tile);
		for (uint32_t y = 0; y < H; y += tile)
			for (uint32_t x = 0; x < W; x += tile) {
				for (uint32_t i = 0; i < tile * tile; i++)
					whole[i] = y + i / tile < H && x + i % tile < W ? truth[(y + i / tile) * W + x + i % tile] * 9 : 3;
				assert_true(TIFFWriteTile(tiff, whole, x, y, 0, 0) > 0);
			}
	}
	for (uint32_t y = 0; y < H && !tile; y++) {
		memset(line, 0, sizeof line);
		for (uint32_t x = 0; x < W; x++) {
			if (bits == 1)
				line[x / 8] |= (uint8_t)(truth[y * W + x] << (7 - x % 8));
			else if (format == SAMPLEFORMAT_IEEEFP)
				line[x * bytes + bytes - 1] = truth[y * W + x] ? 0x3f : 0x80; /* about 1, and minus zero */
			else
				line[x * bytes + (y + x) % bytes] = truth[y * W + x]; /* of each byte one is enough */
		}
		assert_int_equal(TIFFWriteScanline(tiff, line, y, 0), 1);
	}
	TIFFClose(tiff);
	free(whole);
}

static void tiff_images_of_every_kind_are_taken(void **state)
{
	static const int codecs[] = { COMPRESSION_NONE, COMPRESSION_LZW, COMPRESSION_ADOBE_DEFLATE, COMPRESSION_PACKBITS };
	static const char *const modes[] = { "wl", "wb", "w8l", "w8b" };

	for (size_t c = 0; c < 4; c++)
		for (size_t o = 0; o < 4; o++) {
			for (int bits = 8; bits <= 64; bits *= 2) {
				write_tiff(modes[o], bits, SAMPLEFORMAT_UINT, codecs[c], 0, W);
				expect_truth(path);
			}
			write_tiff(modes[o], 1, SAMPLEFORMAT_UINT, codecs[c], 0, W);
			expect_truth(path);
			write_tiff(modes[o], 32, SAMPLEFORMAT_IEEEFP, codecs[c], 0, W);
			expect_truth(path);
			write_tiff(modes[o], 8, SAMPLEFORMAT_INT, codecs[c], 16, W);
			expect_truth(path);
		}
	write_tiff("w", 8, SAMPLEFORMAT_UINT, COMPRESSION_NONE, 0, W - 2);
	expect_refusal(path, -EINVAL, "35 x 23 pixels");
	write_tiff("w", 8, SAMPLEFORMAT_UINT, COMPRESSION_NONE, 1024, W);
	expect_truth(path);
	write_bytes("II*\0\xff\xff\xff\x7f", 8);
	expect_refusal(path, -EBADMSG, "damaged TIFF");
}

/* --- HDF5 --------------------------------------------------------------------------------------------------------------------- */

static void write_hdf5(const char *dataset, hid_t type, const void *values, hid_t memory, int n_dims, hsize_t chunk)
{
	hsize_t dims[4] = { 1, 1, H, W }, chunks[4] = { 1, 1, chunk, W }, most[4] = { 1, 1, H5S_UNLIMITED, W };
	hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), links = H5Pcreate(H5P_LINK_CREATE), creation = H5Pcreate(H5P_DATASET_CREATE);
	hid_t space = H5Screate_simple(n_dims, dims + 4 - n_dims, chunk ? most + 4 - n_dims : NULL), data;

	H5Pset_create_intermediate_group(links, 1);
	if (chunk)
		H5Pset_chunk(creation, n_dims, chunks + 4 - n_dims);
	if (chunk && chunk <= H)
		H5Pset_deflate(creation, 5);
	data = H5Dcreate2(file, dataset, type, space, links, creation, H5P_DEFAULT);
	assert_true(data >= 0);
	if (values)
		assert_true(H5Dwrite(data, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
	H5Dclose(data);
	H5Sclose(space);
	H5Pclose(creation);
	H5Pclose(links);
	H5Fclose(file);
}

static void hdf5_datasets_of_every_type_are_taken(void **state)
{
	static const int64_t marks[] = { 1, -1, 256, -256, 65536, -65536, INT64_C(1) << 40, -(INT64_C(1) << 40) };
	hid_t types[] = { H5T_STD_U8LE, H5T_STD_I8LE, H5T_STD_U16BE, H5T_STD_I16LE, H5T_STD_U32LE, H5T_STD_I32BE, H5T_STD_U64LE, H5T_STD_I64LE };
	int64_t values[W * H];
	double numbers[W * H];
	char named[256];

	for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
		bool is_signed = H5Tget_sign(types[t]) == H5T_SGN_2;

		for (int i = 0; i < W * H; i++) {
			int64_t mark = marks[(size_t)i % (H5Tget_size(types[t]) < 8 ? 6 : 8)];

			values[i] = truth[i] ? is_signed || mark > 0 ? mark : -mark : 0;
		}
		write_hdf5("/entry/instrument/detector/pixel_mask", types[t], values, H5T_NATIVE_INT64, 2 + (t & 1), t % 3 * 8);
		expect_truth(path);
	}
	for (int i = 0; i < W * H; i++)
		numbers[i] = truth[i] ? i & 1 ? 0.25 : NAN : -0.0;
	write_hdf5("/my/own", H5T_IEEE_F32BE, numbers, H5T_NATIVE_DOUBLE, 2, 0);
	snprintf(named, sizeof named, "%s:/my/own", path);
	expect_truth(named);
	expect_refusal(path, -EINVAL, "no mask where HDF5 files usually have it");
	snprintf(named, sizeof named, "%s:/my/other", path);
	expect_refusal(named, -EINVAL, "has no dataset /my/other");
}

static void hdf5_booleans_are_taken(void **state)
{
	hid_t type = H5Tenum_create(H5T_NATIVE_INT8);
	int8_t value = 0;

	H5Tenum_insert(type, "FALSE", &value);
	value = 1;
	H5Tenum_insert(type, "TRUE", &value);
	write_hdf5("/mask", type, truth, type, 2, 0);
	H5Tclose(type);
	expect_truth(path);
}

static void hdf5_files_that_lie_are_refused(void **state)
{
	hid_t text = H5Tcopy(H5T_C_S1);

	write_hdf5("/mask", H5T_STD_U8LE, NULL, 0, 4, 0);
	expect_refusal(path, -EINVAL, "not one two-dimensional image");
	write_hdf5("/mask", text, NULL, 0, 2, 0);
	expect_refusal(path, -EINVAL, "holds no numbers");
	write_hdf5("/mask", H5T_STD_U8LE, NULL, 0, 2, 100000000);
	expect_refusal(path, -EINVAL, "chunks are much larger");
	write_bytes("\211HDF\r\n\032\n and nothing else", 24);
	expect_refusal(path, -EBADMSG, "damaged HDF5");
	H5Tclose(text);
}

/* --- damage ------------------------------------------------------------------------------------------------------------------- */

static void damaged_files_are_read_or_refused(void **state)
{
	struct random r;
	uint8_t file[65536], *mask;

	random_seed(&r);
	for (int i = 0; i < 600; i++) {
		size_t len;
		int error;
		FILE *f;

		if (i % 3 == 0)
			write_npy("{'descr': '<u2', 'fortran_order': False, 'shape': (23, 37), }", 2, 0, 1, 0, 1);
		else if (i % 3 == 1)
			write_png(PNG_COLOR_TYPE_RGB, 8, i & 1, W);
		else
			write_tiff("w", 16, SAMPLEFORMAT_UINT, COMPRESSION_LZW, 0, W);
		f = fopen(path, "rb");
		len = fread(file, 1, sizeof file, f);
		fclose(f);
		for (uint32_t n = 1 + random_below(&r, 8); n; n--)
			file[random_below(&r, (uint32_t)len)] = (uint8_t)random_u64(&r);
		write_bytes(file, random_below(&r, 3) ? len : random_below(&r, (uint32_t)len));
		message[0] = 0;
		error = mask_file_read(&mask, path, W, H, message, sizeof message);
		assert_true(error ? message[0] && !mask : mask != NULL);
		free(mask);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(raw_bytes_are_taken_where_their_number_fits),
		cmocka_unit_test(numpy_arrays_of_every_type_are_taken),
		cmocka_unit_test(numpy_columns_first_are_turned),
		cmocka_unit_test(numpy_arrays_that_lie_are_refused),
		cmocka_unit_test(png_images_of_every_kind_are_taken),
		cmocka_unit_test(tiff_images_of_every_kind_are_taken),
		cmocka_unit_test(hdf5_datasets_of_every_type_are_taken),
		cmocka_unit_test(hdf5_booleans_are_taken),
		cmocka_unit_test(hdf5_files_that_lie_are_refused),
		cmocka_unit_test(damaged_files_are_read_or_refused),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
