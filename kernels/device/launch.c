/* launch.c - puts a composed chunk into the driver's queue: copies in, kernels, records back (see device.h). */
#include <errno.h>

#include "kernels/device/device.h"

/* Builds up the arguments of one launch. */
struct call {
	struct driver_argument argument[DRIVER_ARGUMENTS_MAX];
	uint32_t n;
};

static void give_memory(struct call *call, const struct driver_memory *memory)
{
	call->argument[call->n++] = (struct driver_argument){memory, 0};
}

static void give_number(struct call *call, uint32_t number)
{
	call->argument[call->n++] = (struct driver_argument){NULL, number};
}

static int launch_call(struct engine_queue *q, enum device_kernel kernel, uint32_t n_groups, const struct call *call)
{
	return q->context->driver->launch(q->queue, kernel, n_groups, call->argument, call->n);
}

static int copy_in_all(struct engine_queue *q)
{
	const struct driver *driver = q->context->driver;
	struct device_chunk *chunk = &q->chunk;
	size_t jobs_bytes = chunk->n * sizeof(struct frame_job);
	int error = driver->copy_in(q->queue, q->jobs.memory, 0, q->host_jobs.at, jobs_bytes);

	q->counters.copied_in_bytes += jobs_bytes;
	for (uint32_t i = 0; !error && i < chunk->n_runs; i++) {
		const struct copy_run *run = &chunk->run[i];

		error = driver->copy_in(q->queue, q->payload.memory, run->to, run->from, run->bytes);
		q->counters.copied_in_bytes += run->bytes;
	}
	if (!error)
		error = driver->clear(q->queue, q->records.memory, 0, (size_t)chunk->n * chunk->plan->table.record_words * sizeof(uint32_t));
	return error;
}

static int decode_small(struct engine_queue *q)
{
	struct device_chunk *chunk = &q->chunk;
	struct call call = {.n = 0};

	if (chunk->small_pieces == 0)
		return 0;
	give_memory(&call, chunk->plan->table_memory);
	give_memory(&call, q->payload.memory);
	give_memory(&call, q->jobs.memory);
	give_number(&call, chunk->n_small);
	give_memory(&call, q->images.memory);
	give_memory(&call, q->records.memory);
	return launch_call(q, DEVICE_DECODE, chunk->small_pieces, &call);
}

static int decode_large(struct engine_queue *q)
{
	struct device_chunk *chunk = &q->chunk;
	struct call decode = {.n = 0}, unshuffle = {.n = 0};
	/* frames without planes need none, but the kernel wants an argument */
	const struct driver_memory *planes = q->planes.memory ? q->planes.memory : q->images.memory;
	int error;

	if (chunk->large_pieces == 0)
		return 0;
	give_memory(&decode, chunk->plan->table_memory);
	give_memory(&decode, q->payload.memory);
	give_memory(&decode, q->jobs.memory);
	give_number(&decode, chunk->n_small);
	give_number(&decode, chunk->n - chunk->n_small);
	give_memory(&decode, q->images.memory);
	give_memory(&decode, planes);
	give_memory(&decode, q->records.memory);
	error = launch_call(q, DEVICE_DECODE_LARGE, chunk->large_pieces, &decode);
	if (error || chunk->tiles == 0)
		return error;
	give_memory(&unshuffle, chunk->plan->table_memory);
	give_memory(&unshuffle, q->jobs.memory);
	give_number(&unshuffle, chunk->n_small);
	give_number(&unshuffle, chunk->n - chunk->n_small);
	give_memory(&unshuffle, q->images.memory);
	give_memory(&unshuffle, planes);
	return launch_call(q, DEVICE_UNSHUFFLE, chunk->tiles, &unshuffle);
}

static int totals(struct engine_queue *q)
{
	struct device_chunk *chunk = &q->chunk;
	const struct engine_plan *p = chunk->plan;
	struct call sums = {.n = 0}, summary = {.n = 0};
	int error;

	give_memory(&sums, p->table_memory);
	give_memory(&sums, p->classes);
	give_memory(&sums, q->images.memory);
	give_memory(&sums, q->records.memory);
	give_memory(&sums, q->parts.memory);
	give_number(&sums, chunk->bins);
	give_number(&sums, p->totals_groups);
	error = launch_call(q, DEVICE_TOTALS, chunk->n * p->totals_groups, &sums);
	if (error)
		return error;
	give_memory(&summary, p->table_memory);
	give_memory(&summary, q->parts.memory);
	give_memory(&summary, q->records.memory);
	give_number(&summary, p->totals_groups);
	return launch_call(q, DEVICE_SUMMARY, chunk->n, &summary);
}

static int dispersion(struct engine_queue *q)
{
	const struct engine_plan *p = q->chunk.plan;
	struct call call = {.n = 0};

	give_memory(&call, p->table_memory);
	give_memory(&call, p->mask);
	give_memory(&call, q->images.memory);
	give_memory(&call, q->records.memory);
	give_memory(&call, q->rest.memory);
	give_number(&call, p->tiles_across);
	give_number(&call, p->dispersion_tiles);
	return launch_call(q, DEVICE_DISPERSION, q->chunk.n * p->dispersion_tiles, &call);
}

static int mark_and_erode(struct engine_queue *q)
{
	const struct engine_plan *p = q->chunk.plan;
	struct call mark = {.n = 0}, erode = {.n = 0};
	int error;

	give_memory(&mark, p->table_memory);
	give_memory(&mark, p->mask);
	give_memory(&mark, q->images.memory);
	give_memory(&mark, q->records.memory);
	give_memory(&mark, q->marked.memory);
	give_memory(&mark, q->unmarked.memory);
	give_number(&mark, p->mark_tiles);
	error = launch_call(q, DEVICE_MARK, q->chunk.n * p->mark_tiles, &mark);
	if (error)
		return error;
	give_memory(&erode, p->table_memory);
	give_memory(&erode, q->records.memory);
	give_memory(&erode, q->marked.memory);
	give_memory(&erode, q->unmarked.memory);
	give_number(&erode, p->erode_groups);
	return launch_call(q, DEVICE_ERODE, q->chunk.n * p->erode_groups, &erode);
}

static int dispersion_extended(struct engine_queue *q)
{
	const struct engine_plan *p = q->chunk.plan;
	struct call call = {.n = 0};
	int error = mark_and_erode(q);

	if (error)
		return error;
	give_memory(&call, p->table_memory);
	give_memory(&call, p->mask);
	give_memory(&call, q->images.memory);
	give_memory(&call, q->records.memory);
	give_memory(&call, q->rest.memory);
	give_memory(&call, q->marked.memory);
	give_number(&call, p->extended_groups);
	return launch_call(q, DEVICE_EXTENDED, q->chunk.n * p->extended_groups, &call);
}

int launch(struct engine_queue *q)
{
	const struct driver *driver = q->context->driver;
	const struct engine_plan *p = q->chunk.plan;
	size_t back = (size_t)q->chunk.n * p->table.record_words * sizeof(uint32_t);
	int error = copy_in_all(q);

	if (!error)
		error = decode_small(q);
	if (!error)
		error = decode_large(q);
	if (!error)
		error = totals(q);
	if (!error && q->chunk.wants_strong)
		error = p->plan->algorithm == SPOTS_DISPERSION ? dispersion(q) : dispersion_extended(q);
	if (!error)
		error = driver->copy_out(q->queue, q->host_records.at, q->records.memory, 0, back);
	q->counters.copied_out_bytes += back;
	return error ? error : driver->flush(q->queue);
}
