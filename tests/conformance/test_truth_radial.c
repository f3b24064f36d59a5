/* test_truth_radial.c - radial profiles are those of pyFAI, on every recorded frame that has a geometry.
 *
 * Against frames/reference (pyFAI 0.21.3, 1000 bins of q, no pixel splitting, solid angle on, the flat geometry of the file's attributes). pyFAI computes
 * q in single precision, so a few pixels that lie on a bin's edge fall on its other side: totals must agree exactly, counts per bin within 2e-4 of all
 * pixels. pyFAI takes an empty pixel's variance for 1 and we for 0; the comparison of sigma counts the empty pixels. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/analysed.h"
#include "tests/support/recorded.h"

static double *reference(const struct recorded *r, uint32_t frame, const char *name, uint32_t n_bins)
{
	size_t n, columns;
	double *values = recorded_reference(r, frame, name, &n, &columns);

	assert_non_null(values);
	assert_int_equal(n, n_bins);
	return values;
}

static void compare_totals(const struct recorded *r, uint32_t frame, const struct plan *plan, const struct analysed *a)
{
	double n_good, sum_good;
	uint64_t sum = 0, count = 0;

	assert_true(recorded_attribute(r, frame, "n_good", &n_good));
	assert_true(recorded_attribute(r, frame, "sum_good", &sum_good));
	for (uint32_t b = 0; b < plan->n_bins; b++) {
		sum += a->bin_sum[b];
		count += a->bin_count[b];
	}
	assert_int_equal(count, (uint64_t)n_good);
	assert_int_equal(sum, (uint64_t)sum_good);
}

/* Valid pixels without a count, per bin. */
static uint32_t *count_empty(const struct plan *plan, const struct payload *payload)
{
	size_t n = image_pixels(&plan->shape);
	uint32_t *pixels = malloc(n * sizeof *pixels), *empty = calloc(plan->n_bins, sizeof *empty);

	assert_int_equal(plan->shape.type, PIXEL_U32);
	assert_int_equal(codec_decode(payload, &plan->shape, pixels), 0);
	for (size_t i = 0; i < n; i++)
		if (plan->bin[i] != PLAN_BIN_NONE && pixels[i] == 0)
			empty[plan->bin[i]]++;
	free(pixels);
	return empty;
}

static bool close_to(double ours, double theirs)
{
	return fabs(ours - theirs) <= 1e-3 * fabs(theirs);
}

static void compare_profile(const struct recorded *r, uint32_t frame, const struct plan *plan, const struct analysed *a,
			    const uint32_t *empty)
{
	double *q = reference(r, frame, "q_A^-1", plan->n_bins), *count = reference(r, frame, "count", plan->n_bins);
	double *intensity = reference(r, frame, "intensity", plan->n_bins), *sigma = reference(r, frame, "sigma", plan->n_bins);
	double *signal = reference(r, frame, "sum_signal", plan->n_bins);
	double *ours = calloc(plan->n_bins, sizeof *ours), *our_sigma = calloc(plan->n_bins, sizeof *our_sigma);
	double width = q[1] - q[0], differing = 0.0, pixels = 0.0;
	uint32_t compared = 0;

	plan_intensity(plan, a->bin_sum, a->bin_count, ours, our_sigma);
	for (uint32_t b = 0; b < plan->n_bins; b++) {
		assert_true(fabs(plan->bin_q[b] - q[b]) < 0.01 * width);
		differing += fabs(a->bin_count[b] - count[b]);
		pixels += a->bin_count[b];
		if (a->bin_count[b] != count[b])
			continue;
		compared++;
		double poisson = sigma[b] * sqrt(signal[b] / (signal[b] + empty[b]));
		if (a->bin_count[b] == 0)
			assert_true(isnan(ours[b]) && isnan(our_sigma[b]));
		else if (!close_to(ours[b], intensity[b]) || !close_to(our_sigma[b], poisson))
			fail_msg("frame %u bin %u: %g +- %g, pyFAI %g +- %g", frame, b, ours[b], our_sigma[b], intensity[b], poisson);
	}
	print_message("  frame %u: %.0f of %.0f pixels in another bin, %u of %u bins the same\n", frame, differing, pixels, compared,
		      plan->n_bins);
	assert_true(differing <= 2e-4 * pixels);
	assert_true(compared > plan->n_bins / 2);
	free(q);
	free(count);
	free(intensity);
	free(sigma);
	free(signal);
	free(ours);
	free(our_sigma);
}

