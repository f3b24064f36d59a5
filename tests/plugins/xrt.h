/* xrt.h - what a test says to the double of XRT's library (xrt.c), and what that has seen. It exports one of these as `fake_xrt`. */
#ifndef TESTS_PLUGINS_XRT_H
#define TESTS_PLUGINS_XRT_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/support/plain_unit.h"

#define FAKE_XRT_MAGIC "xclbin2" /* what a file that a card is loaded with begins with */

struct fake_xrt {
	unsigned cards, n_narrow, n_wide; /* instances of each kernel on a card */
	bool aborts, hangs;               /* when a card is opened, as where the environment is missing */
	bool busy;                        /* another process has the units */
	bool left_done;                   /* another process was killed before it saw the end of its units' jobs, ... */
	uint32_t left_running;            /* which go on for so many looks at CTRL */
	uint32_t identity, version;       /* zero: right */
	enum plain_lie lie;
	uint32_t after;
	const char *fails;                /* the name of a function; its call-th call from now on, counted from 1, fails */
	unsigned call;
	int only_in;                      /* this process, where not 0: not in one that only counts cards */
	uint64_t askew;                   /* added to every buffer's address */
	/* seen */
	unsigned open_cards, open_units, buffers, wrong; /* wrong: calls that no program may make */
};

#endif
