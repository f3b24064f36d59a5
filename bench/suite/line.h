/* line.h - one line of the suite's output, as JSON and as a row of the table. */
#ifndef BENCH_SUITE_LINE_H
#define BENCH_SUITE_LINE_H

#include <stdio.h>

#include "bench/suite/clocked.h"

struct bench_line {
	const char *case_name;
	const char *engine;     /* "cpu", ..., a floor: "floor-lz4", "floor-memcpy", "floor-write", a peer: "peer-...", or "nxmx": the file writer */
	const char *level;      /* of the cpu engine, version of a peer; "" */
	const char *device;     /* what an engine says it runs on; "": nothing that can be named */
	unsigned threads;       /* each with a queue of its own */
	unsigned batch;         /* frames per call */
	unsigned frames;        /* that were timed */
	double ms_per_frame;    /* one thread: of its CPU time; a device, files, several threads: wall time */
	double frames_per_s;
	double floor_ms;        /* the LZ4 floor in the same run; of files: plain writing */
	double spread;          /* (90th - 10th percentile) / median */
	double mb_per_frame;    /* compressed */
	double scaling;         /* of several threads: over the throughput of one, by the wall clock in the same alternating run; else 0 */
	double scaling_cpu;     /* the same by the threads' own CPU time; 0: they do not compute themselves */
	struct clocked clocked; /* of a device that counts clocks; else zeros */
};

const char *line_machine(void); /* processor and cores, in words */
const char *line_commit(void);  /* that this program was built from */
void line_json(FILE *to, const struct bench_line *line);
void line_head(FILE *to);
void line_row(FILE *to, const struct bench_line *line);

#endif
