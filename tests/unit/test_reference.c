/* test_reference.c - the reference engine by hand-made images, at its limits, and against the definitions in floating point.
 *
 * Recorded frames fix the arithmetic for kernel 3 and gain 1 (conformance/test_truth_*); here the rest of the range is compared with DIALS'
 * inequalities in long double, wherever those are not within rounding of a tie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/analysed.h"
#include "tests/support/random.h"

#define ALL (OUTPUT_TOTALS | OUTPUT_RADIAL | OUTPUT_STRONG | OUTPUT_SPOTS)

static struct random rng;

static struct plan_settings settings_of(uint32_t width, uint32_t height, enum pixel_type type)
{
	struct plan_settings s;

	plan_defaults(&s);
	s.shape = (struct image_shape){ width, height, type };
	return s;
}

static struct plan *make(const struct plan_settings *s)
{
	struct plan *plan;
	char message[200] = "";

	if (plan_make(&plan, s, 1, message, sizeof message))
		fail_msg("%s", message);
	return plan;
}

static void totals_tell_nodata_from_masked(void **state)
{
	struct plan_settings s = settings_of(4, 2, PIXEL_U16);
	static const uint16_t image[8] = { 65535, 3, 65534, 9, 65535, 9, 0, 4 };
	static const uint8_t mask[8] = { 1, 0, 0, 0, 0, 0, 0, 0 };

	s.user_mask = mask;
	s.saturation_value = 8;
	struct plan *plan = make(&s);
	struct analysed *a = analysed_pixels(&engine_reference, plan, image, ALL);
	assert_int_equal(a->status, 0);
	assert_int_equal(a->result.n_valid, 6);
	assert_int_equal(a->result.n_nodata, 1);
	assert_int_equal(a->result.n_saturated, 3);
	assert_int_equal(a->result.sum, 65534 + 3 + 9 + 9 + 4);
	assert_int_equal(a->result.max, 65534);
	assert_int_equal(a->result.max_index, 2);
	analysed_free(&a);
	plan_free(&plan);
	s.max_minus_1_invalid = true;
	s.saturation_value = UINT64_MAX;
	plan = make(&s);
	a = analysed_pixels(&engine_reference, plan, image, ALL);
	assert_int_equal(a->result.n_nodata, 2);
	assert_int_equal(a->result.n_saturated, 0);
	assert_int_equal(a->result.max, 9);
	assert_int_equal(a->result.max_index, 3); /* the first of two */
	analysed_free(&a);
	plan_free(&plan);
}

static void only_what_is_wanted_is_computed(void **state)
{
	struct plan_settings s = settings_of(40, 40, PIXEL_U16);
	static uint16_t image[1600];

	assert_int_equal(geometry_flat(&s.geometry, 100, 0, 0, 0.1, 0.1, 1), 0);
	image[820] = 100;
	image[821] = 100;
	image[822] = 100;
	struct plan *plan = make(&s);
	for (uint32_t wanted = 0; wanted <= ALL; wanted++) {
		struct analysed *a = analysed_pixels(&engine_reference, plan, image, wanted);
		uint64_t in_bins = 0;
		for (uint32_t b = 0; b < plan->n_bins; b++)
			in_bins += a->bin_sum[b];
		assert_int_equal(a->result.sum, wanted & OUTPUT_TOTALS ? 300 : 0);
		assert_int_equal(in_bins, wanted & OUTPUT_RADIAL ? 300 : 0);
		assert_int_equal(a->result.n_strong, wanted & (OUTPUT_STRONG | OUTPUT_SPOTS) ? 3 : 0);
		assert_int_equal(a->strong[0], wanted & OUTPUT_STRONG ? 820 : 0);
		assert_int_equal(a->result.n_spots, wanted & OUTPUT_SPOTS ? 1 : 0);
		analysed_free(&a);
	}
	plan_free(&plan);
}

