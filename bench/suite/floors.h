/* floors.h - what nobody gets below: the least work of its kind, measured in the same run.
 *
 * lz4: liblz4 decodes every block of a frame into a buffer that stays in the first-level cache, nothing else. memcpy: the raw frame is
 * copied once. */
#ifndef BENCH_SUITE_FLOORS_H
#define BENCH_SUITE_FLOORS_H

#include "bench/suite/cases.h"

struct floors {
	const struct bench_set *set;
	uint8_t *block, *from, *to;
};

int floors_open(struct floors *floors, const struct bench_set *set);
void floors_close(struct floors *floors);
int floors_lz4(void *floors, unsigned frame);    /* as struct contender wants it */
int floors_memcpy(void *floors, unsigned frame);

#endif
