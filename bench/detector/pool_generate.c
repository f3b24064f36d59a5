/* pool_generate.c - fills a pool with made frames, in several threads. See pool.h.
 *
 * What an entry holds depends on the seed and its number alone, never on the thread that made it or on how many there are. */
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/detector/pool.h"
#include "bench/detector/random.h"
#include "kernels/codec.h"

#define ENTRIES_MAX 1024
#define PIXELS_MAX 600000000u /* of all entries together: what is made in a few seconds */
#define THREADS_MAX 256

/* What the threads share. */
struct factory {
	struct pool *pool;
	const struct scene *scene;
	_Atomic unsigned next;      /* the entry to be made next: each thread takes its own */
	_Atomic int error;          /* the first one; relaxed: read for good only after the threads have ended */
	_Atomic unsigned best;      /* most strong reflections where they did not suffice */
};

/* What a thread has for itself. */
struct worker {
	struct factory *factory;
	struct scene_work work;
	uint8_t *pixels[CHANNEL_KINDS], *encoded[CHANNEL_KINDS];
	size_t encoded_room;
};

static struct image_shape shape_of(const struct settings *s)
{
	return (struct image_shape){ s->model.width, s->model.height, s->type };
}

static void worker_close(struct worker *w)
{
	scene_work_close(&w->work);
	for (int c = 0; c < CHANNEL_KINDS; c++) {
		free(w->pixels[c]);
		free(w->encoded[c]);
	}
}

static int worker_open(struct worker *w, struct factory *factory)
{
	const struct settings *s = factory->pool->settings;
	struct image_shape shape = shape_of(s);

	*w = (struct worker){ .factory = factory, .encoded_room = codec_bound(s->codec, &shape, s->block_bytes) };
	if (scene_work_open(&w->work, factory->scene))
		return -ENOMEM;
	for (unsigned c = 0; c < s->n_channels; c++) {
		w->pixels[c] = malloc(image_bytes(&shape));
		w->encoded[c] = malloc(w->encoded_room);
		if (!w->pixels[c] || !w->encoded[c]) {
			worker_close(w);
			return -ENOMEM;
		}
	}
	return 0;
}

static int encode(struct worker *w, unsigned c, struct stream_channel *channel)
{
	const struct settings *s = w->factory->pool->settings;
	struct image_shape shape = shape_of(s);
	size_t len = w->encoded_room;
	int error = codec_encode(s->codec, &shape, s->block_bytes, w->pixels[c], w->encoded[c], &len);

	*channel = (struct stream_channel){ .pixels = { .bytes = { w->encoded[c], len }, .width = shape.width, .height = shape.height,
							.elem_bytes = (uint8_t)pixel_bytes(s->type), .codec = pool_stream_codec(s->codec),
							.shuffle_bytes = s->codec == CODEC_BSLZ4 ? (uint8_t)pixel_bytes(s->type) : 0 } };
	snprintf(channel->name, sizeof channel->name, "%s", s->v1 ? "default" : channel_names[s->channel[c]]);
	return error;
}

/* Entry i: hits first. Their scene numbers are even, the misses' odd, so that neither depends on how many entries there are. */
static int make_entry(struct worker *w, struct pool_entry *entry, bool hit, unsigned i)
{
	const struct settings *s = w->factory->pool->settings;
	struct stream_channel channel[CHANNEL_KINDS];
	void *pixels[CHANNEL_KINDS];
	int error;

	for (unsigned c = 0; c < s->n_channels; c++)
		pixels[c] = w->pixels[c];
	entry->number = 2 * (uint64_t)i + !hit;
	entry->original = entry->number;
	error = scene_render(w->factory->scene, &w->work, entry->number, hit, pixels, &entry->truth);
	if (error == -ERANGE)
		atomic_store_explicit(&w->factory->best, entry->truth.n_strong, memory_order_relaxed);
	for (unsigned c = 0; !error && c < s->n_channels; c++)
		error = encode(w, c, &channel[c]);
	return error ? error : pool_entry_store(entry, s->v1, channel, s->n_channels);
}

