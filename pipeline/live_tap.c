/* live_tap.c - publish's side of the screen (live_tap.h). */
#include "pipeline/live_tap.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/plans.h"
#include "pipeline/run.h"
#include "pipeline/slot.h"

/* --- tallies ----------------------------------------------------------------------------------------------------------- */

struct live_tally *live_tally_open(uint32_t max_bins)
{
	struct live_tally *t = calloc(1, sizeof(*t) + (size_t)max_bins * 2 * LIVE_SUMS * sizeof(uint64_t));
	uint64_t *at;

	if (!t)
		return NULL;
	at = (uint64_t *)(t + 1);
	for (unsigned i = 0; i < LIVE_SUMS; i++) {
		t->sum[i] = at + (size_t)2 * i * max_bins;
		t->count[i] = t->sum[i] + max_bins;
	}
	return t;
}

static void clear_curves(struct live_tally *t)
{
	for (unsigned i = 0; i < LIVE_SUMS; i++)
		if (t->n[i]) {
			memset(t->sum[i], 0, t->n_bins * sizeof(uint64_t));
			memset(t->count[i], 0, t->n_bins * sizeof(uint64_t));
			t->n[i] = 0;
		}
	if (t->n_peaks)
		memset(t->peaks, 0, sizeof(t->peaks));
	t->n_peaks = 0;
	t->n_bins = 0;
}

void live_tally_clear(struct live_tally *t)
{
	clear_curves(t);
	t->newest_ns = t->run = t->n_unsampled = 0;
	t->n_samples = 0;
}

static void add_profile(struct live_tally *t, unsigned which, const struct record *r)
{
	uint64_t *restrict sum = t->sum[which], *restrict count = t->count[which];

	for (uint32_t b = 0; b < r->n_bins; b++) {
		sum[b] += r->radial.bin_sum[b];
		count[b] += r->radial.bin_count[b];
	}
	t->n[which]++;
}

static void add_peaks(struct live_tally *t, const struct record_spots *spots, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		float column = 1 / (spots->d[i] * (float)LIVE_PEAK_STEP), row = log2f((float)spots->max[i]) * LIVE_PEAK_PER_OCTAVE;

		if (column >= 0 && column < LIVE_PEAK_COLUMNS && row >= 0 && row < LIVE_PEAK_ROWS)
			t->peaks[(uint32_t)row * LIVE_PEAK_COLUMNS + (uint32_t)column]++;
	}
	t->n_peaks += n;
}

/* Curves are of one run, the newest: when it begins, what the one before still had in here is let go. */
static void add_curves(struct live_tally *t, const struct record *r, bool hit)
{
	if (r->run < t->run)
		return;
	if (r->run > t->run || (r->n_bins && t->n_bins && r->n_bins != t->n_bins))
		clear_curves(t);
	t->run = r->run;
	if (r->n_bins) {
		t->n_bins = r->n_bins;
		add_profile(t, LIVE_ALL, r);
		if (hit)
			add_profile(t, LIVE_HITS_ONLY, r);
	}
	add_peaks(t, &r->spots, r->n_listed_spots);
}

static void add_sample(struct live_tally *t, const struct slot *slot, const struct record *r)
{
	if (t->n_samples == LIVE_SAMPLES) {
		t->n_unsampled++;
		return;
	}
	t->sample[t->n_samples++] = (struct live_sample){
		.run = r->run, .image_id = r->image_id, .n_spots = (float)r->n_spots, .d_min = (float)r->d_min, .background = (float)r->background,
		.ice = (float)r->ice, .score = (float)r->score, .analysed = slot->status == RECORD_ANALYSED, .hit = slot->hit,
	};
}

/* --- offers ------------------------------------------------------------------------------------------------------------ */

