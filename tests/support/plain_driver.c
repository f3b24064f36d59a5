/* plain_driver.c - device kernels as plain C, behind the driver's door (see plain_driver.h). */
#include "tests/support/plain_driver.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/body/kernels.h"
#include "kernels/device/engine_of.h"

#define COMMANDS_MAX 2048u
#define RUBBISH 0xa7

struct plain_faults plain_faults;
uint32_t plain_held, plain_copies_in;

struct driver_device {
	uint32_t number;
};

struct driver_memory {
	size_t bytes;
	uint8_t *at;
};

enum command_kind { COPY_IN, COPY_OUT, CLEAR, LAUNCH };

struct command {
	enum command_kind kind;
	uint8_t *to;
	const uint8_t *from;
	size_t bytes;
	enum device_kernel kernel;
	uint32_t n_groups;
	struct driver_argument argument[DRIVER_ARGUMENTS_MAX];
};

struct driver_queue {
	uint32_t n;
	struct command command[COMMANDS_MAX];
};

/* 0, or the error that a test wants here. */
static int fault(void)
{
	return plain_faults.call && --plain_faults.call == 0 ? plain_faults.error : 0;
}

static void *take(size_t bytes)
{
	void *at = malloc(bytes);

	plain_held += at != NULL;
	return at;
}

static void give(void *at)
{
	plain_held -= at != NULL;
	free(at);
}

static int plain_devices(struct engine_device *out, uint32_t capacity, struct driver_words words)
{
	for (uint32_t i = 0; i < capacity && i < 2; i++)
		out[i] = (struct engine_device){.name = "plain C", .driver = "none", .memory_bytes = 1u << 30, .on_cpu = true};
	return 2;
}

static int plain_open(struct driver_device **out, uint32_t device, const struct engine_cache *cache, struct driver_words words)
{
	*out = NULL;
	if (device >= 2)
		return -ENODEV;
	*out = take(sizeof **out);
	(*out)->number = device;
	return 0;
}

static void plain_close(struct driver_device **device)
{
	if (!device)
		return;
	give(*device);
	*device = NULL;
}

static void plain_facts(const struct driver_device *device, struct driver_facts *out)
{
	*out = (struct driver_facts){.local_bytes = 32768, .memory_bytes = 1u << 30, .largest_bytes = 1u << 30};
}

static int plain_memory_open(struct driver_device *device, struct driver_memory **out, size_t bytes)
{
	int error = fault();

	*out = NULL;
	if (error)
		return error;
	*out = take(sizeof **out);
	(*out)->bytes = bytes;
	(*out)->at = aligned_alloc(256, (bytes + 255) / 256 * 256);
	memset((*out)->at, RUBBISH, bytes);
	return 0;
}

static void plain_memory_close(struct driver_device *device, struct driver_memory **memory)
{
	if (!memory || !*memory)
		return;
	free((*memory)->at);
	give(*memory);
	*memory = NULL;
}

static int plain_host_open(struct driver_device *device, void **at, size_t bytes, void **handle)
{
	int error = fault();

	*at = *handle = NULL;
	if (error)
		return error;
	*at = take(bytes);
	memset(*at, 0, bytes);
	return 0;
}

static void plain_host_close(struct driver_device *device, void **at, void **handle)
{
	if (!at)
		return;
	give(*at);
	*at = NULL;
}

static int plain_pin(struct driver_device *device, void *at, size_t bytes, void **handle)
{
	int error = fault();

	*handle = error ? NULL : take(1);
	return error;
}

static void plain_unpin(struct driver_device *device, void **handle)
{
	give(*handle);
	*handle = NULL;
}

static int plain_queue_open(struct driver_device *device, struct driver_queue **out)
{
	int error = fault();

	*out = error ? NULL : take(sizeof **out);
	if (*out)
		(*out)->n = 0;
	return error;
}

static void plain_queue_close(struct driver_queue **queue)
{
	if (!queue)
		return;
	give(*queue);
	*queue = NULL;
}

static int put(struct driver_queue *q, struct command command)
{
	int error = fault();

	if (error)
		return error;
	if (q->n == COMMANDS_MAX)
		return -EIO;
	q->command[q->n++] = command;
	return 0;
}

static int plain_copy_in(struct driver_queue *q, struct driver_memory *to, size_t at, const void *from, size_t bytes)
{
	plain_copies_in++;
	if (at > to->bytes || bytes > to->bytes - at)
		return -EIO;
	return put(q, (struct command){.kind = COPY_IN, .to = to->at + at, .from = from, .bytes = bytes});
}

static int plain_copy_out(struct driver_queue *q, void *to, const struct driver_memory *from, size_t at, size_t bytes)
{
	if (at > from->bytes || bytes > from->bytes - at)
		return -EIO;
	return put(q, (struct command){.kind = COPY_OUT, .to = to, .from = from->at + at, .bytes = bytes});
}

