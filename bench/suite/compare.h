/* compare.h - two outputs of --json side by side. */
#ifndef BENCH_SUITE_COMPARE_H
#define BENCH_SUITE_COMPARE_H

/* Prints every line that both have, with the change in multiples of the floor and in time. 0, or -errno with the reason printed. */
int compare_files(const char *old_path, const char *new_path);

#endif
