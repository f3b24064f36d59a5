/* test_equality.c - every engine returns what the reference returns, over made frames: random, extreme and damaged ones.
 *
 * Each case is a plan, an image and a payload; tests/support/equality.h compares. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/edge.h"
#include "tests/support/equality.h"
#include "tests/support/random.h"

static struct random rng;

enum fill { FILL_ZERO, FILL_MAX, FILL_MAX_MINUS_1, FILL_NOISE, FILL_COUNTS, FILL_SPOTS, FILL_BRIGHT, FILL_EXTREMES, FILL_STRIPES, FILL_EDGE, FILL_HUNDREDS, FILLS };

static uint32_t few_counts(uint32_t mean_times_16)
{
	uint32_t n = 0;

	for (int i = 0; i < 16; i++)
		n += random_below(&rng, 256) < mean_times_16;
	return n;
}

/* Round heaps of counts, some of them past what the type holds. */
static void add_spots(uint32_t *v, const struct image_shape *s, uint32_t n_spots)
{
	while (n_spots--) {
		uint32_t cx = random_below(&rng, s->width), cy = random_below(&rng, s->height);
		uint64_t top = random_u64(&rng) >> (34 + random_below(&rng, 28));

		for (int64_t y = (int64_t)cy - 2; y <= (int64_t)cy + 2; y++)
			for (int64_t x = (int64_t)cx - 2; x <= (int64_t)cx + 2; x++) {
				int64_t r2 = (x - cx) * (x - cx) + (y - cy) * (y - cy);

				if (x < 0 || y < 0 || x >= s->width || y >= s->height)
					continue;
				uint64_t sum = v[y * s->width + x] + (top >> r2);
				v[y * s->width + x] = sum > pixel_max(s->type) ? pixel_max(s->type) : (uint32_t)sum;
			}
	}
}

static uint32_t fill_pixel(enum fill fill, uint32_t max, size_t i, uint32_t level)
{
	switch (fill) {
	case FILL_MAX:
		return max;
	case FILL_MAX_MINUS_1:
		return max - 1;
	case FILL_NOISE:
		return (uint32_t)random_u64(&rng) & max;
	case FILL_COUNTS:
	case FILL_SPOTS:
		return few_counts(level);
	case FILL_BRIGHT: /* around 2^8, 2^16, 2^24, where widths end */
		return ((1u << 8 * (1 + level % 3)) - 8 + random_below(&rng, 16)) & max;
	case FILL_EXTREMES:
		return random_below(&rng, 3) == 0 ? max - random_below(&rng, 3) : random_below(&rng, 2);
	case FILL_STRIPES:
		return i / 5 % 7 == 0 ? (0x1000003u * level) & max : 1;
	case FILL_HUNDREDS: /* up to 1300, in waves, so that some parts are much brighter than others */
		return (level * level / 64 * (i / 97 % 5) / 4 + few_counts(level)) & max;
	case FILL_EDGE:
		return (PLAN_BIG_PIXEL - 20 + random_below(&rng, 21)) & max;
	default:
		return 0;
	}
}

/* calm: no value is both valid and so large that the CPU engine's short way declines the frame. */
static uint8_t *make_image(const struct image_shape *s, enum fill fill, bool calm)
{
	size_t n = image_pixels(s);
	uint32_t *v = malloc(n * sizeof *v);
	uint8_t *image = malloc(image_bytes(s));
	uint32_t level = random_below(&rng, random_below(&rng, 2) ? 256 : 32), per_spot = random_below(&rng, 2) ? 300 : 5000;

	for (size_t i = 0; i < n; i++)
		v[i] = fill_pixel(fill, pixel_max(s->type), i, level);
	for (size_t i = 0; i < n && (fill == FILL_COUNTS || fill == FILL_SPOTS); i++)
		assert_true(v[i] <= 16); /* a compiler once made it -16 */
	if (fill == FILL_SPOTS || fill == FILL_HUNDREDS)
		add_spots(v, s, (uint32_t)(n / per_spot + 1));
	if (fill != FILL_ZERO && random_below(&rng, 3) == 0)
		for (size_t i = 0; i < n / 50; i++)
			v[random_below(&rng, (uint32_t)n)] = pixel_max(s->type) - random_below(&rng, 2);
	if (calm)
		for (size_t i = 0; i < n; i++)
			v[i] = v[i] < PLAN_BIG_PIXEL || v[i] == pixel_max(s->type) ? v[i] : PLAN_BIG_PIXEL - 1;
	for (size_t i = 0; i < n; i++)
		memcpy(image + (i << s->type), &v[i], pixel_bytes(s->type)); /* little-endian */
	free(v);
	return image;
}

