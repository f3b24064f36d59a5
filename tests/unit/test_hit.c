/* test_hit.c - hit rules mean what they say, treat NaN as no answer, and are refused with the column of the mistake. Pure. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pipeline/hit.h"
#include "tests/support/random.h"

static char message[512];

static bool holds(const char *expression, const double values[HIT_NAMES])
{
	struct hit_rule rule;

	if (hit_compile(&rule, expression, message, sizeof message))
		fail_msg("%s: %s", expression, message);
	return hit_evaluate(&rule, values);
}

static void rules_mean_what_they_say(void **state)
{
	static const struct {
		const char *expression;
		bool expected;
	} cases[] = {
		{ "n_spots_range >= 10", true }, { "n_spots_range>10", false }, { "n_spots_range == 10.0", true }, { "n_spots_range != 1e1", false },
		{ "n_spots_range >= 10 and (d_min < 4 or ice < 5)", true }, { "d_min < 2 || ice < 1 && 1 < 2", false },
		{ "1 < 2 or 1 < 2 and 2 < 1", true }, { "(1 < 2 or 1 < 2) and 2 < 1", false }, { "not 1 < 2 or 1 < 2", true }, { "not (1 < 2 or 1 < 2)", false },
		{ "!(ice > 5)", true }, { "! ice > 5", true }, { "not not 1 < 2", true }, { "1 - 2 - 3 == -4", true }, { "8 / 4 / 2 == 1", true },
		{ "2 + 3 * 4 == 14", true }, { "(2 + 3) * 4 == 20", true }, { "-2 * -3 == 6", true }, { "2 - -3 == 5", true }, { "1--1==2", true },
		{ "- (1 + 1) == -2", true }, { ".5 + 1. == 1.5", true }, { "\tn_spots_range\t>=\t10 ", true }, { "((((n_spots_range))) >= (10))", true },
		{ "d_min<=2.5&&ice>=3", true }, { "n_spots / 0 > 1e300", true }, { "1 / 0 == 2 / 0", true }, { "0 / 0 == 0 / 0", false }, { "n_strong - n_strong == 0", true },
	};
	double values[HIT_NAMES] = { [HIT_N_SPOTS] = 12, [HIT_N_SPOTS_RANGE] = 10, [HIT_D_MIN] = 2.5, [HIT_ICE] = 3, [HIT_N_STRONG] = 5 };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (holds(cases[i].expression, values) != cases[i].expected)
			fail_msg("%s is not %d", cases[i].expression, cases[i].expected);
}

static void every_name_is_known(void **state)
{
	for (int i = 0; i < HIT_NAMES; i++) {
		double values[HIT_NAMES] = { 0 };
		char expression[64];

		values[i] = 3;
		snprintf(expression, sizeof expression, "%s == 3", hit_names[i]);
		assert_true(holds(expression, values));
		values[i] = 4;
		assert_false(holds(expression, values));
	}
}

static void a_comparison_with_nan_is_false(void **state)
{
	static const char *const operators[] = { "<", "<=", ">", ">=", "==", "!=" };
	double values[HIT_NAMES] = { [HIT_D_MIN] = NAN };

	for (size_t i = 0; i < 6; i++) {
		char expression[64];

		snprintf(expression, sizeof expression, "d_min %s 4", operators[i]);
		assert_false(holds(expression, values));
		snprintf(expression, sizeof expression, "4 + 1 %s d_min * 0", operators[i]);
		assert_false(holds(expression, values));
		snprintf(expression, sizeof expression, "not (d_min %s 4)", operators[i]);
		assert_true(holds(expression, values));
	}
	assert_false(holds("d_min == d_min", values));
}

static void mistakes_are_told_with_their_column(void **state)
{
	static const struct {
		const char *expression, *words;
	} wrong[] = {
		{ "", "column 1: the rule ends where a number or a score is wanted" },
		{ "n_spots", "column 1: a condition is wanted, this is a number; compare it, as in n_spots >= 10" },
		{ "n_spot > 3", "column 1: no score is called 'n_spot'; did you mean 'n_spots'?" },
		{ "n_spots > 3 and dmin < 4", "column 17: no score is called 'dmin'; did you mean 'd_min'?" },
		{ "n_spots > 3 and d_min", "column 17: 'and' wants a condition, this is a number; compare it with something" },
		{ "d_min and n_spots > 3", "column 1: 'and' wants a condition, this is a number; compare it with something" },
		{ "n_spots = 3", "column 9: '=' alone; write == to compare" },
		{ "1 < d_min < 4", "column 11: a second comparison; write a < b and b < c" },
		{ "(1 < 2) < 3", "column 1: '<' compares numbers, this is a condition" },
		{ "3 < (1 < 2)", "column 5: '<' compares numbers, this is a condition" },
		{ "(1 < 2) + 3 > 1", "column 1: '+' wants a number, this is a condition" },
		{ "-(1 < 2) > 1", "column 2: '-' wants a number, this is a condition" },
		{ "not n_spots", "column 5: 'not' wants a condition, this is a number; compare it with something" },
		{ "(n_spots > 3", "column 13: ')' is missing for the '(' in column 1" },
		{ "n_spots > 3)", "column 12: ')' without a '('" },
		{ "n_spots > 3 d_min", "column 13: and, or, or an operator is wanted here" },
		{ "n_spots > ", "column 11: the rule ends where a number or a score is wanted" },
		{ "n_spots > and", "column 11: a number or a score is wanted, not 'and'" },
		{ "n_spots > 3A", "column 12: 'A' right after a number" },
		{ "n_spots > 1.2.3", "column 14: '.' right after a number" },
		{ "n_spots > .", "column 11: a number or a score is wanted, not '.'" },
		{ "n_spots > 1e999", "column 11: 1e999 is too large a number" },
		{ "n_spots > $", "column 11: a number or a score is wanted, not '$'" },
		{ "n_spots > \xc3\xa9", "column 11: a number or a score is wanted here" },
		{ "n_spots > inf", "column 11: no score is called 'inf'" },
	};

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct hit_rule rule;

		assert_int_equal(hit_compile(&rule, wrong[i].expression, message, sizeof message), -EINVAL);
		if (strncmp(message, wrong[i].words, strlen(wrong[i].words)))
			fail_msg("%s: %s", wrong[i].expression, message);
	}
}

static void long_and_deep_rules_are_bounded(void **state)
{
	char expression[2048] = "";
	struct hit_rule rule;

	for (int i = 0; i < 1000; i++)
		strcat(expression, "(");
	assert_int_equal(hit_compile(&rule, expression, message, sizeof message), -EINVAL);
	assert_string_equal(message, "column 33: nested more than 32 deep");
	for (int i = 0; i < 1000; i++)
		expression[i] = '-';
	assert_int_equal(hit_compile(&rule, expression, message, sizeof message), -EINVAL);
	for (int i = 0; i < 1000; i++)
		expression[i] = '!';
	assert_int_equal(hit_compile(&rule, expression, message, sizeof message), -EINVAL);
	strcpy(expression, "1");
	for (int i = 0; i < 200; i++)
		strcat(expression, "+1");
	assert_int_equal(hit_compile(&rule, expression, message, sizeof message), -EINVAL);
	assert_non_null(strstr(message, "the rule has more than 128 parts"));
}

/* --- random rules, written out and worked out by the test itself --------------------------------------------------------------- */

