/* test_bell.c - no wake-up is lost: two threads that sleep whenever they find nothing hand a token to and fro. With threads. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/bell.h"
#include "host/clock.h"

#define ROUNDS 50000u
#define AGES_US 60000000u /* a wake-up that is lost is seen as one that took this long */

struct side {
	struct bell bell;
	_Atomic uint32_t token; /* release by the other side before it rings; acquire here */
};

static struct side here, there;

static void hand(struct side *to, uint32_t token)
{
	atomic_store_explicit(&to->token, token, memory_order_release);
	bell_ring(&to->bell);
}

static void await(struct side *side, uint32_t token)
{
	for (;;) {
		uint32_t ticket = bell_listen(&side->bell);

		if (atomic_load_explicit(&side->token, memory_order_acquire) == token)
			return;
		bell_wait(&side->bell, ticket, AGES_US);
	}
}

static void *other(void *user)
{
	for (uint32_t n = 1; n <= ROUNDS; n++) {
		await(&there, n);
		hand(&here, n);
	}
	return NULL;
}

static void no_wake_up_is_lost(void **state)
{
	uint64_t longest_ns = 0;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, other, NULL), 0);
	for (uint32_t n = 1; n <= ROUNDS; n++) {
		uint64_t begun_ns = clock_monotonic_ns(), took_ns;

		hand(&there, n);
		await(&here, n);
		took_ns = clock_monotonic_ns() - begun_ns;
		longest_ns = took_ns > longest_ns ? took_ns : longest_ns;
	}
	pthread_join(thread, NULL);
	assert_true(longest_ns < (uint64_t)AGES_US * 1000);
}

static void a_ring_after_the_ticket_needs_no_sleep(void **state)
{
	struct bell bell = {0};
	uint32_t ticket = bell_listen(&bell);
	uint64_t begun_ns = clock_monotonic_ns();

	bell_ring(&bell);
	bell_wait(&bell, ticket, AGES_US);
	assert_true(clock_monotonic_ns() - begun_ns < (uint64_t)AGES_US * 1000);
	assert_int_not_equal(bell_listen(&bell), ticket);
}

static void nobody_ringing_it_returns_all_the_same(void **state)
{
	struct bell bell = {0};

	bell_wait(&bell, bell_listen(&bell), 1000);
	assert_int_equal(atomic_load(&bell.sleepers), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_wake_up_is_lost),
		cmocka_unit_test(a_ring_after_the_ticket_needs_no_sleep),
		cmocka_unit_test(nobody_ringing_it_returns_all_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
