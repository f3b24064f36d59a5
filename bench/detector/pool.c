/* pool.c - entries, whatever they come from. See pool.h. */
#include "bench/detector/pool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHANNEL_HEAD 256 /* bytes that Stream v2 writes before a channel's payload: name, tags, sizes */

enum stream_codec pool_stream_codec(enum codec codec)
{
	static const enum stream_codec codecs[] = { STREAM_CODEC_NONE, STREAM_CODEC_BSLZ4, STREAM_CODEC_LZ4_FRAMED, STREAM_CODEC_LZ4_RAW };

	return codecs[codec];
}

enum codec pool_codec(enum stream_codec codec)
{
	static const enum codec codecs[] = { CODEC_NONE, CODEC_BSLZ4, CODEC_LZ4_FRAMED, CODEC_LZ4_RAW };

	return codecs[codec];
}

/* Grows only: an entry that is loaded again and again settles at its largest frame. */
static int entry_reserve(struct pool_entry *entry, size_t room)
{
	uint8_t *memory;

	if (entry->room >= room && entry->memory)
		return 0;
	memory = malloc(POOL_HEADROOM + room);
	if (!memory)
		return -ENOMEM;
	free(entry->memory);
	entry->memory = memory;
	entry->room = room;
	return 0;
}

int pool_entry_store(struct pool_entry *entry, bool v1, const struct stream_channel *channel, uint32_t n_channels)
{
	size_t room = 0;
	int error;

	for (uint32_t c = 0; c < n_channels; c++)
		room += CHANNEL_HEAD + channel[c].pixels.bytes.len;
	error = entry_reserve(entry, room);
	entry->len = 0;
	for (uint32_t c = 0; !error && c < n_channels; c++) {
		uint8_t *at = entry->memory + POOL_HEADROOM + entry->len;
		struct span bytes = channel[c].pixels.bytes;
		int64_t len = (int64_t)bytes.len;

		if (v1)
			memcpy(at, bytes.at, bytes.len);
		else
			len = stream_v2_emit_image_channel(at, room - entry->len, &channel[c]);
		if (len < 0)
			return (int)len;
		entry->channel[c] = channel[c];
		entry->channel[c].pixels.bytes.at = at + len - bytes.len; /* the payload is the last thing of a channel */
		entry->len += (size_t)len;
	}
	entry->filled = !error;
	return error;
}

int pool_open(struct pool **out, const struct settings *settings, uint64_t seed, uint64_t budget, unsigned threads, char *message,
	      size_t message_bytes)
{
	struct pool *pool = calloc(1, sizeof *pool);
	int error;

	*out = NULL;
	snprintf(message, message_bytes, "out of memory");
	if (!pool)
		return -ENOMEM;
	pool->settings = settings;
	if (settings->file[0])
		error = pool_open_file(pool, budget, message, message_bytes);
	else
		error = pool_generate(pool, seed, budget, threads, message, message_bytes);
	if (error)
		pool_close(&pool);
	*out = pool;
	return error;
}

void pool_close(struct pool **pool)
{
	struct pool *p = *pool;

	if (!p)
		return;
	for (unsigned i = 0; p->entry && i < p->n; i++) {
		free(p->entry[i].memory);
		scene_truth_clear(&p->entry[i].truth);
	}
	free(p->entry);
	free(p->mask);
	free(p->flatfield);
	pool_close_file(p);
	free(p);
	*pool = NULL;
}

struct pool_entry *pool_take(struct pool *pool, bool hit, uint64_t i)
{
	return hit ? &pool->entry[i % pool->n_hits] : &pool->entry[pool->n_hits + i % (pool->n - pool->n_hits)];
}
