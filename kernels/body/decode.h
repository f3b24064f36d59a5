/* decode.h - kernels that make pixels of LZ4 blocks.
 *
 * A group takes a piece: one block, or the few bytes behind a frame's blocks. Every length and offset is checked; what is damaged is counted in the
 * frame's record and nothing is written outside the piece's own place in the image. */
#ifndef KERNELS_BODY_DECODE_H
#define KERNELS_BODY_DECODE_H

#include "kernels/body/lz4.h"
#include "kernels/body/tables.h"
#include "kernels/body/transpose.h"

/* All items are here together. */
BODY void lz4_fill_window(struct lz4_input *in, u32 item)
{
	for (u32 i = item, n = (in->end - in->base + 3) / 4; i < LZ4_WINDOW_WORDS; i += GROUP_ITEMS(DECODE_ITEMS))
		in->window[i] = i < n ? in->words[in->base / 4 + i] : 0;
	WARP_BARRIER_LOCAL;
}

/* Before the window's end comes near. */
BODY void lz4_move_window(struct lz4_input *in, u32 at, u32 item)
{
	if (at - in->base <= LZ4_INPUT_BYTES - LZ4_INPUT_AHEAD || in->end - in->base <= LZ4_INPUT_BYTES)
		return;
	WARP_BARRIER_LOCAL; /* others may still read what is there */
	in->base = at & ~3u;
	lz4_fill_window(in, item);
}

/* A match whose period divides a word is one word again and again. False where it is no such match. */
BODY bool local_pattern(LOCAL u8 *out, u32 done, u32 offset, u32 n, u32 item)
{
	u32 items = GROUP_ITEMS(DECODE_ITEMS), from = done - offset, first = (done + 3) & ~3u, last = (done + n) & ~3u, word = 0;

	if (n < 64 || (offset != 1 && offset != 2 && offset != 4))
		return false;
	for (u32 i = 0; i < 4; i++)
		word |= (u32)out[from + ((first - done + i) & (offset - 1))] << 8 * i;
	for (u32 i = done + item; i < first; i += items)
		out[i] = out[from + ((i - done) & (offset - 1))];
	for (u32 i = first / 4 + item; i < last / 4; i += items)
		((LOCAL u32 *)out)[i] = word;
	for (u32 i = last + item; i < done + n; i += items)
		out[i] = (u8)(word >> 8 * (i & 3));
	return true;
}

/* Blocks in global memory may begin anywhere. */
BODY bool global_pattern(GLOBAL u8 *out, u32 done, u32 offset, u32 n, u32 item)
{
	return false;
}

#define OUT LOCAL
#define OUT_NAME(x) local_##x
#define OUT_BARRIER WARP_BARRIER_LOCAL
#include "kernels/body/lz4_block.inc"
#undef OUT
#undef OUT_NAME
#undef OUT_BARRIER

#define OUT GLOBAL
#define OUT_NAME(x) global_##x
#define OUT_BARRIER WARP_BARRIER_GLOBAL
#include "kernels/body/lz4_block.inc"
#undef OUT
#undef OUT_NAME
#undef OUT_BARRIER

