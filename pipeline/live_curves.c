/* live_curves.c - what is summed up over the newest run: histories, profiles, waterfall, peaks, map (live.h). */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "host/clock.h"
#include "pipeline/live.h"

#define FIRST_WIDTH_S 0.25

static int sums_open(struct live_sums *s, uint32_t max_bins)
{
	s->sum = calloc(max_bins, sizeof(uint64_t));
	s->count = calloc(max_bins, sizeof(uint64_t));
	return s->sum && s->count ? 0 : -ENOMEM;
}

static void sums_clear(struct live_sums *s, uint32_t max_bins)
{
	memset(s->sum, 0, max_bins * sizeof(uint64_t));
	memset(s->count, 0, max_bins * sizeof(uint64_t));
	s->n = 0;
}

static void sums_add(struct live_sums *to, uint64_t n, const uint64_t *sum, const uint64_t *count, uint32_t n_bins)
{
	for (uint32_t b = 0; b < n_bins; b++) {
		to->sum[b] += sum[b];
		to->count[b] += count[b];
	}
	to->n += n;
}

int live_curves_open(struct live_curves *c, uint32_t max_bins)
{
	c->last = calloc(max_bins, sizeof(float));
	if (!c->last)
		return -ENOMEM;
	return sums_open(&c->all, max_bins) || sums_open(&c->hits, max_bins) || sums_open(&c->second, max_bins) ? -ENOMEM : 0;
}

void live_curves_close(struct live_curves *c)
{
	struct live_sums *sums[] = {&c->all, &c->hits, &c->second};

	for (unsigned i = 0; i < 3; i++) {
		free(sums[i]->sum);
		free(sums[i]->count);
	}
	live_scene_drop(c->scene);
	free(c->last);
	free(c->map.score);
	free(c->map.n_spots);
	free(c->map.d_min);
	free(c->map.background);
}

/* --- a new run --------------------------------------------------------------------------------------------------------- */

void live_curves_begin(struct live *live, uint64_t run)
{
	struct live_curves *c = &live->curves;
	uint32_t max_bins = live->node->plan_bins_max;

	c->run = run;
	c->origin_unix_s = (double)clock_unix_ns() / 1e9;
	live_history_begin(&c->time, FIRST_WIDTH_S, live->round);
	live_history_begin(&c->number, 1, live->round);
	sums_clear(&c->all, max_bins);
	sums_clear(&c->hits, max_bins);
	sums_clear(&c->second, max_bins);
	live_scene_drop(c->scene);
	c->scene = NULL;
	c->n_bins = c->n_rows = c->map.n = 0;
	c->n_last = c->announced = 0;
	memset(c->peaks, 0, sizeof(c->peaks));
	for (uint32_t i = 0; i < c->map.room; i++)
		c->map.score[i] = c->map.n_spots[i] = c->map.d_min[i] = c->map.background[i] = NAN;
	c->profiles_changed = c->rows_changed = c->peaks_changed = c->map_changed = live->round;
}

/* --- adding ------------------------------------------------------------------------------------------------------------ */

static void add_samples(struct live *live, const struct live_tally *t)
{
	struct live_curves *c = &live->curves;
	double now_s = (double)clock_unix_ns() / 1e9;

	for (uint32_t i = 0; i < t->n_samples; i++) {
		const struct live_sample *s = &t->sample[i];

		if (s->run > c->run)
			live_curves_begin(live, s->run);
		if (s->run != c->run)
			continue;
		live_history_add(&c->time, now_s - c->origin_unix_s, s, live->round);
		live_history_add(&c->number, (double)s->image_id, s, live->round);
		live_map_add(c, s);
		c->map_changed = live->round;
	}
	live->samples_missed += t->n_unsampled;
}

void live_curves_add(struct live *live, const struct live_tally *t)
{
	struct live_curves *c = &live->curves;

	add_samples(live, t);
	if (t->newest_ns)
		live->newest_ns = t->newest_ns;
	if (t->run != c->run)
		return;
	if (t->n[LIVE_ALL]) {
		c->n_bins = t->n_bins;
		sums_add(&c->all, t->n[LIVE_ALL], t->sum[LIVE_ALL], t->count[LIVE_ALL], t->n_bins);
		sums_add(&c->second, t->n[LIVE_ALL], t->sum[LIVE_ALL], t->count[LIVE_ALL], t->n_bins);
		if (t->n[LIVE_HITS_ONLY])
			sums_add(&c->hits, t->n[LIVE_HITS_ONLY], t->sum[LIVE_HITS_ONLY], t->count[LIVE_HITS_ONLY], t->n_bins);
		c->profiles_changed = live->round;
	}
	if (t->n_peaks) {
		for (unsigned i = 0; i < LIVE_PEAK_ROWS * LIVE_PEAK_COLUMNS; i++)
			c->peaks[i] += t->peaks[i];
		c->peaks_changed = live->round;
	}
}

void live_curves_frame(struct live *live, const struct live_frame *f)
{
	struct live_curves *c = &live->curves;
	const struct live_channel *first = &f->channel[0];

	if (f->run > c->run)
		live_curves_begin(live, f->run);
	if (f->run != c->run || !first->scene || !first->scene->n_bins)
		return;
	if (c->scene != first->scene) {
		live_scene_drop(c->scene);
		c->scene = first->scene;
		c->scene->refs++;
	}
	memcpy(c->last, first->record.radial.intensity, first->record.n_bins * sizeof(float));
	c->n_last = first->record.n_bins;
	c->profiles_changed = live->round;
}

/* --- profiles ---------------------------------------------------------------------------------------------------------- */

/* As plan_intensity has it for one frame: the norm is that of the pixels that counted. */
void live_profile(const struct live_curves *c, const struct live_sums *sums, float *out)
{
	const struct live_scene *s = c->scene;

	for (uint32_t b = 0; b < c->n_bins; b++) {
		double norm = s && b < s->n_bins && s->static_count[b] ? s->norm[b] * (double)sums->count[b] / s->static_count[b] : 0;

		out[b] = norm > 0 ? (float)((double)sums->sum[b] / norm) : NAN;
	}
}

/* Of one sector or all of them together, in at most LIVE_ROW_BINS steps. */
static void fill_row(const struct live_curves *c, struct live_row *row)
{
	uint32_t n_radial = c->scene->n_radial, n = n_radial < LIVE_ROW_BINS ? n_radial : LIVE_ROW_BINS;

	for (uint32_t i = 0; i < n; i++) {
		double sum = 0, norm = 0;

		for (uint32_t r = (uint32_t)((uint64_t)i * n_radial / n); r < (uint32_t)((uint64_t)(i + 1) * n_radial / n); r++)
			for (uint32_t sector = 0; sector < c->scene->n_sectors; sector++) {
				uint32_t b = sector * n_radial + r;

				if (!c->scene->static_count[b])
					continue;
				sum += (double)c->second.sum[b];
				norm += c->scene->norm[b] * (double)c->second.count[b] / c->scene->static_count[b];
			}
		row->value[i] = norm > 0 ? (float)(sum / norm) : NAN;
	}
}

void live_curves_second(struct live *live)
{
	struct live_curves *c = &live->curves;
	struct live_row *row = &c->row[c->n_rows % LIVE_ROWS];

	if (!c->second.n || !c->scene || c->scene->n_bins != c->n_bins)
		return;
	fill_row(c, row);
	row->seconds = (double)clock_unix_ns() / 1e9 - c->origin_unix_s;
	c->n_rows++;
	c->rows_changed = live->round;
	sums_clear(&c->second, live->node->plan_bins_max);
}
