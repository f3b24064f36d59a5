/* live.h - what the screen knows: the last frames and hits, and what was summed up over the newest run. Shared by the live lane, which gathers it, and the serve
 * lane, which says it, under one lock; no other lane ever takes that lock.
 *
 * Decoding is done by the live lane alone, outside the lock: the serve lane asks for it by a job and is woken when it is done. */
#ifndef PIPELINE_LIVE_H
#define PIPELINE_LIVE_H

#include "host/http.h"
#include "host/lock.h"
#include "kernels/plan.h"
#include "pipeline/live_tap.h"
#include "pipeline/node.h"

#define LIVE_HITS 50
#define LIVE_RUNS 64
#define LIVE_PINNED 64
#define LIVE_BINS 2048
#define LIVE_RECENT 900
#define LIVE_ROWS 300
#define LIVE_ROW_BINS 256
#define LIVE_RING_POINTS 73
#define LIVE_RINGS_MAX 16
#define LIVE_SCENES 32
#define LIVE_MAP_MAX (1u << 22)

/* --- scenes: what was known when a frame was analysed, kept beyond the life of its plan ------------------------------------------- */

struct live_ring {
	double d;                   /* Angstrom */
	bool ice;
	float x[LIVE_RING_POINTS], y[LIVE_RING_POINTS]; /* pixels; NaN: it does not meet the detector's plane there */
};

struct live_scene {
	unsigned refs;
	uint64_t version, mask_version; /* of the plan; of the first one with the same mask and geometry */
	struct config config;       /* the settings */
	struct image_shape shape;
	struct geometry geometry;
	uint64_t saturation_value;
	bool max_minus_1_invalid;
	uint8_t *mask;              /* a bit per pixel: 1 use */
	enum radial_unit unit;
	uint32_t n_bins, n_radial, n_sectors;
	double radial_min, radial_max;
	double *axis, *q, *norm;    /* n_bins each */
	uint32_t *static_count;
	unsigned n_rings;
	struct live_ring ring[LIVE_RINGS_MAX];
};

/* NULL: not enough memory. The caller holds the plan. */
struct live_scene *live_scene_make(const struct plan_ref *ref, const struct live_scene *like);
void live_scene_drop(struct live_scene *scene); /* takes NULL; under the lock */

/* --- frames ----------------------------------------------------------------------------------------------------------------------- */

struct live_channel {
	char name[STREAM_NAME_MAX];
	struct stream_array pixels; /* spans lie in the frame's message */
	struct live_scene *scene;   /* NULL: it was not analysed */
	struct record record;       /* its columns are the frame's */
};

struct live_frame {
	unsigned refs;              /* under the lock */
	uint64_t id, run, series_id, image_id, unix_ns;
	enum record_status status;
	bool hit, kept;
	char reason[32];
	struct message message;
	size_t bytes;
	uint32_t n_channels;
	struct live_channel channel[];
};

void live_frame_drop(struct live_frame *frame); /* takes NULL; under the lock */

struct live_frames {
	unsigned n_hits;
	struct live_frame *hit[LIVE_HITS], *latest; /* oldest first; latest may be the newest hit */
	size_t bytes, budget_bytes; /* of the hits */
	uint64_t changed;           /* counts new hits */
	struct live_frame *pinned[LIVE_PINNED]; /* what somebody has frozen on a screen; the serve lane's */
};

/* --- what is summed up ------------------------------------------------------------------------------------------------------------ */

struct live_bin {
	uint64_t changed;           /* the round that changed it last */
	uint32_t frames, analysed, hits, resolved, backgrounds, ices;
	float d_min_best;
	double spots, d_min, background, ice;
};

struct live_bins {
	double width;               /* grows by doubling */
	uint32_t n;                 /* bins in use */
	uint64_t epoch;             /* the round in which it began anew or its width changed */
	struct live_bin bin[LIVE_BINS];
};

struct live_recent { /* a second of the node */
	float frames_per_s, bytes_per_s, written_bytes_per_s, p50_ms, p95_ms, p99_ms, slots, memory, load_work, load_busiest;
};

struct live_row {
	double seconds;
	float value[LIVE_ROW_BINS];
};

struct live_sums {
	uint64_t n;
	uint64_t *sum, *count;      /* plan_bins_max each */
};

struct live_curves {
	uint64_t run;               /* of all below; 0: none yet */
	double origin_unix_s;
	struct live_bins time, number;
	uint32_t n_bins;
	struct live_scene *scene;   /* axis and norms; NULL: none yet */
	struct live_sums all, hits, second; /* second: since the last row */
	float *last;                /* n_bins; the newest offered frame's */
	uint64_t n_last;
	uint64_t profiles_changed, rows_changed, peaks_changed, map_changed; /* rounds */
	uint32_t n_rows;            /* taken in this run */
	struct live_row row[LIVE_ROWS]; /* row i is at i % LIVE_ROWS */
	uint64_t peaks[LIVE_PEAK_ROWS * LIVE_PEAK_COLUMNS];
	uint64_t announced;
	struct { uint32_t n, room; float *score, *n_spots, *d_min, *background; } map; /* by image number */
};

struct live_run {
	uint64_t number, series_id, announced, began_unix_ns;
	char series_unique_id[STREAM_NAME_MAX];
	uint32_t place;
	bool ended;
	const char *closed_by;
	uint64_t count[LEDGER_TERMS]; /* once it has ended */
};

/* --- jobs: what the live lane does for the serve lane ------------------------------------------------------------------------------ */

enum live_task { LIVE_TILE, LIVE_MASK, LIVE_PNG, LIVE_TIFF, LIVE_TRIAL };
enum live_scale { LIVE_LINEAR, LIVE_SQRT, LIVE_LOG };

