/* compose.c - lays a chunk of frames down for the device: which bytes are copied where, and the jobs of its decoders (see device.h).
 *
 * Neighbours in one pinned range become one copy: a slab of many small frames with their block tables goes over in one piece. */
#include <errno.h>
#include <string.h>

#include "kernels/device/device.h"

#define RUN_ALIGN 256u /* where a copy begins */
#define RUN_GAP 4096u  /* bytes between two pieces that are rather copied along than make two copies */
#define PIECES_MAX 0x7fffffffu

static size_t round_up(size_t n, size_t to)
{
	return (n + to - 1) / to * to;
}

/* The end of the pinned range that these bytes lie in, or 0. */
static uintptr_t pinned_end(const struct engine_context *c, const uint8_t *from, size_t bytes)
{
	uintptr_t begin = (uintptr_t)from;

	for (unsigned i = 0; i < DEVICE_PINS; i++) {
		/* pairs with the release in device_pin: the end is there when the beginning is */
		uintptr_t at = atomic_load_explicit(&c->pin[i].begin, memory_order_acquire);

		if (at && begin >= at && bytes <= c->pin[i].end - at && begin - at <= c->pin[i].end - at - bytes)
			return c->pin[i].end;
	}
	return 0;
}

/* Where on the device these bytes will lie; they go along with the last run, or begin one. -ENOSPC: the chunk is full. */
static int place(struct engine_queue *q, const uint8_t *from, size_t bytes, uint64_t *at)
{
	struct device_chunk *chunk = &q->chunk;
	struct copy_run *last = chunk->n_runs ? &chunk->run[chunk->n_runs - 1] : NULL;
	uintptr_t begin = (uintptr_t)from, run_end = last ? (uintptr_t)last->from + last->bytes : 0;
	bool along = last && last->pinned_end && begin >= run_end && begin - run_end <= RUN_GAP && begin % 4 == 0 &&
		     bytes <= last->pinned_end - begin && begin < last->pinned_end;
	size_t to = along ? last->to + (begin - (uintptr_t)last->from) : round_up(chunk->payload_bytes, RUN_ALIGN) + (begin & 3);

	if (to + bytes + RUN_ALIGN > q->payload.bytes)
		return -ENOSPC;
	if (along)
		last->bytes = begin + bytes - (uintptr_t)last->from;
	else
		chunk->run[chunk->n_runs++] = (struct copy_run){from, bytes, to, pinned_end(q->context, from, bytes)};
	chunk->payload_bytes = to + bytes;
	*at = to;
	return 0;
}

static bool is_large(const struct frame_job *job)
{
	return job->how != JOB_PIXELS && job->block_bytes > DECODE_WINDOW;
}

/* The frame as a job; where its bytes lie is not yet known. */
static struct frame_job job_of(const struct engine_item *item, uint32_t frame)
{
	const struct block_table *t = item->blocks;
	struct frame_job job = {.frame = frame};

	if (item->payload.codec == CODEC_NONE) {
		job.how = JOB_PIXELS;
		job.block_bytes = DECODE_WINDOW;
		job.n_blocks = (uint32_t)((t->tail_bytes + (uint64_t)DECODE_WINDOW - 1) / DECODE_WINDOW);
		job.last_bytes = t->tail_bytes - (job.n_blocks - 1) * DECODE_WINDOW;
		return job;
	}
	job.how = item->payload.codec == CODEC_BSLZ4 ? JOB_SHUFFLED : item->payload.codec == CODEC_LZ4_FRAMED ? JOB_STORED : JOB_PLAIN;
	job.n_blocks = t->n_blocks;
	job.block_bytes = t->block_bytes;
	job.last_bytes = t->last_bytes;
	job.tail_bytes = t->tail_bytes;
	job.tail_offset = t->tail_offset;
	if (is_large(&job) && job.how == JOB_SHUFFLED) {
		uint32_t pixels = job.block_bytes >> (item->payload.shuffle_bytes / 2), words = pixels / 32 + (pixels % 32 != 0);

		job.tiles_per_block = (words + UNSHUFFLE_WORDS - 1) / UNSHUFFLE_WORDS;
	}
	return job;
}

/* The block table goes from where it lies, if that is with its payload, else from memory of the queue. */
static int place_offsets(struct engine_queue *q, const struct engine_item *item, struct frame_job *job)
{
	size_t bytes = (job->n_blocks + (size_t)1) * sizeof(uint32_t);
	struct device_chunk *chunk = &q->chunk;

	if (job->how == JOB_PIXELS || job->n_blocks == 0)
		return 0;
	if (chunk->run[chunk->n_runs - 1].pinned_end) {
		uintptr_t at = (uintptr_t)item->blocks->offset, end = (uintptr_t)chunk->run[chunk->n_runs - 1].from + chunk->run[chunk->n_runs - 1].bytes;

		if (at >= end && at - end <= RUN_GAP && at % 4 == 0 && at < chunk->run[chunk->n_runs - 1].pinned_end)
			return place(q, (const uint8_t *)item->blocks->offset, bytes, &job->offsets_at);
	}
	if (chunk->offsets_bytes + bytes > q->host_offsets.bytes)
		return -ENOSPC;
	memcpy((uint8_t *)q->host_offsets.at + chunk->offsets_bytes, item->blocks->offset, bytes);
	job->offsets_at = chunk->offsets_bytes; /* from where they will all begin */
	chunk->offsets_bytes += bytes;
	return 1;
}

