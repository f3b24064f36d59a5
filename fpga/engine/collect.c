/* collect.c - what came back of a job into its item's outputs; spots are labelled here, from the unit's list (see fpga.h).
 *
 * Every field of a record is held against what was asked and what the plan allows: where one cannot be, the engine has failed with that frame. */
#include <errno.h>
#include <string.h>

#include "fpga/engine/fpga.h"
#include "kernels/spots.h"

#define PORT_BYTES 16u /* of a word of payload, offsets, records and lists */

/* A record as it lies in memory, little-endian; the bins follow. */
struct record {
	uint32_t job, status, blocks, bad_blocks;
	uint32_t n_valid, n_nodata, n_saturated, max;
	uint32_t max_index, n_strong;
	uint64_t sum;
	uint32_t clocks, pixels, first_bad_block, n_bins;
};
_Static_assert(sizeof(struct record) == FPGA_RECORD_BYTES, "as in the card's memory");

struct bin {
	uint64_t sum;
	uint32_t count, zero;
};
_Static_assert(sizeof(struct bin) == FPGA_BIN_BYTES, "as in the card's memory");

static void zero_outputs(const struct engine_item *item, const struct plan *plan)
{
	memset(item->result, 0, sizeof *item->result);
	if (item->wanted & OUTPUT_RADIAL && plan->n_bins > 0) {
		memset(item->bin_sum, 0, plan->n_bins * sizeof *item->bin_sum);
		memset(item->bin_count, 0, plan->n_bins * sizeof *item->bin_count);
	}
}

/* Is it this job's, and did the unit do all of it? */
static bool is_whole(const struct fpga_job *job, const struct record *r)
{
	const struct engine_item *item = job->item;

	return r->job == job->number && !(r->status & ~(FPGA_STATUS_DAMAGED | FPGA_STATUS_OVERFLOW)) && r->blocks == item->blocks->n_blocks &&
	       r->bad_blocks <= r->blocks && !(r->status & FPGA_STATUS_DAMAGED) == !r->bad_blocks &&
	       (!r->bad_blocks || r->first_bad_block < r->blocks) && r->pixels == image_pixels(&job->plan->plan->shape) && r->n_bins == job->n_bins;
}

static bool totals_hold(const struct fpga_job *job, const struct record *r)
{
	const struct plan *plan = job->plan->plan;
	bool saturates = job->options & FPGA_OPTION_SATURATION && r->n_valid && r->max > plan->saturation_value;

	if ((uint64_t)r->n_valid + r->n_nodata != plan->n_masked_in || r->n_saturated > r->n_valid || !r->n_saturated == saturates)
		return false;
	if (!r->n_valid)
		return !r->max && !r->max_index && !r->sum;
	return r->max < plan->invalid_from && r->max_index < r->pixels && plan->mask[r->max_index] && r->sum >= r->max &&
	       r->sum <= (uint64_t)r->n_valid * r->max;
}

static bool bins_hold(const struct fpga_job *job, const struct record *r, const struct bin *bin)
{
	uint64_t count = 0, sum = 0;

	for (uint32_t b = 0; b < job->n_bins; b++) {
		if (bin[b].count > job->plan->plan->static_count[b] || bin[b].sum > (uint64_t)bin[b].count * r->max)
			return false;
		count += bin[b].count;
		sum += bin[b].sum;
	}
	return count <= r->n_valid && sum <= r->sum;
}

static bool strong_holds(const struct fpga_job *job, const struct record *r)
{
	if (!(job->options & FPGA_OPTION_STRONG))
		return !r->n_strong && !(r->status & FPGA_STATUS_OVERFLOW);
	return r->n_strong <= r->n_valid && !(r->status & FPGA_STATUS_OVERFLOW) == (r->n_strong <= job->plan->list_entries);
}

