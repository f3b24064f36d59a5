/* detectors.c - rates of detectors against what one core does (detectors.h). Rates: the makers' figures for continuous readout. */
#include "bench/suite/detectors.h"

#include <math.h>
#include <string.h>

static const struct {
	const char *name, *case_name;
	double hz;
} detectors[] = {
	{"EIGER X 16M", "16m-typical-u16", 133}, {"EIGER X 9M", "9m-typical-u16", 238}, {"EIGER X 4M", "4m-typical-u16", 750},
	{"EIGER X 1M", "1m-typical-u16", 3000}, {"EIGER2 XE 16M", "16m-typical-u8", 560}, {"1 Mpixel at 8000 Hz", "1m-typical-u16", 8000},
	{"ARINA", "arina-typical-u16", 120000},
};

static const struct bench_line *best(const struct bench_line *lines, unsigned n, const char *case_name)
{
	const struct bench_line *found = NULL;

	for (unsigned i = 0; i < n; i++)
		if (lines[i].threads == 1 && strncmp(lines[i].engine, "floor", 5) && !strcmp(lines[i].case_name, case_name) &&
		    (!found || lines[i].ms_per_frame < found->ms_per_frame))
			found = &lines[i];
	return found;
}

void detectors_print(FILE *to, const struct bench_line *lines, unsigned n)
{
	unsigned printed = 0;

	for (size_t i = 0; i < sizeof(detectors) / sizeof(detectors[0]); i++) {
		const struct bench_line *l = best(lines, n, detectors[i].case_name);

		if (!l)
			continue;
		if (!printed++)
			fprintf(to, "\n%-22s %9s %14s %20s\n", "detector", "frames/s", "cores needed", "by engine, level");
		fprintf(to, "%-22s %9.0f %14.0f %14s, %s\n", detectors[i].name, detectors[i].hz, ceil(detectors[i].hz / l->frames_per_s), l->engine,
			l->level);
	}
	if (printed)
		fprintf(to, "(analysis alone; receiving, writing and the system want cores of their own)\n");
}
