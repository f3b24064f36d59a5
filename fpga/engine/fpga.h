/* fpga.h - what the engine over units is made of. Private to fpga/engine.
 *
 * Every queue has units of its own. The frames of a submit go to those of its pixels' width in turn, and each unit has the memory of two jobs: while one
 * runs, the next is laid down. job.c lays down and starts, collect.c waits and turns records into results, host.c does what no unit can. Memory
 * grows when a plan or a payload asks for more than any before; with frames of a kind it does so once. */
#ifndef FPGA_ENGINE_FPGA_H
#define FPGA_ENGINE_FPGA_H

#include <stdatomic.h>
#include <stdbool.h>

#include "fpga/engine/device.h"
#include "fpga/registers.h"

#define FPGA_BATCH 256u
#define FPGA_JOBS 2u                  /* of a unit, at a time */
#define FPGA_IDENTITY 0x534c5543u
#define FPGA_VERSION 1u
#define FPGA_WATCHDOG_CLOCKS (1u << 18) /* a millisecond without anything moving at all */
#define FPGA_BLOCK_BYTES_MAX 8192u    /* what a decoder holds */
#define FPGA_KERNEL 3u                /* the gates' window is 2k+1 wide */
#define FPGA_WINDOW 49u
#define FPGA_TABLE_MAX (UINT64_C(1) << 30) /* of the dispersion test: C and NS2 are below */
#define FPGA_BINS_MAX 4096u
#define FPGA_PIXELS_MAX (1u << 26)
#define FPGA_MASKED 0xffffu           /* in a plan's table: the mask refuses the pixel ... */
#define FPGA_NO_BIN 0xfffeu           /* ... or it has no bin */
#define FPGA_RECORD_BYTES 64u
#define FPGA_BIN_BYTES 16u

/* Of STATUS and of a record */
#define FPGA_STATUS_DAMAGED 1u
#define FPGA_STATUS_OVERFLOW 2u
#define FPGA_STATUS_WATCHDOG 4u
#define FPGA_STATUS_PORT 8u

/* Of OPTIONS */
#define FPGA_OPTION_SATURATION 1u
#define FPGA_OPTION_STRONG 2u
#define FPGA_OPTION_RADIAL 4u

#define FPGA_START 1u /* in CTRL */

struct fpga_unit {
	uint32_t pixel_bits, lanes, max_width;
	uint64_t plan;     /* serial number of the plan whose registers it holds; 0: none */
	_Atomic bool lost; /* a job of it has not ended: nobody knows what it does. Relaxed: set by its queue's thread, which alone needs it in time */
};

struct engine_context {
	const struct fpga_driver *driver;
	struct fpga_device *device;
	struct fpga_facts facts;
	struct fpga_unit unit[FPGA_UNITS_MAX];
	uint32_t n_wide[2];                  /* units of 16 and of 32 bits */
	uint32_t queues;                     /* that the units suffice for */
	_Atomic bool taken[FPGA_UNITS_MAX];  /* acquire by the queue that takes the place, pairs with the release of the one that gives it back */
	uint64_t max_memory_bytes;
	_Atomic uint64_t used_bytes;         /* a mere sum: queues and plans come and go on several threads */
	_Atomic uint64_t plans;              /* loaded so far; only ever counts on */
	struct engine_context *host;         /* the cpu engine's */
};

struct engine_plan {
	struct engine_context *context;
	const struct plan *plan;
	uint64_t serial;                     /* from 1 */
	struct engine_plan *host;            /* as the cpu engine has it */
	uint32_t units_can;                  /* enum engine_output; 0: all of it is the host's */
	uint32_t lanes, beats_per_row, list_entries;
	size_t table_bytes;
	struct fpga_memory *table[FPGA_UNITS_MAX]; /* of units of the pixels' width */
};

/* Memory of the card that only grows. */
struct fpga_room {
	struct fpga_memory *memory;
	size_t bytes;
};

