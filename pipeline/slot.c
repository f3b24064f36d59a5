/* slot.c - the memory of all slots (slot.h). Columns are address space until a frame needs them. */
#include "pipeline/slot.h"

#include <errno.h>

#define ALIGN(x) (((size_t)(x) + 63) & ~(size_t)63)

static size_t column_bytes(const struct slot_pool_cfg *c)
{
	return ALIGN(c->max_spots * sizeof(double)) * 3 + ALIGN(c->max_spots * sizeof(uint32_t)) * 3 +
	       ALIGN(c->max_bins * sizeof(uint64_t)) + ALIGN(c->max_bins * sizeof(uint32_t)) * 3 +
	       ALIGN(c->max_strong * sizeof(uint32_t));
}

static void *take(uint8_t **at, size_t bytes)
{
	void *here = *at;

	*at += ALIGN(bytes);
	return here;
}

static void place_columns(struct outcome *o, const struct slot_pool_cfg *c, uint8_t *at)
{
	struct record *r = &o->record;

	r->spots.x = take(&at, c->max_spots * sizeof(double));
	r->spots.y = take(&at, c->max_spots * sizeof(double));
	r->spots.sum = take(&at, c->max_spots * sizeof(uint64_t));
	r->spots.n_px = take(&at, c->max_spots * sizeof(uint32_t));
	r->spots.max = take(&at, c->max_spots * sizeof(uint32_t));
	r->spots.d = take(&at, c->max_spots * sizeof(float));
	r->radial.bin_sum = take(&at, c->max_bins * sizeof(uint64_t));
	r->radial.bin_count = take(&at, c->max_bins * sizeof(uint32_t));
	r->radial.intensity = take(&at, c->max_bins * sizeof(float));
	r->radial.sigma = take(&at, c->max_bins * sizeof(float));
	o->strong = c->max_strong ? take(&at, c->max_strong * sizeof(uint32_t)) : NULL;
}

int slot_pool_open(struct slot_pool *pool, const struct slot_pool_cfg *cfg)
{
	size_t per_channel = column_bytes(cfg);
	int rc;

	*pool = (struct slot_pool){0};
	rc = memory_open(&pool->slots, cfg->n * sizeof(struct slot), cfg->node, false);
	if (rc == 0)
		rc = memory_open(&pool->columns, (size_t)cfg->n * cfg->channels * per_channel, cfg->node, false);
	if (rc < 0) {
		slot_pool_close(pool);
		return rc;
	}
	pool->slot = pool->slots.at;
	pool->n = cfg->n;
	for (uint32_t i = 0; i < cfg->n; i++)
		for (uint32_t c = 0; c < cfg->channels; c++)
			place_columns(&pool->slot[i].outcome[c], cfg,
				      (uint8_t *)pool->columns.at + ((size_t)i * cfg->channels + c) * per_channel);
	return 0;
}

void slot_pool_close(struct slot_pool *pool)
{
	for (uint32_t i = 0; i < pool->n; i++)
		message_close(&pool->slot[i].message);
	memory_close(&pool->columns);
	memory_close(&pool->slots);
	*pool = (struct slot_pool){0};
}

void slot_clear(struct slot *slot)
{
	message_close(&slot->message);
	slot->kind = SLOT_MESSAGE;
	slot->run = NULL;
	slot->refusal = STREAM_OK;
	slot->analyse = slot->hit = slot->kept = slot->write_payload = false;
	slot->reason = LEDGER_TERMS;
}
