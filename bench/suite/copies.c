/* copies.c - counting and handing on (copies.h). */
#include "bench/suite/copies.h"

#include <stdatomic.h>
#include <stddef.h>

#include "bench/suite/allocations.h"

void *__real_memcpy(void *to, const void *from, size_t bytes);
void *__real_memmove(void *to, const void *from, size_t bytes);
void *__wrap_memcpy(void *to, const void *from, size_t bytes);
void *__wrap_memmove(void *to, const void *from, size_t bytes);

static _Atomic bool counting;   /* relaxed: switched while nothing of interest happens */
static _Atomic uint64_t copied; /* relaxed: a mere count */

static void count(size_t bytes)
{
	if (atomic_load_explicit(&counting, memory_order_relaxed) && allocations_on_path())
		atomic_fetch_add_explicit(&copied, bytes, memory_order_relaxed);
}

void *__wrap_memcpy(void *to, const void *from, size_t bytes)
{
	count(bytes);
	return __real_memcpy(to, from, bytes);
}

void *__wrap_memmove(void *to, const void *from, size_t bytes)
{
	count(bytes);
	return __real_memmove(to, from, bytes);
}

void copies_count(bool on)
{
	atomic_store_explicit(&counting, on, memory_order_relaxed);
}

uint64_t copies_read(void)
{
	return atomic_load_explicit(&copied, memory_order_relaxed);
}
