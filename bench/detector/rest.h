/* rest.h - the one corner of the detector's REST interface that a node asks: how many frames were dropped.
 *
 * GET /stream/api/VERSION/status/dropped and /state on 127.0.0.1, one connection at a time, answered and closed. For main.c. */
#ifndef BENCH_DETECTOR_REST_H
#define BENCH_DETECTOR_REST_H

#include <stdatomic.h>
#include <stdint.h>

struct rest;

/* dropped is read at every request (a mere count) and must outlive the server. -errno. */
int rest_open(struct rest **out, uint32_t port, const _Atomic uint64_t *dropped);
void rest_close(struct rest **rest);

#endif
