/* status.h - the node's state while it runs, for whoever says it: as JSON (api_status.c) or for Prometheus (metrics.c).
 *
 * Reads what is constant, and relaxed atomics of the lanes; holds up nobody. */
#ifndef PIPELINE_STATUS_H
#define PIPELINE_STATUS_H

#include "pipeline/node.h"

/* The newest run, which is the one that people look at. */
struct status_run {
	uint64_t number, series;    /* number 0: there was none yet */
	const struct run *run;      /* its place in the table */
	unsigned n_open, n_ending;  /* of all runs */
};

struct status_run status_newest_run(const struct node *node);
unsigned status_connected(const struct node *node);
/* One word for scripts: "measuring", "ending", "waiting", "disconnected", "stopping". */
const char *status_state(const struct node *node, const struct status_run *run);
/* A term of the ledger, of all runs or the newest; what open runs miss by now is in it. */
uint64_t status_total(const struct node *node, enum ledger_term term);
uint64_t status_of_run(const struct status_run *run, enum ledger_term term);

/* metrics.c: Prometheus' text format. Malloc'ed, the caller's; NULL: not enough memory. */
struct live;
char *status_metrics(struct node *node, struct live *live, unsigned viewers);

#endif
