/* idset.h - which image numbers of a run were seen: 64-bit numbers, mostly ascending, at a bit each.
 *
 * Pages of 65536 numbers from a fixed pool. When the pool is used up the lowest page is retired: its numbers count as over,
 * what still comes of them is `retired`. Nothing is allocated after open. Used by one thread. */
#ifndef PIPELINE_IDSET_H
#define PIPELINE_IDSET_H

#include <stdbool.h>
#include <stdint.h>

struct idset;

enum idset_answer { IDSET_NEW, IDSET_SEEN, IDSET_RETIRED };

int idset_open(struct idset **out, uint32_t max_pages); /* 0: 4096 */
void idset_close(struct idset **set);
void idset_clear(struct idset *set);
enum idset_answer idset_add(struct idset *set, uint64_t id);
/* How many numbers in [from, to] were not seen, counted from the pages. */
uint64_t idset_unseen(const struct idset *set, uint64_t from, uint64_t to);

#endif
