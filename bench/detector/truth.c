/* truth.c - see truth.h. Texts that go in are the program's own or checked file names, escaped all the same. */
#include "bench/detector/truth.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

struct truth {
	FILE *file; /* NULL: not wanted */
};

int truth_open(struct truth **out, const char *path)
{
	struct truth *t = calloc(1, sizeof *t);

	*out = t;
	if (!t)
		return -ENOMEM;
	if (!path[0])
		return 0;
	t->file = fopen(path, "w");
	if (t->file)
		return 0;
	*out = NULL;
	free(t);
	return -errno;
}

int truth_close(struct truth **truth)
{
	struct truth *t = *truth;
	int error = 0;

	if (!t)
		return 0;
	if (t->file) {
		error = ferror(t->file) ? -EIO : 0;
		if (fclose(t->file))
			error = -EIO;
	}
	free(t);
	*truth = NULL;
	return error;
}

bool truth_wanted(const struct truth *t)
{
	return t->file;
}

static void put_text(FILE *f, const char *key, const char *text)
{
	fprintf(f, "\"%s\": \"", key);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', f);
		if ((unsigned char)*text >= ' ')
			fputc(*text, f);
	}
	fputs("\", ", f);
}

static void put_bool(FILE *f, const char *key, bool value)
{
	fprintf(f, "\"%s\": %s, ", key, value ? "true" : "false");
}

static void put_u64(FILE *f, const char *key, uint64_t value)
{
	fprintf(f, "\"%s\": %llu, ", key, (unsigned long long)value);
}

static void put_double(FILE *f, const char *key, double value)
{
	if (isfinite(value))
		fprintf(f, "\"%s\": %.10g, ", key, value);
	else
		fprintf(f, "\"%s\": null, ", key);
}

void truth_detector(struct truth *t, const struct options *o)
{
	if (!t->file)
		return;
	fputs("{\"kind\": \"detector\", ", t->file);
	put_u64(t->file, "seed", o->seed);
	fputs("\"endpoints\": [", t->file);
	for (unsigned i = 0; i < o->n_endpoints; i++)
		fprintf(t->file, "%s\"%s\"", i ? ", " : "", o->endpoint[i]);
	fputs("]}\n", t->file);
}

static void put_channels(FILE *f, const struct pool *pool, const struct scene_truth *truth)
{
	fputs("\"channels\": {", f);
	for (unsigned c = 0; c < pool->n_channels; c++) {
		const struct scene_totals *t = &truth->channel[c];

		fprintf(f, "%s\"%s\": {\"sum\": %llu, \"n_valid\": %u, \"n_masked\": %u, \"n_overload\": %u, \"max\": %u}", c ? ", " : "",
			pool->start.channel[c].name, (unsigned long long)t->sum, t->n_valid, t->n_masked, t->n_overload, t->max);
	}
	fputs("}, ", f);
}

static void put_spots(FILE *f, const struct scene_truth *truth)
{
	put_u64(f, "n_strong", truth->n_strong);
	fputs("\"spots\": [", f);
	for (uint32_t i = 0; i < truth->n_spots; i++) {
		const struct reflection *r = &truth->spots[i].reflection;

		fprintf(f, "%s[%.3f, %.3f, %.2f, %.4f, %d]", i ? ", " : "", r->x_px, r->y_px, r->photons, r->d, truth->spots[i].strong);
	}
	fputs("]", f);
}

void truth_pool(struct truth *t, unsigned settings, const struct pool *pool)
{
	if (!t->file || pool->file_frames)
		return;
	for (unsigned i = 0; i < pool->n; i++) {
		const struct pool_entry *entry = &pool->entry[i];

		fputs("{\"kind\": \"pool\", ", t->file);
		put_u64(t->file, "settings", settings);
		put_u64(t->file, "entry", i);
		put_u64(t->file, "bytes", entry->len);
		put_bool(t->file, "hit", entry->truth.hit);
		put_bool(t->file, "ice", entry->truth.ice);
		put_double(t->file, "background", entry->truth.background);
		put_channels(t->file, pool, &entry->truth);
		put_spots(t->file, &entry->truth);
		fputs("}\n", t->file);
	}
}

/* Opens a line about a series: the caller closes it. */
static FILE *begin(struct truth *t, const char *kind, const struct truth_series *series)
{
	fprintf(t->file, "{\"kind\": \"%s\", \"series\": %llu, ", kind, (unsigned long long)series->number);
	return t->file;
}

