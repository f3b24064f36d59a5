/* xrt_library.h - the functions of Xilinx's runtime that cards are driven by, and asking for cards at arm's length.
 *
 * For fpga/devices/xrt*.c. Declared after the interface that XRT documents (xrt_device.h, xrt_bo.h and xrt_kernel.h, releases 2020.2 to 2024.2), so that nothing
 * of it is needed to build. Handles are NULL where a call failed, with errno set; numbers are 0 or an error. */
#ifndef FPGA_DEVICES_XRT_LIBRARY_H
#define FPGA_DEVICES_XRT_LIBRARY_H

#include <stddef.h>
#include <stdint.h>

#include "fpga/engine/device.h"

#define XRT_LIBRARY "libxrt_coreutil.so.2"
#define XRT_CARDS_MAX 16u
#define XRT_TO_CARD 0
#define XRT_FROM_CARD 1

/* result, name, arguments */
#define XRT_FUNCTIONS(F)                                                                                   \
	F(void *, xrtDeviceOpen, (unsigned index))                                                         \
	F(int, xrtDeviceClose, (void *device))                                                             \
	F(int, xrtDeviceLoadXclbinFile, (void *device, const char *path))                                  \
	F(int, xrtDeviceGetXclbinUUID, (void *device, unsigned char *uuid))                                \
	F(void *, xrtPLKernelOpenExclusive, (void *device, const unsigned char *uuid, const char *name))   \
	F(int, xrtKernelClose, (void *kernel))                                                             \
	F(int, xrtKernelArgGroupId, (void *kernel, int argument))                                          \
	F(int, xrtKernelReadRegister, (void *kernel, uint32_t offset, uint32_t *value))                    \
	F(int, xrtKernelWriteRegister, (void *kernel, uint32_t offset, uint32_t value))                    \
	F(void *, xrtBOAlloc, (void *device, size_t bytes, uint64_t flags, uint32_t group))                \
	F(int, xrtBOFree, (void *buffer))                                                                  \
	F(uint64_t, xrtBOAddress, (void *buffer))                                                          \
	F(void *, xrtBOMap, (void *buffer))                                                                \
	F(int, xrtBOSync, (void *buffer, int direction, size_t bytes, size_t at))

struct xrt {
#define XRT_MEMBER(result, name, arguments) result(*name) arguments;
	XRT_FUNCTIONS(XRT_MEMBER)
#undef XRT_MEMBER
};

/* Loads the library, which then stays. -ENODEV and why not. */
int xrt_load(struct xrt *xrt, struct fpga_words words);
/* How many cards there are, asked in a child process: the library ends the program where its environment is missing. -ENODEV and why there are none. */
int xrt_count(struct fpga_words words);

#endif
