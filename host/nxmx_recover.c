/* nxmx_recover.c - what a killed process left, made readable. See nxmx_writer.h and nxmx_parts.h.
 *
 * A segment that was being written is marked as such inside and refuses to be opened; the mark is taken off, its tables are cut to what is really there,
 * and it gets its name. Then the masters are published anew. */
#include "host/nxmx_writer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/hdf5_filter.h"
#include "host/hdf5_get.h"
#include "host/nxmx_parts.h"

#define DATA "/entry/data/data"
#define IDS "/entry/data/image_id"
#define MISSING_MAX ((uint64_t)4 << 30) /* bytes at the end that a file may lack */

struct report {
	void (*say)(void *user, const char *line);
	void *user;
};

static void tell(const struct report *report, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void tell(const struct report *report, const char *format, ...)
{
	char line[NXMX_PATH_MAX + 256];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(line, sizeof line, format, arguments);
	va_end(arguments);
	if (report->say)
		report->say(report->user, line);
}

static bool ends_with(const char *name, const char *suffix)
{
	size_t a = strlen(name), b = strlen(suffix);
	return a > b && !strcmp(name + a - b, suffix);
}

/* --- segments ------------------------------------------------------------------------------------------------------------------------------------ */

/* Opens a file for writing whatever its marks say: nobody writes it any more. The property is the one that the library's own h5clear sets. */
static hid_t open_marked(const char *path)
{
	hbool_t yes = 1;
	hid_t access = H5Pcreate(H5P_FILE_ACCESS), file = -1;
	H5Pset_libver_bounds(access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
	if (H5Pset(access, "clear_status_flags", &yes) >= 0)
		file = H5Fopen(path, H5F_ACC_RDWR, access);
	H5Pclose(access);
	return file;
}

/* A file whose last blocks never reached the disk is shorter than it says, which HDF5 refuses: it gets zeros, and what lies in them is cut. The length
 * stands in the superblock (format specification, versions 2 and 3), little-endian at byte 28. False for a file of which nothing was ever flushed. */
static bool make_whole(int fd, uint64_t size)
{
	static const uint8_t nothing[8], signature[8] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};
	uint8_t head[36] = {0};
	ssize_t got = pread(fd, head, sizeof head, 0);
	if (got < 8 || !memcmp(head, nothing, 8))
		return false;
	if (got == (ssize_t)sizeof head && !memcmp(head, signature, 8) && (head[8] == 2 || head[8] == 3) && head[9] == 8) {
		uint64_t end = 0;
		for (int i = 7; i >= 0; i--)
			end = end << 8 | head[28 + i];
		if (end > size && end - size <= MISSING_MAX && ftruncate(fd, (off_t)end))
			return true; /* HDF5 will say that it cannot be opened */
	}
	return true;
}

/* Opens a part for writing. 0 with a file; 1: nothing is in it; -errno. size: as it was found. */
static int open_part(hid_t *file, const char *path, uint64_t *size)
{
	struct stat s;
	int fd = open(path, O_RDWR | O_CLOEXEC);
	*file = -1;
	if (fd < 0)
		return -errno;
	int rc = fstat(fd, &s) ? -errno : S_ISREG(s.st_mode) ? 0 : -EINVAL;
	*size = rc == 0 ? (uint64_t)s.st_size : 0;
	if (rc == 0 && !make_whole(fd, *size))
		rc = 1;
	close(fd);
	if (rc)
		return rc;
	*file = open_marked(path);
	return *file < 0 ? -EBADMSG : 0;
}

/* size: of the file as it was found. What lies beyond its end was never written. */
static bool has_chunk(hid_t data, uint64_t frame, uint64_t size)
{
	hsize_t at[3] = {frame, 0, 0}, bytes = 0;
	haddr_t place = HADDR_UNDEF;
	unsigned mask;
	return H5Dget_chunk_info_by_coord(data, at, &mask, &place, &bytes) >= 0 && place != HADDR_UNDEF && bytes > 0 && place <= size &&
	       bytes <= size - place;
}

/* How many of the first n numbers are there. */
static uint64_t count_ids(hid_t ids, uint64_t n)
{
	uint64_t block[NXMX_IDS], counted = 0;
	for (bool all = true; all && counted < n;) {
		hsize_t at = counted, some = n - counted < NXMX_IDS ? n - counted : NXMX_IDS;
		hid_t file = H5Dget_space(ids), memory = H5Screate_simple(1, &some, NULL);
		all = H5Sselect_hyperslab(file, H5S_SELECT_SET, &at, NULL, &some, NULL) >= 0 &&
		      H5Dread(ids, H5T_NATIVE_UINT64, memory, file, H5P_DEFAULT, block) >= 0;
		H5Sclose(file);
		H5Sclose(memory);
		for (hsize_t i = 0; all && i < some; i++) {
			all = block[i] != NXMX_NO_ID;
			counted += all;
		}
	}
	return counted;
}

/* Frames that are whole: numbered, and with bytes. 0 where there is none. */
static uint64_t cut_segment(hid_t data, hid_t ids, uint64_t size)
{
	hsize_t dims[3] = {0}, n_ids = 0;
	hid_t space = H5Dget_space(data), id_space = H5Dget_space(ids);
	bool good = space >= 0 && id_space >= 0 && H5Sget_simple_extent_ndims(space) == 3 && H5Sget_simple_extent_ndims(id_space) == 1;
	if (good) {
		H5Sget_simple_extent_dims(space, dims, NULL);
		H5Sget_simple_extent_dims(id_space, &n_ids, NULL);
	}
	if (space >= 0)
		H5Sclose(space);
	if (id_space >= 0)
		H5Sclose(id_space);
	uint64_t n = good ? count_ids(ids, dims[0] < n_ids ? dims[0] : n_ids) : 0;
	while (good && n && !has_chunk(data, n - 1, size))
		n--;
	if (!good || n == 0)
		return 0;
	dims[0] = n;
	n_ids = n;
	return H5Dset_extent(data, dims) < 0 || H5Dset_extent(ids, &n_ids) < 0 ? 0 : n;
}

static void mark_last(hid_t data, uint64_t n)
{
	uint64_t low = 1, high;
	hid_t first = H5Aopen(data, "image_nr_low", H5P_DEFAULT), last = H5Aopen(data, "image_nr_high", H5P_DEFAULT);
	if (first >= 0 && last >= 0 && H5Aread(first, H5T_NATIVE_UINT64, &low) >= 0) {
		high = low + n - 1;
		H5Awrite(last, H5T_NATIVE_UINT64, &high);
	}
	if (first >= 0)
		H5Aclose(first);
	if (last >= 0)
		H5Aclose(last);
}

/* Number of frames saved, 0 for none, -errno where the file cannot be mended. */
static int64_t mend_segment(const char *path)
{
	uint64_t size;
	hid_t file;
	int rc = open_part(&file, path, &size);
	if (rc)
		return rc < 0 ? rc : 0;
	hid_t data = H5Dopen2(file, DATA, H5P_DEFAULT), ids = H5Dopen2(file, IDS, H5P_DEFAULT);
	uint64_t n = data >= 0 && ids >= 0 ? cut_segment(data, ids, size) : 0;
	if (n)
		mark_last(data, n);
	if (data >= 0)
		H5Dclose(data);
	if (ids >= 0)
		H5Dclose(ids);
	return H5Fclose(file) < 0 ? -EIO : (int64_t)n;
}

static int finish_part(const char *directory, const char *name, const char *path, int64_t n, const char *what, const struct report *report)
{
	char to[NXMX_PATH_MAX];
	if (n < 0) {
		tell(report, "%s: cannot be opened, left as it is: %s", name, strerror((int)-n));
		return (int)n;
	}
	if (n == 0) {
		unlink(path);
		tell(report, "%s: empty, removed", name);
		return 0;
	}
	int rc = nxmx_path(to, directory, name, "");
	if (rc == 0) {
		to[strlen(to) - strlen(".part")] = 0;
		rc = nxmx_exists(to) ? -EEXIST : nxmx_rename(directory, path, to);
	}
	if (rc)
		tell(report, "%s: cannot be renamed: %s", name, strerror(-rc));
	else
		tell(report, "%s: %lld %s saved", name, (long long)n, what);
	return rc;
}

/* Calls f for every entry of the directory. The list is taken first, because f renames. */
static int each_name(const char *directory, int (*f)(const char *directory, const char *name, void *user), void *user)
{
	struct dirent **list;
	int n = scandir(directory, &list, NULL, alphasort), rc = n < 0 ? -errno : 0;
	for (int i = 0; i < n; i++) {
		int one = f(directory, list[i]->d_name, user);
		rc = rc ? rc : one;
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	return rc;
}

struct mending {
	const char *stem;
	struct report report;
};

static int mend_if_segment(const char *directory, const char *name, void *user)
{
	struct mending *m = user;
	char path[NXMX_PATH_MAX];
	size_t len = strlen(m->stem);
	if (strncmp(name, m->stem, len) || strncmp(name + len, "_data_", 6) || strspn(name + len + 6, "0123456789") < 6 || !ends_with(name, ".h5.part"))
		return 0;
	if (nxmx_path(path, directory, name, ""))
		return -ENAMETOOLONG;
	return finish_part(directory, name, path, mend_segment(path), "frames", &m->report);
}

int nxmx_mend_segments(const char *directory, const char *stem, void (*say)(void *user, const char *line), void *user)
{
	struct mending m = {stem, {say, user}};
	return each_name(directory, mend_if_segment, &m);
}

/* --- masters -------------------------------------------------------------------------------------------------------------------------------------- */

static bool is_alive(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	bool locked = flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK;
	close(fd);
	return locked;
}

#define ALIVE_MAX 64

struct recovery {
	struct report report;
	unsigned n_alive;
	char alive[ALIVE_MAX][NXMX_STEM_MAX]; /* stems of runs that somebody is writing */
};

static bool stem_of(const char *name, const char *suffix, char stem[NXMX_STEM_MAX])
{
	size_t len = strlen(name) - strlen(suffix);
	if (!ends_with(name, suffix) || len >= NXMX_STEM_MAX)
		return false;
	memcpy(stem, name, len);
	stem[len] = 0;
	return true;
}

static int recover_master(const char *directory, const char *name, void *user)
{
	struct recovery *r = user;
	char stem[NXMX_STEM_MAX], path[NXMX_PATH_MAX], copy[NXMX_PATH_MAX];
	if (!stem_of(name, "_master.h5.part", stem) || nxmx_path(path, directory, name, "") || nxmx_path(copy, directory, stem, "_master.h5.new"))
		return 0;
	if (is_alive(path)) {
		tell(&r->report, "%s: is being written, left alone", name);
		if (r->n_alive < ALIVE_MAX)
			strcpy(r->alive[r->n_alive++], stem);
		return 0;
	}
	unlink(copy);
	int rc = nxmx_mend_segments(directory, stem, r->report.say, r->report.user), published = nxmx_publish(directory, stem);
	if (published < 0) {
		tell(&r->report, "%s_master.h5: cannot be made: %s", stem, strerror(-published));
		return published;
	}
	tell(&r->report, published ? "%s_master.h5: written" : "%s_master.h5: no frames, none written", stem);
	if (rc == 0)
		unlink(path);
	return rc;
}

/* --- results -------------------------------------------------------------------------------------------------------------------------------------- */

static bool belongs_to_living(const struct recovery *r, const char *stem)
{
	size_t len = strlen(stem);
	for (unsigned i = 0; i < r->n_alive; i++)
		if (!strncmp(r->alive[i], stem, len) && (r->alive[i][len] == 0 || r->alive[i][len] == '_'))
			return true;
	return false;
}

static int recover_results(const char *directory, const char *name, void *user)
{
	struct recovery *r = user;
	char stem[NXMX_STEM_MAX], path[NXMX_PATH_MAX];
	uint64_t n = 0, size;
	if (!stem_of(name, "_results.h5.part", stem) || nxmx_path(path, directory, name, "") || belongs_to_living(r, stem))
		return 0;
	hid_t file;
	int rc = open_part(&file, path, &size);
	if (rc == 0)
		rc = nxmx_results_mend(file, &n);
	if (file >= 0 && H5Fclose(file) < 0)
		rc = -EIO;
	return finish_part(directory, name, path, rc < 0 ? rc : (int64_t)n, "rows", &r->report);
}

int nxmx_recover(const char *directory, void (*say)(void *user, const char *line), void *user)
{
	struct recovery *r = calloc(1, sizeof *r);
	if (!r)
		return -ENOMEM;
	r->report = (struct report){say, user};
	hdf5_get_quiet();
	int rc = hdf5_filter_register();
	if (rc == 0)
		rc = each_name(directory, recover_master, r);
	int results = each_name(directory, recover_results, r);
	free(r);
	return rc ? rc : results;
}
