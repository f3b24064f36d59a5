/* folder.h - a folder of the suite's own for a while, and what is in it. */
#ifndef BENCH_SUITE_FOLDER_H
#define BENCH_SUITE_FOLDER_H

#include <stddef.h>

#define FOLDER_PATH_BYTES 512

/* Makes DIR/sluice-bench-XXXXXX (dir NULL: TMPDIR, else /tmp). -errno with a message. */
int folder_make(char path[FOLDER_PATH_BYTES], const char *dir, char *message, size_t message_bytes);
/* Removes the files in it. */
void folder_empty(const char *path);
/* Removes it with its files; path becomes "", and "" is taken. */
void folder_remove(char *path);

#endif
