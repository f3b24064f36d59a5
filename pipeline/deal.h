/* deal.h - who analyses a frame: deals frames out to the workers, or past them, and keeps those in line that cannot go yet.
 *
 * Part of the admit lane, which alone calls it. Frames wait in their slots until their plan is ready; then each goes to the worker with the least to do,
 * or past the workers when it cannot be analysed. What leaves has a number in sequence, and publish restores that order. */
#ifndef PIPELINE_DEAL_H
#define PIPELINE_DEAL_H

#include "pipeline/node.h"

struct deal {
	uint64_t sequence; /* of the next slot that leaves */
};

/* Straight to publish: starts, tokens, frames that nobody analyses. */
void deal_past(struct deal *deal, struct node *node, struct slot *slot);
void deal_unanalysed(struct deal *deal, struct node *node, struct slot *slot, enum record_status status, enum ledger_term reason);
/* A frame of slot->run whose channels are known: it goes now, or gets in line behind those of its run that wait. */
void deal_frame(struct deal *deal, struct node *node, struct slot *slot, uint64_t now_ns);
/* Sends on what waits in the run's line, in order; false: nothing could go. */
bool deal_line(struct deal *deal, struct node *node, struct run *run, uint64_t now_ns);

#endif
