/* test_equality_recorded.c - every engine returns what the reference returns on recorded frames, with both algorithms.
 *
 * The recorded data lies outside the project; where it is absent this is a skip. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "tests/support/equality.h"
#include "tests/support/recorded.h"

static void check_frame(const struct recorded *r, uint32_t frame, const struct plan *plan, const char *name)
{
	struct payload payload;
	uint8_t *bytes = recorded_payload(r, frame, &payload);
	size_t entries = block_table_entries(image_bytes(&plan->shape), 1024);
	struct block_table blocks = {.capacity = (uint32_t)entries, .offset = malloc(entries * sizeof(uint32_t))};
	struct equality_frame f = {plan, &payload, &blocks, OUTPUT_TOTALS | OUTPUT_RADIAL | OUTPUT_STRONG | OUTPUT_SPOTS};

	assert_int_equal(block_table_build(&blocks, &payload, &plan->shape), 0);
	equality_check(&f, name);
	free(blocks.offset);
	free(bytes);
}

/* The first and the last frame of a file by one algorithm. */
static void check_file(const char *name, enum spot_algorithm algorithm)
{
	struct recorded *r = recorded_open(name);
	struct plan_settings settings;
	struct plan *plan;
	char message[256];

	recorded_settings(r, &settings);
	settings.algorithm = algorithm;
	assert_int_equal(plan_make(&plan, &settings, 1, message, sizeof message), 0);
	check_frame(r, 0, plan, name);
	check_frame(r, r->n_frames - 1, plan, name);
	plan_free(&plan);
	recorded_close(&r);
}

static void check_files(enum spot_algorithm algorithm)
{
	static const char *const names[] = {"thaumatin_pilatus6m", "lcysteine_pilatus2m", "lysozyme_jungfrau", "ceo2_pilatus1m", "agbh_pilatus300k"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		check_file(names[i], algorithm);
}

static void recorded_frames_by_dispersion_are_alike(void **state)
{
	check_files(SPOTS_DISPERSION);
}

static void recorded_frames_by_dispersion_extended_are_alike(void **state)
{
	check_files(SPOTS_DISPERSION_EXTENDED);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(recorded_frames_by_dispersion_are_alike),
		cmocka_unit_test(recorded_frames_by_dispersion_extended_are_alike),
	};

	recorded_require();
	return cmocka_run_group_tests(tests, equality_open, equality_close);
}
