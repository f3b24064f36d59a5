/* channels.h - the channels of a run: what was announced of them, what frames show, and whether they can be analysed yet. For admit alone. */
#ifndef PIPELINE_CHANNELS_H
#define PIPELINE_CHANNELS_H

#include "pipeline/node.h"

enum channels_readiness { CHANNELS_READY, CHANNELS_WAIT, CHANNELS_GIVE_UP };

/* What a start message says of the frames: plans are asked for before the first one is there. Sizes that no frame can have say nothing. */
void channels_announced(struct node *node, struct run *run, const struct stream_start *start);
/* The run's channel for one of a frame's; asks for its plan when it is new. LEDGER_TERMS, or why the frame does not fit. */
enum ledger_term channels_find(struct node *node, struct run *run, const struct stream_channel *channel, uint32_t *number);
/* Are the plans of all of a frame's channels there? Where they will not be in time, or at all, *reason says why. */
enum channels_readiness channels_ready(struct node *node, const struct slot *slot, uint64_t now_ns, enum ledger_term *reason);

#endif
