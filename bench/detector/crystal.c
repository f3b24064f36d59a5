/* crystal.c - the Ewald construction for stills. See crystal.h. */
#include "bench/detector/crystal.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "bench/detector/random.h"

#define DEGREE (M_PI / 180)
#define INDEX_MAX 2000 /* indices beyond this mean a mistake in the cell or the resolution */

int crystal_basis(double basis[3][3], const struct crystal_cell *cell)
{
	double ca = cos(cell->alpha * DEGREE), cb = cos(cell->beta * DEGREE), cg = cos(cell->gamma * DEGREE), sg = sin(cell->gamma * DEGREE);
	double square = 1 - ca * ca - cb * cb - cg * cg + 2 * ca * cb * cg, v;

	if (!(cell->a > 0 && cell->b > 0 && cell->c > 0 && sg > 1e-6 && square > 1e-9))
		return -EDOM;
	v = sqrt(square);
	/* Real axes: a = (a,0,0), b = (b cos g, b sin g, 0), c = (c cos b, c (cos a - cos b cos g) / sin g, c v / sin g). The rows
	 * below are the inverse of that matrix, transposed. */
	basis[0][0] = 1 / cell->a;
	basis[0][1] = -cg / (cell->a * sg);
	basis[0][2] = (ca * cg - cb) / (cell->a * v * sg);
	basis[1][0] = 0;
	basis[1][1] = 1 / (cell->b * sg);
	basis[1][2] = (cb * cg - ca) / (cell->b * v * sg);
	basis[2][0] = basis[2][1] = 0;
	basis[2][2] = sg / (cell->c * v);
	return 0;
}

void crystal_rotation(double r[3][3], double u1, double u2, double u3)
{
	double w = sqrt(1 - u1) * sin(2 * M_PI * u2), x = sqrt(1 - u1) * cos(2 * M_PI * u2);
	double y = sqrt(u1) * sin(2 * M_PI * u3), z = sqrt(u1) * cos(2 * M_PI * u3);

	r[0][0] = 1 - 2 * (y * y + z * z);
	r[0][1] = 2 * (x * y - z * w);
	r[0][2] = 2 * (x * z + y * w);
	r[1][0] = 2 * (x * y + z * w);
	r[1][1] = 1 - 2 * (x * x + z * z);
	r[1][2] = 2 * (y * z - x * w);
	r[2][0] = 2 * (x * z - y * w);
	r[2][1] = 2 * (y * z + x * w);
	r[2][2] = 1 - 2 * (x * x + y * y);
}

/* Lattice centring: is the reflection there at all? */
static bool allowed(char centring, int h, int k, int l)
{
	switch (centring) {
	case 'A': return (k + l) % 2 == 0;
	case 'B': return (h + l) % 2 == 0;
	case 'C': return (h + k) % 2 == 0;
	case 'I': return (h + k + l) % 2 == 0;
	case 'F': return (h + k) % 2 == 0 && (k + l) % 2 == 0;
	case 'R': return (-h + k + l) % 3 == 0;
	default: return true;
	}
}

/* Mean 1, exponentially distributed (Wilson, acentric), the same for hkl and -h-k-l (Friedel). */
static double structure(uint64_t key, int h, int k, int l)
{
	uint64_t index;

	if (h < 0 || (h == 0 && (k < 0 || (k == 0 && l < 0)))) {
		h = -h;
		k = -k;
		l = -l;
	}
	index = (uint64_t)(h + 4096) << 40 | (uint64_t)(k + 4096) << 20 | (uint64_t)(l + 4096);
	return -log1p(-random_unit(random_hash(key, RANDOM_STRUCTURE, index, 0)));
}

/* Share of its full intensity that a reflection has when g misses the Ewald sphere by a little. g^2 is 1 / d^2. */
static double partiality(const struct crystal_sample *s, const struct crystal_beam *beam, double g2, double gz)
{
	double lambda = beam->wavelength_angstrom, excitation = gz + lambda * g2 / 2;
	double sine = lambda * sqrt(g2) / 2, mosaic = s->mosaic_deg * DEGREE * sqrt(g2) * sqrt(fmax(0, 1 - sine * sine));
	double band = lambda * g2 / 2 * beam->bandwidth, finite = 0.44 / s->domain_angstrom; /* 0.44: sigma of a sinc^2 of that length */
	double variance = mosaic * mosaic + band * band + finite * finite;

	return excitation * excitation > 80 * variance ? 0 : exp(-excitation * excitation / (2 * variance));
}

