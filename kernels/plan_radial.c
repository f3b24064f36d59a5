/* plan_radial.c - fills the radial tables of a plan: a bin per pixel, a weight per bin.
 *
 * For plan.c. Works row by row in double precision; only what cannot be had without them (azimuthal sectors, 2theta as the unit)
 * costs trigonometric functions per pixel. */
#include "kernels/plan_radial.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

static const double pi = 3.14159265358979323846;

/* Where a pixel's centre lies, and what everything else is derived from. */
struct ray {
	double x, y, z; /* mm */
	double rho2, r; /* x^2 + y^2; distance from the sample */
};

static inline struct ray ray_at(const struct geometry *g, uint32_t x, uint32_t y)
{
	double along = (x + 0.5) * g->pixel_x_mm, down = (y + 0.5) * g->pixel_y_mm;
	struct ray ray = {
		.x = g->origin_mm[0] + along * g->fast[0] + down * g->slow[0],
		.y = g->origin_mm[1] + along * g->fast[1] + down * g->slow[1],
		.z = g->origin_mm[2] + along * g->fast[2] + down * g->slow[2],
	};
	ray.rho2 = ray.x * ray.x + ray.y * ray.y;
	ray.r = sqrt(ray.rho2 + ray.z * ray.z);
	return ray;
}

/* What the pixels of one plan have in common. */
struct frame {
	const struct geometry *geometry;
	enum radial_unit unit;
	double distance_mm;
	double q_scale; /* 4 pi / lambda */
	bool polarised;
	double polarisation_factor;
};

static inline double value_of(const struct frame *f, const struct ray *ray)
{
	switch (f->unit) {
	case RADIAL_Q: /* sin^2(theta) = (r - z) / (2 r) without cancellation */
		return f->q_scale * sqrt(ray->z > 0.0 ? ray->rho2 / (2.0 * ray->r * (ray->r + ray->z))
						      : (ray->r - ray->z) / (2.0 * ray->r));
	case RADIAL_TWO_THETA:
		return atan2(sqrt(ray->rho2), ray->z) * (180.0 / pi);
	case RADIAL_RADIUS:
		break;
	}
	return ray->z > 0.0 ? f->distance_mm * sqrt(ray->rho2) / ray->z : NAN;
}

static inline double weight_of(const struct frame *f, const struct ray *ray)
{
	double cosine = f->distance_mm / ray->r, weight = cosine * cosine * cosine;

	if (f->polarised)
		weight *= 0.5 * (1.0 + (ray->z * ray->z - f->polarisation_factor * (ray->x * ray->x - ray->y * ray->y)) /
					       (ray->r * ray->r));
	return weight;
}

/* The smallest and largest value over mask-allowed pixel centres; false where there is none. */
static bool find_range(const struct plan *plan, const struct frame *f, double *least, double *largest)
{
	size_t i = 0;

	*least = INFINITY;
	*largest = -INFINITY;
	for (uint32_t y = 0; y < plan->shape.height; y++)
		for (uint32_t x = 0; x < plan->shape.width; x++, i++) {
			if (!plan->mask[i])
				continue;
			struct ray ray = ray_at(f->geometry, x, y);
			double v = value_of(f, &ray);
			*least = v < *least ? v : *least;
			*largest = v > *largest ? v : *largest;
		}
	return *least <= *largest;
}

static uint32_t radial_bin(const struct plan *plan, double value)
{
	double least = plan->radial_min, largest = plan->radial_max;

	if (!(value >= least && value <= largest))
		return PLAN_BIN_NONE;
	if (value == largest)
		return plan->n_radial - 1;
	uint32_t bin = (uint32_t)((value - least) * plan->n_radial / (largest - least));
	return bin < plan->n_radial ? bin : plan->n_radial - 1; /* rounding just below the upper end */
}

static uint32_t sector_of(const struct plan *plan, const struct ray *ray)
{
	uint32_t sector = (uint32_t)((atan2(ray->y, ray->x) + pi) / (2.0 * pi) * plan->n_sectors);

	return sector < plan->n_sectors ? sector : plan->n_sectors - 1;
}

static void fill_pixels(struct plan *plan, const struct frame *f)
{
	size_t i = 0;

	for (uint32_t y = 0; y < plan->shape.height; y++)
		for (uint32_t x = 0; x < plan->shape.width; x++, i++) {
			plan->bin[i] = PLAN_BIN_NONE;
			if (!plan->mask[i])
				continue;
			struct ray ray = ray_at(f->geometry, x, y);
			uint32_t bin = radial_bin(plan, value_of(f, &ray));
			if (bin == PLAN_BIN_NONE)
				continue;
			if (plan->n_sectors > 1)
				bin += sector_of(plan, &ray) * plan->n_radial;
			plan->bin[i] = (uint16_t)bin;
			plan->norm[bin] += weight_of(f, &ray);
			plan->static_count[bin]++;
		}
}

static double q_of(const struct frame *f, double value)
{
	double two_theta = f->unit == RADIAL_RADIUS ? atan(value / f->distance_mm) : value * (pi / 180.0);

	return f->unit == RADIAL_Q ? value : f->q_scale * sin(0.5 * two_theta);
}

static void fill_centres(struct plan *plan, const struct frame *f)
{
	for (uint32_t b = 0; b < plan->n_bins; b++) {
		plan->bin_centre[b] = plan->radial_min + (b % plan->n_radial + 0.5) *
							 (plan->radial_max - plan->radial_min) / plan->n_radial;
		plan->bin_q[b] = q_of(f, plan->bin_centre[b]);
	}
}

static int take_memory(struct plan *plan)
{
	plan->bin = malloc(image_pixels(&plan->shape) * sizeof *plan->bin);
	plan->bin_centre = calloc(plan->n_bins, sizeof *plan->bin_centre);
	plan->bin_q = calloc(plan->n_bins, sizeof *plan->bin_q);
	plan->norm = calloc(plan->n_bins, sizeof *plan->norm);
	plan->static_count = calloc(plan->n_bins, sizeof *plan->static_count);
	return plan->bin && plan->bin_centre && plan->bin_q && plan->norm && plan->static_count ? 0 : -ENOMEM;
}

int plan_radial_make(struct plan *plan, const struct plan_settings *settings)
{
	struct frame f = {
		.geometry = &plan->geometry,
		.unit = settings->radial_unit,
		.distance_mm = geometry_distance_mm(&plan->geometry),
		.q_scale = 4.0 * pi / plan->geometry.wavelength_angstrom,
		.polarised = settings->polarisation_on,
		.polarisation_factor = settings->polarisation_factor,
	};

	plan->radial_unit = settings->radial_unit;
	if (!plan->geometry.known)
		return 0;
	plan->radial_min = settings->radial_min;
	plan->radial_max = settings->radial_max;
	if (settings->radial_range_auto && !find_range(plan, &f, &plan->radial_min, &plan->radial_max)) {
		plan->radial_min = plan->radial_max = 0.0;
		return 0;
	}
	plan->n_radial = settings->radial_bins;
	plan->n_sectors = settings->radial_sectors;
	plan->n_bins = plan->n_radial * plan->n_sectors;
	int status = take_memory(plan);
	if (status)
		return status;
	fill_pixels(plan, &f);
	fill_centres(plan, &f);
	return 0;
}
