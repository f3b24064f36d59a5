/* equality.h - every engine, at every level that this machine has, against the reference, bit for bit.
 *
 * For the tests of engines. An engine joins by one line in `contenders` (equality.c). Result, bin sums, counts, strong pixels
 * and spots are compared with memcmp, and guard zones around every output with what they held. One queue per contender
 * serves all frames of a test, so that nothing of one may reach into the next. */
#ifndef TESTS_SUPPORT_EQUALITY_H
#define TESTS_SUPPORT_EQUALITY_H

#include "kernels/engine.h"

#define EQUALITY_MAX_BYTES (32u << 20) /* the largest image, uncompressed */

struct equality_frame {
	const struct plan *plan;
	const struct payload *payload;
	const struct block_table *blocks; /* checked for the plan's shape */
	uint32_t wanted;
};

/* Group set-up and tear-down for cmocka; says which contenders this machine lacks. */
int equality_open(void **state);
int equality_close(void **state);

/* Fails the test, with what differs, where an engine does not return what the reference does. */
void equality_check(const struct equality_frame *frame, const char *name);

#endif
