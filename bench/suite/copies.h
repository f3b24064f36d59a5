/* copies.h - how many bytes our code copies on the frame path.
 *
 * The program is linked so that every call of memcpy and memmove out of our own code, libraries not among it, comes through here
 * (bench/CMakeLists.txt: --wrap). Not seen: copies of a few bytes, which the compiler does in place, and what a decoder writes. A thread is of the
 * frame path by its name, as in allocations.h. */
#ifndef BENCH_SUITE_COPIES_H
#define BENCH_SUITE_COPIES_H

#include <stdbool.h>
#include <stdint.h>

/* Counting costs something, so it is off until it is asked for. */
void copies_count(bool on);
/* Bytes so far, of all threads of the frame path. */
uint64_t copies_read(void);

#endif
