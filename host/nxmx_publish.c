/* nxmx_publish.c - a master that points to its segments: the template's copy, links, a virtual dataset, the goniometer. See nxmx_parts.h.
 *
 * Both ways to the frames, because some readers follow links only (neggia) and others the virtual dataset only (DIALS). */
#include "host/nxmx_parts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/hdf5_get.h"
#include "host/hdf5_put.h"

#define D "/entry/instrument/detector"
#define DATA "/entry/data/data"

struct segment {
	char name[NXMX_STEM_MAX + 32];
	uint64_t n;
};

struct publication {
	struct segment *segment;
	size_t n_segments, room;
	uint64_t *ids, n_frames, height, width;
	unsigned elem_bytes;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct segment *)a)->name, ((const struct segment *)b)->name);
}

static bool is_segment(const char *name, const char *stem)
{
	size_t len = strlen(stem);
	return !strncmp(name, stem, len) && !strncmp(name + len, "_data_", 6) && strspn(name + len + 6, "0123456789") >= 6 &&
	       !strcmp(name + len + 6 + strspn(name + len + 6, "0123456789"), ".h5");
}

static int list_segments(const char *directory, const char *stem, struct publication *p)
{
	DIR *dir = opendir(directory);
	int rc = dir ? 0 : -errno;
	for (struct dirent *d; rc == 0 && (d = readdir(dir));) {
		if (!is_segment(d->d_name, stem) || strlen(d->d_name) >= sizeof p->segment->name)
			continue;
		if (p->n_segments == p->room) {
			size_t room = p->room ? 2 * p->room : 64;
			struct segment *more = realloc(p->segment, room * sizeof *more);
			if (!more) {
				rc = -ENOMEM;
				break;
			}
			p->segment = more;
			p->room = room;
		}
		strcpy(p->segment[p->n_segments++].name, d->d_name);
	}
	if (dir)
		closedir(dir);
	if (p->n_segments)
		qsort(p->segment, p->n_segments, sizeof *p->segment, by_name);
	return rc;
}

/* Shape, number of frames and their original numbers of one segment. */
static int read_segment(const char *directory, struct publication *p, struct segment *s)
{
	char path[NXMX_PATH_MAX];
	hid_t file = -1;
	hsize_t dims[3] = {0}, n_ids = 0;
	int rc = nxmx_path(path, directory, s->name, "");
	if (rc || (rc = hdf5_get_file(&file, path)))
		return rc;
	hid_t data = hdf5_get_dataset(file, DATA), ids = hdf5_get_dataset(file, "/entry/data/image_id");
	hid_t space = data < 0 ? -1 : H5Dget_space(data), id_space = ids < 0 ? -1 : H5Dget_space(ids), type = data < 0 ? -1 : H5Dget_type(data);
	bool good = space >= 0 && id_space >= 0 && H5Sget_simple_extent_ndims(space) == 3 && H5Sget_simple_extent_ndims(id_space) == 1;
	if (good) {
		H5Sget_simple_extent_dims(space, dims, NULL);
		H5Sget_simple_extent_dims(id_space, &n_ids, NULL);
		good = n_ids == dims[0] && dims[0] < (1u << 30);
	}
	uint64_t *more = good ? realloc(p->ids, (p->n_frames + dims[0] + 1) * sizeof *more) : NULL;
	if (more) {
		p->ids = more;
		good = H5Dread(ids, H5T_NATIVE_UINT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, p->ids + p->n_frames) >= 0;
	}
	rc = good && more ? 0 : -EBADMSG;
	if (rc == 0) {
		s->n = dims[0];
		p->n_frames += dims[0];
		p->height = dims[1];
		p->width = dims[2];
		p->elem_bytes = (unsigned)H5Tget_size(type);
	}
	H5Fclose(file);
	hid_t open[] = {data, ids, space, id_space, type};
	herr_t (*const close_[])(hid_t) = {H5Dclose, H5Dclose, H5Sclose, H5Sclose, H5Tclose};
	for (size_t i = 0; i < sizeof open / sizeof *open; i++)
		if (open[i] >= 0)
			close_[i](open[i]);
	return rc;
}