/* Where the diffracted ray meets the detector: two theta from Bragg's law, azimuth from g. False where it misses. */
static bool project(const struct crystal_beam *beam, double g2, const double g[3], double *x_px, double *y_px)
{
	double sine = beam->wavelength_angstrom * sqrt(g2) / 2, radius, across = hypot(g[0], g[1]);

	if (sine >= M_SQRT1_2 || across == 0) /* backwards, or no azimuth */
		return false;
	radius = beam->distance_mm * tan(2 * asin(sine)) / beam->pixel_mm;
	*x_px = beam->centre_px[0] + radius * g[0] / across;
	*y_px = beam->centre_px[1] + radius * g[1] / across;
	return *x_px >= 0 && *y_px >= 0 && *x_px < beam->width && *y_px < beam->height;
}

struct list {
	struct reflection *at;
	size_t n, room;
};

static int list_add(struct list *list, const struct reflection *r)
{
	if (list->n == list->room) {
		size_t room = list->room ? 2 * list->room : 256;
		struct reflection *at = realloc(list->at, room * sizeof *at);

		if (!at)
			return -ENOMEM;
		list->at = at;
		list->room = room;
	}
	list->at[list->n++] = *r;
	return 0;
}

static int consider(struct list *list, const struct crystal_sample *s, const struct crystal_beam *beam, const int hkl[3],
		    const double g[3], double least)
{
	double g2 = g[0] * g[0] + g[1] * g[1] + g[2] * g[2], bright;
	struct reflection r = { .h = hkl[0], .k = hkl[1], .l = hkl[2] };

	if (g2 * s->d_min * s->d_min > 1 || g2 == 0)
		return 0;
	bright = partiality(s, beam, g2, g[2]);
	if (bright == 0) /* nearly always: before anything that costs time */
		return 0;
	bright *= s->photons * exp(-s->wilson_b * g2 / 2);
	if (bright * 40 < least) /* no structure factor in 2^53 is larger than 37 */
		return 0;
	if (!allowed(s->cell.centring, r.h, r.k, r.l) || !project(beam, g2, g, &r.x_px, &r.y_px))
		return 0;
	r.photons = bright * structure(s->structure_key, r.h, r.k, r.l);
	r.d = 1 / sqrt(g2);
	return r.photons >= least ? list_add(list, &r) : 0;
}

int crystal_diffract(struct reflection **out, size_t *n, const struct crystal_sample *s, const struct crystal_beam *beam,
		     double rotation[3][3], double least)
{
	double basis[3][3], turned[3][3];
	struct list list = { 0 };
	int max[3] = { (int)floor(s->cell.a / s->d_min), (int)floor(s->cell.b / s->d_min), (int)floor(s->cell.c / s->d_min) };
	int error = crystal_basis(basis, &s->cell);

	*out = NULL;
	*n = 0;
	if (error || max[0] > INDEX_MAX || max[1] > INDEX_MAX || max[2] > INDEX_MAX)
		return -EDOM;
	for (int i = 0; i < 3; i++)
		for (int j = 0; j < 3; j++)
			turned[i][j] = rotation[j][0] * basis[i][0] + rotation[j][1] * basis[i][1] + rotation[j][2] * basis[i][2];
	for (int h = -max[0]; h <= max[0]; h++)
		for (int k = -max[1]; k <= max[1]; k++)
			for (int l = -max[2]; l <= max[2]; l++) {
				double g[3];

				for (int j = 0; j < 3; j++)
					g[j] = h * turned[0][j] + k * turned[1][j] + l * turned[2][j];
				error = consider(&list, s, beam, (int[3]){ h, k, l }, g, least);
				if (error) {
					free(list.at);
					return error;
				}
			}
	*out = list.at;
	*n = list.n;
	return 0;
}

double crystal_d(const struct crystal_beam *beam, double x_px, double y_px)
{
	double radius = hypot(x_px - beam->centre_px[0], y_px - beam->centre_px[1]) * beam->pixel_mm;

	return beam->wavelength_angstrom / (2 * sin(atan2(radius, beam->distance_mm) / 2));
}
