/* sensor.c - how strongly sensor materials absorb X-rays.
 *
 * For geometry.h's geometry_set_sensor. Mass attenuation coefficients: NIST, X-Ray Mass Attenuation Coefficients (Hubbell and Seltzer, NISTIR 5632), to be
 * interpolated between logarithms. An energy that stands twice is an absorption edge. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "kernels/geometry.h"

static const double kev_angstrom = 12.398419843320026; /* h c */

struct point {
	double kev, cm2_per_g;
};

static const struct point silicon[] = {
	{ 1, 1570 }, { 1.5, 535.5 }, { 1.8389, 309.2 }, { 1.8389, 3192 }, { 2, 2777 }, { 3, 978.4 }, { 4, 452.9 },
	{ 5, 245 }, { 6, 147 }, { 8, 64.68 }, { 10, 33.89 }, { 15, 10.34 }, { 20, 4.464 }, { 30, 1.436 },
	{ 40, 0.7012 }, { 50, 0.4385 }, { 60, 0.3207 }, { 80, 0.2228 }, { 100, 0.1835 }, { 150, 0.1448 },
	{ 200, 0.1275 },
};

static const struct point cadmium_telluride[] = {
	{ 1, 7927 }, { 1.003, 7875 }, { 1.006, 7824 }, { 1.006, 8014 }, { 1.5, 3291 }, { 2, 1664 }, { 3, 614.6 },
	{ 3.537, 406.4 }, { 3.537, 778.7 }, { 3.631, 730 }, { 3.727, 684 }, { 3.727, 860.1 }, { 4, 723 },
	{ 4.018, 715.1 }, { 4.018, 793.4 }, { 4.177, 722.1 }, { 4.341, 656.2 }, { 4.341, 932.8 }, { 4.475, 873.9 },
	{ 4.612, 813.5 }, { 4.612, 943.8 }, { 4.773, 870.2 }, { 4.939, 799.9 }, { 4.939, 865.3 }, { 5, 839.2 },
	{ 6, 528.6 }, { 8, 249.2 }, { 10, 138.1 }, { 15, 46.57 }, { 20, 21.44 }, { 26.711, 9.834 }, { 26.711, 29.43 },
	{ 30, 21.82 }, { 31.814, 18.73 }, { 31.814, 34.92 }, { 40, 19.3 }, { 50, 10.67 }, { 60, 6.542 }, { 80, 3.019 },
	{ 100, 1.671 }, { 150, 0.6071 }, { 200, 0.3246 },
};

static const struct point gallium_arsenide[] = {
	{ 1, 1917 }, { 1.05613, 1685 }, { 1.1154, 1481 }, { 1.1154, 2772 }, { 1.12877, 3180 }, { 1.1423, 3532 },
	{ 1.1423, 4372 }, { 1.21752, 4130 }, { 1.2977, 3657 }, { 1.2977, 4066 }, { 1.31034, 3971 }, { 1.3231, 3879 },
	{ 1.3231, 5652 }, { 1.34073, 5525 }, { 1.3586, 5415 }, { 1.3586, 6266 }, { 1.5, 5159 }, { 1.5265, 4939 },
	{ 1.5265, 5278 }, { 2, 2731 }, { 3, 970.2 }, { 4, 453.9 }, { 5, 249.5 }, { 6, 152.4 }, { 8, 69.6 },
	{ 10, 37.8 }, { 10.3671, 34.25 }, { 10.3671, 126 }, { 11.0916, 105.9 }, { 11.8667, 88.99 }, { 11.8667, 168.5 },
	{ 15, 92.2 }, { 20, 42.58 }, { 30, 13.97 }, { 40, 6.262 }, { 50, 3.365 }, { 60, 2.042 }, { 80, 0.9587 },
	{ 100, 0.5598 }, { 150, 0.2509 }, { 200, 0.1671 },
};

#define POINTS(table) table, sizeof table / sizeof *table

static const struct material {
	const char *name;
	double g_per_cm3;
	const struct point *points;
	size_t n_points;
} materials[] = {
	{ "Si", 2.33, POINTS(silicon) },
	{ "Silicon", 2.33, POINTS(silicon) },
	{ "CdTe", 6.2, POINTS(cadmium_telluride) },
	{ "GaAs", 5.32, POINTS(gallium_arsenide) },
};

/* Linear attenuation per millimetre; NAN outside the table. */
static double attenuation(const struct material *m, double kev)
{
	for (size_t i = 1; i < m->n_points; i++) {
		const struct point *a = &m->points[i - 1], *b = &m->points[i];
		if (kev < a->kev || kev > b->kev || a->kev == b->kev)
			continue;
		double slope = log(b->cm2_per_g / a->cm2_per_g) / log(b->kev / a->kev);
		return a->cm2_per_g * pow(kev / a->kev, slope) * m->g_per_cm3 / 10.0;
	}
	return NAN;
}

int geometry_set_sensor(struct geometry *g, const char *material, double thickness_mm)
{
	g->sensor_thickness_mm = g->sensor_mu_per_mm = 0.0;
	if (!g->known || !(thickness_mm > 0.0) || !isfinite(thickness_mm))
		return -EDOM;
	for (size_t i = 0; i < sizeof materials / sizeof *materials; i++) {
		if (strcmp(material, materials[i].name) != 0)
			continue;
		double mu = attenuation(&materials[i], kev_angstrom / g->wavelength_angstrom);
		if (isnan(mu))
			return -EDOM;
		g->sensor_thickness_mm = thickness_mm;
		g->sensor_mu_per_mm = mu;
		return 0;
	}
	return -ENOENT;
}
