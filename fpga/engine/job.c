/* job.c - a frame as a job of a unit: its bytes into the card's memory, what is asked into registers (see fpga.h). */
#include <errno.h>
#include <string.h>

#include "fpga/engine/fpga.h"

#define CHUNK_BYTES 64u /* units read whole words; what is behind the last byte is anything */

/* Sets one register after the other until one fails. */
struct setting {
	const struct engine_context *context;
	uint32_t unit;
	int error;
};

static void set(struct setting *s, uint32_t offset, uint32_t value)
{
	if (!s->error)
		s->error = s->context->driver->set(s->context->device, s->unit, offset, value);
}

static void set_address(struct setting *s, uint32_t offset, const struct fpga_memory *memory)
{
	uint64_t address = s->context->driver->address(memory);

	set(s, offset, (uint32_t)address);
	set(s, offset + 4, (uint32_t)(address >> 32));
}

/* What all frames of a plan have in common. */
static void set_plan(struct setting *s, const struct engine_plan *p)
{
	const struct plan *plan = p->plan;
	bool in_gates = plan->algorithm == SPOTS_DISPERSION && p->units_can & OUTPUT_STRONG;

	set_address(s, FPGA_REG_TABLE, p->table[s->unit]);
	set(s, FPGA_REG_WIDTH, plan->shape.width);
	set(s, FPGA_REG_HEIGHT, plan->shape.height);
	set(s, FPGA_REG_BEATS_PER_ROW, p->beats_per_row);
	set(s, FPGA_REG_ELEMENT_LOG2, plan->shape.type);
	set(s, FPGA_REG_INVALID_FROM, plan->invalid_from);
	set(s, FPGA_REG_SATURATION, plan->saturation_value > UINT32_MAX ? UINT32_MAX : (uint32_t)plan->saturation_value);
	set(s, FPGA_REG_MAX_STRONG, p->list_entries);
	set(s, FPGA_REG_WATCHDOG, FPGA_WATCHDOG_CLOCKS);
	if (!in_gates)
		return;
	set(s, FPGA_REG_MIN_COUNT, plan->min_count);
	set(s, FPGA_REG_THRESHOLD, plan->threshold);
	set(s, FPGA_REG_NS2_Q16, (uint32_t)plan->ns2_q16);
	for (uint32_t m = 0; m < FPGA_ENTRIES_C_Q16; m++)
		set(s, FPGA_REG_C_Q16 + 4 * m, m <= FPGA_WINDOW ? (uint32_t)plan->c_q16[m] : 0);
}

static void set_tail(struct setting *s, const struct engine_item *item, enum pixel_type type)
{
	uint32_t n = item->blocks->tail_bytes >> type;

	set(s, FPGA_REG_TAIL_COUNT, n);
	for (uint32_t i = 0; i < n && i < FPGA_ENTRIES_TAIL; i++) {
		uint32_t v = 0;

		memcpy(&v, item->payload.bytes + item->blocks->tail_offset + ((size_t)i << type), pixel_bytes(type)); /* little-endian */
		set(s, FPGA_REG_TAIL + 4 * i, v);
	}
}

static void set_job(struct setting *s, const struct fpga_job *job)
{
	const struct block_table *t = job->item->blocks;

	set_address(s, FPGA_REG_PAYLOAD, job->room[FPGA_AT_PAYLOAD].memory);
	set_address(s, FPGA_REG_OFFSETS, job->room[FPGA_AT_OFFSETS].memory);
	set_address(s, FPGA_REG_RECORD, job->room[FPGA_AT_RECORD].memory);
	set_address(s, FPGA_REG_LIST, job->room[FPGA_AT_LIST].memory);
	set(s, FPGA_REG_PAYLOAD_BYTES, (uint32_t)job->item->payload.len_bytes);
	set(s, FPGA_REG_N_BLOCKS, t->n_blocks);
	set(s, FPGA_REG_BLOCK_BYTES, t->n_blocks > 1 ? t->block_bytes : t->last_bytes);
	set(s, FPGA_REG_LAST_BYTES, t->last_bytes);
	set_tail(s, job->item, job->plan->plan->shape.type);
	set(s, FPGA_REG_OPTIONS, job->options);
	set(s, FPGA_REG_N_BINS, job->n_bins);
	set(s, FPGA_REG_JOB, job->number);
	set(s, FPGA_REG_CTRL, FPGA_START);
}

static uint32_t options_of(const struct plan *plan, uint32_t outputs)
{
	uint32_t options = plan->saturation_value < UINT32_MAX ? FPGA_OPTION_SATURATION : 0;

	if (outputs & (OUTPUT_STRONG | OUTPUT_SPOTS) && plan->algorithm == SPOTS_DISPERSION)
		options |= FPGA_OPTION_STRONG;
	if (outputs & OUTPUT_RADIAL && plan->n_bins > 0)
		options |= FPGA_OPTION_RADIAL;
	return options;
}

static int copy_in(struct engine_queue *q, const struct fpga_room *room, const void *from, size_t bytes)
{
	q->counters.copied_in_bytes += bytes;
	return bytes > 0 ? q->context->driver->copy_in(room->memory, 0, from, bytes) : 0;
}

int fpga_job_lay_down(struct engine_queue *q, const struct engine_plan *plan, struct engine_item *item, uint64_t number)
{
	struct fpga_job *job = fpga_job_of(q, number);
	uint32_t unit = fpga_seat_of(q, number)->unit, on_host = fpga_host_outputs(plan, item);
	size_t offsets = item->blocks->n_blocks ? (item->blocks->n_blocks + (size_t)1) * sizeof(uint32_t) : 0;
	int error;

	if (item->payload.len_bytes > UINT32_MAX)
		return -EINVAL;
	job->item = item;
	job->plan = plan;
	job->number = q->next_number++;
	job->host_outputs = on_host;
	job->host_result = (struct result){.sum = 0};
	job->options = options_of(plan->plan, item->wanted & ~on_host);
	job->n_bins = job->options & FPGA_OPTION_RADIAL ? plan->plan->n_bins : 0;
	error = fpga_job_fit(q->context, job, unit, plan, item->payload.len_bytes + CHUNK_BYTES, offsets + CHUNK_BYTES);
	if (!error)
		error = copy_in(q, &job->room[FPGA_AT_PAYLOAD], item->payload.bytes, item->payload.len_bytes);
	if (!error)
		error = copy_in(q, &job->room[FPGA_AT_OFFSETS], item->blocks->offset, offsets);
	return error;
}

int fpga_job_start(struct engine_queue *q, uint64_t number)
{
	const struct fpga_job *job = fpga_job_of(q, number);
	struct setting s = {.context = q->context, .unit = fpga_seat_of(q, number)->unit};
	struct fpga_unit *unit = &q->context->unit[s.unit];

	if (unit->plan != job->plan->serial) {
		unit->plan = 0;
		set_plan(&s, job->plan);
		if (!s.error)
			unit->plan = job->plan->serial;
	}
	set_job(&s, job);
	if (s.error)
		atomic_store_explicit(&unit->lost, true, memory_order_relaxed);
	return s.error ? -EIO : 0;
}