/* The list from the card, taken apart. */
static int fetch_list(struct engine_queue *q, const struct fpga_job *job, const struct record *r)
{
	const struct plan *plan = job->plan->plan;
	size_t bytes = (size_t)r->n_strong * 2 * sizeof *q->list;
	int error = r->n_strong ? q->context->driver->copy_out(job->room[FPGA_AT_LIST].memory, q->list, 0, bytes) : 0;

	q->counters.copied_out_bytes += bytes;
	for (uint32_t i = 0; !error && i < r->n_strong; i++) {
		uint32_t index = q->list[2 * i], value = q->list[2 * i + 1];

		if (index >= r->pixels || (i && index <= q->strong[i - 1]) || !plan->mask[index] || value <= plan->threshold || value > r->max)
			return -EIO;
		q->strong[i] = index;
		q->value[i] = value;
	}
	return error ? -EIO : 0;
}

static int fill_lists(struct engine_queue *q, const struct fpga_job *job, const struct record *r)
{
	const struct plan *plan = job->plan->plan;
	struct engine_item *item = job->item;
	struct result *result = item->result;
	int n_spots, error;

	result->n_strong = r->n_strong;
	if (r->n_strong > plan->max_strong) {
		result->overflow |= RESULT_OVERFLOW_STRONG;
		return 0;
	}
	error = fetch_list(q, job, r);
	if (error)
		return error;
	if (item->wanted & OUTPUT_STRONG && r->n_strong)
		memcpy(item->strong, q->strong, r->n_strong * sizeof *q->strong);
	if (!(item->wanted & OUTPUT_SPOTS))
		return 0;
	n_spots = spots_label(plan, q->strong, q->value, r->n_strong, item->spots, q->spots_scratch);
	if (n_spots < 0)
		result->overflow |= RESULT_OVERFLOW_SPOTS;
	else
		result->n_spots = (uint32_t)n_spots;
	return 0;
}

static void fill_sums(const struct fpga_job *job, const struct record *r, const struct bin *bin)
{
	struct engine_item *item = job->item;

	if (item->wanted & OUTPUT_TOTALS) {
		item->result->sum = r->sum;
		item->result->n_valid = r->n_valid;
		item->result->n_nodata = r->n_nodata;
		item->result->n_saturated = r->n_saturated;
		item->result->max = r->max;
		item->result->max_index = r->max_index;
	}
	for (uint32_t b = 0; b < job->n_bins; b++) {
		item->bin_sum[b] = bin[b].sum;
		item->bin_count[b] = bin[b].count;
	}
}

/* The host has found strong pixels or bins into the item's own buffers. */
static void add_host_part(const struct fpga_job *job)
{
	job->item->result->n_strong += job->host_result.n_strong;
	job->item->result->n_spots += job->host_result.n_spots;
	job->item->result->overflow |= job->host_result.overflow;
}

static int fill(struct engine_queue *q, const struct fpga_job *job, const struct record *r, const struct bin *bin)
{
	int error = 0;

	if (!is_whole(job, r) || (job->host_outputs && job->host_status != (r->bad_blocks ? -EBADMSG : 0)))
		return -EIO;
	q->counters.frames++;
	q->counters.blocks += r->blocks - r->bad_blocks;
	if (r->bad_blocks)
		return -EBADMSG;
	if (!totals_hold(job, r) || !bins_hold(job, r, bin) || !strong_holds(job, r))
		return -EIO;
	q->counters.pixels += r->pixels;
	q->counters.pixels_tested += job->options & FPGA_OPTION_STRONG ? r->pixels : 0;
	memset(job->item->result, 0, sizeof *job->item->result);
	fill_sums(job, r, bin);
	if (job->options & FPGA_OPTION_STRONG)
		error = fill_lists(q, job, r);
	add_host_part(job);
	return error;
}

/* Reads one register after the other until one fails. */
struct reading {
	const struct engine_context *context;
	uint32_t unit;
	int error;
};

static uint32_t get(struct reading *r, uint32_t offset)
{
	uint32_t value = 0;

	if (!r->error)
		r->error = r->context->driver->get(r->context->device, r->unit, offset, &value);
	return r->error ? 0 : value;
}

/* Each error has a bit in the status. Where none is up all counts are 0, and eight registers less are read between two jobs. */
static void read_errors(struct engine_queue *q, struct reading *r, uint32_t status)
{
	for (uint32_t i = 0; status && i < FPGA_ERRORS; i++)
		q->errors[i] += get(r, FPGA_REG_ERRORS + 4 * i);
}

