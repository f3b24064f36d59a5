/* cases.c - the table of cases and the making of their frames (cases.h). Needs kernels/ and the simulator's scenes only: no ZeroMQ, no HDF5. */
#include "bench/suite/cases.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/detector/scene.h"

#define SEED 20250101
#define BLOCK_BYTES 8192
#define MAKERS_MAX 64
#define TABLE_BLOCK_BYTES_MIN 512 /* recorded frames have blocks of their own size */

const struct bench_case bench_cases[] = {
	{"16m-sparse-u16", "eiger2-16m", 0.02, PIXEL_U16, 3, .quick = false},
	{"16m-typical-u16", "eiger2-16m", 0.5, PIXEL_U16, 3, .quick = false},
	{"16m-dense-u16", "eiger2-16m", 5, PIXEL_U16, 3, .quick = false},
	{"16m-sparse-u8", "eiger2-16m", 0.02, PIXEL_U8, 3, .quick = false},
	{"16m-typical-u8", "eiger2-16m", 0.5, PIXEL_U8, 3, .quick = false},
	{"16m-dense-u8", "eiger2-16m", 5, PIXEL_U8, 3, .quick = false},
	{"16m-sparse-u32", "eiger2-16m", 0.02, PIXEL_U32, 3, .quick = false},
	{"16m-typical-u32", "eiger2-16m", 0.5, PIXEL_U32, 3, .quick = false},
	{"16m-dense-u32", "eiger2-16m", 5, PIXEL_U32, 3, .quick = false},
	{"16m-typical-u16-lz4", "eiger2-16m", 0.5, PIXEL_U16, 3, .codec = CODEC_LZ4_FRAMED},
	{"16m-powder-u16", "eiger2-16m", 50, PIXEL_U16, 3, .powder = true},
	{"9m-typical-u16", "eiger2-9m", 0.5, PIXEL_U16, 3, .quick = false},
	{"4m-typical-u16", "eiger2-4m", 0.5, PIXEL_U16, 4, .quick = false},
	{"4m-powder-u32", "eiger2-4m", 50, PIXEL_U32, 4, .powder = true},
	{"1m-typical-u16", "eiger2-1m", 0.5, PIXEL_U16, 8, .quick = true},
	{"500k-typical-u16", "eiger2-500k", 0.5, PIXEL_U16, 8, .quick = true},
	{"arina-typical-u16", "arina", 0.5, PIXEL_U16, 64, .quick = true},
};
const size_t bench_cases_n = sizeof(bench_cases) / sizeof(bench_cases[0]);

/* Lattice spacings of cerium dioxide, Angstrom: what people calibrate with. */
static const double powder_d[] = {3.1241, 2.7056, 1.9131, 1.6315, 1.5621};

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
	s->hit_rate = c->powder ? 0 : 1;
	if (c->powder) {
		s->background.powder_photons = 2 * c->mean;
		s->background.n_powder = sizeof(powder_d) / sizeof(powder_d[0]);
		memcpy(s->background.powder_d, powder_d, sizeof(powder_d));
	}
	s->pool = c->frames;
	s->frames = c->frames;
	s->block_bytes = BLOCK_BYTES;
	s->header_detail = 2;
	return settings_complete(s, message, message_bytes);
}

/* What the threads that make a set's frames share. */
struct factory {
	struct bench_set *set;
	const struct scene *scene;
	_Atomic unsigned next; /* the frame to be made next: each thread takes its own */
	_Atomic int error;     /* the first one; read for good only after the threads have ended */
};

int bench_set_keep(struct bench_set *set, unsigned frame, uint8_t *bytes, size_t len, enum codec codec)
{
	struct bench_frame *f = &set->frame[frame];
	size_t entries = block_table_entries(image_bytes(&set->shape), TABLE_BLOCK_BYTES_MIN);

	f->bytes = bytes;
	f->table = (struct block_table){.offset = malloc(entries * sizeof(uint32_t)), .capacity = (uint32_t)entries};
	if (!f->table.offset)
		return -ENOMEM;
	f->payload = (struct payload){f->bytes, len, codec, codec == CODEC_BSLZ4 ? (uint8_t)pixel_bytes(set->shape.type) : 0};
	return block_table_build(&f->table, &f->payload, &set->shape);
}

void bench_set_weigh(struct bench_set *set)
{
	set->compressed_bytes = 0;
	for (unsigned i = 0; i < set->n; i++)
		set->compressed_bytes += (double)set->frame[i].payload.len_bytes / set->n;
}

