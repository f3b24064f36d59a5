/* live_history.c - numbers of frames against time or frame number, in bins that double their width when there would be too many (live.h). */
#include <math.h>
#include <string.h>

#include "pipeline/live.h"

void live_history_begin(struct live_bins *b, double width, uint64_t round)
{
	memset(b->bin, 0, b->n * sizeof(b->bin[0]));
	b->n = 0;
	b->width = width;
	b->epoch = round;
}

static void join(struct live_bin *to, const struct live_bin *from)
{
	if (from->resolved && (!to->resolved || from->d_min_best < to->d_min_best))
		to->d_min_best = from->d_min_best;
	to->frames += from->frames;
	to->analysed += from->analysed;
	to->hits += from->hits;
	to->resolved += from->resolved;
	to->backgrounds += from->backgrounds;
	to->ices += from->ices;
	to->spots += from->spots;
	to->d_min += from->d_min;
	to->background += from->background;
	to->ice += from->ice;
}

static void widen(struct live_bins *b, uint64_t round)
{
	for (uint32_t i = 0; i < b->n; i++) {
		struct live_bin one = b->bin[i];

		b->bin[i] = (struct live_bin){0};
		join(&b->bin[i / 2], &one);
	}
	b->n = (b->n + 1) / 2;
	b->width *= 2;
	b->epoch = round;
}

void live_history_add(struct live_bins *b, double at, const struct live_sample *s, uint64_t round)
{
	struct live_bin one = {.frames = 1, .analysed = s->analysed, .hits = s->hit};
	uint32_t i;

	if (!(at >= 0) || at > 1e15)
		return;
	while (at >= b->width * LIVE_BINS)
		widen(b, round);
	i = (uint32_t)(at / b->width);
	if (isfinite(s->n_spots))
		one.spots = s->n_spots;
	if (isfinite(s->d_min)) {
		one.resolved = 1;
		one.d_min = one.d_min_best = s->d_min;
	}
	if (isfinite(s->background)) {
		one.backgrounds = 1;
		one.background = s->background;
	}
	if (isfinite(s->ice)) {
		one.ices = 1;
		one.ice = s->ice;
	}
	join(&b->bin[i], &one);
	b->bin[i].changed = round;
	if (i >= b->n)
		b->n = i + 1;
}
