/* device_engine.c - see device_engine.h. */
#include "tests/support/device_engine.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RANGES 64

struct range {
	const uint8_t *at;
	size_t bytes;
};

struct engine_context {
	struct device_engine_device *device;
	struct engine_context *inner;
	pthread_mutex_t lock; /* of ranges: lanes pin theirs while others check */
	struct range range[RANGES];
};

struct engine_queue {
	struct engine_context *context;
	struct engine_queue *inner;
	const struct engine_plan *plan; /* of what was submitted last */
	struct engine_item *items;
	uint32_t n;
};

struct device_engine device_engine;

void device_engine_reset(unsigned n_devices)
{
	memset(&device_engine, 0, sizeof(device_engine));
	device_engine.inner = &engine_reference;
	device_engine.n_devices = n_devices;
	for (unsigned d = 0; d < n_devices; d++) {
		struct engine_device *facts = &device_engine.device[d].facts;

		device_engine.device[d].fails_with = -EIO;
		snprintf(facts->name, sizeof(facts->name), "test device %u", d);
		snprintf(facts->pci, sizeof(facts->pci), "0000:%02x:00.0", 0x10 + d);
		facts->memory_bytes = (uint64_t)1 << 30;
	}
}

bool device_engine_all_closed(void)
{
	for (unsigned d = 0; d < DEVICE_ENGINE_DEVICES; d++) {
		struct device_engine_device *at = &device_engine.device[d];

		if (at->contexts || at->plans || at->queues || at->pins || at->pinned_bytes)
			return false;
	}
	return true;
}

static int device_devices(struct engine_device *out, uint32_t capacity, char *words, size_t words_bytes)
{
	if (!device_engine.n_devices) {
		snprintf(words, words_bytes, "no test device was asked for");
		return -ENODEV;
	}
	for (uint32_t d = 0; d < capacity && d < device_engine.n_devices; d++)
		out[d] = device_engine.device[d].facts;
	return (int)device_engine.n_devices;
}

static int device_probe(const struct engine_config *config, char *words, size_t words_bytes)
{
	if (config->device >= device_engine.n_devices)
		return -ENODEV;
	snprintf(words, words_bytes, "%s, driver %s", device_engine.device[config->device].facts.name,
		 device_engine.device[config->device].facts.driver);
	return 0;
}

static int device_open(struct engine_context **out, const struct engine_config *config)
{
	const struct engine_config inner = {.device = 0};
	struct engine_context *c;

	*out = NULL;
	device_engine.max_memory_bytes = config->max_memory_bytes;
	device_engine.config = *config;
	if (config->cache.load) {
		device_engine.found_kept = config->cache.load(config->cache.user, "test-device", device_engine.kept, sizeof(device_engine.kept));
		config->cache.store(config->cache.user, "test-device", "built", 6);
	}
	if (device_engine.device[config->device].open_with)
		return device_engine.device[config->device].open_with;
	c = calloc(1, sizeof(*c));
	if (!c || device_engine.inner->open(&c->inner, &inner) < 0) {
		free(c);
		return -ENOMEM;
	}
	c->device = &device_engine.device[config->device];
	pthread_mutex_init(&c->lock, NULL);
	c->device->contexts++;
	*out = c;
	return 0;
}

static void device_close(struct engine_context **context)
{
	struct engine_context *c = *context;

	if (!c)
		return;
	device_engine.inner->close(&c->inner);
	pthread_mutex_destroy(&c->lock);
	c->device->contexts--;
	free(c);
	*context = NULL;
}

static void device_capabilities(const struct engine_context *context, struct engine_capabilities *out)
{
	device_engine.inner->capabilities(context->inner, out);
	out->max_batch = DEVICE_ENGINE_BATCH;
	out->needs_pinned = true;
}

static int device_plan_load(struct engine_context *context, struct engine_plan **out, const struct plan *plan)
{
	*out = NULL;
	if (context->device->plans_with)
		return context->device->plans_with;
	context->device->plans++;
	return device_engine.inner->plan_load(context->inner, out, plan);
}

static void device_plan_drop(struct engine_context *context, struct engine_plan **plan)
{
	context->device->plans--;
	device_engine.inner->plan_drop(context->inner, plan);
}

/* --- memory ------------------------------------------------------------------------------------------------------------ */

static int device_pin(struct engine_context *context, void *at, size_t bytes)
{
	struct device_engine_device *d = context->device;
	uint64_t now;
	unsigned i = 0;

	if (d->pins_with)
		return d->pins_with;
	pthread_mutex_lock(&context->lock);
	while (i < RANGES && context->range[i].at)
		i++;
	if (i < RANGES)
		context->range[i] = (struct range){at, bytes};
	pthread_mutex_unlock(&context->lock);
	if (i == RANGES)
		return -ENOMEM;
	d->pins++;
	now = atomic_fetch_add(&d->pinned_bytes, bytes) + bytes;
	if (now > d->most_pinned_bytes)
		d->most_pinned_bytes = now;
	if (bytes > d->most_pinned_at_once)
		d->most_pinned_at_once = bytes;
	return 0;
}

