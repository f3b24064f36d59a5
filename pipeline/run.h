/* run.h - the runs a node knows of: which messages belong to which, what they were to hold, and when one is over.
 *
 * A run begins with every start message (even one with a known id) or with the first frame of an unknown series. admit alone opens,
 * feeds and closes runs; publish marks them done; then admit may use the place again, and remembers the identity of what it held so
 * that late frames are known for what they are. */
#ifndef PIPELINE_RUN_H
#define PIPELINE_RUN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "host/stream.h"
#include "pipeline/idset.h"
#include "pipeline/latency.h"
#include "pipeline/ledger.h"

#define RUNS_OPEN_MAX 16
#define RUNS_REMEMBERED_MAX 4096

struct slot;
struct plan_ref;

/* How far publish has come with ending a run, whose end message is on its way: forward is told, forward is done, the writer is told, it is done. */
enum run_closing { CLOSING_NOT, CLOSING_TELL, CLOSING_FRAMES, CLOSING_FILES, CLOSING_WRITTEN };

enum run_state { RUN_FREE, RUN_OPEN, RUN_CLOSING, RUN_DONE };
enum plan_state { PLAN_NONE, PLAN_ASKED, PLAN_READY, PLAN_FAILED };

#define PLAN_USES 4 /* plans of one channel with frames under way; another one waits until the oldest has none any more */

/* A plan that frames of a channel are dealt out with. */
struct plan_use {
	const struct plan_ref *ref;   /* NULL: free */
	uint64_t dealt;
	_Atomic uint64_t let_out;     /* release by publish after its last look at the plan; pairs with admit's acquire before it gives the plan up */
};

/* A channel as the start announced it, or, where that says too little, as the run's first frame with it has it. */
struct run_channel {
	char name[STREAM_NAME_MAX];
	uint32_t width, height;
	uint8_t elem_bytes;
	_Atomic int plan_state;       /* enum plan_state; READY is stored with release by the planner, after plan, and pairs with admit's acquire */
	const struct plan_ref *plan;  /* the first one, kept until the run is done; may be shared with other runs */
	const char *radial_off;       /* why this run has no radial integration, ""; stored with the plan */
	/* plans that came after it, when settings were changed (retune.h); admit's own but for the two atomics */
	_Atomic int renew_state;      /* enum plan_state of `renewed`, as plan_state */
	const struct plan_ref *renewed;
	uint64_t renew_version;       /* of the settings that it was last asked with */
	uint32_t use_now;
	struct plan_use use[PLAN_USES];
};

struct run_identity {
	uint32_t group;
	uint64_t series_id;
	char series_unique_id[STREAM_NAME_MAX];
};

struct run {
	_Atomic int state;            /* enum run_state; DONE is stored with release by publish and pairs with admit's acquire */
	uint64_t number;              /* from 1 */
	struct run_identity identity;
	enum stream_dialect dialect;
	bool shared;                  /* other receivers pull from the same socket */
	bool joined_late;             /* no start message was seen */
	uint64_t announced;           /* frames announced; 0: unknown */
	uint64_t start_sources;       /* bit per receiving lane that a start of this run came by */
	struct slot *start, *end;     /* held until the run is done; NULL: not seen */
	struct idset *ids;
	bool any;                     /* a frame was received */
	_Atomic uint64_t gaps;        /* numbers up to the highest that have not come, while it is open: for people, who want to know before it is over. relaxed */
	uint64_t lowest, highest;     /* image_ids received */
	uint64_t seen;                /* distinct ones */
	uint64_t last_ns, end_ns;     /* last message, end message (0: none) */
	uint64_t deaf_ns;             /* until when the node itself did not listen: no silence of the detector's */
	const char *closed_by;
	_Atomic uint32_t n_channels;  /* release by admit after the new channel's name; acquire by the plan and write lanes */
	struct run_channel channel[STREAM_CHANNELS_MAX];
	uint32_t n_waiting;           /* slots that wait for the plan or a worker, linked by their next */
	uint32_t waiting_head, waiting_tail;
	struct ledger ledger;
	struct latency latency;       /* from zmq_msg_recv's return to the result sent */
	_Atomic bool frames_done, files_done; /* release by forward / write when their last frame is counted; acquire in publish */
	/* publish's own */
	enum run_closing closing;
	bool results_started;
	bool on_screen;               /* the screen was told of it */
	uint64_t first_frame_ns, last_frame_ns;
	uint64_t bytes;
};

struct run_table {
	struct run run[RUNS_OPEN_MAX];
	uint64_t last_number;
	uint32_t n_remembered, next_remembered, max_remembered;
	struct run_identity remembered[RUNS_REMEMBERED_MAX];
};

struct run_timing {
	uint64_t quiet_after_end_ns, quiet_ns;
};

int run_table_open(struct run_table *table, uint32_t remembered, struct ledger *total);
void run_table_close(struct run_table *table);

/* The newest open run of that identity; NULL: none. */
struct run *run_find(struct run_table *table, const struct run_identity *identity);
/* Was it a run that is closed now? */
bool run_was(const struct run_table *table, const struct run_identity *identity);
/* A free place, or NULL: all are in use by runs that are not done. */
struct run *run_open(struct run_table *table, const struct run_identity *identity, uint64_t now_ns);
/* No place is free: the open run that is to make room, the quietest one of the group with the most, one that was joined late if there is any. NULL:
 * wait, a run that is ending will leave its place soon. */
struct run *run_to_displace(struct run_table *table);
/* Is no run open, nor ending? */
bool run_all_free(const struct run_table *table);
/* Counts a frame's number in. */
enum idset_answer run_note(struct run *run, uint64_t image_id);
/* Is it over, and why ("end", "quiet"); NULL: not yet. */
const char *run_over(const struct run *run, const struct run_timing *timing, uint64_t now_ns);
/* Counts announced, before_join, missing and not_sent, and remembers the identity. */
void run_close(struct run_table *table, struct run *run, const char *closed_by);

#endif
