/* device_engine.h - a device engine for tests of the lanes: the reference behind an engine with several devices, memory of its own to be introduced,
 * batches that are computed between submit and wait, and faults on demand. It checks what kernels/engine.h promises a device.
 *
 * Its state is one, for all that use it in a program: device_engine_reset before each node. */
#ifndef TESTS_SUPPORT_DEVICE_ENGINE_H
#define TESTS_SUPPORT_DEVICE_ENGINE_H

#include <stdatomic.h>

#include "kernels/engine.h"

#define DEVICE_ENGINE_DEVICES 4
#define DEVICE_ENGINE_BATCH 32

struct device_engine_device {
	/* to be set before a node is opened */
	unsigned good_images;    /* then it fails; 0: never */
	int fails_with;          /* submit and wait of what comes then */
	bool one_by_one;         /* it fails image by image, not the batch as a whole; half of them are good */
	int open_with;           /* open's answer, if not 0 */
	int plans_with;          /* plan_load's */
	int submits_with;        /* submit's, always */
	int pins_with;           /* pin's */
	uint32_t slow_us;        /* of every batch */
	struct engine_device facts;
	/* counted: relaxed, read when the node is closed */
	_Atomic unsigned shown;  /* images submitted */
	_Atomic unsigned answered, failed;
	_Atomic unsigned batches, largest_batch;
	_Atomic unsigned astray; /* images that did not lie as engine.h says */
	_Atomic uint64_t pinned_bytes, most_pinned_bytes, most_pinned_at_once;
	_Atomic int contexts, plans, queues, pins; /* open now */
};

struct device_engine {
	const struct engine *inner; /* what computes; the reference */
	unsigned n_devices;
	/* of what open was given last: the bound, all of it, and what it found kept under a name, before it kept "built" there */
	uint64_t max_memory_bytes;
	struct engine_config config;
	size_t found_kept;
	char kept[16];
	struct device_engine_device device[DEVICE_ENGINE_DEVICES];
};

extern struct device_engine device_engine;
extern const struct engine engine_device; /* "device" */

/* No faults, nothing counted, so many devices. */
void device_engine_reset(unsigned n_devices);
/* Everything that was opened, loaded, pinned is closed again? */
bool device_engine_all_closed(void);

#endif
