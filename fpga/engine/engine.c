/* engine.c - the contract of kernels/engine.h over units behind any driver: devices, queues with units of their own, batches (see fpga.h). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fpga/engine/engine_of.h"
#include "fpga/engine/fpga.h"

#define DEVICES_LOOKED_AT 64u
#define CLOCK_MHZ 250u

static const char on_host[] = "on the host: spots are labelled, dispersion_extended, windows other than 7 x 7, blocks over 8 kB, more than 4096 bins";

/* --- devices ---------------------------------------------------------------------------------------------------------------------- */

/* What a driver has, or that it has nothing as one device that cannot be used. */
static uint32_t list(const struct fpga_driver *driver, struct engine_device *out, uint32_t capacity)
{
	char why[sizeof out->unfit] = "";
	struct engine_device *devices = calloc(DEVICES_LOOKED_AT, sizeof *devices);
	int n = devices ? driver->devices(devices, DEVICES_LOOKED_AT, (struct fpga_words){why, sizeof why}) : -ENOMEM;
	uint32_t listed = 1;

	if (n > 0)
		listed = (uint32_t)n < DEVICES_LOOKED_AT ? (uint32_t)n : DEVICES_LOOKED_AT;
	for (uint32_t i = 0; n > 0 && i < listed && i < capacity; i++)
		out[i] = devices[i];
	if (n <= 0 && capacity > 0) {
		out[0] = (struct engine_device){.name = ""};
		snprintf(out[0].name, sizeof out[0].name, "%s", driver->name);
		snprintf(out[0].unfit, sizeof out[0].unfit, "%s", why[0] ? why : "there is none");
	}
	free(devices);
	return listed;
}

int fpga_devices(const struct fpga_driver *const *drivers, struct engine_device *out, uint32_t capacity, char *words, size_t words_bytes)
{
	uint32_t n = 0;

	for (; *drivers; drivers++)
		n += list(*drivers, n < capacity ? out + n : NULL, n < capacity ? capacity - n : 0);
	if (n == 0)
		snprintf(words, words_bytes, "this build has no device for it");
	return n ? (int)n : -ENODEV;
}

/* The driver that has the engine's device of this number; *number becomes the driver's. NULL: there is none. */
static const struct fpga_driver *driver_of(const struct fpga_driver *const *drivers, uint32_t *number, struct engine_device *facts)
{
	struct engine_device *devices = calloc(DEVICES_LOOKED_AT, sizeof *devices);
	const struct fpga_driver *found = NULL;

	for (; devices && *drivers && !found; drivers++) {
		uint32_t n = list(*drivers, devices, DEVICES_LOOKED_AT);

		if (*number < n) {
			found = *drivers;
			*facts = devices[*number];
		} else {
			*number -= n;
		}
	}
	free(devices);
	return found;
}

int fpga_probe(const struct fpga_driver *const *drivers, const struct engine_config *config, char *words, size_t words_bytes)
{
	const struct engine_config none = {.device = 0};
	uint32_t number = config ? config->device : 0;
	struct engine_device facts;
	const struct fpga_driver *driver = driver_of(drivers, &number, &facts);
	char why[128] = "";

	if (!driver) {
		snprintf(words, words_bytes, "there is no device %u", config ? config->device : 0);
		return -ENODEV;
	}
	if (!facts.unfit[0] && driver->ready && driver->ready(config ? config : &none, (struct fpga_words){why, sizeof why}) < 0)
		snprintf(facts.unfit, sizeof facts.unfit, "%s", why);
	if (facts.unfit[0]) {
		snprintf(words, words_bytes, "%s: %s", facts.name, facts.unfit);
		return -ENODEV;
	}
	snprintf(words, words_bytes, "%s; %s", facts.name, on_host);
	return 0;
}

/* --- contexts --------------------------------------------------------------------------------------------------------------------- */

