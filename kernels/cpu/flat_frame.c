/* flat_frame.c - a frame the short way through the CPU engine (kernels/cpu/flat.h): block by block, and what is left at the end.
 *
 * Writes the item's outputs and the queue's memory only. */
#include <errno.h>
#include <lz4.h>
#include <string.h>

#include "kernels/cpu/flat.h"

#define INPUT_MAX (FLAT_BLOCK_BYTES + 1024u) /* compressed bytes of a block that is worth a copy */
#define BRIGHT_PART 160u  /* above this part of clipped pixels going deep is faster, */
#define MANY_PART 32u     /* above this part of pixels with upper bits these are not added one by one */
#define CLIPPED_PART 8u   /* above this part the other way */
#define REST_MAX 15u      /* and frames like this one are likely to follow */

/* Whether blocks are planes of whole chunks. */
static bool planes_come(const struct flat_queue *f, const struct engine_item *item)
{
	const struct block_table *blocks = item->blocks;
	uint32_t chunk_bytes = FLAT_CHUNK << f->plan->shape.type;

	return item->payload.codec == CODEC_BSLZ4 && blocks->n_blocks > 0 && blocks->block_bytes <= FLAT_BLOCK_BYTES &&
	       (blocks->n_blocks == 1 || blocks->block_bytes % chunk_bytes == 0);
}

static bool takes(const struct flat_queue *f, const struct engine_item *item)
{
	return (planes_come(f, item) || f->level->planes) && (!f->search || f->tables->searches);
}

/* Block i into f->planes. Its bytes are copied first where the vectors would read past the payload's. */
static int decode(struct flat_queue *f, const struct engine_item *item, uint32_t i, uint32_t size)
{
	const struct payload *payload = &item->payload;
	const uint8_t *in = payload->bytes + item->blocks->offset[i];
	size_t len = block_table_length(item->blocks, i);
	int n;

	if (payload->len_bytes - item->blocks->offset[i] - len < LZ4_IN_SLACK && len <= INPUT_MAX)
		in = memcpy(f->padded, in, len);
	if (len <= INPUT_MAX && f->level->lz4 && f->level->lz4(f->patterns, in, len, f->planes, size))
		return 0;
	n = LZ4_decompress_safe((const char *)in, (char *)f->planes, (int)len, (int)size);
	return n >= 0 && (uint32_t)n == size ? 0 : -EBADMSG;
}

/* The planes of the last block, which may be no whole chunks, and the pixels behind it; *pitch: from and to. */
static const uint8_t *pad(struct flat_queue *f, const struct engine_item *item, size_t n_pixels, uint32_t n_tail, size_t *pitch)
{
	unsigned elem = pixel_bytes(f->plan->shape.type);
	size_t from = n_pixels / 8, to = (n_pixels + n_tail + FLAT_CHUNK - 1) / FLAT_CHUNK * (FLAT_CHUNK / 8);
	const uint8_t *tail = item->payload.bytes + item->blocks->tail_offset;

	for (unsigned plane = 0; plane < 8 * elem; plane++) {
		uint8_t *out = f->padded + plane * to;

		memcpy(out, f->planes + plane * from, from);
		memset(out + from, 0, to - from);
		for (uint32_t i = 0; i < n_tail; i++)
			out[from] |= (uint8_t)((tail[i * elem + plane / 8] >> plane % 8 & 1) << i);
	}
	*pitch = to;
	return f->padded;
}

/* New pixels into bins one by one. */
static void scatter(struct flat_queue *f, int64_t n, uint32_t n_chunks)
{
	int64_t left = (int64_t)image_pixels(&f->plan->shape) - n, n_new = n_chunks * (int64_t)FLAT_CHUNK;
	const uint8_t *pixels = flat_pixels(f, n);
	const uint16_t *bin = f->plan->bin + n;
	uint32_t *sum = f->sum_32[0], n_bins = f->plan->n_bins;

	for (int64_t i = 0; i < (left < n_new ? left : n_new); i++)
		sum[bin[i] < n_bins ? bin[i] : n_bins] += pixels[i];
}

