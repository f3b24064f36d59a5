/* scene.h - makes frames: background, spots, bad pixels, channels; and knows the truth about them.
 *
 * For pool.c. A scene is read-only once made: any number of threads may render from it at once. */
#ifndef BENCH_DETECTOR_SCENE_H
#define BENCH_DETECTOR_SCENE_H

#include "bench/detector/settings.h"

struct scene {
	const struct settings *settings;
	uint64_t seed;
	struct crystal_beam beam;
	uint32_t *mask;                     /* detector's own bits, one word per pixel */
	struct background *background[2];   /* without and with ice; [1] only where it is wanted */
	uint32_t *hot;                      /* flat indices of settings->n_hot pixels */
	uint32_t saturation;
};

/* What a channel of a frame holds, exactly. */
struct scene_totals {
	uint64_t sum;                       /* of pixels that are neither masked nor overloaded */
	uint32_t n_valid, n_masked, n_overload, max;
};

struct scene_spot {
	struct reflection reflection;
	bool strong; /* so far above its surroundings, alone and inside the active area that any spot finder has to see it */
};

/* What is in a frame. */
struct scene_truth {
	bool hit, ice;
	double background;                  /* expected mean */
	uint32_t n_spots, n_strong;
	struct scene_spot *spots;           /* malloc'd; with at least one expected photon */
	struct scene_totals channel[CHANNEL_KINDS];
};

/* Working memory of a thread. */
struct scene_work {
	uint32_t *counts;                   /* one word per pixel */
	uint32_t *other;                    /* a second one, where there are several channels */
};

/* settings must outlive the scene. */
int scene_open(struct scene **out, const struct settings *settings, uint64_t seed);
void scene_close(struct scene **scene);
int scene_work_open(struct scene_work *work, const struct scene *scene);
void scene_work_close(struct scene_work *work);

/* Renders frame `number` (with a crystal where hit) into pixels[c], image_bytes each. 0, -ENOMEM; -ERANGE: no orientation of this crystal gives
 * settings->min_strong strong reflections, and truth->n_strong is the best there was. */
int scene_render(const struct scene *scene, struct scene_work *work, uint64_t number, bool hit, void *const *pixels, struct scene_truth *truth);
void scene_truth_clear(struct scene_truth *truth);

/* The reflections of frame `number` and which are strong: the first half of rendering a hit. rotation and brightness by attempt. */
int scene_crystal(const struct scene *scene, uint64_t number, double background_scale, bool ice, struct scene_truth *truth, double *sigma_px);

#endif
