/* test_run.c - when a run is over, what its announced frames became, and which messages are known for late ones. Pure. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pipeline/run.h"

#define S 1000000000ull

static const struct run_timing timing = {.quiet_after_end_ns = 2 * S, .quiet_ns = 30 * S};
static struct ledger total;
static struct run_table *table;

static int open_table(void **state)
{
	table = calloc(1, sizeof(*table));
	memset(&total, 0, sizeof(total));
	return table ? run_table_open(table, 4, &total) : -1;
}

static int close_table(void **state)
{
	run_table_close(table);
	free(table);
	return 0;
}

static struct run_identity identity(uint64_t series_id)
{
	struct run_identity id = {.group = 0, .series_id = series_id};

	snprintf(id.series_unique_id, sizeof(id.series_unique_id), "unique-%u", (unsigned)series_id);
	return id;
}

static struct run *begin(uint64_t series_id, uint64_t announced)
{
	struct run_identity id = identity(series_id);
	struct run *run = run_open(table, &id, 100 * S);

	assert_non_null(run);
	run->announced = announced;
	return run;
}

/* As admit does. */
static void frame(struct run *run, uint64_t image_id)
{
	if (run_note(run, image_id) == IDSET_NEW)
		ledger_add(&run->ledger, LEDGER_RECEIVED, 1);
}

static void expect(const struct run *run, uint64_t announced, uint64_t before_join, uint64_t missing, uint64_t not_sent)
{
	assert_int_equal(ledger_get(&run->ledger, LEDGER_ANNOUNCED), announced);
	assert_int_equal(ledger_get(&run->ledger, LEDGER_BEFORE_JOIN), before_join);
	assert_int_equal(ledger_get(&run->ledger, LEDGER_MISSING), missing);
	assert_int_equal(ledger_get(&run->ledger, LEDGER_NOT_SENT), not_sent);
	assert_int_equal(announced, before_join + ledger_get(&run->ledger, LEDGER_RECEIVED) + missing + not_sent);
}

static void a_run_with_everything_there_is_over_at_once(void **state)
{
	struct run *run = begin(1, 3);

	frame(run, 2);
	frame(run, 0);
	run->end_ns = run->last_ns = 110 * S;
	assert_null(run_over(run, &timing, 110 * S)); /* one is missing: it may still come */
	frame(run, 1);
	assert_string_equal(run_over(run, &timing, 110 * S), "end");
}

static void without_an_end_message_frames_alone_do_not_end_it(void **state)
{
	struct run *run = begin(1, 2);

	frame(run, 0);
	frame(run, 1);
	run->last_ns = 110 * S;
	assert_null(run_over(run, &timing, 140 * S - 1));
	assert_string_equal(run_over(run, &timing, 140 * S), "quiet");
}

static void after_its_end_message_it_waits_for_what_is_missing(void **state)
{
	struct run *run = begin(1, 5);

	frame(run, 0);
	run->end_ns = run->last_ns = 110 * S;
	assert_null(run_over(run, &timing, 112 * S - 1));
	run->last_ns = 111 * S; /* a frame came after the end message: the quiet begins anew */
	frame(run, 1);
	assert_null(run_over(run, &timing, 113 * S - 1));
	assert_string_equal(run_over(run, &timing, 113 * S), "end");
}

static void a_run_of_unknown_length_ends_by_its_end_message_and_quiet(void **state)
{
	struct run *run = begin(1, 0);

	frame(run, 0);
	run->end_ns = run->last_ns = 110 * S;
	assert_null(run_over(run, &timing, 111 * S));
	assert_string_equal(run_over(run, &timing, 112 * S), "end");
	assert_null(run_over(run, &timing, 109 * S)); /* a clock read before the last message's: no quiet at all, not ages of it */
}

static void gaps_and_tails_are_counted_apart(void **state)
{
	struct run *run = begin(1, 10);

	frame(run, 1);
	frame(run, 3);
	frame(run, 3);
	frame(run, 6);
	run_close(table, run, "end");
	expect(run, 10, 0, 4, 3); /* 0, 2, 4, 5 never came; 7 to 9 lie above the last one */
	assert_int_equal(ledger_get(&total, LEDGER_MISSING), 4);
}

static void a_run_without_frames_was_not_sent(void **state)
{
	struct run *run = begin(1, 10);

	run_close(table, run, "quiet");
	expect(run, 10, 0, 0, 10);
}

