/* node.h - one running node: its lanes, rings, slots, runs and settings. What the steps share, and nothing else.
 *
 * Everything here is made by node_open and then only read, save what says otherwise. The way of a frame stands in graph.c. */
#ifndef PIPELINE_NODE_H
#define PIPELINE_NODE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "host/bell.h"
#include "host/thread.h"
#include "host/topology.h"
#include "pipeline/config.h"
#include "pipeline/engines.h"
#include "pipeline/hit.h"
#include "pipeline/ring.h"
#include "pipeline/run.h"
#include "pipeline/settings.h"
#include "pipeline/slot.h"

#define NODE_WORKERS_MAX 256
#define NODE_SAID_MAX 32
#define LANE_STEPS_MAX 6
#define NODE_AHEAD 16 /* frames dealt out to one worker before it asks for more: enough to hide the dealing, few enough to deal evenly */
#define NODE_SLOTS_PER_BATCH 4 /* a device's batch in hand, one in front of it, and as many elsewhere */
#define NODE_LANES_MAX (CONFIG_INPUTS_MAX + NODE_WORKERS_MAX + 9)

struct node;
struct lane;
struct frame_file;
struct parcels;
struct live;

/* A verb that a frame passes. Knows nothing of threads. One of the two functions. */
struct step {
	const char *name;
	void (*frame)(struct lane *lane, struct slot *slot);
	/* Takes several frames at once, which come first among a lane's steps: returns how many, from the first one on, and at least that; the
	 * others come again. */
	uint32_t (*batch)(struct lane *lane, struct slot *const *slots, uint32_t n);
};

enum lane_kind { LANE_RECEIVE, LANE_REPLAY, LANE_ADMIT, LANE_PLAN, LANE_WORK, LANE_PUBLISH, LANE_FORWARD, LANE_WRITE, LANE_SIMPLON, LANE_LIVE, LANE_SERVE };

/* A pinned thread that runs consecutive steps. One row of graph.c's table. */
struct lane_spec {
	const char *name;
	enum lane_kind kind;
	int (*open)(struct lane *lane, char *message, size_t message_bytes);
	bool (*turn)(struct lane *lane);  /* does what there is to do; false: nothing was */
	void (*close)(struct lane *lane); /* takes half-built lanes */
	const struct step *steps[LANE_STEPS_MAX]; /* of lanes that pass frames along, in order; NULL behind the last */
	uint32_t idle_us;                 /* longest sleep when nothing is to do */
	const char *does;                 /* in words */
};

struct lane {
	const struct lane_spec *spec;
	struct node *node;
	unsigned index;                   /* among the lanes of its kind */
	char name[16];
	struct thread thread;
	struct bell bell;
	void *state;                      /* the lane's own */
	/* With node_cfg.time_steps: CPU time of each step, how often it was taken, and how often the clock was asked in all. A frame's is in it before the
	 * frame is handed on. */
	uint64_t step_ns[LANE_STEPS_MAX], step_n[LANE_STEPS_MAX], clock_asked;
	int cpu, numa_node;               /* -1: any */
	size_t unrung_bytes;              /* of messages handed on since the next lane was told */
	struct slot **hand;               /* of lanes that pass frames along: those that pass the steps now, and those that are next */
	uint32_t n_hand, max_hand;        /* how many there are, and are to be at most: what is in hand nobody else can take */
	/* of lanes that analyse */
	int device;                       /* the open device that this one feeds; -1: it analyses in place */
	uint32_t serves;                  /* bit per open device: frames meant for these come here */
	_Atomic uint32_t ahead;           /* frames that may wait in front of it; relaxed: it suits what came last */
	_Atomic int clock;                /* of the processor time its thread takes; 0: not yet. relaxed */
	_Atomic uint64_t turns;           /* taken so far: it lives. relaxed */
	_Atomic bool finish;              /* main: no more will come; the lane returns when it is idle. release; pairs with the acquire in lane_body */
};

/* Called by publish for every record in order; may print. strong: NULL or the list. */
typedef void node_record_fn(void *user, const struct node *node, const struct record *record, uint32_t channel, const uint32_t *strong);

typedef void node_run_fn(void *user, const struct node *node, const struct run *run);

struct node_cfg {
	const struct config *config;
	const char *version;
	struct frame_file *file;          /* `process`: frames come from here instead of the inputs */
	bool patient;                     /* never shed: wait for whatever is slow */
	bool with_strong;
	bool time_steps;                  /* take the time of every step, at the price of asking for it: for the benchmark */
	node_record_fn *on_record;
	void *on_record_user;
	node_run_fn *on_run;              /* called by publish at the end of every run; NULL: nobody */
	void *on_run_user;
	const char *name;                 /* of the files; NULL: from the series */
	const struct engine *const *engines; /* instead of those in engine.order, ends with NULL; NULL: as configured */
};

