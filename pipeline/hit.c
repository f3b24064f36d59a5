/* hit.c - hit rules: recursive descent to postfix code, and its evaluation. Pure.
 *
 *   rule = or;  or = and {or and};  and = not {and not};  not = [not] comparison
 *   comparison = sum [< <= > >= == != sum];  sum = product {+ - product};  product = factor {* / factor};  factor = [-] number | name | ( or )
 * A number where a condition is wanted, and the other way round, is a mistake that is told, so that `n_spots and d_min` does not pass. */
#include "pipeline/hit.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/nearest.h"

#define DEPTH_MAX 32 /* parentheses and signs within each other */
#define WORD_MAX 40

const char *const hit_names[HIT_NAMES] = {
	[HIT_N_SPOTS] = "n_spots",
	[HIT_N_SPOTS_RING_FREE] = "n_spots_ring_free",
	[HIT_N_SPOTS_RANGE] = "n_spots_range",
	[HIT_TOTAL_INTENSITY] = "total_intensity",
	[HIT_TOTAL_SIGNAL] = "total_signal",
	[HIT_BACKGROUND] = "background",
	[HIT_D_MIN] = "d_min",
	[HIT_D_MIN_SHELLS] = "d_min_shells",
	[HIT_ICE] = "ice",
	[HIT_SCORE] = "score",
	[HIT_SUM] = "sum",
	[HIT_MAX] = "max",
	[HIT_N_STRONG] = "n_strong",
	[HIT_N_VALID] = "n_valid",
	[HIT_N_NODATA] = "n_nodata",
	[HIT_N_SATURATED] = "n_saturated",
};

enum op { OP_NUMBER, OP_NAME, OP_NEGATE, OP_ADD, OP_SUBTRACT, OP_MULTIPLY, OP_DIVIDE, OP_LT, OP_LE, OP_GT, OP_GE, OP_EQ, OP_NE, OP_NOT, OP_AND, OP_OR };

enum kind { KIND_WRONG, KIND_NUMBER, KIND_CONDITION }; /* of an expression; wrong: the message is written */

struct parser {
	struct hit_rule *rule;
	const char *text, *at;
	unsigned depth;
	char *message;
	size_t message_bytes;
};

static enum kind parse_or(struct parser *p);
static enum kind parse_factor(struct parser *p);

static enum kind wrong(struct parser *p, const char *at, const char *format, ...) __attribute__((format(printf, 3, 4)));

static enum kind wrong(struct parser *p, const char *at, const char *format, ...)
{
	int n = snprintf(p->message, p->message_bytes, "column %td: ", at - p->text + 1);
	va_list list;

	if (n > 0 && (size_t)n < p->message_bytes) {
		va_start(list, format);
		vsnprintf(p->message + n, p->message_bytes - (size_t)n, format, list);
		va_end(list);
	}
	return KIND_WRONG;
}

