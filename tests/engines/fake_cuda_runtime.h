/* fake_cuda_runtime.h - what a test makes the CUDA runtime in plain C do (fake_cuda_runtime.c).
 *
 * Stands for a card that cannot be had: memory is the host's, kernels are kernels/body as plain C, and a stream's work is done when
 * it is synchronized and not before. Every call but that which names a device is refused where another device is the thread's. */
#ifndef TESTS_ENGINES_FAKE_CUDA_RUNTIME_H
#define TESTS_ENGINES_FAKE_CUDA_RUNTIME_H

#include <stdbool.h>

struct fake_cuda {
	int devices;           /* how many cards */
	int driver_version;    /* 0: no driver */
	bool driver_too_old;
	int capability;        /* times ten */
	unsigned fails_at;     /* the n-th call from now on that can fail does; 0: none */
	bool kernel_fault;     /* what a stream has to do ends with an illegal address, from now on */
	/* out */
	int held;              /* memory, page-locked memory, registered ranges and streams */
	unsigned wrong_device; /* calls made while another device was the thread's */
};
extern struct fake_cuda fake_cuda;

#endif
