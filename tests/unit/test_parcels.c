/* test_parcels.c - the queue of kept frames: order, its budget of bytes, room kept for the ends of runs, nothing leaked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pipeline/parcels.h"

static bool put(struct parcels *parcels, size_t bytes, uint8_t mark)
{
	struct parcel *parcel = parcels_next(parcels);
	uint8_t *at;

	if (!parcel)
		return false;
	parcel->kind = PARCEL_FRAME;
	assert_int_equal(message_make(&parcel->message, bytes, &at), 0);
	memset(at, mark, bytes);
	parcels_put(parcels);
	return true;
}

static void take(struct parcels *parcels, size_t bytes, uint8_t mark)
{
	struct parcel *parcel = parcels_first(parcels);
	struct span span[STREAM_PARTS_MAX];

	assert_non_null(parcel);
	assert_int_equal(parcel->message.bytes, bytes);
	message_spans(&parcel->message, span);
	assert_int_equal(span[0].at[bytes - 1], mark);
	message_close(&parcel->message);
	parcels_done(parcels, bytes);
}

static void parcels_come_out_in_order(void **state)
{
	struct parcels *parcels = NULL;

	assert_int_equal(parcels_open(&parcels, 8, 1 << 20), 0);
	assert_null(parcels_first(parcels));
	for (unsigned round = 0; round < 5; round++) {
		for (uint8_t i = 0; i < 5; i++)
			assert_true(put(parcels, 10 + i, i));
		for (uint8_t i = 0; i < 5; i++)
			take(parcels, 10u + i, i);
		assert_null(parcels_first(parcels));
	}
	parcels_close(&parcels);
	assert_null(parcels);
	parcels_close(&parcels);
}

static void the_budget_of_bytes_holds_but_never_against_the_first(void **state)
{
	struct parcels *parcels = NULL;

	assert_int_equal(parcels_open(&parcels, 64, 1000), 0);
	assert_true(parcels_room(parcels, 5000)); /* a frame larger than the budget goes alone */
	assert_true(put(parcels, 600, 1));
	assert_true(parcels_room(parcels, 400));
	assert_false(parcels_room(parcels, 401));
	take(parcels, 600, 1);
	assert_true(put(parcels, 5000, 2));
	assert_false(parcels_room(parcels, 1));
	take(parcels, 5000, 2);
	assert_true(parcels_room(parcels, 5000)); /* the bytes were given back */
	parcels_close(&parcels);
}

static void the_ends_of_runs_find_a_place_where_frames_find_none(void **state)
{
	struct parcels *parcels = NULL;
	unsigned frames = 0;

	assert_int_equal(parcels_open(&parcels, 8, 1 << 20), 0);
	while (parcels_room(parcels, 1)) {
		assert_true(put(parcels, 1, (uint8_t)frames));
		frames++;
	}
	assert_true(frames >= 4);
	assert_true(put(parcels, 1, 200));
	assert_true(put(parcels, 1, 201));
	for (unsigned i = 0; i < frames; i++)
		take(parcels, 1, (uint8_t)i);
	take(parcels, 1, 200);
	take(parcels, 1, 201);
	parcels_close(&parcels);
}

static void a_full_queue_gives_no_place_and_closing_it_frees_all(void **state)
{
	struct parcels *parcels = NULL;
	unsigned n = 0;

	assert_int_equal(parcels_open(&parcels, 4, 1 << 20), 0);
	while (put(parcels, 100, 0))
		n++;
	assert_int_equal(n, 4);
	assert_null(parcels_next(parcels));
	parcels_close(&parcels); /* with all of them inside: what is not freed shows under AddressSanitizer */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parcels_come_out_in_order),
		cmocka_unit_test(the_budget_of_bytes_holds_but_never_against_the_first),
		cmocka_unit_test(the_ends_of_runs_find_a_place_where_frames_find_none),
		cmocka_unit_test(a_full_queue_gives_no_place_and_closing_it_frees_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
