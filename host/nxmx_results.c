/* nxmx_results.c - the results of all frames as columns: NAME_results.h5. See nxmx_parts.h.
 *
 *   /entry/results/CHANNEL/COLUMN            one row per frame, in the order of arrival
 *   /entry/results/CHANNEL/spots/...         all spots one after the other; spots_offset and spots_count of a row say which are its own
 *   /entry/results/CHANNEL/radial/...        [row, bin]; the axis is in /entry/radial
 *   /entry/versions/...                      the settings of every plan_version
 *   /entry/process, /entry/ledger            the configuration; every term of the ledger, once the run is closed
 * Rows are gathered and written together; the file can be read meanwhile (SWMR). The spots of a row are written before the row. */
#include "host/nxmx_parts.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/hdf5_put.h"
#include "host/nxmx_columns.h"

#define SPOT_ROWS 16384   /* spots gathered */
#define GATHERED_BYTES (4u << 20)
#define ROWS_MAX 512
#define CHUNK_ROWS 2048
#define RADIAL_CHUNK_BYTES (256u << 10)

struct columns {
	const struct nxmx_column *column;
	unsigned n_columns;
	hid_t dataset[NXMX_COLUMNS_MAX];
	uint8_t *buffer[NXMX_COLUMNS_MAX];
	uint32_t n, room;        /* rows gathered */
	uint64_t n_written;
};

struct results_channel {
	struct columns rows, spots, radial;
	uint64_t n_spots;        /* of all rows */
};

struct nxmx_results {
	char directory[NXMX_PATH_MAX], part[NXMX_PATH_MAX], final[NXMX_PATH_MAX];
	uint64_t reserve_bytes;
	hid_t file;
	uint32_t n_channels, n_bins;
	bool dirty;
	struct nxmx_versions versions;
	struct results_channel channel[STREAM_CHANNELS_MAX];
};

/* --- columns -------------------------------------------------------------------------------------------------------------------------------- */

static hid_t make_column(hid_t file, const char *group, const struct nxmx_column *column, uint32_t width, uint64_t chunk_rows)
{
	char path[256];
	hsize_t dims[2] = {0, width}, max[2] = {H5S_UNLIMITED, width}, chunk[2] = {chunk_rows, width};
	int rank = width > 1 || column->wide ? 2 : 1;
	hid_t type = nxmx_column_type(column), space = H5Screate_simple(rank, dims, max), layout = H5Pcreate(H5P_DATASET_CREATE);
	H5Pset_chunk(layout, rank, chunk);
	snprintf(path, sizeof path, "%s/%s", group, column->name);
	hid_t dataset = H5Dcreate2(file, path, type, space, H5P_DEFAULT, layout, H5P_DEFAULT);
	H5Pclose(layout);
	H5Sclose(space);
	H5Tclose(type);
	return dataset;
}

static int make_columns(struct columns *c, struct hdf5_put *put, const char *group, uint32_t width, uint64_t chunk_rows, uint32_t room)
{
	char path[256];
	c->room = room;
	for (unsigned i = 0; i < c->n_columns; i++) {
		const struct nxmx_column *column = &c->column[i];
		uint64_t rows = width > 1 ? RADIAL_CHUNK_BYTES / ((uint64_t)column->bytes * width) : chunk_rows;
		c->dataset[i] = make_column(put->file, group, column, width, rows ? rows : 1);
		c->buffer[i] = malloc((size_t)room * column->bytes * width);
		if (c->dataset[i] < 0)
			return -EIO;
		if (!c->buffer[i])
			return -ENOMEM;
		snprintf(path, sizeof path, "%s/%s", group, column->name);
		if (column->units)
			hdf5_put_attr_text(put, path, "units", column->units);
		if (column->words)
			hdf5_put_attr_text(put, path, "description", column->words);
	}
	return 0;
}

/* Appends n rows of memory to one column. */
static int append(hid_t dataset, const struct nxmx_column *column, uint32_t width, uint64_t at_row, uint64_t n, const void *from)
{
	hsize_t dims[2] = {at_row + n, width}, at[2] = {at_row, 0}, count[2] = {n, width};
	hid_t file = -1, memory = -1, type = nxmx_column_type(column);
	int rank = width > 1 || column->wide ? 2 : 1, rc = -EIO;
	if (H5Dset_extent(dataset, dims) >= 0 && (file = H5Dget_space(dataset)) >= 0 && (memory = H5Screate_simple(rank, count, NULL)) >= 0 &&
	    H5Sselect_hyperslab(file, H5S_SELECT_SET, at, NULL, count, NULL) >= 0 && H5Dwrite(dataset, type, memory, file, H5P_DEFAULT, from) >= 0)
		rc = 0;
	if (memory >= 0)
		H5Sclose(memory);
	if (file >= 0)
		H5Sclose(file);
	H5Tclose(type);
	return rc;
}

