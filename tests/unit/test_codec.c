/* test_codec.c - what kernels/codec.h promises: round trips, the layouts bit by bit, and refusals.
 *
 * Payloads lie against a page that may not be touched, so that a read past their end is a crash. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernels/codec.h"
#include "tests/support/random.h"

#define HEAD 12u

static struct random rng;

/* Memory of which the byte behind the last is out of bounds for the machine itself. */
struct fence {
	uint8_t *map;
	size_t map_bytes;
};

static uint8_t *fence_open(struct fence *f, size_t n)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t body = (n + page - 1) / page * page;

	f->map_bytes = body + page;
	f->map = mmap(NULL, f->map_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(f->map != MAP_FAILED);
	assert_int_equal(mprotect(f->map + body, page, PROT_NONE), 0);
	return f->map + body - n;
}

static void fence_close(struct fence *f)
{
	assert_int_equal(munmap(f->map, f->map_bytes), 0);
}

/* Zeros, noise, small counts, or runs with noise: LZ4 finds matches in some and none in others. */
static uint8_t *make_image(const struct image_shape *shape)
{
	size_t n = image_bytes(shape);
	uint8_t *image = calloc(1, n);
	uint32_t kind = random_below(&rng, 4);

	assert_non_null(image);
	for (size_t i = 0; i < n; i++) {
		if (kind == 1 || (kind == 3 && random_below(&rng, 50) == 0))
			image[i] = (uint8_t)random_u64(&rng);
		else if (kind == 2 && i % pixel_bytes(shape->type) == 0)
			image[i] = (uint8_t)random_below(&rng, 4);
		else if (kind == 3)
			image[i] = (uint8_t)(i / 100);
	}
	return image;
}

static struct payload encode(enum codec codec, const struct image_shape *shape, uint32_t block_bytes,
			     const uint8_t *image)
{
	size_t len = codec_bound(codec, shape, block_bytes);
	uint8_t *bytes = malloc(len + 1);

	assert_non_null(bytes);
	assert_int_equal(codec_encode(codec, shape, block_bytes, image, bytes, &len), 0);
	return (struct payload){bytes, len, codec, (uint8_t)pixel_bytes(shape->type)};
}

/* A table with a guard behind its last entry. */
static struct block_table make_table(size_t capacity)
{
	struct block_table table = {.capacity = (uint32_t)capacity, .offset = calloc(capacity + 1, sizeof(uint32_t))};

	assert_non_null(table.offset);
	table.offset[capacity] = 0xdeadbeef;
	return table;
}

/* Building the table while copying says the same as building it, and copies all of a good payload, into fenced memory. */
static void assert_copied_alike(const struct payload *payload, const struct image_shape *shape, const struct block_table *built, int error)
{
	struct block_table table = make_table(built->capacity);
	struct fence fence;
	uint8_t *to = fence_open(&fence, payload->len_bytes);

	assert_int_equal(block_table_copy(&table, payload, shape, to), error);
	if (!error) {
		assert_memory_equal(to, payload->bytes, payload->len_bytes);
		assert_int_equal(table.n_blocks, built->n_blocks);
		assert_int_equal(table.last_bytes, built->last_bytes);
		assert_int_equal(table.tail_offset, built->tail_offset);
		assert_memory_equal(table.offset, built->offset, (table.n_blocks + (table.n_blocks > 0)) * sizeof(uint32_t));
	}
	assert_int_equal(table.offset[table.capacity], 0xdeadbeef);
	free(table.offset);
	fence_close(&fence);
}

