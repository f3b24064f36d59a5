/* floors.c - liblz4 alone and memcpy alone (floors.h). */
#include "bench/suite/floors.h"

#include <errno.h>
#include <lz4.h>
#include <stdlib.h>
#include <string.h>

int floors_open(struct floors *f, const struct bench_set *set)
{
	size_t bytes = image_bytes(&set->shape);

	*f = (struct floors){.set = set, .block = malloc(set->frame[0].table.block_bytes), .from = malloc(bytes), .to = malloc(bytes)};
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

	for (uint32_t i = 0; i < b->table.n_blocks; i++)
		if (LZ4_decompress_safe((const char *)b->bytes + b->table.offset[i], (char *)f->block, (int)block_table_length(&b->table, i),
					(int)b->table.block_bytes) < 0)
			return -EBADMSG;
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
