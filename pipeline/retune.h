/* retune.h - frames are dealt out with the newest plan of their channel, and a plan that was replaced is given up once its last frame has been let out.
 *
 * admit's side: stamp, unstamp and turn. publish's side: let_out. No frame waits for a new plan, and versions never go back in the order of arrival. */
#ifndef PIPELINE_RETUNE_H
#define PIPELINE_RETUNE_H

#include <stdint.h>

#include "pipeline/node.h"

/* The plan that the next frame of a channel is analysed with. */
const struct plan_ref *retune_plan(const struct run_channel *channel);
/* A frame whose channels' plans are ready goes to a worker: which plans it is to be analysed with. Undone where it cannot go after all. */
void retune_stamp(struct slot *slot);
void retune_unstamp(struct slot *slot);
/* Asks for new plans where the settings have changed, and takes those that are ready. Now and then. */
void retune_turn(struct node *node);
/* Nobody looks at the plans of this frame any more. publish alone, once for every frame that was analysed. */
void retune_let_out(struct slot *slot);

#endif
