/* test_ring.c - what goes into a ring comes out once, in order; a full one refuses; two threads at once lose nothing. Pure and with threads. */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pipeline/ring.h"
#include "tests/support/random.h"

static void a_full_ring_refuses_and_an_empty_one_has_nothing(void **state)
{
	uint32_t value, capacities[] = {1, 2, 3, 16, 100};

	for (size_t c = 0; c < sizeof(capacities) / sizeof(*capacities); c++) {
		struct ring ring;
		uint32_t room = 0;

		assert_int_equal(ring_open(&ring, capacities[c]), 0);
		assert_false(ring_pop(&ring, &value));
		while (ring_push(&ring, 1000 + room))
			room++;
		assert_true(room >= capacities[c]);
		assert_int_equal(ring_count(&ring), room);
		for (uint32_t i = 0; i < room; i++) {
			assert_true(ring_pop(&ring, &value));
			assert_int_equal(value, 1000 + i);
		}
		assert_false(ring_pop(&ring, &value));
		assert_int_equal(ring_count(&ring), 0);
		ring_close(&ring);
		ring_close(&ring);
	}
}

/* The counters are 32 bits wide and pass their end in a long run. */
static void the_counters_may_wrap(void **state)
{
	struct ring ring;
	uint32_t value;

	assert_int_equal(ring_open(&ring, 4), 0);
	atomic_store(&ring.head, UINT32_MAX - 1);
	atomic_store(&ring.tail, UINT32_MAX - 1);
	ring.tail_seen = ring.head_seen = UINT32_MAX - 1;
	for (uint32_t round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < 4; i++)
			assert_true(ring_push(&ring, round * 4 + i));
		assert_false(ring_push(&ring, 99));
		assert_int_equal(ring_count(&ring), 4);
		for (uint32_t i = 0; i < 4; i++) {
			assert_true(ring_pop(&ring, &value));
			assert_int_equal(value, round * 4 + i);
		}
		assert_false(ring_pop(&ring, &value));
	}
	ring_close(&ring);
}

/* Against a queue that is plainly right. */
static void any_order_of_pushes_and_pops_is_a_queue(void **state)
{
	enum { ROOM = 8 };
	uint32_t value, in = 0, out = 0;
	struct random r;
	struct ring ring;

	random_seed(&r);
	assert_int_equal(ring_open(&ring, ROOM), 0);
	for (unsigned i = 0; i < 200000; i++) {
		if (random_below(&r, 2)) {
			assert_int_equal(ring_push(&ring, in), in - out < ROOM);
			in += in - out < ROOM;
		} else if (ring_pop(&ring, &value)) {
			assert_int_equal(value, out++);
		} else {
			assert_int_equal(in, out);
		}
		assert_int_equal(ring_count(&ring), in - out);
	}
	ring_close(&ring);
}

struct stress {
	struct ring to, back;
	uint64_t *payload; /* written before its index is handed over, read after */
	uint32_t room, n;
};

static void *echo(void *user)
{
	struct stress *s = user;

	for (uint32_t n = 0; n < s->n; n++) {
		uint32_t index;

		while (!ring_pop(&s->to, &index))
			sched_yield();
		s->payload[index] = ~s->payload[index]; /* a plain access: the rings alone order it */
		while (!ring_push(&s->back, index))
			sched_yield();
	}
	return NULL;
}

static void send(struct stress *s, uint32_t index, uint64_t n)
{
	s->payload[index] = n;
	assert_true(ring_push(&s->to, index));
}

static void stress(uint32_t room, uint32_t n_slots)
{
	struct stress s = {.room = room, .n = n_slots};
	uint32_t sent = 0, index;
	pthread_t other;

	assert_int_equal(ring_open(&s.to, s.room), 0);
	assert_int_equal(ring_open(&s.back, s.room), 0);
	s.payload = calloc(s.room, sizeof(*s.payload));
	assert_non_null(s.payload);
	assert_int_equal(pthread_create(&other, NULL, echo, &s), 0);
	while (sent < s.room) {
		send(&s, sent, sent);
		sent++;
	}
	for (uint32_t n = 0; n < s.n; n++) {
		while (!ring_pop(&s.back, &index))
			sched_yield();
		assert_int_equal(index, n % s.room); /* in order */
		assert_true(s.payload[index] == ~(uint64_t)n);
		if (sent < s.n) {
			send(&s, index, sent);
			sent++;
		}
	}
	pthread_join(other, NULL);
	assert_int_equal(ring_count(&s.to), 0);
	assert_int_equal(ring_count(&s.back), 0);
	free(s.payload);
	ring_close(&s.to);
	ring_close(&s.back);
}

/* Slots go round between two threads as in the node: what was written to a slot before it was handed over is there on the other side. A short ring is
 * full or empty most of the time, and on a busy machine each time costs a turn of everybody else: fewer go through it. */
static void two_threads_hand_slots_to_and_fro(void **state)
{
	stress(7, 20000);
	stress(1000, 2000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_ring_refuses_and_an_empty_one_has_nothing),
		cmocka_unit_test(the_counters_may_wrap),
		cmocka_unit_test(any_order_of_pushes_and_pops_is_a_queue),
		cmocka_unit_test(two_threads_hand_slots_to_and_fro),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
