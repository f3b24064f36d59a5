/* work.h - what the steps of a worker lane share: stage, analyse, score, decide, in this order, a frame at a time. */
#ifndef PIPELINE_WORK_H
#define PIPELINE_WORK_H

#include "host/log.h"
#include "pipeline/node.h"
#include "pipeline/plans.h"

struct work {
	uint32_t *offsets, n_offsets;        /* room for the block tables of a frame's channels */
	struct memory memory;
	struct block_table table[STREAM_CHANNELS_MAX];
	struct payload payload[STREAM_CHANNELS_MAX];
	struct engine_queue *queue[ENGINES_OPEN_MAX];
	struct spot *spots[STREAM_CHANNELS_MAX];
	uint32_t *strong;
	double *intensity, *sigma;
	struct score_scratch *scratch;
	struct log_limit invalid, failed;
};

struct payload stage_payload(const struct stream_array *array);

extern const struct step step_stage, step_analyse, step_score, step_decide;

#endif