/* What the table and the block decoder make of a payload: the first error, or 0 and the image in out. */
static int decode_by_blocks(const struct payload *payload, const struct image_shape *shape, uint8_t *out)
{
	struct block_table table = make_table(image_bytes(shape) + 2);
	int error = block_table_build(&table, payload, shape);
	uint8_t *scratch = error ? NULL : malloc(table.block_bytes + 1u);
	uint64_t covered = 0;

	assert_copied_alike(payload, shape, &table, error);
	for (uint32_t i = 0; !error && i < table.n_blocks; i++) {
		uint32_t size = i + 1 == table.n_blocks ? table.last_bytes : table.block_bytes;

		assert_true((uint64_t)table.offset[i] + block_table_length(&table, i) <= payload->len_bytes);
		error = codec_decode_block(payload, &table, i, out + covered, scratch);
		covered += size;
	}
	if (!error) {
		assert_int_equal(covered + table.tail_bytes, image_bytes(shape));
		memcpy(out + covered, payload->bytes + table.tail_offset, table.tail_bytes);
	}
	assert_int_equal(table.offset[table.capacity], 0xdeadbeef);
	free(scratch);
	free(table.offset);
	return error;
}

/* Both ways of decoding, from fenced memory into fenced memory; they must agree. */
static int decode_both(const struct payload *payload, const struct image_shape *shape, const void *expected)
{
	size_t n = image_bytes(shape);
	struct fence in_fence, out_fence;
	uint8_t *in = fence_open(&in_fence, payload->len_bytes), *out = fence_open(&out_fence, n);
	struct payload fenced = *payload;
	int whole, blocks;

	memcpy(in, payload->bytes, payload->len_bytes);
	fenced.bytes = in;
	memset(out, 0xa5, n);
	whole = codec_decode(&fenced, shape, out);
	if (!whole && expected)
		assert_memory_equal(out, expected, n);
	memset(out, 0x5a, n);
	blocks = decode_by_blocks(&fenced, shape, out);
	if (!blocks && expected)
		assert_memory_equal(out, expected, n);
	assert_int_equal(whole, blocks);
	fence_close(&in_fence);
	fence_close(&out_fence);
	return whole;
}

static void round_trip(enum codec codec, const struct image_shape *shape, uint32_t block_bytes)
{
	uint8_t *image = make_image(shape);
	struct payload payload = encode(codec, shape, block_bytes, image);

	assert_int_equal(decode_both(&payload, shape, image), 0);
	free((void *)payload.bytes);
	free(image);
}

static void every_codec_and_type_round_trips_at_odd_sizes(void **state)
{
	static const uint32_t sizes[][2] = {{1, 1},   {7, 1},	 {8, 1},     {9, 1},	{7, 5},	    {64, 64},
					    {65, 3}, {515, 53}, {1030, 51}, {4099, 2}, {65535, 1}, {1, 65535}};

	for (unsigned type = 0; type < PIXEL_TYPES; type++)
		for (unsigned codec = 0; codec < CODECS; codec++)
			for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
				struct image_shape shape = {sizes[i][0], sizes[i][1], (enum pixel_type)type};

				round_trip((enum codec)codec, &shape, 0);
				round_trip((enum codec)codec, &shape, 8u << type);
				round_trip((enum codec)codec, &shape, 96);
				round_trip((enum codec)codec, &shape, 65536);
				round_trip((enum codec)codec, &shape, 0x40000000);
			}
}

static void random_shapes_and_block_sizes_round_trip(void **state)
{
	for (int i = 0; i < 300; i++) {
		struct image_shape shape = {1 + random_below(&rng, 300), 1 + random_below(&rng, 60),
					    (enum pixel_type)random_below(&rng, 3)};
		enum codec codec = (enum codec)random_below(&rng, CODECS);
		uint32_t step = codec == CODEC_BSLZ4 ? 8 * pixel_bytes(shape.type) : 1;

		round_trip(codec, &shape, (1 + random_below(&rng, 2000)) * step);
	}
}

/* The definition, bit by bit. */
static void transposed_slowly(uint8_t *out, const uint8_t *in, size_t n, unsigned elem)
{
	memset(out, 0, n * elem);
	for (size_t bit = 0; bit < n * elem * 8; bit++) {
		size_t pixel = bit / (8 * elem), plane = bit % (8 * elem);
		unsigned set = in[bit / 8] >> bit % 8 & 1u;

		out[plane * (n / 8) + pixel / 8] |= (uint8_t)(set << pixel % 8);
	}
}

