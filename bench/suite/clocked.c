/* clocked.c - counters into rates (clocked.h). */
#include "bench/suite/clocked.h"

#include <errno.h>

void clocked_read(struct clocked *out, const struct engine_seat *seat)
{
	const struct engine *engine = seat->bench->engine;
	struct engine_counters n = {0};
	double per_s;

	*out = (struct clocked){0};
	if (engine->counters)
		engine->counters(seat->queue, &n);
	if (!n.clocks || !n.frames || !n.clock_mhz)
		return;
	out->frames = (unsigned)n.frames;
	out->units = n.units;
	out->clock_mhz = n.clock_mhz;
	out->clocks_per_frame = (double)n.clocks / (double)n.frames;
	out->frames_per_s = n.clock_mhz * 1e6 / out->clocks_per_frame;
	per_s = out->frames_per_s / (double)n.frames / 1e9;
	out->payload_gb_per_s = (double)n.payload_bytes * per_s;
	out->table_gb_per_s = (double)n.table_bytes * per_s;
	out->record_gb_per_s = (double)n.record_bytes * per_s;
	if (engine->stages)
		out->n_stages = engine->stages(seat->queue, out->stage, CLOCKED_STAGES_MAX);
	if (out->n_stages > CLOCKED_STAGES_MAX)
		out->n_stages = CLOCKED_STAGES_MAX;
}

/* How many frames are under way at a time: what the queue says before it has done any. */
static unsigned units_of(const struct engine_bench *b)
{
	struct engine_queue *queue = NULL;
	struct engine_counters n = {0};
	unsigned most = b->can.max_batch ? b->can.max_batch : 1;

	if (b->engine->counters && b->engine->queue_open(b->context, &queue, image_bytes(&b->set->shape)) == 0)
		b->engine->counters(queue, &n);
	if (queue)
		b->engine->queue_close(&queue);
	return n.units < 1 ? 1 : n.units > most ? most : n.units;
}

int clocked_measure(struct clocked *out, const struct engine_bench *b)
{
	struct engine_seat seat = {0};
	int rc = engine_seat_open(&seat, b, units_of(b));

	*out = (struct clocked){0};
	if (rc == 0)
		rc = engine_seat_run(&seat, 0);
	if (rc == 0) {
		clocked_read(out, &seat);
		rc = out->clocks_per_frame > 0 ? 0 : -ENOTSUP;
	}
	engine_seat_close(&seat);
	return rc;
}
