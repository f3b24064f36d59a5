/* simplon.h - the one corner of the detector's REST interface that a node asks: how many frames were dropped.
 *
 * GET /stream/api/VERSION/status/dropped and /state on 127.0.0.1, one connection at a time, answered and closed. For main.c. */
#ifndef BENCH_DETECTOR_SIMPLON_H
#define BENCH_DETECTOR_SIMPLON_H

#include <stdatomic.h>
#include <stdint.h>

struct simplon;

/* dropped is read at every request (a mere count) and must outlive the server. -errno. */
int simplon_open(struct simplon **out, uint32_t port, const _Atomic uint64_t *dropped);
void simplon_close(struct simplon **simplon);

#endif
