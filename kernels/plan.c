/* plan.c - makes the immutable tables that a series is analysed with.
 *
 * For the pipeline, off the frame path. Checks every setting before it is used, so that engines need not: in particular that the integer
 * arithmetic of section 3 cannot overflow 64 bits for any image of the plan's type. */
#include "kernels/plan.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/plan_radial.h"

#define SIDE_MAX 65535u
#define CAP_MAX (1u << 24)
/* The sum of v times x of a spot stays below 2^64: 65536 pixels of 32 bits, each coordinate below 2^16. */
#define SPOT_PIXELS_MAX 65536u

struct words {
	char *at;
	size_t bytes;
};

static int refuse(const struct words *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int refuse(const struct words *w, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	if (w->at && w->bytes)
		vsnprintf(w->at, w->bytes, format, arguments);
	va_end(arguments);
	return -EINVAL;
}

void plan_defaults(struct plan_settings *settings)
{
	*settings = (struct plan_settings){
		.saturation_value = UINT64_MAX,
		.radial_unit = RADIAL_Q,
		.radial_bins = 1000,
		.radial_sectors = 1,
		.radial_range_auto = true,
		.polarisation_factor = 0.99,
		.algorithm = SPOTS_DISPERSION,
		.kernel = 3,
		.sigma_background = 6.0,
		.sigma_strong = 3.0,
		.gain = 1.0,
		.min_count = 2,
		.min_pixels = 3,
		.max_pixels = 1000,
		.max_spots = 65536,
		.max_strong = 1048576,
	};
}

static int check_range(const struct words *w, const char *name, uint32_t value, uint32_t least, uint32_t largest)
{
	if (value < least || value > largest)
		return refuse(w, "%s: %u is not within %u to %u", name, value, least, largest);
	return 0;
}

static int check_radial(const struct plan_settings *s, const struct words *w)
{
	if (s->radial_unit != RADIAL_Q && s->radial_unit != RADIAL_TWO_THETA && s->radial_unit != RADIAL_RADIUS)
		return refuse(w, "radial unit: unknown number %d", (int)s->radial_unit);
	int status = check_range(w, "radial bins", s->radial_bins, 1, 4096);
	if (!status)
		status = check_range(w, "radial sectors", s->radial_sectors, 1, PLAN_BINS_MAX);
	if (status)
		return status;
	if (s->radial_sectors > PLAN_BINS_MAX / s->radial_bins)
		return refuse(w, "radial sectors: %u times %u bins is more than %u", s->radial_sectors, s->radial_bins, PLAN_BINS_MAX);
	if (!s->radial_range_auto && !(s->radial_min >= 0.0 && s->radial_min < s->radial_max && isfinite(s->radial_max)))
		return refuse(w, "radial range: %g to %g is not a range of positive numbers", s->radial_min, s->radial_max);
	if (s->polarisation_on && !(s->polarisation_factor >= -1.0 && s->polarisation_factor <= 1.0))
		return refuse(w, "polarisation factor: %g is not within -1 to 1", s->polarisation_factor);
	return 0;
}

/* The largest pixel value that enters the window sums. */
static double largest_counted(const struct plan_settings *s)
{
	return fmin(PLAN_BIG_PIXEL - 1.0, pixel_max(s->shape.type) - 1.0);
}

static double background_limit_q16(const struct plan_settings *s, double m)
{
	return 65536.0 * s->gain * (m - 1.0 + s->sigma_background * sqrt(2.0 * (m - 1.0)));
}

static int check_spots(const struct plan_settings *s, const struct words *w)
{
	double side = 2.0 * s->kernel + 1.0, outer = 2.0 * s->kernel + 5.0;
	double pixels = side * side, outer_pixels = s->algorithm == SPOTS_DISPERSION_EXTENDED ? outer * outer : pixels;
	int status = check_range(w, "spots kernel", s->kernel, 1, PLAN_K_MAX);

	if (!status)
		status = check_range(w, "spots min_count", s->min_count, 1, (uint32_t)pixels);
	if (!status)
		status = check_range(w, "spots max_pixels", s->max_pixels, 1, SPOT_PIXELS_MAX);
	if (!status)
		status = check_range(w, "spots min_pixels", s->min_pixels, 1, s->max_pixels);
	if (!status)
		status = check_range(w, "spots max_spots", s->max_spots, 1, CAP_MAX);
	if (!status)
		status = check_range(w, "spots max_strong", s->max_strong, 1, CAP_MAX);
	if (status)
		return status;
	if (!(s->gain > 0.0) || !(s->sigma_background >= 0.0) || !(s->sigma_strong >= 0.0))
		return refuse(w, "spots gain %g, sigma_background %g, sigma_strong %g: gain must be above 0, the others not below", s->gain,
			      s->sigma_background, s->sigma_strong);
	if (!(background_limit_q16(s, pixels) * pixels * largest_counted(s) < 0x1p63))
		return refuse(w, "spots sigma_background %g with gain %g and kernel %u is too large", s->sigma_background, s->gain, s->kernel);
	if (!(65536.0 * s->gain * s->sigma_strong * s->sigma_strong * outer_pixels * outer_pixels * largest_counted(s) < 0x1p63))
		return refuse(w, "spots sigma_strong %g with gain %g and kernel %u is too large", s->sigma_strong, s->gain, s->kernel);
	return 0;
}

static int check(const struct plan_settings *s, const struct words *w)
{
	if (s->shape.width < 1 || s->shape.width > SIDE_MAX || s->shape.height < 1 || s->shape.height > SIDE_MAX)
		return refuse(w, "image of %u x %u pixels: sides are 1 to %u", s->shape.width, s->shape.height, SIDE_MAX);
	if (s->shape.type != PIXEL_U8 && s->shape.type != PIXEL_U16 && s->shape.type != PIXEL_U32)
		return refuse(w, "pixel type: unknown number %d", (int)s->shape.type);
	if (s->geometry.known && !isfinite(geometry_distance_mm(&s->geometry) + 1.0 / geometry_distance_mm(&s->geometry) +
					   s->geometry.pixel_x_mm + s->geometry.pixel_y_mm + 1.0 / s->geometry.wavelength_angstrom))
		return refuse(w, "geometry: distance, axes, pixel size or wavelength are no numbers");
	int status = s->geometry.known ? check_radial(s, w) : 0;
	if (status || s->algorithm == SPOTS_NONE)
		return status;
	if (s->algorithm != SPOTS_DISPERSION && s->algorithm != SPOTS_DISPERSION_EXTENDED)
		return refuse(w, "spots algorithm: unknown number %d", (int)s->algorithm);
	return check_spots(s, w);
}

static int make_mask(struct plan *plan, const struct plan_settings *s)
{
	size_t n = image_pixels(&plan->shape);

	plan->mask = malloc(n);
	if (!plan->mask)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		plan->mask[i] = !(s->detector_mask && s->detector_mask[i]) && !(s->user_mask && s->user_mask[i]);
		plan->n_masked_in += plan->mask[i];
	}
	return 0;
}

