/* series.h - one series from its start message to its last late frame, with everything that was asked to go wrong. For main.c. */
#ifndef BENCH_DETECTOR_SERIES_H
#define BENCH_DETECTOR_SERIES_H

#include "bench/detector/pool.h"
#include "bench/detector/sender.h"
#include "bench/detector/truth.h"

struct series_context {
	const struct options *options;
	struct sender *sender;
	struct truth *truth;
	_Atomic uint64_t *dropped; /* what the detector admits over REST; a mere count */
};

/* Sends it. totals are added to. 0, -EINTR (stopped by a signal), -ETIMEDOUT (given up), or another error with a message. */
int series_send(const struct series_context *context, const struct settings *settings, struct pool *pool, const struct truth_series *identity,
		struct truth_totals *totals, char *message, size_t message_bytes);

#endif
