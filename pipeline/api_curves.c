/* api_curves.c - what is summed up over the run, as JSON and text (api.h). All under the live lane's lock. */
#include "pipeline/api.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const units[] = {"q", "two_theta", "radius"};

/* --- histories --------------------------------------------------------------------------------------------------------- */

enum column { FRAMES, ANALYSED, HITS, SPOTS, RESOLVED, D_MIN, D_MIN_BEST, BACKGROUND, BACKGROUNDS, ICE, ICES, COLUMNS };
static const char *const columns[COLUMNS] = {"frames", "analysed", "hits", "spots", "resolved", "d_min", "d_min_best", "background", "backgrounds", "ice",
					     "ices"};

static json_t *cell(const struct live_bin *b, enum column c)
{
	switch (c) {
	case FRAMES:
		return json_integer(b->frames);
	case ANALYSED:
		return json_integer(b->analysed);
	case HITS:
		return json_integer(b->hits);
	case SPOTS:
		return api_number(b->spots);
	case RESOLVED:
		return json_integer(b->resolved);
	case D_MIN:
		return api_number(b->d_min);
	case D_MIN_BEST:
		return b->resolved ? api_number(b->d_min_best) : json_null();
	case BACKGROUND:
		return api_number(b->background);
	case BACKGROUNDS:
		return json_integer(b->backgrounds);
	case ICE:
		return api_number(b->ice);
	case ICES:
		return json_integer(b->ices);
	case COLUMNS:
		break;
	}
	return json_null();
}

/* From the first bin that changed after the round; NULL: none has. */
static json_t *bins(const struct live_bins *b, uint64_t round)
{
	uint32_t from = 0;
	json_t *out;

	if (b->epoch <= round)
		while (from < b->n && b->bin[from].changed <= round)
			from++;
	if (round && from == b->n && b->epoch <= round)
		return NULL;
	out = json_pack("{s:f, s:I}", "width", b->width, "from", (json_int_t)from);
	for (enum column c = 0; c < COLUMNS; c++) {
		json_t *list = json_array();

		for (uint32_t i = from; i < b->n; i++)
			json_array_append_new(list, cell(&b->bin[i], c));
		json_object_set_new(out, columns[c], list);
	}
	return out;
}

static const struct {
	const char *name;
	size_t at;
} recents[] = {
#define RECENT(member) {#member, offsetof(struct live_recent, member)}
	RECENT(frames_per_s), RECENT(bytes_per_s), RECENT(written_bytes_per_s), RECENT(p50_ms), RECENT(p95_ms), RECENT(p99_ms), RECENT(slots),
	RECENT(memory), RECENT(load_work), RECENT(load_busiest),
};

static json_t *recent(struct live *live, uint64_t second)
{
	uint64_t first = live->n_recent > LIVE_RECENT ? live->n_recent - LIVE_RECENT : 0, from = second > first ? second : first;
	json_t *out;

	if (second && from >= live->n_recent)
		return NULL;
	out = json_pack("{s:I, s:f}", "from", (json_int_t)from, "start_unix_s", (double)live->start_unix_ns / 1e9);
	for (size_t c = 0; c < sizeof(recents) / sizeof(recents[0]); c++) {
		json_t *list = json_array();

		for (uint64_t i = from; i < live->n_recent; i++)
			json_array_append_new(list, api_number(*(const float *)(const void *)((const char *)&live->recent[i % LIVE_RECENT] +
											      recents[c].at)));
		json_object_set_new(out, recents[c].name, list);
	}
	return out;
}

static void set(json_t *object, const char *name, json_t *value)
{
	if (value)
		json_object_set_new(object, name, value);
}

json_t *api_history(struct live *live, uint64_t round, uint64_t second)
{
	const struct live_curves *c = &live->curves;
	json_t *out = json_object();

	set(out, "time", bins(&c->time, round));
	set(out, "number", bins(&c->number, round));
	set(out, "recent", recent(live, second));
	if (!json_object_size(out)) {
		json_decref(out);
		return NULL;
	}
	set(out, "run", json_integer((json_int_t)c->run));
	set(out, "origin_unix_s", json_real(c->origin_unix_s));
	return out;
}