static void make_spots(struct plan *plan, const struct plan_settings *s)
{
	plan->algorithm = s->algorithm;
	if (s->algorithm == SPOTS_NONE)
		return;
	plan->kernel = s->kernel;
	plan->min_count = s->min_count;
	plan->threshold = s->threshold;
	plan->masked_is_background = s->masked_is_background;
	uint32_t window = (2 * s->kernel + 1) * (2 * s->kernel + 1);
	for (uint32_t m = 1; m <= window; m++)
		plan->c_q16[m] = (uint64_t)(background_limit_q16(s, m) + 0.5);
	plan->ns2_q16 = (uint64_t)(65536.0 * s->gain * s->sigma_strong * s->sigma_strong + 0.5);
	plan->eight_neighbours = s->eight_neighbours;
	plan->min_pixels = s->min_pixels;
	plan->max_pixels = s->max_pixels;
	plan->max_spots = s->max_spots;
	plan->max_strong = s->max_strong;
}

int plan_make(struct plan **out, const struct plan_settings *settings, uint64_t version, char *message, size_t message_bytes)
{
	const struct words words = { message, message_bytes };
	struct plan *plan = NULL;

	*out = NULL;
	int status = check(settings, &words);
	if (status)
		goto fail;
	status = -ENOMEM;
	plan = calloc(1, sizeof *plan);
	if (!plan)
		goto fail;
	plan->version = version;
	plan->shape = settings->shape;
	plan->geometry = settings->geometry;
	plan->invalid_from = pixel_max(settings->shape.type) - (settings->max_minus_1_invalid ? 1 : 0);
	plan->saturation_value = settings->saturation_value;
	status = make_mask(plan, settings);
	if (status)
		goto fail;
	status = plan_radial_make(plan, settings);
	if (status)
		goto fail;
	make_spots(plan, settings);
	*out = plan;
	return 0;
fail:
	if (status == -ENOMEM)
		refuse(&words, "not enough memory for a plan of %u x %u pixels", settings->shape.width, settings->shape.height);
	plan_free(&plan);
	return status;
}

void plan_free(struct plan **plan)
{
	if (!plan || !*plan)
		return;
	free((*plan)->mask);
	free((*plan)->bin);
	free((*plan)->bin_centre);
	free((*plan)->bin_q);
	free((*plan)->norm);
	free((*plan)->static_count);
	free(*plan);
	*plan = NULL;
}

void plan_intensity(const struct plan *plan, const uint64_t *bin_sum, const uint32_t *bin_count, double *intensity, double *sigma)
{
	for (uint32_t b = 0; b < plan->n_bins; b++) {
		/* 0 or NaN where nothing was counted, and where the polarisation leaves nothing */
		double norm = plan->norm[b] * bin_count[b] / plan->static_count[b];
		intensity[b] = norm > 0.0 ? (double)bin_sum[b] / norm : NAN;
		sigma[b] = norm > 0.0 ? sqrt((double)bin_sum[b]) / norm : NAN;
	}
}
