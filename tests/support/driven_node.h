/* driven_node.h - a node within a C test, and a simulated detector that sends into it. For tests that look at what `sluice run` does not show.
 *
 * Ends the test with a message where something cannot be started. */
#ifndef TESTS_SUPPORT_DRIVEN_NODE_H
#define TESTS_SUPPORT_DRIVEN_NODE_H

#include <sys/types.h>

#include "pipeline/node.h"

struct driven_node {
	struct node *node;
	struct config config;
	char endpoint[64];
	pid_t detector; /* 0: none */
};

/* with: callbacks, engines; its config and version are filled in. sets: --set assignments, ends with NULL; results and HTTP are off unless set. */
void driven_node_open(struct driven_node *out, struct node_cfg with, const char *const *sets);
/* Starts sluice-detector with further options, ends with NULL. */
void driven_node_send(struct driven_node *driven, const char *const *options);
/* Waits until so many runs have ended. */
void driven_node_wait(struct driven_node *driven, uint64_t runs);
/* Ends the detector and the node. */
void driven_node_close(struct driven_node *driven);

#endif
