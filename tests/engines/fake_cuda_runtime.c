/* fake_cuda_runtime.c - the part of the CUDA runtime that kernels/cuda/driver.c calls, in plain C. See fake_cuda_runtime.h. */
#include "tests/engines/fake_cuda_runtime.h"

#include <cuda_runtime_api.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/cuda/kernels.h"
#include "tests/support/plain_driver.h"

#define COMMANDS_MAX 2048u
#define RUBBISH 0xa7

struct fake_cuda fake_cuda;

static _Thread_local int current;
static const char token[DEVICE_KERNELS]; /* a kernel's address */

enum kind { COPY, CLEAR, LAUNCH };

struct command {
	enum kind kind;
	uint8_t *to;
	const uint8_t *from;
	size_t bytes;
	enum device_kernel kernel;
	unsigned n_groups;
	uint64_t value[DRIVER_ARGUMENTS_MAX]; /* a pointer or a number each */
};

struct CUstream_st {
	int device;
	unsigned n;
	struct command command[COMMANDS_MAX];
};

/* Kept before what memory_open gives, so that it is known whose it is. */
struct head {
	_Alignas(256) int device;
};

static cudaError_t fault(cudaError_t error)
{
	return fake_cuda.fails_at && --fake_cuda.fails_at == 0 ? error : cudaSuccess;
}

static void look_at(int device)
{
	fake_cuda.wrong_device += device != current;
}

const void *cuda_kernel(enum device_kernel kernel)
{
	return &token[kernel];
}

unsigned cuda_kernel_items(enum device_kernel kernel)
{
	return kernel == DEVICE_DECODE || kernel == DEVICE_DECODE_LARGE ? DECODE_ITEMS : PIXEL_ITEMS;
}

const char *cudaGetErrorString(cudaError_t error)
{
	return error == cudaErrorMemoryAllocation ? "out of memory" : error == cudaSuccess ? "no error" : "some error";
}

cudaError_t cudaGetLastError(void)
{
	return cudaSuccess;
}

cudaError_t cudaDriverGetVersion(int *version)
{
	*version = fake_cuda.driver_version;
	return cudaSuccess;
}

cudaError_t cudaRuntimeGetVersion(int *version)
{
	*version = 13000;
	return cudaSuccess;
}

cudaError_t cudaGetDeviceCount(int *n)
{
	*n = 0;
	if (!fake_cuda.driver_version || fake_cuda.driver_too_old)
		return cudaErrorInsufficientDriver;
	if (!fake_cuda.devices)
		return cudaErrorNoDevice;
	*n = fake_cuda.devices;
	return cudaSuccess;
}

cudaError_t cudaGetDeviceProperties(struct cudaDeviceProp *p, int device)
{
	if (device >= fake_cuda.devices)
		return cudaErrorInvalidDevice;
	memset(p, 0, sizeof(*p));
	snprintf(p->name, sizeof(p->name), "Imagined %d", device);
	p->totalGlobalMem = (size_t)1 << 30;
	p->sharedMemPerBlock = 49152;
	p->major = fake_cuda.capability / 10;
	p->minor = fake_cuda.capability % 10;
	p->pciDomainID = 0;
	p->pciBusID = 0x3b + device;
	p->pciDeviceID = 0;
	return cudaSuccess;
}

cudaError_t cudaSetDevice(int device)
{
	if (device < 0 || device >= fake_cuda.devices)
		return cudaErrorInvalidDevice;
	current = device;
	return cudaSuccess;
}

cudaError_t cudaFuncGetAttributes(struct cudaFuncAttributes *out, const void *kernel)
{
	memset(out, 0, sizeof(*out));
	return (const char *)kernel >= token && (const char *)kernel < token + DEVICE_KERNELS ? cudaSuccess : cudaErrorInvalidDeviceFunction;
}

cudaError_t cudaMalloc(void **at, size_t bytes)
{
	cudaError_t error = fault(cudaErrorMemoryAllocation);
	struct head *h;

	if (error)
		return error;
	h = aligned_alloc(256, sizeof(*h) + (bytes + 255) / 256 * 256);
	h->device = current;
	*at = h + 1;
	memset(*at, RUBBISH, bytes);
	fake_cuda.held++;
	return cudaSuccess;
}

cudaError_t cudaFree(void *at)
{
	look_at(((struct head *)at - 1)->device);
	free((struct head *)at - 1);
	fake_cuda.held--;
	return cudaSuccess;
}

