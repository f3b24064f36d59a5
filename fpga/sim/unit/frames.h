/* frames.h - random plans and frames for the bench of the whole unit, and what the reference makes of them. */
#ifndef FPGA_SIM_UNIT_FRAMES_H
#define FPGA_SIM_UNIT_FRAMES_H

#include "fpga/sim/unit/card.h"

/* Freed by plan_free. mask_percent of the pixels are refused. */
struct PlanChoice {
	image_shape shape;
	uint32_t n_bins, max_strong, mask_percent;
};
plan *frames_plan(Random &random, const PlanChoice &choice);

/* What a frame is filled with. */
enum Fill { FILL_ZERO, FILL_SPARSE, FILL_TYPICAL, FILL_DENSE, FILL_NOISE, FILLS };
Frame frames_make(Random &random, const image_shape &shape, Fill fill, uint32_t block_bytes);

/* Fails where the record is not what the reference returns for these pixels and this plan. Blocks must be whole: `frame.pixels` is the truth. */
void frames_compare(const Record &record, const plan &plan, const Frame &frame, const JobOptions &options, const char *words);

#endif