struct live_view {
	uint32_t channel, bin;      /* bin 0: automatic */
	bool whole;                 /* no region */
	bool exact;                 /* in the frame's own type of pixel */
	uint32_t x, y, width, height;
	uint32_t most_pixels;       /* of the tile: where it would have more the bin is larger; 0: any number */
};

struct live_job {
	struct live_job *next;
	enum live_task task;
	uint64_t ticket;            /* of the request; 0: for a WebSocket */
	uint64_t client;            /* the WebSocket */
	bool monitor;               /* in the detector's own dialect */
	struct live_frame *frame;   /* held */
	struct live_view view;
	enum live_scale scale;
	bool limits;                /* low and high are given */
	uint32_t low, high;
	struct config *trial;       /* the settings to try; the job's */
	struct http_answer answer;  /* when it is done */
};

/* --- all of it -------------------------------------------------------------------------------------------------------------------- */

struct live_decoded { /* the live lane's own: the last frame decoded */
	uint64_t frame;
	uint32_t channel;
	struct image_shape shape;
	void *pixels;
	size_t room;
};

struct live_cached { /* the last tile */
	uint64_t frame;
	struct live_view view;
	struct http_blob *blob;
};

struct live {
	struct node *node;
	struct live_tap tap;
	struct lock lock;
	/* under the lock */
	uint64_t round;             /* counts what was gathered; whoever shows it remembers the last one shown */
	struct live_frames frames;
	struct live_curves curves;
	unsigned n_runs;
	struct live_run run[LIVE_RUNS]; /* oldest first */
	uint64_t start_unix_ns, start_ns, newest_ns;
	uint64_t n_recent;
	struct live_recent recent[LIVE_RECENT]; /* second i is at i % LIVE_RECENT */
	float load[NODE_LANES_MAX]; /* NaN: not known */
	struct live_scene *scene[LIVE_SCENES]; /* the newest ones, each held */
	unsigned next_scene;
	struct live_job *asked, *asked_last, *done;
	struct http *http;          /* to be woken when a job is done; NULL: not yet, or no more */
	uint64_t pictures_after_ns; /* pace of pictures that come by themselves */
	uint64_t samples_missed;    /* frames that are in no series of numbers */
	/* the live lane's own */
	struct live_tally *spare;
	uint64_t next_tally_ns, next_second_ns, next_latest_ns;
	struct live_decoded decoded;
	struct live_cached cached;
	struct live_pulse *pulse;
};

/* live_frames.c */
struct live_frame *live_frame_take(struct live *live, struct live_offer *offer); /* empties the offer; NULL: nothing in it, or no memory */
void live_frames_put(struct live_frames *frames, struct live_frame *frame);      /* takes it over */
struct live_frame *live_frames_find(struct live_frames *frames, const char *name);/* "latest", "hit" or an id; a hold on it, or NULL */
void live_frames_clear(struct live_frames *frames);

/* live_curves.c, live_history.c, live_map.c: under the lock */
int live_curves_open(struct live_curves *curves, uint32_t max_bins);
void live_curves_close(struct live_curves *curves);
void live_curves_begin(struct live *live, uint64_t run);
void live_curves_add(struct live *live, const struct live_tally *tally);
void live_curves_second(struct live *live);
void live_curves_frame(struct live *live, const struct live_frame *frame);
/* Mean intensity per bin; NaN where nothing was counted. */
void live_profile(const struct live_curves *curves, const struct live_sums *sums, float *out);
void live_history_begin(struct live_bins *bins, double width, uint64_t round);
void live_history_add(struct live_bins *bins, double at, const struct live_sample *sample, uint64_t round);
void live_map_add(struct live_curves *curves, const struct live_sample *sample);
struct live_grid { uint32_t rows, columns; bool snake, guessed; };
struct live_grid live_map_grid(const struct config *config, uint64_t n_frames);

/* live_pulse.c: a second of the node; the live lane alone, but the results, which it puts under the lock */
int live_pulse_open(struct live_pulse **out);
void live_pulse_close(struct live_pulse **pulse);
void live_pulse_look(struct live *live);   /* often: queues */
void live_pulse_second(struct live *live); /* once a second */
struct live_queue { char name[24]; uint64_t used, room; bool bytes; };
unsigned live_queues(struct node *node, struct live_queue *out, unsigned max);

/* live_jobs.c: the serve lane's side. The job is taken over; its frame must be held. */
void live_ask(struct live *live, struct live_job *job);
struct live_job *live_done(struct live *live); /* the next one that is done, or NULL; the caller's */
void live_job_free(struct live *live, struct live_job *job);
bool live_work(struct live *live); /* the live lane: one job; false: there is none */

/* live_image.c: the live lane alone */
struct live_tile { uint32_t x, y, bin, width, height, low, high, max; enum pixel_type type; bool hit; uint64_t id; void *pixels; };
int live_decode(struct live *live, const struct live_frame *frame, uint32_t channel); /* into live->decoded */
/* tile->pixels is malloc'ed. -EINVAL: the region makes no sense. */
int live_tile(struct live *live, const struct live_frame *frame, const struct live_view *view, struct live_tile *tile);
int live_mask_tile(const struct live_frame *frame, const struct live_view *view, struct live_tile *tile);
struct http_blob *live_tile_blob(const struct live_tile *tile);

/* live_trial.c */
int live_trial(struct live *live, const struct live_frame *frame, uint32_t channel, const struct config *config, struct http_answer *out);

/* live.c */
extern const struct lane_spec live_lane;

#endif