static void *work(void *user)
{
	struct factory *f = user;
	struct pool *pool = f->pool;
	struct worker w;
	int error = worker_open(&w, f), none = 0;

	while (!error && !atomic_load_explicit(&f->error, memory_order_relaxed)) {
		unsigned i = atomic_fetch_add_explicit(&f->next, 1, memory_order_relaxed);
		bool hit = i < pool->n_hits;

		if (i >= pool->n)
			break;
		if (!pool->entry[i].filled)
			error = make_entry(&w, &pool->entry[i], hit, hit ? i : i - pool->n_hits);
	}
	if (error)
		atomic_compare_exchange_strong(&f->error, &none, error);
	worker_close(&w);
	return NULL;
}

static int work_in_threads(struct factory *f, unsigned n)
{
	pthread_t thread[THREADS_MAX];
	unsigned started = 0;

	while (started + 1 < n && started < THREADS_MAX && !pthread_create(&thread[started], NULL, work, f))
		started++;
	work(f); /* this one too: there is always at least one */
	while (started)
		pthread_join(thread[--started], NULL);
	return atomic_load(&f->error);
}

/* Frames with a crystal among the first n. */
static uint64_t count_hits(const struct settings *s, uint64_t seed, uint64_t n)
{
	uint64_t hits = 0;

	for (uint64_t i = 0; i < n; i++)
		hits += random_unit(random_hash(seed, RANDOM_HIT, i, 0)) < s->hit_rate;
	return hits;
}

/* How many entries, and how many of them hits. Where every frame of the series can have its own, it has. */
static void choose_sizes(struct pool *pool, uint64_t seed, uint64_t budget, uint64_t entry_bytes)
{
	const struct settings *s = pool->settings;
	uint64_t pixels = (uint64_t)s->model.width * s->model.height * s->n_channels, n = s->pool ? s->pool : ENTRIES_MAX;

	if (!s->pool && n > PIXELS_MAX / pixels)
		n = PIXELS_MAX / pixels;
	if (n > budget / entry_bytes)
		n = budget / entry_bytes;
	if (s->frames && s->frames <= n) {
		pool->n = (unsigned)s->frames;
		pool->n_hits = (unsigned)count_hits(s, seed, s->frames);
		return;
	}
	n = n < 2 ? 2 : n;
	pool->n = (unsigned)n;
	pool->n_hits = (unsigned)lround((double)n * s->hit_rate);
	if (s->hit_rate > 0 && !pool->n_hits)
		pool->n_hits = 1;
	if (s->hit_rate < 1 && pool->n_hits == n)
		pool->n_hits--;
}

/* Makes one frame to see how large they are (a hit where there are any: they are the larger ones). */
static int measure(struct factory *f, uint64_t *entry_bytes)
{
	struct pool_entry trial = { 0 };
	struct worker w;
	int error = worker_open(&w, f);

	if (!error)
		error = make_entry(&w, &trial, f->pool->settings->hit_rate > 0, 0);
	*entry_bytes = trial.len + POOL_HEADROOM;
	free(trial.memory);
	scene_truth_clear(&trial.truth);
	worker_close(&w);
	return error;
}

/* Tables as Stream v2 compresses them; Stream v1 sends them as they are. */
static int make_table(const struct settings *s, const void *words, struct stream_array *array, uint8_t **memory)
{
	struct image_shape shape = { s->model.width, s->model.height, PIXEL_U32 };
	enum codec codec = s->v1 ? CODEC_NONE : CODEC_BSLZ4;
	size_t len = codec_bound(codec, &shape, 0);
	int error = -ENOMEM;

	*memory = malloc(len);
	if (*memory)
		error = codec_encode(codec, &shape, 0, words, *memory, &len);
	*array = (struct stream_array){ .bytes = { *memory, len }, .width = shape.width, .height = shape.height, .elem_bytes = 4,
					.codec = pool_stream_codec(codec), .shuffle_bytes = s->v1 ? 0 : 4 };
	return error;
}

static int make_flatfield(struct pool *pool, uint64_t seed, struct stream_array *array)
{
	const struct settings *s = pool->settings;
	size_t pixels = (size_t)s->model.width * s->model.height;
	float *flat = malloc(pixels * sizeof *flat);
	int error;

	if (!flat)
		return -ENOMEM;
	for (size_t i = 0; i < pixels; i++)
		flat[i] = (float)(0.98 + 0.04 * random_unit(random_hash(seed, RANDOM_FLATFIELD, i, 0)));
	error = make_table(s, flat, array, &pool->flatfield);
	array->is_float = true;
	free(flat);
	return error;
}

