/* xrt.c - a card with units, loaded and driven by XRT (see xrt.h, and fpga/vitis for how the file comes about that it is loaded with).
 *
 * A unit is an instance of a kernel, opened exclusively, whose registers are written and read one by one. Buffers have a half on the host, which is copied
 * over when they are written or read. No call waits without a limit but those of the library itself. */
#include "fpga/devices/xrt.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fpga/devices/xrt_library.h"
#include "fpga/registers.h"

#define INSTANCES_MAX 16u /* of a kernel */
#define PIECE 4096u
#define CHUNK 64u         /* copies are of whole ones */
#define DONE 2u           /* in CTRL */
#define IDLE 4u
#define REST_CLOCKS (1u << 24) /* of a job that somebody else left behind */
#define LOOKS 100u        /* without a pause: most jobs that are waited for are nearly done */
#define PAUSE_NS 20000
#define MORE_MS 1000u

static const char *const kernels[] = {"sluice_u16", "sluice_u32"};

struct fpga_device {
	struct xrt xrt;
	void *card;
	uint32_t units, clock_mhz;
	void *unit[FPGA_UNITS_MAX];
};

struct fpga_memory {
	struct fpga_device *device;
	void *buffer;
	uint8_t *host;
	uint64_t address;
	size_t bytes; /* a multiple of PIECE */
};

/* A process in which the library has cards open is not copied to ask for them: what they were counted to be before still holds. The driver's only
 * globals; relaxed, for cards are opened and counted by the thread that starts and ends the program. */
static _Atomic uint32_t open_cards;
static _Atomic int counted;

static int devices(struct engine_device *out, uint32_t capacity, struct fpga_words words)
{
	int n = atomic_load_explicit(&open_cards, memory_order_relaxed) ? atomic_load_explicit(&counted, memory_order_relaxed) : xrt_count(words);

	atomic_store_explicit(&counted, n, memory_order_relaxed);
	for (uint32_t i = 0; n > 0 && i < (uint32_t)n && i < capacity; i++) {
		out[i] = (struct engine_device){.driver = "XRT"};
		snprintf(out[i].name, sizeof out[i].name, "FPGA card %u", i);
	}
	return n;
}

static int ready(const struct engine_config *config, struct fpga_words words)
{
	if (config->fpga_image)
		return 0;
	if (words.at)
		snprintf(words.at, words.bytes, "there is nothing to load it with (engine.fpga_image)");
	return -ENODEV;
}

static void close_card(struct fpga_device **device)
{
	struct fpga_device *d = device ? *device : NULL;

	if (!d)
		return;
	for (uint32_t u = 0; u < d->units; u++)
		d->xrt.xrtKernelClose(d->unit[u]);
	if (d->card) {
		d->xrt.xrtDeviceClose(d->card);
		atomic_fetch_sub_explicit(&open_cards, 1, memory_order_relaxed);
	}
	free(d);
	*device = NULL;
}

