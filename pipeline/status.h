/* status.h - what the node says about itself while it runs, as JSON for the screen and scripts and as text for Prometheus.
 *
 * Reads what is constant, and relaxed atomics of the lanes; holds up nobody. Numbers of one answer are of nearly one moment, not of one. */
#ifndef PIPELINE_STATUS_H
#define PIPELINE_STATUS_H

#include <stdint.h>

struct node;

/* What happened in the last second or so; the reader's own. */
struct status_rates {
	double seconds; /* that they are taken over; 0: none yet */
	double frames_per_s, bytes_per_s, written_bytes_per_s;
};

/* Malloc'ed texts, the caller's; NULL: not enough memory. */
char *status_json(const struct node *node, const struct status_rates *rates, uint64_t opened_ns);
char *status_metrics(const struct node *node, uint64_t opened_unix_ns);

#endif