/* Counts of the job that has just ended; the next one overwrites them. A watchdog's job has no record, and the unit no job any more. */
static int read_counts(struct engine_queue *q, uint32_t unit, uint32_t *status)
{
	struct reading r = {.context = q->context, .unit = unit};
	size_t table_word = q->context->unit[unit].lanes * sizeof(uint16_t);

	*status = get(&r, FPGA_REG_STATUS);
	read_errors(q, &r, *status);
	if (*status & FPGA_STATUS_WATCHDOG)
		r.error = -EIO;
	for (uint32_t s = 0; s < FPGA_STAGES; s++)
		for (uint32_t i = 0; i < 3; i++)
			q->stage[s][i] += get(&r, FPGA_REG_STAGE + 4 * (3 * s + i));
	q->counters.payload_bytes += (uint64_t)get(&r, FPGA_REG_EVENTS + 4 * FPGA_EVENT_PAYLOAD_BEATS) * PORT_BYTES;
	q->counters.table_bytes += (uint64_t)get(&r, FPGA_REG_EVENTS + 4 * FPGA_EVENT_TABLE_BEATS) * table_word;
	q->counters.record_bytes += (uint64_t)get(&r, FPGA_REG_EVENTS + 4 * FPGA_EVENT_OFFSET_BEATS) * PORT_BYTES;
	q->counters.record_bytes += (uint64_t)get(&r, FPGA_REG_EVENTS + 4 * FPGA_EVENT_WRITTEN_WORDS) * PORT_BYTES;
	return r.error;
}

/* More than any job can take that moves at all, before the slowest memory: its watchdog ends it long before. Two seconds for 16 megapixels at 250 MHz. */
static uint64_t limit_of(const struct fpga_job *job)
{
	const struct plan *plan = job->plan->plan;
	uint64_t beats = (uint64_t)job->plan->beats_per_row * (plan->shape.height + 16u), words = job->item->payload.len_bytes / 16 + job->item->blocks->n_blocks;

	return 16 * (uint64_t)FPGA_WATCHDOG_CLOCKS + 256 * (beats + words + job->n_bins) + 16 * (uint64_t)image_pixels(&plan->shape);
}

static int fetch_record(struct engine_queue *q, const struct fpga_job *job)
{
	size_t bytes = FPGA_RECORD_BYTES + (size_t)job->n_bins * FPGA_BIN_BYTES;

	q->counters.copied_out_bytes += bytes;
	return q->context->driver->copy_out(job->room[FPGA_AT_RECORD].memory, q->record, 0, bytes);
}

/* The job has ended; the one that waits for its unit goes on before anything else is done. */
static int end_job(struct engine_queue *q, const struct fpga_job *job, uint32_t unit, uint32_t *status)
{
	uint64_t next = q->done + q->n_seats[q->wide];
	int error = read_counts(q, unit, status);

	q->done++;
	if (error)
		atomic_store_explicit(&q->context->unit[unit].lost, true, memory_order_relaxed);
	else if (next < q->dealt)
		error = fpga_job_start(q, next);
	return error ? error : fetch_record(q, job);
}

int fpga_job_collect(struct engine_queue *q)
{
	struct fpga_seat *seat = fpga_seat_of(q, q->done);
	const struct fpga_job *job = fpga_job_of(q, q->done);
	struct record record;
	uint32_t status = 0;
	int error = q->context->driver->wait(q->context->device, seat->unit, limit_of(job));

	if (error)
		atomic_store_explicit(&q->context->unit[seat->unit].lost, true, memory_order_relaxed);
	else
		error = end_job(q, job, seat->unit, &status);
	if (error)
		return -EIO;
	memcpy(&record, q->record, sizeof record);
	record.status |= status & FPGA_STATUS_PORT; /* which may be the answer to the record itself */
	seat->clocks += record.clocks;
	if (q->counters.clocks < seat->clocks)
		q->counters.clocks = seat->clocks;
	job->item->status = fill(q, job, &record, (const struct bin *)(const void *)(q->record + FPGA_RECORD_BYTES));
	if (job->item->status)
		zero_outputs(job->item, job->plan->plan);
	return 0;
}