static void copy_columns(const struct live_tap *tap, struct record *to, const struct record *from)
{
	struct record_spots spots = to->spots;
	struct record_radial radial = to->radial;
	uint32_t n = from->n_listed_spots < tap->max_spots ? from->n_listed_spots : tap->max_spots;

	*to = *from;
	to->spots = spots;
	to->radial = radial;
	to->n_listed_spots = n;
	memcpy(spots.x, from->spots.x, n * sizeof(*spots.x));
	memcpy(spots.y, from->spots.y, n * sizeof(*spots.y));
	memcpy(spots.sum, from->spots.sum, n * sizeof(*spots.sum));
	memcpy(spots.n_px, from->spots.n_px, n * sizeof(*spots.n_px));
	memcpy(spots.max, from->spots.max, n * sizeof(*spots.max));
	memcpy(spots.d, from->spots.d, n * sizeof(*spots.d));
	memcpy(radial.bin_sum, from->radial.bin_sum, from->n_bins * sizeof(*radial.bin_sum));
	memcpy(radial.bin_count, from->radial.bin_count, from->n_bins * sizeof(*radial.bin_count));
	memcpy(radial.intensity, from->radial.intensity, from->n_bins * sizeof(*radial.intensity));
	memcpy(radial.sigma, from->radial.sigma, from->n_bins * sizeof(*radial.sigma));
}

static bool fill_offer(struct live_tap *tap, struct live_offer *offer, struct slot *slot)
{
	offer->image = slot->decoded.image;
	if (offer->image.n_channels > tap->channels || message_share(&offer->message, &slot->message) < 0)
		return false;
	for (uint32_t i = 0; i < offer->image.n_channels; i++)
		if (!message_follow(&offer->image.channel[i].pixels.bytes, &slot->message, &offer->message)) {
			message_close(&offer->message);
			return false;
		}
	offer->id = ++tap->next_id;
	offer->run = slot->run->number;
	offer->received_unix_ns = slot->received_unix_ns;
	offer->status = slot->status;
	offer->hit = slot->hit;
	offer->kept = slot->kept;
	for (uint32_t i = 0; i < offer->image.n_channels; i++) {
		const struct plan_ref *plan = slot->outcome[i].status == RECORD_ANALYSED ? slot->outcome[i].plan : NULL;

		offer->run_channel[i] = slot->run_channel[i];
		offer->plan[i] = plan;
		if (plan)
			atomic_fetch_add_explicit(&((struct plan_ref *)plan)->holders, 1, memory_order_relaxed);
		copy_columns(tap, &offer->record[i], &slot->outcome[i].record);
	}
	return true;
}

static void offer_frame(struct live_tap *tap, struct slot *slot)
{
	uint32_t place;

	if (!ring_pop(&tap->free_offers, &place))
		return;
	if (!fill_offer(tap, &tap->offer[place], slot)) {
		tap->offer[place].id = 0; /* it goes back unused */
		tap->offer[place].image.n_channels = 0;
	}
	ring_push(&tap->offered, place);
}

/* --- what publish calls ------------------------------------------------------------------------------------------------ */

void live_tap_turn(struct live_tap *tap)
{
	struct live_tally *empty;

	if (!atomic_load_explicit(&tap->empty, memory_order_relaxed))
		return;
	empty = atomic_exchange_explicit(&tap->empty, NULL, memory_order_acquire);
	atomic_store_explicit(&tap->full, tap->mine, memory_order_release);
	tap->mine = empty;
}

void live_tap_frame(struct live_tap *tap, struct slot *slot)
{
	const struct record *r = &slot->outcome[0].record;

	tap->mine->newest_ns = slot->received_ns;
	add_sample(tap->mine, slot, r);
	add_curves(tap->mine, r, slot->hit);
	if (slot->hit || atomic_load_explicit(&tap->latest_wanted, memory_order_relaxed)) {
		atomic_store_explicit(&tap->latest_wanted, false, memory_order_relaxed);
		offer_frame(tap, slot);
	}
	live_tap_turn(tap);
}

