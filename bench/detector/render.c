/* render.c - from a scene to pixels. See scene.h. Pure. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "bench/detector/poisson.h"
#include "bench/detector/random.h"
#include "bench/detector/scene.h"

#define SPOT_REACH 5             /* pixels from a spot's centre that get photons */
#define SECOND_THRESHOLD 0.3     /* share of the photons that pass the higher threshold */
#define ICE_SALT 1

static int fill_background(const struct scene *scene, const struct background *background, double scale, uint64_t number, uint32_t *counts)
{
	struct poisson_table *table;
	struct random_stream random;
	double *mean = malloc(background->n_zones * sizeof *mean);
	int error;

	if (!mean)
		return -ENOMEM;
	for (unsigned i = 0; i < background->n_zones; i++)
		mean[i] = background->mean[i] * scale;
	error = poisson_open(&table, mean, background->n_zones);
	free(mean);
	if (error)
		return error;
	random_start(&random, random_hash(scene->seed, RANDOM_FRAME, number, 0));
	poisson_fill(table, background->zone, counts, (size_t)scene->beam.width * scene->beam.height, &random);
	poisson_close(&table);
	return 0;
}

/* Share of a Gaussian spot that falls between pixel edges i and i + 1, for the 2 * SPOT_REACH + 1 pixels around its centre. */
static void shares(double *share, double centre, int64_t first, double sigma_px)
{
	for (int i = 0; i <= 2 * SPOT_REACH; i++) {
		double left = (double)(first + i) - centre;

		share[i] = 0.5 * (erf((left + 1) / (sigma_px * M_SQRT2)) - erf(left / (sigma_px * M_SQRT2)));
	}
}

static void add_spot(const struct scene *scene, const struct reflection *r, double sigma_px, uint32_t *counts, struct random_stream *random)
{
	double across[2 * SPOT_REACH + 1], down[2 * SPOT_REACH + 1];
	int64_t x0 = (int64_t)r->x_px - SPOT_REACH, y0 = (int64_t)r->y_px - SPOT_REACH;

	shares(across, r->x_px, x0, sigma_px);
	shares(down, r->y_px, y0, sigma_px);
	for (int j = 0; j <= 2 * SPOT_REACH; j++)
		for (int i = 0; i <= 2 * SPOT_REACH; i++) {
			int64_t x = x0 + i, y = y0 + j;
			uint32_t n = poisson_draw(r->photons * across[i] * down[j], random);

			if (x >= 0 && y >= 0 && x < scene->beam.width && y < scene->beam.height)
				counts[y * scene->beam.width + x] += n;
		}
}

static void add_spots(const struct scene *scene, const struct scene_truth *truth, double sigma_px, uint64_t number, uint32_t *counts)
{
	struct random_stream random;

	random_start(&random, random_hash(scene->seed, RANDOM_SPOTS, number, 0));
	for (uint32_t i = 0; i < truth->n_spots; i++)
		add_spot(scene, &truth->spots[i].reflection, sigma_px, counts, &random);
}

static void add_hot(const struct scene *scene, uint64_t number, uint32_t *counts)
{
	struct random_stream random;

	random_start(&random, random_hash(scene->seed, RANDOM_PIXELS, number, 1));
	for (uint32_t i = 0; i < scene->settings->n_hot; i++)
		counts[scene->hot[i]] = poisson_draw(scene->settings->hot_photons, &random);
}

/* Each photon passes the higher threshold or does not. */
static uint32_t thin(uint32_t count, struct random_stream *random)
{
	uint32_t passed = 0;

	if (count > 256) { /* Poisson instead of binomial: a wider spread, which nobody sees in so bright a pixel */
		passed = poisson_draw(count * SECOND_THRESHOLD, random);
		return passed < count ? passed : count;
	}
	for (uint32_t i = 0; i < count; i++)
		passed += random_next_unit(random) < SECOND_THRESHOLD;
	return passed;
}

/* Turns the photons of the first threshold into those of another channel. The second one draws the same photons whether or not the first or
 * the difference is sent too, so difference = first - second holds pixel by pixel. */
static void make_channel(const struct scene *scene, enum channel_kind kind, uint64_t number, const uint32_t *counts, uint32_t *out)
{
	size_t pixels = (size_t)scene->beam.width * scene->beam.height;
	struct random_stream random;

	random_start(&random, random_hash(scene->seed, RANDOM_CHANNEL, number, 0));
	for (size_t i = 0; i < pixels; i++) {
		uint32_t second = thin(counts[i], &random);

		out[i] = kind == CHANNEL_THRESHOLD_2 ? second : counts[i] - second;
	}
}

#define STORE(bits) \
	static void store_u##bits(const struct scene *scene, const uint32_t *counts, void *out, struct scene_totals *t) \
	{ \
		uint##bits##_t *pixel = out; \
		size_t pixels = (size_t)scene->beam.width * scene->beam.height; \
		uint32_t saturation = scene->saturation; \
		for (size_t i = 0; i < pixels; i++) { \
			bool masked = scene->mask[i], overload = !masked && counts[i] > saturation, valid = !masked && !overload; \
			uint32_t v = valid ? counts[i] : 0; \
			pixel[i] = valid ? (uint##bits##_t)v : (uint##bits##_t)UINT##bits##_MAX; \
			t->sum += v; \
			t->n_valid += valid; \
			t->n_overload += overload; \
			t->max = v > t->max ? v : t->max; \
		} \
		t->n_masked = (uint32_t)(pixels - t->n_valid - t->n_overload); \
	}
STORE(8)
STORE(16)
STORE(32)

static void store(const struct scene *scene, const uint32_t *counts, void *out, struct scene_totals *totals)
{
	*totals = (struct scene_totals){ 0 };
	if (scene->settings->type == PIXEL_U8)
		store_u8(scene, counts, out, totals);
	else if (scene->settings->type == PIXEL_U16)
		store_u16(scene, counts, out, totals);
	else
		store_u32(scene, counts, out, totals);
}

int scene_render(const struct scene *scene, struct scene_work *work, uint64_t number, bool hit, void *const *pixels, struct scene_truth *truth)
{
	const struct settings *s = scene->settings;
	double scale = 0.8 + 0.4 * random_unit(random_hash(scene->seed, RANDOM_FRAME, number, 1)), sigma_px;
	int error;

	*truth = (struct scene_truth){ .hit = hit, .background = s->background.mean * scale };
	truth->ice = scene->background[1] && random_unit(random_hash(scene->seed, RANDOM_FRAME, number, 1 + ICE_SALT)) < s->ice_share;
	if (hit) {
		error = scene_crystal(scene, number, scale, truth->ice, truth, &sigma_px);
		if (error)
			return error;
	}
	error = fill_background(scene, scene->background[truth->ice], scale, number, work->counts);
	if (error)
		return error;
	if (hit)
		add_spots(scene, truth, sigma_px, number, work->counts);
	add_hot(scene, number, work->counts);
	for (unsigned c = 0; c < s->n_channels; c++) {
		const uint32_t *counts = work->counts;

		if (s->channel[c] != CHANNEL_THRESHOLD_1) {
			make_channel(scene, s->channel[c], number, work->counts, work->other);
			counts = work->other;
		}
		store(scene, counts, pixels[c], &truth->channel[c]);
	}
	return 0;
}
