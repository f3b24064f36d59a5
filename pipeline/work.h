/* work.h - what the steps of a lane that analyses share: stage, analyse, score, decide, in this order. stage and analyse take several frames at once
 * where a device gains by it, score and decide one after the other. */
#ifndef PIPELINE_WORK_H
#define PIPELINE_WORK_H

#include "host/log.h"
#include "pipeline/node.h"
#include "pipeline/plans.h"
#include "pipeline/slab.h"

#define WORK_IMAGES_MAX 256 /* one channel of a frame each, of all frames that are analysed together */
#define WORK_STAGES_MAX 32  /* of a device; what is behind them is not told of */

/* One channel of a frame between stage and analyse. */
struct work_image {
	struct slot *slot;
	struct outcome *outcome;
	struct payload payload;
	struct block_table table;
	bool done;    /* an engine has said what there is to say */
	bool failed;  /* an engine failed on it */
	int8_t asked; /* the last engine that it was shown to; -1: none */
};

struct work {
	uint32_t n_images, max_images;
	struct work_image image[WORK_IMAGES_MAX];
	struct engine_item item[WORK_IMAGES_MAX];    /* as an engine is shown them: some of the images ... */
	struct work_image *shown[WORK_IMAGES_MAX];   /* ... which are these */
	struct slot *hand[WORK_IMAGES_MAX];
	struct engine_queue *queue[ENGINES_OPEN_MAX];/* NULL: no engine for this lane */
	uint64_t stage_errors[WORK_STAGES_MAX];      /* that the lane's device had counted before what it is shown now */
	struct slab slab;                            /* of lanes that feed a device */
	bool in_slab;                                /* the images at hand lie there */
	uint32_t *offsets, n_offsets;                /* else room for the block tables of one frame's channels */
	struct memory memory;
	struct spot *spots;                          /* spots.max_spots of each image */
	double *intensity, *sigma;
	struct score_scratch *scratch;
	struct log_limit invalid, failed, too_large;
};

struct payload stage_payload(const struct stream_array *array);

extern const struct step step_stage, step_analyse, step_score, step_decide;

#endif
