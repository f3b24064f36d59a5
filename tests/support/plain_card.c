/* plain_card.c - see plain_card.h. */
#include "tests/support/plain_card.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fpga/engine/engine_of.h"
#include "fpga/registers.h"

#define PAGE 4096u
#define RUBBISH 0xa7
#define CLOCK_MHZ 250u

struct plain_card plain_card;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of plain_card, and of what units share: queues run in several threads */

struct fpga_memory {
	struct fpga_memory *next;
	struct fpga_device *device;
	uint32_t unit;
	enum fpga_pointer pointer;
	size_t bytes;
	uint8_t *at;
};

struct fpga_device {
	uint32_t units;
	struct fpga_memory *memory;
	struct plain_unit unit[FPGA_UNITS_MAX];
	bool at_work[FPGA_UNITS_MAX];
};

/* 0, or the error that a test wants here. */
static int fault(void)
{
	int error;

	pthread_mutex_lock(&lock);
	error = plain_card.call && --plain_card.call == 0 ? plain_card.error : 0;
	pthread_mutex_unlock(&lock);
	return error;
}

static int devices(struct engine_device *out, uint32_t capacity, struct fpga_words words)
{
	if (capacity > 0)
		out[0] = (struct engine_device){.name = "units in plain C", .driver = "none", .memory_bytes = 1u << 30, .on_cpu = true};
	return 1;
}

static uint8_t *reach(void *card, uint64_t address, size_t bytes)
{
	const struct fpga_device *d = card;
	uint8_t *at = NULL;

	pthread_mutex_lock(&lock);
	for (const struct fpga_memory *m = d->memory; m && !at; m = m->next) {
		uint64_t from = (uintptr_t)m->at;

		if (address >= from && address - from <= m->bytes && bytes <= m->bytes - (address - from))
			at = m->at + (address - from);
	}
	pthread_mutex_unlock(&lock);
	return at;
}

static int open_card(struct fpga_device **out, uint32_t device, const struct engine_config *config)
{
	uint32_t n_narrow = plain_card.n_narrow + plain_card.n_wide ? plain_card.n_narrow : 2, n_wide = plain_card.n_narrow + plain_card.n_wide ? plain_card.n_wide : 1;
	struct fpga_device *d;
	int error = fault();

	*out = NULL;
	if (error || device > 0)
		return error ? error : -ENODEV;
	d = calloc(1, sizeof *d);
	d->units = n_narrow + n_wide;
	for (uint32_t u = 0; u < d->units; u++) {
		plain_unit_open(&d->unit[u], u < n_narrow ? 16 : 32, reach, d);
		d->unit[u].lie = plain_card.lie;
		d->unit[u].after = plain_card.after;
		if (plain_card.identity)
			d->unit[u].reg[FPGA_REG_IDENTITY / 4] = plain_card.identity;
		if (plain_card.version)
			d->unit[u].reg[FPGA_REG_VERSION / 4] = plain_card.version;
	}
	plain_card.held++;
	*out = d;
	return 0;
}

static void close_card(struct fpga_device **device)
{
	if (!device || !*device)
		return;
	free(*device);
	*device = NULL;
	plain_card.held--;
}

static void facts(const struct fpga_device *device, struct fpga_facts *out)
{
	*out = (struct fpga_facts){.units = device->units, .clock_mhz = CLOCK_MHZ};
}

static int memory_open(struct fpga_device *d, struct fpga_memory **out, uint32_t unit, enum fpga_pointer pointer, size_t bytes)
{
	struct fpga_memory *m;
	int error = fault();

	*out = NULL;
	if (error)
		return error;
	m = calloc(1, sizeof *m);
	*m = (struct fpga_memory){.device = d, .unit = unit, .pointer = pointer, .bytes = bytes, .at = aligned_alloc(PAGE, (bytes + PAGE - 1) / PAGE * PAGE)};
	memset(m->at, RUBBISH, bytes);
	pthread_mutex_lock(&lock);
	m->next = d->memory;
	d->memory = m;
	plain_card.held++;
	pthread_mutex_unlock(&lock);
	*out = m;
	return 0;
}

