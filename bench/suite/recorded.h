/* recorded.h - recorded frames as cases of the suite, where there are any: recorded-NAME of every NAME.h5 in the folder frames of the recorded data.
 *
 * The data lie where the environment's SLUICE_DATA says, else beside the sources (../shared/data). Their frames are analysed as the file's own
 * geometry and mask want it. They differ between sites only if the files do. */
#ifndef BENCH_SUITE_RECORDED_H
#define BENCH_SUITE_RECORDED_H

#include "bench/suite/cases.h"

#define RECORDED_CASES_MAX 32

struct recorded_cases {
	unsigned n;
	struct bench_case list[RECORDED_CASES_MAX];
};

/* In the order of their names; none is no error. Lives as long as the program. */
const struct recorded_cases *recorded_list(void);
/* As bench_set_open. */
int recorded_open(struct bench_set **out, const struct bench_case *recorded, char *message, size_t message_bytes);

#endif
