/* floors.c - liblz4 alone and memcpy alone (floors.h). */
#include "bench/suite/floors.h"

#include <errno.h>
#include <lz4.h>
#include <stdlib.h>
#include <string.h>

int floors_open(struct floors *f, const struct bench_set *set)
{
	size_t bytes = image_bytes(&set->shape);

	size_t block_bytes = 1;

	for (unsigned i = 0; i < set->n; i++)
		if (set->frame[i].table.block_bytes > block_bytes)
			block_bytes = set->frame[i].table.block_bytes;
	*f = (struct floors){.set = set, .block = malloc(block_bytes), .from = malloc(bytes), .to = malloc(bytes)};
	if (!f->block || !f->from || !f->to) {
		floors_close(f);
		return -ENOMEM;
	}
	memset(f->from, 1, bytes);
	memset(f->to, 2, bytes);
	return 0;
}

void floors_close(struct floors *f)
{
	free(f->block);
	free(f->from);
	free(f->to);
	*f = (struct floors){0};
}

int floors_lz4(void *user, unsigned frame)
{
	const struct floors *f = user;
	const struct bench_frame *b = &f->set->frame[frame];
	const struct block_table *t = &b->table;

	for (uint32_t i = 0; i < t->n_blocks; i++) {
		uint32_t len = block_table_length(t, i), whole = i + 1 < t->n_blocks ? t->block_bytes : t->last_bytes;

		if (b->payload.codec == CODEC_LZ4_FRAMED && len == whole) /* stored as it is */
			memcpy(f->block, b->bytes + t->offset[i], len);
		else if (LZ4_decompress_safe((const char *)b->bytes + t->offset[i], (char *)f->block, (int)len, (int)whole) < 0)
			return -EBADMSG;
	}
	return 0;
}

int floors_memcpy(void *user, unsigned frame)
{
	const struct floors *f = user;

	(void)frame;
	memcpy(f->to, f->from, image_bytes(&f->set->shape));
	__asm__ volatile("" : : "r"(f->to) : "memory"); /* nobody reads it: the compiler must not notice */
	return 0;
}
