/* test_ledger.c - every equation of the ledger is checked, every reason has a term, what is counted is counted in the total too. Pure. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pipeline/ledger.h"
#include "tests/support/random.h"

static const struct ledger_sinks both = {true, true};
static char broken[160];

/* A run of 100 announced frames in which everything happens, counted as the lanes count. */
static void fill(struct ledger *l)
{
	memset(l, 0, sizeof(*l));
	ledger_add(l, LEDGER_MESSAGES, 90);
	ledger_add(l, LEDGER_RECEIVED, 80);
	ledger_add(l, LEDGER_DUPLICATE, 5);
	for (int i = 0; i < 2; i++)
		ledger_add_reason(l, LEDGER_LATE_CLOSED);
	for (int i = 0; i < 3; i++)
		ledger_add_reason(l, (enum ledger_term)(LEDGER_UNREADABLE_REASON + STREAM_BAD_CBOR));
	ledger_add(l, LEDGER_ANNOUNCED, 100);
	ledger_add(l, LEDGER_BEFORE_JOIN, 4);
	ledger_add(l, LEDGER_MISSING, 9);
	ledger_add(l, LEDGER_NOT_SENT, 7);
	ledger_add(l, LEDGER_ANALYSED, 75);
	ledger_add_reason(l, LEDGER_OVERLOAD);
	ledger_add_reason(l, LEDGER_NO_PLAN);
	for (int i = 0; i < 3; i++)
		ledger_add_reason(l, LEDGER_BAD_BLOCK);
	ledger_add(l, LEDGER_HITS, 40);
	ledger_add(l, LEDGER_KEPT, 45);
	ledger_add(l, LEDGER_RELEASED, 35);
	ledger_add(l, LEDGER_WRITTEN, 44);
	ledger_add_reason(l, LEDGER_DISK_FULL);
	ledger_add(l, LEDGER_SENT, 43);
	ledger_add_reason(l, LEDGER_NO_CONSUMER);
	ledger_add_reason(l, LEDGER_STALLED);
}

static void a_balanced_ledger_passes(void **state)
{
	struct ledger l;

	fill(&l);
	assert_true(ledger_check(&l, both, broken, sizeof(broken)));
	assert_string_equal(broken, "");
	memset(&l, 0, sizeof(l));
	assert_true(ledger_check(&l, both, broken, sizeof(broken)));
}

/* One frame too many in any one term that stands in an equation is found, whichever it is, and the message names the equation. */
static void every_equation_is_checked(void **state)
{
	static const struct { enum ledger_term term; const char *named; } terms[] = {
		{LEDGER_MESSAGES, "messages is 91"}, {LEDGER_RECEIVED, "messages is 90"}, {LEDGER_DUPLICATE, "messages is 90"},
		{LEDGER_LATE, "messages is 90"}, {LEDGER_UNREADABLE, "messages is 90"},
		{LEDGER_ANNOUNCED, "announced is 101"}, {LEDGER_BEFORE_JOIN, "announced is 100"}, {LEDGER_MISSING, "announced is 100"},
		{LEDGER_NOT_SENT, "announced is 100"},
		{LEDGER_ANALYSED, "received is 80"}, {LEDGER_UNANALYSED, "received is 80"}, {LEDGER_INVALID, "received is 80"},
		{LEDGER_KEPT, "received is 80"}, {LEDGER_RELEASED, "received is 80"},
		{LEDGER_WRITTEN, "kept is 45"}, {LEDGER_FAILED, "kept is 45"}, {LEDGER_SENT, "kept is 45"}, {LEDGER_UNSENT, "kept is 45"},
	};

	for (size_t i = 0; i < sizeof(terms) / sizeof(*terms); i++) {
		struct ledger l;

		fill(&l);
		ledger_add(&l, terms[i].term, 1);
		assert_false(ledger_check(&l, both, broken, sizeof(broken)));
		assert_non_null(strstr(broken, terms[i].named));
	}
}

/* A reason counted without its term, or a term without a reason where it has some, does not pass. */
static void every_reason_belongs_to_its_term(void **state)
{
	unsigned n = 0;

	for (enum ledger_term t = 0; t < LEDGER_TERMS; t++) {
		enum ledger_term parent = ledger_parent(t);
		struct ledger l;

		if (parent == LEDGER_TERMS)
			continue;
		n++;
		fill(&l);
		ledger_add(&l, t, 1);
		assert_false(ledger_check(&l, both, broken, sizeof(broken)));
		assert_non_null(strstr(broken, ledger_name(parent)));
		assert_true(strncmp(ledger_name(t), ledger_name(parent), strlen(ledger_name(parent))) == 0);
		assert_int_equal(ledger_name(t)[strlen(ledger_name(parent))], '.');
	}
	assert_int_equal(n, STREAM_REFUSALS + 2 + 4 + 4 + 4 + 4);
}