static void skip_blanks(struct parser *p)
{
	while (*p->at == ' ' || *p->at == '\t')
		p->at++;
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* Takes a sign or a word if it is the next. A sign that goes on ("<" of "<=") is not. */
static bool take(struct parser *p, const char *token)
{
	size_t n = strlen(token);

	skip_blanks(p);
	if (strncmp(p->at, token, n))
		return false;
	if (is_word(*token) && is_word(p->at[n]))
		return false;
	if ((*token == '<' || *token == '>' || *token == '!') && n == 1 && p->at[1] == '=')
		return false;
	p->at += n;
	return true;
}

static bool emit(struct parser *p, enum op op, double number)
{
	struct hit_rule *rule = p->rule;

	if (rule->n == HIT_CODE_MAX) {
		wrong(p, p->at, "the rule has more than %d parts", HIT_CODE_MAX);
		return false;
	}
	rule->code[rule->n].op = (unsigned char)op;
	rule->code[rule->n++].number = number;
	return true;
}

static enum kind parse_name(struct parser *p)
{
	const char *start = p->at, *near;
	char word[WORD_MAX];
	size_t n = 0;

	while (is_word(start[n]))
		n++;
	snprintf(word, sizeof word, "%.*s", n < WORD_MAX ? (int)n : WORD_MAX - 1, start);
	for (unsigned i = 0; i < HIT_NAMES; i++)
		if (strlen(hit_names[i]) == n && !strncmp(hit_names[i], start, n)) {
			p->at += n;
			return emit(p, OP_NAME, i) ? KIND_NUMBER : KIND_WRONG;
		}
	if (!strcmp(word, "and") || !strcmp(word, "or") || !strcmp(word, "not"))
		return wrong(p, start, "a number or a score is wanted, not '%s'", word);
	near = nearest_word(word, hit_names, HIT_NAMES);
	if (near)
		return wrong(p, start, "no score is called '%s'; did you mean '%s'?", word, near);
	return wrong(p, start, "no score is called '%s'; there are n_spots, n_spots_ring_free, n_spots_range, total_intensity, total_signal, background, d_min, "
		     "d_min_shells, ice, score, sum, max, n_strong, n_valid, n_nodata, n_saturated", word);
}

/* Digits with at most one point and an exponent; nothing else that strtod would take. */
static enum kind parse_number(struct parser *p)
{
	const char *start = p->at, *end = start;
	char text[WORD_MAX];
	double number;

	end += strspn(end, "0123456789");
	if (*end == '.')
		end += 1 + strspn(end + 1, "0123456789");
	if (end == start + 1 && *start == '.')
		return wrong(p, start, "a number or a score is wanted, not '.'");
	if (*end == 'e' || *end == 'E') {
		const char *digits = end + 1 + (end[1] == '+' || end[1] == '-');

		if (isdigit((unsigned char)*digits))
			end = digits + strspn(digits, "0123456789");
	}
	if (is_word(*end) || *end == '.')
		return wrong(p, end, "'%c' right after a number", *end);
	if (end - start >= WORD_MAX)
		return wrong(p, start, "a number of more than %d digits", WORD_MAX - 1);
	snprintf(text, sizeof text, "%.*s", (int)(end - start), start);
	number = strtod(text, NULL);
	if (!isfinite(number))
		return wrong(p, start, "%s is too large a number", text);
	p->at = end;
	return emit(p, OP_NUMBER, number) ? KIND_NUMBER : KIND_WRONG;
}

static enum kind parse_inner(struct parser *p)
{
	const char *open;
	enum kind kind;

	skip_blanks(p);
	open = p->at;
	if (take(p, "-")) {
		const char *start = p->at;

		kind = parse_factor(p);
		if (kind == KIND_CONDITION)
			return wrong(p, start, "'-' wants a number, this is a condition");
		return kind == KIND_NUMBER && emit(p, OP_NEGATE, 0) ? KIND_NUMBER : KIND_WRONG;
	}
	if (take(p, "(")) {
		kind = parse_or(p);
		if (kind != KIND_WRONG && !take(p, ")"))
			return wrong(p, p->at, "')' is missing for the '(' in column %td", open - p->text + 1);
		return kind;
	}
	if (isdigit((unsigned char)*p->at) || *p->at == '.')
		return parse_number(p);
	if (is_word(*p->at))
		return parse_name(p);
	if (!*p->at)
		return wrong(p, p->at, "the rule ends where a number or a score is wanted");
	if ((unsigned char)*p->at < 0x20 || (unsigned char)*p->at > 0x7e)
		return wrong(p, p->at, "a number or a score is wanted here");
	return wrong(p, p->at, "a number or a score is wanted, not '%c'", *p->at);
}

static enum kind parse_factor(struct parser *p)
{
	enum kind kind;

	if (p->depth == DEPTH_MAX)
		return wrong(p, p->at, "nested more than %d deep", DEPTH_MAX);
	p->depth++;
	kind = parse_inner(p);
	p->depth--;
	return kind;
}

struct operator {
	const char *token;
	enum op op;
};

static const struct operator *take_one_of(struct parser *p, const struct operator *operators)
{
	for (; operators->token; operators++)
		if (take(p, operators->token))
			return operators;
	return NULL;
}

/* operand {operator operand}: one level of the grammar whose operands and value are all of one kind. */
static enum kind parse_level(struct parser *p, const struct operator *operators, enum kind (*operand)(struct parser *), enum kind wanted)
{
	const char *what = wanted == KIND_NUMBER ? "a number, this is a condition" : "a condition, this is a number; compare it with something";
	const char *start = (skip_blanks(p), p->at);
	enum kind kind = operand(p);

	while (kind != KIND_WRONG) {
		const struct operator *o = take_one_of(p, operators);
		const char *right;

		if (!o)
			return kind;
		if (kind != wanted)
			return wrong(p, start, "'%s' wants %s", o->token, what);
		skip_blanks(p);
		right = p->at;
		kind = operand(p);
		if (kind != KIND_WRONG && kind != wanted)
			return wrong(p, right, "'%s' wants %s", o->token, what);
		if (kind != KIND_WRONG && !emit(p, o->op, 0))
			return KIND_WRONG;
	}
	return kind;
}

static enum kind parse_product(struct parser *p)
{
	static const struct operator operators[] = { { "*", OP_MULTIPLY }, { "/", OP_DIVIDE }, { 0 } };

	return parse_level(p, operators, parse_factor, KIND_NUMBER);
}

static enum kind parse_sum(struct parser *p)
{
	static const struct operator operators[] = { { "+", OP_ADD }, { "-", OP_SUBTRACT }, { 0 } };

	return parse_level(p, operators, parse_product, KIND_NUMBER);
}

static enum kind parse_comparison(struct parser *p)
{
	static const struct operator operators[] = {
		{ "<=", OP_LE }, { ">=", OP_GE }, { "==", OP_EQ }, { "!=", OP_NE }, { "<", OP_LT }, { ">", OP_GT }, { 0 },
	};
	const char *start = (skip_blanks(p), p->at);
	enum kind kind = parse_sum(p);
	const struct operator *o = kind == KIND_WRONG ? NULL : take_one_of(p, operators);

	if (!o) {
		if (kind != KIND_WRONG && *p->at == '=')
			return wrong(p, p->at, "'=' alone; write == to compare");
		return kind;
	}
	if (kind != KIND_NUMBER)
		return wrong(p, start, "'%s' compares numbers, this is a condition", o->token);
	skip_blanks(p);
	start = p->at;
	kind = parse_sum(p);
	if (kind == KIND_WRONG || !emit(p, o->op, 0))
		return KIND_WRONG;
	if (kind != KIND_NUMBER)
		return wrong(p, start, "'%s' compares numbers, this is a condition", o->token);
	skip_blanks(p);
	start = p->at;
	if (take_one_of(p, operators))
		return wrong(p, start, "a second comparison; write a < b and b < c");
	return KIND_CONDITION;
}

static enum kind parse_not(struct parser *p)
{
	const char *start;
	enum kind kind;

	if (!take(p, "not") && !take(p, "!"))
		return parse_comparison(p);
	if (p->depth == DEPTH_MAX)
		return wrong(p, p->at, "nested more than %d deep", DEPTH_MAX);
	skip_blanks(p);
	start = p->at;
	p->depth++;
	kind = parse_not(p);
	p->depth--;
	if (kind == KIND_NUMBER)
		return wrong(p, start, "'not' wants a condition, this is a number; compare it with something");
	return kind != KIND_WRONG && emit(p, OP_NOT, 0) ? KIND_CONDITION : KIND_WRONG;
}

static enum kind parse_and(struct parser *p)
{
	static const struct operator operators[] = { { "and", OP_AND }, { "&&", OP_AND }, { 0 } };

	return parse_level(p, operators, parse_not, KIND_CONDITION);
}

static enum kind parse_or(struct parser *p)
{
	static const struct operator operators[] = { { "or", OP_OR }, { "||", OP_OR }, { 0 } };

	return parse_level(p, operators, parse_and, KIND_CONDITION);
}

int hit_compile(struct hit_rule *rule, const char *expression, char *message, size_t message_bytes)
{
	struct parser p = { .rule = rule, .text = expression, .at = expression, .message = message, .message_bytes = message_bytes };
	enum kind kind;

	memset(rule, 0, sizeof *rule);
	kind = parse_or(&p);
	skip_blanks(&p);
	if (kind != KIND_WRONG && *p.at)
		kind = *p.at == ')' ? wrong(&p, p.at, "')' without a '('") : wrong(&p, p.at, "and, or, or an operator is wanted here");
	if (kind == KIND_NUMBER)
		kind = wrong(&p, expression, "a condition is wanted, this is a number; compare it, as in n_spots >= 10");
	return kind == KIND_CONDITION ? 0 : -EINVAL;
}

static double apply(enum op op, double a, double b)
{
	switch (op) {
	case OP_ADD:
		return a + b;
	case OP_SUBTRACT:
		return a - b;
	case OP_MULTIPLY:
		return a * b;
	case OP_DIVIDE:
		return a / b;
	case OP_LT:
		return a < b;
	case OP_LE:
		return a <= b;
	case OP_GT:
		return a > b;
	case OP_GE:
		return a >= b;
	case OP_EQ:
		return a == b;
	case OP_NE:
		return a < b || a > b; /* false with NaN, unlike C's own */
	case OP_AND:
		return a != 0 && b != 0;
	case OP_OR:
		return a != 0 || b != 0;
	default:
		return NAN;
	}
}

bool hit_evaluate(const struct hit_rule *rule, const double values[HIT_NAMES])
{
	double stack[HIT_CODE_MAX];
	unsigned depth = 0; /* hit_compile's code never takes more than there is */

	for (unsigned i = 0; i < rule->n; i++) {
		enum op op = (enum op)rule->code[i].op;

		if (op == OP_NUMBER) {
			stack[depth++] = rule->code[i].number;
		} else if (op == OP_NAME) {
			stack[depth++] = values[(int)rule->code[i].number];
		} else if (op == OP_NEGATE) {
			stack[depth - 1] = -stack[depth - 1];
		} else if (op == OP_NOT) {
			stack[depth - 1] = stack[depth - 1] == 0;
		} else {
			depth--;
			stack[depth - 1] = apply(op, stack[depth - 1], stack[depth]);
		}
	}
	return depth == 1 && stack[0] != 0;
}
