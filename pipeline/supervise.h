/* supervise.h - signs of life for the supervisor: given as long as every lane that frames pass takes its turns. Used by `sluice run` alone. */
#ifndef PIPELINE_SUPERVISE_H
#define PIPELINE_SUPERVISE_H

#include "pipeline/node.h"

struct supervise {
	uint64_t every_ns, next_ns;  /* 0: nobody wants signs of life */
	uint64_t turns[NODE_LANES_MAX];
	bool stuck;                  /* it was said */
};

/* The node is ready. */
void supervise_begin(struct supervise *s);
/* Often. status: a line for people, or NULL. */
void supervise_turn(struct supervise *s, const struct node *node, const char *status, uint64_t now_ns);
void supervise_end(void);

#endif