static void a_sink_that_is_off_is_not_asked(void **state)
{
	struct ledger l;

	fill(&l);
	ledger_add(&l, LEDGER_WRITTEN, 1);
	assert_false(ledger_check(&l, (struct ledger_sinks){.files = true}, broken, sizeof(broken)));
	assert_true(ledger_check(&l, (struct ledger_sinks){.frames = true}, broken, sizeof(broken)));
	fill(&l);
	ledger_add(&l, LEDGER_SENT, 1);
	assert_false(ledger_check(&l, (struct ledger_sinks){.frames = true}, broken, sizeof(broken)));
	assert_true(ledger_check(&l, (struct ledger_sinks){.files = true}, broken, sizeof(broken)));
}

static void runs_add_up_to_the_total(void **state)
{
	struct ledger total = {0}, a = {.total = &total}, b = {.total = &total};
	struct random r;

	random_seed(&r);
	for (unsigned i = 0; i < 10000; i++) {
		struct ledger *l = random_below(&r, 2) ? &a : &b;
		enum ledger_term t = (enum ledger_term)random_below(&r, LEDGER_TERMS);

		if (ledger_parent(t) == LEDGER_TERMS)
			ledger_add(l, t, random_below(&r, 5));
		else
			ledger_add_reason(l, t);
	}
	for (enum ledger_term t = 0; t < LEDGER_TERMS; t++)
		assert_true(ledger_get(&total, t) == ledger_get(&a, t) + ledger_get(&b, t));
}

/* Names are what scripts read: each term has one of its own, and words. */
static void every_term_has_its_own_name_and_words(void **state)
{
	static const struct {
		enum stream_refusal refusal;
		const char *name;
	} known[] = {
		{STREAM_NOT_A_STREAM, "unreadable.not_a_stream"}, {STREAM_BAD_JSON, "unreadable.bad_json"}, {STREAM_BAD_CBOR, "unreadable.bad_cbor"},
		{STREAM_BETA_DIALECT, "unreadable.beta_dialect"}, {STREAM_MISSING_FIELD, "unreadable.missing_field"},
		{STREAM_BAD_FIELD, "unreadable.bad_field"}, {STREAM_BAD_PARTS, "unreadable.bad_parts"}, {STREAM_BAD_SHAPE, "unreadable.bad_shape"},
		{STREAM_BAD_TYPE, "unreadable.bad_type"}, {STREAM_BAD_ENCODING, "unreadable.bad_encoding"}, {STREAM_BAD_SIZE, "unreadable.bad_size"},
		{STREAM_TOO_LARGE, "unreadable.too_large"},
	};

	for (enum ledger_term t = 0; t < LEDGER_TERMS; t++) {
		assert_true(ledger_name(t) && *ledger_name(t) && ledger_words(t) && *ledger_words(t));
		for (enum ledger_term other = 0; other < t; other++)
			assert_string_not_equal(ledger_name(t), ledger_name(other));
	}
	for (int refusal = STREAM_NOT_A_STREAM; refusal < STREAM_REFUSALS; refusal++)
		assert_ptr_equal(strstr(ledger_name((enum ledger_term)(LEDGER_UNREADABLE_REASON + refusal)), "unreadable."),
				 ledger_name((enum ledger_term)(LEDGER_UNREADABLE_REASON + refusal)));
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		assert_string_equal(ledger_name((enum ledger_term)(LEDGER_UNREADABLE_REASON + known[i].refusal)), known[i].name);
}

static void the_list_names_what_is_elsewhere(void **state)
{
	struct record_count counts[LEDGER_TERMS];
	struct ledger l;

	for (int shared = 0; shared < 2; shared++) {
		bool missing = false, elsewhere = false;
		size_t n;

		fill(&l);
		n = ledger_list(&l, shared, counts);
		assert_int_equal(n, LEDGER_TERMS - 1);
		for (size_t i = 0; i < n; i++) {
			missing |= !strcmp(counts[i].name, "missing") && counts[i].value == 9;
			elsewhere |= !strcmp(counts[i].name, "elsewhere") && counts[i].value == 9;
		}
		assert_int_equal(missing, !shared);
		assert_int_equal(elsewhere, shared);
	}
}

static void the_table_says_whether_it_balances(void **state)
{
	char text[8192], tiny[64];
	struct ledger l;

	fill(&l);
	ledger_print(&l, both, false, text, sizeof(text));
	assert_non_null(strstr(text, "balanced: every frame is accounted for"));
	assert_non_null(strstr(text, "disk_full"));
	assert_null(strstr(text, "NOT BALANCED"));
	ledger_add(&l, LEDGER_RECEIVED, 1);
	ledger_print(&l, both, true, text, sizeof(text));
	assert_non_null(strstr(text, "NOT BALANCED: messages is 90"));
	assert_non_null(strstr(text, "elsewhere 9"));
	assert_true(ledger_print(&l, both, false, tiny, sizeof(tiny)) < sizeof(tiny)); /* cut, not overrun */
	assert_int_equal(strlen(tiny), sizeof(tiny) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_balanced_ledger_passes),
		cmocka_unit_test(every_equation_is_checked),
		cmocka_unit_test(every_reason_belongs_to_its_term),
		cmocka_unit_test(a_sink_that_is_off_is_not_asked),
		cmocka_unit_test(runs_add_up_to_the_total),
		cmocka_unit_test(every_term_has_its_own_name_and_words),
		cmocka_unit_test(the_list_names_what_is_elsewhere),
		cmocka_unit_test(the_table_says_whether_it_balances),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
