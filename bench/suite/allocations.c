/* allocations.c - counting malloc (allocations.h). */
#include "bench/suite/allocations.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

extern void *__libc_malloc(size_t bytes);
extern void *__libc_calloc(size_t n, size_t bytes);
extern void *__libc_realloc(void *at, size_t bytes);
extern void *__libc_memalign(size_t align, size_t bytes);
extern const char __executable_start, etext;

static _Atomic uint64_t ours, libraries; /* relaxed: mere counts */
static _Thread_local int on_path;        /* 0: not asked yet, 1: yes, -1: no */

bool allocations_on_path(void)
{
	static const char *const names[] = {"receive", "admit", "work", "publish", "forward"};
	char name[16] = "";

	if (on_path)
		return on_path > 0;
	prctl(PR_GET_NAME, name);
	/* A thread bears its parent's name until it is given its own. */
	if (!strncmp(name, "sluice", 6))
		return false;
	on_path = -1;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strncmp(name, names[i], strlen(names[i])))
			on_path = 1;
	return on_path > 0;
}

__attribute__((unused)) static void count(const void *caller)
{
	if (!allocations_on_path())
		return;
	if ((const char *)caller >= &__executable_start && (const char *)caller < &etext)
		atomic_fetch_add_explicit(&ours, 1, memory_order_relaxed);
	else
		atomic_fetch_add_explicit(&libraries, 1, memory_order_relaxed);
}

#if ALLOCATIONS_COUNTED
void *malloc(size_t bytes)
{
	count(__builtin_return_address(0));
	return __libc_malloc(bytes);
}

void *calloc(size_t n, size_t bytes)
{
	count(__builtin_return_address(0));
	return __libc_calloc(n, bytes);
}

void *realloc(void *at, size_t bytes)
{
	count(__builtin_return_address(0));
	return __libc_realloc(at, bytes);
}

void *aligned_alloc(size_t align, size_t bytes)
{
	count(__builtin_return_address(0));
	return __libc_memalign(align, bytes);
}
#endif

void allocations_read(struct allocations *out)
{
	*out = (struct allocations){
		atomic_load_explicit(&ours, memory_order_relaxed), atomic_load_explicit(&libraries, memory_order_relaxed),
	};
}

void allocations_watch_this_thread(void)
{
	on_path = 1;
}
