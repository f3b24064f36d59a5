/* engine_of.h - a driver as an engine of kernels/engine.h.
 *
 * For kernels/opencl, kernels/cuda and the tests' driver: each defines its engine by one line of DEVICE_ENGINE. */
#ifndef KERNELS_DEVICE_ENGINE_OF_H
#define KERNELS_DEVICE_ENGINE_OF_H

#include "kernels/device/driver.h"

int device_devices(const struct driver *driver, struct engine_device *out, uint32_t capacity, char *words, size_t words_bytes);
int device_probe(const struct driver *driver, const struct engine_config *config, char *words, size_t words_bytes);
int device_open(const struct driver *driver, struct engine_context **out, const struct engine_config *config);
void device_close(struct engine_context **context);
void device_capabilities(const struct engine_context *context, struct engine_capabilities *out);
int device_plan_load(struct engine_context *context, struct engine_plan **out, const struct plan *plan);
void device_plan_drop(struct engine_context *context, struct engine_plan **plan);
int device_pin(struct engine_context *context, void *at, size_t bytes);
void device_unpin(struct engine_context *context, void *at, size_t bytes);
int device_queue_open(struct engine_context *context, struct engine_queue **out, size_t max_bytes);
void device_queue_close(struct engine_queue **queue);
int device_submit(struct engine_queue *queue, const struct engine_plan *plan, struct engine_item *items, uint32_t n);
int device_wait(struct engine_queue *queue);
void device_counters(const struct engine_queue *queue, struct engine_counters *out);

/* Frames whose results are known, in every way of the kernels; -EILSEQ where the device's differ. */
int device_self_test(const struct engine *engine, struct engine_context *context);

#define DEVICE_ENGINE(symbol, words, the_driver)                                                                                   \
	static int symbol##_devices(struct engine_device *out, uint32_t capacity, char *at, size_t bytes)                          \
	{                                                                                                                          \
		return device_devices(&(the_driver), out, capacity, at, bytes);                                                    \
	}                                                                                                                          \
	static int symbol##_probe(const struct engine_config *config, char *at, size_t bytes)                                      \
	{                                                                                                                          \
		return device_probe(&(the_driver), config, at, bytes);                                                             \
	}                                                                                                                          \
	static int symbol##_open(struct engine_context **out, const struct engine_config *config);                                 \
	const struct engine symbol = {                                                                                             \
		.name = words,                                                                                                     \
		.devices = symbol##_devices,                                                                                       \
		.probe = symbol##_probe,                                                                                           \
		.open = symbol##_open,                                                                                             \
		.close = device_close,                                                                                             \
		.capabilities = device_capabilities,                                                                               \
		.plan_load = device_plan_load,                                                                                     \
		.plan_drop = device_plan_drop,                                                                                     \
		.pin = device_pin,                                                                                                 \
		.unpin = device_unpin,                                                                                             \
		.queue_open = device_queue_open,                                                                                   \
		.queue_close = device_queue_close,                                                                                 \
		.submit = device_submit,                                                                                           \
		.wait = device_wait,                                                                                               \
		.counters = device_counters,                                                                                       \
	};                                                                                                                         \
	static int symbol##_open(struct engine_context **out, const struct engine_config *config)                                  \
	{                                                                                                                          \
		return device_open_tested(&symbol, &(the_driver), out, config);                                                    \
	}

/* device_open and the self-test; closed again where either fails. */
int device_open_tested(const struct engine *engine, const struct driver *driver, struct engine_context **out,
		       const struct engine_config *config);

#endif
