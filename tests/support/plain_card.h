/* plain_card.h - the engine fpga on no gates: a card whose units are plain C (plain_unit.h), behind the engine's door to units.
 *
 * For tests of fpga/engine. The card's memory is filled with rubbish when it is taken, and units reach only what lies in one piece of it. Its state is one,
 * for all that use it in a program. */
#ifndef TESTS_SUPPORT_PLAIN_CARD_H
#define TESTS_SUPPORT_PLAIN_CARD_H

#include "fpga/engine/device.h"
#include "tests/support/plain_unit.h"
#include "tests/support/random.h"

extern const struct engine engine_fpga_plain;
extern const struct fpga_driver plain_card_driver;

struct plain_card {
	/* to be set before the card is opened; zero: as the simulated card has them, two of 16 and one of 32 bits */
	uint32_t n_narrow, n_wide;
	uint32_t identity, version; /* zero: right */
	enum plain_lie lie;         /* of all units, after so many jobs each */
	uint32_t after;
	/* the n-th call from now on, counted from 1, of those that can fail: returns this error */
	uint32_t call;
	int error;
	struct random *damage;      /* some of what is copied out has bytes turned over; NULL: none has */
	/* counted */
	uint32_t held;              /* pieces of memory and open cards */
	uint32_t errors_read;       /* registers of errors */
	uint32_t jobs[FPGA_UNITS_MAX], most_started; /* of each unit; units at work at the same time */
};
extern struct plain_card plain_card;

#endif