static uint64_t gathered_bytes(const struct columns *c, uint32_t width)
{
	uint64_t bytes = 0;
	for (unsigned i = 0; i < c->n_columns; i++)
		bytes += (uint64_t)c->column[i].bytes * width * c->n;
	return bytes;
}

static int write_columns(struct columns *c, uint32_t width)
{
	for (unsigned i = 0; i < c->n_columns && c->n; i++)
		if (append(c->dataset[i], &c->column[i], width, c->n_written, c->n, c->buffer[i]))
			return -EIO;
	c->n_written += c->n;
	c->n = 0;
	return 0;
}

/* Spots first: a row must never point to spots that are not there. A failure leaves everything gathered for the next attempt. */
static int write_channel(struct nxmx_results *r, struct results_channel *channel)
{
	int rc = nxmx_space_check(r->directory, r->reserve_bytes, gathered_bytes(&channel->rows, 1) + gathered_bytes(&channel->spots, 1) +
								   gathered_bytes(&channel->radial, r->n_bins));
	if (rc == 0)
		rc = write_columns(&channel->spots, 1);
	if (rc == 0)
		rc = write_columns(&channel->radial, r->n_bins);
	if (rc == 0)
		rc = write_columns(&channel->rows, 1);
	return rc;
}

/* --- opening ---------------------------------------------------------------------------------------------------------------------------------- */

static int make_channel(struct nxmx_results *r, struct hdf5_put *put, uint32_t c, const char *name)
{
	struct results_channel *channel = &r->channel[c];
	char safe[STREAM_NAME_MAX], group[160], sub[192];
	uint64_t per_row = (uint64_t)r->n_bins * (8 + 4 + 4 + 4) + 1;
	uint32_t room = per_row * ROWS_MAX < GATHERED_BYTES ? ROWS_MAX : (uint32_t)(GATHERED_BYTES / per_row) + 1;
	nxmx_sanitise(safe, sizeof safe, name);
	snprintf(group, sizeof group, "/entry/results/%s", safe);
	hdf5_put_group(put, group, "NXdata");
	hdf5_put_attr_text(put, group, "signal", "n_spots");
	hdf5_put_text(put, (snprintf(sub, sizeof sub, "%s/channel", group), sub), name);
	channel->rows.column = nxmx_row_columns(&channel->rows.n_columns);
	channel->spots.column = nxmx_spot_columns(&channel->spots.n_columns);
	channel->radial.column = nxmx_radial_columns(&channel->radial.n_columns);
	int rc = make_columns(&channel->rows, put, group, 1, CHUNK_ROWS, room);
	snprintf(sub, sizeof sub, "%s/spots", group);
	hdf5_put_group(put, sub, "NXcollection");
	if (rc == 0)
		rc = make_columns(&channel->spots, put, sub, 1, SPOT_ROWS, SPOT_ROWS);
	if (rc || r->n_bins == 0) {
		channel->radial.n_columns = 0;
		return rc;
	}
	snprintf(sub, sizeof sub, "%s/radial", group);
	hdf5_put_group(put, sub, "NXcollection");
	return make_columns(&channel->radial, put, sub, r->n_bins, 0, room);
}

static void put_radial_axis(struct hdf5_put *put, const struct record_start *start)
{
	hdf5_put_group(put, "/entry/radial", "NXcollection");
	if (!start->radial_unit || !start->radial_axis) {
		hdf5_put_text(put, "/entry/radial/off", start->radial_off ? start->radial_off : "");
		return;
	}
	bool degrees = !strcmp(start->radial_unit, "two_theta"), length = !strcmp(start->radial_unit, "radius");
	hdf5_put_text(put, "/entry/radial/unit", start->radial_unit);
	hdf5_put_doubles(put, "/entry/radial/axis", start->radial_axis, start->n_bins, degrees ? "deg" : length ? "mm" : "1/angstrom");
	if (start->radial_q)
		hdf5_put_doubles(put, "/entry/radial/q", start->radial_q, start->n_bins, "1/angstrom");
	hdf5_put_u64(put, "/entry/radial/n_radial", start->n_radial);
	hdf5_put_u64(put, "/entry/radial/n_sectors", start->n_sectors);
}