void live_tap_run(struct live_tap *tap, const struct run *run, uint32_t place, enum live_run_news news, uint64_t unix_ns)
{
	struct live_run_event *e = &tap->run_event[tap->next_event % (2 * LIVE_RUN_EVENTS)];

	if (ring_count(&tap->run_events) >= LIVE_RUN_EVENTS)
		return;
	*e = (struct live_run_event){
		.news = news, .number = run->number, .series_id = run->identity.series_id, .announced = run->announced, .unix_ns = unix_ns,
		.place = place, .closed_by = run->closed_by,
	};
	memcpy(e->series_unique_id, run->identity.series_unique_id, sizeof(e->series_unique_id));
	for (enum ledger_term t = 0; t < LEDGER_TERMS; t++)
		e->count[t] = ledger_get(&run->ledger, t);
	ring_push(&tap->run_events, tap->next_event++ % (2 * LIVE_RUN_EVENTS));
}

/* --- opening ----------------------------------------------------------------------------------------------------------- */

static uint8_t *carve(uint8_t **at, size_t bytes)
{
	uint8_t *here = *at;

	*at += (bytes + 63) & ~(size_t)63;
	return here;
}

static void lay_out(const struct live_tap *tap, struct record *r, uint8_t **at)
{
	r->spots.x = (double *)carve(at, tap->max_spots * sizeof(double));
	r->spots.y = (double *)carve(at, tap->max_spots * sizeof(double));
	r->spots.sum = (uint64_t *)carve(at, tap->max_spots * sizeof(uint64_t));
	r->spots.n_px = (uint32_t *)carve(at, tap->max_spots * sizeof(uint32_t));
	r->spots.max = (uint32_t *)carve(at, tap->max_spots * sizeof(uint32_t));
	r->spots.d = (float *)carve(at, tap->max_spots * sizeof(float));
	r->radial.bin_sum = (uint64_t *)carve(at, tap->max_bins * sizeof(uint64_t));
	r->radial.bin_count = (uint32_t *)carve(at, tap->max_bins * sizeof(uint32_t));
	r->radial.intensity = (float *)carve(at, tap->max_bins * sizeof(float));
	r->radial.sigma = (float *)carve(at, tap->max_bins * sizeof(float));
}

int live_tap_open(struct live_tap *tap, uint32_t channels, uint32_t max_bins, uint32_t max_spots)
{
	size_t bytes;
	uint8_t *at;
	int rc;

	memset(tap, 0, sizeof(*tap));
	tap->channels = channels;
	tap->max_bins = max_bins;
	tap->max_spots = max_spots < LIVE_SPOTS_MAX ? max_spots : LIVE_SPOTS_MAX;
	bytes = (size_t)LIVE_OFFERS * channels * ((size_t)tap->max_spots * 36 + (size_t)max_bins * 20 + 10 * 64);
	tap->mine = live_tally_open(max_bins);
	if (!tap->mine)
		return -ENOMEM;
	rc = memory_open(&tap->memory, bytes, -1, false); /* address space: what is never used costs nothing */
	if (rc == 0)
		rc = ring_open(&tap->free_offers, LIVE_OFFERS);
	if (rc == 0)
		rc = ring_open(&tap->offered, LIVE_OFFERS);
	if (rc == 0)
		rc = ring_open(&tap->run_events, LIVE_RUN_EVENTS);
	if (rc < 0)
		return rc;
	at = tap->memory.at;
	for (uint32_t i = 0; i < LIVE_OFFERS; i++) {
		for (uint32_t c = 0; c < channels; c++)
			lay_out(tap, &tap->offer[i].record[c], &at);
		ring_push(&tap->free_offers, i);
	}
	return 0;
}

void live_tap_close(struct live_tap *tap)
{
	for (unsigned i = 0; i < LIVE_OFFERS; i++)
		message_close(&tap->offer[i].message);
	free(tap->mine);
	free(atomic_load_explicit(&tap->empty, memory_order_relaxed));
	free(atomic_load_explicit(&tap->full, memory_order_relaxed));
	ring_close(&tap->free_offers);
	ring_close(&tap->offered);
	ring_close(&tap->run_events);
	memory_close(&tap->memory);
	memset(tap, 0, sizeof(*tap));
}
