/* bell.c - futex behind bell.h. */
#include "host/bell.h"

#include <linux/futex.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "host/clock.h"

#define SPIN_NS 1000 /* shorter than going to sleep and back; by the clock, for a pause takes ten times as long on some processors as on others */

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

/* Has it been rung within a moment? */
static bool spin(struct bell *bell, uint32_t ticket)
{
	uint64_t begun_ns = clock_monotonic_ns();

	do {
		if (atomic_load_explicit(&bell->count, memory_order_acquire) != ticket)
			return true;
#if defined(__x86_64__)
		__builtin_ia32_pause();
#endif
	} while (clock_monotonic_ns() - begun_ns < SPIN_NS);
	return false;
}

void bell_wait(struct bell *bell, uint32_t ticket, uint32_t timeout_us)
{
	struct timespec timeout = {timeout_us / 1000000, (long)(timeout_us % 1000000) * 1000};

	if (spin(bell, ticket))
		return;
	atomic_fetch_add_explicit(&bell->sleepers, 1, memory_order_seq_cst);
	if (atomic_load_explicit(&bell->count, memory_order_seq_cst) == ticket)
		syscall(SYS_futex, (uint32_t *)&bell->count, FUTEX_WAIT_PRIVATE, ticket, &timeout, NULL, 0);
	atomic_fetch_sub_explicit(&bell->sleepers, 1, memory_order_seq_cst);
}
