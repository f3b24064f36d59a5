/* nxmx_writer.c - a run's files as one: names, channels, flushing, closing. See nxmx_writer.h. */
#include "host/nxmx_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "host/hdf5_filter.h"
#include "host/hdf5_get.h"
#include "host/nxmx_parts.h"

#define NAME_MAX_BYTES 120
#define NAMES_TRIED 10000
#define FLUSH_DEFAULT_MS 500
#define PUBLISH_INTERVAL_NS 10000000000u /* a master is a copy of the template, mask and all: not for every segment of a fast run */

struct nxmx_writer {
	char directory[NXMX_PATH_MAX], name[NXMX_STEM_MAX];
	uint64_t flush_interval_ns, segment_age_ns, flushed_ns, published_ns;
	uint32_t n_series;
	struct nxmx_series series[STREAM_CHANNELS_MAX];
	struct nxmx_results *results;
};

/* --- opening ---------------------------------------------------------------------------------------------------------------------------------- */

static int say(char *message, size_t message_bytes, int rc, const char *what, const char *where)
{
	snprintf(message, message_bytes, "%s %s: %s", what, where, strerror(-rc));
	return rc;
}

/* Two channels whose names differ only in what a file name cannot hold must not meet in one file. */
static void make_stems(struct nxmx_writer *w, const struct stream_start *start)
{
	char channel[STREAM_NAME_MAX];
	if (w->n_series == 1) {
		memcpy(w->series[0].stem, w->name, sizeof w->series[0].stem);
		return;
	}
	for (uint32_t c = 0; c < w->n_series; c++) {
		struct nxmx_series *s = &w->series[c];
		nxmx_sanitise(channel, sizeof channel, start->channel[c].name);
		snprintf(s->stem, sizeof s->stem, "%.*s_%s", NAME_MAX_BYTES + 8, w->name, channel);
		for (uint32_t other = 0; other < c; other++)
			if (!strcmp(s->stem, w->series[other].stem))
				snprintf(s->stem, sizeof s->stem, "%.*s_%.*s_%u", NAME_MAX_BYTES + 8, w->name, STREAM_NAME_MAX, channel, c + 1);
	}
}

static bool is_taken(const struct nxmx_writer *w)
{
	static const char *const suffix[] = {"_master.h5", "_master.h5.part", "_data_000001.h5", "_data_000001.h5.part"};
	char path[NXMX_PATH_MAX];
	for (uint32_t c = 0; c < w->n_series; c++)
		for (size_t i = 0; i < sizeof suffix / sizeof *suffix; i++)
			if (nxmx_path(path, w->directory, w->series[c].stem, suffix[i]) == 0 && nxmx_exists(path))
				return true;
	return false;
}

static void fill_results_cfg(struct nxmx_results_cfg *results, const struct nxmx_writer *w, const struct nxmx_cfg *cfg, const struct stream_start *start,
			     const struct record_start *record_start)
{
	memset(results, 0, sizeof *results);
	results->directory = w->directory;
	results->name = w->name;
	results->config = cfg->config;
	results->version = cfg->version;
	results->start = start;
	results->record_start = record_start;
	results->reserve_bytes = cfg->reserve_bytes;
	results->n_channels = w->n_series;
	for (uint32_t c = 0; c < w->n_series; c++)
		memcpy(results->channel[c], start->channel[c].name, sizeof results->channel[c]);
}

/* The results file, made only where it was not, reserves the name for the whole run. */
static int take_name(struct nxmx_writer *w, const struct nxmx_cfg *cfg, const struct stream_start *start, const struct record_start *record_start)
{
	char wanted[NAME_MAX_BYTES + 1];
	struct nxmx_results_cfg results;
	int rc = -EEXIST;
	nxmx_sanitise(wanted, sizeof wanted, cfg->name ? cfg->name : "");
	for (unsigned n = 1; rc == -EEXIST && n <= NAMES_TRIED; n++) {
		if (n == 1)
			snprintf(w->name, sizeof w->name, "%s", wanted);
		else
			snprintf(w->name, sizeof w->name, "%s_%u", wanted, n);
		make_stems(w, start);
		fill_results_cfg(&results, w, cfg, start, record_start);
		rc = is_taken(w) ? -EEXIST : nxmx_results_open(&w->results, &results);
	}
	return rc;
}

