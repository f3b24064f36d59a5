/* driver.c - OpenCL as kernels/device wants hardware: memory, copies, launches; and the engine made of it.
 *
 * Every queue has kernel objects of its own, for these remember arguments. Page-locked memory is what OpenCL has for it: buffers that use or
 * allocate host memory, mapped as long as they are held. Processors share their memory anyway, so nothing is locked for them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/device/engine_of.h"
#include "kernels/opencl/opencl.h"

struct driver_device {
	struct opencl cl;
	struct opencl_place place;
	cl_context context;
	cl_command_queue queue; /* for what belongs to no queue: making memory real, mapping it */
	cl_program program;
	bool on_cpu;
};

struct driver_memory {
	cl_mem memory;
};

struct driver_queue {
	const struct opencl *cl;
	cl_command_queue queue;
	cl_kernel kernel[DEVICE_KERNELS];
	cl_event last; /* the last copy out: its status tells whether all before it went well */
};

/* Host memory that a device knows. */
struct mapping {
	cl_mem memory;
	void *at;
};

static const struct {
	const char *name;
	size_t items;
} kernels[DEVICE_KERNELS] = {
	[DEVICE_DECODE] = {"sluice_decode", DECODE_ITEMS},
	[DEVICE_DECODE_LARGE] = {"sluice_decode_large", DECODE_ITEMS},
	[DEVICE_UNSHUFFLE] = {"sluice_unshuffle", PIXEL_ITEMS},
	[DEVICE_TOTALS] = {"sluice_totals", PIXEL_ITEMS},
	[DEVICE_SUMMARY] = {"sluice_summary", PIXEL_ITEMS},
	[DEVICE_DISPERSION] = {"sluice_dispersion", PIXEL_ITEMS},
	[DEVICE_MARK] = {"sluice_mark", PIXEL_ITEMS},
	[DEVICE_ERODE] = {"sluice_erode", PIXEL_ITEMS},
	[DEVICE_EXTENDED] = {"sluice_extended", PIXEL_ITEMS},
};

static int errno_of(cl_int error)
{
	switch (error) {
	case CL_SUCCESS:
		return 0;
	case CL_MEM_OBJECT_ALLOCATION_FAILURE:
	case CL_OUT_OF_RESOURCES:
	case CL_OUT_OF_HOST_MEMORY:
	case CL_INVALID_BUFFER_SIZE:
		return -ENOMEM;
	}
	return -EIO;
}

static void driver_close(struct driver_device **device)
{
	struct driver_device *d = device ? *device : NULL;

	if (!d)
		return;
	if (d->program)
		d->cl.clReleaseProgram(d->program);
	if (d->queue)
		d->cl.clReleaseCommandQueue(d->queue);
	if (d->context)
		d->cl.clReleaseContext(d->context);
	free(d);
	*device = NULL;
}

static int find_place(struct driver_device *d, uint32_t device, struct driver_words words)
{
	struct opencl_place place[OPENCL_DEVICES_MAX];
	struct engine_device facts;
	int n = opencl_load(&d->cl, words);

	if (!n)
		n = opencl_places(&d->cl, place, words);
	if (n < 0)
		return n;
	if (device >= (uint32_t)n) {
		opencl_say(words, "there is no device %u: there are %d", device, n);
		return -ENODEV;
	}
	d->place = place[device];
	opencl_describe(&d->cl, &d->place, &facts);
	d->on_cpu = facts.on_cpu;
	if (!facts.unfit[0])
		return 0;
	opencl_say(words, "%s", facts.unfit);
	return -ENODEV;
}

static int driver_open(struct driver_device **out, uint32_t device, const struct engine_cache *cache, struct driver_words words)
{
	struct driver_device *d = calloc(1, sizeof *d);
	intptr_t properties[] = {CL_CONTEXT_PLATFORM, 0, 0};
	cl_int code = 0;
	int error;

	*out = NULL;
	if (!d)
		return -ENOMEM;
	error = find_place(d, device, words);
	if (error)
		goto fail;
	properties[1] = (intptr_t)d->place.platform;
	d->context = d->cl.clCreateContext(properties, 1, &d->place.device, NULL, NULL, &code);
	if (d->context)
		d->queue = d->cl.clCreateCommandQueue(d->context, d->place.device, 0, &code);
	if (!d->queue) {
		opencl_say(words, "the device cannot be opened (error %d)", code);
		error = code ? errno_of(code) : -EIO;
		goto fail;
	}
	error = opencl_program(&d->cl, &d->place, d->context, cache, &d->program, words);
	if (error)
		goto fail;
	*out = d;
	return 0;
fail:
	driver_close(&d);
	return error;
}

