/* host.c - what no unit can do of a frame: the cpu engine does it on the host, while units are at work (see fpga.h).
 *
 * Blocks that no decoder holds make the whole frame the host's; of a plan with another window, another test or too many bins only the part that it asks for. */
#include <errno.h>

#include "fpga/engine/fpga.h"

static bool blocks_fit(const struct block_table *t)
{
	return t->last_bytes <= FPGA_BLOCK_BYTES_MAX && (t->n_blocks < 2 || t->block_bytes <= FPGA_BLOCK_BYTES_MAX);
}

bool fpga_host_has_all(const struct engine_plan *plan, const struct engine_item *item)
{
	return !plan->units_can || !blocks_fit(item->blocks) || (item->wanted && !(item->wanted & plan->units_can));
}

uint32_t fpga_host_outputs(const struct engine_plan *plan, const struct engine_item *item)
{
	return item->wanted & ~plan->units_can;
}

int fpga_host_whole(struct engine_queue *q, const struct engine_plan *plan, struct engine_item *item)
{
	int error = engine_cpu.submit(q->host, plan->host, item, 1);

	q->counters.on_host++;
	return error ? error : engine_cpu.wait(q->host);
}

int fpga_host_part(struct engine_queue *q, const struct engine_plan *plan, struct fpga_job *job)
{
	struct engine_item part = *job->item;
	int error;

	part.wanted = job->host_outputs;
	part.result = &job->host_result;
	error = fpga_host_whole(q, plan, &part);
	job->host_status = part.status;
	return error;
}
