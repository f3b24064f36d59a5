/* live_scene.c - what the screen needs of a plan, copied so that the plan may go: mask, geometry, rings, axis (live.h). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/live.h"
#include "pipeline/plans.h"

/* Resolutions for rings that people can read, Angstrom. */
static const double nice_d[] = {200, 100, 50, 30, 20, 15, 10, 8, 6, 5, 4, 3.5, 3, 2.5, 2.2, 2, 1.8, 1.6, 1.4, 1.2, 1.1, 1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4};
/* Hexagonal ice, the strong ones. */
static const double ice_d[] = {3.897, 3.669, 3.441, 2.671, 2.249, 2.072, 1.948, 1.918, 1.721};
#define N_NICE (sizeof(nice_d) / sizeof(nice_d[0]))
#define N_ICE (sizeof(ice_d) / sizeof(ice_d[0]))
#define RINGS_PLAIN 6

static double dot(const double *a, const double *b)
{
	return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/* Where the ray at 2 theta and azimuth phi meets the detector's plane. */
static void point(const struct geometry *g, double two_theta, double phi, float *x, float *y)
{
	const double *f = g->fast, *s = g->slow, *o = g->origin_mm;
	double v[3] = {sin(two_theta) * cos(phi), sin(two_theta) * sin(phi), cos(two_theta)};
	double n[3] = {f[1] * s[2] - f[2] * s[1], f[2] * s[0] - f[0] * s[2], f[0] * s[1] - f[1] * s[0]};
	double along = dot(v, n), t = along != 0 ? dot(o, n) / along : -1;
	double p[3] = {t * v[0] - o[0], t * v[1] - o[1], t * v[2] - o[2]};

	*x = t > 0 ? (float)(dot(p, f) / g->pixel_x_mm) : NAN;
	*y = t > 0 ? (float)(dot(p, s) / g->pixel_y_mm) : NAN;
}

static void add_ring(struct live_scene *scene, double d, bool ice)
{
	double half = scene->geometry.wavelength_angstrom / (2 * d);
	struct live_ring *ring;

	if (half >= 1 || scene->n_rings == LIVE_RINGS_MAX)
		return;
	ring = &scene->ring[scene->n_rings++];
	ring->d = d;
	ring->ice = ice;
	for (unsigned i = 0; i < LIVE_RING_POINTS; i++)
		point(&scene->geometry, 2 * asin(half), 2 * M_PI * i / (LIVE_RING_POINTS - 1), &ring->x[i], &ring->y[i]);
}

/* The largest q in a corner of the image. */
static double q_reach(const struct live_scene *scene)
{
	double reach = 0;

	for (unsigned corner = 0; corner < 4; corner++) {
		double q = geometry_q(&scene->geometry, corner & 1 ? scene->shape.width : 0, corner & 2 ? scene->shape.height : 0);

		if (q > reach)
			reach = q;
	}
	return reach;
}

/* Some that stand apart, from the edge inwards, and those of ice. */
static void make_rings(struct live_scene *scene)
{
	double reach = q_reach(scene), step = reach / RINGS_PLAIN, next = reach;

	if (!(reach > 0))
		return;
	for (size_t i = N_NICE; i-- > 0;) {
		double q = 2 * M_PI / nice_d[i];

		if (q > next)
			continue;
		add_ring(scene, nice_d[i], false);
		next = q - step * 0.7;
	}
	for (size_t i = 0; i < N_ICE; i++)
		if (2 * M_PI / ice_d[i] < reach)
			add_ring(scene, ice_d[i], true);
}

static uint8_t *pack_mask(const struct plan *plan)
{
	size_t n = image_pixels(&plan->shape);
	uint8_t *bits = calloc((n + 7) / 8, 1);

	for (size_t i = 0; bits && i < n; i++)
		bits[i / 8] |= (uint8_t)((plan->mask[i] != 0) << i % 8);
	return bits;
}

static bool same_mask(const struct live_scene *a, const struct live_scene *b)
{
	return a && a->shape.width == b->shape.width && a->shape.height == b->shape.height &&
	       !memcmp(&a->geometry, &b->geometry, sizeof(a->geometry)) && !memcmp(a->mask, b->mask, (image_pixels(&a->shape) + 7) / 8);
}

static void *copied(const void *from, size_t bytes)
{
	void *to = malloc(bytes ? bytes : 1);

	if (to && bytes)
		memcpy(to, from, bytes);
	return to;
}

struct live_scene *live_scene_make(const struct plan_ref *ref, const struct live_scene *like)
{
	const struct plan *plan = ref->plan;
	struct live_scene *s = calloc(1, sizeof(*s));
	size_t n = plan->n_bins;

	if (!s)
		return NULL;
	s->refs = 1;
	s->version = s->mask_version = ref->version;
	s->config = ref->settings->config;
	s->shape = plan->shape;
	s->geometry = plan->geometry;
	s->saturation_value = plan->saturation_value;
	s->unit = plan->radial_unit;
	s->n_bins = plan->n_bins;
	s->n_radial = plan->n_radial;
	s->n_sectors = plan->n_sectors;
	s->radial_min = plan->radial_min;
	s->radial_max = plan->radial_max;
	s->mask = pack_mask(plan);
	s->axis = copied(plan->bin_centre, n * sizeof(double));
	s->q = copied(plan->bin_q, n * sizeof(double));
	s->norm = copied(plan->norm, n * sizeof(double));
	s->static_count = copied(plan->static_count, n * sizeof(uint32_t));
	if (!s->mask || !s->axis || !s->q || !s->norm || !s->static_count) {
		live_scene_drop(s);
		return NULL;
	}
	if (same_mask(like, s))
		s->mask_version = like->mask_version;
	if (s->geometry.known)
		make_rings(s);
	return s;
}

void live_scene_drop(struct live_scene *s)
{
	if (!s || --s->refs)
		return;
	free(s->mask);
	free(s->axis);
	free(s->q);
	free(s->norm);
	free(s->static_count);
	free(s);
}
