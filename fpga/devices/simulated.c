/* simulated.c - units of the design itself, which Verilator simulates, before a memory of the host's (see simulated.h).
 *
 * It computes on this machine's processors, thousands of times slower than a card would: a clock passes when somebody waits for a unit, and its time is counted in clocks.
 * What a build has no simulation for, it says. */
#include "fpga/devices/simulated.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef FPGA_NO_SIMULATION

static int devices(struct engine_device *out, uint32_t capacity, struct fpga_words words)
{
	if (words.at)
		snprintf(words.at, words.bytes, "this build has no simulated card: %s", FPGA_NO_SIMULATION);
	return -ENODEV;
}

const struct fpga_driver fpga_simulated = {.name = "simulated", .devices = devices};

struct unit_model *fpga_simulated_unit(struct fpga_device *device, uint32_t unit)
{
	return NULL;
}

#else

#include "fpga/registers.h"
#include "fpga/simulated/unit_model.h"

#define N_NARROW 2u
#define N_WIDE 1u
#define UNITS (N_NARROW + N_WIDE)
#define CARD_BYTES ((uint64_t)2 << 30)
#define CARD_ADDRESS ((uint64_t)1 << 32) /* no address of a card is one of the host's */
#define PIECE 4096u
#define SEED 0x51u /* the same clocks every time */

struct fpga_memory {
	struct fpga_device *device;
	struct fpga_memory *next; /* the piece that lies behind it; pieces are in order of their address */
	uint64_t at, bytes;       /* in the card's memory; bytes are a multiple of PIECE */
};

struct fpga_device {
	uint32_t clock_mhz;
	uint8_t *memory;
	atomic_flag changing;      /* pieces, of which plans and queues take theirs on several threads; never while frames flow */
	struct fpga_memory *pieces;
	struct unit_model *unit[UNITS];
};

static int devices(struct engine_device *out, uint32_t capacity, struct fpga_words words)
{
	if (capacity == 0)
		return 1;
	out[0] = (struct engine_device){.driver = "Verilator", .memory_bytes = CARD_BYTES, .on_cpu = true, .simulated = true};
	snprintf(out[0].name, sizeof out[0].name, "simulated clock by clock, %u units of 16 bits and %u of 32", N_NARROW, N_WIDE);
	return 1;
}

static void close_card(struct fpga_device **device)
{
	struct fpga_device *d = device ? *device : NULL;

	if (!d)
		return;
	for (uint32_t u = 0; u < UNITS; u++)
		unit_model_close(&d->unit[u]);
	free(d->memory);
	free(d);
	*device = NULL;
}

static int open_unit(struct fpga_device *d, uint32_t u, const struct engine_config *config)
{
	const struct unit_model_config model = {
		.pixel_bits = u < N_NARROW ? 16 : 32, .memory = d->memory, .memory_bytes = CARD_BYTES, .memory_address = CARD_ADDRESS,
		.latency_clocks = config->fpga_latency_clocks, .stall_percent = config->fpga_stall_percent, .seed = SEED + u,
	};
	int error = unit_model_open(&d->unit[u], &model);

	if (!error)
		error = unit_model_set(d->unit[u], FPGA_REG_INTERRUPTS, 1);
	return error ? error : unit_model_set(d->unit[u], FPGA_REG_INTERRUPT_ENABLE, 1);
}

static int open_card(struct fpga_device **out, uint32_t device, const struct engine_config *config)
{
	struct fpga_device *d = device == 0 ? calloc(1, sizeof *d) : NULL;
	int error = 0;

	*out = NULL;
	if (!d)
		return device ? -ENODEV : -ENOMEM;
	atomic_flag_clear_explicit(&d->changing, memory_order_relaxed);
	d->clock_mhz = config->fpga_clock_mhz;
	d->memory = calloc(1, CARD_BYTES); /* address space until it is used */
	if (!d->memory)
		error = -ENOMEM;
	for (uint32_t u = 0; !error && u < UNITS; u++)
		error = open_unit(d, u, config);
	if (error)
		close_card(&d);
	*out = d;
	return error;
}

