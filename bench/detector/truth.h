/* truth.h - what was really made and sent, written down for tests: one JSON object a line.
 *
 *   {"kind": "detector", ...}  once: seed, endpoints
 *   {"kind": "pool", ...}      per distinct frame: hit, ice, exact totals per channel, reflections [x, y, photons, d, strong]
 *   {"kind": "start", ...}     per series: ids, size, type, geometry, frames announced
 *   {"kind": "message", ...}   per start, end, garbage and oversize message: its order among all messages
 *   {"kind": "frame", ...}     per announced frame in order of image_id: which pool entry, what was done to it, the order of its messages
 *   {"kind": "end", ...}       per series: the sums of the above
 * For series.c and main.c. */
#ifndef BENCH_DETECTOR_TRUTH_H
#define BENCH_DETECTOR_TRUTH_H

#include "bench/detector/pool.h"

/* What became of a frame. */
enum truth_flag {
	TRUTH_HIT = 1,
	TRUTH_DROPPED = 2,     /* announced, never sent */
	TRUTH_BLOCKED = 4,     /* never sent because nobody took it */
	TRUTH_DAMAGED = 8,     /* sent with a payload that does not decode (checked) */
	TRUTH_TRUNCATED = 16,  /* sent with a payload cut short */
	TRUTH_CUT = 32,        /* sent as a message cut short */
	TRUTH_LATE = 64,       /* sent after the end message */
	TRUTH_REORDERED = 128,
	TRUTH_UNREADABLE = 256 /* the recorded file could not give it */
};

struct truth_frame {
	uint32_t entry;        /* of the pool; recorded files: the frame of the file */
	uint16_t flags;
	uint8_t copies;        /* messages sent: at most 2 */
	uint8_t endpoint[2];
	uint64_t order[2];
};

struct truth_totals {
	uint64_t announced;    /* frames that had their turn */
	uint64_t messages;     /* with frames: copies included */
	uint64_t sent, dropped, blocked, duplicated, damaged, truncated, cut, late, reordered, garbage, oversize, unreadable, hits, hits_sent;
	bool start_sent, end_sent, interrupted;
};

struct truth_series {
	uint64_t number;       /* from 0, over the whole program */
	unsigned settings;     /* which of the list */
	uint64_t series_id;
	const char *unique_id;
};

struct truth;

/* path "" gives a truth that takes everything and writes nothing. */
int truth_open(struct truth **out, const char *path);
/* -EIO where something could not be written. */
int truth_close(struct truth **truth);
bool truth_wanted(const struct truth *truth);

void truth_detector(struct truth *truth, const struct options *options);
void truth_pool(struct truth *truth, unsigned settings, const struct pool *pool);
void truth_start(struct truth *truth, const struct truth_series *series, const struct settings *settings, const struct stream_start *start);
void truth_message(struct truth *truth, const struct truth_series *series, const char *what, uint64_t order, unsigned endpoint);
void truth_frames(struct truth *truth, const struct truth_series *series, const struct truth_frame *frames, uint64_t n, bool generated);
void truth_end(struct truth *truth, const struct truth_series *series, const struct truth_totals *totals);

#endif
