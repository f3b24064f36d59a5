/* cases.c - the table of cases and the making of their frames (cases.h). */
#include "bench/suite/cases.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/detector/pool.h"

#define SEED 20250101
#define BLOCK_BYTES 8192

const struct bench_case bench_cases[] = {
	{"16m-sparse-u16", "eiger2-16m", 0.02, PIXEL_U16, 3, false},
	{"16m-typical-u16", "eiger2-16m", 0.5, PIXEL_U16, 3, false},
	{"16m-dense-u16", "eiger2-16m", 5, PIXEL_U16, 3, false},
	{"16m-typical-u8", "eiger2-16m", 0.5, PIXEL_U8, 3, false},
	{"16m-typical-u32", "eiger2-16m", 0.5, PIXEL_U32, 3, false},
	{"9m-typical-u16", "eiger2-9m", 0.5, PIXEL_U16, 3, false},
	{"4m-typical-u16", "eiger2-4m", 0.5, PIXEL_U16, 4, false},
	{"1m-typical-u16", "eiger2-1m", 0.5, PIXEL_U16, 8, true},
	{"500k-typical-u16", "eiger2-500k", 0.5, PIXEL_U16, 8, true},
	{"arina-typical-u16", "arina", 0.5, PIXEL_U16, 64, true},
};
const size_t bench_cases_n = sizeof(bench_cases) / sizeof(bench_cases[0]);

static int settings_for(struct settings *s, const struct bench_case *c, char *message, size_t message_bytes)
{
	const struct model *model = model_find(c->model);

	settings_clear(s);
	if (!model) {
		snprintf(message, message_bytes, "there is no detector model %s", c->model);
		return -EINVAL;
	}
	s->model = *model;
	s->background.mean = c->mean;
	s->type = c->type;
	s->type_given = true;
	s->hit_rate = 1;
	s->pool = c->frames;
	s->frames = c->frames;
	s->block_bytes = BLOCK_BYTES;
	s->header_detail = 2;
	return settings_complete(s, message, message_bytes);
}

/* A frame of its own, so that what is measured touches nothing of the simulator's memory. */
static int copy_frame(struct bench_frame *f, const struct stream_array *a, const struct image_shape *shape)
{
	size_t entries = block_table_entries(image_bytes(shape), BLOCK_BYTES);

	f->bytes = malloc(a->bytes.len);
	f->table = (struct block_table){.offset = malloc(entries * sizeof(uint32_t)), .capacity = (uint32_t)entries};
	if (!f->bytes || !f->table.offset)
		return -ENOMEM;
	memcpy(f->bytes, a->bytes.at, a->bytes.len);
	f->payload = (struct payload){f->bytes, a->bytes.len, CODEC_BSLZ4, (uint8_t)pixel_bytes(shape->type)};
	return block_table_build(&f->table, &f->payload, shape);
}

/* The gaps between modules and the dead pixels, as a node would be told of them. */
static int read_mask(struct bench_set *set, const struct stream_array *a)
{
	const struct image_shape shape = {set->shape.width, set->shape.height, PIXEL_U32};
	const struct payload payload = {a->bytes.at, a->bytes.len, CODEC_BSLZ4, a->shuffle_bytes};

	set->mask = malloc(image_bytes(&shape));
	if (!set->mask)
		return -ENOMEM;
	set->settings.detector_mask = set->mask;
	return codec_decode(&payload, &shape, set->mask);
}

static int make_plan(struct bench_set *set, const struct pool *pool, char *message, size_t message_bytes)
{
	struct plan_settings *s = &set->settings;

	plan_defaults(s);
	s->shape = set->shape;
	geometry_flat(&s->geometry, pool->start.distance_m * 1000, pool->start.beam_x_px, pool->start.beam_y_px, pool->start.pixel_x_m * 1000,
		      pool->start.pixel_y_m * 1000, pool->start.wavelength_angstrom);
	s->saturation_value = pool->start.saturation_value;
	if (read_mask(set, &pool->start.channel[0].pixel_mask)) {
		snprintf(message, message_bytes, "the detector's mask cannot be read");
		return -EINVAL;
	}
	return plan_make(&set->plan, s, 1, message, message_bytes);
}

static int fill(struct bench_set *set, struct pool *pool, char *message, size_t message_bytes)
{
	int rc = make_plan(set, pool, message, message_bytes);

	set->frame = calloc(pool->n, sizeof(*set->frame));
	if (!set->frame)
		return -ENOMEM;
	for (set->n = 0; rc == 0 && set->n < pool->n; set->n++) {
		rc = copy_frame(&set->frame[set->n], &pool->entry[set->n].channel[0].pixels, &set->shape);
		set->compressed_bytes += (double)set->frame[set->n].payload.len_bytes / pool->n;
	}
	return rc;
}

int bench_set_open(struct bench_set **out, const struct bench_case *c, unsigned threads, char *message, size_t message_bytes)
{
	struct settings *s = malloc(sizeof(*s));
	struct bench_set *set = calloc(1, sizeof(*set));
	struct pool *pool = NULL;
	int rc = -ENOMEM;

	*out = NULL;
	snprintf(message, message_bytes, "not enough memory");
	if (!s || !set)
		goto fail;
	set->made_of = c;
	rc = settings_for(s, c, message, message_bytes);
	if (rc == 0)
		rc = pool_open(&pool, s, SEED, (uint64_t)4 << 30, threads, message, message_bytes);
	if (rc == 0) {
		set->shape = (struct image_shape){s->model.width, s->model.height, c->type};
		rc = fill(set, pool, message, message_bytes);
	}
	if (rc < 0)
		goto fail;
	*out = set;
	set = NULL;
fail:
	pool_close(&pool);
	bench_set_close(&set);
	free(s);
	return rc;
}

void bench_set_close(struct bench_set **set)
{
	if (!*set)
		return;
	for (unsigned i = 0; (*set)->frame && i < (*set)->n; i++) {
		free((*set)->frame[i].bytes);
		free((*set)->frame[i].table.offset);
	}
	free((*set)->frame);
	plan_free(&(*set)->plan);
	free((*set)->mask);
	free(*set);
	*set = NULL;
}
