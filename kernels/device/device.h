/* device.h - what an engine on a device with its own memory is made of. Private to kernels/device.
 *
 * A queue takes its batches in chunks that its memory holds: compose.c lays payloads, block tables and jobs down, launch.c puts copies and
 * kernels into the driver's queue, finish.c turns the records that came back into results. Memory grows when a plan or a payload asks for more than
 * any before; with frames of a kind it does so once. */
#ifndef KERNELS_DEVICE_DEVICE_H
#define KERNELS_DEVICE_DEVICE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "kernels/body/tables.h"
#include "kernels/device/driver.h"

#define DEVICE_BATCH 256u /* items of one submit, and of one chunk */
#define DEVICE_PINS 256u

/* A range of the caller's memory. begin is 0 where there is none; it is written last and read first. */
struct device_pin {
	_Atomic bool taken; /* lanes pin theirs at the same time; acquire by who takes the entry, pairs with the release of who gives it back */
	_Atomic uintptr_t begin;
	uintptr_t end;
	void *handle;
};

struct engine_context {
	const struct driver *driver;
	struct driver_device *device;
	struct driver_facts facts;
	uint64_t max_memory_bytes;
	_Atomic uint64_t used_bytes;      /* a mere sum: queues and plans come and go on several threads */
	_Atomic uint64_t plans;           /* loaded so far; only ever counts on */
	struct device_pin pin[DEVICE_PINS];
};

struct engine_plan {
	struct engine_context *context;
	const struct plan *plan;
	uint64_t serial;                  /* from 1 */
	struct plan_table table;          /* as the device has it */
	struct driver_memory *table_memory, *mask, *classes;
	uint64_t used_bytes;
	uint32_t totals_groups, tiles_across, dispersion_tiles, mark_tiles, erode_groups, extended_groups; /* per frame */
};

/* Device memory that only grows. */
struct device_room {
	struct driver_memory *memory;
	size_t bytes;
};

/* Host memory that only grows, page-locked where the driver can. */
struct host_room {
	void *at, *handle;
	size_t bytes;
};

/* A piece of the caller's memory that is copied in at once. */
struct copy_run {
	const uint8_t *from;
	size_t bytes, to;
	uintptr_t pinned_end; /* end of the pinned range it lies in; 0: it is not pinned */
};

struct device_chunk {
	const struct engine_plan *plan; /* NULL: there is none in the queue */
	struct engine_item *items;
	uint32_t n, n_small;             /* the first n_small jobs decode in local memory */
	uint32_t small_pieces, large_pieces, tiles;
	uint32_t bins;                   /* the plan's, or 0 where no item wants radial sums */
	bool wants_strong;
	uint32_t n_runs;
	size_t payload_bytes, offsets_bytes; /* laid down so far */
	struct copy_run run[2 * DEVICE_BATCH];
	uint32_t pieces[DEVICE_BATCH];   /* that each item must have been decoded from */
};

struct engine_queue {
	struct engine_context *context;
	struct driver_queue *queue;
	size_t max_bytes;
	uint32_t frames;                 /* a chunk holds for the plan fitted */
	uint64_t fitted;                 /* that plan's serial number, 0: none; a plan may come to lie where another one was */
	bool wants_planes;               /* blocks of bit planes have come that local memory does not hold */
	struct device_room payload, jobs, images, planes, records, parts, rest, marked, unmarked;
	struct host_room host_records, host_jobs, host_offsets, host_rest;
	uint32_t list_capacity;
	uint64_t *list[2];               /* index in the upper, value in the lower half; the other one is for sorting */
	uint32_t *strong, *value;
	void *spots_scratch;
	struct engine_counters counters;
	struct device_chunk chunk;
};

/* memory.c */
int device_take(struct engine_context *context, struct driver_memory **out, size_t bytes); /* accounted for */
void device_give(struct engine_context *context, struct driver_memory **memory, size_t bytes);
int room_grow(struct engine_context *context, struct device_room *room, size_t bytes);     /* contents are lost */
int host_room_grow(struct engine_context *context, struct host_room *room, size_t bytes);  /* contents are kept */
/* Room for frames of the plan, for as many at a time as the queue may hold. */
int queue_fit(struct engine_queue *queue, const struct engine_plan *plan);
int queue_fit_lists(struct engine_queue *queue, const struct plan *plan);
void queue_free(struct engine_queue *queue);

/* plan_tables.c */
int tables_load(struct engine_context *context, struct engine_plan **out, const struct plan *plan);
void tables_drop(struct engine_plan **plan);

/* compose.c: lays down as many of the n items as go into one chunk, at least one. Returns how many, or -errno; -EAGAIN: the queue must be fitted
 * anew first. */
int compose(struct engine_queue *queue, const struct engine_plan *plan, struct engine_item *items, uint32_t n);

/* launch.c: copies and kernels of the composed chunk, and the copy back of its records. */
int launch(struct engine_queue *queue);

/* finish.c: waits for the chunk, checks what the device counted and fills the items' outputs. */
int finish(struct engine_queue *queue);

#endif
