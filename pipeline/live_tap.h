/* live_tap.h - where the screen's lane taps the way of the frames: what publish tells the live lane, at a bounded cost and without waiting.
 *
 * Publish sums up what it lets out in a tally of its own and hands it over when the live lane has asked, ten times a second; and it offers frames (a second
 * hold on the message, a copy of the results) as long as the live lane leaves places for them: never more than it takes. No slot is held, nothing is
 * allocated, and whether one screen is open or ten makes no difference here. */
#ifndef PIPELINE_LIVE_TAP_H
#define PIPELINE_LIVE_TAP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "host/memory.h"
#include "host/message.h"
#include "host/record.h"
#include "host/stream.h"
#include "pipeline/ledger.h"
#include "pipeline/ring.h"

#define LIVE_SAMPLES 16384     /* frames of one tally whose numbers are kept one by one */
#define LIVE_OFFERS 9
#define LIVE_SPOTS_MAX 20000   /* of a channel, in what is shown */
#define LIVE_RUN_EVENTS 64
#define LIVE_PEAK_COLUMNS 160
#define LIVE_PEAK_ROWS 96
#define LIVE_PEAK_STEP 0.01    /* 1/Angstrom */
#define LIVE_PEAK_PER_OCTAVE 4

struct slot;
struct run;
struct plan_ref;

/* What is shown of every frame; its first channel's numbers. NaN: not known. */
struct live_sample {
	uint64_t run, image_id;
	float n_spots, d_min, background, ice, score;
	bool analysed, hit;
};

enum { LIVE_ALL, LIVE_HITS_ONLY, LIVE_SUMS };

struct live_tally {
	uint64_t newest_ns;            /* monotonic arrival of the newest frame; 0: none */
	uint64_t n_unsampled;          /* frames that found no place in sample */
	/* curves, of frames of the newest run alone */
	uint64_t run;
	uint32_t n_bins;
	uint64_t n[LIVE_SUMS];
	uint64_t *sum[LIVE_SUMS], *count[LIVE_SUMS];
	uint64_t n_peaks;
	uint32_t peaks[LIVE_PEAK_ROWS * LIVE_PEAK_COLUMNS];
	uint32_t n_samples;
	struct live_sample sample[LIVE_SAMPLES];
};

struct live_offer {
	struct message message;
	struct stream_image image;     /* its spans lie in the message above */
	uint64_t id, run, received_unix_ns;
	enum record_status status;
	bool hit, kept;
	uint32_t run_channel[STREAM_CHANNELS_MAX];
	const struct plan_ref *plan[STREAM_CHANNELS_MAX]; /* held for the live lane, which gives it up; NULL: none */
	struct record record[STREAM_CHANNELS_MAX];
};

enum live_run_news { LIVE_RUN_BEGAN, LIVE_RUN_ENDED };

struct live_run_event {
	enum live_run_news news;
	uint64_t number, series_id, announced, unix_ns;
	char series_unique_id[STREAM_NAME_MAX];
	uint32_t place;                /* in the run table */
	const char *closed_by;
	uint64_t count[LEDGER_TERMS];  /* at the end */
};

struct live_tap {
	struct live_tally *mine;                   /* publish's own */
	_Atomic(struct live_tally *) empty;        /* asked for: release by live, acquire by publish, which takes it away */
	_Atomic(struct live_tally *) full;         /* given: release by publish, acquire by live, which takes it away */
	_Atomic bool latest_wanted;                /* relaxed: a wish */
	uint64_t next_id;
	struct ring free_offers, offered;          /* live -> publish -> live */
	struct live_offer offer[LIVE_OFFERS];
	struct ring run_events;                    /* publish -> live: places in run_event */
	uint32_t next_event;
	struct live_run_event run_event[2 * LIVE_RUN_EVENTS]; /* twice what may wait, so that none is overwritten while it is read */
	struct memory memory;
	uint32_t channels, max_bins, max_spots;
};

int live_tap_open(struct live_tap *tap, uint32_t channels, uint32_t max_bins, uint32_t max_spots);
void live_tap_close(struct live_tap *tap);
struct live_tally *live_tally_open(uint32_t max_bins);
void live_tally_clear(struct live_tally *tally);

/* Publish alone, of every frame it lets out, before its plans are given up. */
void live_tap_frame(struct live_tap *tap, struct slot *slot);
/* Publish alone, at the beginning and the end of a run. */
void live_tap_run(struct live_tap *tap, const struct run *run, uint32_t place, enum live_run_news news, uint64_t unix_ns);
/* Publish alone, at every turn: hands over what was asked for. */
void live_tap_turn(struct live_tap *tap);

#endif
