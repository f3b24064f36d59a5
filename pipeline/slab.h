/* slab.h - a range of memory near a device, introduced to it once, that the compressed bytes of frames are copied into: a lane's own.
 *
 * Images lie one behind the other as kernels/engine.h has it: payload, block offsets, next payload. */
#ifndef PIPELINE_SLAB_H
#define PIPELINE_SLAB_H

#include "host/memory.h"
#include "pipeline/engines.h"

struct slab {
	struct memory memory;
	size_t bytes, used_bytes; /* introduced to the device; with something in it */
	size_t refused_bytes; /* a size that could not be had, so that it is not asked for again and again */
};

struct slab_cfg {
	const struct engines_entry *device;
	size_t max_bytes;
	int numa_node;
	bool huge_pages;
};

/* Empties it, and makes it as large as wanted where it is not, within max_bytes: that happens when a run brings larger frames. -ENOMEM: it is as it
 * was, or there is none. */
int slab_fit(struct slab *slab, const struct slab_cfg *cfg, size_t wanted_bytes);
/* Bytes that an image of this shape takes at most. */
size_t slab_image_bytes(const struct image_shape *shape);
/* Copies a payload in and builds its table behind it; the payload then points to the copy. -ENOSPC: no room, nothing has changed; else as
 * block_table_build says. */
int slab_put(struct slab *slab, struct payload *payload, struct block_table *table, const struct image_shape *shape);
void slab_close(struct slab *slab, const struct engines_entry *device);

#endif
