/* test_truth_strong.c - strong pixels and spots of the reference engine are those of DIALS, on every recorded frame.
 *
 * Against frames/reference (DIALS 3.12.1): both dispersion algorithms pixel by pixel, and the spots that dials.find_spots made of `dispersion`. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>

#include "kernels/score.h"
#include "tests/support/analysed.h"
#include "tests/support/recorded.h"

static struct plan *make_plan(const struct recorded *r, enum spot_algorithm algorithm)
{
	struct plan_settings settings;
	struct plan *plan;
	char message[200] = "";

	recorded_settings(r, &settings);
	settings.geometry.known = false; /* nothing radial is asked here */
	settings.algorithm = algorithm;
	if (plan_make(&plan, &settings, 1, message, sizeof message))
		fail_msg("%s", message);
	return plan;
}

static void compare_totals(const struct recorded *r, uint32_t frame, const struct result *result)
{
	double n, sum, max;

	assert_true(recorded_attribute(r, frame, "n_good", &n));
	assert_true(recorded_attribute(r, frame, "sum_good", &sum));
	assert_true(recorded_attribute(r, frame, "max_good", &max));
	assert_int_equal(result->n_valid, (uint64_t)n);
	assert_int_equal(result->sum, (uint64_t)sum);
	assert_int_equal(result->max, (uint64_t)max);
}

static void compare_strong(const struct recorded *r, uint32_t frame, const char *name, const struct analysed *a)
{
	size_t n, columns;
	double *expected = recorded_reference(r, frame, name, &n, &columns);

	assert_non_null(expected);
	assert_int_equal(a->result.n_strong, n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(a->strong[i], (uint32_t)expected[i]);
	free(expected);
}

/* The recorded spots are in DIALS' order, ours by their first pixel: each of ours is looked for among all. */
static void compare_spots(const struct recorded *r, uint32_t frame, const struct analysed *a)
{
	size_t n, columns;
	double *expected = recorded_reference(r, frame, "dials_spots", &n, &columns);

	if (!expected)
		return;
	assert_int_equal(columns, 4);
	assert_int_equal(a->result.n_spots, n);
	bool *taken = calloc(n + 1, sizeof *taken);
	for (uint32_t s = 0; s < a->result.n_spots; s++) {
		double x, y;
		size_t i = 0;
		score_centroid(&a->spots[s], &x, &y);
		while (i < n && (taken[i] || fabs(expected[4 * i] - x) > 1e-6 || fabs(expected[4 * i + 1] - y) > 1e-6))
			i++;
		if (i == n)
			fail_msg("frame %u: DIALS has no spot at %.6f %.6f", frame, x, y);
		taken[i] = true;
		assert_int_equal(a->spots[s].sum, (uint64_t)expected[4 * i + 2]);
		assert_int_equal(a->spots[s].n_px, (uint32_t)expected[4 * i + 3]);
	}
	free(taken);
	free(expected);
}

static void compare_file(const char *name, uint32_t n_frames, uint32_t n_with_spots)
{
	struct recorded *r = recorded_open(name);
	struct plan *dispersion = make_plan(r, SPOTS_DISPERSION), *extended = make_plan(r, SPOTS_DISPERSION_EXTENDED);
	uint32_t with_spots = 0;

	assert_int_equal(r->n_frames, n_frames);
	for (uint32_t frame = 0; frame < r->n_frames; frame++) {
		struct payload payload;
		size_t rows, columns;
		uint8_t *bytes = recorded_payload(r, frame, &payload);
		struct analysed *a = analysed_make(&engine_reference, dispersion, &payload, OUTPUT_TOTALS | OUTPUT_STRONG | OUTPUT_SPOTS);
		struct analysed *b = analysed_make(&engine_reference, extended, &payload, OUTPUT_TOTALS | OUTPUT_STRONG);
		assert_int_equal(a->status, 0);
		assert_int_equal(b->status, 0);
		compare_totals(r, frame, &a->result);
		compare_strong(r, frame, "dispersion", a);
		compare_strong(r, frame, "dispersion_extended", b);
		compare_spots(r, frame, a);
		double *spots = recorded_reference(r, frame, "dials_spots", &rows, &columns);
		with_spots += spots != NULL;
		free(spots);
		analysed_free(&a);
		analysed_free(&b);
		free(bytes);
	}
	assert_int_equal(with_spots, n_with_spots);
	plan_free(&dispersion);
	plan_free(&extended);
	recorded_close(&r);
}

static void thaumatin(void **state)
{
	compare_file("thaumatin_pilatus6m", 5, 5);
}

static void lcysteine(void **state)
{
	compare_file("lcysteine_pilatus2m", 10, 10);
}

static void lysozyme_module(void **state)
{
	compare_file("lysozyme_jungfrau", 4, 0);
}

static void ceo2_powder(void **state)
{
	compare_file("ceo2_pilatus1m", 1, 0);
}

static void silver_behenate(void **state)
{
	compare_file("agbh_pilatus300k", 1, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(thaumatin),   cmocka_unit_test(lcysteine),	  cmocka_unit_test(lysozyme_module),
		cmocka_unit_test(ceo2_powder), cmocka_unit_test(silver_behenate),
	};

	recorded_require();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
