/* engine_of.h - drivers of units as an engine of kernels/engine.h.
 *
 * For the plug-in and for tests: each defines its engine by one line of FPGA_ENGINE. Its devices are those of all drivers, one behind the other; a driver
 * that has none stands in the list with the reason. */
#ifndef FPGA_ENGINE_ENGINE_OF_H
#define FPGA_ENGINE_ENGINE_OF_H

#include "fpga/engine/device.h"

/* drivers end with NULL */
int fpga_devices(const struct fpga_driver *const *drivers, struct engine_device *out, uint32_t capacity, char *words, size_t words_bytes);
int fpga_probe(const struct fpga_driver *const *drivers, const struct engine_config *config, char *words, size_t words_bytes);
/* Opens, and has every unit compute what is known first; -EILSEQ where one is wrong. */
int fpga_open(const struct engine *engine, const struct fpga_driver *const *drivers, struct engine_context **out, const struct engine_config *config);
void fpga_close(struct engine_context **context);
void fpga_capabilities(const struct engine_context *context, struct engine_capabilities *out);
int fpga_plan_load(struct engine_context *context, struct engine_plan **out, const struct plan *plan);
void fpga_plan_drop(struct engine_context *context, struct engine_plan **plan);
int fpga_pin(struct engine_context *context, void *at, size_t bytes);
void fpga_unpin(struct engine_context *context, void *at, size_t bytes);
int fpga_queue_open(struct engine_context *context, struct engine_queue **out, size_t max_bytes);
void fpga_queue_close(struct engine_queue **queue);
int fpga_submit(struct engine_queue *queue, const struct engine_plan *plan, struct engine_item *items, uint32_t n);
int fpga_wait(struct engine_queue *queue);
void fpga_counters(const struct engine_queue *queue, struct engine_counters *out);
uint32_t fpga_stages(const struct engine_queue *queue, struct engine_stage *out, uint32_t capacity);

#define FPGA_ENGINE(symbol, the_drivers)                                                                     \
	static int symbol##_devices(struct engine_device *out, uint32_t capacity, char *words, size_t bytes) \
	{                                                                                                    \
		return fpga_devices(the_drivers, out, capacity, words, bytes);                               \
	}                                                                                                    \
	static int symbol##_probe(const struct engine_config *config, char *words, size_t bytes)             \
	{                                                                                                    \
		return fpga_probe(the_drivers, config, words, bytes);                                        \
	}                                                                                                    \
	static int symbol##_open(struct engine_context **out, const struct engine_config *config);           \
	const struct engine symbol = {                                                                       \
		.name = "fpga",                                                                              \
		.devices = symbol##_devices,                                                                 \
		.probe = symbol##_probe,                                                                     \
		.open = symbol##_open,                                                                       \
		.close = fpga_close,                                                                         \
		.capabilities = fpga_capabilities,                                                           \
		.plan_load = fpga_plan_load,                                                                 \
		.plan_drop = fpga_plan_drop,                                                                 \
		.pin = fpga_pin,                                                                             \
		.unpin = fpga_unpin,                                                                         \
		.queue_open = fpga_queue_open,                                                               \
		.queue_close = fpga_queue_close,                                                             \
		.submit = fpga_submit,                                                                       \
		.wait = fpga_wait,                                                                           \
		.counters = fpga_counters,                                                                   \
		.stages = fpga_stages,                                                                       \
	};                                                                                                   \
	static int symbol##_open(struct engine_context **out, const struct engine_config *config)            \
	{                                                                                                    \
		return fpga_open(&symbol, the_drivers, out, config);                                         \
	}

#endif
