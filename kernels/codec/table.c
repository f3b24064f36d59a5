/* table.c - the block table of a payload (kernels/codec.h). For whoever stages frames; writes the caller's table and copy only. */
#include <errno.h>
#include <string.h>

#include "kernels/codec/walk.h"

size_t block_table_entries(size_t image_bytes_, size_t min_block_bytes)
{
	size_t blocks;

	if (min_block_bytes == 0)
		min_block_bytes = 1;
	blocks = image_bytes_ / min_block_bytes + (image_bytes_ % min_block_bytes != 0);
	return (blocks > 0 ? blocks : 1) + 1;
}

/* Copies what lies between what was copied before and `end`. */
static void copy_until(uint8_t *to, size_t *copied, const struct payload *payload, size_t end)
{
	if (end > payload->len_bytes)
		end = payload->len_bytes;
	memcpy(to + *copied, payload->bytes + *copied, end - *copied);
	*copied = end;
}

/* to: NULL, or where the payload is to be copied. */
static int walk_blocks(struct block_table *table, struct walk *w, const struct payload *payload, uint8_t *to)
{
	size_t offset = 0, copied = 0;

	while (w->next < w->n_blocks) {
		uint32_t i = w->next, len_bytes;
		int error = walk_next(w, payload, &offset, &len_bytes);

		if (error)
			return error;
		table->offset[i] = (uint32_t)offset;
		if (to)
			copy_until(to, &copied, payload, w->at);
	}
	if (to)
		copy_until(to, &copied, payload, payload->len_bytes);
	return walk_end(w, payload);
}

static int build(struct block_table *table, const struct payload *payload, const struct image_shape *shape, uint8_t *to)
{
	struct walk w;
	int error = walk_begin(&w, payload, shape);

	if (error)
		return error;
	if (w.n_blocks >= table->capacity && w.n_blocks > 0)
		return -ENOSPC;
	error = walk_blocks(table, &w, payload, to);
	if (error)
		return error;
	if (w.n_blocks > 0)
		table->offset[w.n_blocks] = (uint32_t)w.at;
	table->n_blocks = w.n_blocks;
	table->block_bytes = w.block_bytes;
	table->last_bytes = w.last_bytes;
	table->tail_bytes = w.tail_bytes;
	table->tail_offset = (uint32_t)(payload->len_bytes - w.tail_bytes);
	return 0;
}

int block_table_build(struct block_table *table, const struct payload *payload, const struct image_shape *shape)
{
	return build(table, payload, shape, NULL);
}

int block_table_copy(struct block_table *table, const struct payload *payload, const struct image_shape *shape, uint8_t *to)
{
	return build(table, payload, shape, to);
}
