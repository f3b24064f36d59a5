/* plain_driver.h - the device engine on no device: a driver whose kernels are kernels/body compiled as plain C.
 *
 * For tests of kernels/device, and of the kernels themselves under sanitizers. Work put into a queue is done when finish is called
 * and not before, so that whoever touches memory too early is found out; device memory is filled with rubbish when it is taken. */
#ifndef TESTS_SUPPORT_PLAIN_DRIVER_H
#define TESTS_SUPPORT_PLAIN_DRIVER_H

#include "kernels/device/driver.h"

extern const struct engine engine_plain;
extern const struct driver driver_plain;

/* What goes wrong, for all devices of this driver; zero: nothing. */
struct plain_faults {
	uint32_t call;              /* the n-th call from now on, counted from 1, of those that can fail: returns this error */
	int error;
	enum device_kernel skipped; /* launches of this kernel do nothing, where skip is set: a device that lies */
	bool skip;
};
extern struct plain_faults plain_faults;

/* What is held of a driver now: memory of the device, of the host, pins, queues, devices. */
extern uint32_t plain_held;
/* Copies in since the program began. */
extern uint32_t plain_copies_in;

/* Runs one group of a kernel; value[i] points to argument i: a pointer to memory, or a number. */
void plain_run_group(enum device_kernel kernel, uint32_t group, const void *const *value);

#endif
