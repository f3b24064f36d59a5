/* table.c - the block table of a payload (kernels/codec.h). For whoever stages frames; writes the caller's table only. */
#include <errno.h>

#include "kernels/codec/walk.h"

size_t block_table_entries(size_t image_bytes_, size_t min_block_bytes)
{
	size_t blocks;

	if (min_block_bytes == 0)
		min_block_bytes = 1;
	blocks = image_bytes_ / min_block_bytes + (image_bytes_ % min_block_bytes != 0);
	return (blocks > 0 ? blocks : 1) + 1;
}

int block_table_build(struct block_table *table, const struct payload *payload, const struct image_shape *shape)
{
	struct walk w;
	size_t offset = 0;
	uint32_t len_bytes;
	int error;

	error = walk_begin(&w, payload, shape);
	if (error)
		return error;
	if (w.n_blocks >= table->capacity && w.n_blocks > 0)
		return -ENOSPC;
	while (w.next < w.n_blocks) {
		uint32_t i = w.next;

		error = walk_next(&w, payload, &offset, &len_bytes);
		if (error)
			return error;
		table->offset[i] = (uint32_t)offset;
	}
	error = walk_end(&w, payload);
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
