/* peers_files.h - a case's frames as files, for programs that are not ours: what bench/suite/peers.py reads.
 *
 * In a temporary directory: case.json, mask.raw, frame_NNN.raw (little-endian pixels), frame_NNN.bslz4 (the payload that was timed). */
#ifndef BENCH_SUITE_PEERS_FILES_H
#define BENCH_SUITE_PEERS_FILES_H

#include "bench/suite/cases.h"
#include "bench/suite/folder.h"

struct peers_files {
	char directory[FOLDER_PATH_BYTES]; /* "": none */
};

/* rounds, seconds: how often every peer does all frames, and for how long all of them together at the most. -errno with a message; what was written is
 * removed then. */
int peers_files_write(struct peers_files *files, const struct bench_set *set, unsigned rounds, double seconds, char *message, size_t message_bytes);

/* The directory and all that is in it; takes one that was never made. */
void peers_files_remove(struct peers_files *files);

#endif