static void degenerate_images_are_analysed(void **state)
{
	struct plan_settings s = settings_of(1, 1, PIXEL_U8);
	static const uint8_t one[1] = { 200 }, nodata[1] = { 255 };

	for (int algorithm = SPOTS_NONE; algorithm <= SPOTS_DISPERSION_EXTENDED; algorithm++) {
		s.algorithm = (enum spot_algorithm)algorithm;
		struct plan *plan = make(&s);
		struct analysed *a = analysed_pixels(&engine_reference, plan, one, ALL);
		assert_int_equal(a->result.sum, 200);
		assert_int_equal(a->result.n_strong, 0); /* one pixel is less than min_count */
		analysed_free(&a);
		a = analysed_pixels(&engine_reference, plan, nodata, ALL);
		assert_int_equal(a->result.n_valid, 0);
		assert_int_equal(a->result.n_nodata, 1);
		assert_int_equal(a->result.max, 0);
		analysed_free(&a);
		plan_free(&plan);
	}
}

static void masked_images_hold_nothing(void **state)
{
	struct plan_settings s = settings_of(20, 20, PIXEL_U32);
	static uint32_t image[400], mask[400];

	for (int i = 0; i < 400; i++) {
		image[i] = (uint32_t)random_u64(&rng);
		mask[i] = 1u << i % 32;
	}
	s.detector_mask = mask;
	assert_int_equal(geometry_flat(&s.geometry, 100, 0, 0, 0.1, 0.1, 1), 0);
	for (int algorithm = SPOTS_DISPERSION; algorithm <= SPOTS_DISPERSION_EXTENDED; algorithm++) {
		const struct result nothing = { 0 };
		s.algorithm = (enum spot_algorithm)algorithm;
		struct plan *plan = make(&s);
		struct analysed *a = analysed_pixels(&engine_reference, plan, image, ALL);
		assert_memory_equal(&a->result, &nothing, sizeof nothing);
		analysed_free(&a);
		plan_free(&plan);
	}
}

/* Three separate strong pixels in a quiet image, 10 apart. */
static void three_peaks(uint16_t image[900])
{
	memset(image, 0, 900 * sizeof *image);
	image[155] = image[165] = image[755] = 1000;
}

static void full_lists_are_empty_and_say_so(void **state)
{
	struct plan_settings s = settings_of(30, 30, PIXEL_U16);
	uint16_t image[900];

	three_peaks(image);
	s.min_pixels = 1;
	s.max_strong = 3;
	s.max_spots = 3;
	struct plan *plan = make(&s);
	struct analysed *a = analysed_pixels(&engine_reference, plan, image, ALL);
	assert_int_equal(a->result.n_strong, 3);
	assert_int_equal(a->result.n_spots, 3);
	assert_int_equal(a->result.overflow, 0);
	analysed_free(&a);
	plan_free(&plan);
	s.max_spots = 2;
	plan = make(&s);
	a = analysed_pixels(&engine_reference, plan, image, ALL);
	assert_int_equal(a->result.n_strong, 3);
	assert_int_equal(a->result.n_spots, 0);
	assert_int_equal(a->result.overflow, RESULT_OVERFLOW_SPOTS);
	assert_int_equal(a->strong[2], 755);
	analysed_free(&a);
	plan_free(&plan);
	s.max_strong = 2;
	plan = make(&s);
	a = analysed_pixels(&engine_reference, plan, image, ALL);
	assert_int_equal(a->result.n_strong, 3);
	assert_int_equal(a->result.n_spots, 0);
	assert_int_equal(a->result.overflow, RESULT_OVERFLOW_STRONG);
	analysed_free(&a);
	plan_free(&plan);
}