/* Deep: new pixels' upper bits into bins one by one, where few have any. */
static void add_upper(struct flat_queue *f, int64_t n, uint32_t n_chunks)
{
	const uint8_t *upper = flat_pixels(f->upper, n);

	for (uint32_t first = 0; first < n_chunks * FLAT_CHUNK; first += 64)
		for (uint64_t left = f->seen[first / 64]; left; left &= left - 1) {
			uint32_t i = first + (uint32_t)__builtin_ctzll(left);

			f->excess[flat_slot(f, n + i)] += (uint64_t)upper[i] << FLAT_DEEP_BITS;
		}
}

static void add_to_bins(struct flat_queue *f, int64_t n, uint32_t n_chunks)
{
	if (f->tables->segment)
		f->level->bins(f, n, n_chunks);
	else
		scatter(f, n, n_chunks);
	if (f->deep && !f->many_above)
		add_upper(f, n, n_chunks);
	else if (f->deep && f->tables->segment)
		f->level->bins(f->upper, n, n_chunks);
	else if (f->deep)
		scatter(f->upper, n, n_chunks);
}

static void search(struct flat_queue *f, int64_t n, uint32_t n_chunks)
{
	if (f->deep) {
		f->level->windows_deep(f, n, n_chunks);
		f->level->decide_deep(f, n, n_chunks);
		return;
	}
	f->level->spread(f, n, n_chunks);
	f->level->windows(f, n, n_chunks);
	f->level->decide(f, n, n_chunks);
}

/* What a block's pixels make possible, once they are in the rings. */
static void use_block(struct flat_queue *f, int64_t n, uint32_t n_chunks, bool flush)
{
	if (f->radial && !flush)
		add_to_bins(f, n, n_chunks);
	if (!f->search)
		return;
	search(f, n, n_chunks);
	flat_edges(f, n + (int64_t)n_chunks * FLAT_CHUNK);
}

static bool goes_deep(const struct flat_queue *f)
{
	return f->tables->deep && f->level->take_deep[f->plan->shape.type];
}

/* A block's planes into the rings. */
static int take_planes(struct flat_queue *f, int64_t n, uint32_t n_chunks, const uint8_t *planes, size_t pitch)
{
	enum pixel_type type = f->plan->shape.type;
	size_t n_pixels = image_pixels(&f->plan->shape);

	(f->deep ? f->level->take_deep : f->level->take)[type](f, n, n_chunks, planes, pitch);
	if (!f->deep && f->n_clipped > n_pixels / BRIGHT_PART && goes_deep(f))
		return FLAT_TOO_BRIGHT;
	return f->declined || f->n_clipped > n_pixels / CLIPPED_PART ? FLAT_DECLINED : 0;
}

static int take_blocks(struct flat_queue *f, const struct engine_item *item, int64_t *n)
{
	const struct block_table *blocks = item->blocks;
	enum pixel_type type = f->plan->shape.type;
	uint32_t n_pixels = blocks->block_bytes >> type, n_tail = blocks->tail_bytes >> type;

	for (uint32_t i = 0; i < blocks->n_blocks; i++) {
		bool last = i + 1 == blocks->n_blocks;
		const uint8_t *planes = f->planes;
		size_t pitch = n_pixels / 8;
		int error = decode(f, item, i, last ? blocks->last_bytes : blocks->block_bytes);

		if (error)
			return error;
		if (last)
			planes = pad(f, item, blocks->last_bytes >> type, n_tail, &pitch);
		error = take_planes(f, *n, (uint32_t)(pitch / (FLAT_CHUNK / 8)), planes, pitch);
		if (error)
			return error;
		use_block(f, *n, (uint32_t)(pitch / (FLAT_CHUNK / 8)), false);
		*n += 8 * (int64_t)pitch;
	}
	return 0;
}