static void the_bit_transposition_is_as_defined(void **state)
{
	static uint8_t in[4 * 1048], out[4 * 1048 + 1], expected[4 * 1048];

	for (unsigned elem = 1; elem <= 4; elem *= 2)
		for (size_t n = 0; n <= 1048; n += 8) {
			for (size_t i = 0; i < n * elem; i++)
				in[i] = (uint8_t)random_u64(&rng);
			transposed_slowly(expected, in, n, elem);
			out[n * elem] = 0x77;
			codec_bitshuffle(out, in, n, elem);
			assert_memory_equal(out, expected, n * elem);
			codec_bitunshuffle(out, expected, n, elem);
			assert_memory_equal(out, in, n * elem);
			assert_int_equal(out[n * elem], 0x77);
		}
}

static void put_be(const uint8_t *p, uint64_t v, unsigned bytes)
{
	uint8_t *at = (uint8_t *)p;

	while (bytes--)
		*at++ = (uint8_t)(v >> 8 * bytes);
}

struct harm {
	const char *what;
	enum codec codec;
	uint32_t at, bytes;
	uint64_t value;
	int expected;
};

/* For an image of 4100 u16 pixels (a tail of 4 in bslz4) in blocks of 1024 bytes. */
static const struct harm harms[] = {
	{"total one more", CODEC_BSLZ4, 0, 8, 8201, -EMSGSIZE},
	{"total 0", CODEC_BSLZ4, 0, 8, 0, -EMSGSIZE},
	{"total 2^63", CODEC_BSLZ4, 0, 8, 1ull << 63, -EMSGSIZE},
	{"total one pixel less", CODEC_LZ4_FRAMED, 0, 8, 8198, -EMSGSIZE},
	{"total of the other byte order", CODEC_LZ4_FRAMED, 0, 8, 0x0820000000000000, -EMSGSIZE},
	{"block no multiple of 8 pixels", CODEC_BSLZ4, 8, 4, 1032, -ENOTSUP},
	{"block no whole pixel", CODEC_BSLZ4, 8, 4, 1, -ENOTSUP},
	{"block 0", CODEC_LZ4_FRAMED, 8, 4, 0, -ENOTSUP},
	{"more blocks than bytes", CODEC_BSLZ4, 8, 4, 16, -EBADMSG},
	{"more blocks than bytes", CODEC_LZ4_FRAMED, 8, 4, 1, -EBADMSG},
	{"block of another size", CODEC_BSLZ4, 8, 4, 2048, -EBADMSG},
	{"block of another size", CODEC_LZ4_FRAMED, 8, 4, 2048, -EBADMSG},
	{"block as big as can be", CODEC_LZ4_FRAMED, 8, 4, 0xffffffff, -EBADMSG},
	{"length 0", CODEC_BSLZ4, 12, 4, 0, -EBADMSG},
	{"length 1", CODEC_BSLZ4, 12, 4, 1, -EBADMSG},
	{"length 2^32 - 1", CODEC_BSLZ4, 12, 4, 0xffffffff, -EBADMSG},
	{"length 2^31", CODEC_LZ4_FRAMED, 12, 4, 0x80000000, -EBADMSG},
	{"length -12", CODEC_LZ4_FRAMED, 12, 4, 0xfffffff4, -EBADMSG},
	{"length 0", CODEC_LZ4_FRAMED, 12, 4, 0, -EBADMSG},
};