static void memory_close(struct fpga_device *d, struct fpga_memory **memory)
{
	struct fpga_memory **at = &d->memory;

	if (!*memory)
		return;
	pthread_mutex_lock(&lock);
	while (*at != *memory)
		at = &(*at)->next;
	*at = (*memory)->next;
	plain_card.held--;
	pthread_mutex_unlock(&lock);
	free((*memory)->at);
	free(*memory);
	*memory = NULL;
}

static uint64_t address(const struct fpga_memory *m)
{
	return (uintptr_t)m->at;
}

static int copy_in(struct fpga_memory *m, size_t at, const void *from, size_t bytes)
{
	int error = fault();

	if (error || at > m->bytes || bytes > m->bytes - at)
		return error ? error : -EINVAL;
	memcpy(m->at + at, from, bytes);
	return 0;
}

static int copy_out(struct fpga_memory *m, void *to, size_t at, size_t bytes)
{
	int error = fault();

	if (error || at > m->bytes || bytes > m->bytes - at)
		return error ? error : -EINVAL;
	memcpy(to, m->at + at, bytes);
	if (plain_card.damage && bytes && random_below(plain_card.damage, 2))
		((uint8_t *)to)[random_below(plain_card.damage, (uint32_t)bytes)] ^= (uint8_t)(1u << random_below(plain_card.damage, 8));
	return 0;
}

static void note_start(struct fpga_device *d, uint32_t unit)
{
	uint32_t started = 0;

	pthread_mutex_lock(&lock);
	d->at_work[unit] = true;
	for (uint32_t u = 0; u < d->units; u++)
		started += d->at_work[u];
	if (started > plain_card.most_started)
		plain_card.most_started = started;
	plain_card.jobs[unit]++;
	pthread_mutex_unlock(&lock);
}

static int set(struct fpga_device *d, uint32_t unit, uint32_t offset, uint32_t value)
{
	int error = fault();

	if (error || unit >= d->units)
		return error ? error : -EINVAL;
	if (offset == FPGA_REG_CTRL && d->at_work[unit])
		return -EBUSY; /* nobody starts a unit that works */
	if (offset == FPGA_REG_CTRL)
		note_start(d, unit);
	plain_unit_set(&d->unit[unit], offset, value);
	return 0;
}

static int get(struct fpga_device *d, uint32_t unit, uint32_t offset, uint32_t *value)
{
	int error = fault();

	if (error || unit >= d->units)
		return error ? error : -EINVAL;
	*value = plain_unit_get(&d->unit[unit], offset);
	pthread_mutex_lock(&lock);
	plain_card.errors_read += offset >= FPGA_REG_ERRORS && offset < FPGA_REG_ERRORS + 4 * FPGA_ENTRIES_ERRORS;
	pthread_mutex_unlock(&lock);
	return 0;
}

static int wait(struct fpga_device *d, uint32_t unit, uint64_t limit_clocks)
{
	int error = fault();

	if (error)
		return error;
	if (!(plain_unit_get(&d->unit[unit], FPGA_REG_CTRL) & 2))
		return -ETIMEDOUT;
	pthread_mutex_lock(&lock);
	d->at_work[unit] = false;
	pthread_mutex_unlock(&lock);
	return 0;
}

const struct fpga_driver plain_card_driver = {
	.name = "plain", .devices = devices, .open = open_card, .close = close_card, .facts = facts, .memory_open = memory_open, .memory_close = memory_close,
	.address = address, .copy_in = copy_in, .copy_out = copy_out, .set = set, .get = get, .wait = wait,
};

static const struct fpga_driver *const drivers[] = {&plain_card_driver, NULL};

FPGA_ENGINE(engine_fpga_plain, drivers)