/* Frame i is the simulated detector's hit i of this seed, whatever thread makes it. */
static int make_frame(struct factory *factory, struct scene_work *work, uint8_t *pixels, unsigned i)
{
	const struct image_shape *shape = &factory->set->shape;
	struct scene_truth truth = {0};
	void *channel[CHANNEL_KINDS] = {pixels};
	const struct bench_case *c = factory->set->made_of;
	enum codec codec = c->codec == CODEC_NONE ? CODEC_BSLZ4 : c->codec;
	size_t len = codec_bound(codec, shape, BLOCK_BYTES);
	uint8_t *bytes = malloc(len), *shorter;
	int rc = bytes ? scene_render(factory->scene, work, 2 * (uint64_t)i, !c->powder, channel, &truth) : -ENOMEM;

	scene_truth_clear(&truth);
	if (rc == 0)
		rc = codec_encode(codec, shape, BLOCK_BYTES, pixels, bytes, &len);
	if (rc < 0) {
		free(bytes);
		return rc;
	}
	shorter = realloc(bytes, len);
	return bench_set_keep(factory->set, i, shorter ? shorter : bytes, len, codec);
}

static void *make_frames(void *user)
{
	struct factory *f = user;
	struct scene_work work = {0};
	uint8_t *pixels = malloc(image_bytes(&f->set->shape));
	int rc = pixels ? scene_work_open(&work, f->scene) : -ENOMEM, none = 0;

	while (rc == 0 && !atomic_load(&f->error)) {
		unsigned i = atomic_fetch_add(&f->next, 1);

		if (i >= f->set->n)
			break;
		rc = make_frame(f, &work, pixels, i);
	}
	if (rc < 0)
		atomic_compare_exchange_strong(&f->error, &none, rc);
	scene_work_close(&work);
	free(pixels);
	return NULL;
}

static int make_in_threads(struct factory *f, unsigned n)
{
	pthread_t thread[MAKERS_MAX];
	unsigned started = 0;

	while (started + 1 < n && started < MAKERS_MAX && !pthread_create(&thread[started], NULL, make_frames, f))
		started++;
	make_frames(f); /* this one too: there is always at least one */
	while (started)
		pthread_join(thread[--started], NULL);
	return atomic_load(&f->error);
}

static int make_plan(struct bench_set *set, const struct settings *from, const struct scene *scene, char *message, size_t message_bytes)
{
	struct plan_settings *s = &set->settings;

	plan_defaults(s);
	s->shape = set->shape;
	geometry_flat(&s->geometry, from->distance_mm, from->centre_px[0], from->centre_px[1], from->model.pixel_um / 1000,
		      from->model.pixel_um / 1000, from->wavelength_angstrom);
	s->saturation_value = settings_saturation(from->type);
	set->mask = malloc(image_pixels(&set->shape) * sizeof(*set->mask));
	if (!set->mask)
		return -ENOMEM;
	memcpy(set->mask, scene->mask, image_pixels(&set->shape) * sizeof(*set->mask));
	s->detector_mask = set->mask; /* gaps between modules and dead pixels, as a node would be told of them */
	return plan_make(&set->plan, s, 1, message, message_bytes);
}

static int fill(struct bench_set *set, const struct settings *s, unsigned threads, char *message, size_t message_bytes)
{
	struct factory factory = {.set = set};
	struct scene *scene = NULL;
	int rc = scene_open(&scene, s, SEED);

	if (rc == 0)
		rc = make_plan(set, s, scene, message, message_bytes);
	if (rc == 0) {
		set->n = set->made_of->frames;
		set->frame = calloc(set->n, sizeof(*set->frame));
		factory.scene = scene;
		rc = set->frame ? make_in_threads(&factory, threads) : -ENOMEM;
	}
	if (rc == 0)
		bench_set_weigh(set);
	scene_close(&scene);
	return rc;
}

int bench_set_open(struct bench_set **out, const struct bench_case *c, unsigned threads, char *message, size_t message_bytes)
{
	struct settings *s = malloc(sizeof(*s));
	struct bench_set *set = calloc(1, sizeof(*set));
	int rc = -ENOMEM;

	*out = NULL;
	snprintf(message, message_bytes, "not enough memory");
	if (!s || !set)
		goto fail;
	set->made_of = c;
	rc = settings_for(s, c, message, message_bytes);
	if (rc == 0) {
		set->shape = (struct image_shape){s->model.width, s->model.height, c->type};
		rc = fill(set, s, threads, message, message_bytes);
	}
	if (rc < 0)
		goto fail;
	*out = set;
	set = NULL;
fail:
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
