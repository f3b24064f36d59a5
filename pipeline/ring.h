/* ring.h - bounded queue of slot indices between two lanes: one producer, one consumer, no locks.
 *
 * Plain on purpose: shorter than ck_ring's set-up and as fast. Each side keeps a copy of the other's counter and looks again only when it must. */
#ifndef PIPELINE_RING_H
#define PIPELINE_RING_H

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

struct ring {
	_Alignas(64) _Atomic uint32_t head; /* producer: release after the entry is written; pairs with the acquire in ring_pop */
	uint32_t tail_seen;
	_Alignas(64) _Atomic uint32_t tail; /* consumer: release after the entry is read; pairs with the acquire in ring_push */
	uint32_t head_seen;
	_Alignas(64) uint32_t mask;
	uint32_t *entry;
};

/* Room for at least capacity entries. */
static inline int ring_open(struct ring *ring, uint32_t capacity)
{
	uint32_t size = 2;

	while (size < capacity)
		size *= 2;
	*ring = (struct ring){.mask = size - 1};
	ring->entry = calloc(size, sizeof(*ring->entry));
	return ring->entry ? 0 : -ENOMEM;
}

static inline void ring_close(struct ring *ring)
{
	free(ring->entry);
	ring->entry = NULL;
}

static inline bool ring_push(struct ring *ring, uint32_t value)
{
	uint32_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);

	if (head - ring->tail_seen > ring->mask) {
		ring->tail_seen = atomic_load_explicit(&ring->tail, memory_order_acquire);
		if (head - ring->tail_seen > ring->mask)
			return false;
	}
	ring->entry[head & ring->mask] = value;
	atomic_store_explicit(&ring->head, head + 1, memory_order_release);
	return true;
}

static inline bool ring_pop(struct ring *ring, uint32_t *value)
{
	uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);

	if (tail == ring->head_seen) {
		ring->head_seen = atomic_load_explicit(&ring->head, memory_order_acquire);
		if (tail == ring->head_seen)
			return false;
	}
	*value = ring->entry[tail & ring->mask];
	atomic_store_explicit(&ring->tail, tail + 1, memory_order_release);
	return true;
}

/* Entries in it, from either side or from a third: exact only for whoever stands still. */
static inline uint32_t ring_count(struct ring *ring)
{
	return atomic_load_explicit(&ring->head, memory_order_acquire) - atomic_load_explicit(&ring->tail, memory_order_acquire);
}

#endif
