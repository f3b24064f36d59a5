/* test_idset.c - the set of image numbers says of each number what a plain list would say, also where pages run out. Pure. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pipeline/idset.h"
#include "tests/support/random.h"

#define PAGE 65536u
#define SPAN (12 * PAGE)

/* Of pages that fit, every number is new once and seen afterwards, and the gaps are counted exactly. */
static void numbers_in_any_order_are_known_again(void **state)
{
	uint8_t *seen = calloc(SPAN, 1);
	struct idset *set = NULL;
	struct random r;
	uint64_t base;

	random_seed(&r);
	assert_non_null(seen);
	assert_int_equal(idset_open(&set, 16), 0);
	for (unsigned round = 0; round < 3; round++) {
		base = round == 0 ? 0 : round == 1 ? 3 * PAGE + 17 : (1ull << 62) - SPAN; /* the largest numbers that are taken */
		memset(seen, 0, SPAN);
		for (unsigned i = 0; i < 300000; i++) {
			uint32_t id = random_below(&r, 4) ? random_below(&r, SPAN) : i; /* some of it ascending */

			assert_int_equal(idset_add(set, base + id), seen[id] ? IDSET_SEEN : IDSET_NEW);
			seen[id] = 1;
		}
		for (unsigned i = 0; i < 200; i++) {
			uint32_t a = random_below(&r, SPAN), b = random_below(&r, SPAN), from = a < b ? a : b, to = a < b ? b : a;
			uint64_t unseen = 0;

			for (uint32_t id = from; id <= to; id++)
				unseen += !seen[id];
			assert_true(idset_unseen(set, base + from, base + to) == unseen);
		}
		idset_clear(set);
		assert_true(idset_unseen(set, base, base + SPAN - 1) == SPAN);
	}
	free(seen);
	idset_close(&set);
}

/* With fewer pages than numbers the lowest page goes: what it held is over, what it had seen still counts. */
static void the_lowest_page_is_retired(void **state)
{
	struct idset *set = NULL;

	assert_int_equal(idset_open(&set, 2), 0);
	for (uint64_t id = 0; id < PAGE; id += 2)
		assert_int_equal(idset_add(set, id), IDSET_NEW);
	assert_int_equal(idset_add(set, PAGE + 5), IDSET_NEW);
	assert_int_equal(idset_add(set, 1), IDSET_NEW); /* still there */
	assert_int_equal(idset_add(set, 2 * PAGE), IDSET_NEW); /* page 0 goes */
	assert_int_equal(idset_add(set, 0), IDSET_RETIRED);
	assert_int_equal(idset_add(set, 3), IDSET_RETIRED); /* never seen, and too late now */
	assert_int_equal(idset_add(set, PAGE + 5), IDSET_SEEN);
	assert_true(idset_unseen(set, 0, 2 * PAGE) == 2 * PAGE + 1 - (PAGE / 2 + 1) - 1 - 1);
	idset_clear(set);
	assert_int_equal(idset_add(set, 3), IDSET_NEW); /* nothing of it is left after a clear */
	idset_close(&set);
}

/* Below the lowest page of a full set nothing is taken, and nothing that is there is given up for it. */
static void a_full_set_takes_nothing_below(void **state)
{
	struct idset *set = NULL;

	assert_int_equal(idset_open(&set, 2), 0);
	assert_int_equal(idset_add(set, 5 * PAGE), IDSET_NEW);
	assert_int_equal(idset_add(set, 7 * PAGE), IDSET_NEW);
	assert_int_equal(idset_add(set, 4 * PAGE), IDSET_RETIRED);
	assert_int_equal(idset_add(set, 6 * PAGE), IDSET_NEW); /* page 5 goes for it */
	assert_int_equal(idset_add(set, 5 * PAGE), IDSET_RETIRED);
	assert_int_equal(idset_add(set, 7 * PAGE), IDSET_SEEN);
	assert_true(idset_unseen(set, 5 * PAGE, 7 * PAGE) == 2 * PAGE + 1 - 3);
	idset_close(&set);
}

/* Random numbers over more pages than there are: every answer, and the gaps, as a plain list with the same rule has them. */
static void retirement_agrees_with_a_plain_list(void **state)
{
	enum { PAGES = 3 };
	uint8_t *seen = calloc(SPAN, 1);
	bool held[SPAN / PAGE] = {false};
	uint32_t over_below = 0, n_held = 0, taken = 0;
	struct idset *set = NULL;
	struct random r;

	random_seed(&r);
	assert_non_null(seen);
	assert_int_equal(idset_open(&set, PAGES), 0);
	for (unsigned i = 0; i < 400000; i++) {
		uint32_t top = (uint32_t)((uint64_t)i * SPAN / 400000) + 1, id = random_below(&r, top), page = id / PAGE, lowest = 0;
		enum idset_answer expect = seen[id] ? IDSET_SEEN : IDSET_NEW;

		while (n_held && !held[lowest])
			lowest++;
		if (id < over_below || (!held[page] && n_held == PAGES && page < lowest)) {
			expect = IDSET_RETIRED;
		} else if (!held[page]) {
			if (n_held == PAGES) {
				held[lowest] = false;
				n_held--;
				over_below = (lowest + 1) * PAGE;
			}
			held[page] = true;
			n_held++;
		}
		assert_int_equal(idset_add(set, id), expect);
		if (expect == IDSET_NEW) {
			seen[id] = 1;
			taken++;
		}
	}
	assert_true(over_below > 0);
	assert_true(idset_unseen(set, 0, SPAN - 1) == SPAN - taken);
	free(seen);
	idset_close(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_in_any_order_are_known_again),
		cmocka_unit_test(the_lowest_page_is_retired),
		cmocka_unit_test(a_full_set_takes_nothing_below),
		cmocka_unit_test(retirement_agrees_with_a_plain_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