static int read_unit(struct engine_context *c, uint32_t u)
{
	static const uint32_t offset[] = {FPGA_REG_IDENTITY, FPGA_REG_VERSION, FPGA_REG_PIXEL_BITS, FPGA_REG_MAX_WIDTH};
	uint32_t value[4];
	int error = 0;

	for (int i = 0; !error && i < 4; i++)
		error = c->driver->get(c->device, u, offset[i], &value[i]);
	if (error)
		return -EIO;
	if (value[0] != FPGA_IDENTITY || value[1] != FPGA_VERSION || (value[2] != 16 && value[2] != 32) || value[3] == 0)
		return -EPROTO;
	c->unit[u].pixel_bits = value[2];
	c->unit[u].lanes = 512 / value[2];
	c->unit[u].max_width = value[3];
	c->n_wide[value[2] == 32]++;
	return 0;
}

/* Queues share no unit, and each has some of every width that there is. */
static uint32_t queues_of(const struct engine_context *c)
{
	uint32_t narrow = c->n_wide[0], wide = c->n_wide[1];

	if (!narrow || !wide)
		return narrow + wide;
	return narrow < wide ? narrow : wide;
}

static int open_units(struct engine_context *c)
{
	int error = 0;

	c->driver->facts(c->device, &c->facts);
	if (c->facts.units == 0 || c->facts.units > FPGA_UNITS_MAX)
		return -EPROTO;
	for (uint32_t u = 0; !error && u < c->facts.units; u++)
		error = read_unit(c, u);
	c->queues = queues_of(c);
	return error;
}

int fpga_open(const struct engine *engine, const struct fpga_driver *const *drivers, struct engine_context **out, const struct engine_config *config)
{
	struct engine_config used = config ? *config : (struct engine_config){.device = 0};
	struct engine_context *c = calloc(1, sizeof *c);
	uint32_t number = used.device;
	struct engine_device facts;
	int error = -ENODEV;

	*out = NULL;
	if (!c)
		return -ENOMEM;
	if (!used.fpga_clock_mhz)
		used.fpga_clock_mhz = CLOCK_MHZ;
	c->max_memory_bytes = used.max_memory_bytes ? used.max_memory_bytes : UINT64_MAX;
	c->driver = driver_of(drivers, &number, &facts);
	if (c->driver && !facts.unfit[0])
		error = c->driver->open(&c->device, number, &used);
	if (!error)
		error = open_units(c);
	if (!error)
		error = engine_cpu.open(&c->host, &(struct engine_config){.cpu_level = used.cpu_level});
	if (!error)
		error = fpga_self_test(engine, c);
	if (error)
		fpga_close(&c);
	*out = c;
	return error;
}

void fpga_close(struct engine_context **context)
{
	struct engine_context *c = context ? *context : NULL;

	if (!c)
		return;
	engine_cpu.close(&c->host);
	if (c->driver)
		c->driver->close(&c->device);
	free(c);
	*context = NULL;
}

void fpga_capabilities(const struct engine_context *c, struct engine_capabilities *out)
{
	*out = (struct engine_capabilities){
		.algorithms = 1u << SPOTS_NONE | 1u << SPOTS_DISPERSION | 1u << SPOTS_DISPERSION_EXTENDED,
		.pixel_types = (c->n_wide[0] ? 1u << PIXEL_U8 | 1u << PIXEL_U16 : 0) | (c->n_wide[1] ? 1u << PIXEL_U32 : 0),
		.codecs = 1u << CODEC_BSLZ4,
		.max_bins = PLAN_BINS_MAX,
		.max_batch = FPGA_BATCH,
		.max_queues = c->queues,
		.needs_pinned = true,
	};
}

int fpga_plan_load(struct engine_context *c, struct engine_plan **out, const struct plan *plan)
{
	*out = NULL;
	if (plan->algorithm > SPOTS_DISPERSION_EXTENDED || plan->n_bins > PLAN_BINS_MAX || !c->n_wide[fpga_width_of(plan->shape.type)])
		return -ENOTSUP;
	return fpga_table_load(c, out, plan);
}

void fpga_plan_drop(struct engine_context *c, struct engine_plan **plan)
{
	fpga_table_drop(plan);
}

