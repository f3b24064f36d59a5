/* line.h - one line of the suite's output, as JSON and as a row of the table. */
#ifndef BENCH_SUITE_LINE_H
#define BENCH_SUITE_LINE_H

#include <stdio.h>

struct bench_line {
	const char *case_name;
	const char *engine;     /* "cpu", ..., a floor: "floor-lz4", "floor-memcpy", or a peer: "peer-..." */
	const char *level;      /* of the cpu engine, version of a peer; "" */
	unsigned threads;
	unsigned frames;        /* that were timed */
	double ms_per_frame;    /* of one thread's CPU time; with several threads wall time over frames */
	double frames_per_s;
	double floor_ms;        /* the LZ4 floor in the same run */
	double spread;          /* (90th - 10th percentile) / median; 0 with several threads */
	double mb_per_frame;    /* compressed */
};

const char *line_machine(void); /* processor and cores, in words */
const char *line_commit(void);  /* that this program was built from */
void line_json(FILE *to, const struct bench_line *line);
void line_head(FILE *to);
void line_row(FILE *to, const struct bench_line *line);

#endif
