/* text_file.h - a small text file as one string. */
#ifndef HOST_TEXT_FILE_H
#define HOST_TEXT_FILE_H

#include <stddef.h>

/* malloc'ed, NUL-terminated. -EFBIG over max_bytes, -EINVAL with a NUL in it, else as open and read; message says it in words. */
int text_file_read(char **out, const char *path, size_t max_bytes, char *message, size_t message_bytes);

#endif
