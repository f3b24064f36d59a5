/* test_truth_scores.c - resolution estimates and counts of the host are those of DIALS, on every recorded frame with spots.
 *
 * Against the attributes dials_* of frames/reference (DIALS 3.12.1, per_image_analysis); where DIALS gives no resolution (-1), ours is NaN. */
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

static double expected(const struct recorded *r, uint32_t frame, const char *name)
{
	double value = NAN;

	assert_true(recorded_attribute(r, frame, name, &value));
	return value;
}

static void compare_resolution(uint32_t frame, const char *name, double theirs, double ours)
{
	print_message("  frame %u %s: %.4f, DIALS %.4f\n", frame, name, ours, theirs);
	if (theirs == -1.0)
		assert_true(isnan(ours));
	else
		assert_true(fabs(ours - theirs) <= 0.01);
}

static void compare_frame(const struct recorded *r, uint32_t frame, const struct plan *plan, struct score_scratch *scratch)
{
	const struct score_settings settings = { 50.0, 1.5, 1.0, 2.5 };
	struct score score;
	struct payload payload;
	uint8_t *bytes = recorded_payload(r, frame, &payload);
	struct analysed *a = analysed_make(&engine_reference, plan, &payload, OUTPUT_SPOTS | OUTPUT_RADIAL);

	assert_int_equal(a->status, 0);
	score_compute(&score, &settings, plan, &a->result, a->spots, a->bin_sum, a->bin_count, scratch);
	assert_true(score.n_spots == expected(r, frame, "dials_n_spots_total"));
	assert_true(score.n_spots_ring_free == expected(r, frame, "dials_n_spots_no_ice"));
	assert_true(score.total_intensity == expected(r, frame, "dials_total_intensity"));
	compare_resolution(frame, "d_min", expected(r, frame, "dials_estimated_d_min"), score.d_min);
	compare_resolution(frame, "d_min_shells", expected(r, frame, "dials_d_min_distl_method_2"), score.d_min_shells);
	assert_true(isfinite(score.background) && isfinite(score.ice) && isfinite(score.score) && isfinite(score.total_signal));
	analysed_free(&a);
	free(bytes);
}

static void compare_file(const char *name, uint32_t n_frames)
{
	struct recorded *r = recorded_open(name);
	struct plan_settings settings;
	struct plan *plan;
	struct score_scratch *scratch;
	char message[200] = "";

	assert_int_equal(r->n_frames, n_frames);
	recorded_settings(r, &settings);
	assert_true(settings.geometry.known);
	if (plan_make(&plan, &settings, 1, message, sizeof message))
		fail_msg("%s", message);
	assert_int_equal(score_scratch_open(&scratch, plan->max_spots, plan->n_bins), 0);
	for (uint32_t frame = 0; frame < r->n_frames; frame++)
		compare_frame(r, frame, plan, scratch);
	score_scratch_close(&scratch);
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

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(thaumatin), cmocka_unit_test(lcysteine) };

	recorded_require();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
