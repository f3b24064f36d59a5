/* hit.h - the hit rule: a boolean expression over a frame's scores, compiled once, evaluated per frame without allocation.
 *
 *   n_spots_range >= 10 and (d_min < 4 or ice < 5)        and, or, not, && || !, < <= > >= == !=, + - * /, parentheses, numbers
 * Names: the scores of algorithms.md section 5 and the totals (hit_names). A comparison with NaN is false. */
#ifndef PIPELINE_HIT_H
#define PIPELINE_HIT_H

#include <stdbool.h>
#include <stddef.h>

enum hit_name {
	HIT_N_SPOTS, HIT_N_SPOTS_RING_FREE, HIT_N_SPOTS_RANGE, HIT_TOTAL_INTENSITY, HIT_TOTAL_SIGNAL, HIT_BACKGROUND, HIT_D_MIN, HIT_D_MIN_SHELLS,
	HIT_ICE, HIT_SCORE, HIT_SUM, HIT_MAX, HIT_N_STRONG, HIT_N_VALID, HIT_N_NODATA, HIT_N_SATURATED,
	HIT_NAMES
};
extern const char *const hit_names[HIT_NAMES];

#define HIT_CODE_MAX 128
struct hit_rule { /* postfix code; plain data */
	unsigned n;
	struct { unsigned char op; double number; } code[HIT_CODE_MAX];
};

/* -EINVAL with a message that points at the place (and offers a near name). */
int hit_compile(struct hit_rule *rule, const char *expression, char *message, size_t message_bytes);
bool hit_evaluate(const struct hit_rule *rule, const double values[HIT_NAMES]);

#endif