/* The lock says that the run is alive: recovery then leaves its files alone. */
static int lock_template(struct nxmx_series *s)
{
	char path[NXMX_PATH_MAX];
	int rc = nxmx_path(path, s->directory, s->stem, "_master.h5.part");
	if (rc)
		return rc;
	s->lock = open(path, O_RDONLY | O_CLOEXEC);
	if (s->lock < 0)
		return -errno;
	/* Where a file system cannot lock, nobody can be kept away. */
	if (flock(s->lock, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK)
		return -EBUSY;
	return 0;
}

static int open_series(struct nxmx_writer *w, uint32_t c, const struct nxmx_cfg *cfg, const struct stream_start *start, const uint8_t *mask)
{
	struct nxmx_series *s = &w->series[c];
	struct nxmx_master_cfg master = {w->directory, s->stem, cfg->config, cfg->version, start, c, mask};
	s->directory = w->directory;
	s->width = start->width;
	s->height = start->height;
	s->elem_bytes = start->elem_bytes;
	s->frames_per_file = cfg->frames_per_file;
	s->reserve_bytes = cfg->reserve_bytes;
	int rc = nxmx_space_check(w->directory, cfg->reserve_bytes, 4 * (uint64_t)start->width * start->height);
	if (rc == 0)
		rc = nxmx_master_template(&master);
	return rc ? rc : lock_template(s);
}

static int check(const struct stream_start *start, char *message, size_t message_bytes)
{
	bool elem = start->elem_bytes == 1 || start->elem_bytes == 2 || start->elem_bytes == 4;
	if (start->width && start->height && elem && start->n_channels >= 1 && start->n_channels <= STREAM_CHANNELS_MAX)
		return 0;
	snprintf(message, message_bytes, "files need the frames' size and type: %u x %u pixels of %u bytes, %u channels", start->width, start->height,
		 start->elem_bytes, start->n_channels);
	return -EINVAL;
}

int nxmx_open(struct nxmx_writer **out, const struct nxmx_cfg *cfg, const struct stream_start *start, const uint8_t *const *masks,
	      const struct record_start *record_start, char *message, size_t message_bytes)
{
	*out = NULL;
	hdf5_get_quiet();
	int rc = check(start, message, message_bytes);
	if (rc)
		return rc;
	struct nxmx_writer *w = calloc(1, sizeof *w);
	if (!w)
		return -ENOMEM;
	for (uint32_t c = 0; c < STREAM_CHANNELS_MAX; c++)
		nxmx_series_clear(&w->series[c]);
	w->n_series = start->n_channels;
	w->flush_interval_ns = (cfg->flush_interval_ms ? cfg->flush_interval_ms : FLUSH_DEFAULT_MS) * (uint64_t)1000000;
	w->segment_age_ns = cfg->segment_age_s * (uint64_t)1000000000;
	rc = strlen(cfg->directory) < sizeof w->directory ? hdf5_filter_register() : -ENAMETOOLONG;
	if (rc == 0) {
		strcpy(w->directory, cfg->directory);
		rc = nxmx_make_directory(w->directory);
	}
	if (rc) {
		say(message, message_bytes, rc, "the directory", cfg->directory);
		goto fail;
	}
	rc = take_name(w, cfg, start, record_start);
	for (uint32_t c = 0; c < w->n_series && rc == 0; c++)
		rc = open_series(w, c, cfg, start, masks ? masks[c] : NULL);
	if (rc) {
		say(message, message_bytes, rc, "files cannot be made in", cfg->directory);
		goto fail;
	}
	*out = w;
	return 0;
fail:
	nxmx_close(&w, NULL);
	return rc;
}

/* --- writing ----------------------------------------------------------------------------------------------------------------------------------- */

int nxmx_frame(struct nxmx_writer *w, uint32_t channel, uint64_t image_id, const struct stream_array *pixels, uint64_t *bytes_written)
{
	if (channel >= w->n_series)
		return -EINVAL;
	hdf5_get_quiet();
	return nxmx_series_append(&w->series[channel], image_id, pixels, bytes_written);
}

int nxmx_version(struct nxmx_writer *w, const struct nxmx_version *version)
{
	return nxmx_results_version(w->results, version);
}

int nxmx_result(struct nxmx_writer *w, uint32_t channel, const struct record *record)
{
	hdf5_get_quiet();
	return nxmx_results_append(w->results, channel, record);
}

static int finish_old(struct nxmx_writer *w, struct nxmx_series *s, uint64_t now_ns)
{
	if (w->segment_age_ns == 0 || s->file < 0 || now_ns < s->first_ns || now_ns - s->first_ns < w->segment_age_ns)
		return 0;
	return nxmx_series_finish(s);
}

static int publish_if_due(struct nxmx_writer *w, uint64_t now_ns)
{
	int rc = 0;
	if (now_ns - w->published_ns < PUBLISH_INTERVAL_NS)
		return 0;
	for (uint32_t c = 0; c < w->n_series; c++) {
		struct nxmx_series *s = &w->series[c];
		if (!s->grown || nxmx_space_check(w->directory, s->reserve_bytes, 4 * (uint64_t)s->width * s->height))
			continue;
		w->published_ns = now_ns;
		int published = nxmx_publish(w->directory, s->stem);
		if (published >= 0)
			s->grown = false;
		else if (rc == 0)
			rc = published;
	}
	return rc;
}

int nxmx_tick(struct nxmx_writer *w, uint64_t now_ns)
{
	int first = 0;
	hdf5_get_quiet();
	/* Half the interval: a call that comes a little early must not double it. */
	if (now_ns - w->flushed_ns >= w->flush_interval_ns / 2) {
		w->flushed_ns = now_ns;
		for (uint32_t c = 0; c < w->n_series; c++) {
			int rc = finish_old(w, &w->series[c], now_ns);
			if (rc == 0)
				rc = nxmx_series_flush(&w->series[c]);
			first = first ? first : rc;
		}
		int rc = nxmx_results_flush(w->results);
		first = first ? first : rc;
	}
	int rc = publish_if_due(w, now_ns);
	return first ? first : rc;
}

/* --- closing ----------------------------------------------------------------------------------------------------------------------------------- */

/* The template goes once a master stands for it. Without a frame there is no master; with a failure the template stays, for recovery. */
static int close_series(struct nxmx_writer *w, struct nxmx_series *s)
{
	char path[NXMX_PATH_MAX];
	if (s->lock < 0)
		return 0;
	int rc = nxmx_series_finish(s);
	int mended = nxmx_mend_segments(w->directory, s->stem, NULL, NULL);
	int published = nxmx_publish(w->directory, s->stem);
	rc = rc ? rc : mended < 0 ? mended : published < 0 ? published : 0;
	if (rc == 0 && nxmx_path(path, w->directory, s->stem, "_master.h5.part") == 0 && unlink(path))
		rc = -errno;
	return rc;
}

uint64_t nxmx_settle(struct nxmx_writer *w)
{
	hdf5_get_quiet();
	return nxmx_results_flush(w->results) < 0 ? nxmx_results_give_up(w->results) : 0;
}

int nxmx_close(struct nxmx_writer **pointer, const struct record_end *end)
{
	struct nxmx_writer *w = *pointer;
	int first = 0;
	*pointer = NULL;
	if (!w)
		return 0;
	hdf5_get_quiet();
	for (uint32_t c = 0; c < w->n_series; c++) {
		int rc = close_series(w, &w->series[c]);
		first = first ? first : rc;
		nxmx_series_release(&w->series[c]);
	}
	int rc = nxmx_results_close(&w->results, end);
	free(w);
	return first ? first : rc;
}