/* The job that a piece belongs to. */
BODY u32 decode_job(GLOBAL const struct frame_job *jobs, u32 n_jobs, u32 piece)
{
	u32 low = 0, high = n_jobs;

	while (high - low > 1) {
		u32 middle = (low + high) / 2;

		if (jobs[middle].first_piece <= piece)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* One block: where its bytes lie and what becomes of them. */
struct decode_piece {
	u64 from;  /* in the payload memory */
	u64 to;    /* in its frame's image */
	u32 len, size;
	bool stored;
};

BODY struct decode_piece decode_find(GLOBAL const struct frame_job *job, GLOBAL const u8 *payload, u32 block)
{
	GLOBAL const u32 *offset = (GLOBAL const u32 *)(payload + job->offsets_at) + block;
	struct decode_piece p;

	p.to = (u64)block * job->block_bytes;
	p.size = block + 1 == job->n_blocks ? job->last_bytes : job->block_bytes;
	if (job->how == JOB_PIXELS) {
		p.from = job->payload_at + p.to;
		p.len = p.size;
		p.stored = true;
	} else if (block == job->n_blocks) { /* the tail; its place is behind a last block that may be smaller */
		p.from = job->payload_at + job->tail_offset;
		p.to = block == 0 ? 0 : p.to - job->block_bytes + job->last_bytes;
		p.len = p.size = job->tail_bytes;
		p.stored = true;
	} else {
		p.from = job->payload_at + offset[0];
		p.len = offset[1] - offset[0] - 4;
		p.stored = job->how == JOB_STORED && p.len == p.size;
	}
	return p;
}

BODY struct lz4_input decode_input(GLOBAL const u8 *payload, const struct decode_piece *p, LOCAL u32 *window)
{
	struct lz4_input in;

	in.words = (GLOBAL const u32 *)(payload + (p->from & ~(u64)3));
	in.window = window;
	in.base = 0;
	in.end = (u32)(p->from & 3) + p->len;
	lz4_fill_window(&in, ITEM_INDEX);
	return in;
}

/* to lies 4-byte aligned in its memory where words is set. */
BODY void decode_copy(GLOBAL u8 *to, GLOBAL const u8 *from, u32 n, bool words)
{
	u32 items = GROUP_ITEMS(DECODE_ITEMS), first = words ? n & ~3u : 0;

	for (u32 i = ITEM_INDEX; i < first / 4; i += items)
		((GLOBAL u32 *)to)[i] = ((GLOBAL const u32 *)from)[i];
	for (u32 i = first + ITEM_INDEX; i < n; i += items)
		to[i] = from[i];
}

BODY void decode_count(GLOBAL u32 *records, u32 record_words, u32 frame, bool good)
{
	if (ITEM_INDEX == 0)
		GLOBAL_ADD(&records[(u64)frame * record_words + (good ? RECORD_BLOCKS : RECORD_BAD_BLOCKS)], 1u);
}

/* n_words of the image's words; to is a multiple of 16 where aligned. */
#define DECODE_STORE(r, most, to, n_words, aligned)                                          \
	if ((n_words) == (most) && (aligned)) {                                              \
		UNROLL                                                                       \
		for (u32 i = 0; i < (most); i += 4)                                          \
			STORE4((to) + i, r[i], r[i + 1], r[i + 2], r[i + 3]);                \
	} else {                                                                             \
		UNROLL                                                                       \
		for (u32 i = 0; i < (most); i++)                                             \
			if (i < (n_words))                                                   \
				(to)[i] = r[i];                                              \
	}

/* Up to four bytes of a plane, from anywhere. */
#define DECODE_RAGGED(planes, at, n)                                     \
	((u32)(planes)[at] | ((n) > 1 ? (u32)(planes)[(at) + 1] << 8 : 0) | \
	 ((n) > 2 ? (u32)(planes)[(at) + 2] << 16 : 0) | ((n) > 3 ? (u32)(planes)[(at) + 3] << 24 : 0))

/* Words first, first + step ... of a block of `size` bytes of planes (32 pixels each, the last one maybe fewer) to their place. PLANES is a
 * constant, so that the words stay in registers. */
#define DECODE_UNSHUFFLE(KIND, PLANES, turn, planes, size, first, end, step, to)                       \
	for (u32 w = (first); w < (end); w += (step)) {                                                \
		u32 stride = (size) / PLANES, here = stride - 4 * w, r[PLANES];                        \
		here = here < 4 ? here : 4;                                                            \
		if (stride % 4 == 0) {                                                                 \
			UNROLL                                                                         \
			for (u32 p = 0; p < PLANES; p++)                                               \
				r[p] = ((KIND const u32 *)(planes))[p * (stride / 4) + w];             \
		} else {                                                                               \
			UNROLL                                                                         \
			for (u32 p = 0; p < PLANES; p++)                                               \
				r[p] = DECODE_RAGGED((KIND const u8 *)(planes), p * stride + 4 * w, here); \
		}                                                                                      \
		turn(r);                                                                               \
		DECODE_STORE(r, PLANES, (to) + PLANES * w, here * (PLANES / 4), aligned)               \
	}

#define DECODE_UNSHUFFLE_ANY(KIND, type, planes, size, first, end, step, to)                                            \
	if ((type) == 0)                                                                                                \
		DECODE_UNSHUFFLE(KIND, 8, transpose_u8, planes, size, first, end, step, to)                             \
	else if ((type) == 1)                                                                                           \
		DECODE_UNSHUFFLE(KIND, 16, transpose_u16, planes, size, first, end, step, to)                           \
	else                                                                                                            \
		DECODE_UNSHUFFLE(KIND, 32, transpose_u32, planes, size, first, end, step, to)

/* Words of 32 pixels, begun ones too, in a block. */
BODY u32 decode_words(u32 size, u32 type)
{
	return (size / (8u << type) + 3) / 4;
}

BODY void decode_unshuffle(LOCAL const u32 *planes, u32 size, u32 type, GLOBAL u32 *to, bool aligned)
{
	u32 words = decode_words(size, type);

	DECODE_UNSHUFFLE_ANY(LOCAL, type, planes, size, ITEM_INDEX, words, GROUP_ITEMS(DECODE_ITEMS), to)
}

KERNEL(DECODE_ITEMS) sluice_decode(GROUP_ARGUMENT GLOBAL const struct plan_table *plan, GLOBAL const u8 *RESTRICT payload,
				   GLOBAL const struct frame_job *RESTRICT jobs, const u32 n_jobs, GLOBAL u8 *RESTRICT images,
				   GLOBAL u32 *records)
{
	LOCAL_ARRAY u32 block[DECODE_WINDOW / 4];
	LOCAL_ARRAY u32 window[LZ4_WINDOW_WORDS];
	GLOBAL const struct frame_job *job = jobs + decode_job(jobs, n_jobs, GROUP_INDEX);
	struct decode_piece p = decode_find(job, payload, GROUP_INDEX - job->first_piece);
	GLOBAL u8 *to = images + (u64)job->frame * plan->image_units * 16 + p.to;
	bool good = true;

	if (p.stored) {
		decode_copy(to, payload + p.from, p.size, (p.from | p.to) % 4 == 0);
	} else {
		struct lz4_input in = decode_input(payload, &p, window);

		good = local_decode(&in, (u32)(p.from & 3), (LOCAL u8 *)block, p.size);
		if (good && job->how == JOB_SHUFFLED)
			decode_unshuffle(block, p.size, plan->type, (GLOBAL u32 *)to, p.to % 16 == 0);
		else if (good)
			for (u32 i = ITEM_INDEX; i < p.size; i += GROUP_ITEMS(DECODE_ITEMS))
				to[i] = ((LOCAL u8 *)block)[i];
	}
	decode_count(records, plan->record_words, job->frame, good);
}

/* Blocks that local memory does not hold: to the image, or as planes to other memory of the image's layout. The jobs are those from first_job on. */
KERNEL(DECODE_ITEMS) sluice_decode_large(GROUP_ARGUMENT GLOBAL const struct plan_table *plan, GLOBAL const u8 *RESTRICT payload,
					 GLOBAL const struct frame_job *RESTRICT jobs, const u32 first_job, const u32 n_jobs,
					 GLOBAL u8 *images, GLOBAL u8 *planes, GLOBAL u32 *records)
{
	LOCAL_ARRAY u32 window[LZ4_WINDOW_WORDS];
	GLOBAL const struct frame_job *job = jobs + first_job + decode_job(jobs + first_job, n_jobs, GROUP_INDEX);
	struct decode_piece p = decode_find(job, payload, GROUP_INDEX - job->first_piece);
	u64 at = (u64)job->frame * plan->image_units * 16 + p.to;
	bool good = true;

	if (p.stored) {
		decode_copy(images + at, payload + p.from, p.size, (p.from | at) % 4 == 0);
	} else {
		struct lz4_input in = decode_input(payload, &p, window);

		good = global_decode(&in, (u32)(p.from & 3), job->how == JOB_SHUFFLED ? planes + at : images + at, p.size);
	}
	decode_count(records, plan->record_words, job->frame, good);
}

/* The planes of large blocks to pixels; a group takes UNSHUFFLE_WORDS words of a block. Jobs without planes have no tiles. */
KERNEL(PIXEL_ITEMS) sluice_unshuffle(GROUP_ARGUMENT GLOBAL const struct plan_table *plan, GLOBAL const struct frame_job *RESTRICT jobs,
				     const u32 first_job, const u32 n_jobs, GLOBAL u8 *images, GLOBAL const u8 *RESTRICT planes)
{
	u32 index = first_job, block, size, words, first, end;
	GLOBAL const struct frame_job *job;
	GLOBAL const u8 *from;
	u64 at;
	bool aligned;

	while (index + 1 < first_job + n_jobs && jobs[index + 1].first_tile <= GROUP_INDEX)
		index++;
	job = jobs + index;
	block = (GROUP_INDEX - job->first_tile) / job->tiles_per_block;
	first = (GROUP_INDEX - job->first_tile) % job->tiles_per_block * UNSHUFFLE_WORDS;
	size = block + 1 == job->n_blocks ? job->last_bytes : job->block_bytes;
	words = decode_words(size, plan->type);
	end = first + UNSHUFFLE_WORDS < words ? first + UNSHUFFLE_WORDS : words;
	at = (u64)job->frame * plan->image_units * 16 + (u64)block * job->block_bytes;
	from = planes + at;
	aligned = at % 16 == 0;
	DECODE_UNSHUFFLE_ANY(GLOBAL, plan->type, from, size, first + ITEM_INDEX, end, GROUP_ITEMS(PIXEL_ITEMS), (GLOBAL u32 *)(images + at))
}

#endif
