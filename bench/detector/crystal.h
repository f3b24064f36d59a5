/* crystal.h - still diffraction of one crystal: which reflections a random orientation brings to the Ewald sphere, and where they fall.
 *
 * For render.c. Pure functions, double precision. The beam runs along +z with k0 = 1 / lambda; the detector is flat, perpendicular to the
 * beam, x to the right and y down as the pixels run, pixel centres at +0.5. Reciprocal lengths are 1 / d in 1/Angstrom (no 2 pi). */
#ifndef BENCH_DETECTOR_CRYSTAL_H
#define BENCH_DETECTOR_CRYSTAL_H

#include <stddef.h>
#include <stdint.h>

struct crystal_cell {
	double a, b, c;             /* Angstrom */
	double alpha, beta, gamma;  /* degrees */
	char centring;              /* P A B C I F R (R: hexagonal axes, obverse) */
};

struct crystal_beam {
	double wavelength_angstrom;
	double bandwidth;           /* d lambda / lambda, standard deviation */
	double distance_mm;
	double pixel_mm;
	double centre_px[2];
	uint32_t width, height;     /* pixels */
};

struct crystal_sample {
	struct crystal_cell cell;
	double mosaic_deg;          /* standard deviation */
	double domain_angstrom;     /* coherent length: a finite crystal's reflections have a width of about 1 / domain */
	double wilson_b;            /* Angstrom^2: intensities fall as exp(-B / (2 d^2)) */
	double photons;             /* mean of a low-resolution reflection in full reflecting position */
	double d_min;               /* Angstrom: the crystal diffracts no further */
	uint64_t structure_key;     /* the same key gives the same structure factors */
};

struct reflection {
	int h, k, l;
	double x_px, y_px;          /* where the centre falls */
	double d;                   /* Angstrom */
	double photons;             /* expected, all pixels together */
};

/* Reciprocal basis of the cell: basis[i] is a*, b* or c*, in an orthogonal frame with a along x. -EDOM for a cell that cannot be. */
int crystal_basis(double basis[3][3], const struct crystal_cell *cell);

/* A uniformly random rotation (rows), by Shoemake's quaternion, from three numbers in [0, 1). */
void crystal_rotation(double rotation[3][3], double u1, double u2, double u3);

/* All reflections of this orientation that fall on the detector with at least `least` expected photons, in order of h, k, l.
 * The centre of each obeys Bragg's law exactly for its own d. *out is malloc'd (free it), NULL where there are none. -ENOMEM, -EDOM. */
int crystal_diffract(struct reflection **out, size_t *n, const struct crystal_sample *sample, const struct crystal_beam *beam,
		     double rotation[3][3], double least);

/* Resolution of a point on the detector, Angstrom. */
double crystal_d(const struct crystal_beam *beam, double x_px, double y_px);

#endif
