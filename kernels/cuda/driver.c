/* driver.c - kernels/device's door to NVIDIA's cards (kernels/device/driver.h), by the CUDA runtime.
 *
 * For plugin.c. Part of the plug-in only: needs the toolkit's headers, and its runtime linked statically; the card's own driver is looked for
 * by the runtime when the plug-in is asked for devices. A queue is a stream; every call makes its device the thread's. */
#include "kernels/cuda/driver.h"

#include <cuda_runtime_api.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/cuda/kernels.h"

#define CAPABILITY_MIN 80 /* the oldest that this build has machine code for, times ten */

struct driver_device {
	int number;
	struct driver_facts facts;
};

struct driver_queue {
	struct driver_device *device;
	cudaStream_t stream;
};

struct driver_memory {
	void *at;
};

static int error_of(cudaError_t error)
{
	switch (error) {
	case cudaSuccess:
		return 0;
	case cudaErrorMemoryAllocation:
		return -ENOMEM;
	case cudaErrorInvalidValue:
		return -EINVAL;
	default:
		return -EIO;
	}
}

static void say(struct driver_words words, const char *what, cudaError_t error)
{
	if (words.at && words.bytes)
		snprintf(words.at, words.bytes, "%s: %s", what, cudaGetErrorString(error));
}

/* Why the runtime finds no card, as a person would say it. */
static void say_why_none(struct driver_words words, cudaError_t error)
{
	int driver = 0, runtime = 0;

	if (!words.at || !words.bytes)
		return;
	cudaDriverGetVersion(&driver);
	cudaRuntimeGetVersion(&runtime);
	if (driver == 0)
		snprintf(words.at, words.bytes, "NVIDIA's driver is not installed or not loaded (no libcuda.so.1)");
	else if (error == cudaErrorInsufficientDriver)
		snprintf(words.at, words.bytes, "the driver is too old: it knows CUDA %d.%d, this build needs %d.%d or later of the same major version", driver / 1000,
			 driver % 1000 / 10, runtime / 1000, runtime % 1000 / 10);
	else if (error == cudaErrorNoDevice || error == cudaSuccess)
		snprintf(words.at, words.bytes, "the driver is there (CUDA %d.%d) and finds no NVIDIA card", driver / 1000, driver % 1000 / 10);
	else
		say(words, "the driver finds no card", error);
}

static void describe(struct engine_device *out, int number)
{
	struct cudaDeviceProp p;
	int version = 0;
	cudaError_t error = cudaGetDeviceProperties(&p, number);

	*out = (struct engine_device){0};
	if (error) {
		cudaGetLastError();
		snprintf(out->unfit, sizeof(out->unfit), "the driver does not say what it is: %s", cudaGetErrorString(error));
		return;
	}
	cudaDriverGetVersion(&version);
	snprintf(out->name, sizeof(out->name), "%.*s", (int)sizeof(out->name) - 1, p.name);
	snprintf(out->driver, sizeof(out->driver), "CUDA %d.%d", version / 1000, version % 1000 / 10);
	snprintf(out->pci, sizeof(out->pci), "%04x:%02x:%02x.0", (unsigned)p.pciDomainID & 0xffff, (unsigned)p.pciBusID & 0xff, (unsigned)p.pciDeviceID & 0xff);
	out->memory_bytes = p.totalGlobalMem;
	if (p.major * 10 + p.minor < CAPABILITY_MIN)
		snprintf(out->unfit, sizeof(out->unfit), "compute capability %d.%d; this build needs %d.%d or later", p.major, p.minor, CAPABILITY_MIN / 10,
			 CAPABILITY_MIN % 10);
}

static int devices(struct engine_device *out, uint32_t capacity, struct driver_words words)
{
	int n = 0;
	cudaError_t error = cudaGetDeviceCount(&n);

	if (error || n < 1) {
		cudaGetLastError(); /* it is not for the next call */
		say_why_none(words, error);
		return -ENODEV;
	}
	for (uint32_t i = 0; i < capacity && i < (uint32_t)n; i++)
		describe(&out[i], (int)i);
	return n;
}

/* Machine code, or code made of PTX by the driver (which keeps it in a cache of its own), for every kernel. */
static cudaError_t load_kernels(void)
{
	for (int kernel = 0; kernel < DEVICE_KERNELS; kernel++) {
		struct cudaFuncAttributes unused;
		cudaError_t error = cudaFuncGetAttributes(&unused, cuda_kernel((enum device_kernel)kernel));

		if (error)
			return error;
	}
	return cudaSuccess;
}

static void driver_close(struct driver_device **device)
{
	free(*device);
	*device = NULL;
}

static int driver_open(struct driver_device **out, uint32_t number, const struct engine_cache *cache, struct driver_words words)
{
	struct driver_device *d = calloc(1, sizeof(*d));
	struct cudaDeviceProp p;
	cudaError_t error;

	*out = NULL;
	if (!d)
		return -ENOMEM;
	d->number = (int)number;
	error = cudaSetDevice(d->number);
	if (!error)
		error = cudaGetDeviceProperties(&p, d->number);
	if (!error)
		error = load_kernels();
	if (error) {
		cudaGetLastError();
		say(words, "the card cannot be opened", error);
		driver_close(&d);
		return error == cudaErrorInvalidDevice ? -ENODEV : error_of(error);
	}
	d->facts = (struct driver_facts){
		.local_bytes = (uint32_t)p.sharedMemPerBlock, .memory_bytes = p.totalGlobalMem, .largest_bytes = p.totalGlobalMem,
	};
	*out = d;
	return 0;
}