static int plain_clear(struct driver_queue *q, struct driver_memory *memory, size_t at, size_t bytes)
{
	if (at > memory->bytes || bytes > memory->bytes - at || at % 16 || bytes % 16)
		return -EIO;
	return put(q, (struct command){.kind = CLEAR, .to = memory->at + at, .bytes = bytes});
}

static int plain_launch(struct driver_queue *q, enum device_kernel kernel, uint32_t n_groups, const struct driver_argument *arguments,
			uint32_t n_arguments)
{
	struct command command = {.kind = LAUNCH, .kernel = kernel, .n_groups = n_groups};

	if (n_arguments > DRIVER_ARGUMENTS_MAX || n_groups == 0)
		return -EIO;
	memcpy(command.argument, arguments, n_arguments * sizeof *arguments);
	return put(q, command);
}

#define MEMORY(i) (*(void *const *)value[i])
#define NUMBER(i) (*(const uint32_t *)value[i])

void plain_run_group(enum device_kernel kernel, uint32_t g, const void *const *value)
{
	switch (kernel) {
	case DEVICE_DECODE:
		sluice_decode(g, MEMORY(0), MEMORY(1), MEMORY(2), NUMBER(3), MEMORY(4), MEMORY(5));
		return;
	case DEVICE_DECODE_LARGE:
		sluice_decode_large(g, MEMORY(0), MEMORY(1), MEMORY(2), NUMBER(3), NUMBER(4), MEMORY(5), MEMORY(6), MEMORY(7));
		return;
	case DEVICE_UNSHUFFLE:
		sluice_unshuffle(g, MEMORY(0), MEMORY(1), NUMBER(2), NUMBER(3), MEMORY(4), MEMORY(5));
		return;
	case DEVICE_TOTALS:
		sluice_totals(g, MEMORY(0), MEMORY(1), MEMORY(2), MEMORY(3), MEMORY(4), NUMBER(5), NUMBER(6));
		return;
	case DEVICE_SUMMARY:
		sluice_summary(g, MEMORY(0), MEMORY(1), MEMORY(2), NUMBER(3));
		return;
	case DEVICE_DISPERSION:
		sluice_dispersion(g, MEMORY(0), MEMORY(1), MEMORY(2), MEMORY(3), MEMORY(4), NUMBER(5), NUMBER(6));
		return;
	case DEVICE_MARK:
		sluice_mark(g, MEMORY(0), MEMORY(1), MEMORY(2), MEMORY(3), MEMORY(4), MEMORY(5), NUMBER(6));
		return;
	case DEVICE_ERODE:
		sluice_erode(g, MEMORY(0), MEMORY(1), MEMORY(2), MEMORY(3), NUMBER(4));
		return;
	case DEVICE_EXTENDED:
		sluice_extended(g, MEMORY(0), MEMORY(1), MEMORY(2), MEMORY(3), MEMORY(4), MEMORY(5), NUMBER(6));
		return;
	case DEVICE_KERNELS:
		return;
	}
}

static void run(const struct command *c)
{
	const void *value[DRIVER_ARGUMENTS_MAX];

	for (uint32_t i = 0; i < DRIVER_ARGUMENTS_MAX; i++)
		value[i] = c->argument[i].memory ? (const void *)&c->argument[i].memory->at : &c->argument[i].number;
	for (uint32_t g = c->n_groups; g-- > 0;)
		plain_run_group(c->kernel, g, value);
}

static int plain_flush(struct driver_queue *q)
{
	return fault();
}

/* Groups run backwards: nobody may count on an order. */
static int plain_finish(struct driver_queue *q)
{
	int error = fault();

	for (uint32_t i = 0; !error && i < q->n; i++) {
		const struct command *c = &q->command[i];

		if (c->kind == CLEAR)
			memset(c->to, 0, c->bytes);
		else if (c->kind != LAUNCH)
			memcpy(c->to, c->from, c->bytes);
		else if (!plain_faults.skip || plain_faults.skipped != c->kernel)
			run(c);
	}
	q->n = 0;
	return error;
}

const struct driver driver_plain = {
	.name = "plain",
	.devices = plain_devices,
	.open = plain_open,
	.close = plain_close,
	.facts = plain_facts,
	.memory_open = plain_memory_open,
	.memory_close = plain_memory_close,
	.host_open = plain_host_open,
	.host_close = plain_host_close,
	.pin = plain_pin,
	.unpin = plain_unpin,
	.queue_open = plain_queue_open,
	.queue_close = plain_queue_close,
	.copy_in = plain_copy_in,
	.copy_out = plain_copy_out,
	.clear = plain_clear,
	.launch = plain_launch,
	.flush = plain_flush,
	.finish = plain_finish,
};

DEVICE_ENGINE(engine_plain, "plain", driver_plain)
