/* test_spots.c - what kernels/spots.h promises: components, their exact sums, filters, order and caps; random images against a flood fill. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/spots.h"
#include "tests/support/random.h"

#define LIST_MAX 4096

static struct random rng;

static struct plan plan_of(uint32_t width, uint32_t height)
{
	return (struct plan){ .shape = { width, height, PIXEL_U32 }, .min_pixels = 1, .max_pixels = 1000, .max_spots = LIST_MAX };
}

/* Labels the non-zero pixels of an image. */
static int label(const struct plan *plan, const uint32_t *image, struct spot *spots)
{
	static uint32_t strong[LIST_MAX], value[LIST_MAX];
	uint32_t n = 0;

	for (uint32_t i = 0; i < image_pixels(&plan->shape); i++)
		if (image[i]) {
			assert_true(n < LIST_MAX);
			strong[n] = i;
			value[n++] = image[i];
		}
	/* Exactly as much scratch as was asked for, so that a sanitizer sees one byte too many. */
	void *scratch = malloc(spots_scratch_bytes(plan, n) + (n == 0));
	int n_spots = spots_label(plan, strong, value, n, spots, scratch);
	free(scratch);
	return n_spots;
}

static void a_spot_is_summed_exactly(void **state)
{
	struct plan plan = plan_of(5, 4);
	static const uint32_t image[20] = { 0, 0, 0, 0, 0,
					    0, 0, 5, 7, 0,
					    0, 0, 7, 0, 0,
					    0, 0, 0, 0, 0 };
	struct spot spot;

	assert_int_equal(label(&plan, image, &spot), 1);
	assert_int_equal(spot.n_px, 3);
	assert_int_equal(spot.sum, 19);
	assert_int_equal(spot.sum_x, 5 * 2 + 7 * 3 + 7 * 2);
	assert_int_equal(spot.sum_y, 5 * 1 + 7 * 1 + 7 * 2);
	assert_int_equal(spot.max, 7);
	assert_int_equal(spot.max_index, 8); /* the first of two */
	assert_int_equal(spot.x_min, 2);
	assert_int_equal(spot.x_max, 3);
	assert_int_equal(spot.y_min, 1);
	assert_int_equal(spot.y_max, 2);
}

static void nothing_strong_gives_nothing(void **state)
{
	struct plan plan = plan_of(3, 3);
	static const uint32_t image[9] = { 0 };
	struct spot spot;

	assert_int_equal(label(&plan, image, &spot), 0);
	assert_int_equal(spots_label(&plan, NULL, NULL, 0, &spot, NULL), 0);
}

static void diagonals_join_only_eight_neighbours(void **state)
{
	struct plan plan = plan_of(3, 3);
	static const uint32_t image[9] = { 1, 0, 1,
					   0, 1, 0,
					   1, 0, 1 };
	struct spot spots[9];

	assert_int_equal(label(&plan, image, spots), 5);
	plan.eight_neighbours = true;
	assert_int_equal(label(&plan, image, spots), 1);
	assert_int_equal(spots[0].n_px, 5);
}

static void rows_do_not_join_around_the_edge(void **state)
{
	struct plan plan = plan_of(3, 3);
	static const uint32_t image[9] = { 0, 0, 1,
					   1, 0, 0,
					   0, 0, 1 };
	struct spot spots[9];

	for (int eight = 0; eight < 2; eight++) {
		plan.eight_neighbours = eight;
		assert_int_equal(label(&plan, image, spots), 3);
	}
	plan = plan_of(1, 4);
	assert_int_equal(label(&plan, (const uint32_t[]){ 1, 1, 0, 1 }, spots), 2);
	assert_int_equal(spots[0].n_px, 2);
}

static void branches_that_meet_late_are_one(void **state)
{
	struct plan plan = plan_of(7, 4);
	static const uint32_t image[28] = { 1, 0, 1, 0, 1, 0, 1,
					    1, 0, 1, 0, 1, 0, 1,
					    1, 0, 1, 1, 1, 0, 1,
					    1, 1, 1, 0, 1, 1, 1 };
	struct spot spots[28];

	plan.max_pixels = 100;
	assert_int_equal(label(&plan, image, spots), 0); /* its centroid is too far from its first pixel, the peak */
	uint32_t peaked[28];
	memcpy(peaked, image, sizeof image);
	peaked[2 * 7 + 3] = 100;
	assert_int_equal(label(&plan, peaked, spots), 1);
	assert_int_equal(spots[0].n_px, 19);
}

