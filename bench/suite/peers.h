/* peers.h - what other people's programs need for parts of the same work, on the same frames, in the same run.
 *
 * bench/suite/peers.py runs them, times the calls into their libraries, and says what they found; only one that found the same as our engine
 * is a peer whose time says anything. */
#ifndef BENCH_SUITE_PEERS_H
#define BENCH_SUITE_PEERS_H

#include "bench/suite/cases.h"
#include "kernels/engine.h"

struct peers_cfg {
	const struct engine *engine; /* ours, whose findings are compared with theirs */
	const char *level;
	unsigned rounds;
	double seconds;              /* for all peers together, at the most; a few laps are always done */
	/* One that is there and did the same work. name "peer-...", version of its library; both last for the call only. */
	void (*say)(void *user, const char *name, const char *version, double ms, double spread, unsigned laps);
	void *user;
};

/* Peers that are absent are named on standard error with the reason, and are no error. Returns 0; -EILSEQ: at least one did not find what our engine did
 * (named on standard error, never said); else -errno with a message. */
int peers_run(const struct bench_set *set, const struct peers_cfg *cfg, char *message, size_t message_bytes);

#endif
