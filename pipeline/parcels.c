/* parcels.c - a ring of parcels and their bytes (parcels.h). */
#include "pipeline/parcels.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

struct parcels {
	_Alignas(64) _Atomic uint32_t head; /* producer; release, pairs with the acquire in parcels_first */
	_Alignas(64) _Atomic uint32_t tail; /* consumer; release, pairs with the acquire in parcels_next */
	_Atomic uint64_t bytes;             /* relaxed: a budget */
	uint64_t max_bytes;
	uint32_t mask;
	struct parcel *parcel;
};

int parcels_open(struct parcels **out, uint32_t max_parcels, uint64_t max_bytes)
{
	struct parcels *p = aligned_alloc(64, (sizeof(*p) + 63) & ~(size_t)63);
	uint32_t size = 2;

	*out = NULL;
	if (!p)
		return -ENOMEM;
	while (size < max_parcels)
		size *= 2;
	*p = (struct parcels){.max_bytes = max_bytes, .mask = size - 1};
	p->parcel = calloc(size, sizeof(*p->parcel));
	if (!p->parcel) {
		parcels_close(&p);
		return -ENOMEM;
	}
	*out = p;
	return 0;
}

void parcels_close(struct parcels **parcels)
{
	struct parcels *p = *parcels;

	if (!p)
		return;
	for (uint32_t i = 0; p->parcel && i <= p->mask; i++)
		message_close(&p->parcel[i].message);
	free(p->parcel);
	free(p);
	*parcels = NULL;
}

bool parcels_room(struct parcels *p, uint64_t bytes)
{
	uint64_t now = atomic_load_explicit(&p->bytes, memory_order_relaxed);

	/* Two places stay free for the ends of runs. */
	if (atomic_load_explicit(&p->head, memory_order_relaxed) - atomic_load_explicit(&p->tail, memory_order_acquire) + 2 > p->mask)
		return false;
	return !now || now + bytes <= p->max_bytes;
}

uint64_t parcels_bytes(const struct parcels *p, uint64_t *max_bytes)
{
	*max_bytes = p->max_bytes;
	return atomic_load_explicit(&p->bytes, memory_order_relaxed);
}

struct parcel *parcels_next(struct parcels *p)
{
	uint32_t head = atomic_load_explicit(&p->head, memory_order_relaxed);

	if (head - atomic_load_explicit(&p->tail, memory_order_acquire) > p->mask)
		return NULL;
	return &p->parcel[head & p->mask];
}

void parcels_put(struct parcels *p)
{
	uint32_t head = atomic_load_explicit(&p->head, memory_order_relaxed);

	atomic_fetch_add_explicit(&p->bytes, p->parcel[head & p->mask].message.bytes, memory_order_relaxed);
	atomic_store_explicit(&p->head, head + 1, memory_order_release);
}

struct parcel *parcels_first(struct parcels *p)
{
	uint32_t tail = atomic_load_explicit(&p->tail, memory_order_relaxed);

	if (tail == atomic_load_explicit(&p->head, memory_order_acquire))
		return NULL;
	return &p->parcel[tail & p->mask];
}

void parcels_done(struct parcels *p, uint64_t bytes)
{
	atomic_fetch_sub_explicit(&p->bytes, bytes, memory_order_relaxed);
	atomic_store_explicit(&p->tail, atomic_load_explicit(&p->tail, memory_order_relaxed) + 1, memory_order_release);
}
