/* devices.h - what the node's devices do now: for the state as JSON and for Prometheus. */
#ifndef PIPELINE_DEVICES_H
#define PIPELINE_DEVICES_H

#include <jansson.h>
#include <stdio.h>

#include "pipeline/node.h"

/* An array with an object for each open device of each engine: what it is, whether frames go there, and the lanes that do. Owned by the caller. */
json_t *devices_json(const struct node *node);
void devices_metrics(FILE *to, const struct node *node);

#endif
