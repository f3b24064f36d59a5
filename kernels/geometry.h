/* geometry.h - where a detector's pixels lie in space, and which q they measure.
 *
 * For the plan (tables of bins and resolution), the scores (resolution of a spot) and the files. Double precision, pure.
 * Laboratory frame: the sample is the origin, the beam runs along +z. Lengths in millimetres, angles in radians. */
#ifndef KERNELS_GEOMETRY_H
#define KERNELS_GEOMETRY_H

#include <stdbool.h>
#include <stddef.h>

/* A flat detector. The centre of pixel (x, y) lies at
 *   origin_mm + (x + 0.5) * pixel_x_mm * fast + (y + 0.5) * pixel_y_mm * slow          (fast and slow are unit vectors). */
struct geometry {
	double origin_mm[3];
	double fast[3], slow[3];
	double pixel_x_mm, pixel_y_mm;
	double wavelength_angstrom;
	double sensor_thickness_mm, sensor_mu_per_mm; /* 0 and 0: taken as infinitely thin, no parallax */
	bool known; /* false: no distance, centre, pixel size or wavelength; then nothing about q, d or radial bins is computed */
};

/* A detector perpendicular to the beam. beam_px: where the beam meets it, in pixels, pixel centres at +0.5.
 * Returns -EDOM (and known = false) unless distance, pixel sizes and wavelength are positive and finite. */
int geometry_flat(struct geometry *g, double distance_mm, double beam_x_px, double beam_y_px, double pixel_x_mm,
		  double pixel_y_mm, double wavelength_angstrom);

/* From the text of a pyFAI .poni file (versions 1, 2 and 2.1; poni1, poni2, rot1, rot2, rot3, distance, pixel sizes, wavelength).
 * pyFAI's axes (detector coordinates 1 = slow, 2 = fast; rotations as in pyFAI/geometry/core.py) are turned into ours.
 * pixel sizes that the file leaves to a detector's name must be given (0: unknown); wavelength too.
 * Returns 0, -EINVAL (message gets the reason, line included). */
int geometry_from_poni(struct geometry *g, const char *text, double pixel_x_mm, double pixel_y_mm,
		       double wavelength_angstrom, char *message, size_t message_bytes);

/* Says what the sensor is made of and how thick it is, so that geometry_spot_d can correct the parallax. material as detectors announce it: "Si" or
 * "Silicon", "CdTe", "GaAs". After geometry_flat or geometry_from_poni. Returns 0; -ENOENT: a material not known here, -EDOM: unknown geometry, no thickness
 * or a wavelength outside 1 to 200 keV; then nothing is corrected. */
int geometry_set_sensor(struct geometry *g, const char *material, double thickness_mm);

double geometry_distance_mm(const struct geometry *g);      /* along the detector's normal */
void geometry_beam_px(const struct geometry *g, double *x_px, double *y_px); /* where the beam meets it; NaN if never */

/* Of a point on the detector in pixels (pixel centres at +0.5). q = 4 pi sin(two_theta / 2) / lambda in 1/Angstrom; d = 2 pi / q. */
double geometry_q(const struct geometry *g, double x_px, double y_px);
double geometry_two_theta(const struct geometry *g, double x_px, double y_px);
double geometry_d(const struct geometry *g, double x_px, double y_px);
/* d of a spot: as geometry_d, of where its ray enters the sensor. Photons are counted at some depth in it, so oblique spots are seen too far out; the mean
 * depth is DIALS' (dxtbx ParallaxCorrectedPxMmStrategy). Bins and pixels are not corrected, as in pyFAI. */
double geometry_spot_d(const struct geometry *g, double x_px, double y_px);
double geometry_radius_mm(const struct geometry *g, double x_px, double y_px); /* distance * tan(two_theta) */
double geometry_azimuth(const struct geometry *g, double x_px, double y_px);  /* atan2(y_lab, x_lab) as pyFAI's chi, -pi..pi */

/* Solid angle of the pixel relative to one at the point of normal incidence: cos^3 of the angle between the ray and the normal. */
double geometry_solid_angle(const struct geometry *g, double x_px, double y_px);
/* P = (1 + cos^2 tt - factor cos(2 phi) (1 - cos^2 tt)) / 2. */
double geometry_polarisation(const struct geometry *g, double x_px, double y_px, double factor);

#endif