struct test_case {
	struct plan_settings settings;
	enum fill fill;
	enum codec codec;
	uint32_t block_bytes; /* 0: the default */
	uint32_t wanted;
	bool damaged, masked, masked_whole, calm;
};

static uint8_t *make_mask(const struct test_case *t)
{
	size_t n = image_pixels(&t->settings.shape);
	uint8_t *mask = calloc(1, n);

	for (size_t i = 0; i < n; i++)
		mask[i] = t->masked_whole || random_below(&rng, 20) == 0 || i % t->settings.shape.width % 41 > 38;
	return mask;
}

static void flip_bytes(const struct payload *payload)
{
	for (uint32_t n = 1 + random_below(&rng, 3); n > 0; n--)
		((uint8_t *)payload->bytes)[random_below(&rng, (uint32_t)payload->len_bytes)] ^=
			(uint8_t)(1 + random_below(&rng, 255));
}

static void run_case(struct test_case *t, const char *name)
{
	const struct image_shape *shape = &t->settings.shape;
	uint8_t *mask = t->masked ? make_mask(t) : NULL, *image = make_image(shape, t->fill, t->calm), *bytes, *exact;
	size_t len = codec_bound(t->codec, shape, t->block_bytes), entries = block_table_entries(image_bytes(shape), 1);
	struct block_table blocks = {.capacity = (uint32_t)entries, .offset = malloc(entries * sizeof(uint32_t))};
	struct plan *plan = NULL;
	char message[256] = "";

	t->settings.user_mask = mask;
	if (plan_make(&plan, &t->settings, 1, message, sizeof message))
		fail_msg("%s: no plan: %s", name, message);
	bytes = malloc(len);
	assert_int_equal(codec_encode(t->codec, shape, t->block_bytes, image, bytes, &len), 0);
	exact = memcpy(edge_alloc(len), bytes, len); /* a read past it ends the test */
	free(bytes);

	struct payload payload = {exact, len, t->codec, (uint8_t)pixel_bytes(shape->type)};
	struct equality_frame frame = {plan, &payload, &blocks, t->wanted};

	if (t->damaged)
		flip_bytes(&payload);
	if (block_table_build(&blocks, &payload, shape) == 0)
		equality_check(&frame, name);
	else
		assert_true(t->damaged);
	plan_free(&plan);
	free(blocks.offset);
	edge_free(exact, len);
	free(image);
	free(mask);
}

#define ALL_OUTPUTS (OUTPUT_TOTALS | OUTPUT_RADIAL | OUTPUT_STRONG | OUTPUT_SPOTS)

static struct test_case plain_case(uint32_t width, uint32_t height, enum pixel_type type)
{
	struct test_case t = {.codec = CODEC_BSLZ4, .fill = FILL_SPOTS, .wanted = ALL_OUTPUTS, .masked = true};

	plan_defaults(&t.settings);
	t.settings.shape = (struct image_shape){width, height, type};
	t.settings.max_strong = 100000;
	t.settings.max_spots = 10000;
	assert_int_equal(geometry_flat(&t.settings.geometry, 100.0, width * 0.4, height * 0.6, 0.075, 0.075, 1.0), 0);
	return t;
}

static const uint32_t sizes[][2] = {{1, 1},   {1, 9},	{9, 1},	   {7, 5},    {8, 8},	 {13, 40},  {31, 31},
				    {64, 3},  {65, 20}, {100, 41}, {257, 33}, {300, 64}, {515, 53}, {1000, 7}};
#define N_SIZES (sizeof sizes / sizeof *sizes)

static void random_settings(struct plan_settings *s)
{
	s->algorithm = (enum spot_algorithm)random_below(&rng, 3);
	s->kernel = 1 + random_below(&rng, PLAN_K_MAX);
	s->sigma_background = random_below(&rng, 9);
	s->sigma_strong = random_below(&rng, 6);
	s->gain = (double[]){0.5, 1.0, 1.0, 2.25}[random_below(&rng, 4)];
	s->min_count = random_below(&rng, 2) ? 2 : 1 + random_below(&rng, (2 * s->kernel + 1) * (2 * s->kernel + 1));
	s->threshold = random_below(&rng, 3) == 0 ? random_below(&rng, 30) : 0;
	s->masked_is_background = random_below(&rng, 2);
	s->max_minus_1_invalid = random_below(&rng, 2);
	s->saturation_value = random_below(&rng, 2) ? UINT64_MAX : random_below(&rng, 300);
	s->eight_neighbours = random_below(&rng, 2);
	s->min_pixels = 1 + random_below(&rng, 4);
	s->max_pixels = 1 + s->min_pixels + random_below(&rng, 1000);
	s->radial_bins = 1 + random_below(&rng, random_below(&rng, 2) ? 4096 : 50);
	s->radial_sectors = 1 + random_below(&rng, 12);
	s->radial_unit = (enum radial_unit)random_below(&rng, 3);
	if (random_below(&rng, 8) == 0)
		s->geometry.known = false;
	if (random_below(&rng, 4) == 0)
		s->max_strong = 1 + random_below(&rng, 200);
	if (random_below(&rng, 4) == 0)
		s->max_spots = 1 + random_below(&rng, 20);
}

