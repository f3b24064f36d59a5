/* engine.c - the contract of kernels/engine.h over any driver: devices, plans, pins, queues, and batches in chunks (see device.h). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/device/device.h"
#include "kernels/device/engine_of.h"

#define DEVICES_LOOKED_AT 64u

int device_devices(const struct driver *driver, struct engine_device *out, uint32_t capacity, char *words, size_t words_bytes)
{
	return driver->devices(out, capacity, (struct driver_words){words, words_bytes});
}

int device_probe(const struct driver *driver, const struct engine_config *config, char *words, size_t words_bytes)
{
	struct engine_device *devices = calloc(DEVICES_LOOKED_AT, sizeof *devices);
	uint32_t wanted = config ? config->device : 0;
	int n, error = -ENODEV;

	if (!devices)
		return -ENOMEM;
	n = driver->devices(devices, DEVICES_LOOKED_AT, (struct driver_words){words, words_bytes});
	if (n < 0) {
		error = n;
	} else if (wanted >= (uint32_t)n || wanted >= DEVICES_LOOKED_AT) {
		snprintf(words, words_bytes, "there is no device %u: there are %d", wanted, n);
	} else if (devices[wanted].unfit[0]) {
		snprintf(words, words_bytes, "%s: %s", devices[wanted].name, devices[wanted].unfit);
	} else {
		snprintf(words, words_bytes, "%s, %.1f GiB, driver %s; spots are labelled on the host", devices[wanted].name,
			 (double)devices[wanted].memory_bytes / (1u << 30), devices[wanted].driver);
		error = 0;
	}
	free(devices);
	return error;
}

int device_open(const struct driver *driver, struct engine_context **out, const struct engine_config *config)
{
	const struct engine_config none = {0};
	struct engine_context *c = calloc(1, sizeof *c);
	int error;

	*out = NULL;
	if (!c)
		return -ENOMEM;
	if (!config)
		config = &none;
	c->driver = driver;
	error = driver->open(&c->device, config->device, &config->cache, (struct driver_words){NULL, 0});
	if (error) {
		device_close(&c);
		return error;
	}
	driver->facts(c->device, &c->facts);
	c->max_memory_bytes = config->max_memory_bytes ? config->max_memory_bytes : UINT64_MAX;
	*out = c;
	return 0;
}

int device_open_tested(const struct engine *engine, const struct driver *driver, struct engine_context **out,
		       const struct engine_config *config)
{
	int error = device_open(driver, out, config);

	if (!error)
		error = device_self_test(engine, *out);
	if (error)
		device_close(out);
	return error;
}

void device_close(struct engine_context **context)
{
	struct engine_context *c = context ? *context : NULL;

	if (!c)
		return;
	c->driver->close(&c->device);
	free(c);
	*context = NULL;
}

void device_capabilities(const struct engine_context *c, struct engine_capabilities *out)
{
	*out = (struct engine_capabilities){
		.algorithms = 1u << SPOTS_NONE | 1u << SPOTS_DISPERSION | 1u << SPOTS_DISPERSION_EXTENDED,
		.pixel_types = (1u << PIXEL_TYPES) - 1,
		.codecs = (1u << CODECS) - 1,
		.max_bins = PLAN_BINS_MAX,
		.max_batch = DEVICE_BATCH,
		.max_queues = c->facts.max_queues,
		.needs_pinned = true,
	};
}

int device_plan_load(struct engine_context *c, struct engine_plan **out, const struct plan *plan)
{
	*out = NULL;
	if (plan->algorithm > SPOTS_DISPERSION_EXTENDED || plan->n_bins > PLAN_BINS_MAX)
		return -ENOTSUP;
	return tables_load(c, out, plan);
}

void device_plan_drop(struct engine_context *c, struct engine_plan **plan)
{
	tables_drop(plan);
}

int device_pin(struct engine_context *c, void *at, size_t bytes)
{
	unsigned i = 0;
	int error;

	while (i < DEVICE_PINS && atomic_exchange_explicit(&c->pin[i].taken, true, memory_order_acquire))
		i++;
	if (i == DEVICE_PINS)
		return -ENOSPC;
	error = c->driver->pin(c->device, at, bytes, &c->pin[i].handle);
	if (error) {
		atomic_store_explicit(&c->pin[i].taken, false, memory_order_release);
		return error;
	}
	c->pin[i].end = (uintptr_t)at + bytes;
	/* pairs with the acquire in compose.c: who sees the beginning sees the end */
	atomic_store_explicit(&c->pin[i].begin, (uintptr_t)at, memory_order_release);
	return 0;
}

void device_unpin(struct engine_context *c, void *at, size_t bytes)
{
	for (unsigned i = 0; i < DEVICE_PINS; i++)
		if (atomic_load_explicit(&c->pin[i].begin, memory_order_relaxed) == (uintptr_t)at) {
			atomic_store_explicit(&c->pin[i].begin, 0, memory_order_relaxed);
			c->driver->unpin(c->device, &c->pin[i].handle);
			atomic_store_explicit(&c->pin[i].taken, false, memory_order_release);
			return;
		}
}

int device_queue_open(struct engine_context *c, struct engine_queue **out, size_t max_bytes)
{
	struct engine_queue *q = calloc(1, sizeof *q);
	int error;

	*out = NULL;
	if (!q)
		return -ENOMEM;
	q->context = c;
	q->max_bytes = max_bytes;
	error = max_bytes ? c->driver->queue_open(c->device, &q->queue) : -EINVAL;
	if (error) {
		device_queue_close(&q);
		return error;
	}
	*out = q;
	return 0;
}

void device_queue_close(struct engine_queue **queue)
{
	struct engine_queue *q = queue ? *queue : NULL;

	if (!q)
		return;
	q->context->driver->queue_close(&q->queue);
	queue_free(q);
	*queue = NULL;
}

int device_submit(struct engine_queue *q, const struct engine_plan *plan, struct engine_item *items, uint32_t n)
{
	uint32_t done = 0;
	int error = n <= DEVICE_BATCH ? finish(q) : -EINVAL;

	if (!error && q->fitted != plan->serial)
		error = queue_fit(q, plan);
	while (!error && done < n) {
		int taken = compose(q, plan, items + done, n - done);

		if (taken == -EAGAIN) {
			error = queue_fit(q, plan);
			continue;
		}
		error = taken < 0 ? taken : launch(q);
		if (error)
			break;
		done += (uint32_t)taken;
		if (done < n) /* the chunk's memory is needed for the next one */
			error = finish(q);
	}
	if (error && q->chunk.plan) { /* nothing of a failed batch goes on behind its owner's back */
		q->context->driver->finish(q->queue);
		q->chunk.plan = NULL;
	}
	return error;
}

int device_wait(struct engine_queue *q)
{
	return finish(q);
}

void device_counters(const struct engine_queue *q, struct engine_counters *out)
{
	*out = q->counters;
}
