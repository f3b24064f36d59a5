/* device.h - the one small door to units: memory, registers, waiting. The simulated card, cards by XRT and the tests' own units stand behind it.
 *
 * For fpga/engine, which is the engine and knows no hardware. A driver knows no frames, plans or results; what registers mean is fpga/registers.map's.
 * Functions return 0 or a negative errno and never abort; -ENOMEM where memory is short, -EIO where the device failed. A driver has no globals: everything is
 * in what open gives. One unit, and the memory made for it, is used by one thread at a time, different ones at the same time. */
#ifndef FPGA_ENGINE_DEVICE_H
#define FPGA_ENGINE_DEVICE_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/engine.h"

#define FPGA_UNITS_MAX 32u

struct fpga_device; /* one open card */
struct fpga_memory; /* a piece of the card's memory that one unit reaches by one of its pointers */

/* A unit's pointers, in the order of its registers. They decide in which of the card's memories a piece must lie. */
enum fpga_pointer { FPGA_AT_PAYLOAD, FPGA_AT_OFFSETS, FPGA_AT_TABLE, FPGA_AT_RECORD, FPGA_AT_LIST, FPGA_POINTERS };

struct fpga_words {
	char *at; /* where a reason goes; NULL: nobody asks */
	size_t bytes;
};

struct fpga_facts {
	uint32_t units;     /* 1 to FPGA_UNITS_MAX */
	uint32_t clock_mhz; /* of a unit; assumed, where the clock is not a real one. 0: not known */
};

struct fpga_driver {
	const char *name; /* "simulated", "xrt" */

	/* Fills out[0 .. capacity) and returns how many devices there are, or -ENODEV and why there are none. */
	int (*devices)(struct engine_device *out, uint32_t capacity, struct fpga_words words);
	/* Can one be opened with this configuration? -ENODEV and what is missing. NULL: yes. */
	int (*ready)(const struct engine_config *config, struct fpga_words words);
	/* Opens number `device` of this driver's (config->device is the engine's count); its units are at rest. -ENOEXEC: what the card is to be loaded with is not for it. */
	int (*open)(struct fpga_device **out, uint32_t device, const struct engine_config *config);
	void (*close)(struct fpga_device **device); /* takes NULL; memory must be gone */
	void (*facts)(const struct fpga_device *device, struct fpga_facts *out);

	/* Memory for one pointer of a unit, not cleared. While frames flow only where one needs more than any before. */
	int (*memory_open)(struct fpga_device *device, struct fpga_memory **out, uint32_t unit, enum fpga_pointer pointer, size_t bytes);
	void (*memory_close)(struct fpga_device *device, struct fpga_memory **memory); /* takes NULL */
	uint64_t (*address)(const struct fpga_memory *memory); /* as the unit says it; a multiple of 4096 */
	/* Copied when they return. What lies outside the piece is -EINVAL. */
	int (*copy_in)(struct fpga_memory *memory, size_t at, const void *from, size_t bytes);
	int (*copy_out)(struct fpga_memory *memory, void *to, size_t at, size_t bytes);

	/* A unit's register of 32 bits. */
	int (*set)(struct fpga_device *device, uint32_t unit, uint32_t offset, uint32_t value);
	int (*get)(struct fpga_device *device, uint32_t unit, uint32_t offset, uint32_t *value);
	/* Returns when the started job has ended, or after that many clocks of the unit -ETIMEDOUT. Who cannot count clocks takes the time that they would
	 * last, and a second more. */
	int (*wait)(struct fpga_device *device, uint32_t unit, uint64_t limit_clocks);
};

#endif