static void clear_chunk(struct flat_queue *f, uint64_t at)
{
	memset(f->pixels + at, 0, FLAT_CHUNK);
	if (at < FLAT_SLACK)
		memset(f->pixels + f->ring_pixels + at, 0, FLAT_CHUNK);
}

/* Pixels, a block's worth at a time; with `last`, what is left, too. *used: bytes of them. */
static int take_pixels(struct flat_queue *f, const uint8_t *bytes, size_t n_bytes, bool last, int64_t *n, size_t *used)
{
	enum pixel_type type = f->plan->shape.type;
	size_t chunk_bytes = (size_t)FLAT_CHUNK << type;
	int error = 0;

	for (*used = 0; !error && (n_bytes - *used >= FLAT_BLOCK_BYTES || (last && *used < n_bytes));) {
		const uint8_t *pixels = bytes + *used;
		size_t now = n_bytes - *used < FLAT_BLOCK_BYTES ? n_bytes - *used : FLAT_BLOCK_BYTES;
		uint32_t n_chunks = (uint32_t)((now + chunk_bytes - 1) / chunk_bytes);

		if (now % chunk_bytes) {
			memset(f->padded, 0, n_chunks * chunk_bytes);
			pixels = memcpy(f->padded, pixels, now);
		}
		f->level->planes(f->planes, pixels, n_chunks, 1u << type);
		error = take_planes(f, *n, n_chunks, f->planes, n_chunks * (size_t)(FLAT_CHUNK / 8));
		if (!error)
			use_block(f, *n, n_chunks, false);
		*n += n_chunks * (int64_t)FLAT_CHUNK;
		*used += now;
	}
	return error;
}

/* Blocks that are not planes, or not of whole chunks; what is left of each waits at the start of the stream for the next one. */
static int take_stream(struct flat_queue *f, const struct engine_item *item, const struct flat_source *source, int64_t *n)
{
	const struct block_table *blocks = item->blocks;
	size_t fill = 0, used;

	if (item->payload.codec == CODEC_NONE)
		return take_pixels(f, item->payload.bytes, image_bytes(&f->plan->shape), true, n, &used);
	for (uint32_t i = 0; i < blocks->n_blocks; i++) {
		uint32_t size = i + 1 == blocks->n_blocks ? blocks->last_bytes : blocks->block_bytes;
		int error = source->decode(source->user, i, size, source->stream + fill);

		fill += size;
		if (!error)
			error = take_pixels(f, source->stream, fill, false, n, &used);
		if (error)
			return error;
		fill -= used;
		memmove(source->stream, source->stream + used, fill);
	}
	memcpy(source->stream + fill, item->payload.bytes + blocks->tail_offset, blocks->tail_bytes);
	return take_pixels(f, source->stream, fill + blocks->tail_bytes, true, n, &used);
}

/* A chunk of nothing into the rings. */
static void take_nothing(struct flat_queue *f, int64_t n)
{
	uint64_t at = (uint64_t)n & (f->ring_pixels - 1);

	clear_chunk(f, at);
	if (f->deep)
		clear_chunk(f->upper, at);
	memset(f->valid + at / 8, 0, FLAT_CHUNK / 8);
	if (at / 8 < FLAT_BITS_SLACK)
		memset(f->valid + (f->ring_pixels + at) / 8, 0, FLAT_CHUNK / 8);
	memset(f->seen, 0, FLAT_CHUNK / 8);
}

/* The windows of the last rows are whole three rows below the image. */
static void flush(struct flat_queue *f, int64_t n)
{
	const struct image_shape *shape = &f->plan->shape;
	int64_t end = ((int64_t)shape->height + 3) * shape->width + 3;

	for (; n < end; n += FLAT_CHUNK) {
		take_nothing(f, n);
		use_block(f, n, 1, true);
	}
}

static uint64_t slot_sum(const struct flat_queue *f, uint32_t slot)
{
	return (uint64_t)f->sum_32[0][slot] + f->sum_32[1][f->tables->n_slots - 1 - slot];
}

