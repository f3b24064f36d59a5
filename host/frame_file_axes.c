/* frame_file_axes.c - where the detector stands: NXmx pixel vectors through their chain of translations and rotations. See frame_file_meta.h.
 *
 * NeXus: a point p in an axis' own frame lies at offset + R p (rotation by value about vector) or offset + value * vector + p (translation) in the frame of
 * the axis it depends on; directions are only rotated. */
#include "host/frame_file_meta.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "host/hdf5_get.h"

#define CHAIN_MAX 32 /* axes; a longer chain is a loop */
#define DEGREE 0.017453292519943295

/* One transformation as the file has it, in metres and degrees. */
struct link {
	bool rotation;
	double value, vector[3], offset[3];
	char next[512]; /* absolute path of the axis it depends on; "" the laboratory */
};

static double dot(const double a[3], const double b[3])
{
	return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

static bool normalise(double v[3])
{
	double n = sqrt(dot(v, v));
	if (!(n > 0) || !isfinite(n))
		return false;
	for (int i = 0; i < 3; i++)
		v[i] /= n;
	return true;
}

/* Rodrigues' rotation about a unit vector. */
static void rotate(double p[3], const double axis[3], double degrees)
{
	double c = cos(degrees * DEGREE), s = sin(degrees * DEGREE), d = dot(axis, p) * (1 - c);
	double x[3] = {axis[1] * p[2] - axis[2] * p[1], axis[2] * p[0] - axis[0] * p[2], axis[0] * p[1] - axis[1] * p[0]};
	for (int i = 0; i < 3; i++)
		p[i] = p[i] * c + x[i] * s + axis[i] * d;
}

/* depends_on names a path, absolute or beside the axis. */
static bool next_path(const char *path, const char *depends_on, char *out, size_t out_bytes)
{
	const char *slash = strrchr(path, '/');
	if (!strcmp(depends_on, ".") || !depends_on[0]) {
		out[0] = 0;
		return true;
	}
	if (depends_on[0] == '/')
		return (size_t)snprintf(out, out_bytes, "%s", depends_on) < out_bytes;
	return (size_t)snprintf(out, out_bytes, "%.*s/%s", (int)(slash ? slash - path : 0), path, depends_on) < out_bytes;
}

static bool read_link(hid_t file, const char *path, struct link *link)
{
	char text[512], units[32] = "";
	double unit = 1, offset_unit = 1;
	memset(link, 0, sizeof *link);
	hid_t axis = hdf5_get_dataset(file, path);
	if (axis < 0)
		return false;
	bool good = hdf5_get_attr_numbers(axis, "vector", link->vector, 3) == 0 && normalise(link->vector);
	if (hdf5_get_attr_text(axis, "transformation_type", text, sizeof text) == 0)
		link->rotation = !strcmp(text, "rotation");
	if (hdf5_get_attr_text(axis, "units", units, sizeof units) == 0)
		unit = hdf5_get_scale(units);
	if (!link->rotation)
		offset_unit = unit;
	if (hdf5_get_attr_text(axis, "offset_units", units, sizeof units) == 0)
		offset_unit = hdf5_get_scale(units);
	if (hdf5_get_attr_numbers(axis, "offset", link->offset, 3))
		memset(link->offset, 0, sizeof link->offset);
	if (hdf5_get_attr_text(axis, "depends_on", text, sizeof text))
		strcpy(text, ".");
	good = good && unit > 0 && offset_unit > 0 && next_path(path, text, link->next, sizeof link->next);
	good = good && hdf5_get_number(file, path, &link->value) == 0;
	link->value *= unit;
	for (int i = 0; i < 3; i++)
		link->offset[i] *= offset_unit;
	H5Dclose(axis);
	return good;
}

/* The direction of a pixel step, the length of it, and the corner of pixel (0, 0), all in the laboratory. */
static bool pixel_vector(hid_t file, const char *path, double direction[3], double *length, double origin[3])
{
	struct link link;
	if (!read_link(file, path, &link) || link.rotation)
		return false;
	*length = fabs(link.value);
	for (int i = 0; i < 3; i++) {
		direction[i] = link.value < 0 ? -link.vector[i] : link.vector[i];
		origin[i] = link.offset[i];
	}
	for (int n = 0; link.next[0]; n++) {
		char path_of_next[512];
		strcpy(path_of_next, link.next);
		if (n == CHAIN_MAX || !read_link(file, path_of_next, &link))
			return false;
		if (link.rotation) {
			rotate(origin, link.vector, link.value);
			rotate(direction, link.vector, link.value);
		}
		for (int i = 0; i < 3; i++)
			origin[i] += link.offset[i] + (link.rotation ? 0 : link.value * link.vector[i]);
	}
	return true;
}

struct modules {
	unsigned n;
	char name[64];
};

static herr_t count_module(hid_t group, const char *name, const H5L_info_t *info, void *user)
{
	struct modules *modules = user;
	char class[64];
	if (H5Oexists_by_name(group, name, H5P_DEFAULT) <= 0)
		return 0;
	hid_t object = H5Oopen(group, name, H5P_DEFAULT);
	if (object >= 0 && hdf5_get_attr_text(object, "NX_class", class, sizeof class) == 0 && !strcmp(class, "NXdetector_module")) {
		modules->n++;
		snprintf(modules->name, sizeof modules->name, "%s", name);
	}
	if (object >= 0)
		H5Oclose(object);
	return 0;
}

/* The one module that is the whole image; several modules have no single pair of vectors. */
static bool find_module(hid_t file, const struct frame_file_groups *groups, const struct stream_start *start, char *path, size_t path_bytes)
{
	struct modules modules = {0};
	double a, b;
	char item[512];
	hsize_t at = 0;
	hid_t group = groups->detector[0] ? H5Oopen(file, groups->detector, H5P_DEFAULT) : -1;
	if (group < 0)
		return false;
	if (H5Iget_type(group) == H5I_GROUP)
		H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, &at, count_module, &modules);
	H5Oclose(group);
	if (modules.n != 1 || (size_t)snprintf(path, path_bytes, "%s/%s", groups->detector, modules.name) >= path_bytes)
		return false;
	snprintf(item, sizeof item, "%.400s/data_origin", path);
	for (unsigned i = 0; i < 2; i++)
		if (hdf5_get_number_at(file, item, i, &a) == 0 && a != 0)
			return false;
	/* Some files say [width, height]: both orders are taken, another size is another image. */
	snprintf(item, sizeof item, "%.400s/data_size", path);
	if (hdf5_get_number_at(file, item, 0, &a) || hdf5_get_number_at(file, item, 1, &b))
		return true;
	return (a == start->height && b == start->width) || (a == start->width && b == start->height);
}