/* Processors gain nothing by several queues, and PoCL (3.1) ends the program when kernels of several queues run there at the same time: it counts who uses
 * a kernel's code by less than it chooses the code by. */
static void driver_facts(const struct driver_device *d, struct driver_facts *out)
{
	*out = (struct driver_facts){
		.local_bytes = (uint32_t)opencl_number(&d->cl, d->place.device, CL_DEVICE_LOCAL_MEM_SIZE),
		.memory_bytes = opencl_number(&d->cl, d->place.device, CL_DEVICE_GLOBAL_MEM_SIZE),
		.largest_bytes = opencl_number(&d->cl, d->place.device, CL_DEVICE_MAX_MEM_ALLOC_SIZE),
		.max_queues = d->on_cpu ? 1 : 0,
	};
}

static void driver_memory_close(struct driver_device *d, struct driver_memory **memory)
{
	if (!memory || !*memory)
		return;
	if ((*memory)->memory)
		d->cl.clReleaseMemObject((*memory)->memory);
	free(*memory);
	*memory = NULL;
}

/* Drivers like to take memory when it is first used; it is to be short here, where that can be answered. */
static int driver_memory_open(struct driver_device *d, struct driver_memory **out, size_t bytes)
{
	struct driver_memory *m = calloc(1, sizeof *m);
	cl_int code = 0;

	*out = NULL;
	if (!m)
		return -ENOMEM;
	m->memory = d->cl.clCreateBuffer(d->context, CL_MEM_READ_WRITE, bytes, NULL, &code);
	if (m->memory)
		code = d->cl.clEnqueueMigrateMemObjects(d->queue, 1, &m->memory, CL_MIGRATE_MEM_OBJECT_CONTENT_UNDEFINED, 0, NULL, NULL);
	if (m->memory && !code)
		code = d->cl.clFinish(d->queue);
	if (!m->memory || code) {
		driver_memory_close(d, &m);
		return code ? errno_of(code) : -ENOMEM;
	}
	*out = m;
	return 0;
}

static void unmap(struct driver_device *d, struct mapping *m)
{
	if (!m)
		return;
	if (m->at)
		d->cl.clEnqueueUnmapMemObject(d->queue, m->memory, m->at, 0, NULL, NULL);
	d->cl.clFinish(d->queue);
	if (m->memory)
		d->cl.clReleaseMemObject(m->memory);
	free(m);
}

/* host: the memory to use, NULL: memory of the driver's choice. */
static int map(struct driver_device *d, struct mapping **out, void *host, size_t bytes)
{
	cl_bitfield flags = CL_MEM_READ_WRITE | (host ? CL_MEM_USE_HOST_PTR : CL_MEM_ALLOC_HOST_PTR);
	struct mapping *m = calloc(1, sizeof *m);
	cl_int code = 0;

	*out = NULL;
	if (!m)
		return -ENOMEM;
	m->memory = d->cl.clCreateBuffer(d->context, flags, bytes, host, &code);
	if (m->memory)
		m->at = d->cl.clEnqueueMapBuffer(d->queue, m->memory, 1, CL_MAP_READ | CL_MAP_WRITE, 0, bytes, 0, NULL, NULL, &code);
	if (!m->at) {
		unmap(d, m);
		return code ? errno_of(code) : -ENOMEM;
	}
	*out = m;
	return 0;
}

static int driver_host_open(struct driver_device *d, void **at, size_t bytes, void **handle)
{
	struct mapping *m = NULL;
	int error = map(d, &m, NULL, bytes);

	*at = error ? NULL : m->at;
	*handle = m;
	if (!error)
		memset(*at, 0, bytes);
	return error;
}

static void driver_host_close(struct driver_device *d, void **at, void **handle)
{
	if (!at || !handle)
		return;
	unmap(d, *handle);
	*at = *handle = NULL;
}

static int driver_pin(struct driver_device *d, void *at, size_t bytes, void **handle)
{
	struct mapping *m = NULL;
	int error = d->on_cpu ? 0 : map(d, &m, at, bytes);

	*handle = m;
	return error;
}

