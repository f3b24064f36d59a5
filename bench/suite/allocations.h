/* allocations.h - how often threads of the frame path ask for memory, and who asks: our code or a library.
 *
 * Linking this in replaces malloc, calloc and realloc of the program by ones that count and hand on to glibc's. A thread is of the frame path by
 * its name. The caller is ours where the return address lies in the program itself, into which all of ours and nothing else is linked. */
#ifndef BENCH_SUITE_ALLOCATIONS_H
#define BENCH_SUITE_ALLOCATIONS_H

#include <stdint.h>

struct allocations {
	uint64_t ours, libraries;
};

/* So far, of all threads of the frame path: receive, admit, work, publish, forward. */
void allocations_read(struct allocations *out);

#endif