static void facts(const struct driver_device *device, struct driver_facts *out)
{
	*out = device->facts;
}

static int memory_open(struct driver_device *device, struct driver_memory **out, size_t bytes)
{
	struct driver_memory *m = calloc(1, sizeof(*m));
	cudaError_t error;

	*out = NULL;
	if (!m)
		return -ENOMEM;
	error = cudaSetDevice(device->number);
	if (!error)
		error = cudaMalloc(&m->at, bytes);
	if (error) {
		cudaGetLastError();
		free(m);
		return error_of(error);
	}
	*out = m;
	return 0;
}

static void memory_close(struct driver_device *device, struct driver_memory **memory)
{
	if (!*memory)
		return;
	cudaSetDevice(device->number);
	cudaFree((*memory)->at);
	free(*memory);
	*memory = NULL;
}

static int host_open(struct driver_device *device, void **at, size_t bytes, void **handle)
{
	cudaError_t error = cudaSetDevice(device->number);

	*at = *handle = NULL;
	if (!error)
		error = cudaHostAlloc(at, bytes, cudaHostAllocPortable);
	if (error) {
		cudaGetLastError();
		*at = NULL;
		return error_of(error);
	}
	memset(*at, 0, bytes);
	*handle = *at;
	return 0;
}

static void host_close(struct driver_device *device, void **at, void **handle)
{
	if (!*at)
		return;
	cudaSetDevice(device->number);
	cudaFreeHost(*at);
	*at = *handle = NULL;
}

static int pin(struct driver_device *device, void *at, size_t bytes, void **handle)
{
	cudaError_t error = cudaSetDevice(device->number);

	*handle = NULL;
	if (!error)
		error = cudaHostRegister(at, bytes, cudaHostRegisterPortable);
	if (error) {
		cudaGetLastError();
		return error_of(error);
	}
	*handle = at;
	return 0;
}

static void unpin(struct driver_device *device, void **handle)
{
	if (!*handle)
		return;
	cudaSetDevice(device->number);
	cudaHostUnregister(*handle);
	*handle = NULL;
}

static void queue_close(struct driver_queue **queue)
{
	if (!*queue)
		return;
	cudaSetDevice((*queue)->device->number);
	if ((*queue)->stream) {
		cudaStreamSynchronize((*queue)->stream);
		cudaStreamDestroy((*queue)->stream);
	}
	free(*queue);
	*queue = NULL;
}

static int queue_open(struct driver_device *device, struct driver_queue **out)
{
	struct driver_queue *q = calloc(1, sizeof(*q));
	cudaError_t error;

	*out = NULL;
	if (!q)
		return -ENOMEM;
	q->device = device;
	error = cudaSetDevice(device->number);
	if (!error)
		error = cudaStreamCreateWithFlags(&q->stream, cudaStreamNonBlocking);
	if (error) {
		cudaGetLastError();
		q->stream = NULL;
		queue_close(&q);
		return error_of(error);
	}
	*out = q;
	return 0;
}

static int copy_in(struct driver_queue *queue, struct driver_memory *to, size_t at, const void *from, size_t bytes)
{
	cudaSetDevice(queue->device->number);
	return error_of(cudaMemcpyAsync((char *)to->at + at, from, bytes, cudaMemcpyHostToDevice, queue->stream));
}

static int copy_out(struct driver_queue *queue, void *to, const struct driver_memory *from, size_t at, size_t bytes)
{
	cudaSetDevice(queue->device->number);
	return error_of(cudaMemcpyAsync(to, (const char *)from->at + at, bytes, cudaMemcpyDeviceToHost, queue->stream));
}

static int clear(struct driver_queue *queue, struct driver_memory *memory, size_t at, size_t bytes)
{
	cudaSetDevice(queue->device->number);
	return error_of(cudaMemsetAsync((char *)memory->at + at, 0, bytes, queue->stream));
}

static int launch(struct driver_queue *queue, enum device_kernel kernel, uint32_t n_groups, const struct driver_argument *arguments,
		  uint32_t n_arguments)
{
	const void *value[DRIVER_ARGUMENTS_MAX];

	if (n_groups == 0)
		return 0;
	if (n_arguments > DRIVER_ARGUMENTS_MAX)
		return -EINVAL;
	for (uint32_t i = 0; i < n_arguments; i++)
		value[i] = arguments[i].memory ? (const void *)&arguments[i].memory->at : &arguments[i].number;
	cudaSetDevice(queue->device->number);
	return error_of(cudaLaunchKernel(cuda_kernel(kernel), (dim3){n_groups, 1, 1}, (dim3){cuda_kernel_items(kernel), 1, 1}, (void **)value, 0,
					 queue->stream));
}

/* A stream begins by itself. */
static int flush(struct driver_queue *queue)
{
	return 0;
}

static int finish(struct driver_queue *queue)
{
	cudaSetDevice(queue->device->number);
	return error_of(cudaStreamSynchronize(queue->stream));
}

const struct driver driver_cuda = {
	.name = "cuda", .devices = devices, .open = driver_open, .close = driver_close, .facts = facts,
	.memory_open = memory_open, .memory_close = memory_close, .host_open = host_open, .host_close = host_close, .pin = pin, .unpin = unpin,
	.queue_open = queue_open, .queue_close = queue_close, .copy_in = copy_in, .copy_out = copy_out, .clear = clear,
	.launch = launch, .flush = flush, .finish = finish,
};
