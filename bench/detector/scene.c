/* scene.c - what all frames of a series share: mask, bad pixels, backgrounds. See scene.h. Pure but for its memory. */
#include "bench/detector/scene.h"

#include <errno.h>
#include <stdlib.h>

#include "bench/detector/random.h"

/* Spreads bad pixels over the active area: dead ones go into the mask, hot ones are left for the frames. A detector has few of them, so that
 * drawing until a free place comes is quick; the number of tries is bounded all the same. */
static void place_bad_pixels(struct scene *scene)
{
	const struct settings *s = scene->settings;
	uint64_t pixels = (uint64_t)s->model.width * s->model.height, tries = 100 * ((uint64_t)s->n_dead + s->n_hot) + 100;
	struct random_stream random;
	uint32_t dead = 0, hot = 0;

	random_start(&random, random_hash(scene->seed, RANDOM_PIXELS, 0, 0));
	for (; tries && (dead < s->n_dead || hot < s->n_hot); tries--) {
		uint64_t at = (uint64_t)(random_next_unit(&random) * (double)pixels);

		if (scene->mask[at])
			continue;
		if (dead < s->n_dead) {
			scene->mask[at] = MASK_DEAD;
			dead++;
		} else {
			scene->hot[hot++] = (uint32_t)at;
		}
	}
}

int scene_open(struct scene **out, const struct settings *s, uint64_t seed)
{
	size_t pixels = (size_t)s->model.width * s->model.height;
	struct scene *scene = calloc(1, sizeof *scene);
	struct background_config plain = s->background;
	int error = -ENOMEM;

	*out = NULL;
	if (!scene)
		return -ENOMEM;
	scene->settings = s;
	scene->seed = seed;
	scene->saturation = settings_saturation(s->type);
	settings_beam(s, &scene->beam);
	scene->mask = malloc(pixels * sizeof *scene->mask);
	scene->hot = calloc((size_t)s->n_hot + 1, sizeof *scene->hot);
	if (!scene->mask || !scene->hot)
		goto fail;
	model_gaps(&s->model, scene->mask);
	place_bad_pixels(scene);
	plain.ice_photons = 0;
	error = background_open(&scene->background[0], &plain, &scene->beam, scene->mask);
	if (!error && s->ice_share > 0)
		error = background_open(&scene->background[1], &s->background, &scene->beam, scene->mask);
	if (error)
		goto fail;
	*out = scene;
	return 0;
fail:
	scene_close(&scene);
	return error;
}

void scene_close(struct scene **scene)
{
	struct scene *s = *scene;

	if (!s)
		return;
	background_close(&s->background[0]);
	background_close(&s->background[1]);
	free(s->mask);
	free(s->hot);
	free(s);
	*scene = NULL;
}

int scene_work_open(struct scene_work *work, const struct scene *scene)
{
	size_t pixels = (size_t)scene->beam.width * scene->beam.height;

	work->counts = malloc(pixels * sizeof *work->counts);
	work->other = scene->settings->n_channels > 1 || scene->settings->channel[0] ? malloc(pixels * sizeof *work->other) : NULL;
	if (!work->counts || ((scene->settings->n_channels > 1 || scene->settings->channel[0]) && !work->other)) {
		scene_work_close(work);
		return -ENOMEM;
	}
	return 0;
}

void scene_work_close(struct scene_work *work)
{
	free(work->counts);
	free(work->other);
	*work = (struct scene_work){ 0 };
}

void scene_truth_clear(struct scene_truth *truth)
{
	free(truth->spots);
	*truth = (struct scene_truth){ 0 };
}