/* --- the master's frames ------------------------------------------------------------------------------------------------------------------ */

static void put_links(struct hdf5_put *put, const struct publication *p)
{
	char link[64];
	for (size_t k = 0; k < p->n_segments; k++) {
		snprintf(link, sizeof link, "/entry/data/data_%06zu", k + 1);
		if (H5Lcreate_external(p->segment[k].name, DATA, put->file, link, H5P_DEFAULT, H5P_DEFAULT) < 0)
			put->failed = true;
	}
}

static void put_virtual(struct hdf5_put *put, const struct publication *p)
{
	static const uint32_t no_data = UINT32_MAX;
	hsize_t all[3] = {p->n_frames, p->height, p->width}, at[3] = {0};
	hid_t here = H5Screate_simple(3, all, NULL), layout = H5Pcreate(H5P_DATASET_CREATE);
	hid_t type = p->elem_bytes == 1 ? H5T_STD_U8LE : p->elem_bytes == 2 ? H5T_STD_U16LE : H5T_STD_U32LE;
	hid_t native = p->elem_bytes == 1 ? H5T_NATIVE_UINT8 : p->elem_bytes == 2 ? H5T_NATIVE_UINT16 : H5T_NATIVE_UINT32;
	H5Pset_fill_value(layout, native, &no_data);
	for (size_t k = 0; k < p->n_segments && !put->failed; k++) {
		hsize_t some[3] = {p->segment[k].n, p->height, p->width};
		hid_t there = H5Screate_simple(3, some, NULL);
		H5Sselect_hyperslab(here, H5S_SELECT_SET, at, NULL, some, NULL);
		if (H5Pset_virtual(layout, here, p->segment[k].name, DATA, there) < 0)
			put->failed = true;
		H5Sclose(there);
		at[0] += some[0];
	}
	H5Sselect_all(here);
	hid_t dataset = H5Dcreate2(put->file, DATA, type, here, H5P_DEFAULT, layout, H5P_DEFAULT);
	if (dataset < 0 || H5Dclose(dataset) < 0)
		put->failed = true;
	H5Pclose(layout);
	H5Sclose(here);
}

/* --- goniometer --------------------------------------------------------------------------------------------------------------------------- */

static bool is_contiguous(const struct publication *p)
{
	for (uint64_t i = 1; i < p->n_frames; i++)
		if (p->ids[i] != p->ids[i - 1] + 1)
			return false;
	return true;
}

/* The angle of every kept frame. Only an unbroken rotation is offered as a scan: readers would take the frames of a gap for neighbours. */
static void put_rotation(struct hdf5_put *put, const struct publication *p, const char *axis, double start, double increment, bool scan)
{
	static const double vector[3] = {-1, 0, 0};
	char path[128];
	double *angle = malloc(p->n_frames * sizeof *angle);
	if (!angle) {
		put->failed = true;
		return;
	}
	for (uint64_t i = 0; i < p->n_frames; i++)
		angle[i] = start + (double)p->ids[i] * increment;
	snprintf(path, sizeof path, "/entry/data/%s", axis);
	hdf5_put_doubles(put, path, angle, p->n_frames, "deg");
	if (scan) {
		snprintf(path, sizeof path, "/entry/sample/transformations/%s", axis);
		hdf5_put_doubles(put, path, angle, p->n_frames, "deg");
		hdf5_put_attr_text(put, path, "transformation_type", "rotation");
		hdf5_put_attr_doubles(put, path, "vector", vector, 3);
		hdf5_put_attr_text(put, path, "depends_on", ".");
		hdf5_put_text(put, "/entry/sample/depends_on", path);
		for (uint64_t i = 0; i < p->n_frames; i++)
			angle[i] += increment;
		snprintf(path, sizeof path, "/entry/sample/transformations/%s_end", axis);
		hdf5_put_doubles(put, path, angle, p->n_frames, "deg");
		snprintf(path, sizeof path, "/entry/sample/transformations/%s_increment_set", axis);
		hdf5_put_double(put, path, increment, "deg");
	}
	free(angle);
}

