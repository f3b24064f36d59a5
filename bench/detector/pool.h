/* pool.h - the frames of a series, compressed and ready to be sent over and over, and the start message that belongs to them.
 *
 * For series.c. Made beforehand by several threads (generated frames), or read in as they are wanted (recorded files). The bytes of an entry
 * lend themselves to ZeroMQ without a copy: in_flight counts the messages that still hold them. */
#ifndef BENCH_DETECTOR_POOL_H
#define BENCH_DETECTOR_POOL_H

#include <stdatomic.h>

#include "bench/detector/scene.h"
#include "bench/detector/settings.h"
#include "kernels/frame.h"

/* Room before the channels of a Stream v2 message for what differs from frame to frame. */
#define POOL_HEADROOM 1024

struct pool_entry {
	/* Raised by the sender, lowered (release) by ZeroMQ's thread when it is done with the bytes; the sender's load (acquire) that finds 0
	 * may write to them again. */
	_Atomic unsigned in_flight;
	uint8_t *memory;          /* POOL_HEADROOM, then the channels as Stream v2 writes them; Stream v1: the payload */
	size_t len;               /* behind the headroom */
	size_t room;              /* of memory, behind the headroom */
	struct stream_channel channel[STREAM_CHANNELS_MAX]; /* spans point into memory */
	uint64_t number;          /* of the frame in the scene or the file */
	uint64_t original;        /* frame number as the file has it */
	bool filled;
	struct scene_truth truth; /* generated frames only */
};

struct pool_file; /* an open recorded file */

struct pool {
	const struct settings *settings;
	struct stream_start start;   /* series ids, dates and numbers are the series' business */
	uint32_t n_channels;
	unsigned n, n_hits;          /* entries; generated: those with a crystal come first */
	struct pool_entry *entry;
	uint64_t file_frames;        /* 0: generated */
	struct pool_file *file;
	uint8_t *mask, *flatfield;   /* tables of the start message */
	uint64_t bytes;              /* of all entries */
};

/* budget: bytes for the entries. message gets the reason in words. -EINVAL is the user's mistake. */
int pool_open(struct pool **out, const struct settings *settings, uint64_t seed, uint64_t budget, unsigned threads, char *message,
	      size_t message_bytes);
void pool_close(struct pool **pool);

/* The entry for frame i of the hits, or of the misses; both start again when all were had. */
struct pool_entry *pool_take(struct pool *pool, bool hit, uint64_t i);

/* Recorded files: the entry in which frame i is or belongs; pool_load fills it (in_flight must be 0). */
struct pool_entry *pool_place(struct pool *pool, uint64_t i);
int pool_load(struct pool *pool, struct pool_entry *entry, uint64_t i, char *message, size_t message_bytes);

/* --- for pool_*.c only ------------------------------------------------------------------------------------------------------- */

/* Puts encoded payloads into an entry, in the form that the dialect sends. channel[c].pixels.bytes point at them. */
int pool_entry_store(struct pool_entry *entry, bool v1, const struct stream_channel *channel, uint32_t n_channels);
int pool_open_file(struct pool *pool, uint64_t budget, char *message, size_t message_bytes);
void pool_close_file(struct pool *pool);
int pool_generate(struct pool *pool, uint64_t seed, uint64_t budget, unsigned threads, char *message, size_t message_bytes);
enum stream_codec pool_stream_codec(enum codec codec);
enum codec pool_codec(enum stream_codec codec);

#endif