static void driver_unpin(struct driver_device *d, void **handle)
{
	unmap(d, *handle);
	*handle = NULL;
}

static void driver_queue_close(struct driver_queue **queue)
{
	struct driver_queue *q = queue ? *queue : NULL;

	if (!q)
		return;
	if (q->queue)
		q->cl->clFinish(q->queue);
	if (q->last)
		q->cl->clReleaseEvent(q->last);
	for (int i = 0; i < DEVICE_KERNELS; i++)
		if (q->kernel[i])
			q->cl->clReleaseKernel(q->kernel[i]);
	if (q->queue)
		q->cl->clReleaseCommandQueue(q->queue);
	free(q);
	*queue = NULL;
}

static int driver_queue_open(struct driver_device *d, struct driver_queue **out)
{
	struct driver_queue *q = calloc(1, sizeof *q);
	cl_int code = 0;

	*out = NULL;
	if (!q)
		return -ENOMEM;
	q->cl = &d->cl;
	q->queue = d->cl.clCreateCommandQueue(d->context, d->place.device, 0, &code);
	for (int i = 0; q->queue && !code && i < DEVICE_KERNELS; i++)
		q->kernel[i] = d->cl.clCreateKernel(d->program, kernels[i].name, &code);
	if (!q->queue || code) {
		driver_queue_close(&q);
		return code ? errno_of(code) : -EIO;
	}
	*out = q;
	return 0;
}

static int driver_copy_in(struct driver_queue *q, struct driver_memory *to, size_t at, const void *from, size_t bytes)
{
	return errno_of(q->cl->clEnqueueWriteBuffer(q->queue, to->memory, 0, at, bytes, from, 0, NULL, NULL));
}

static int driver_copy_out(struct driver_queue *q, void *to, const struct driver_memory *from, size_t at, size_t bytes)
{
	if (q->last)
		q->cl->clReleaseEvent(q->last);
	q->last = NULL;
	return errno_of(q->cl->clEnqueueReadBuffer(q->queue, from->memory, 0, at, bytes, to, 0, NULL, &q->last));
}

static int driver_clear(struct driver_queue *q, struct driver_memory *memory, size_t at, size_t bytes)
{
	static const uint32_t zero[4];

	return errno_of(q->cl->clEnqueueFillBuffer(q->queue, memory->memory, zero, sizeof zero, at, bytes, 0, NULL, NULL));
}

static int driver_launch(struct driver_queue *q, enum device_kernel kernel, uint32_t n_groups, const struct driver_argument *arguments,
			 uint32_t n_arguments)
{
	size_t group = kernels[kernel].items, all = n_groups * group;
	cl_int code = 0;

	for (uint32_t i = 0; !code && i < n_arguments; i++) {
		const struct driver_argument *a = &arguments[i];

		code = a->memory ? q->cl->clSetKernelArg(q->kernel[kernel], i, sizeof(cl_mem), &a->memory->memory) :
				   q->cl->clSetKernelArg(q->kernel[kernel], i, sizeof a->number, &a->number);
	}
	if (!code)
		code = q->cl->clEnqueueNDRangeKernel(q->queue, q->kernel[kernel], 1, NULL, &all, &group, 0, NULL, NULL);
	return errno_of(code);
}

static int driver_flush(struct driver_queue *q)
{
	return errno_of(q->cl->clFlush(q->queue));
}

static int driver_finish(struct driver_queue *q)
{
	cl_int code = q->cl->clFinish(q->queue), status = 0;

	if (!code && q->last)
		code = q->cl->clGetEventInfo(q->last, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof status, &status, NULL);
	return code || status < 0 ? -EIO : 0;
}

const struct driver opencl_driver = {
	.name = "opencl",
	.devices = opencl_devices,
	.open = driver_open,
	.close = driver_close,
	.facts = driver_facts,
	.memory_open = driver_memory_open,
	.memory_close = driver_memory_close,
	.host_open = driver_host_open,
	.host_close = driver_host_close,
	.pin = driver_pin,
	.unpin = driver_unpin,
	.queue_open = driver_queue_open,
	.queue_close = driver_queue_close,
	.copy_in = driver_copy_in,
	.copy_out = driver_copy_out,
	.clear = driver_clear,
	.launch = driver_launch,
	.flush = driver_flush,
	.finish = driver_finish,
};

DEVICE_ENGINE(engine_opencl, "opencl", opencl_driver)