/* Places the frame's bytes and counts what it needs. Jobs of large blocks are kept at the end, in reverse. -ENOSPC: it does not fit any more. */
static int add(struct engine_queue *q, const struct engine_item *item, bool staged[DEVICE_BATCH])
{
	struct device_chunk *chunk = &q->chunk;
	struct device_chunk before = {.n_runs = chunk->n_runs, .payload_bytes = chunk->payload_bytes, .offsets_bytes = chunk->offsets_bytes};
	struct copy_run last = chunk->n_runs ? chunk->run[chunk->n_runs - 1] : (struct copy_run){0};
	struct frame_job job = job_of(item, chunk->n), *jobs = q->host_jobs.at;
	uint64_t pieces = (uint64_t)job.n_blocks + (job.tail_bytes > 0), tiles = (uint64_t)job.n_blocks * job.tiles_per_block;
	bool large = is_large(&job);
	int rc = place(q, item->payload.bytes, item->payload.len_bytes, &job.payload_at);

	if (rc == 0)
		rc = place_offsets(q, item, &job);
	if (rc >= 0 && (chunk->small_pieces + pieces > PIECES_MAX || chunk->large_pieces + pieces > PIECES_MAX || chunk->tiles + tiles > PIECES_MAX ||
			chunk->payload_bytes + chunk->offsets_bytes + 2 * RUN_ALIGN > q->payload.bytes))
		rc = -ENOSPC;
	if (rc < 0) {
		if (before.n_runs)
			chunk->run[before.n_runs - 1] = last;
		chunk->n_runs = before.n_runs;
		chunk->payload_bytes = before.payload_bytes;
		chunk->offsets_bytes = before.offsets_bytes;
		return rc;
	}
	staged[chunk->n] = rc == 1;
	job.first_piece = large ? chunk->large_pieces : chunk->small_pieces;
	job.first_tile = chunk->tiles;
	chunk->pieces[chunk->n] = (uint32_t)pieces;
	chunk->tiles += (uint32_t)tiles;
	if (large) {
		jobs[DEVICE_BATCH - 1 - (chunk->n - chunk->n_small)] = job;
		chunk->large_pieces += (uint32_t)pieces;
	} else {
		jobs[chunk->n_small++] = job;
		chunk->small_pieces += (uint32_t)pieces;
	}
	chunk->n++;
	return 0;
}

/* A frame whose bytes no chunk holds brings room for itself. */
static int make_room(struct engine_queue *q, const struct engine_item *item)
{
	size_t table = (item->blocks->n_blocks + (size_t)1) * sizeof(uint32_t);
	int error = room_grow(q->context, &q->payload, item->payload.len_bytes + 2 * table + 8 * RUN_ALIGN);

	return error ? error : host_room_grow(q->context, &q->host_offsets, table);
}

/* Large jobs come behind the small ones, in order; staged block tables behind all payloads. */
static void settle(struct engine_queue *q, const bool staged[DEVICE_BATCH])
{
	struct device_chunk *chunk = &q->chunk;
	struct frame_job *jobs = q->host_jobs.at;
	size_t offsets_at = round_up(chunk->payload_bytes, RUN_ALIGN);
	uint32_t n_large = chunk->n - chunk->n_small;

	for (uint32_t i = 0; i < n_large / 2; i++) {
		struct frame_job swap = jobs[DEVICE_BATCH - 1 - i];

		jobs[DEVICE_BATCH - 1 - i] = jobs[DEVICE_BATCH - n_large + i];
		jobs[DEVICE_BATCH - n_large + i] = swap;
	}
	memmove(jobs + chunk->n_small, jobs + DEVICE_BATCH - n_large, n_large * sizeof *jobs);
	for (uint32_t i = 0; i < chunk->n; i++)
		if (staged[jobs[i].frame])
			jobs[i].offsets_at += offsets_at;
	if (chunk->offsets_bytes)
		chunk->run[chunk->n_runs++] = (struct copy_run){q->host_offsets.at, chunk->offsets_bytes, offsets_at, 0};
}

int compose(struct engine_queue *q, const struct engine_plan *plan, struct engine_item *items, uint32_t n)
{
	struct device_chunk *chunk = &q->chunk;
	bool staged[DEVICE_BATCH];
	int error = 0;

	chunk->n = chunk->n_small = chunk->small_pieces = chunk->large_pieces = chunk->tiles = chunk->bins = chunk->n_runs = 0;
	chunk->payload_bytes = chunk->offsets_bytes = 0;
	chunk->wants_strong = false;
	while (chunk->n < n && chunk->n < q->frames) {
		const struct engine_item *item = &items[chunk->n];

		error = add(q, item, staged);
		if (error == -ENOSPC && chunk->n == 0) {
			error = make_room(q, item);
			if (!error)
				error = add(q, item, staged);
		}
		if (error)
			break;
		if (item->wanted & OUTPUT_RADIAL)
			chunk->bins = plan->table.n_bins;
		if (item->wanted & (OUTPUT_STRONG | OUTPUT_SPOTS) && plan->plan->algorithm != SPOTS_NONE)
			chunk->wants_strong = true;
	}
	if (error && (error != -ENOSPC || chunk->n == 0))
		return error == -ENOSPC ? -ENOMEM : error;
	if (chunk->tiles > 0 && !q->wants_planes) {
		q->wants_planes = true;
		return -EAGAIN;
	}
	settle(q, staged);
	chunk->plan = plan;
	chunk->items = items;
	return (int)chunk->n;
}