static void describe_detector(struct stream_start *start, const struct settings *s)
{
	double pixel_m = s->model.pixel_um * 1e-6;

	start->dialect = s->v1 ? STREAM_V1 : STREAM_V2;
	start->width = s->model.width;
	start->height = s->model.height;
	start->elem_bytes = (uint8_t)pixel_bytes(s->type);
	start->beam_x_px = s->centre_px[0];
	start->beam_y_px = s->centre_px[1];
	start->distance_m = s->distance_mm / 1000;
	start->translation_m[0] = s->centre_px[0] * pixel_m;
	start->translation_m[1] = s->centre_px[1] * pixel_m;
	start->translation_m[2] = start->distance_m;
	start->pixel_x_m = start->pixel_y_m = pixel_m;
	start->wavelength_angstrom = s->wavelength_angstrom;
	start->energy_ev = s->energy_ev;
	start->sensor_thickness_m = 450e-6;
	start->saturation_value = settings_saturation(s->type);
	start->bit_depth_readout = s->type == PIXEL_U8 ? 8 : 16;
	start->bit_depth_image = 8 * start->elem_bytes;
	start->countrate_correction = start->flatfield_correction = start->mask_applied = start->virtual_interpolation = 1;
	snprintf(start->sensor_material, sizeof start->sensor_material, "Si");
	snprintf(start->detector_description, sizeof start->detector_description, "%s", s->model.description);
	snprintf(start->detector_serial, sizeof start->detector_serial, "E-SIM-0001");
	snprintf(start->firmware, sizeof start->firmware, "simulated");
	snprintf(start->trigger_mode, sizeof start->trigger_mode, "ints");
	start->n_axes = 1;
	start->axis[0] = (struct stream_axis){ "omega", 0, 0 };
}

static int describe(struct pool *pool, const struct scene *scene)
{
	const struct settings *s = pool->settings;
	struct stream_start *start = &pool->start;
	struct stream_array mask = { 0 }, flat = { 0 };
	int error = 0;

	stream_start_clear(start);
	describe_detector(start, s);
	if (s->header_detail == 2) {
		error = make_table(s, scene->mask, &mask, &pool->mask);
		if (!error && s->flatfield)
			error = make_flatfield(pool, scene->seed, &flat);
	}
	start->n_channels = s->n_channels;
	for (unsigned c = 0; c < s->n_channels; c++) {
		struct stream_start_channel *channel = &start->channel[c];

		snprintf(channel->name, sizeof channel->name, "%s", s->v1 ? "default" : channel_names[s->channel[c]]);
		channel->threshold_energy_ev = s->channel[c] == CHANNEL_DIFFERENCE ? NAN : s->energy_ev * (s->channel[c] == CHANNEL_THRESHOLD_2 ? 0.8 : 0.5);
		channel->pixel_mask = mask;
		channel->flatfield = flat;
	}
	return error;
}

int pool_generate(struct pool *pool, uint64_t seed, uint64_t budget, unsigned threads, char *message, size_t n)
{
	struct scene *scene;
	struct factory factory = { .pool = pool };
	uint64_t entry_bytes;
	int error = scene_open(&scene, pool->settings, seed);

	if (error == -EINVAL)
		snprintf(message, n, "--background, --ice-photons or --powder-photons: more than 250000 photons somewhere");
	if (error)
		return error;
	factory.scene = scene;
	pool->n_channels = pool->settings->n_channels;
	error = describe(pool, scene);
	if (!error)
		error = measure(&factory, &entry_bytes);
	if (!error) {
		choose_sizes(pool, seed, budget, entry_bytes);
		pool->entry = calloc(pool->n, sizeof *pool->entry);
		error = pool->entry ? work_in_threads(&factory, threads) : -ENOMEM;
	}
	if (error == -ERANGE)
		snprintf(message, n, "this crystal gives only %u strong reflections per frame, not --min-strong %u: try more --spot-photons, another --distance, "
				     "--cell or --domain, or a lower --min-strong", atomic_load(&factory.best), pool->settings->min_strong);
	for (unsigned i = 0; !error && i < pool->n; i++)
		pool->bytes += pool->entry[i].len;
	scene_close(&scene);
	return error;
}