static void one_pixel_images_and_corners_work(void **state)
{
	struct plan plan = plan_of(1, 1);
	struct spot spots[4];

	assert_int_equal(label(&plan, (const uint32_t[]){ 9 }, spots), 1);
	assert_int_equal(spots[0].sum, 9);
	assert_int_equal(spots[0].x_max, 0);
	plan = plan_of(3, 2);
	assert_int_equal(label(&plan, (const uint32_t[]){ 1, 0, 2, 3, 0, 4 }, spots), 2);
	assert_int_equal(spots[1].x_min, 2);
	assert_int_equal(spots[1].y_max, 1);
}

static void size_limits_are_inclusive(void **state)
{
	struct plan plan = plan_of(4, 7);
	static const uint32_t image[28] = { 1, 1, 0, 0,
					    0, 0, 0, 0,
					    1, 1, 1, 0,
					    0, 0, 0, 0,
					    1, 1, 1, 1,
					    0, 0, 0, 0,
					    1, 1, 0, 1 };
	struct spot spots[28];

	plan.min_pixels = 3;
	plan.max_pixels = 3;
	assert_int_equal(label(&plan, image, spots), 1);
	assert_int_equal(spots[0].y_min, 2);
	plan.max_pixels = 4;
	assert_int_equal(label(&plan, image, spots), 2);
}

static void the_centroid_may_be_two_pixels_from_the_peak(void **state)
{
	struct plan plan = plan_of(6, 1);
	struct spot spots[6];

	assert_int_equal(label(&plan, (const uint32_t[]){ 10, 10, 10, 10, 10, 0 }, spots), 1); /* 2 exactly */
	assert_int_equal(label(&plan, (const uint32_t[]){ 10, 9, 10, 10, 10, 0 }, spots), 0); /* 2.02 */
	assert_int_equal(label(&plan, (const uint32_t[]){ 10, 10, 10, 10, 9, 0 }, spots), 1); /* 1.96 */
	/* The largest values there are: a rounding to double could not tell this from 2. */
	uint32_t v = 0xfffffffe;
	assert_int_equal(label(&plan, (const uint32_t[]){ v, v, v, v, v, 0 }, spots), 1);
	assert_int_equal(label(&plan, (const uint32_t[]){ v, v - 1, v, v, v, 0 }, spots), 0);
}

static void the_largest_spot_at_the_far_corner_is_exact(void **state)
{
	static uint32_t strong[65536], value[65536];
	struct plan plan = plan_of(65535, 65535);
	uint32_t n = 0;
	uint64_t sum_x = 0;

	/* 256 x 256 of the largest value with one larger peak in the middle. */
	plan.max_pixels = 65536;
	for (uint32_t y = 65535 - 256; y < 65535; y++)
		for (uint32_t x = 65535 - 256; x < 65535; x++) {
			strong[n] = y * 65535 + x;
			value[n++] = x == 65535 - 128 && y == 65535 - 128 ? 0xfffffffe : 0xfffffffd;
			sum_x += (uint64_t)value[n - 1] * x;
		}
	void *scratch = malloc(spots_scratch_bytes(&plan, n));
	struct spot spot;
	assert_int_equal(spots_label(&plan, strong, value, n, &spot, scratch), 1);
	assert_int_equal(spot.n_px, 65536);
	assert_true(spot.sum_x == sum_x);
	assert_true(spot.sum == UINT64_C(65536) * 0xfffffffd + 1);
	assert_int_equal(spot.x_max, 65534);
	free(scratch);
}

static void a_full_list_is_an_overflow(void **state)
{
	struct plan plan = plan_of(5, 1);
	struct spot spots[2];

	plan.max_spots = 2;
	assert_int_equal(label(&plan, (const uint32_t[]){ 1, 0, 1, 0, 0 }, spots), 2);
	assert_int_equal(label(&plan, (const uint32_t[]){ 1, 0, 1, 0, 1 }, spots), -EOVERFLOW);
	plan.min_pixels = 2; /* what is filtered needs no room */
	assert_int_equal(label(&plan, (const uint32_t[]){ 1, 0, 1, 0, 1 }, spots), 0);
}