static struct test_case random_case(void)
{
	const uint32_t *size = sizes[random_below(&rng, N_SIZES)];
	struct test_case t = plain_case(size[0], size[1], (enum pixel_type)random_below(&rng, PIXEL_TYPES));

	random_settings(&t.settings);
	t.fill = (enum fill)random_below(&rng, FILLS);
	t.codec = (enum codec)random_below(&rng, CODECS);
	t.block_bytes = (1 + random_below(&rng, random_below(&rng, 2) ? 8 : 2048)) * 32;
	t.wanted = random_below(&rng, 3) ? ALL_OUTPUTS : random_below(&rng, ALL_OUTPUTS + 1);
	t.masked = random_below(&rng, 3) != 0;
	return t;
}

static void random_frames_are_analysed_alike(void **state)
{
	for (int i = random_cases(1500); i > 0; i--) {
		struct test_case t = random_case();

		run_case(&t, "random frame");
	}
}

static void every_fill_type_and_kernel_is_analysed_alike(void **state)
{
	for (unsigned type = 0; type < PIXEL_TYPES; type++)
		for (uint32_t k = 1; k <= PLAN_K_MAX; k++)
			for (unsigned fill = 0; fill < FILLS; fill++)
				for (unsigned extended = 0; extended < 2; extended++) {
					struct test_case t = plain_case(101, 47, (enum pixel_type)type);

					t.settings.kernel = k;
					t.settings.algorithm = extended ? SPOTS_DISPERSION_EXTENDED : SPOTS_DISPERSION;
					t.fill = (enum fill)fill;
					t.masked = random_below(&rng, 2);
					run_case(&t, "fill");
				}
}

/* Bright windows leave the flat ones' short cuts. */
static void loose_tests_that_make_most_pixels_strong_are_alike(void **state)
{
	for (int i = random_cases(60); i > 0; i--) {
		struct test_case t = random_case();

		t.settings.algorithm = i % 2 ? SPOTS_DISPERSION : SPOTS_DISPERSION_EXTENDED;
		t.settings.sigma_background = 0;
		t.settings.sigma_strong = 0;
		t.settings.gain = 0.01;
		run_case(&t, "loose tests");
	}
}

/* A pixel from 2^24 on need not stand out by the factor that smaller ones must. */
static void big_pixels_among_almost_big_ones_are_alike(void **state)
{
	for (uint32_t k = 1; k <= PLAN_K_MAX; k++)
		for (unsigned extended = 0; extended < 2; extended++) {
			struct test_case t = plain_case(101, 47, PIXEL_U32);

			t.settings.algorithm = extended ? SPOTS_DISPERSION_EXTENDED : SPOTS_DISPERSION;
			t.settings.kernel = k;
			t.settings.sigma_strong = 2800.0 / ((2 * k + 5) * (2 * k + 5)); /* nearly the most a plan takes */
			t.settings.sigma_background = 0;
			t.fill = FILL_EDGE;
			run_case(&t, "big pixels");
		}
}

static void images_without_a_usable_pixel_are_analysed_alike(void **state)
{
	for (unsigned type = 0; type < PIXEL_TYPES; type++) {
		struct test_case t = plain_case(100, 41, (enum pixel_type)type);

		t.masked_whole = true;
		run_case(&t, "all masked");
		t.masked = t.masked_whole = false;
		t.fill = FILL_MAX;
		run_case(&t, "all no data");
		t.fill = FILL_MAX_MINUS_1;
		t.settings.max_minus_1_invalid = true;
		run_case(&t, "all no data but one");
	}
}

static void every_codec_and_block_size_is_analysed_alike(void **state)
{
	static const uint32_t blocks[] = {32, 64, 96, 1024, 8192, 65536, 1u << 20};

	for (unsigned type = 0; type < PIXEL_TYPES; type++)
		for (unsigned codec = 0; codec < CODECS; codec++)
			for (size_t b = 0; b < sizeof blocks / sizeof *blocks; b++) {
				struct test_case t = plain_case(257, 35, (enum pixel_type)type);

				t.codec = (enum codec)codec;
				t.block_bytes = blocks[b];
				run_case(&t, "block size");
			}
}