/* Payloads are copied into the card's memory from wherever they lie. */
int fpga_pin(struct engine_context *c, void *at, size_t bytes)
{
	return 0;
}

void fpga_unpin(struct engine_context *c, void *at, size_t bytes)
{
}

/* --- queues ----------------------------------------------------------------------------------------------------------------------- */

/* Of the units of one width every `queues`-th. */
static int take_seats(struct engine_queue *q, unsigned wide)
{
	struct engine_context *c = q->context;
	uint32_t of_width = 0;

	q->seat[wide] = calloc(FPGA_UNITS_MAX, sizeof *q->seat[wide]);
	if (!q->seat[wide])
		return -ENOMEM;
	for (uint32_t u = 0; u < c->facts.units; u++)
		if ((c->unit[u].pixel_bits == 32) == wide && of_width++ % c->queues == q->place)
			q->seat[wide][q->n_seats[wide]++].unit = u;
	return 0;
}

static int take_place(struct engine_queue *q)
{
	struct engine_context *c = q->context;

	for (q->place = 0; q->place < c->queues; q->place++)
		if (!atomic_exchange_explicit(&c->taken[q->place], true, memory_order_acquire))
			return 0;
	return -EBUSY;
}

int fpga_queue_open(struct engine_context *c, struct engine_queue **out, size_t max_bytes)
{
	struct engine_queue *q = calloc(1, sizeof *q);
	int error;

	*out = NULL;
	if (!q)
		return -ENOMEM;
	q->context = c;
	q->max_bytes = max_bytes;
	q->next_number = 1;
	error = take_place(q);
	if (error) {
		free(q);
		return error;
	}
	error = engine_cpu.queue_open(c->host, &q->host, max_bytes);
	for (unsigned wide = 0; !error && wide < 2; wide++)
		error = take_seats(q, wide);
	if (error)
		fpga_queue_close(&q);
	*out = q;
	return error;
}

/* Waits for what runs, whose results nobody wants; what does not end is lost. */
static void abandon(struct engine_queue *q)
{
	uint32_t n = q->n_seats[q->wide];

	for (uint64_t i = q->done; i < q->dealt && i < q->done + n; i++) {
		struct fpga_unit *unit = &q->context->unit[fpga_seat_of(q, i)->unit];

		if (!atomic_load_explicit(&unit->lost, memory_order_relaxed) &&
		    q->context->driver->wait(q->context->device, fpga_seat_of(q, i)->unit, (uint64_t)FPGA_WATCHDOG_CLOCKS << 8))
			atomic_store_explicit(&unit->lost, true, memory_order_relaxed);
	}
	q->dealt = q->done = 0;
}

void fpga_queue_close(struct engine_queue **queue)
{
	struct engine_queue *q = queue ? *queue : NULL;

	if (!q)
		return;
	abandon(q);
	engine_cpu.queue_close(&q->host);
	/* pairs with the acquire of the next queue in this place: it sees the units at rest */
	atomic_store_explicit(&q->context->taken[q->place], false, memory_order_release);
	fpga_queue_free(q);
	*queue = NULL;
}

/* --- work ------------------------------------------------------------------------------------------------------------------------- */

static int finish(struct engine_queue *q)
{
	int error = 0;

	while (!error && q->done < q->dealt)
		error = fpga_job_collect(q);
	if (error)
		abandon(q);
	q->dealt = q->done = 0;
	return error;
}

static bool is_any_lost(const struct engine_queue *q)
{
	for (uint32_t s = 0; s < q->n_seats[q->wide]; s++)
		if (atomic_load_explicit(&q->context->unit[q->seat[q->wide][s].unit].lost, memory_order_relaxed))
			return true;
	return false;
}

/* Lays a frame down for the unit whose turn it is. Its part for the host is done while the unit works. A frame that is so much larger than others that the card
 * has no room for it (many small blocks, a payload longer than the image) is the host's: others still fit. */
