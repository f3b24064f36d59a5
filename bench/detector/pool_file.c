/* pool_file.c - a pool over a recorded file: entries are read in when their frame is wanted and stay while there is room. See pool.h.
 *
 * Payloads are passed on as the file has them, but for Stream v1 with lz4 (which knows no framing) or where another codec was asked for: those
 * are decoded and encoded anew. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/detector/pool.h"
#include "host/frame_file.h"
#include "kernels/codec.h"

#define PIXELS_MAX 200000000u

struct pool_file {
	struct frame_file *file;
	size_t room;                    /* of each buffer */
	uint8_t *raw[STREAM_CHANNELS_MAX], *encoded[STREAM_CHANNELS_MAX], *pixels;
	size_t encoded_room;
};

static int describe(struct pool *pool, const struct frame_file_info *info, char *message, size_t n)
{
	const struct settings *s = pool->settings;

	pool->start = info->start;
	pool->n_channels = info->n_channels;
	pool->file_frames = info->n_frames;
	if (!info->n_frames || !info->n_channels || info->n_channels > STREAM_CHANNELS_MAX) {
		snprintf(message, n, "%s: no frames, or more than %d channels", s->file, STREAM_CHANNELS_MAX);
		return -EINVAL;
	}
	if (s->v1 && info->n_channels > 1) {
		snprintf(message, n, "%s: %u channels, and Stream v1 carries one; use --protocol v2", s->file, info->n_channels);
		return -EINVAL;
	}
	pool->start.n_channels = info->n_channels;
	for (uint32_t c = 0; c < info->n_channels; c++)
		if (!pool->start.channel[c].name[0])
			snprintf(pool->start.channel[c].name, sizeof pool->start.channel[c].name, "threshold_%u", c + 1);
	return 0;
}

static int buffers_open(struct pool_file *f, const struct pool *pool, uint64_t room)
{
	struct image_shape widest = { pool->start.width, pool->start.height, PIXEL_U32 };
	size_t bound = codec_bound(CODEC_BSLZ4, &widest, 64);

	f->room = room;
	f->encoded_room = bound > codec_bound(CODEC_LZ4_RAW, &widest, 0) ? bound : codec_bound(CODEC_LZ4_RAW, &widest, 0);
	f->pixels = malloc(image_bytes(&widest));
	if (!f->pixels)
		return -ENOMEM;
	for (uint32_t c = 0; c < pool->n_channels; c++) {
		f->raw[c] = malloc(f->room);
		f->encoded[c] = malloc(f->encoded_room);
		if (!f->raw[c] || !f->encoded[c])
			return -ENOMEM;
	}
	return 0;
}

int pool_open_file(struct pool *pool, uint64_t budget, char *message, size_t n)
{
	struct stream_limits limits = { PIXELS_MAX, STREAM_CHANNELS_MAX };
	struct pool_file *f = calloc(1, sizeof *f);
	const struct frame_file_info *info;
	uint64_t entry_bytes, entries;
	int error;

	pool->file = f;
	if (!f)
		return -ENOMEM;
	if (frame_file_open(&f->file, pool->settings->file, &limits, message, n))
		return -EINVAL; /* a wrong file is the user's mistake */
	info = frame_file_info(f->file);
	error = describe(pool, info, message, n);
	if (!error)
		error = buffers_open(f, pool, info->max_payload_bytes);
	if (error)
		return error;
	entry_bytes = info->max_payload_bytes * pool->n_channels + POOL_HEADROOM;
	entries = pool->settings->pool ? pool->settings->pool : budget / entry_bytes;
	entries = entries > info->n_frames ? info->n_frames : entries;
	pool->n = entries < 2 ? 2 : entries > 100000 ? 100000 : (unsigned)entries;
	pool->entry = calloc(pool->n, sizeof *pool->entry);
	return pool->entry ? 0 : -ENOMEM;
}

void pool_close_file(struct pool *pool)
{
	struct pool_file *f = pool->file;

	if (!f)
		return;
	for (int c = 0; c < STREAM_CHANNELS_MAX; c++) {
		free(f->raw[c]);
		free(f->encoded[c]);
	}
	free(f->pixels);
	frame_file_close(&f->file);
	free(f);
	pool->file = NULL;
}

struct pool_entry *pool_place(struct pool *pool, uint64_t i)
{
	return &pool->entry[i % pool->file_frames % pool->n];
}

/* The codec to send this payload with. */
static enum codec wanted_codec(const struct settings *s, enum stream_codec has)
{
	if (s->codec_given)
		return s->codec;
	if (s->v1 && has == STREAM_CODEC_LZ4_FRAMED)
		return CODEC_LZ4_RAW;
	if (!s->v1 && has == STREAM_CODEC_LZ4_RAW)
		return CODEC_LZ4_FRAMED;
	return pool_codec(has);
}

static int recode(struct pool *pool, uint32_t c, struct stream_array *a)
{
	const struct settings *s = pool->settings;
	enum codec codec = wanted_codec(s, a->codec);
	struct payload payload = { a->bytes.at, a->bytes.len, pool_codec(a->codec), a->shuffle_bytes };
	struct image_shape shape = { a->width, a->height, a->elem_bytes == 1 ? PIXEL_U8 : a->elem_bytes == 2 ? PIXEL_U16 : PIXEL_U32 };
	size_t len = pool->file->encoded_room;
	int error;

	if (codec == payload.codec && !s->block_bytes)
		return 0;
	if (a->width != pool->start.width || a->height != pool->start.height) /* the buffers were measured by the start */
		return -EBADMSG;
	error = codec_decode(&payload, &shape, pool->file->pixels);
	if (!error)
		error = codec_encode(codec, &shape, s->block_bytes, pool->file->pixels, pool->file->encoded[c], &len);
	if (error)
		return -EBADMSG;
	a->bytes = (struct span){ pool->file->encoded[c], len };
	a->codec = pool_stream_codec(codec);
	a->shuffle_bytes = codec == CODEC_BSLZ4 ? a->elem_bytes : 0;
	return 0;
}

int pool_load(struct pool *pool, struct pool_entry *entry, uint64_t i, char *message, size_t n)
{
	struct pool_file *f = pool->file;
	struct stream_channel channel[STREAM_CHANNELS_MAX];
	int error = 0;

	entry->filled = false;
	entry->number = i;
	for (uint32_t c = 0; !error && c < pool->n_channels; c++) {
		error = frame_file_read(f->file, i, c, f->raw[c], f->room, &channel[c], &entry->original, message, n);
		if (!error)
			error = recode(pool, c, &channel[c].pixels);
		if (!error && !channel[c].name[0])
			snprintf(channel[c].name, sizeof channel[c].name, "%s", pool->start.channel[c].name);
	}
	return error ? error : pool_entry_store(entry, pool->settings->v1, channel, pool->n_channels);
}
