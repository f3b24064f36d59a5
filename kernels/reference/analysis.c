/* analysis.c - what every engine must return, in its plainest form.
 *
 * For the reference engine. Each function is one paragraph of algorithms.md; see analysis.h. */
#include "kernels/reference/analysis.h"

#include <string.h>

static bool is_valid(const struct plan *plan, const uint32_t *pixels, size_t i)
{
	return plan->mask[i] && pixels[i] < plan->invalid_from;
}

void analysis_totals(const struct plan *plan, const uint32_t *pixels, struct result *result)
{
	size_t n = image_pixels(&plan->shape);

	for (size_t i = 0; i < n; i++) {
		if (!plan->mask[i])
			continue;
		if (pixels[i] >= plan->invalid_from) {
			result->n_nodata++;
			continue;
		}
		if (result->n_valid == 0 || pixels[i] > result->max) {
			result->max = pixels[i];
			result->max_index = (uint32_t)i;
		}
		result->n_valid++;
		result->sum += pixels[i];
		result->n_saturated += pixels[i] > plan->saturation_value;
	}
}

void analysis_radial(const struct plan *plan, const uint32_t *pixels, uint64_t *bin_sum, uint32_t *bin_count)
{
	size_t n = image_pixels(&plan->shape);

	memset(bin_sum, 0, plan->n_bins * sizeof *bin_sum);
	memset(bin_count, 0, plan->n_bins * sizeof *bin_count);
	for (size_t i = 0; i < n; i++) {
		if (!is_valid(plan, pixels, i) || plan->bin[i] == PLAN_BIN_NONE)
			continue;
		bin_sum[plan->bin[i]] += pixels[i];
		bin_count[plan->bin[i]]++;
	}
}

/* The pixels (x_from..x_to, y_from..y_to) around one, inclusive, as far as the image goes. */
struct window {
	uint32_t x_from, x_to, y_from, y_to;
};

static struct window window_around(const struct plan *plan, uint32_t x, uint32_t y, uint32_t half)
{
	return (struct window){
		.x_from = x > half ? x - half : 0,
		.x_to = x + half < plan->shape.width ? x + half : plan->shape.width - 1,
		.y_from = y > half ? y - half : 0,
		.y_to = y + half < plan->shape.height ? y + half : plan->shape.height - 1,
	};
}

/* m, X and Y of section 3; pixels whose byte in without is set are left out (NULL: none). */
struct sums {
	uint64_t m, x, y;
};

static struct sums sum_window(const struct plan *plan, const uint32_t *pixels, struct window w, const uint8_t *without)
{
	struct sums sums = { 0, 0, 0 };

	for (uint32_t y = w.y_from; y <= w.y_to; y++)
		for (uint32_t x = w.x_from; x <= w.x_to; x++) {
			size_t i = (size_t)y * plan->shape.width + x;
			uint64_t v = pixels[i];
			if (!is_valid(plan, pixels, i) || v >= PLAN_BIG_PIXEL || (without && without[i]))
				continue;
			sums.m++;
			sums.x += v;
			sums.y += v * v;
		}
	return sums;
}

/* The first test: the window is not flat background. */
static bool is_not_flat(const struct plan *plan, const struct sums *s)
{
	return s->m >= plan->min_count && s->m * s->y - s->x * s->x > (s->x * plan->c_q16[s->m]) >> 16;
}

/* The second test of `dispersion`: the pixel stands out of its window. */
static bool stands_out(const struct plan *plan, const struct sums *s, uint64_t p)
{
	if (s->m * p <= s->x)
		return false;
	uint64_t b = s->m * p - s->x;
	return p >= PLAN_BIG_PIXEL || b * b > (plan->ns2_q16 * s->x * s->m) >> 16;
}

static bool is_strong(const struct plan *plan, const uint32_t *pixels, uint32_t x, uint32_t y)
{
	size_t i = (size_t)y * plan->shape.width + x;

	if (!is_valid(plan, pixels, i) || pixels[i] <= plan->threshold)
		return false;
	struct sums s = sum_window(plan, pixels, window_around(plan, x, y, plan->kernel), NULL);
	return is_not_flat(plan, &s) && stands_out(plan, &s, pixels[i]);
}

/* Step 1 of `dispersion_extended`. */
static void mark(const struct plan *plan, const uint32_t *pixels, uint8_t *marked)
{
	size_t i = 0;

	for (uint32_t y = 0; y < plan->shape.height; y++)
		for (uint32_t x = 0; x < plan->shape.width; x++, i++) {
			marked[i] = 0;
			if (!is_valid(plan, pixels, i))
				continue;
			struct sums s = sum_window(plan, pixels, window_around(plan, x, y, plan->kernel), NULL);
			marked[i] = is_not_flat(plan, &s);
		}
}

static bool is_unmarked(const struct plan *plan, const uint32_t *pixels, const uint8_t *marked, size_t i)
{
	return !marked[i] && (plan->masked_is_background || is_valid(plan, pixels, i));
}

/* Step 2: no unmarked pixel nearer than k. */
static void erode(const struct plan *plan, const uint32_t *pixels, const uint8_t *marked, uint8_t *core)
{
	size_t i = 0;

	for (uint32_t y = 0; y < plan->shape.height; y++)
		for (uint32_t x = 0; x < plan->shape.width; x++, i++) {
			core[i] = marked[i];
			struct window w = window_around(plan, x, y, plan->kernel - 1);
			for (uint32_t v = w.y_from; core[i] && v <= w.y_to; v++)
				for (uint32_t u = w.x_from; core[i] && u <= w.x_to; u++)
					core[i] = !is_unmarked(plan, pixels, marked, (size_t)v * plan->shape.width + u);
		}
}

/* Steps 3 and 4 for a pixel of the core. */
static bool is_strong_extended(const struct plan *plan, const uint32_t *pixels, const uint8_t *core, uint32_t x, uint32_t y)
{
	uint64_t p = pixels[(size_t)y * plan->shape.width + x];

	if (p <= plan->threshold)
		return false;
	struct sums s = sum_window(plan, pixels, window_around(plan, x, y, plan->kernel + 2), core);
	if (s.m < 2)
		s.x = 0;
	if (p * s.m < s.x)
		return false;
	uint64_t d = p * s.m - s.x;
	return d >= UINT64_C(1) << 31 || d * d >= (plan->ns2_q16 * s.x * s.m + 0xffff) >> 16;
}

uint32_t analysis_strong(const struct plan *plan, const uint32_t *pixels, uint32_t *strong, uint32_t *value, uint8_t *marked,
			 uint8_t *core)
{
	bool extended = plan->algorithm == SPOTS_DISPERSION_EXTENDED;
	uint32_t n = 0;

	if (plan->algorithm == SPOTS_NONE)
		return 0;
	if (extended) {
		mark(plan, pixels, marked);
		erode(plan, pixels, marked, core);
	}
	for (uint32_t y = 0; y < plan->shape.height; y++)
		for (uint32_t x = 0; x < plan->shape.width; x++) {
			size_t i = (size_t)y * plan->shape.width + x;
			if (extended ? !core[i] || !is_strong_extended(plan, pixels, core, x, y) : !is_strong(plan, pixels, x, y))
				continue;
			if (n < plan->max_strong) {
				strong[n] = (uint32_t)i;
				value[n] = pixels[i];
			}
			n++;
		}
	return n;
}
