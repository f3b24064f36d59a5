/* batch.c - frames for engines that take many at once (see batch.h). */
#include "tests/support/batch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#define ALL_OUTPUTS (OUTPUT_TOTALS | OUTPUT_RADIAL | OUTPUT_STRONG | OUTPUT_SPOTS)
#define SPOTS_LISTED 2000u
#define MOST_STRONG 4000000u
#define SLAB_ALIGN 64u

static size_t aligned(size_t n)
{
	return (n + SLAB_ALIGN - 1) / SLAB_ALIGN * SLAB_ALIGN;
}

static void make_plan(struct batch *b, const struct batch_settings *settings, struct random *rng)
{
	size_t pixels = image_pixels(&settings->shape);
	uint8_t *mask = calloc(1, pixels);
	struct plan_settings s;
	char message[256];

	for (size_t i = 0; i < pixels; i++)
		mask[i] = random_below(rng, 30) == 0;
	plan_defaults(&s);
	s.shape = settings->shape;
	s.algorithm = settings->algorithm;
	s.user_mask = mask;
	s.max_strong = pixels < MOST_STRONG ? (uint32_t)pixels : MOST_STRONG;
	s.max_spots = SPOTS_LISTED;
	assert_int_equal(geometry_flat(&s.geometry, 100, settings->shape.width / 2.5, settings->shape.height / 2.0, 0.1, 0.1, 1), 0);
	assert_int_equal(plan_make(&b->plan, &s, 1, message, sizeof message), 0);
	free(mask);
}

static uint8_t *make_pixels(const struct image_shape *shape, struct random *rng)
{
	uint8_t *image = malloc(image_bytes(shape));
	uint32_t busy = 1 + random_below(rng, 40);

	for (size_t i = 0; i < image_pixels(shape); i++) {
		uint32_t v = random_below(rng, busy) ? random_below(rng, 3) : random_below(rng, 400);

		v = random_below(rng, 500) ? v : pixel_max(shape->type);
		memcpy(image + (i << shape->type), &v, pixel_bytes(shape->type)); /* little-endian */
	}
	return image;
}

/* Turns bytes over inside the blocks, so that the framing holds. */
static void damage(const struct payload *payload, const struct block_table *blocks, struct random *rng)
{
	for (uint32_t n = 1 + random_below(rng, 3); n > 0 && blocks->n_blocks > 0; n--) {
		uint32_t block = random_below(rng, blocks->n_blocks), at = random_below(rng, block_table_length(blocks, block));

		((uint8_t *)payload->bytes)[blocks->offset[block] + at] ^= (uint8_t)(1 + random_below(rng, 255));
	}
}

static void make_item(struct batch *b, uint32_t i, const struct batch_settings *s, struct random *rng)
{
	static const uint32_t block_bytes[] = {0, 64, 1024, 4096, 32768};
	enum codec codec = s->any_codec ? (enum codec)random_below(rng, CODECS) : CODEC_BSLZ4;
	uint32_t blocks_of = s->any_codec ? block_bytes[random_below(rng, 5)] : s->block_bytes;
	size_t len = codec_bound(codec, &s->shape, blocks_of), entries = block_table_entries(image_bytes(&s->shape), 16);
	struct block_table *blocks = malloc(sizeof *blocks);
	uint8_t *bytes = malloc(len), *pixels = make_pixels(&s->shape, rng);
	struct engine_item *item = &b->item[i];

	assert_int_equal(codec_encode(codec, &s->shape, blocks_of, pixels, bytes, &len), 0);
	free(pixels);
	item->payload = (struct payload){bytes, len, codec, (uint8_t)pixel_bytes(s->shape.type)};
	*blocks = (struct block_table){.capacity = (uint32_t)entries, .offset = malloc(entries * sizeof(uint32_t))};
	assert_int_equal(block_table_build(blocks, &item->payload, &s->shape), 0);
	if (s->damaged_every && i % s->damaged_every == 1)
		damage(&item->payload, blocks, rng);
	item->blocks = blocks;
	item->wanted = ALL_OUTPUTS;
}

/* One behind the other: payload, offsets, next payload. */
static void move_to_slab(struct batch *b)
{
	size_t at = 0;

	for (uint32_t i = 0; i < b->n; i++)
		b->slab_bytes += aligned(b->item[i].payload.len_bytes) + aligned((b->item[i].blocks->n_blocks + (size_t)1) * sizeof(uint32_t));
	b->slab = aligned_alloc(4096, (b->slab_bytes + 4095) / 4096 * 4096);
	for (uint32_t i = 0; i < b->n; i++) {
		struct payload *payload = &b->item[i].payload;
		struct block_table *blocks = (struct block_table *)b->item[i].blocks;
		size_t table = (blocks->n_blocks + (size_t)1) * sizeof(uint32_t);

		memcpy(b->slab + at, payload->bytes, payload->len_bytes);
		free((void *)payload->bytes);
		payload->bytes = b->slab + at;
		at += aligned(payload->len_bytes);
		memcpy(b->slab + at, blocks->offset, table);
		free(blocks->offset);
		blocks->offset = (uint32_t *)(b->slab + at);
		at += aligned(table);
	}
}