static int fill(struct nxmx_results *r, const struct nxmx_results_cfg *cfg)
{
	struct hdf5_put put = {r->file, false};
	hdf5_put_attr_text(&put, "/", "default", "entry");
	hdf5_put_group(&put, "/entry", "NXentry");
	hdf5_put_group(&put, "/entry/results", "NXcollection");
	nxmx_put_process(&put, cfg->version, cfg->config);
	hdf5_put_u64(&put, "/entry/run/series_id", cfg->start->series_id);
	hdf5_put_text(&put, "/entry/run/series_unique_id", cfg->start->series_unique_id);
	if (cfg->record_start) {
		hdf5_put_u64(&put, "/entry/run/run", cfg->record_start->run);
		hdf5_put_u64(&put, "/entry/run/start_unix_ns", cfg->record_start->unix_ns);
		hdf5_put_text(&put, "/entry/run/engine", cfg->record_start->engine ? cfg->record_start->engine : "");
		put_radial_axis(&put, cfg->record_start);
	}
	for (uint32_t c = 0; c < cfg->n_channels; c++) {
		int rc = make_channel(r, &put, c, cfg->channel[c]);
		if (rc)
			return rc;
	}
	if (nxmx_versions_make(&r->versions, &put) < 0)
		return -EIO;
	if (put.failed || H5Fflush(r->file, H5F_SCOPE_LOCAL) < 0 || H5Fstart_swmr_write(r->file) < 0)
		return -EIO;
	return 0;
}

static void release(struct nxmx_results *r)
{
	if (r->file >= 0)
		H5Fclose(r->file);
	for (uint32_t c = 0; c < STREAM_CHANNELS_MAX; c++) {
		struct columns *all[] = {&r->channel[c].rows, &r->channel[c].spots, &r->channel[c].radial};
		for (size_t k = 0; k < 3; k++)
			for (unsigned i = 0; i < NXMX_COLUMNS_MAX; i++)
				free(all[k]->buffer[i]);
	}
	free(r);
}

int nxmx_results_open(struct nxmx_results **out, const struct nxmx_results_cfg *cfg)
{
	int rc = -EIO;
	*out = NULL;
	struct nxmx_results *r = calloc(1, sizeof *r);
	if (!r)
		return -ENOMEM;
	r->file = -1;
	r->n_channels = cfg->n_channels;
	r->n_bins = cfg->record_start && cfg->record_start->radial_unit ? cfg->record_start->n_bins : 0;
	r->reserve_bytes = cfg->reserve_bytes;
	snprintf(r->directory, sizeof r->directory, "%s", cfg->directory);
	if ((rc = nxmx_path(r->part, cfg->directory, cfg->name, "_results.h5.part")) ||
	    (rc = nxmx_path(r->final, cfg->directory, cfg->name, "_results.h5")))
		goto fail;
	rc = nxmx_exists(r->part) || nxmx_exists(r->final) ? -EEXIST : nxmx_space_check(cfg->directory, cfg->reserve_bytes, 0);
	if (rc)
		goto fail;
	hid_t how = hdf5_put_access();
	r->file = H5Fcreate(r->part, H5F_ACC_EXCL, H5P_DEFAULT, how);
	H5Pclose(how);
	rc = r->file < 0 ? (nxmx_exists(r->part) ? -EEXIST : -EIO) : fill(r, cfg);
	if (rc == 0) {
		*out = r;
		return 0;
	}
	if (r->file >= 0)
		unlink(r->part);
fail:
	release(r);
	return rc;
}

/* --- rows -------------------------------------------------------------------------------------------------------------------------------------- */

static int append_spots(struct nxmx_results *r, struct results_channel *channel, const struct record *record)
{
	struct columns *c = &channel->spots;
	const void *from[NXMX_COLUMNS_MAX] = {record->spots.x, record->spots.y, record->spots.sum, record->spots.n_px, record->spots.max, record->spots.d};
	uint32_t n = record->n_listed_spots;
	int rc = 0;
	if (n > c->room - c->n)
		rc = write_channel(r, channel);
	for (unsigned i = 0; i < c->n_columns && rc == 0 && n; i++) {
		if (!from[i])
			return -EINVAL;
		if (n <= c->room)
			memcpy(c->buffer[i] + (size_t)c->n * c->column[i].bytes, from[i], (size_t)n * c->column[i].bytes);
		else
			rc = append(c->dataset[i], &c->column[i], 1, c->n_written, n, from[i]);
	}
	if (rc)
		return rc;
	if (n <= c->room)
		c->n += n;
	else
		c->n_written += n;
	return 0;
}

