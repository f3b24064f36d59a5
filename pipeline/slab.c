/* slab.c - see slab.h. */
#include "pipeline/slab.h"

#include <errno.h>

#define ALIGN(x) (((x) + 63) & ~(size_t)63)

/* Incompressible pixels grow by less than 1 % in LZ4; the rest is for words and offsets of blocks of 1 KiB or more. */
size_t slab_image_bytes(const struct image_shape *shape)
{
	return ALIGN(image_bytes(shape) + image_bytes(shape) / 32 + 4096);
}

static int renew(struct slab *slab, const struct slab_cfg *cfg, size_t bytes)
{
	const struct engines_entry *d = cfg->device;
	int rc;

	slab_close(slab, d);
	rc = memory_open(&slab->memory, bytes, cfg->numa_node, cfg->huge_pages);
	if (rc < 0)
		return rc;
	rc = d->engine->pin(d->context, slab->memory.at, bytes);
	if (rc < 0)
		memory_close(&slab->memory);
	else
		slab->bytes = bytes;
	return rc;
}

int slab_fit(struct slab *slab, const struct slab_cfg *cfg, size_t wanted_bytes)
{
	size_t bytes = wanted_bytes < cfg->max_bytes ? wanted_bytes : cfg->max_bytes;
	int rc;

	slab->used_bytes = 0;
	if (slab->bytes >= bytes)
		return 0;
	if (bytes == slab->refused_bytes)
		return -ENOMEM;
	rc = renew(slab, cfg, bytes);
	slab->refused_bytes = rc < 0 ? bytes : 0;
	return rc;
}

int slab_put(struct slab *slab, struct payload *payload, struct block_table *table, const struct image_shape *shape)
{
	size_t left = slab->bytes - slab->used_bytes, payload_bytes, used_bytes;
	uint8_t *at = (uint8_t *)slab->memory.at + slab->used_bytes;
	size_t entries;
	int rc;

	if (payload->len_bytes > left || ALIGN(payload->len_bytes) > left)
		return -ENOSPC;
	payload_bytes = ALIGN(payload->len_bytes);
	entries = (left - payload_bytes) / sizeof(uint32_t);
	*table = (struct block_table){
		.offset = (uint32_t *)(void *)(at + payload_bytes), .capacity = entries < UINT32_MAX ? (uint32_t)entries : UINT32_MAX,
	};
	rc = block_table_copy(table, payload, shape, at);
	if (rc < 0)
		return rc;
	used_bytes = payload_bytes + ALIGN(((size_t)table->n_blocks + 1) * sizeof(uint32_t));
	if (used_bytes > left) /* the slab's end need not be aligned, nor does a table of no blocks ask for room */
		return -ENOSPC;
	payload->bytes = at;
	slab->used_bytes += used_bytes;
	return 0;
}

void slab_close(struct slab *slab, const struct engines_entry *device)
{
	if (slab->bytes)
		device->engine->unpin(device->context, slab->memory.at, slab->bytes);
	memory_close(&slab->memory);
	slab->bytes = slab->used_bytes = 0;
}