static void compare_file(const char *name, uint32_t n_frames)
{
	struct recorded *r = recorded_open(name);
	struct plan_settings settings;
	struct plan *plan;
	char message[200] = "";

	assert_int_equal(r->n_frames, n_frames);
	recorded_settings(r, &settings);
	assert_true(settings.geometry.known);
	settings.algorithm = SPOTS_NONE;
	if (plan_make(&plan, &settings, 1, message, sizeof message))
		fail_msg("%s", message);
	for (uint32_t frame = 0; frame < r->n_frames; frame++) {
		struct payload payload;
		uint8_t *bytes = recorded_payload(r, frame, &payload);
		struct analysed *a = analysed_make(&engine_reference, plan, &payload, OUTPUT_RADIAL);
		assert_int_equal(a->status, 0);
		compare_totals(r, frame, plan, a);
		uint32_t *empty = count_empty(plan, &payload);
		compare_profile(r, frame, plan, a, empty);
		free(empty);
		analysed_free(&a);
		free(bytes);
	}
	plan_free(&plan);
	recorded_close(&r);
}

static void thaumatin(void **state)
{
	compare_file("thaumatin_pilatus6m", 5);
}

static void lcysteine(void **state)
{
	compare_file("lcysteine_pilatus2m", 10);
}

static void ceo2_powder(void **state)
{
	compare_file("ceo2_pilatus1m", 1);
}

static void silver_behenate(void **state)
{
	compare_file("agbh_pilatus300k", 1);
}

/* The powder frame with its own calibration, a tilted detector: CeO2 is a standard, and its lines are where its cell says. */
static void ceo2_rings_are_where_the_cell_says(void **state)
{
	static const double rings[] = { 7.462, 8.618, 12.199, 14.315 }; /* 111, 200, 220, 311 */
	struct recorded *r = recorded_open("ceo2_pilatus1m");
	struct plan_settings settings;
	struct plan *plan;
	struct payload payload;
	char message[200] = "", *text = recorded_text("reference/CeO2_Pilatus1M.poni");

	recorded_settings(r, &settings);
	assert_int_equal(geometry_from_poni(&settings.geometry, text, 0, 0, 0, message, sizeof message), 0);
	settings.radial_unit = RADIAL_TWO_THETA;
	assert_int_equal(plan_make(&plan, &settings, 1, message, sizeof message), 0);
	uint8_t *bytes = recorded_payload(r, 0, &payload);
	struct analysed *a = analysed_make(&engine_reference, plan, &payload, OUTPUT_RADIAL);
	for (size_t i = 0; i < sizeof rings / sizeof *rings; i++) {
		double best = 0.0, at = 0.0;
		for (uint32_t b = 0; b < plan->n_bins; b++) {
			double mean = a->bin_count[b] ? (double)a->bin_sum[b] / a->bin_count[b] : 0.0;
			if (fabs(plan->bin_centre[b] - rings[i]) < 0.3 && mean > best) {
				best = mean;
				at = plan->bin_centre[b];
			}
		}
		assert_true(fabs(at - rings[i]) < 0.02);
	}
	analysed_free(&a);
	plan_free(&plan);
	recorded_close(&r);
	free(bytes);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(thaumatin),
		cmocka_unit_test(lcysteine),
		cmocka_unit_test(ceo2_powder),
		cmocka_unit_test(silver_behenate),
		cmocka_unit_test(ceo2_rings_are_where_the_cell_says),
	};

	recorded_require();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