static int deal(struct engine_queue *q, const struct engine_plan *plan, struct engine_item *item)
{
	uint32_t n = q->n_seats[q->wide];
	uint64_t number = q->dealt;
	int error = 0;

	if (number - q->done == (uint64_t)n * FPGA_JOBS)
		error = fpga_job_collect(q);
	if (!error)
		error = fpga_job_lay_down(q, plan, item, number);
	if (error == -ENOMEM)
		return fpga_host_whole(q, plan, item);
	if (error)
		return error;
	q->dealt++;
	if (number - q->done < n)
		error = fpga_job_start(q, number);
	if (!error && fpga_job_of(q, number)->host_outputs)
		error = fpga_host_part(q, plan, fpga_job_of(q, number));
	return error;
}

static int take(struct engine_queue *q, const struct engine_plan *plan, struct engine_item *item)
{
	if (item->payload.codec != CODEC_BSLZ4) {
		item->status = -ENOTSUP;
		return 0;
	}
	if (fpga_host_has_all(plan, item))
		return fpga_host_whole(q, plan, item);
	return deal(q, plan, item);
}

int fpga_submit(struct engine_queue *q, const struct engine_plan *plan, struct engine_item *items, uint32_t n)
{
	int error = n <= FPGA_BATCH && image_bytes(&plan->plan->shape) <= q->max_bytes ? finish(q) : -EINVAL;

	if (!error && q->fitted != plan->serial)
		error = fpga_queue_fit(q, plan);
	if (!error && is_any_lost(q))
		error = -EIO;
	for (uint32_t i = 0; !error && i < n; i++)
		error = take(q, plan, &items[i]);
	if (error) /* nothing of a failed batch goes on behind its owner's back */
		abandon(q);
	return error;
}

int fpga_wait(struct engine_queue *q)
{
	return finish(q);
}

void fpga_counters(const struct engine_queue *q, struct engine_counters *out)
{
	*out = q->counters;
	out->units = q->n_seats[q->wide];
	out->clock_mhz = q->context->facts.clock_mhz;
}

/* What the unit counts no clocks of stands behind its stages. */
#define OFFSETS_ROW FPGA_STAGES
#define CONTROL_ROW (FPGA_STAGES + 1u)
#define ROWS (FPGA_STAGES + 2u)

uint32_t fpga_stages(const struct engine_queue *q, struct engine_stage *out, uint32_t capacity)
{
	static const char stages[FPGA_STAGES][sizeof ((struct engine_stage *)0)->name] = FPGA_STAGE_NAMES;
	static const uint32_t row_of[FPGA_ERRORS] = {
		[FPGA_ERROR_PAYLOAD] = FPGA_STAGE_PAYLOAD, [FPGA_ERROR_OFFSETS] = OFFSETS_ROW, [FPGA_ERROR_TABLE] = FPGA_STAGE_TABLE,
		[FPGA_ERROR_WRITE] = FPGA_STAGE_RECORD_WRITER, [FPGA_ERROR_SPLITTER] = FPGA_STAGE_SPLITTER, [FPGA_ERROR_DECODE] = FPGA_STAGE_DECODE,
		[FPGA_ERROR_STRONG_LIST] = FPGA_STAGE_STRONG_LIST, [FPGA_ERROR_CONTROL] = CONTROL_ROW,
	};
	struct engine_stage row[ROWS] = {[OFFSETS_ROW] = {.name = "offsets"}, [CONTROL_ROW] = {.name = "control"}};

	for (uint32_t s = 0; s < FPGA_STAGES; s++) {
		row[s] = (struct engine_stage){.busy = q->stage[s][0], .stalled_in = q->stage[s][1], .stalled_out = q->stage[s][2]};
		memcpy(row[s].name, stages[s], sizeof row[s].name);
	}
	for (uint32_t i = 0; i < FPGA_ERRORS; i++)
		row[row_of[i]].errors = q->errors[i];
	for (uint32_t r = 0; r < ROWS && r < capacity; r++)
		out[r] = row[r];
	return ROWS;
}
