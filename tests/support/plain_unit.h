/* plain_unit.h - one unit of the FPGA engine in plain C: registers of fpga/registers.map, and jobs done by the reference's loops.
 *
 * For tests of the engine fpga without its gates, and for the imitated card behind XRT. A job is done when it is started. What a unit may reach of the card's
 * memory is asked of the card; reaching for anything else is a port that answers with an error, as with the gates. */
#ifndef TESTS_SUPPORT_PLAIN_UNIT_H
#define TESTS_SUPPORT_PLAIN_UNIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PLAIN_UNIT_REGISTERS 1024u

/* How a unit lies or fails, from the job on that begins when `after` more have ended. */
enum plain_lie {
	PLAIN_HONEST,
	PLAIN_JOB_NUMBER,    /* the record is another job's */
	PLAIN_BLOCKS,        /* one block less than asked */
	PLAIN_BAD_BLOCKS,    /* a damaged block where there is none */
	PLAIN_PIXELS,        /* one pixel less */
	PLAIN_BINS,          /* another number of bins */
	PLAIN_VALID,         /* a valid pixel too many */
	PLAIN_SATURATED,     /* saturated pixels where none can be */
	PLAIN_MAX,           /* larger than any valid value */
	PLAIN_MAX_INDEX,     /* past the frame */
	PLAIN_SUM,           /* more than so many pixels can have */
	PLAIN_BIN_COUNT,     /* more pixels than the bin has */
	PLAIN_STRONG,        /* more strong pixels than pixels */
	PLAIN_OVERFLOW,      /* it says that the list is full, which it is not */
	PLAIN_LIST_ORDER,    /* the list begins with its second entry twice */
	PLAIN_LIST_INDEX,    /* an index past the frame */
	PLAIN_STATUS,        /* a bit that is none */
	PLAIN_PORT,          /* the table's port answered three bursts with errors */
	PLAIN_ANSWER,        /* writing the record was answered with an error, of which it cannot tell itself */
	PLAIN_WATCHDOG,      /* nothing moved */
	PLAIN_LIES,
	PLAIN_SILENT = PLAIN_LIES, /* the job never ends */
};

struct plain_unit {
	uint32_t reg[PLAIN_UNIT_REGISTERS];
	/* bytes of the card's memory from an address on, NULL: they are not all there */
	uint8_t *(*reach)(void *card, uint64_t address, size_t bytes);
	void *card;
	enum plain_lie lie;
	uint32_t after, jobs;
	bool busy; /* a silent one's last job */
};

void plain_unit_open(struct plain_unit *unit, uint32_t pixel_bits, uint8_t *(*reach)(void *, uint64_t, size_t), void *card);
void plain_unit_set(struct plain_unit *unit, uint32_t offset, uint32_t value);
uint32_t plain_unit_get(struct plain_unit *unit, uint32_t offset);

#endif
