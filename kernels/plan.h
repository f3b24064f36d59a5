/* plan.h - the immutable tables that one series is analysed with.
 *
 * A plan is made once per (size, pixel type, geometry, mask, settings), off the frame path, and then only read, by any number of
 * threads and engines at once. Formulas: algorithms.md sections 1 to 4 as cited at each member. */
#ifndef KERNELS_PLAN_H
#define KERNELS_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "kernels/frame.h"
#include "kernels/geometry.h"

enum spot_algorithm { SPOTS_NONE, SPOTS_DISPERSION, SPOTS_DISPERSION_EXTENDED }; /* radial comes later */
enum radial_unit { RADIAL_Q, RADIAL_TWO_THETA, RADIAL_RADIUS }; /* 1/Angstrom, degrees, millimetres */

#define PLAN_K_MAX 6
#define PLAN_WINDOW_MAX ((2 * PLAN_K_MAX + 1) * (2 * PLAN_K_MAX + 1))
#define PLAN_BIN_NONE 0xffffu
#define PLAN_BINS_MAX 65534u   /* sectors x radial bins; every engine takes at least 4096 */
#define PLAN_BIG_PIXEL (1u << 24) /* pixels from here on count for nothing in m, X, Y */

/* What the user and the detector say. plan_defaults() fills it as the reference configuration prints it. */
struct plan_settings {
	struct image_shape shape;
	struct geometry geometry;
	const uint32_t *detector_mask; /* shape's pixels, non-zero = do not use; NULL: none. Read during plan_make only */
	const uint8_t *user_mask;      /* likewise, non-zero = do not use; NULL: none */
	uint64_t saturation_value;     /* v > this counts as saturated; UINT64_MAX: unknown, nothing does */
	bool max_minus_1_invalid;

	enum radial_unit radial_unit;
	uint32_t radial_bins;          /* 1..4096 */
	uint32_t radial_sectors;       /* azimuthal sectors, 1: none; sectors * bins <= PLAN_BINS_MAX. Sector = floor((azimuth + pi) / (2 pi) * sectors) */
	bool radial_range_auto;
	double radial_min, radial_max; /* in the unit, where not auto */
	bool polarisation_on;
	double polarisation_factor;    /* -1..1 */

	enum spot_algorithm algorithm;
	uint32_t kernel;               /* k, 1..6: the window is 2k+1 */
	double sigma_background, sigma_strong, gain;
	uint32_t min_count;            /* 2 */
	uint32_t threshold;            /* p must be greater */
	bool masked_is_background;     /* dispersion_extended: invalid pixels count as unmarked (DIALS up to 3.12) */
	bool eight_neighbours;
	uint32_t min_pixels, max_pixels;
	uint32_t max_spots, max_strong; /* caps of the lists: 65536 and 1048576 */
};

void plan_defaults(struct plan_settings *settings);

struct plan {
	uint64_t version;      /* given by the maker's caller; every result carries it */
	struct image_shape shape;
	struct geometry geometry;
	uint32_t invalid_from; /* pixel valid iff mask[i] and v < invalid_from (M or M-1)           (section 1) */
	uint64_t saturation_value;
	uint8_t *mask;         /* per pixel: 1 use, 0 refused                                        (section 1) */
	size_t n_masked_in;    /* pixels the mask allows */

	/* section 2; n_bins = 0 where the geometry is unknown or, with an automatic range, the mask allows no pixel: no radial integration */
	enum radial_unit radial_unit;
	uint32_t n_bins, n_radial, n_sectors;
	double radial_min, radial_max;
	uint16_t *bin;         /* per pixel; PLAN_BIN_NONE also for masked pixels */
	double *bin_centre;    /* n_bins, in the unit */
	double *bin_q;         /* n_bins, q of the bin's centre in 1/Angstrom, whatever the unit */
	double *norm;          /* n_bins: sum of solid angle x polarisation over mask-allowed pixels */
	uint32_t *static_count;/* n_bins: mask-allowed pixels */

	/* section 3 */
	enum spot_algorithm algorithm;
	uint32_t kernel, min_count, threshold;
	bool masked_is_background;
	uint64_t c_q16[PLAN_WINDOW_MAX + 1]; /* C[m] = round(2^16 g (m - 1 + sigma_b sqrt(2 (m-1)))), m >= 1; C[0] = 0 */
	uint64_t ns2_q16;                    /* round(2^16 g sigma_s^2) */

	/* section 4 */
	bool eight_neighbours;
	uint32_t min_pixels, max_pixels, max_spots, max_strong;
};

/* Makes a plan; -EINVAL with a message for settings out of range, -ENOMEM. The plan's memory is its own. */
int plan_make(struct plan **out, const struct plan_settings *settings, uint64_t version, char *message, size_t message_bytes);
void plan_free(struct plan **plan);

/* Intensity and sigma per bin from an engine's sums (section 2): norm scaled by count/static_count; NaN where count is 0. */
void plan_intensity(const struct plan *plan, const uint64_t *bin_sum, const uint32_t *bin_count, double *intensity, double *sigma);

#endif
