/* scene_crystal.c - puts a crystal into the beam and says which of its reflections nobody can overlook. See scene.h. Pure. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "bench/detector/random.h"
#include "bench/detector/scene.h"

#define ATTEMPTS 60
#define PATIENCE 10          /* attempts before the crystals grow */
#define ALONE_PX 7           /* a strong spot has no other spot within this distance in x and y */
#define EDGE_PX 4            /* and no masked pixel or edge */
#define STRONG_D_MIN 1.55    /* inside the default resolution range of a hit, with a margin */
#define STRONG_D_MAX 45.0

/* On a powder ring of hexagonal ice, where hit rules do not count spots? A superset of the rings: no absences. */
static bool on_ice_ring(double d)
{
	const double a = 4.498, c = 7.338, x = 1 / (d * d);

	for (int h = 0; h <= 4; h++)
		for (int k = 0; k <= h; k++)
			for (int l = 0; l <= 6; l++)
				if (fabs(x - 4.0 / 3 * (h * h + h * k + k * k) / (a * a) - l * l / (c * c)) < 0.0025)
					return true;
	return false;
}

static bool active_around(const struct scene *scene, double x_px, double y_px)
{
	int64_t x0 = (int64_t)x_px, y0 = (int64_t)y_px, w = scene->beam.width, h = scene->beam.height;

	if (x0 < EDGE_PX || y0 < EDGE_PX || x0 + EDGE_PX >= w || y0 + EDGE_PX >= h)
		return false;
	for (int64_t y = y0 - EDGE_PX; y <= y0 + EDGE_PX; y++)
		for (int64_t x = x0 - EDGE_PX; x <= x0 + EDGE_PX; x++)
			if (scene->mask[y * w + x])
				return false;
	return true;
}

/* Would its third-brightest pixel still stand out when it fluctuates 2.5 sigma down? (Three pixels make a spot.) `around` is the
 * background, and a spot finder's window of 49 pixels sees the spot itself as background too. */
static bool stands_out(double photons, double sigma_px, double around, double saturation)
{
	double centre = erf(0.5 / (sigma_px * M_SQRT2)), beside = 0.5 * (erf(1.5 / (sigma_px * M_SQRT2)) - erf(0.5 / (sigma_px * M_SQRT2)));
	double third = photons * centre * beside * 0.8, mean = around + photons / 49; /* 0.8: the spot is rarely centred on a pixel */

	if (photons * centre * centre + around > 0.8 * saturation)
		return false;
	return third > mean - around + 3 * sqrt(mean) + 2.5 * sqrt(third + around);
}

static int by_x(const void *a, const void *b)
{
	const struct scene_spot *p = a, *q = b;

	return (p->reflection.x_px > q->reflection.x_px) - (p->reflection.x_px < q->reflection.x_px);
}

/* spots sorted by x. */
static bool alone(const struct scene_spot *spots, size_t n, size_t i)
{
	for (size_t j = i + 1; j < n && spots[j].reflection.x_px - spots[i].reflection.x_px < ALONE_PX; j++)
		if (fabs(spots[j].reflection.y_px - spots[i].reflection.y_px) < ALONE_PX)
			return false;
	for (size_t j = i; j-- > 0 && spots[i].reflection.x_px - spots[j].reflection.x_px < ALONE_PX;)
		if (fabs(spots[j].reflection.y_px - spots[i].reflection.y_px) < ALONE_PX)
			return false;
	return true;
}

static uint32_t mark_strong(const struct scene *scene, struct scene_spot *spots, size_t n, const struct background *background,
			    double scale, double sigma_px)
{
	uint32_t strong = 0;

	for (size_t i = 0; i < n; i++) {
		const struct reflection *r = &spots[i].reflection;
		double around = scale * background_at(background, scene->beam.width, (uint32_t)r->x_px, (uint32_t)r->y_px);

		spots[i].strong = r->d > STRONG_D_MIN && r->d < STRONG_D_MAX && stands_out(r->photons, sigma_px, around, scene->saturation) &&
				  active_around(scene, r->x_px, r->y_px) && alone(spots, n, i) && !on_ice_ring(r->d);
		strong += spots[i].strong;
	}
	return strong;
}

/* Leaves out what the beam stop hides. */
static size_t keep_visible(const struct scene *scene, struct scene_spot *spots, const struct reflection *reflections, size_t n)
{
	double stop_px = scene->settings->background.beamstop_mm / scene->beam.pixel_mm;
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		double dx = reflections[i].x_px - scene->beam.centre_px[0], dy = reflections[i].y_px - scene->beam.centre_px[1];

		if (hypot(dx, dy) > stop_px + 8)
			spots[kept++] = (struct scene_spot){ .reflection = reflections[i] };
	}
	return kept;
}

static int attempt(const struct scene *scene, uint64_t key, unsigned number, double background_scale, bool ice, struct scene_truth *truth,
		   double *sigma_px)
{
	const struct settings *s = scene->settings;
	struct crystal_sample sample = { s->cell, s->mosaic_deg, s->domain_angstrom, s->wilson_b, s->spot_photons, s->resolution_angstrom, scene->seed };
	struct random_stream random;
	struct reflection *reflections;
	double rotation[3][3], u[3];
	size_t n;
	int error;

	random_start(&random, random_mix(key + number));
	for (int i = 0; i < 3; i++)
		u[i] = random_next_unit(&random);
	crystal_rotation(rotation, u[0], u[1], u[2]);
	sample.photons *= 0.6 + 1.2 * random_next_unit(&random);
	if (number >= PATIENCE && s->type != PIXEL_U8) /* 8 bits would only overflow */
		sample.photons *= pow(1.05, number - PATIENCE);
	*sigma_px = s->spot_sigma_px * (0.9 + 0.2 * random_next_unit(&random));
	error = crystal_diffract(&reflections, &n, &sample, &scene->beam, rotation, 1);
	if (error)
		return error;
	free(truth->spots);
	truth->spots = malloc((n + 1) * sizeof *truth->spots);
	if (truth->spots) {
		truth->n_spots = (uint32_t)keep_visible(scene, truth->spots, reflections, n);
		qsort(truth->spots, truth->n_spots, sizeof *truth->spots, by_x);
		truth->n_strong = mark_strong(scene, truth->spots, truth->n_spots, scene->background[ice], background_scale, *sigma_px);
	}
	free(reflections);
	return truth->spots ? 0 : -ENOMEM;
}

int scene_crystal(const struct scene *scene, uint64_t number, double background_scale, bool ice, struct scene_truth *truth, double *sigma_px)
{
	uint64_t key = random_hash(scene->seed, RANDOM_ORIENTATION, number, 0);
	uint32_t best = 0;

	for (unsigned i = 0; i < ATTEMPTS; i++) {
		int error = attempt(scene, key, i, background_scale, ice, truth, sigma_px);

		if (error)
			return error;
		if (truth->n_strong >= scene->settings->min_strong)
			return 0;
		best = truth->n_strong > best ? truth->n_strong : best;
	}
	truth->n_strong = best;
	return -ERANGE;
}
