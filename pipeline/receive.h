/* receive.h - what all sources of frames share: limits, free slots, handing over. */
#ifndef PIPELINE_RECEIVE_H
#define PIPELINE_RECEIVE_H

#include "host/stream.h"
#include "pipeline/node.h"

struct stream_limits receive_limits(const struct config *config);
/* An empty slot of this source, or SLOT_NONE: all are under way, or as many bytes as the budget allows. */
uint32_t receive_free_slot(struct node *node, unsigned source);
/* Puts a filled slot where admit finds it; whoever does rings admit's bell. */
void receive_hand_over(struct lane *lane, struct slot *slot);

extern const struct lane_spec receive_lane, replay_lane, admit_lane, plan_lane, feed_lane, work_lane, publish_lane, forward_lane, write_lane, simplon_lane,
	serve_lane;

#endif