void truth_start(struct truth *t, const struct truth_series *series, const struct settings *s, const struct stream_start *start)
{
	FILE *f;

	if (!t->file)
		return;
	f = begin(t, "start", series);
	put_u64(f, "settings", series->settings);
	put_u64(f, "series_id", series->series_id);
	put_text(f, "unique_id", series->unique_id);
	put_text(f, "protocol", s->v1 ? "v1" : "v2");
	put_text(f, "file", s->file);
	put_u64(f, "width", start->width);
	put_u64(f, "height", start->height);
	put_u64(f, "elem_bytes", start->elem_bytes);
	put_double(f, "distance_mm", start->distance_m * 1000);
	put_double(f, "beam_x", start->beam_x_px);
	put_double(f, "beam_y", start->beam_y_px);
	put_double(f, "wavelength", start->wavelength_angstrom);
	fprintf(f, "\"frames\": %llu}\n", (unsigned long long)start->n_images);
}

void truth_message(struct truth *t, const struct truth_series *series, const char *what, uint64_t order, unsigned endpoint)
{
	if (t->file)
		fprintf(begin(t, "message", series), "\"what\": \"%s\", \"order\": %llu, \"endpoint\": %u}\n", what, (unsigned long long)order, endpoint);
}

static void put_frame(FILE *f, const struct truth_frame *frame, bool generated)
{
	static const struct { uint16_t flag; const char *name; } flags[] = {
		{ TRUTH_DROPPED, "dropped" }, { TRUTH_BLOCKED, "blocked" }, { TRUTH_DAMAGED, "damaged" }, { TRUTH_TRUNCATED, "truncated" },
		{ TRUTH_CUT, "cut" }, { TRUTH_LATE, "late" }, { TRUTH_REORDERED, "reordered" }, { TRUTH_UNREADABLE, "unreadable" },
	};

	put_u64(f, generated ? "entry" : "file_frame", frame->entry);
	if (generated)
		put_bool(f, "hit", frame->flags & TRUTH_HIT);
	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
		if (frame->flags & flags[i].flag)
			put_bool(f, flags[i].name, true);
	fputs("\"sent\": [", f);
	for (unsigned i = 0; i < frame->copies; i++)
		fprintf(f, "%s%llu", i ? ", " : "", (unsigned long long)frame->order[i]);
	fputs("], \"endpoints\": [", f);
	for (unsigned i = 0; i < frame->copies; i++)
		fprintf(f, "%s%u", i ? ", " : "", frame->endpoint[i]);
	fputs("]}\n", f);
}

void truth_frames(struct truth *t, const struct truth_series *series, const struct truth_frame *frames, uint64_t n, bool generated)
{
	for (uint64_t i = 0; t->file && i < n; i++) {
		fprintf(begin(t, "frame", series), "\"image_id\": %llu, ", (unsigned long long)i);
		put_frame(t->file, &frames[i], generated);
	}
}

void truth_end(struct truth *t, const struct truth_series *series, const struct truth_totals *totals)
{
	FILE *f;

	if (!t->file)
		return;
	f = begin(t, "end", series);
	put_u64(f, "series_id", series->series_id);
	put_text(f, "unique_id", series->unique_id);
	put_u64(f, "announced", totals->announced);
	put_u64(f, "messages", totals->messages);
	put_u64(f, "sent", totals->sent);
	put_u64(f, "dropped", totals->dropped);
	put_u64(f, "blocked", totals->blocked);
	put_u64(f, "duplicated", totals->duplicated);
	put_u64(f, "damaged", totals->damaged);
	put_u64(f, "truncated", totals->truncated);
	put_u64(f, "cut", totals->cut);
	put_u64(f, "late", totals->late);
	put_u64(f, "reordered", totals->reordered);
	put_u64(f, "garbage", totals->garbage);
	put_u64(f, "oversize", totals->oversize);
	put_u64(f, "unreadable", totals->unreadable);
	put_u64(f, "hits", totals->hits);
	put_u64(f, "hits_sent", totals->hits_sent);
	put_bool(f, "start_sent", totals->start_sent);
	put_bool(f, "end_sent", totals->end_sent);
	fprintf(f, "\"interrupted\": %s}\n", totals->interrupted ? "true" : "false");
	fflush(f);
}
