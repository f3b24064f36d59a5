/* memory.c - the card's and the host's memory of queues: taken when a plan needs more than any before, accounted for (see fpga.h). */
#include <errno.h>
#include <stdlib.h>

#include "fpga/engine/fpga.h"
#include "kernels/spots.h"

#define PIECE_BYTES 4096u /* what a card gives memory in */

static size_t round_up(size_t n, size_t to)
{
	return (n + to - 1) / to * to;
}

int fpga_memory_take(struct engine_context *c, struct fpga_memory **out, uint32_t unit, enum fpga_pointer pointer, size_t bytes)
{
	int error = -ENOMEM;

	*out = NULL;
	if (atomic_fetch_add_explicit(&c->used_bytes, bytes, memory_order_relaxed) + bytes <= c->max_memory_bytes)
		error = c->driver->memory_open(c->device, out, unit, pointer, bytes);
	if (error)
		atomic_fetch_sub_explicit(&c->used_bytes, bytes, memory_order_relaxed);
	return error;
}

void fpga_memory_give(struct engine_context *c, struct fpga_memory **memory, size_t bytes)
{
	if (!*memory)
		return;
	c->driver->memory_close(c->device, memory);
	atomic_fetch_sub_explicit(&c->used_bytes, bytes, memory_order_relaxed);
	*memory = NULL;
}

static void give_room(struct engine_context *c, struct fpga_room *room)
{
	fpga_memory_give(c, &room->memory, room->bytes);
	room->bytes = 0;
}

static int fit(struct engine_context *c, struct fpga_room *room, uint32_t unit, enum fpga_pointer pointer, size_t bytes)
{
	int error;

	bytes = round_up(bytes, PIECE_BYTES);
	if (bytes <= room->bytes)
		return 0;
	give_room(c, room);
	error = fpga_memory_take(c, &room->memory, unit, pointer, bytes);
	if (!error)
		room->bytes = bytes;
	return error;
}

static size_t record_bytes(const struct engine_plan *p)
{
	return FPGA_RECORD_BYTES + (size_t)p->plan->n_bins * FPGA_BIN_BYTES;
}

/* LZ4 makes nothing longer by more than 1/255, and blocks are of some kilobytes; what needs more brings its own need for room with it. */
static int fit_job(struct engine_context *c, struct fpga_job *job, uint32_t unit, const struct engine_plan *p)
{
	size_t image = image_bytes(&p->plan->shape);
	int error = fit(c, &job->room[FPGA_AT_PAYLOAD], unit, FPGA_AT_PAYLOAD, image + image / 128 + PIECE_BYTES);

	if (!error)
		error = fit(c, &job->room[FPGA_AT_OFFSETS], unit, FPGA_AT_OFFSETS, (image / 1024 + 64) * sizeof(uint32_t));
	if (!error)
		error = fit(c, &job->room[FPGA_AT_RECORD], unit, FPGA_AT_RECORD, record_bytes(p));
	if (!error)
		error = fit(c, &job->room[FPGA_AT_LIST], unit, FPGA_AT_LIST, (p->list_entries + (size_t)1) * 2 * sizeof(uint32_t));
	return error;
}

int fpga_job_fit(struct engine_context *c, struct fpga_job *job, uint32_t unit, const struct engine_plan *p, size_t payload, size_t offsets)
{
	struct fpga_room *room = job->room;
	int error = fit(c, &room[FPGA_AT_PAYLOAD], unit, FPGA_AT_PAYLOAD, payload);

	if (!error)
		error = fit(c, &room[FPGA_AT_OFFSETS], unit, FPGA_AT_OFFSETS, offsets);
	if (error == -ENOMEM) { /* back to what usual frames need, so that these still fit */
		give_room(c, &room[FPGA_AT_PAYLOAD]);
		give_room(c, &room[FPGA_AT_OFFSETS]);
		fit_job(c, job, unit, p);
	}
	return error;
}

static void free_lists(struct engine_queue *q)
{
	free(q->list);
	free(q->strong);
	free(q->value);
	free(q->spots_scratch);
	q->list = q->strong = q->value = NULL;
	q->spots_scratch = NULL;
	q->list_entries = 0;
}

static int fit_host(struct engine_queue *q, const struct engine_plan *p)
{
	size_t record = record_bytes(p);
	uint32_t n = p->list_entries;

	if (record > q->record_bytes) {
		free(q->record);
		q->record_bytes = 0;
		q->record = malloc(record);
		if (!q->record)
			return -ENOMEM;
		q->record_bytes = record;
	}
	if (n <= q->list_entries)
		return 0;
	free_lists(q);
	q->list = malloc(n * 2 * sizeof *q->list);
	q->strong = malloc(n * sizeof *q->strong);
	q->value = malloc(n * sizeof *q->value);
	q->spots_scratch = malloc(spots_scratch_bytes(p->plan, n));
	if (!q->list || !q->strong || !q->value || !q->spots_scratch) {
		free_lists(q);
		return -ENOMEM;
	}
	q->list_entries = n;
	return 0;
}

static int fit_seats(struct engine_queue *q, const struct engine_plan *p, unsigned wide)
{
	int error = 0;

	for (uint32_t s = 0; !error && s < q->n_seats[wide]; s++)
		for (uint32_t j = 0; !error && j < FPGA_JOBS; j++)
			error = fit_job(q->context, &q->seat[wide][s].job[j], q->seat[wide][s].unit, p);
	return error;
}

static void give_rooms(struct engine_queue *q, unsigned wide)
{
	for (uint32_t s = 0; q->seat[wide] && s < q->n_seats[wide]; s++)
		for (uint32_t j = 0; j < FPGA_JOBS; j++)
			for (unsigned p = 0; p < FPGA_POINTERS; p++)
				give_room(q->context, &q->seat[wide][s].job[j].room[p]);
}

static void give_all_rooms(struct engine_queue *q)
{
	give_rooms(q, 0);
	give_rooms(q, 1);
}

int fpga_queue_fit(struct engine_queue *q, const struct engine_plan *p)
{
	unsigned wide = fpga_width_of(p->plan->shape.type);
	int error = p->units_can ? fit_host(q, p) : 0;
	bool on_card = !error && p->units_can;

	q->fitted = 0;
	if (on_card)
		error = fit_seats(q, p, wide);
	if (on_card && error == -ENOMEM) { /* once more without what earlier plans and larger frames left */
		give_all_rooms(q);
		error = fit_seats(q, p, wide);
	}
	if (error)
		return error;
	q->wide = wide;
	q->fitted = p->serial;
	return 0;
}

void fpga_queue_free(struct engine_queue *q)
{
	give_all_rooms(q);
	free(q->seat[0]);
	free(q->seat[1]);
	free_lists(q);
	free(q->record);
	free(q);
}
