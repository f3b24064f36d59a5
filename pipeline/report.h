/* report.h - what a node tells people and scripts: a line per second, a table per run, JSON per frame. */
#ifndef PIPELINE_REPORT_H
#define PIPELINE_REPORT_H

#include <stdint.h>
#include <stdio.h>

#include "pipeline/node.h"

struct report_rate { /* what the last line said, so that the next one can give rates */
	uint64_t ns, received, bytes, written_bytes;
};

/* One line: frames and bytes per second since the last one, hits, losses, latency. */
void report_status(struct node *node, struct report_rate *rate, char *line, size_t line_bytes);
/* A run's end: what it was, how fast, the ledger. Called by publish; prints in one piece. */
void report_run(FILE *to, const struct node *node, const struct run *run);
/* Totals over all runs, where they say more than the last run's table. */
void report_total(FILE *to, const struct node *node);

enum report_with { REPORT_STRONG = 1, REPORT_SPOTS = 2, REPORT_RADIAL = 4 };
/* "strong,spots,radial" in any choice; -EINVAL. */
int report_with_from_text(const char *text, unsigned *with);
/* One JSON object and a newline. q: the radial axis in 1/Angstrom, or NULL. */
void report_json(FILE *to, const struct record *record, uint32_t channel, const double *q, const uint32_t *strong, unsigned with);

#endif
