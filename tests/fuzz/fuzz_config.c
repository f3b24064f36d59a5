/* fuzz_config.c - hostile configurations (libFuzzer): files and assignments.
 *
 * Input: 'F' and the text of a file, or 'S' and assignments, one a line. What is accepted must read back, from its printed form, as the same
 * configuration; what is refused must be refused with a message. With SLUICE_FUZZ_SEEDS in the environment a refusal ends the run. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pipeline/config.h"

#define SETS_MAX 16
#define MESSAGE_BYTES 512

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int load_file(struct config *config, const void *text, size_t len, char *message)
{
	char path[64];
	int fd = memfd_create("config", MFD_CLOEXEC), error;

	if (fd < 0 || write(fd, text, len) != (ssize_t)len || lseek(fd, 0, SEEK_SET) < 0)
		abort();
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	error = config_load(config, path, NULL, 0, message, MESSAGE_BYTES);
	close(fd);
	return error;
}

static int load_sets(struct config *config, const uint8_t *data, size_t size, char *message)
{
	char *text = strndup((const char *)data, size), *rest = text;
	const char *sets[SETS_MAX];
	size_t n = 0;
	int error;

	while (n < SETS_MAX && (sets[n] = strsep(&rest, "\n")))
		n++;
	error = config_load(config, NULL, sets, n, message, MESSAGE_BYTES);
	free(text);
	return error;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct config config, again; /* too large for a stack; filled anew each time */
	char message[MESSAGE_BYTES] = "";
	int error;

	if (!size || (data[0] != 'F' && data[0] != 'S'))
		return -1;
	error = data[0] == 'F' ? load_file(&config, data + 1, size - 1, message) : load_sets(&config, data + 1, size - 1, message);
	if (error && (!message[0] || getenv("SLUICE_FUZZ_SEEDS"))) {
		fprintf(stderr, "refused: %s\n", message);
		abort();
	}
	for (int comments = 0; comments < 2 && !error; comments++) {
		char *text = config_print(&config, comments);

		if (load_file(&again, text, strlen(text), message) || memcmp(&config, &again, sizeof config)) {
			fprintf(stderr, "does not read back: %s\n%s", message, text);
			abort();
		}
		free(text);
	}
	if (!error)
		config_check(&config, message, sizeof message);
	return 0;
}