/* The axes that turn about the horizontal by the detectors' convention; the others have no direction that everybody agrees on. */
static void put_goniometer(struct hdf5_put *put, const struct publication *p)
{
	static const char *const axes[] = {"omega", "phi"};
	char path[128];
	bool scan = false;
	hdf5_put_group(put, "/entry/sample/transformations", "NXtransformations");
	for (size_t a = 0; a < 2; a++) {
		double start, increment;
		snprintf(path, sizeof path, D "/detectorSpecific/%s_start", axes[a]);
		if (hdf5_get_number(put->file, path, &start))
			continue;
		snprintf(path, sizeof path, D "/detectorSpecific/%s_increment", axes[a]);
		if (hdf5_get_number(put->file, path, &increment) || increment == 0)
			continue;
		bool this_one = !scan && is_contiguous(p);
		put_rotation(put, p, axes[a], start, increment, this_one);
		scan = scan || this_one;
	}
	if (!scan)
		hdf5_put_text(put, "/entry/sample/depends_on", ".");
}

/* --- together ------------------------------------------------------------------------------------------------------------------------------ */

static int copy_file(const char *from, const char *to)
{
	char buffer[65536];
	int in = open(from, O_RDONLY | O_CLOEXEC), out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666), rc = 0;
	ssize_t n = 0;
	if (in < 0 || out < 0)
		rc = -errno;
	while (rc == 0 && (n = read(in, buffer, sizeof buffer)) > 0)
		for (ssize_t done = 0, w; rc == 0 && done < n; done += w)
			if ((w = write(out, buffer + done, (size_t)(n - done))) < 0)
				rc = -errno;
	if (rc == 0 && n < 0)
		rc = -errno;
	if (in >= 0)
		close(in);
	if (out >= 0 && close(out) && rc == 0)
		rc = -errno;
	return rc;
}

static int fill_master(const char *path, const struct publication *p)
{
	struct hdf5_put put = {H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT), false};
	if (put.file < 0)
		return -EBADMSG;
	put_links(&put, p);
	put_virtual(&put, p);
	hdf5_put_u64s(&put, "/entry/data/image_id", p->ids, p->n_frames);
	hdf5_put_u64(&put, D "/detectorSpecific/nimages", p->n_frames);
	put_goniometer(&put, p);
	return H5Fclose(put.file) < 0 || put.failed ? -EIO : 0;
}

int nxmx_publish(const char *directory, const char *stem)
{
	char from[NXMX_PATH_MAX], new[NXMX_PATH_MAX], to[NXMX_PATH_MAX];
	struct publication p = {0};
	int rc = list_segments(directory, stem, &p);
	/* A segment that cannot be read must not hide the others. */
	size_t n = 0;
	for (size_t k = 0; rc == 0 && k < p.n_segments; k++)
		if (read_segment(directory, &p, &p.segment[k]) == 0 && p.segment[k].n)
			p.segment[n++] = p.segment[k];
	p.n_segments = n;
	if (rc == 0 && p.n_frames) {
		if ((rc = nxmx_path(from, directory, stem, "_master.h5.part")) || (rc = nxmx_path(new, directory, stem, "_master.h5.new")) ||
		    (rc = nxmx_path(to, directory, stem, "_master.h5")))
			goto done;
		rc = copy_file(from, new);
		if (rc == 0)
			rc = fill_master(new, &p);
		if (rc == 0)
			rc = nxmx_rename(directory, new, to);
		if (rc == 0)
			rc = 1;
		else
			unlink(new);
	}
done:
	free(p.segment);
	free(p.ids);
	return rc;
}