static void a_damaged_block_leaves_zeros(void **state)
{
	struct plan_settings s = settings_of(64, 64, PIXEL_U16);
	const struct result nothing = { 0 };
	static uint16_t image[4096];
	static uint8_t bytes[20000];

	for (int i = 0; i < 4096; i++)
		image[i] = (uint16_t)(i / 7 + random_below(&rng, 3));
	assert_int_equal(geometry_flat(&s.geometry, 100, 0, 0, 0.1, 0.1, 1), 0);
	struct plan *plan = make(&s);
	struct payload payload = { .bytes = bytes, .len_bytes = sizeof bytes, .codec = CODEC_BSLZ4, .shuffle_bytes = 2 };
	assert_int_equal(codec_encode(CODEC_BSLZ4, &s.shape, 0, image, bytes, &payload.len_bytes), 0);
	struct analysed *a = analysed_make(&engine_reference, plan, &payload, ALL);
	assert_int_equal(a->status, 0);
	assert_true(a->result.sum > 0);
	analysed_free(&a);
	memset(bytes + 16, 0xff, 20); /* the first block's LZ4, a literal of endless length; the framing stays whole */
	a = analysed_make(&engine_reference, plan, &payload, ALL);
	assert_int_equal(a->status, -EBADMSG);
	assert_memory_equal(&a->result, &nothing, sizeof nothing);
	for (uint32_t b = 0; b < plan->n_bins; b++)
		assert_true(a->bin_sum[b] == 0 && a->bin_count[b] == 0);
	analysed_free(&a);
	plan_free(&plan);
}

static void pixel_types_do_not_matter(void **state)
{
	enum { N = 50 * 50 };
	static uint8_t narrow[N];
	static uint16_t middle[N];
	static uint32_t wide[N];
	const void *images[PIXEL_TYPES] = { narrow, middle, wide };
	struct analysed *a[PIXEL_TYPES];

	for (int i = 0; i < N; i++)
		narrow[i] = random_below(&rng, 30) ? (uint8_t)random_below(&rng, 3) : (uint8_t)random_below(&rng, 255);
	for (int i = 0; i < N; i++)
		wide[i] = middle[i] = narrow[i];
	for (int type = 0; type < PIXEL_TYPES; type++) {
		struct plan_settings s = settings_of(50, 50, (enum pixel_type)type);
		struct plan *plan = make(&s);
		a[type] = analysed_pixels(&engine_reference, plan, images[type], ALL);
		assert_true(a[type]->result.n_strong > 0);
		assert_memory_equal(&a[type]->result, &a[0]->result, sizeof a[0]->result);
		assert_memory_equal(a[type]->strong, a[0]->strong, a[0]->result.n_strong * sizeof(uint32_t));
		plan_free(&plan);
	}
	for (int type = 0; type < PIXEL_TYPES; type++)
		analysed_free(&a[type]);
}

static void huge_pixels_stand_out_without_counting(void **state)
{
	struct plan_settings s = settings_of(20, 20, PIXEL_U32);
	static uint32_t image[400];

	for (int i = 0; i < 400; i++)
		image[i] = 10;
	image[210] = PLAN_BIG_PIXEL;
	struct plan *plan = make(&s);
	struct analysed *a = analysed_pixels(&engine_reference, plan, image, ALL);
	assert_int_equal(a->result.n_strong, 0); /* the window without it is flat */
	analysed_free(&a);
	image[212] = 10000; /* now the windows are not flat, and both stand out */
	a = analysed_pixels(&engine_reference, plan, image, ALL);
	assert_int_equal(a->result.n_strong, 2);
	assert_int_equal(a->strong[0], 210);
	assert_int_equal(a->strong[1], 212);
	analysed_free(&a);
	image[210] = PLAN_BIG_PIXEL - 1; /* counts, and hides its neighbour */
	a = analysed_pixels(&engine_reference, plan, image, ALL);
	assert_int_equal(a->result.n_strong, 1);
	assert_int_equal(a->strong[0], 210);
	analysed_free(&a);
	plan_free(&plan);
}

/* DIALS' definitions in long double over one image; undecided where a comparison is within rounding. */
struct naive {
	const struct plan_settings *s;
	const uint32_t *image, *mask;
	bool undecided;
};

static bool valid(const struct naive *n, long i)
{
	return !n->mask[i] && n->image[i] < 0xffffffffu;
}

static bool greater(struct naive *n, long double a, long double b)
{
	n->undecided |= a != b && fabsl(a - b) <= 1e-4L * (fabsl(a) + fabsl(b));
	return a > b;
}