/* --- profiles ---------------------------------------------------------------------------------------------------------- */

static json_t *profile(const struct live_curves *c, const struct live_sums *sums)
{
	float *values = malloc((c->n_bins ? c->n_bins : 1) * sizeof(*values));
	json_t *out;

	if (!values)
		return json_array();
	live_profile(c, sums, values);
	out = api_floats(values, sums->n ? c->n_bins : 0);
	free(values);
	return out;
}

json_t *api_radial(struct live *live, bool with_axis)
{
	const struct live_curves *c = &live->curves;
	const struct live_scene *s = c->scene && c->scene->n_bins == c->n_bins ? c->scene : NULL;
	json_t *out = json_pack("{s:I, s:s?, s:I, s:I, s:I}", "run", (json_int_t)c->run, "unit", s ? units[s->unit] : NULL, "sectors",
				(json_int_t)(s ? s->n_sectors : 1), "n_hits", (json_int_t)c->hits.n, "n_all", (json_int_t)c->all.n);

	set(out, "off", json_string(s || !c->run ? "" : c->all.n ? "its axis is not known yet" : "no radial integration in this run"));
	set(out, "last", api_floats(c->last, s ? (uint32_t)c->n_last : 0));
	set(out, "hits", s ? profile(c, &c->hits) : json_array());
	set(out, "all", s ? profile(c, &c->all) : json_array());
	if (with_axis)
		set(out, "axis", s ? api_doubles(s->axis, s->n_radial) : json_array());
	return out;
}

int api_radial_text(struct live *live, struct http_answer *out)
{
	const struct live_curves *c = &live->curves;
	const struct live_scene *s = c->scene && c->scene->n_bins == c->n_bins ? c->scene : NULL;
	float *hits = s ? malloc(2 * c->n_bins * sizeof(*hits)) : NULL, *all = hits ? hits + c->n_bins : NULL;
	char *text = NULL;
	size_t bytes = 0;
	FILE *to = hits ? open_memstream(&text, &bytes) : NULL;

	if (!to) {
		free(hits);
		return s ? -ENOMEM : -ENOENT;
	}
	live_profile(c, &c->hits, hits);
	live_profile(c, &c->all, all);
	fprintf(to, "# %s, q / (1/Angstrom), last, mean of hits, mean of all / (counts/pixel)\n", units[s->unit]);
	for (uint32_t b = 0; b < c->n_bins; b++)
		fprintf(to, "%.9g %.9g %.7g %.7g %.7g\n", s->axis[b], s->q[b], b < c->n_last ? c->last[b] : NAN, hits[b], all[b]);
	free(hits);
	if (fclose(to)) {
		free(text);
		return -ENOMEM;
	}
	*out = (struct http_answer){.status = 200, .type = out->type, .text = text, .bytes = bytes, .owned = true};
	return 0;
}

json_t *api_waterfall(struct live *live, uint32_t from, bool with_axis)
{
	const struct live_curves *c = &live->curves;
	uint32_t first = c->n_rows > LIVE_ROWS ? c->n_rows - LIVE_ROWS : 0, n_radial = c->scene ? c->scene->n_radial : 0;
	uint32_t n = n_radial < LIVE_ROW_BINS ? n_radial : LIVE_ROW_BINS;
	json_t *rows = json_array(), *seconds = json_array(), *axis = json_array(), *out;

	from = from > first ? from : first;
	for (uint32_t i = from; i < c->n_rows; i++) {
		json_array_append_new(rows, api_floats(c->row[i % LIVE_ROWS].value, n));
		json_array_append_new(seconds, api_number(c->row[i % LIVE_ROWS].seconds));
	}
	for (uint32_t i = 0; with_axis && i < n; i++) /* the middle of what was joined */
		json_array_append_new(axis, api_number((c->scene->axis[(uint64_t)i * n_radial / n] + c->scene->axis[(uint64_t)(i + 1) * n_radial / n - 1]) / 2));
	out = json_pack("{s:I, s:s?, s:I, s:f, s:o, s:o}", "run", (json_int_t)c->run, "unit", c->scene && n ? units[c->scene->unit] : NULL, "from",
			(json_int_t)from, "origin_unix_s", c->origin_unix_s, "seconds", seconds, "rows", rows);
	if (with_axis)
		set(out, "axis", axis);
	else
		json_decref(axis);
	return out;
}

