/* driver.h - the one small door to hardware: memory, copies, launches. OpenCL, CUDA and the tests' own driver stand behind it.
 *
 * For kernels/device, which is the engine and knows no hardware. A driver knows no frames, plans or results.
 * Functions return 0 or a negative errno and never abort; -ENOMEM where memory is short, -EIO where the device failed. A driver has no
 * globals: everything is in what open gives. One queue is used by one thread at a time, different ones at the same time; a
 * queue's work runs in the order it was given. Where words is a parameter the reason of a failure goes there, NULL: nobody asks. */
#ifndef KERNELS_DEVICE_DRIVER_H
#define KERNELS_DEVICE_DRIVER_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/body/launch.h"
#include "kernels/engine.h"

struct driver_device; /* one open device, its kernels built */
struct driver_queue;  /* in-order stream of work */
struct driver_memory; /* a piece of device memory; kernels get its beginning */

struct driver_words {
	char *at;
	size_t bytes;
};

/* One argument of a kernel: device memory, or a number by value. */
struct driver_argument {
	const struct driver_memory *memory; /* NULL: the number */
	uint32_t number;
};
#define DRIVER_ARGUMENTS_MAX 16

/* What kernels/device must know of an open device. */
struct driver_facts {
	uint32_t local_bytes;  /* local (shared) memory that one group may have */
	uint64_t memory_bytes; /* of the device */
	uint64_t largest_bytes;/* of one piece of memory */
	uint32_t max_queues;   /* that may have something in them at the same time; 0: any number */
};

struct driver {
	const char *name; /* "opencl", "cuda" */

	/* Loads what must be loaded and counts the devices: fills out[0 .. capacity) and returns how many there are, or -ENODEV and why. */
	int (*devices)(struct engine_device *out, uint32_t capacity, struct driver_words words);
	/* Opens one, kernels and all; the cache is used during this call only. */
	int (*open)(struct driver_device **out, uint32_t device, const struct engine_cache *cache, struct driver_words words);
	void (*close)(struct driver_device **device); /* takes NULL; queues, memory and pins must be gone */
	void (*facts)(const struct driver_device *device, struct driver_facts *out);

	/* Memory of the device, not cleared. Any thread; never while frames flow. */
	int (*memory_open)(struct driver_device *device, struct driver_memory **out, size_t bytes);
	void (*memory_close)(struct driver_device *device, struct driver_memory **memory); /* takes NULL */
	/* Memory of the host, page-locked where the driver can, cleared. *handle is the driver's. */
	int (*host_open)(struct driver_device *device, void **at, size_t bytes, void **handle);
	void (*host_close)(struct driver_device *device, void **at, void **handle); /* takes NULL */
	/* Page-locks memory that is the caller's, where the driver can; it keeps its contents. Failing only costs speed. *handle is the driver's. */
	int (*pin)(struct driver_device *device, void *at, size_t bytes, void **handle);
	void (*unpin)(struct driver_device *device, void **handle);

	int (*queue_open)(struct driver_device *device, struct driver_queue **out);
	void (*queue_close)(struct driver_queue **queue); /* takes NULL; waits for what runs */
	/* Copies, fills and launches are put into the queue. Host memory must stay as it is until finish has returned. */
	int (*copy_in)(struct driver_queue *queue, struct driver_memory *to, size_t at, const void *from, size_t bytes);
	int (*copy_out)(struct driver_queue *queue, void *to, const struct driver_memory *from, size_t at, size_t bytes);
	int (*clear)(struct driver_queue *queue, struct driver_memory *memory, size_t at, size_t bytes); /* to 0; at and bytes are multiples of 16 */
	/* n_groups groups, one-dimensional, of as many items as body/launch.h fixes for the kernel; arguments in the kernel's order. */
	int (*launch)(struct driver_queue *queue, enum device_kernel kernel, uint32_t n_groups, const struct driver_argument *arguments,
		      uint32_t n_arguments);
	int (*flush)(struct driver_queue *queue);  /* nothing waits in the host any more: the device begins */
	int (*finish)(struct driver_queue *queue); /* returns when everything put in is done; tells of what failed since the last one */
};

#endif
