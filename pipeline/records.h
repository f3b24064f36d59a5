/* records.h - the node's knowledge put into the records that go out: start, frame and channel, end. */
#ifndef PIPELINE_RECORDS_H
#define PIPELINE_RECORDS_H

#include "host/record.h"
#include "pipeline/node.h"

/* The run's start record; everything it points to lives as long as the run. number is the caller's. */
void records_start(const struct node *node, const struct run *run, struct record_start *out);
/* Fills slot's record of one channel, save its columns, which are there. */
void records_frame(struct slot *slot, uint32_t channel, uint64_t number);
/* counts: room for LEDGER_TERMS. */
void records_end(const struct node *node, const struct run *run, struct record_end *out, struct record_count *counts);
/* Gives a frame that nothing analysed the outcome it has. */
void records_unanalysed(struct slot *slot);

#endif
