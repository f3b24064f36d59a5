/* nxmx_mend.c - the results file of a killed process: columns that ended in the middle of a batch are cut to one length. See nxmx_parts.h. */
#include "host/nxmx_parts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "host/hdf5_get.h"
#include "host/nxmx_columns.h"

/* Rows of a column, or -1 where it is not there. */
static int64_t rows_of(hid_t group, const char *name)
{
	hsize_t dims[2] = {0};
	hid_t dataset = hdf5_get_dataset(group, name), space = dataset < 0 ? -1 : H5Dget_space(dataset);
	int rank = space < 0 ? -1 : H5Sget_simple_extent_ndims(space);
	if (rank == 1 || rank == 2)
		H5Sget_simple_extent_dims(space, dims, NULL);
	if (space >= 0)
		H5Sclose(space);
	if (dataset >= 0)
		H5Dclose(dataset);
	return rank == 1 || rank == 2 ? (int64_t)dims[0] : -1;
}

static int cut(hid_t group, const char *name, uint64_t n)
{
	hsize_t dims[2] = {0};
	hid_t dataset = hdf5_get_dataset(group, name), space = dataset < 0 ? -1 : H5Dget_space(dataset);
	int rc = space < 0 || H5Sget_simple_extent_dims(space, dims, NULL) < 1 ? -EBADMSG : 0;
	if (rc == 0 && dims[0] != n) {
		dims[0] = n;
		rc = H5Dset_extent(dataset, dims) < 0 ? -EIO : 0;
	}
	if (space >= 0)
		H5Sclose(space);
	if (dataset >= 0)
		H5Dclose(dataset);
	return rc;
}

struct table {
	const char *group;
	const struct nxmx_column *column;
	unsigned n;
};

static uint64_t shortest(hid_t channel, const struct table *t, uint64_t n)
{
	char path[128];
	for (unsigned i = 0; i < t->n; i++) {
		snprintf(path, sizeof path, "%s%s", t->group, t->column[i].name);
		int64_t rows = rows_of(channel, path);
		if (rows >= 0 && (uint64_t)rows < n)
			n = (uint64_t)rows;
	}
	return n;
}

static int cut_all(hid_t channel, const struct table *t, uint64_t n)
{
	char path[128];
	int rc = 0;
	for (unsigned i = 0; i < t->n && rc == 0; i++) {
		snprintf(path, sizeof path, "%s%s", t->group, t->column[i].name);
		if (rows_of(channel, path) >= 0)
			rc = cut(channel, path, n);
	}
	return rc;
}

struct mended {
	uint64_t rows;
	int rc;
};

static herr_t mend_channel(hid_t results, const char *name, const H5L_info_t *info, void *user)
{
	struct mended *mended = user;
	struct table rows = {.group = ""}, spots = {.group = "spots/"}, radial = {.group = "radial/"};
	rows.column = nxmx_row_columns(&rows.n);
	spots.column = nxmx_spot_columns(&spots.n);
	radial.column = nxmx_radial_columns(&radial.n);
	hid_t channel = H5Gopen2(results, name, H5P_DEFAULT);
	if (channel < 0)
		return 0;
	uint64_t n = shortest(channel, &radial, shortest(channel, &rows, UINT64_MAX)), n_spots = shortest(channel, &spots, UINT64_MAX);
	if (n == UINT64_MAX)
		n = 0;
	/* Rows that point beyond the spots go too. */
	for (double offset, count; n; n--)
		if (hdf5_get_number_at(channel, "spots_offset", n - 1, &offset) == 0 && hdf5_get_number_at(channel, "spots_count", n - 1, &count) == 0 &&
		    offset + count <= (double)n_spots)
			break;
	int rc = cut_all(channel, &rows, n);
	if (rc == 0)
		rc = cut_all(channel, &radial, n);
	if (rc == 0 && n_spots != UINT64_MAX)
		rc = cut_all(channel, &spots, n_spots);
	mended->rows += n;
	mended->rc = mended->rc ? mended->rc : rc;
	H5Gclose(channel);
	return 0;
}

int nxmx_results_mend(hid_t file, uint64_t *n_rows)
{
	struct mended mended = {0};
	hsize_t at = 0;
	hid_t results = H5Gopen2(file, "/entry/results", H5P_DEFAULT);
	if (results < 0)
		return -EBADMSG;
	if (H5Literate(results, H5_INDEX_NAME, H5_ITER_INC, &at, mend_channel, &mended) < 0)
		mended.rc = -EBADMSG;
	H5Gclose(results);
	*n_rows = mended.rows;
	return mended.rc;
}