static void finish_radial(struct flat_queue *f, const struct engine_item *item, const uint32_t *bin_allowed)
{
	uint32_t n_slots = f->tables->n_slots;

	f->level->empty_sums(f);
	if (f->deep)
		f->level->empty_sums(f->upper);
	for (uint32_t slot = 0; slot < n_slots; slot++) {
		uint64_t sum = f->excess[slot] + slot_sum(f, slot);

		if (f->deep)
			sum += slot_sum(f->upper, slot) << FLAT_DEEP_BITS;
		if (item->wanted & OUTPUT_TOTALS)
			item->result->sum += sum;
		if (!(item->wanted & OUTPUT_RADIAL) || slot >= f->plan->n_bins)
			continue;
		item->bin_sum[slot] = sum;
		item->bin_count[slot] = bin_allowed[slot] - f->refused[slot];
	}
}

static void finish_totals(const struct flat_queue *f, struct result *result)
{
	result->n_valid = (uint32_t)f->plan->n_masked_in - f->n_nodata;
	result->n_nodata = f->n_nodata;
	result->n_saturated = f->n_saturated;
	result->max = f->max;
	result->max_index = result->n_valid > 0 ? f->max_index : 0;
}

/* Both lists are in order; so is the one that they become, from its end. */
static void merge_edges(struct flat_queue *f)
{
	uint32_t a = f->n_strong, b = f->n_edge;

	f->n_strong += f->n_edge;
	if (f->n_strong > f->list_room)
		return; /* too many for the list whatever is in it */
	for (uint32_t to = f->n_strong; b > 0; to--) {
		bool edge = a == 0 || f->edge_strong[b - 1] > f->strong[a - 1];

		f->strong[to - 1] = edge ? f->edge_strong[b - 1] : f->strong[a - 1];
		f->value[to - 1] = edge ? f->edge_value[b - 1] : f->value[a - 1];
		b -= edge;
		a -= !edge;
	}
}

/* Each frame in a row that begins this way in vain sends more of them the other way at once. */
static void decline_more(struct flat_queue *f)
{
	f->rest = f->next_rest;
	f->next_rest = f->next_rest < REST_MAX ? 2 * f->next_rest + 1 : REST_MAX;
}

static int take_frame(struct flat_queue *f, const struct engine_item *item, const struct flat_source *source, int64_t *n)
{
	*n = 0;
	flat_clear(f, f->plan);
	return planes_come(f, item) ? take_blocks(f, item, n) : take_stream(f, item, source, n);
}

int flat_analyse(struct flat_queue *f, const struct plan *plan, const struct flat_plan *tables, const struct engine_item *item,
		 const struct flat_source *source, const uint32_t *bin_allowed)
{
	int64_t n;
	int error;

	f->plan = plan;
	f->tables = tables;
	f->search = item->wanted & (OUTPUT_STRONG | OUTPUT_SPOTS) && plan->algorithm != SPOTS_NONE;
	f->radial = item->wanted & OUTPUT_TOTALS || (item->wanted & OUTPUT_RADIAL && plan->n_bins > 0);
	if (!takes(f, item))
		return FLAT_DECLINED;
	if (f->rest > 0) {
		f->rest--;
		return FLAT_DECLINED;
	}
	f->deep = f->next_deep && goes_deep(f);
	error = take_frame(f, item, source, &n);
	if (error == FLAT_TOO_BRIGHT) {
		f->deep = true;
		error = take_frame(f, item, source, &n);
	}
	if (error == FLAT_DECLINED)
		decline_more(f);
	if (error)
		return error;
	f->next_rest = 0;
	f->many_above = f->deep && f->n_above > image_pixels(&plan->shape) / MANY_PART;
	f->next_deep = f->deep && f->n_above > image_pixels(&plan->shape) / (2 * BRIGHT_PART);
	if (f->search)
		flush(f, n);
	if (f->radial)
		finish_radial(f, item, bin_allowed);
	if (item->wanted & OUTPUT_TOTALS)
		finish_totals(f, item->result);
	merge_edges(f);
	item->result->n_strong = f->n_strong;
	return 0;
}
