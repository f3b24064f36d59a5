/* plain_write.h - the floor of writing files: write(2), and on disk at the end. */
#ifndef BENCH_SUITE_PLAIN_WRITE_H
#define BENCH_SUITE_PLAIN_WRITE_H

#include <stddef.h>

struct plain_piece {
	const void *at;
	size_t bytes;
};

/* Writes n pieces, which repeat after `distinct`, to a new file FOLDER/plain, and returns when they are on disk. -errno. */
int plain_write(const char *folder, const struct plain_piece *piece, unsigned distinct, unsigned n);

#endif