static void whole_modules_are_analysed_alike(void **state)
{
	static const uint32_t modules[][2] = {{515, 532}, {1028, 512}, {192, 192}, {1030, 514}};

	for (unsigned i = 0; i < 4; i++)
		for (unsigned type = 0; type < PIXEL_TYPES; type++) {
			struct test_case t = plain_case(modules[i][0], modules[i][1], (enum pixel_type)type);

			t.settings.algorithm = (type + i) % 2 ? SPOTS_DISPERSION_EXTENDED : SPOTS_DISPERSION;
			run_case(&t, "module");
		}
}

static void the_widest_rows_are_analysed_alike(void **state)
{
	static const uint32_t shapes[][2] = {{65535, 9}, {9, 65535}};

	for (unsigned i = 0; i < 2; i++)
		for (unsigned type = 0; type < PIXEL_TYPES; type++) {
			struct test_case t = plain_case(shapes[i][0], shapes[i][1], (enum pixel_type)type);

			t.fill = type == PIXEL_U8 ? FILL_MAX_MINUS_1 : FILL_NOISE;
			t.settings.max_strong = 600000;
			run_case(&t, "widest");
		}
}

/* What detectors send most: bslz4 in blocks of whole groups of 512 pixels, windows of 7. Engines may have a shorter way for it, and the CPU engine
 * tries that less often after frames that were not for it: most of these are. */
static struct test_case usual_case(void)
{
	uint32_t width = 64 + random_below(&rng, random_below(&rng, 2) ? 80 : 1100), height = 1 + random_below(&rng, 150000 / width);
	struct test_case t = plain_case(width, height, (enum pixel_type)random_below(&rng, PIXEL_TYPES));
	struct plan_settings *s = &t.settings;

	if (random_below(&rng, 2)) {
		random_settings(s);
		s->saturation_value = random_below(&rng, 2) ? UINT64_MAX : 20 + random_below(&rng, 200);
		s->radial_sectors = random_below(&rng, 3) ? 1 : s->radial_sectors;
		s->radial_unit = RADIAL_RADIUS;
		s->radial_range_auto = random_below(&rng, 2);
		s->radial_min = 0.1 * random_below(&rng, 40);
		s->radial_max = s->radial_min + 1 + random_below(&rng, 60);
	}
	s->kernel = 3;
	s->min_count = 1 + random_below(&rng, 4);
	s->algorithm = SPOTS_DISPERSION;
	t.calm = random_below(&rng, 8) > 0;
	t.fill = t.calm ? (enum fill[]){FILL_COUNTS, FILL_SPOTS, FILL_HUNDREDS, FILL_ZERO}[random_below(&rng, 4)] : (enum fill)random_below(&rng, FILLS);
	t.block_bytes = random_below(&rng, 2) ? 8192 : (512u << s->shape.type) * (1 + random_below(&rng, 16 >> s->shape.type));
	t.masked = random_below(&rng, 2);
	t.damaged = random_below(&rng, 8) == 0;
	return t;
}

static void usual_frames_are_analysed_alike(void **state)
{
	for (int i = random_cases(500); i > 0; i--) {
		struct test_case t = usual_case();

		run_case(&t, "usual frame");
	}
}

static void full_lists_overflow_alike(void **state)
{
	for (int i = random_cases(40); i > 0; i--) {
		struct test_case t = plain_case(257, 33, (enum pixel_type)random_below(&rng, PIXEL_TYPES));

		t.settings.max_strong = 1 + random_below(&rng, 300);
		t.settings.max_spots = 1 + random_below(&rng, 30);
		t.settings.min_pixels = 1;
		run_case(&t, "full lists");
	}
}

static void damaged_payloads_have_the_same_status(void **state)
{
	for (int i = random_cases(600); i > 0; i--) {
		struct test_case t = random_case();

		t.damaged = true;
		run_case(&t, "damaged");
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(usual_frames_are_analysed_alike), /* before any frame that is not usual */
		cmocka_unit_test(every_fill_type_and_kernel_is_analysed_alike),
		cmocka_unit_test(big_pixels_among_almost_big_ones_are_alike),
		cmocka_unit_test(images_without_a_usable_pixel_are_analysed_alike),
		cmocka_unit_test(every_codec_and_block_size_is_analysed_alike),
		cmocka_unit_test(loose_tests_that_make_most_pixels_strong_are_alike),
		cmocka_unit_test(full_lists_overflow_alike),
		cmocka_unit_test(random_frames_are_analysed_alike),
		cmocka_unit_test(damaged_payloads_have_the_same_status),
		cmocka_unit_test(the_widest_rows_are_analysed_alike),
		cmocka_unit_test(whole_modules_are_analysed_alike),
	};

	random_seed(&rng);
	return cmocka_run_group_tests(tests, equality_open, equality_close);
}
