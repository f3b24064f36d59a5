/* bell.c - futex behind bell.h. */
#include "host/bell.h"

#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SPINS 200 /* about a microsecond: shorter than going to sleep and back */

void bell_ring(struct bell *bell)
{
	atomic_fetch_add_explicit(&bell->count, 1, memory_order_seq_cst);
	if (atomic_load_explicit(&bell->sleepers, memory_order_seq_cst))
		syscall(SYS_futex, (uint32_t *)&bell->count, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

uint32_t bell_listen(struct bell *bell)
{
	return atomic_load_explicit(&bell->count, memory_order_acquire);
}

void bell_wait(struct bell *bell, uint32_t ticket, uint32_t timeout_us)
{
	struct timespec timeout = {timeout_us / 1000000, (long)(timeout_us % 1000000) * 1000};

	for (int i = 0; i < SPINS; i++) {
		if (atomic_load_explicit(&bell->count, memory_order_acquire) != ticket)
			return;
#if defined(__x86_64__)
		__builtin_ia32_pause();
#endif
	}
	atomic_fetch_add_explicit(&bell->sleepers, 1, memory_order_seq_cst);
	if (atomic_load_explicit(&bell->count, memory_order_seq_cst) == ticket)
		syscall(SYS_futex, (uint32_t *)&bell->count, FUTEX_WAIT_PRIVATE, ticket, &timeout, NULL, 0);
	atomic_fetch_sub_explicit(&bell->sleepers, 1, memory_order_seq_cst);
}