/* --- peaks and map ----------------------------------------------------------------------------------------------------- */

/* Without the rows and columns at the end that hold nothing. */
json_t *api_peakogram(struct live *live)
{
	const struct live_curves *c = &live->curves;
	uint32_t n_rows = 1, n_columns = 1;
	json_t *counts = json_array();

	for (uint32_t i = 0; i < LIVE_PEAK_ROWS * LIVE_PEAK_COLUMNS; i++)
		if (c->peaks[i]) {
			n_rows = i / LIVE_PEAK_COLUMNS + 1;
			n_columns = i % LIVE_PEAK_COLUMNS >= n_columns ? i % LIVE_PEAK_COLUMNS + 1 : n_columns;
		}
	for (uint32_t r = 0; r < n_rows; r++)
		for (uint32_t k = 0; k < n_columns; k++)
			json_array_append_new(counts, json_integer((json_int_t)c->peaks[r * LIVE_PEAK_COLUMNS + k]));
	return json_pack("{s:I, s:I, s:I, s:f, s:i, s:o}", "run", (json_int_t)c->run, "columns", (json_int_t)n_columns, "rows", (json_int_t)n_rows,
			 "step_per_angstrom", LIVE_PEAK_STEP, "per_octave", LIVE_PEAK_PER_OCTAVE, "counts", counts);
}

json_t *api_map(struct live *live)
{
	const struct live_curves *c = &live->curves;
	uint64_t n = c->announced > c->map.n ? c->announced : c->map.n;
	struct live_grid g = live_map_grid(&settings_newest(&live->node->settings)->config, n);

	if (!c->run)
		return json_null();
	return json_pack("{s:I, s:I, s:I, s:b, s:b, s:I}", "run", (json_int_t)c->run, "rows", (json_int_t)g.rows, "columns", (json_int_t)g.columns,
			 "snake", (int)g.snake, "guessed", (int)g.guessed, "frames", (json_int_t)c->map.n);
}

int api_map_values(struct live *live, const char *query, struct http_answer *out)
{
	const struct live_curves *c = &live->curves;
	char quantity[16] = "score", from_text[12] = "0";
	const struct { const char *name; const float *values; } quantities[] = {
		{"score", c->map.score}, {"n_spots", c->map.n_spots}, {"d_min", c->map.d_min}, {"background", c->map.background},
	};
	uint32_t from, q = 0;
	char *bytes;

	api_parameter(query, "quantity", quantity, sizeof(quantity));
	api_parameter(query, "from", from_text, sizeof(from_text));
	while (q < 4 && strcmp(quantity, quantities[q].name))
		q++;
	if (q == 4)
		return api_mistake(out, 400, "quantity is one of score, n_spots, d_min and background");
	if (strspn(from_text, "0123456789") != strlen(from_text))
		return api_mistake(out, 400, "from is an image number");
	from = (uint32_t)strtoul(from_text, NULL, 10);
	from = from < c->map.n ? from : c->map.n;
	bytes = malloc((c->map.n - from) * sizeof(float) + 1);
	if (!bytes)
		return -ENOMEM;
	if (c->map.n > from)
		memcpy(bytes, quantities[q].values + from, (c->map.n - from) * sizeof(float));
	*out = (struct http_answer){.status = 200, .type = "application/octet-stream", .text = bytes, .bytes = (c->map.n - from) * sizeof(float), .owned = true};
	return 0;
}