static int get(struct fpga_device *d, uint32_t unit, uint32_t offset, uint32_t *value)
{
	return d->xrt.xrtKernelReadRegister(d->unit[unit], offset, value) ? -EIO : 0;
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static int wait(struct fpga_device *d, uint32_t unit, uint64_t limit_clocks)
{
	const struct timespec pause = {.tv_nsec = PAUSE_NS};
	uint64_t until_ms = now_ms() + limit_clocks / (1000 * (uint64_t)(d->clock_mhz ? d->clock_mhz : 1)) + MORE_MS;
	uint32_t control = 0;

	for (unsigned looks = 0;; looks++) {
		int error = get(d, unit, FPGA_REG_CTRL, &control);

		if (error || control & DONE)
			return error;
		if (looks < LOOKS)
			continue;
		if (now_ms() > until_ms)
			return -ETIMEDOUT;
		nanosleep(&pause, NULL);
	}
}

/* Who had the unit before may have been killed over a job: that one ends first, and its end is not taken for the end of one of ours. Reading clears it. */
static int bring_to_rest(struct fpga_device *d, uint32_t unit)
{
	uint32_t control = 0;
	int error = get(d, unit, FPGA_REG_CTRL, &control);

	return error || control & IDLE ? error : wait(d, unit, REST_CLOCKS);
}

/* A card that is loaded with something else has none. */
static int open_units(struct fpga_device *d)
{
	unsigned char uuid[16] = {0};
	char name[64];
	bool taken = false;

	if (d->xrt.xrtDeviceGetXclbinUUID(d->card, uuid))
		return -EIO;
	for (unsigned k = 0; k < sizeof kernels / sizeof *kernels; k++)
		for (unsigned i = 1; i <= INSTANCES_MAX && d->units < FPGA_UNITS_MAX; i++) {
			snprintf(name, sizeof name, "%s:{%s_%u}", kernels[k], kernels[k], i);
			errno = 0;
			d->unit[d->units] = d->xrt.xrtPLKernelOpenExclusive(d->card, uuid, name);
			if (!d->unit[d->units]) {
				taken |= errno == EBUSY;
				break;
			}
			d->units++;
		}
	for (uint32_t u = 0; u < d->units; u++) {
		int error = bring_to_rest(d, u);

		if (error)
			return error;
	}
	return d->units ? 0 : taken ? -EBUSY : -ENOEXEC;
}

static int open_card(struct fpga_device **out, uint32_t device, const struct engine_config *config)
{
	struct fpga_device *d = calloc(1, sizeof *d);
	int error;

	*out = NULL;
	if (!d)
		return -ENOMEM;
	d->clock_mhz = config->fpga_clock_mhz;
	error = config->fpga_image ? xrt_load(&d->xrt, (struct fpga_words){NULL, 0}) : -ENODEV;
	if (!error) {
		d->card = d->xrt.xrtDeviceOpen(device);
		error = d->card ? 0 : -EIO;
		atomic_fetch_add_explicit(&open_cards, d->card != NULL, memory_order_relaxed);
	}
	if (!error && d->xrt.xrtDeviceLoadXclbinFile(d->card, config->fpga_image))
		error = -ENOEXEC;
	if (!error)
		error = open_units(d);
	if (error)
		close_card(&d);
	*out = d;
	return error;
}

static void facts(const struct fpga_device *device, struct fpga_facts *out)
{
	*out = (struct fpga_facts){.units = device->units, .clock_mhz = device->clock_mhz};
}

static void memory_close(struct fpga_device *d, struct fpga_memory **memory)
{
	if (!*memory)
		return;
	if ((*memory)->buffer)
		d->xrt.xrtBOFree((*memory)->buffer);
	free(*memory);
	*memory = NULL;
}

/* The pointers are the kernel's first arguments, in this order. */
static int take_buffer(struct fpga_memory *m, uint32_t unit, enum fpga_pointer pointer)
{
	struct fpga_device *d = m->device;
	int group = d->xrt.xrtKernelArgGroupId(d->unit[unit], (int)pointer);

	if (group < 0)
		return -EIO;
	m->buffer = d->xrt.xrtBOAlloc(d->card, m->bytes, 0, (uint32_t)group);
	if (!m->buffer)
		return -ENOMEM;
	m->host = d->xrt.xrtBOMap(m->buffer);
	if (!m->host)
		return -ENOMEM;
	m->address = d->xrt.xrtBOAddress(m->buffer);
	return m->address % PIECE ? -EIO : 0;
}

static int memory_open(struct fpga_device *d, struct fpga_memory **out, uint32_t unit, enum fpga_pointer pointer, size_t bytes)
{
	struct fpga_memory *m = calloc(1, sizeof *m);
	int error;

	*out = NULL;
	if (!m)
		return -ENOMEM;
	m->device = d;
	m->bytes = (bytes + PIECE - 1) / PIECE * PIECE;
	error = take_buffer(m, unit, pointer);
	if (error)
		memory_close(d, &m);
	*out = m;
	return error;
}

static uint64_t address(const struct fpga_memory *m)
{
	return m->address;
}

/* Copies the whole chunks around these bytes over. */
static int sync_chunks(struct fpga_memory *m, int direction, size_t at, size_t bytes)
{
	size_t from = at / CHUNK * CHUNK, to = (at + bytes + CHUNK - 1) / CHUNK * CHUNK;

	return m->device->xrt.xrtBOSync(m->buffer, direction, to - from, from) ? -EIO : 0;
}

static int copy_in(struct fpga_memory *m, size_t at, const void *from, size_t bytes)
{
	if (at > m->bytes || bytes > m->bytes - at)
		return -EINVAL;
	memcpy(m->host + at, from, bytes);
	return sync_chunks(m, XRT_TO_CARD, at, bytes);
}

static int copy_out(struct fpga_memory *m, void *to, size_t at, size_t bytes)
{
	int error;

	if (at > m->bytes || bytes > m->bytes - at)
		return -EINVAL;
	error = sync_chunks(m, XRT_FROM_CARD, at, bytes);
	if (!error)
		memcpy(to, m->host + at, bytes);
	return error;
}

static int set(struct fpga_device *d, uint32_t unit, uint32_t offset, uint32_t value)
{
	return d->xrt.xrtKernelWriteRegister(d->unit[unit], offset, value) ? -EIO : 0;
}

const struct fpga_driver fpga_xrt = {
	.name = "xrt", .devices = devices, .ready = ready, .open = open_card, .close = close_card, .facts = facts, .memory_open = memory_open,
	.memory_close = memory_close, .address = address, .copy_in = copy_in, .copy_out = copy_out, .set = set, .get = get, .wait = wait,
};