static void each_damaged_head_field_is_refused_with_its_reason(void **state)
{
	static const struct image_shape shape = {100, 41, PIXEL_U16};
	uint8_t *image = calloc(1, image_bytes(&shape));

	for (size_t i = 0; i < image_bytes(&shape); i += 2)
		image[i] = (uint8_t)random_below(&rng, 3);
	for (size_t i = 0; i < sizeof harms / sizeof *harms; i++) {
		const struct harm *h = &harms[i];
		struct payload payload = encode(h->codec, &shape, 1024, image);
		int error;

		assert_int_equal(decode_both(&payload, &shape, image), 0);
		put_be(payload.bytes + h->at, h->value, h->bytes);
		error = decode_both(&payload, &shape, NULL);
		if (error != h->expected)
			fail_msg("%s, %s: %d, not %d", codec_name(h->codec), h->what, error, h->expected);
		free((void *)payload.bytes);
	}
	free(image);
}

static void a_message_that_says_otherwise_is_refused(void **state)
{
	struct image_shape shape = {100, 41, PIXEL_U16}, other = shape;
	uint8_t *image = make_image(&shape);
	struct payload payload = encode(CODEC_BSLZ4, &shape, 1024, image), wrong = payload;

	wrong.shuffle_bytes = 4;
	assert_int_equal(decode_both(&wrong, &shape, NULL), -ENOTSUP);
	wrong.shuffle_bytes = 0;
	assert_int_equal(decode_both(&wrong, &shape, NULL), -ENOTSUP);
	wrong.codec = (enum codec)7;
	assert_int_equal(decode_both(&wrong, &shape, NULL), -ENOTSUP);
	wrong = payload;
	wrong.len_bytes = UINT32_MAX;
	assert_int_equal(codec_decode(&wrong, &shape, image), -ENOTSUP);
	other.height++;
	assert_int_equal(decode_both(&payload, &other, NULL), -EMSGSIZE);
	other.height = 0;
	assert_int_equal(codec_decode(&payload, &other, image), -ENOTSUP);
	other.height = 65536;
	assert_int_equal(codec_decode(&payload, &other, image), -ENOTSUP);
	free((void *)payload.bytes);
	free(image);
}

static void every_truncation_is_refused_and_so_are_trailing_bytes(void **state)
{
	static const struct image_shape shape = {37, 31, PIXEL_U16};

	for (unsigned codec = 0; codec < CODECS; codec++) {
		uint8_t *image = make_image(&shape);
		struct payload whole = encode((enum codec)codec, &shape, 256, image), payload = whole;
		uint8_t *longer = calloc(1, whole.len_bytes + 1);

		for (payload.len_bytes = 0; payload.len_bytes < whole.len_bytes; payload.len_bytes++)
			assert_int_not_equal(decode_both(&payload, &shape, NULL), 0);
		memcpy(longer, whole.bytes, whole.len_bytes);
		payload.bytes = longer;
		payload.len_bytes = whole.len_bytes + 1;
		assert_int_equal(decode_both(&payload, &shape, NULL), codec == CODEC_NONE ? -EMSGSIZE : -EBADMSG);
		free(longer);
		free((void *)whole.bytes);
		free(image);
	}
}

/* Whatever flipped bits become, both decoders say the same and stay inside their buffers. */
static void flipped_bits_never_lead_out_of_the_buffers(void **state)
{
	static const struct image_shape shape = {37, 31, PIXEL_U32};

	for (int i = 0; i < 2000; i++) {
		uint8_t *image = make_image(&shape);
		struct payload payload = encode((enum codec)random_below(&rng, CODECS), &shape, 512, image);

		for (uint32_t n = 1 + random_below(&rng, 4); n > 0; n--)
			((uint8_t *)payload.bytes)[random_below(&rng, (uint32_t)payload.len_bytes)] ^=
				(uint8_t)(1u << random_below(&rng, 8));
		decode_both(&payload, &shape, NULL);
		free((void *)payload.bytes);
		free(image);
	}
}