/* Where the beam (0, 0, z) meets the plane, into beam centre and distance where these were not given. */
static void derive(struct stream_start *start)
{
	const double *f = start->fast, *s = start->slow, *o = start->origin_m;
	double normal[3] = {f[1] * s[2] - f[2] * s[1], f[2] * s[0] - f[0] * s[2], f[0] * s[1] - f[1] * s[0]};
	if (isnan(start->distance_m))
		start->distance_m = fabs(dot(o, normal));
	if (fabs(normal[2]) < 1e-3)
		return;
	double z = dot(o, normal) / normal[2], to[3] = {-o[0], -o[1], z - o[2]};
	if (isnan(start->beam_x_px) && start->pixel_x_m > 0)
		start->beam_x_px = dot(to, f) / start->pixel_x_m;
	if (isnan(start->beam_y_px) && start->pixel_y_m > 0)
		start->beam_y_px = dot(to, s) / start->pixel_y_m;
}

bool frame_file_axes_read(hid_t file, const struct frame_file_groups *groups, struct stream_start *start)
{
	char module[400], path[512];
	double fast_length, slow_length, unused[3];
	if (!find_module(file, groups, start, module, sizeof module))
		return false;
	snprintf(path, sizeof path, "%s/fast_pixel_direction", module);
	if (!pixel_vector(file, path, start->fast, &fast_length, start->origin_m))
		return false;
	snprintf(path, sizeof path, "%s/slow_pixel_direction", module);
	if (!pixel_vector(file, path, start->slow, &slow_length, unused))
		return false;
	double normal[3] = {start->fast[1] * start->slow[2] - start->fast[2] * start->slow[1],
			    start->fast[2] * start->slow[0] - start->fast[0] * start->slow[2],
			    start->fast[0] * start->slow[1] - start->fast[1] * start->slow[0]};
	/* A plane through the sample is what a broken chain gives: older file writers left depends_on unset. */
	if (fabs(dot(start->fast, start->slow)) > 1e-3 || !(fabs(dot(start->origin_m, normal)) > 1e-4))
		return false;
	if (!(start->pixel_x_m > 0) && fast_length > 0)
		start->pixel_x_m = fast_length;
	if (!(start->pixel_y_m > 0) && slow_length > 0)
		start->pixel_y_m = slow_length;
	start->has_axes = true;
	derive(start);
	return true;
}