static void take_outputs(struct engine_item *item, const struct plan *plan)
{
	item->result = calloc(1, sizeof *item->result);
	item->bin_sum = calloc(plan->n_bins, sizeof *item->bin_sum);
	item->bin_count = calloc(plan->n_bins, sizeof *item->bin_count);
	item->strong = calloc(plan->max_strong, sizeof *item->strong);
	item->spots = calloc(plan->max_spots, sizeof *item->spots);
}

static void free_outputs(struct engine_item *item)
{
	free(item->result);
	free(item->bin_sum);
	free(item->bin_count);
	free(item->strong);
	free(item->spots);
}

static void ask_reference(struct batch *b)
{
	struct engine_context *context;
	struct engine_queue *queue;
	struct engine_plan *loaded;

	assert_int_equal(engine_reference.open(&context, NULL), 0);
	assert_int_equal(engine_reference.queue_open(context, &queue, image_bytes(&b->plan->shape)), 0);
	assert_int_equal(engine_reference.plan_load(context, &loaded, b->plan), 0);
	for (uint32_t i = 0; i < b->n; i++) {
		b->truth[i] = b->item[i];
		take_outputs(&b->truth[i], b->plan);
		assert_int_equal(engine_reference.submit(queue, loaded, &b->truth[i], 1), 0);
		if (b->truth[i].status)
			continue;
		b->n_good++;
		b->n_blocks += b->item[i].blocks->n_blocks + (b->item[i].blocks->tail_bytes > 0);
	}
	engine_reference.plan_drop(context, &loaded);
	engine_reference.queue_close(&queue);
	engine_reference.close(&context);
}

void batch_open(struct batch *b, const struct batch_settings *settings, struct random *rng)
{
	*b = (struct batch){.n = settings->n};
	b->item = calloc(b->n, sizeof *b->item);
	b->truth = calloc(b->n, sizeof *b->truth);
	make_plan(b, settings, rng);
	for (uint32_t i = 0; i < b->n; i++)
		make_item(b, i, settings, rng);
	if (settings->in_slab)
		move_to_slab(b);
	ask_reference(b);
	for (uint32_t i = 0; i < b->n; i++)
		take_outputs(&b->item[i], b->plan);
}

void batch_close(struct batch *b)
{
	for (uint32_t i = 0; i < b->n; i++) {
		free_outputs(&b->item[i]);
		free_outputs(&b->truth[i]);
		if (!b->slab) {
			free((void *)b->item[i].payload.bytes);
			free(b->item[i].blocks->offset);
		}
		free((void *)b->item[i].blocks);
	}
	free(b->slab);
	free(b->item);
	free(b->truth);
	plan_free(&b->plan);
}

int batch_run(struct batch *b, const struct engine *engine, struct engine_queue *queue, const struct engine_plan *loaded)
{
	int error;

	for (uint32_t i = 0; i < b->n; i++) {
		memset(b->item[i].result, 0x5a, sizeof *b->item[i].result);
		b->item[i].status = 12345;
	}
	error = engine->submit(queue, loaded, b->item, b->n);
	return error ? error : engine->wait(queue);
}

void batch_check(const struct batch *b)
{
	for (uint32_t i = 0; i < b->n; i++) {
		const struct engine_item *a = &b->item[i], *t = &b->truth[i];

		if (a->status != t->status || memcmp(a->result, t->result, sizeof *a->result))
			fail_msg("frame %u of %u: status %d, not %d; %u strong pixels, not %u; sum %llu, not %llu", i, b->n, a->status, t->status,
				 a->result->n_strong, t->result->n_strong, (unsigned long long)a->result->sum, (unsigned long long)t->result->sum);
		assert_memory_equal(a->bin_sum, t->bin_sum, b->plan->n_bins * sizeof *a->bin_sum);
		assert_memory_equal(a->bin_count, t->bin_count, b->plan->n_bins * sizeof *a->bin_count);
		assert_memory_equal(a->strong, t->strong, t->result->n_strong * sizeof *a->strong);
		for (uint32_t s = 0; s < t->result->n_spots; s++) /* what lies between members is nobody's */
			assert_memory_equal(&a->spots[s], &t->spots[s], offsetof(struct spot, y_max) + sizeof t->spots[s].y_max);
	}
}
