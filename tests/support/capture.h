/* capture.h - captured detector streams for tests: a folder with one file per message part, named MESSAGE.PART.
 *
 * Captures are recorded data outside the project (SLUICE_DATA, else ../shared/data beside the sources); a test that finds none is a skip. */
#ifndef TESTS_SUPPORT_CAPTURE_H
#define TESTS_SUPPORT_CAPTURE_H

#include <stddef.h>

#include "host/stream.h"

#define CAPTURE_MESSAGES_MAX 64

struct capture {
	size_t n_messages;
	struct stream_parts message[CAPTURE_MESSAGES_MAX]; /* parts are malloc'd to their exact size, so that a sanitizer sees every overrun */
};

/* The folder that holds the captures; NULL where there is none (*why says where was looked). */
const char *capture_root(const char **why);

/* Reads root/name, or the folder name alone where root is NULL. 0 or -errno. */
int capture_open(struct capture **out, const char *root, const char *name);
void capture_close(struct capture **capture);

#endif