static void facts(const struct fpga_device *device, struct fpga_facts *out)
{
	*out = (struct fpga_facts){.units = UNITS, .clock_mhz = device->clock_mhz};
}

/* Acquire pairs with the release of who let go before: its list is seen whole. */
static void hold_pieces(struct fpga_device *d)
{
	while (atomic_flag_test_and_set_explicit(&d->changing, memory_order_acquire))
		;
}

static void let_go(struct fpga_device *d)
{
	atomic_flag_clear_explicit(&d->changing, memory_order_release);
}

/* Puts the piece into the first gap that is wide enough. */
static int place(struct fpga_device *d, struct fpga_memory *m)
{
	struct fpga_memory **behind = &d->pieces;

	while (*behind && (*behind)->at - m->at < m->bytes) {
		m->at = (*behind)->at + (*behind)->bytes;
		behind = &(*behind)->next;
	}
	if (!*behind && CARD_BYTES - m->at < m->bytes)
		return -ENOMEM;
	m->next = *behind;
	*behind = m;
	return 0;
}

/* Every unit reaches all of the memory. */
static int memory_open(struct fpga_device *d, struct fpga_memory **out, uint32_t unit, enum fpga_pointer pointer, size_t bytes)
{
	struct fpga_memory *m = bytes <= CARD_BYTES ? calloc(1, sizeof *m) : NULL;
	int error;

	*out = NULL;
	if (!m)
		return -ENOMEM;
	m->device = d;
	m->bytes = (bytes + (uint64_t)PIECE - 1) / PIECE * PIECE;
	hold_pieces(d);
	error = place(d, m);
	let_go(d);
	if (error)
		free(m);
	else
		*out = m;
	return error;
}

static void memory_close(struct fpga_device *d, struct fpga_memory **memory)
{
	struct fpga_memory **at = &d->pieces;

	if (!*memory)
		return;
	hold_pieces(d);
	while (*at != *memory)
		at = &(*at)->next;
	*at = (*memory)->next;
	let_go(d);
	free(*memory);
	*memory = NULL;
}

static uint64_t address(const struct fpga_memory *m)
{
	return CARD_ADDRESS + m->at;
}

static int copy_in(struct fpga_memory *m, size_t at, const void *from, size_t bytes)
{
	if (at > m->bytes || bytes > m->bytes - at)
		return -EINVAL;
	memcpy(m->device->memory + m->at + at, from, bytes);
	return 0;
}

static int copy_out(struct fpga_memory *m, void *to, size_t at, size_t bytes)
{
	if (at > m->bytes || bytes > m->bytes - at)
		return -EINVAL;
	memcpy(to, m->device->memory + m->at + at, bytes);
	return 0;
}

static int set(struct fpga_device *d, uint32_t unit, uint32_t offset, uint32_t value)
{
	return unit_model_set(d->unit[unit], offset, value);
}

static int get(struct fpga_device *d, uint32_t unit, uint32_t offset, uint32_t *value)
{
	return unit_model_get(d->unit[unit], offset, value);
}

/* The interrupt goes away by writing to its status, and ap_done by being read. */
static int wait(struct fpga_device *d, uint32_t unit, uint64_t limit_clocks)
{
	uint32_t control = 0;
	int error;

	if (!unit_model_run(d->unit[unit], limit_clocks))
		return -ETIMEDOUT;
	error = unit_model_set(d->unit[unit], FPGA_REG_INTERRUPT_STATUS, 1);
	return error ? error : unit_model_get(d->unit[unit], FPGA_REG_CTRL, &control);
}

const struct fpga_driver fpga_simulated = {
	.name = "simulated", .devices = devices, .open = open_card, .close = close_card, .facts = facts, .memory_open = memory_open, .memory_close = memory_close,
	.address = address, .copy_in = copy_in, .copy_out = copy_out, .set = set, .get = get, .wait = wait,
};

struct unit_model *fpga_simulated_unit(struct fpga_device *device, uint32_t unit)
{
	return unit < UNITS ? device->unit[unit] : NULL;
}

#endif