cudaError_t cudaHostAlloc(void **at, size_t bytes, unsigned flags)
{
	cudaError_t error = fault(cudaErrorMemoryAllocation);

	if (error)
		return error;
	*at = malloc(bytes);
	memset(*at, RUBBISH, bytes);
	fake_cuda.held++;
	return cudaSuccess;
}

cudaError_t cudaFreeHost(void *at)
{
	free(at);
	fake_cuda.held--;
	return cudaSuccess;
}

cudaError_t cudaHostRegister(void *at, size_t bytes, unsigned flags)
{
	cudaError_t error = fault(cudaErrorMemoryAllocation);

	fake_cuda.held += error == cudaSuccess;
	return error;
}

cudaError_t cudaHostUnregister(void *at)
{
	fake_cuda.held--;
	return cudaSuccess;
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *out, unsigned flags)
{
	cudaError_t error = fault(cudaErrorMemoryAllocation);

	if (error)
		return error;
	*out = calloc(1, sizeof(**out));
	(*out)->device = current;
	fake_cuda.held++;
	return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream)
{
	look_at(stream->device);
	free(stream);
	fake_cuda.held--;
	return cudaSuccess;
}

static cudaError_t put(cudaStream_t stream, struct command command)
{
	cudaError_t error = fault(cudaErrorUnknown);

	look_at(stream->device);
	if (error || stream->n == COMMANDS_MAX)
		return error ? error : cudaErrorUnknown;
	stream->command[stream->n++] = command;
	return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, enum cudaMemcpyKind kind, cudaStream_t stream)
{
	return put(stream, (struct command){.kind = COPY, .to = to, .from = from, .bytes = bytes});
}

cudaError_t cudaMemsetAsync(void *to, int value, size_t bytes, cudaStream_t stream)
{
	return value ? cudaErrorInvalidValue : put(stream, (struct command){.kind = CLEAR, .to = to, .bytes = bytes});
}

/* How many arguments a kernel has only the kernel knows: the fake copies as many as its plain form reads. */
static const unsigned n_arguments[DEVICE_KERNELS] = {
	[DEVICE_DECODE] = 6, [DEVICE_DECODE_LARGE] = 8, [DEVICE_UNSHUFFLE] = 6, [DEVICE_TOTALS] = 7, [DEVICE_SUMMARY] = 4,
	[DEVICE_DISPERSION] = 7, [DEVICE_MARK] = 7, [DEVICE_ERODE] = 5, [DEVICE_EXTENDED] = 7,
};

/* Arguments that are numbers, a bit each; all others are pointers. */
static const unsigned numbers[DEVICE_KERNELS] = {
	[DEVICE_DECODE] = 1u << 3, [DEVICE_DECODE_LARGE] = 3u << 3, [DEVICE_UNSHUFFLE] = 3u << 2, [DEVICE_TOTALS] = 3u << 5,
	[DEVICE_SUMMARY] = 1u << 3, [DEVICE_DISPERSION] = 3u << 5, [DEVICE_MARK] = 1u << 6, [DEVICE_ERODE] = 1u << 4, [DEVICE_EXTENDED] = 1u << 6,
};

cudaError_t cudaLaunchKernel(const void *kernel, dim3 groups, dim3 items, void **arguments, size_t shared, cudaStream_t stream)
{
	struct command command = {.kind = LAUNCH, .kernel = (enum device_kernel)((const char *)kernel - token), .n_groups = groups.x};

	if (items.x != cuda_kernel_items(command.kernel) || items.y != 1 || groups.y != 1 || groups.x == 0 || shared)
		return cudaErrorInvalidConfiguration;
	for (unsigned i = 0; i < n_arguments[command.kernel]; i++)
		memcpy(&command.value[i], arguments[i], numbers[command.kernel] >> i & 1 ? sizeof(uint32_t) : sizeof(void *));
	return put(stream, command);
}

static void run(const struct command *c)
{
	const void *value[DRIVER_ARGUMENTS_MAX];

	for (unsigned i = 0; i < DRIVER_ARGUMENTS_MAX; i++)
		value[i] = &c->value[i];
	for (unsigned g = c->n_groups; g-- > 0;)
		plain_run_group(c->kernel, g, value);
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream)
{
	cudaError_t error = fake_cuda.kernel_fault ? cudaErrorIllegalAddress : fault(cudaErrorUnknown);

	look_at(stream->device);
	for (unsigned i = 0; i < stream->n && !error; i++) {
		const struct command *c = &stream->command[i];

		if (c->kind == COPY)
			memcpy(c->to, c->from, c->bytes);
		else if (c->kind == CLEAR)
			memset(c->to, 0, c->bytes);
		else
			run(c);
	}
	stream->n = 0;
	return error;
}