/* NaN and 0 stand in the rows of frames without a profile, so that row i of every column is the same frame. */
static void append_radial(struct nxmx_results *r, struct columns *c, const struct record *record)
{
	const void *from[4] = {record->radial.bin_sum, record->radial.bin_count, record->radial.intensity, record->radial.sigma};
	for (unsigned i = 0; i < c->n_columns; i++) {
		size_t row = (size_t)r->n_bins * c->column[i].bytes;
		uint8_t *to = c->buffer[i] + row * c->n;
		if (record->n_bins == r->n_bins && from[i])
			memcpy(to, from[i], row);
		else if (c->column[i].is_float)
			for (uint32_t b = 0; b < r->n_bins; b++)
				((float *)(void *)to)[b] = NAN;
		else
			memset(to, 0, row);
	}
	c->n++;
}

int nxmx_results_append(struct nxmx_results *r, uint32_t c, const struct record *record)
{
	if (c >= r->n_channels)
		return -EINVAL;
	struct results_channel *channel = &r->channel[c];
	struct columns *rows = &channel->rows;
	int rc = rows->n == rows->room ? write_channel(r, channel) : 0;
	if (rc == 0)
		rc = append_spots(r, channel, record);
	if (rc)
		return rc;
	for (unsigned i = 0; i < rows->n_columns; i++)
		nxmx_column_take(&rows->column[i], rows->buffer[i] + (size_t)rows->n * rows->column[i].bytes, record, channel->n_spots);
	rows->n++;
	channel->n_spots += record->n_listed_spots;
	append_radial(r, &channel->radial, record);
	r->dirty = true;
	return 0;
}

int nxmx_results_version(struct nxmx_results *r, const struct nxmx_version *version)
{
	return nxmx_versions_add(&r->versions, version);
}

int nxmx_results_flush(struct nxmx_results *r)
{
	int rc = 0;
	if (!r->dirty)
		return 0;
	for (uint32_t c = 0; c < r->n_channels && rc == 0; c++)
		rc = write_channel(r, &r->channel[c]);
	if (rc == 0 && H5Fflush(r->file, H5F_SCOPE_LOCAL) < 0)
		rc = -EIO;
	if (rc)
		return rc;
	r->dirty = false;
	return nxmx_sync_open(r->file);
}

uint64_t nxmx_results_give_up(struct nxmx_results *r)
{
	uint64_t rows = 0;
	for (uint32_t c = 0; c < r->n_channels; c++) {
		struct results_channel *channel = &r->channel[c];
		rows = channel->rows.n > rows ? channel->rows.n : rows;
		channel->rows.n = channel->spots.n = channel->radial.n = 0;
	}
	return rows;
}

/* --- closing ----------------------------------------------------------------------------------------------------------------------------------- */

static int put_ledger(const char *path, const struct record_end *end)
{
	struct hdf5_put put = {H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT), false};
	char name[128];
	if (put.file < 0)
		return -EIO;
	hdf5_put_group(&put, "/entry/ledger", "NXcollection");
	hdf5_put_attr_text(&put, "/entry/ledger", "closed_by", end->closed_by ? end->closed_by : "");
	hdf5_put_attr_u64(&put, "/entry/ledger", "balanced", end->balanced);
	hdf5_put_attr_u64(&put, "/entry/ledger", "end_unix_ns", end->unix_ns);
	for (size_t i = 0; i < end->n_counts; i++)
		if (snprintf(name, sizeof name, "/entry/ledger/%s", end->count[i].name) < (int)sizeof name && !strchr(end->count[i].name, '/'))
			hdf5_put_u64(&put, name, end->count[i].value);
	return H5Fclose(put.file) < 0 || put.failed ? -EIO : 0;
}

int nxmx_results_close(struct nxmx_results **pointer, const struct record_end *end)
{
	struct nxmx_results *r = *pointer;
	*pointer = NULL;
	if (!r)
		return 0;
	int rc = nxmx_results_flush(r);
	/* A file that HDF5 cannot flush must not be closed (see nxmx_segment.c); it keeps its .part, which recovery mends. */
	int closed = H5Fflush(r->file, H5F_SCOPE_LOCAL) < 0 ? -1 : H5Fclose(r->file);
	r->file = -1;
	if (closed < 0)
		rc = rc ? rc : -EIO;
	if (closed >= 0 && end && nxmx_space_check(r->directory, r->reserve_bytes, 0) == 0 && put_ledger(r->part, end))
		rc = rc ? rc : -EIO;
	if (closed >= 0) {
		int renamed = nxmx_rename(r->directory, r->part, r->final);
		rc = rc ? rc : renamed;
	}
	release(r);
	return rc;
}
