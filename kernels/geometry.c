/* geometry.c - the flat detector in space: positions, angles, q and the two intensity corrections.
 *
 * For the plan and the scores. Pure functions of double precision; the .poni reader lives in poni.c,
 * the absorption of sensor materials in sensor.c. */
#include "kernels/geometry.h"

#include <errno.h>
#include <math.h>
#include <string.h>

static const double pi = 3.14159265358979323846;

static double dot(const double a[3], const double b[3])
{
	return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

static bool positive(double value)
{
	return isfinite(value) && value > 0.0;
}

int geometry_flat(struct geometry *g, double distance_mm, double beam_x_px, double beam_y_px, double pixel_x_mm,
		  double pixel_y_mm, double wavelength_angstrom)
{
	memset(g, 0, sizeof *g);
	if (!positive(distance_mm) || !positive(pixel_x_mm) || !positive(pixel_y_mm) || !positive(wavelength_angstrom) ||
	    !isfinite(beam_x_px) || !isfinite(beam_y_px))
		return -EDOM;
	g->origin_mm[0] = -beam_x_px * pixel_x_mm;
	g->origin_mm[1] = -beam_y_px * pixel_y_mm;
	g->origin_mm[2] = distance_mm;
	g->fast[0] = 1.0;
	g->slow[1] = 1.0;
	g->pixel_x_mm = pixel_x_mm;
	g->pixel_y_mm = pixel_y_mm;
	g->wavelength_angstrom = wavelength_angstrom;
	g->known = true;
	return 0;
}

static void unit_normal(const struct geometry *g, double n[3])
{
	n[0] = g->fast[1] * g->slow[2] - g->fast[2] * g->slow[1];
	n[1] = g->fast[2] * g->slow[0] - g->fast[0] * g->slow[2];
	n[2] = g->fast[0] * g->slow[1] - g->fast[1] * g->slow[0];
	double length = sqrt(dot(n, n));
	for (int i = 0; i < 3; i++)
		n[i] /= length;
}

double geometry_distance_mm(const struct geometry *g)
{
	double n[3];

	if (!g->known)
		return NAN;
	unit_normal(g, n);
	return fabs(dot(g->origin_mm, n));
}

void geometry_beam_px(const struct geometry *g, double *x_px, double *y_px)
{
	double n[3], along, offset[3];

	*x_px = *y_px = NAN;
	if (!g->known)
		return;
	unit_normal(g, n);
	along = dot(g->origin_mm, n) / n[2];
	if (!positive(along))
		return;
	offset[0] = -g->origin_mm[0];
	offset[1] = -g->origin_mm[1];
	offset[2] = along - g->origin_mm[2];
	/* Fast and slow are unit vectors but need not be at right angles: solve the two equations. */
	double f = dot(offset, g->fast), s = dot(offset, g->slow), c = dot(g->fast, g->slow);
	*x_px = (f - c * s) / (1.0 - c * c) / g->pixel_x_mm;
	*y_px = (s - c * f) / (1.0 - c * c) / g->pixel_y_mm;
}

static void position(const struct geometry *g, double x_px, double y_px, double p[3])
{
	double x = x_px * g->pixel_x_mm, y = y_px * g->pixel_y_mm;

	for (int i = 0; i < 3; i++)
		p[i] = g->known ? g->origin_mm[i] + x * g->fast[i] + y * g->slow[i] : NAN;
}

double geometry_q(const struct geometry *g, double x_px, double y_px)
{
	double p[3];

	position(g, x_px, y_px, p);
	double rho2 = p[0] * p[0] + p[1] * p[1], r = sqrt(rho2 + p[2] * p[2]);
	/* sin^2(theta) = (r - z) / (2 r); written so that nothing cancels on either side of the sample. */
	double sin2 = p[2] > 0.0 ? rho2 / (2.0 * r * (r + p[2])) : (r - p[2]) / (2.0 * r);
	return 4.0 * pi * sqrt(sin2) / g->wavelength_angstrom;
}

double geometry_two_theta(const struct geometry *g, double x_px, double y_px)
{
	double p[3];

	position(g, x_px, y_px, p);
	return atan2(sqrt(p[0] * p[0] + p[1] * p[1]), p[2]);
}

double geometry_d(const struct geometry *g, double x_px, double y_px)
{
	return 2.0 * pi / geometry_q(g, x_px, y_px);
}

double geometry_spot_d(const struct geometry *g, double x_px, double y_px)
{
	double p[3], n[3], mu = g->sensor_mu_per_mm, thickness = g->sensor_thickness_mm;

	if (!g->known || !(mu > 0.0) || !(thickness > 0.0))
		return geometry_d(g, x_px, y_px);
	position(g, x_px, y_px, p);
	unit_normal(g, n);
	double r = sqrt(dot(p, p)), path = thickness * r / fabs(dot(p, n));
	/* How far along the ray a photon goes into the sensor on average, those that leave it again counted as 0. */
	double depth = 1.0 / mu - (path + 1.0 / mu) * exp(-mu * path);
	return geometry_d(g, x_px - dot(p, g->fast) / r * depth / g->pixel_x_mm, y_px - dot(p, g->slow) / r * depth / g->pixel_y_mm);
}

double geometry_radius_mm(const struct geometry *g, double x_px, double y_px)
{
	double p[3];

	position(g, x_px, y_px, p);
	if (!(p[2] > 0.0))
		return NAN;
	return geometry_distance_mm(g) * sqrt(p[0] * p[0] + p[1] * p[1]) / p[2];
}

double geometry_azimuth(const struct geometry *g, double x_px, double y_px)
{
	double p[3];

	position(g, x_px, y_px, p);
	return atan2(p[1], p[0]);
}

double geometry_solid_angle(const struct geometry *g, double x_px, double y_px)
{
	double p[3];

	position(g, x_px, y_px, p);
	double cosine = geometry_distance_mm(g) / sqrt(dot(p, p));
	return cosine * cosine * cosine;
}

double geometry_polarisation(const struct geometry *g, double x_px, double y_px, double factor)
{
	double p[3];

	position(g, x_px, y_px, p);
	/* cos(2 phi) (1 - cos^2 tt) = (x^2 - y^2) / r^2, so no angle has to be computed. */
	double x2 = p[0] * p[0], y2 = p[1] * p[1], z2 = p[2] * p[2], r2 = x2 + y2 + z2;
	return 0.5 * (1.0 + (z2 - factor * (x2 - y2)) / r2);
}
