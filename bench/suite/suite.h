/* suite.h - the cases of the suite, one after the other: floors, engines and peers on the same frames in the same run. */
#ifndef BENCH_SUITE_SUITE_H
#define BENCH_SUITE_SUITE_H

#include <stdbool.h>

#include "bench/suite/line.h"
#include "kernels/engine.h"

#define SUITE_LINES_MAX 2048

struct suite_cfg {
	bool json, quick, levels, peers;
	bool fpga;              /* the simulated FPGA, too, which is slow; with `engine` it is asked for anyway */
	const char *fpga_image; /* that cards are loaded with; NULL: none */
	uint32_t clock_mhz;     /* assumed of the simulated FPGA; 0: the engine's own assumption */
	const char *engine;     /* this one only; NULL: all that are there */
	const char *level;      /* of the cpu engine; NULL: the best */
	const char *case_name;  /* this one only; NULL: all */
	unsigned threads;       /* also up to so many at once; 1: no */
	unsigned rounds;
	const char *write_into; /* a directory: files against plain writes, too; NULL: no */
	bool kernels;           /* floors and engines; else only files */
};

/* All lines that were printed, for what is concluded at the end. */
struct suite {
	struct suite_cfg cfg;
	unsigned n;
	struct bench_line line[SUITE_LINES_MAX];
};

/* As an engine is opened for the suite. */
struct engine_config suite_config(const struct suite_cfg *cfg);
/* 0, or 1 where something failed, which was told. */
int suite_run(struct suite *suite);
/* Prints a line that nothing is concluded of. */
void suite_print(const struct suite *suite, const struct bench_line *line);

#endif