/* Sums over a window; without: pixels to leave out. */
static void sums(const struct naive *n, long x, long y, long half, const bool *without, long double out[3])
{
	long w = n->s->shape.width, h = n->s->shape.height;

	out[0] = out[1] = out[2] = 0;
	for (long j = y - half; j <= y + half; j++)
		for (long i = x - half; i <= x + half; i++) {
			if (i < 0 || i >= w || j < 0 || j >= h || !valid(n, j * w + i) || n->image[j * w + i] >= 1u << 24 ||
			    (without && without[j * w + i]))
				continue;
			long double v = n->image[j * w + i];
			out[0] += 1;
			out[1] += v;
			out[2] += v * v;
		}
}

static bool naive_marked(struct naive *n, long x, long y, long double m[3])
{
	const struct plan_settings *s = n->s;

	sums(n, x, y, s->kernel, NULL, m);
	if (!valid(n, y * s->shape.width + x) || m[0] < s->min_count || m[0] < 1)
		return false;
	/* Index of dispersion above its limit: variance / mean, or the same without dividing by an empty window. */
	return greater(n, m[0] * m[2] - m[1] * m[1],
		       s->gain * m[1] * (m[0] - 1 + s->sigma_background * sqrtl(2 * (m[0] - 1)))) && m[1] > 0;
}

static bool naive_dispersion(struct naive *n, long x, long y)
{
	const struct plan_settings *s = n->s;
	long double m[3], p = n->image[y * s->shape.width + x];

	if (!naive_marked(n, x, y, m) || p <= s->threshold)
		return false;
	return m[0] * p > m[1] &&
	       (p >= 1u << 24 || greater(n, m[0] * p - m[1], s->sigma_strong * sqrtl(s->gain * m[1] * m[0])));
}

static bool naive_core(const struct naive *n, const bool *marked, long x, long y)
{
	long w = n->s->shape.width, h = n->s->shape.height, near = (long)n->s->kernel - 1;

	for (long j = y - near; j <= y + near; j++)
		for (long i = x - near; i <= x + near; i++)
			if (i >= 0 && i < w && j >= 0 && j < h && !marked[j * w + i] &&
			    (n->s->masked_is_background || valid(n, j * w + i)))
				return false;
	return marked[y * w + x];
}

static bool naive_extended(struct naive *n, const bool *core, long x, long y)
{
	const struct plan_settings *s = n->s;
	long double m[3], p = n->image[y * s->shape.width + x];

	if (!core[y * s->shape.width + x] || p <= s->threshold)
		return false;
	sums(n, x, y, s->kernel + 2, core, m);
	long double mean = m[0] < 2 ? 0 : m[1] / m[0], limit = mean + s->sigma_strong * sqrtl(s->gain * mean);
	return limit == 0 ? true : p == limit ? true : greater(n, p, limit);
}

/* Returns whether the image was decided. */
static bool compare_with_naive(const struct plan_settings *s, const uint32_t *image, const uint32_t *mask)
{
	enum { MOST = 40 * 40 };
	static bool marked[MOST], core[MOST], strong[MOST];
	struct naive n = { s, image, mask, false };
	long w = s->shape.width, h = s->shape.height;
	long double m[3];
	uint32_t count = 0;

	for (long i = 0; i < w * h; i++)
		marked[i] = naive_marked(&n, i % w, i / w, m);
	for (long i = 0; i < w * h; i++)
		core[i] = naive_core(&n, marked, i % w, i / w);
	for (long i = 0; i < w * h; i++) {
		strong[i] = s->algorithm == SPOTS_DISPERSION ? naive_dispersion(&n, i % w, i / w) : naive_extended(&n, core, i % w, i / w);
		count += strong[i];
	}
	if (n.undecided)
		return false;
	struct plan *plan = make(s);
	struct analysed *a = analysed_pixels(&engine_reference, plan, image, OUTPUT_STRONG);
	assert_int_equal(a->result.n_strong, count);
	for (uint32_t i = 0; i < count; i++)
		assert_true(strong[a->strong[i]]);
	analysed_free(&a);
	plan_free(&plan);
	return true;
}