struct fpga_job {
	struct engine_item *item;
	const struct engine_plan *plan;
	uint32_t number, options, n_bins;    /* as the record must have them */
	uint32_t host_outputs;               /* which the cpu engine found; */
	struct result host_result;           /* these */
	int host_status;
	struct fpga_room room[FPGA_POINTERS];/* that of the table is not used: it is the plan's */
};

/* A unit in a queue. */
struct fpga_seat {
	uint32_t unit;
	uint64_t clocks; /* over all frames */
	struct fpga_job job[FPGA_JOBS];
};

struct engine_queue {
	struct engine_context *context;
	uint32_t place;                      /* among the context's queues */
	size_t max_bytes;
	struct engine_queue *host;
	struct fpga_seat *seat[2];           /* units of 16 and of 32 bits ... */
	uint32_t n_seats[2];                 /* ... and how many */
	uint64_t fitted;                     /* serial number of the plan that there is memory for */
	uint32_t next_number;                /* of a job */
	/* of what was submitted: job i is on seat i % n, slot i / n % FPGA_JOBS. dealt >= started >= done */
	unsigned wide;
	uint64_t dealt, done;
	uint8_t *record;                     /* of one job */
	size_t record_bytes;
	uint32_t list_entries;
	uint32_t *list, *strong, *value;     /* pairs as the card has them; taken apart */
	void *spots_scratch;
	struct engine_counters counters;
	uint64_t stage[FPGA_STAGES][3], errors[FPGA_ERRORS];
};

static inline unsigned fpga_width_of(enum pixel_type type)
{
	return type == PIXEL_U32;
}

/* memory.c */
int fpga_memory_take(struct engine_context *context, struct fpga_memory **out, uint32_t unit, enum fpga_pointer pointer, size_t bytes); /* accounted for */
void fpga_memory_give(struct engine_context *context, struct fpga_memory **memory, size_t bytes);
/* Room for a frame's bytes and table of offsets; contents are lost. -ENOMEM: there is room for usual frames of the plan, and not for this one. */
int fpga_job_fit(struct engine_context *context, struct fpga_job *job, uint32_t unit, const struct engine_plan *plan, size_t payload_bytes, size_t offsets_bytes);
int fpga_queue_fit(struct engine_queue *queue, const struct engine_plan *plan);
void fpga_queue_free(struct engine_queue *queue);

/* tables.c */
int fpga_table_load(struct engine_context *context, struct engine_plan **out, const struct plan *plan);
void fpga_table_drop(struct engine_plan **plan);

/* host.c: what no unit can do of an item, in submit, by the cpu engine. */
bool fpga_host_has_all(const struct engine_plan *plan, const struct engine_item *item); /* no unit can do anything of it */
uint32_t fpga_host_outputs(const struct engine_plan *plan, const struct engine_item *item); /* enum engine_output; of an item that units can do something of */
int fpga_host_whole(struct engine_queue *queue, const struct engine_plan *plan, struct engine_item *item);
int fpga_host_part(struct engine_queue *queue, const struct engine_plan *plan, struct fpga_job *job);

/* job.c */
int fpga_job_lay_down(struct engine_queue *queue, const struct engine_plan *plan, struct engine_item *item, uint64_t number); /* the number-th of the submit */
int fpga_job_start(struct engine_queue *queue, uint64_t number);

/* collect.c: waits for the oldest job, starts the one that waits for its unit and fills the item's outputs. */
int fpga_job_collect(struct engine_queue *queue);

/* self_test.c: frames whose results are known, on every unit; -EILSEQ where the device's differ. */
int fpga_self_test(const struct engine *engine, struct engine_context *context);

static inline struct fpga_seat *fpga_seat_of(struct engine_queue *queue, uint64_t number)
{
	return &queue->seat[queue->wide][number % queue->n_seats[queue->wide]];
}

static inline struct fpga_job *fpga_job_of(struct engine_queue *queue, uint64_t number)
{
	return &fpga_seat_of(queue, number)->job[number / queue->n_seats[queue->wide] % FPGA_JOBS];
}

#endif
