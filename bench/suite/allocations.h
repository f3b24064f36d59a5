/* allocations.h - how often threads of the frame path ask for memory, and who asks: our code or a library.
 *
 * Linking this in replaces malloc, calloc, realloc and aligned_alloc of the program by ones that count and hand on to glibc's. A thread is of the
 * frame path by its name, or because it says so. The caller is ours where the return address lies in the program itself, into which all of ours and
 * nothing else is linked. */
#ifndef BENCH_SUITE_ALLOCATIONS_H
#define BENCH_SUITE_ALLOCATIONS_H

#include <stdbool.h>
#include <stdint.h>

/* Sanitizers bring their own allocator; under them nothing is counted. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ALLOCATIONS_COUNTED 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define ALLOCATIONS_COUNTED 0
#endif
#endif
#ifndef ALLOCATIONS_COUNTED
#define ALLOCATIONS_COUNTED 1
#endif

struct allocations {
	uint64_t ours, libraries;
};

/* So far, of all threads of the frame path: receive, admit, work, publish, forward, and those that said so. */
void allocations_read(struct allocations *out);
/* From here on the calling thread counts as one of the frame path. */
void allocations_watch_this_thread(void);
/* Whether the calling thread does. */
bool allocations_on_path(void);

#endif