static void every_setting_follows_the_inequalities(void **state)
{
	static uint32_t image[1600], mask[1600];
	int compared = 0, rounds = 1000;

	for (int round = 0; round < rounds; round++) {
		struct plan_settings s = settings_of(1 + random_below(&rng, 40), 1 + random_below(&rng, 40), PIXEL_U32);
		uint32_t background = 1 + random_below(&rng, 30), n = (uint32_t)image_pixels(&s.shape);
		s.algorithm = random_below(&rng, 2) ? SPOTS_DISPERSION : SPOTS_DISPERSION_EXTENDED;
		s.kernel = 1 + random_below(&rng, 6);
		s.gain = (1 + random_below(&rng, 8)) / 4.0;
		s.sigma_background = random_below(&rng, 12) / 2.0;
		s.sigma_strong = random_below(&rng, 10) / 2.0;
		s.min_count = 1 + random_below(&rng, 9);
		s.threshold = random_below(&rng, 3) ? 0 : random_below(&rng, 50);
		s.masked_is_background = random_below(&rng, 2);
		s.detector_mask = mask;
		s.max_strong = 2000;
		for (uint32_t i = 0; i < n; i++) {
			uint32_t kind = random_below(&rng, 60);
			image[i] = kind == 0 ? 0xffffffffu : kind == 1 ? (uint32_t)random_u64(&rng) : random_below(&rng, background);
			image[i] = kind > 1 && kind < 5 ? 100 + random_below(&rng, 300) : image[i];
			mask[i] = random_below(&rng, 20) == 0;
		}
		/* A broad bright patch, for the core of dispersion_extended. */
		for (uint32_t y = 0; y < 9; y++)
			for (uint32_t x = 0; x < 9 && s.shape.width > 20 && s.shape.height > 20; x++)
				image[(y + 8) * s.shape.width + x + 8] = 200 + random_below(&rng, 40);
		compared += compare_with_naive(&s, image, mask);
	}
	print_message("%d of %d images compared, the others have a near tie\n", compared, rounds);
	assert_true(compared > rounds / 3);
}

static void the_engine_says_what_it_can(void **state)
{
	struct engine_capabilities can;
	struct engine_context *context;
	struct engine_queue *queue;
	struct engine_config config = { .device = 1 };
	char words[100];

	assert_int_equal(engine_reference.probe(&config, words, sizeof words), -ENODEV);
	assert_int_equal(engine_reference.open(&context, &config), -ENODEV);
	config.device = 0;
	assert_int_equal(engine_reference.probe(&config, words, sizeof words), 0);
	assert_int_equal(engine_reference.open(&context, &config), 0);
	engine_reference.capabilities(context, &can);
	assert_true(can.max_bins >= 4096 && can.max_batch >= 1);
	assert_int_equal(can.pixel_types, 7);
	assert_int_equal(engine_reference.queue_open(context, &queue, 0), -EINVAL);
	assert_int_equal(engine_reference.queue_open(context, &queue, 100), 0);
	struct plan_settings s = settings_of(11, 10, PIXEL_U8);
	struct plan *plan = make(&s);
	struct engine_plan *loaded;
	struct engine_item item = { 0 };
	assert_int_equal(engine_reference.plan_load(context, &loaded, plan), 0);
	assert_int_equal(engine_reference.submit(queue, loaded, &item, 1), -EINVAL); /* larger than the queue was opened for */
	engine_reference.plan_drop(context, &loaded);
	engine_reference.queue_close(&queue);
	engine_reference.queue_close(&queue);
	engine_reference.queue_close(NULL);
	engine_reference.close(&context);
	engine_reference.close(NULL);
	plan_free(&plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(totals_tell_nodata_from_masked),
		cmocka_unit_test(only_what_is_wanted_is_computed),
		cmocka_unit_test(degenerate_images_are_analysed),
		cmocka_unit_test(masked_images_hold_nothing),
		cmocka_unit_test(full_lists_are_empty_and_say_so),
		cmocka_unit_test(a_damaged_block_leaves_zeros),
		cmocka_unit_test(pixel_types_do_not_matter),
		cmocka_unit_test(huge_pixels_stand_out_without_counting),
		cmocka_unit_test(every_setting_follows_the_inequalities),
		cmocka_unit_test(the_engine_says_what_it_can),
	};

	random_seed(&rng);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