static void device_unpin(struct engine_context *context, void *at, size_t bytes)
{
	pthread_mutex_lock(&context->lock);
	for (unsigned i = 0; i < RANGES; i++)
		if (context->range[i].at == at && context->range[i].bytes == bytes) {
			context->range[i] = (struct range){NULL, 0};
			context->device->pins--;
			atomic_fetch_sub(&context->device->pinned_bytes, bytes);
		}
	pthread_mutex_unlock(&context->lock);
}

/* The range that holds these bytes whole; -1: none. */
static int range_of(struct engine_context *c, const void *at, size_t bytes)
{
	int found = -1;

	pthread_mutex_lock(&c->lock);
	for (int i = 0; i < RANGES; i++)
		if (c->range[i].at && (const uint8_t *)at >= c->range[i].at &&
		    (const uint8_t *)at + bytes <= c->range[i].at + c->range[i].bytes)
			found = i;
	pthread_mutex_unlock(&c->lock);
	return found;
}

static bool from_64(const void *at)
{
	return ((uintptr_t)at & 63) == 0;
}

/* As engine.h has it: in one range, payload, its offsets, the next payload. */
static unsigned count_astray(struct engine_context *c, const struct engine_item *items, uint32_t n)
{
	const uint8_t *end = items[0].payload.bytes;
	int range = range_of(c, end, 1);
	unsigned astray = 0;

	for (uint32_t i = 0; i < n; i++) {
		const struct payload *p = &items[i].payload;
		const uint32_t *offset = items[i].blocks->offset;
		size_t table_bytes = ((size_t)items[i].blocks->n_blocks + 1) * sizeof(*offset);

		astray += range < 0 || range_of(c, p->bytes, p->len_bytes) != range || range_of(c, offset, table_bytes) != range ||
			  p->bytes < end || (const uint8_t *)offset < p->bytes + p->len_bytes || !from_64(p->bytes) || !from_64(offset);
		end = (const uint8_t *)offset + table_bytes;
	}
	return astray;
}

/* --- queues ------------------------------------------------------------------------------------------------------------ */

static int device_queue_open(struct engine_context *context, struct engine_queue **out, size_t max_bytes)
{
	struct engine_queue *q = calloc(1, sizeof(*q));
	int rc = q ? device_engine.inner->queue_open(context->inner, &q->inner, max_bytes) : -ENOMEM;

	*out = NULL;
	if (rc < 0) {
		free(q);
		return rc;
	}
	q->context = context;
	context->device->queues++;
	*out = q;
	return 0;
}

static void device_queue_close(struct engine_queue **queue)
{
	struct engine_queue *q = *queue;

	if (!q)
		return;
	q->context->device->queues--;
	device_engine.inner->queue_close(&q->inner);
	free(q);
	*queue = NULL;
}

static int device_submit(struct engine_queue *queue, const struct engine_plan *plan, struct engine_item *items, uint32_t n)
{
	struct device_engine_device *d = queue->context->device;

	d->shown += n;
	d->batches++;
	if (n > d->largest_batch)
		d->largest_batch = n;
	d->astray += queue->n || !n || n > DEVICE_ENGINE_BATCH ? 1 : count_astray(queue->context, items, n);
	if (d->submits_with)
		return d->submits_with;
	queue->plan = plan;
	queue->items = items;
	queue->n = n;
	return 0;
}

static int fail(struct device_engine_device *d, struct engine_item *items, uint32_t n)
{
	d->failed += d->one_by_one ? n / 2 + n % 2 : n;
	for (uint32_t i = 0; i < n; i++) {
		if (d->one_by_one && i % 2)
			continue;
		memset(items[i].result, 0x55, sizeof(*items[i].result)); /* what lies in the outputs is rubbish */
		items[i].status = d->fails_with;
	}
	return d->one_by_one ? 0 : d->fails_with;
}

/* All that was submitted is done now and not earlier, so that whoever touches it meanwhile is found out. */
static int device_wait(struct engine_queue *queue)
{
	struct device_engine_device *d = queue->context->device;
	uint32_t n = queue->n;
	int rc = 0;

	queue->n = 0;
	if (d->slow_us)
		nanosleep(&(struct timespec){0, (long)d->slow_us * 1000}, NULL);
	if (n)
		rc = device_engine.inner->submit(queue->inner, queue->plan, queue->items, n);
	if (rc == 0 && d->good_images && d->shown > d->good_images)
		rc = fail(d, queue->items, n);
	for (uint32_t i = 0; i < n && rc == 0; i++)
		d->answered += queue->items[i].status == 0 || queue->items[i].status == -EBADMSG;
	return rc;
}

const struct engine engine_device = {
	.name = "device",
	.devices = device_devices,
	.probe = device_probe,
	.open = device_open,
	.close = device_close,
	.capabilities = device_capabilities,
	.plan_load = device_plan_load,
	.plan_drop = device_plan_drop,
	.pin = device_pin,
	.unpin = device_unpin,
	.queue_open = device_queue_open,
	.queue_close = device_queue_close,
	.submit = device_submit,
	.wait = device_wait,
};