static void a_bslz4_head_with_block_size_0_means_the_filters_default(void **state)
{
	for (unsigned type = 0; type < PIXEL_TYPES; type++) {
		struct image_shape shape = {1030, 51, (enum pixel_type)type};
		uint8_t *image = make_image(&shape);
		struct payload payload = encode(CODEC_BSLZ4, &shape, 8192, image);

		put_be(payload.bytes + 8, 0, 4);
		assert_int_equal(decode_both(&payload, &shape, image), 0);
		free((void *)payload.bytes);
		free(image);
	}
}

/* 16 zero bytes of length 16 are a stored block to framed lz4 and a broken LZ4 block to bslz4. */
static void a_block_as_long_as_its_content_is_stored_in_framed_lz4_alone(void **state)
{
	static const struct image_shape shape = {16, 1, PIXEL_U8};
	static const uint8_t zeros[16];
	uint8_t bytes[HEAD + 4 + 16] = {0};
	struct payload payload = {bytes, sizeof bytes, CODEC_BSLZ4, 1};

	put_be(bytes, 16, 8);
	put_be(bytes + 8, 16, 4);
	put_be(bytes + 12, 16, 4);
	assert_int_equal(decode_both(&payload, &shape, NULL), -EBADMSG);
	payload.codec = CODEC_LZ4_FRAMED;
	assert_int_equal(decode_both(&payload, &shape, zeros), 0);
}

static void incompressible_framed_blocks_are_stored(void **state)
{
	static const struct image_shape shape = {1000, 3, PIXEL_U8};
	uint8_t image[3000];
	struct payload payload;

	for (size_t i = 0; i < sizeof image; i++)
		image[i] = (uint8_t)random_u64(&rng);
	payload = encode(CODEC_LZ4_FRAMED, &shape, 1024, image);
	assert_int_equal(payload.len_bytes, HEAD + 3 * 4 + 3000);
	assert_memory_equal(payload.bytes + HEAD + 4, image, 1024);
	assert_int_equal(decode_both(&payload, &shape, image), 0);
	free((void *)payload.bytes);
}

static void a_full_table_or_buffer_is_said(void **state)
{
	static const struct image_shape shape = {100, 41, PIXEL_U16};
	static const uint32_t needed[CODECS] = {[CODEC_BSLZ4] = 9, [CODEC_LZ4_FRAMED] = 10, [CODEC_LZ4_RAW] = 2};
	uint8_t *image = make_image(&shape);

	for (unsigned codec = 0; codec < CODECS; codec++) {
		struct payload payload = encode((enum codec)codec, &shape, 1024, image);
		struct block_table table = make_table(needed[codec]);
		uint8_t *out = malloc(payload.len_bytes);

		assert_int_equal(block_table_build(&table, &payload, &shape), 0);
		assert_int_equal(table.n_blocks + (codec != CODEC_NONE), needed[codec]);
		assert_true(needed[codec] <= block_table_entries(image_bytes(&shape), 1024));
		if (table.capacity > 0) {
			table.offset[--table.capacity] = 0xdeadbeef;
			assert_int_equal(block_table_build(&table, &payload, &shape), -ENOSPC);
			assert_int_equal(table.offset[table.capacity], 0xdeadbeef);
		}
		for (size_t len = 0; len < payload.len_bytes; len++) {
			size_t room = len;

			assert_int_equal(codec_encode((enum codec)codec, &shape, 1024, image, out, &room), -ENOSPC);
		}
		free(table.offset);
		free(out);
		free((void *)payload.bytes);
	}
	free(image);
}

/* 15 literals (a token, an extension byte), a match of 5 at distance 1, 14 literals: 34 bytes that hold 34. With a head they would be taken as stored. */
static void headless_lz4_as_long_as_its_image_is_decoded(void **state)
{
	static const struct image_shape shape = {34, 1, PIXEL_U8};
	uint8_t block[34] = {0xf1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 1, 0, 0xe0};
	uint8_t image[34];
	struct payload raw = {block, sizeof block, CODEC_LZ4_RAW, 0};

	assert_int_equal(codec_decode(&raw, &shape, image), 0);
	assert_int_equal(decode_both(&raw, &shape, image), 0);
	assert_int_equal(image[19], 15);
	block[17] = 200; /* a distance to before the beginning */
	assert_int_equal(codec_decode(&raw, &shape, image), -EBADMSG);
}

