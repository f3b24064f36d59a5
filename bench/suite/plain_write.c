/* plain_write.c - open, write, fdatasync, close (plain_write.h). */
#include "bench/suite/plain_write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

static int write_whole(int fd, const uint8_t *at, size_t bytes)
{
	while (bytes) {
		ssize_t n = write(fd, at, bytes);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			at += n;
			bytes -= (size_t)n;
		}
	}
	return 0;
}

int plain_write(const char *folder, const struct plain_piece *piece, unsigned distinct, unsigned n)
{
	char path[1024];
	int fd, rc = 0;

	snprintf(path, sizeof(path), "%s/plain", folder);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	for (unsigned i = 0; rc == 0 && i < n; i++)
		rc = write_whole(fd, piece[i % distinct].at, piece[i % distinct].bytes);
	if (rc == 0 && fdatasync(fd) < 0)
		rc = -errno;
	if (close(fd) < 0 && rc == 0)
		rc = -errno;
	return rc;
}