struct node {
	struct node_cfg cfg;
	struct config config;
	char *config_text;                /* as it was at the start */
	struct settings_list settings;    /* versions of what may change meanwhile, from 1: the configuration at the start */
	struct topology topology;
	int card_node;                    /* NUMA node of the first input's network card; -1: unknown */
	struct engines engines;
	unsigned n_said;
	char said[NODE_SAID_MAX][320];    /* "engine NAME: ..." of every device that was looked at */
	struct ledger_sinks sinks;
	uint32_t n_sources;
	uint32_t n_workers, n_feeders;    /* lanes that analyse, and how many of them, the first, feed devices */
	uint32_t slots_per_source;
	uint64_t source_budget_bytes;
	uint32_t group_of[CONFIG_INPUTS_MAX];
	bool group_shared[CONFIG_INPUTS_MAX], group_fifo[CONFIG_INPUTS_MAX];
	uint32_t plan_bins_max;

	struct slot_pool pool;            /* frames, then one token per place in the run table */
	uint32_t n_frame_slots;
	struct run_table runs;
	struct ledger total;              /* of all runs, and of what belongs to none */
	struct latency latency;           /* of all runs */

	unsigned n_lanes;
	struct lane lane[NODE_LANES_MAX];
	struct lane *receive[CONFIG_INPUTS_MAX], *admit, *plan, *work[NODE_WORKERS_MAX], *publish, *forward, *write, *simplon, *live_lane, *serve;

	/* rings: named by what goes through them */
	struct ring arrived[CONFIG_INPUTS_MAX];       /* receive -> admit */
	struct ring refused[CONFIG_INPUTS_MAX];       /* admit -> receive: slots to use again */
	struct ring released[CONFIG_INPUTS_MAX];      /* publish -> receive: slots to use again */
	struct ring work_in[NODE_WORKERS_MAX];        /* admit -> work */
	struct ring work_out[NODE_WORKERS_MAX];       /* work -> publish */
	struct ring passed;                           /* admit -> publish: starts, tokens, frames that are not analysed */
	struct ring plans_asked;                      /* admit -> plan: run index * STREAM_CHANNELS_MAX + channel */
	struct ring to_write, written;                /* publish -> write -> publish */
	struct parcels *parcels;                      /* publish -> forward */
	struct live *live;                            /* publish -> live -> serve; NULL: there is no screen. The live lane's */

	/* state that others may look at */
	_Atomic uint64_t runs_done;                   /* release by publish; acquire by whoever waits for runs */
	_Atomic uint64_t bytes_in_flight[CONFIG_INPUTS_MAX]; /* relaxed: a budget, not a fact */
	_Atomic uint64_t deaf_ns[CONFIG_INPUTS_MAX];  /* when the source last had no slot to receive into; relaxed: admit asks for it again and again */
	_Atomic uint64_t consumer_waited_ns;          /* when publish last had to wait for a consumer of frames (when_blocked: wait); relaxed */
	_Atomic uint64_t bytes_received, bytes_written; /* relaxed: mere counts */
	_Atomic uint64_t detector_dropped[CONFIG_INPUTS_MAX]; /* per group, as the detector says; relaxed */
	_Atomic bool draining;                        /* main: no more input; close the runs. release after the receiving lanes have ended; pairs with the acquire in admit */
	_Atomic uint64_t connected;                   /* bit per receiving lane; relaxed */
	/* Of the newest run its series and its place in the run table; relaxed, before current_run. */
	_Atomic uint64_t current_series;
	_Atomic uint32_t current_place;
	_Atomic uint64_t current_run;                 /* number of the newest run. release by admit; pairs with the acquire in status.c */
};

/* Opens everything and starts the lanes. -errno with a message; -EINVAL: the user's mistake. */
int node_open(struct node **out, const struct node_cfg *cfg, char *message, size_t message_bytes);
/* Ends the input, closes the runs, lets everything under way finish, stops the lanes. The ledgers stay to be read. */
void node_drain(struct node *node);
/* Drains and takes everything apart; takes NULL and half-built nodes. */
void node_close(struct node **node);

/* graph.c: the way of a frame. Lists the lanes this node needs, and makes and unmakes its rings. */
int graph_lanes(struct node *node);
int graph_rings(struct node *node);
void graph_rings_close(struct node *node);
/* Prints the table: lanes, steps, rings and what happens when one is full. */
void graph_print(void);

/* lane.c */
int lane_start(struct lane *lane);
void lane_finish(struct lane *lane); /* waits until it has nothing left to do */
/* Takes what waits, as much as the lane can hold; false: nothing is in hand. Never waits for more. */
bool lane_take_frames(struct lane *lane, struct ring *in);
/* Passes what is in hand through the steps, as many together as these take, and each on as soon as it is done. */
void lane_pass_frames(struct lane *lane, struct ring *in, struct ring *out, struct lane *next);
/* place.c: gives each lane that matters a processor, near its card, or its device. */
void place_lanes(struct node *node);

static inline struct slot *node_slot(struct node *node, uint32_t index)
{
	return &node->pool.slot[index];
}

static inline uint32_t node_slot_index(const struct node *node, const struct slot *slot)
{
	return (uint32_t)(slot - node->pool.slot);
}

/* The token that says that a run is over. */
static inline struct slot *node_close_token(struct node *node, const struct run *run)
{
	return &node->pool.slot[node->n_frame_slots + (uint32_t)(run - node->runs.run)];
}

#endif