struct writer {
	struct random r;
	char text[4096];
	const double *values;
	unsigned parts;
};

static void put(struct writer *w, const char *text)
{
	assert_true(strlen(w->text) + strlen(text) < sizeof w->text);
	strcat(w->text, text);
}

static double random_number(struct writer *w, int depth)
{
	double a, b;
	char text[32];

	w->parts++;
	if (!depth || random_below(&w->r, 3) == 0) {
		uint32_t which = random_below(&w->r, HIT_NAMES + 4);

		if (which < HIT_NAMES) {
			put(w, hit_names[which]);
			return w->values[which];
		}
		snprintf(text, sizeof text, "%u", random_below(&w->r, 4));
		put(w, text);
		return strtod(text, NULL);
	}
	put(w, "(");
	a = random_number(w, depth - 1);
	switch (random_below(&w->r, 4)) {
	case 0:
		put(w, " + "), b = random_number(w, depth - 1), a += b;
		break;
	case 1:
		put(w, "-"), b = random_number(w, depth - 1), a -= b;
		break;
	case 2:
		put(w, "* "), b = random_number(w, depth - 1), a *= b;
		break;
	default:
		put(w, " /"), b = random_number(w, depth - 1), a /= b;
	}
	put(w, ")");
	return a;
}

static bool random_condition(struct writer *w, int depth)
{
	double x, y;
	bool a, b;

	w->parts++;
	switch (depth ? random_below(&w->r, 5) : 3 + random_below(&w->r, 2)) {
	case 0:
		put(w, "("), a = random_condition(w, depth - 1), put(w, random_below(&w->r, 2) ? " and " : "&&");
		b = random_condition(w, depth - 1), put(w, ")");
		return a && b;
	case 1:
		put(w, "("), a = random_condition(w, depth - 1), put(w, random_below(&w->r, 2) ? " or " : "||");
		b = random_condition(w, depth - 1), put(w, ")");
		return a || b;
	case 2:
		put(w, random_below(&w->r, 2) ? "(not " : "(!"), a = random_condition(w, depth - 1), put(w, ")");
		return !a;
	case 3:
		put(w, "("), x = random_number(w, 2), put(w, "<"), y = random_number(w, 2), put(w, ")");
		return x < y;
	default:
		put(w, "("), x = random_number(w, 2), put(w, " != "), y = random_number(w, 2), put(w, ")");
		return !isnan(x) && !isnan(y) && x != y;
	}
}

static void random_rules_are_worked_out_right(void **state)
{
	struct writer w = { 0 };
	int done = 0, held = 0;

	random_seed(&w.r);
	while (done < 3000) {
		double values[HIT_NAMES];
		struct hit_rule rule;
		bool expected;

		for (int i = 0; i < HIT_NAMES; i++)
			values[i] = random_below(&w.r, 6) ? random_below(&w.r, 5) : NAN;
		w.values = values;
		w.text[0] = 0;
		w.parts = 0;
		expected = random_condition(&w, 3);
		if (w.parts > HIT_CODE_MAX)
			continue;
		if (hit_compile(&rule, w.text, message, sizeof message))
			fail_msg("%s: %s", w.text, message);
		if (hit_evaluate(&rule, values) != expected)
			fail_msg("%s is not %d", w.text, expected);
		held += expected;
		done++;
	}
	assert_true(held > 300 && held < 2700);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_mean_what_they_say),
		cmocka_unit_test(every_name_is_known),
		cmocka_unit_test(a_comparison_with_nan_is_false),
		cmocka_unit_test(mistakes_are_told_with_their_column),
		cmocka_unit_test(long_and_deep_rules_are_bounded),
		cmocka_unit_test(random_rules_are_worked_out_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
