/* fuzz_hit.c - hostile hit rules (libFuzzer). Input: the expression.
 *
 * What is accepted must evaluate, whatever the scores; and a rule and its negation never both hold. With SLUICE_FUZZ_SEEDS in the environment a
 * refusal ends the run. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/hit.h"

#define TEXT_MAX 1024

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void evaluate(const char *expression, const struct hit_rule *rule, double value)
{
	char negated[TEXT_MAX + 16], message[256];
	double values[HIT_NAMES];
	struct hit_rule other;

	for (int i = 0; i < HIT_NAMES; i++)
		values[i] = value + i * (value > 2);
	snprintf(negated, sizeof negated, "not (%s)", expression);
	if (hit_compile(&other, negated, message, sizeof message)) /* a little longer and deeper, so perhaps too much */
		hit_evaluate(rule, values);
	else if (hit_evaluate(rule, values) == hit_evaluate(&other, values))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const double values[] = { 0, 1, -1, 4.5, 1e300, NAN, INFINITY };
	char expression[TEXT_MAX + 1], message[256] = "";
	struct hit_rule rule;

	if (size > TEXT_MAX)
		return -1;
	memcpy(expression, data, size);
	expression[size] = 0;
	if (hit_compile(&rule, expression, message, sizeof message)) {
		if (strncmp(message, "column ", 7) || getenv("SLUICE_FUZZ_SEEDS")) {
			fprintf(stderr, "refused: %s\n", message);
			abort();
		}
		return 0;
	}
	for (size_t i = 0; i < sizeof values / sizeof *values; i++)
		evaluate(expression, &rule, values[i]);
	return 0;
}