/* Takes the component that begins at i out of the image, recursively. */
static void flood(const struct plan *plan, uint32_t *image, uint32_t x, uint32_t y, struct spot *spot)
{
	uint32_t i = y * plan->shape.width + x, v = image[i];
	int reach = plan->eight_neighbours;

	if (v == 0)
		return;
	image[i] = 0;
	if (v > spot->max || (v == spot->max && i < spot->max_index)) {
		spot->max = v;
		spot->max_index = i;
	}
	spot->n_px++;
	spot->sum += v;
	spot->sum_x += (uint64_t)v * x;
	spot->sum_y += (uint64_t)v * y;
	spot->x_min = x < spot->x_min ? (uint16_t)x : spot->x_min;
	spot->x_max = x > spot->x_max ? (uint16_t)x : spot->x_max;
	spot->y_min = y < spot->y_min ? (uint16_t)y : spot->y_min;
	spot->y_max = y > spot->y_max ? (uint16_t)y : spot->y_max;
	for (int dy = -1; dy <= 1; dy++)
		for (int dx = -1; dx <= 1; dx++)
			if ((reach || dx == 0 || dy == 0) && (int)x + dx >= 0 && x + dx < plan->shape.width && (int)y + dy >= 0 &&
			    y + dy < plan->shape.height)
				flood(plan, image, x + dx, y + dy, spot);
}

static uint32_t flood_all(const struct plan *plan, uint32_t *image, struct spot *spots)
{
	uint32_t n = 0;

	for (uint32_t y = 0; y < plan->shape.height; y++)
		for (uint32_t x = 0; x < plan->shape.width; x++) {
			struct spot spot;
			memset(&spot, 0, sizeof spot);
			spot.x_min = spot.y_min = UINT16_MAX;
			flood(plan, image, x, y, &spot);
			int64_t dx = (int64_t)spot.sum_x - (int64_t)spot.sum * (spot.max_index % plan->shape.width);
			int64_t dy = (int64_t)spot.sum_y - (int64_t)spot.sum * (spot.max_index / plan->shape.width);
			if (spot.n_px >= plan->min_pixels && spot.n_px <= plan->max_pixels &&
			    dx * dx + dy * dy <= 4 * (int64_t)(spot.sum * spot.sum))
				spots[n++] = spot;
		}
	return n;
}

static void random_images_agree_with_a_flood_fill(void **state)
{
	static struct spot ours[LIST_MAX], naive[LIST_MAX];
	static uint32_t image[LIST_MAX];

	for (int round = 0; round < 2000; round++) {
		struct plan plan = plan_of(1 + random_below(&rng, 40), 1 + random_below(&rng, 40));
		uint32_t density = 1 + random_below(&rng, 90), n_pixels = (uint32_t)image_pixels(&plan.shape);
		plan.eight_neighbours = random_below(&rng, 2);
		plan.min_pixels = 1 + random_below(&rng, 4);
		plan.max_pixels = plan.min_pixels + random_below(&rng, 60);
		for (uint32_t i = 0; i < n_pixels; i++)
			image[i] = random_below(&rng, 100) < density ? 1 + random_below(&rng, 1000) : 0;
		memset(ours, 0, sizeof ours);
		int n = label(&plan, image, ours);
		assert_int_equal(n, flood_all(&plan, image, naive));
		for (int s = 0; s < n; s++) {
			assert_int_equal(ours[s].sum, naive[s].sum);
			assert_int_equal(ours[s].sum_x, naive[s].sum_x);
			assert_int_equal(ours[s].sum_y, naive[s].sum_y);
			assert_int_equal(ours[s].n_px, naive[s].n_px);
			assert_int_equal(ours[s].max, naive[s].max);
			assert_int_equal(ours[s].max_index, naive[s].max_index);
			assert_int_equal(ours[s].x_min, naive[s].x_min);
			assert_int_equal(ours[s].x_max, naive[s].x_max);
			assert_int_equal(ours[s].y_min, naive[s].y_min);
			assert_int_equal(ours[s].y_max, naive[s].y_max);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_spot_is_summed_exactly),
		cmocka_unit_test(nothing_strong_gives_nothing),
		cmocka_unit_test(diagonals_join_only_eight_neighbours),
		cmocka_unit_test(rows_do_not_join_around_the_edge),
		cmocka_unit_test(branches_that_meet_late_are_one),
		cmocka_unit_test(one_pixel_images_and_corners_work),
		cmocka_unit_test(size_limits_are_inclusive),
		cmocka_unit_test(the_centroid_may_be_two_pixels_from_the_peak),
		cmocka_unit_test(the_largest_spot_at_the_far_corner_is_exact),
		cmocka_unit_test(a_full_list_is_an_overflow),
		cmocka_unit_test(random_images_agree_with_a_flood_fill),
	};

	random_seed(&rng);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
