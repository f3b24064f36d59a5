/* detectors.c - rates of detectors against what engines do (detectors.h). */
#include "bench/suite/detectors.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

static const struct {
	const char *name;
	double hz;
	const char *case_name[2];
} detectors[] = {
#define DETECTOR(name, hz, case_name, other) {name, hz, {case_name, other}},
#include "bench/suite/detectors.inc"
#undef DETECTOR
};

static bool of_engine(const struct bench_line *l)
{
	return strncmp(l->engine, "floor", 5) && strncmp(l->engine, "peer-", 5) && strcmp(l->engine, "nxmx");
}

/* Of this engine and case the fastest line; alone: of one thread and single frames. */
static const struct bench_line *best(const struct bench_line *lines, unsigned n, const char *engine, const char *case_name, bool alone)
{
	const struct bench_line *found = NULL;

	for (unsigned i = 0; i < n; i++) {
		const struct bench_line *l = &lines[i];

		if (!strcmp(l->engine, engine) && !strcmp(l->case_name, case_name) && (!alone || (l->threads == 1 && l->batch == 1)) &&
		    (!found || l->frames_per_s > found->frames_per_s))
			found = l;
	}
	return found;
}

/* The case that stands for a detector and was measured; NULL: none. */
static const char *measured_case(const struct bench_line *lines, unsigned n, size_t detector)
{
	for (unsigned c = 0; c < 2 && detectors[detector].case_name[c]; c++)
		for (unsigned i = 0; i < n; i++)
			if (of_engine(&lines[i]) && !strcmp(lines[i].case_name, detectors[detector].case_name[c]))
				return detectors[detector].case_name[c];
	return NULL;
}

/* One detector by one engine: what it does alone, how many of it that makes, and the most that was seen. */
static void print_one(FILE *to, const char *name, double hz, const struct bench_line *alone, const struct bench_line *most)
{
	char engine[64], how[64];

	snprintf(engine, sizeof(engine), "%s%s%s", alone->engine, alone->level[0] ? " " : "", alone->level);
	snprintf(how, sizeof(how), "%u thread%s", most->threads, most->threads > 1 ? "s" : "");
	if (most->batch > 1)
		snprintf(how + strlen(how), sizeof(how) - strlen(how), " x %u frames", most->batch);
	fprintf(to, "%-22s %9.0f  %-18s %12.1f %8.0f %12.1f  %-22s %s\n", name, hz, engine, alone->frames_per_s, ceil(hz / alone->frames_per_s),
		most->frames_per_s, how, most->frames_per_s >= hz ? "yes" : "no");
}

/* Whether an earlier line is of the same engine, so that it had its turn. */
static bool had(const struct bench_line *lines, unsigned i)
{
	for (unsigned k = 0; k < i; k++)
		if (!strcmp(lines[k].engine, lines[i].engine))
			return true;
	return false;
}

void detectors_print(FILE *to, const struct bench_line *lines, unsigned n)
{
	unsigned printed = 0;

	for (size_t d = 0; d < sizeof(detectors) / sizeof(detectors[0]); d++) {
		const char *case_name = measured_case(lines, n, d);

		for (unsigned i = 0; case_name && i < n; i++) {
			const struct bench_line *alone, *most;

			if (!of_engine(&lines[i]) || had(lines, i))
				continue;
			alone = best(lines, n, lines[i].engine, case_name, true);
			most = best(lines, n, lines[i].engine, case_name, false);
			if (!alone)
				continue;
			if (!printed++)
				fprintf(to, "\n%-22s %9s  %-18s %12s %8s %12s  %-22s %s\n", "detector", "frames/s", "engine", "does alone", "needed",
					"does most", "with", "keeps up");
			print_one(to, detectors[d].name, detectors[d].hz, alone, most);
		}
	}
	if (printed)
		fprintf(to, "Does alone: frames/s of one core, or of one queue of a device. Needed: how many of them. Analysis alone; receiving, writing\n"
			    "and the system want cores of their own.\n");
}
