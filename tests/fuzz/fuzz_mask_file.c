/* fuzz_mask_file.c - hostile mask files (libFuzzer): NumPy, PNG, TIFF and raw. Input: width, height (a byte each), the file.
 *
 * HDF5 is left out: what libhdf5 makes of a damaged file is not ours to find. With SLUICE_FUZZ_SEEDS in the environment a refusal ends the run. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/mask_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[64], message[512] = "";
	uint8_t *mask;
	int fd, error;

	if (size < 2 || (size >= 10 && !memcmp(data + 2, "\211HDF", 4)))
		return -1;
	fd = memfd_create("mask", MFD_CLOEXEC);
	if (fd < 0 || write(fd, data + 2, size - 2) != (ssize_t)size - 2)
		abort();
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	error = mask_file_read(&mask, path, data[0], data[1], message, sizeof message);
	close(fd);
	if (error && (!message[0] || mask || getenv("SLUICE_FUZZ_SEEDS"))) {
		fprintf(stderr, "refused: %s\n", message);
		abort();
	}
	for (size_t i = 0; !error && i < (size_t)data[0] * data[1]; i++)
		if (mask[i] > 1)
			abort();
	free(mask);
	return 0;
}