static uint8_t *read_file(const char *path, size_t *n)
{
	FILE *f = fopen(path, "rb");
	uint8_t *bytes;

	if (!f)
		return NULL;
	bytes = malloc(4 << 20);
	assert_non_null(bytes);
	*n = fread(bytes, 1, 4 << 20, f);
	fclose(f);
	return bytes;
}

struct capture {
	const char *path;
	struct image_shape shape;
	uint64_t good, sum;
};

/* Good pixels and sums as the recorded data's own description states them. */
static const struct capture captures[] = {
	{"v1_eiger2_4m_mx_u16_bslz4_header_all/0001.2", {2068, 2162, PIXEL_U16}, 4210130, 421390},
	{"v1_eiger1_4m_u16_bslz4_header_basic/0001.2", {2070, 2167, PIXEL_U16}, 4234393, 4609824},
	{"v1_eiger1_4m_u16_bslz4_header_basic/0002.2", {2070, 2167, PIXEL_U16}, 4234393, 4609824},
	{"v1_eiger1_4m_u16_bslz4_header_basic/0003.2", {2070, 2167, PIXEL_U16}, 4234393, 4609824},
};

static void check_capture(const struct capture *c, struct payload payload)
{
	uint16_t *image = malloc(image_bytes(&c->shape));
	uint64_t good = 0, sum = 0;

	assert_int_equal(codec_decode(&payload, &c->shape, image), 0);
	assert_int_equal(decode_both(&payload, &c->shape, image), 0);
	for (size_t p = 0; p < image_pixels(&c->shape); p++)
		if (image[p] != 0xffff) {
			good++;
			sum += image[p];
		}
	assert_int_equal(good, c->good);
	assert_int_equal(sum, c->sum);
	free(image);
}

static void recorded_images_decode_to_their_known_sums(void **state)
{
	const char *data = getenv("SLUICE_DATA"), *source = getenv("SLUICE_SOURCE");

	for (size_t i = 0; i < sizeof captures / sizeof *captures; i++) {
		struct payload payload = {.codec = CODEC_BSLZ4, .shuffle_bytes = 2};
		char path[4096];

		snprintf(path, sizeof path, "%s%s/streams/%s", data ? data : source ? source : ".",
			 data ? "" : "/../shared/data", captures[i].path);
		payload.bytes = read_file(path, &payload.len_bytes);
		if (!payload.bytes) {
			print_message("skipped: recorded data absent: %s\n", path);
			skip();
		}
		check_capture(&captures[i], payload);
		free((void *)payload.bytes);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_codec_and_type_round_trips_at_odd_sizes),
		cmocka_unit_test(random_shapes_and_block_sizes_round_trip),
		cmocka_unit_test(the_bit_transposition_is_as_defined),
		cmocka_unit_test(each_damaged_head_field_is_refused_with_its_reason),
		cmocka_unit_test(a_message_that_says_otherwise_is_refused),
		cmocka_unit_test(every_truncation_is_refused_and_so_are_trailing_bytes),
		cmocka_unit_test(flipped_bits_never_lead_out_of_the_buffers),
		cmocka_unit_test(a_bslz4_head_with_block_size_0_means_the_filters_default),
		cmocka_unit_test(a_block_as_long_as_its_content_is_stored_in_framed_lz4_alone),
		cmocka_unit_test(incompressible_framed_blocks_are_stored),
		cmocka_unit_test(a_full_table_or_buffer_is_said),
		cmocka_unit_test(headless_lz4_as_long_as_its_image_is_decoded),
		cmocka_unit_test(recorded_images_decode_to_their_known_sums),
	};

	random_seed(&rng);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
