/* text_file.c - reading a small text file (text_file.h). */
#include "host/text_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int text_file_read(char **out, const char *path, size_t max_bytes, char *message, size_t message_bytes)
{
	FILE *f = fopen(path, "rb");
	char *text = NULL;
	size_t n = 0;
	int error = 0;

	*out = NULL;
	if (!f) {
		error = errno;
		goto fail;
	}
	text = malloc(max_bytes + 2);
	if (!text) {
		error = ENOMEM;
		goto fail;
	}
	n = fread(text, 1, max_bytes + 1, f);
	if (ferror(f))
		error = EIO;
	else if (n > max_bytes)
		error = EFBIG;
	else if (memchr(text, 0, n))
		error = EINVAL;
	if (error)
		goto fail;
	fclose(f);
	text[n] = '\0';
	*out = text;
	return 0;
fail:
	snprintf(message, message_bytes, "cannot read %s: %s", path, error == EINVAL ? "it is no text" : strerror(error));
	if (f)
		fclose(f);
	free(text);
	return -error;
}
