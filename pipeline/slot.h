/* slot.h - what holds one frame for its whole life in the node: the received message and what came of it.
 *
 * A slot has one owner at a time; ownership travels with its index through the rings. All memory is taken when the node opens. */
#ifndef PIPELINE_SLOT_H
#define PIPELINE_SLOT_H

#include <stdatomic.h>

#include "host/memory.h"
#include "host/message.h"
#include "host/record.h"
#include "host/stream.h"
#include "kernels/engine.h"
#include "kernels/score.h"
#include "pipeline/ledger.h"

#define SLOT_NONE UINT32_MAX

struct plan_ref;
struct run;
struct settings;

enum slot_kind {
	SLOT_MESSAGE,   /* a frame, start or end as it was received */
	SLOT_RUN_CLOSE, /* a token of the node's own: the run is over, everything before it has passed */
};

/* What became of one channel of a frame. */
struct outcome {
	const struct plan_ref *plan;  /* NULL: none. Given by admit with the worker; good until publish has let the frame out */
	const struct settings *settings; /* it is analysed with; NULL: none */
	uint32_t plan_use;            /* where admit counts it */
	enum record_status status;
	enum ledger_term reason;      /* LEDGER_TERMS: none */
	const char *engine;
	struct spot *spots;           /* result.n_spots; the worker's memory, good until the frame is decided */
	struct result result;
	struct score score;
	bool hit;
	uint32_t *strong;             /* NULL unless the node is asked for strong pixels */
	struct record record;         /* its columns lie in the pool's memory */
};

struct slot {
	enum slot_kind kind;
	uint32_t source;              /* the receiving lane that it belongs to */
	uint32_t next;                /* links slots that wait in admit */
	uint64_t sequence;            /* order of arrival, given by admit */
	uint64_t received_ns, received_unix_ns; /* when zmq_msg_recv returned: monotonic and wall clock */
	enum stream_refusal refusal;  /* of decoding */
	struct message message;
	struct stream_message decoded;
	struct run *run;
	uint32_t run_channel[STREAM_CHANNELS_MAX]; /* of each of the message's channels, the run's number */
	enum record_status status;    /* of the frame: the worst of its channels */
	enum ledger_term reason;
	bool analyse;                 /* admit's decision; false: it passes with reason */
	bool hit, kept;
	const struct settings *settings; /* that the verdict is made with */
	bool write_payload;           /* the writer is to store the image, not only the results */
	struct outcome outcome[STREAM_CHANNELS_MAX];
};

struct slot_pool {
	uint32_t n;
	struct slot *slot;
	struct memory slots, columns;
};

struct slot_pool_cfg {
	uint32_t n, channels, max_bins, max_spots;
	uint32_t max_strong;          /* 0: no strong lists */
	int node;
};

int slot_pool_open(struct slot_pool *pool, const struct slot_pool_cfg *cfg);
void slot_pool_close(struct slot_pool *pool);
/* Empties a slot for its next frame. */
void slot_clear(struct slot *slot);

#endif
