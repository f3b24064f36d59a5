/* ledger.h - where every frame of a run ended, counted where it happens.
 *
 * Terms are counted by the lane in which the thing happens, never computed from others. Sub-terms (reasons) are counted together with
 * their term. ledger_check holds the equations of the design; they hold at any moment when no frame is under way. */
#ifndef PIPELINE_LEDGER_H
#define PIPELINE_LEDGER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "host/record.h"
#include "host/stream.h"

enum ledger_term {
	LEDGER_MESSAGES,    /* frames that arrived in whatever state */
	LEDGER_RECEIVED, LEDGER_DUPLICATE, LEDGER_LATE, LEDGER_UNREADABLE,
	LEDGER_ANNOUNCED, LEDGER_BEFORE_JOIN, LEDGER_MISSING, LEDGER_NOT_SENT,
	LEDGER_ANALYSED, LEDGER_UNANALYSED, LEDGER_INVALID,
	LEDGER_HITS,        /* of the analysed */
	LEDGER_KEPT, LEDGER_RELEASED,
	LEDGER_WRITTEN, LEDGER_FAILED,
	LEDGER_SENT, LEDGER_UNSENT,
	/* reasons */
	LEDGER_UNREADABLE_REASON, /* + enum stream_refusal */
	LEDGER_LATE_CLOSED = LEDGER_UNREADABLE_REASON + STREAM_REFUSALS, LEDGER_LATE_RETIRED,
	LEDGER_NO_PLAN, LEDGER_PLAN_FAILED, LEDGER_OVERLOAD, LEDGER_ENGINE_FAILED, /* of unanalysed */
	LEDGER_BAD_FRAMING, LEDGER_BAD_BLOCK, LEDGER_SHAPE_DIFFERS, LEDGER_CHANNEL_UNKNOWN, /* of invalid */
	LEDGER_DISK_FULL, LEDGER_IO_ERROR, LEDGER_BACKLOG, LEDGER_NO_FILE, /* of failed */
	LEDGER_NO_CONSUMER, LEDGER_QUEUE_FULL, LEDGER_STALLED, LEDGER_UNFIT, /* of unsent */
	/* beside the equations */
	LEDGER_RESULTS_UNWRITTEN, /* results that did not reach the file */
	LEDGER_CONSUMER_LEFT,     /* consumers of frames that disconnected with frames under way */
	LEDGER_ENGINE_FALLBACK,   /* frames that an engine failed on and the next one analysed */
	LEDGER_DETECTOR_DROPPED,  /* what the detector itself says it dropped (input.simplon) */
	LEDGER_TERMS
};

struct ledger {
	_Atomic uint64_t count[LEDGER_TERMS]; /* relaxed: mere counts; whoever needs them final learns it through the run's state */
	struct ledger *total;                 /* counted along; NULL: none */
};

void ledger_add(struct ledger *ledger, enum ledger_term term, uint64_t n);
/* Counts a reason and its term. */
void ledger_add_reason(struct ledger *ledger, enum ledger_term reason);
uint64_t ledger_get(const struct ledger *ledger, enum ledger_term term);

const char *ledger_name(enum ledger_term term);               /* "unreadable.bad_json" */
const char *ledger_words(enum ledger_term term);              /* for people: what it means */
enum ledger_term ledger_parent(enum ledger_term term);        /* of a reason; LEDGER_TERMS: it has none */
bool ledger_is_loss(enum ledger_term term);                   /* a term (no reason) that people should see as soon as it is not zero */

struct ledger_sinks { bool files, frames; };                  /* which are enabled */
/* True where every equation holds; else broken says which one with its numbers. */
bool ledger_check(const struct ledger *ledger, struct ledger_sinks sinks, char *broken, size_t broken_bytes);
/* All terms as name and value, for the end message and files; counts must have LEDGER_TERMS entries. missing is called
 * elsewhere where the socket is shared. Returns how many. */
size_t ledger_list(const struct ledger *ledger, bool shared, struct record_count *counts);
/* One readable table; returns the length. */
size_t ledger_print(const struct ledger *ledger, struct ledger_sinks sinks, bool shared, char *text, size_t text_bytes);

#endif
