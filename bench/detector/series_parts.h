/* series_parts.h - what the files of a series share; for bench/detector/series*.c only. */
#ifndef BENCH_DETECTOR_SERIES_PARTS_H
#define BENCH_DETECTOR_SERIES_PARTS_H

#include "bench/detector/random.h"
#include "bench/detector/series.h"

/* Each fault draws for itself. */
enum fault { FAULT_DROP = 1, FAULT_DUPLICATE, FAULT_REORDER, FAULT_DAMAGE, FAULT_TRUNCATE, FAULT_CUT, FAULT_LATE, FAULT_GARBAGE };

/* A frame, or the second copy of one, that is to be sent now or later. */
struct waiting {
	uint64_t image_id, due; /* due: before the frame of this number is past */
	uint32_t entry;
	uint16_t flags;         /* enum truth_flag, as far as decided */
	bool second;            /* copy */
};

struct waiting_list {
	struct waiting *at;
	size_t n, room;
};

struct series {
	const struct series_context *context;
	const struct settings *settings;
	struct pool *pool;
	const struct truth_series *identity;
	struct truth_totals totals;
	uint64_t key;               /* of all decisions in this series */
	uint64_t hits, misses;      /* frames of each so far */
	uint64_t turn;              /* of the endpoints */
	uint64_t began_ns, frame_ns;
	struct waiting_list held, late;
	struct truth_frame *frame;  /* per image_id; NULL where the truth is not wanted */
	uint64_t frame_room;
	char date[STREAM_TEXT_MAX];
	uint8_t user_data[STREAM_TEXT_MAX + 4];
	struct span image_user_data;
	char *message;
	size_t message_bytes;
};

/* Is this fault for this frame? */
static inline uint64_t series_fault_key(const struct series *s, enum fault fault)
{
	return random_mix(s->key + fault);
}

static inline bool series_chosen(const struct series *s, const struct frame_choice *choice, enum fault fault, uint64_t image_id)
{
	return (choice->share > 0 || choice->n_ranges) && frame_chosen(choice, series_fault_key(s, fault), image_id);
}

/* Each sends one message (to all endpoints that get it) and notes it. Errors as series_send's. */
int series_send_start(struct series *s);
int series_send_end(struct series *s, bool may_drop);
int series_send_frame(struct series *s, const struct waiting *frame);
int series_send_nonsense(struct series *s, size_t bytes, uint64_t image_id, bool garbage);
void series_dates(struct series *s); /* fills date and image_user_data */

#endif
