/* capture.c - reads captured detector streams for tests. */
#include "tests/support/capture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

const char *capture_root(const char **why)
{
	static char root[4096], words[4200];
	const char *data = getenv("SLUICE_DATA"), *source = getenv("SLUICE_SOURCE");
	struct stat status;
	if (data)
		snprintf(root, sizeof root, "%s/streams", data);
	else
		snprintf(root, sizeof root, "%s/../shared/data/streams", source ? source : ".");
	snprintf(words, sizeof words, "no recorded streams in %s", root);
	*why = words;
	return stat(root, &status) == 0 && S_ISDIR(status.st_mode) ? root : NULL;
}

static int read_file(const char *path, struct span *out)
{
	FILE *file = fopen(path, "rb");
	if (!file)
		return -errno;
	fseek(file, 0, SEEK_END);
	size_t len = (size_t)ftell(file);
	rewind(file);
	uint8_t *bytes = malloc(len ? len : 1);
	size_t got = bytes ? fread(bytes, 1, len, file) : 0;
	fclose(file);
	*out = (struct span){bytes, len};
	return bytes && got == len ? 0 : -EIO;
}

int capture_open(struct capture **out, const char *root, const char *name)
{
	struct capture *capture = calloc(1, sizeof *capture);
	int error = capture ? 0 : -ENOMEM;
	for (size_t m = 0; !error && m < CAPTURE_MESSAGES_MAX; m++) {
		struct stream_parts *message = &capture->message[m];
		for (unsigned p = 0; !error && p < STREAM_PARTS_MAX; p++) {
			char path[8192];
			snprintf(path, sizeof path, "%s%s%s/%04zu.%u", root ? root : "", root ? "/" : "", name, m, p);
			int missing = read_file(path, &message->part[p]);
			if (missing == -ENOENT)
				break;
			error = missing;
			message->n_parts++;
		}
		if (message->n_parts == 0)
			break;
		capture->n_messages++;
	}
	if (!error && capture->n_messages == 0)
		error = -ENOENT;
	if (error)
		capture_close(&capture);
	*out = capture;
	return error;
}

void capture_close(struct capture **capture)
{
	if (!*capture)
		return;
	for (size_t m = 0; m < CAPTURE_MESSAGES_MAX; m++)
		for (unsigned p = 0; p < STREAM_PARTS_MAX; p++)
			free((void *)(*capture)->message[m].part[p].at);
	free(*capture);
	*capture = NULL;
}