static void numbers_beyond_the_announced_ones_count_too(void **state)
{
	struct run *run = begin(1, 3);

	frame(run, 0);
	frame(run, 7);
	run_close(table, run, "end");
	expect(run, 8, 0, 6, 0);
}

static void what_went_by_before_the_node_joined_is_not_missing(void **state)
{
	struct run *run = begin(1, 0);

	run->joined_late = true;
	frame(run, 100);
	frame(run, 102);
	frame(run, 98); /* the order need not be kept */
	run_close(table, run, "quiet");
	expect(run, 103, 98, 2, 0);
}

static void with_a_start_the_first_number_is_zero(void **state)
{
	struct run *run = begin(1, 0);

	frame(run, 5);
	run_close(table, run, "end");
	expect(run, 6, 0, 5, 0);
}

static void a_start_with_a_known_id_is_a_run_of_its_own(void **state)
{
	struct run_identity id = identity(7), other = identity(7);
	struct run *first = begin(7, 0), *second = begin(7, 0);

	assert_ptr_not_equal(first, second);
	assert_true(second->number > first->number);
	assert_ptr_equal(run_find(table, &id), second);
	other.group = 1;
	assert_null(run_find(table, &other)); /* another group's series of that id is another series */
	snprintf(other.series_unique_id, sizeof(other.series_unique_id), "someone-else");
	other.group = 0;
	assert_null(run_find(table, &other));
	run_close(table, second, "end");
	assert_ptr_equal(run_find(table, &id), first);
	assert_true(run_was(table, &id));
}

static void the_oldest_closed_run_is_forgotten_first(void **state)
{
	for (uint64_t id = 1; id <= 6; id++) {
		struct run *run = begin(id, 0);

		run_close(table, run, "end");
		atomic_store(&run->state, RUN_FREE);
	}
	for (uint64_t id = 1; id <= 6; id++) {
		struct run_identity wanted = identity(id);

		assert_int_equal(run_was(table, &wanted), id > 2); /* four are remembered */
	}
}

static void all_places_taken_is_said_and_a_freed_one_is_empty(void **state)
{
	struct run_identity id = identity(99);
	struct run *run = NULL;

	for (uint64_t i = 0; i < RUNS_OPEN_MAX; i++)
		run = begin(i, 4);
	assert_null(run_open(table, &id, 0));
	frame(run, 1);
	run->end_ns = 1;
	run->joined_late = run->shared = true;
	latency_add(&run->latency, 1000);
	atomic_store(&run->n_channels, 3);
	atomic_store(&run->channel[2].plan_state, PLAN_FAILED);
	run_close(table, run, "end");
	assert_null(run_open(table, &id, 0)); /* closing is not yet done */
	atomic_store(&run->state, RUN_DONE);
	assert_null(run_open(table, &id, 0)); /* admit has not let go of its plans */
	atomic_store(&run->state, RUN_FREE);
	assert_ptr_equal(run_open(table, &id, 0), run);
	assert_true(!run->any && !run->announced && !run->end_ns && !run->joined_late && !run->shared && !run->seen);
	assert_int_equal(atomic_load(&run->n_channels), 0);
	assert_int_equal(atomic_load(&run->channel[2].plan_state), PLAN_NONE);
	assert_int_equal(latency_percentile(&run->latency, 1), 0);
	for (enum ledger_term t = 0; t < LEDGER_TERMS; t++)
		assert_int_equal(ledger_get(&run->ledger, t), 0);
	assert_int_equal(run_note(run, 1), IDSET_NEW);
	assert_int_equal(ledger_get(&total, LEDGER_RECEIVED), 1); /* the total keeps what the run had */
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_table, close_table)
	const struct CMUnitTest tests[] = {
		TEST(a_run_with_everything_there_is_over_at_once),
		TEST(without_an_end_message_frames_alone_do_not_end_it),
		TEST(after_its_end_message_it_waits_for_what_is_missing),
		TEST(a_run_of_unknown_length_ends_by_its_end_message_and_quiet),
		TEST(gaps_and_tails_are_counted_apart),
		TEST(a_run_without_frames_was_not_sent),
		TEST(numbers_beyond_the_announced_ones_count_too),
		TEST(what_went_by_before_the_node_joined_is_not_missing),
		TEST(with_a_start_the_first_number_is_zero),
		TEST(a_start_with_a_known_id_is_a_run_of_its_own),
		TEST(the_oldest_closed_run_is_forgotten_first),
		TEST(all_places_taken_is_said_and_a_freed_one_is_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
