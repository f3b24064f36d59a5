/* replay_capture.c - see replay_capture.h. */
#include "bench/detector/replay_capture.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/clock.h"

struct capture_part {
	unsigned message, part;
	uint8_t *bytes;
	size_t len;
};

struct capture {
	size_t n, room;
	struct capture_part *part; /* in order */
};

static int by_number(const void *a, const void *b)
{
	const struct capture_part *p = a, *q = b;

	if (p->message != q->message)
		return p->message < q->message ? -1 : 1;
	return (p->part > q->part) - (p->part < q->part);
}

static int read_file(const char *path, struct capture_part *part)
{
	FILE *f = fopen(path, "rb");
	long len;
	int error = -EIO;

	if (!f)
		return -errno;
	if (!fseek(f, 0, SEEK_END) && (len = ftell(f)) >= 0 && !fseek(f, 0, SEEK_SET)) {
		part->len = (size_t)len;
		part->bytes = malloc(part->len + 1);
		if (!part->bytes)
			error = -ENOMEM;
		else if (fread(part->bytes, 1, part->len, f) == part->len)
			error = 0;
	}
	fclose(f);
	return error;
}

static int add_file(struct capture *c, const char *folder, const char *name, char *message, size_t n)
{
	struct capture_part part = { 0 };
	char path[4096];
	int end = 0, error;

	if (sscanf(name, "%9u.%9u%n", &part.message, &part.part, &end) != 2 || name[end])
		return 0; /* another file: a note, a checksum */
	if (c->n == c->room) {
		size_t room = c->room ? 2 * c->room : 64;
		struct capture_part *at = realloc(c->part, room * sizeof *at);

		if (!at)
			return -ENOMEM;
		c->part = at;
		c->room = room;
	}
	snprintf(path, sizeof path, "%s/%s", folder, name);
	error = read_file(path, &part);
	if (error) {
		free(part.bytes);
		snprintf(message, n, "%s: %s", path, strerror(-error));
		return error;
	}
	c->part[c->n++] = part;
	return 0;
}

/* No message has more parts than a receiver of ours would take, and their numbers have no gaps. */
static int check(const struct capture *c, const char *folder, char *message, size_t n)
{
	if (!c->n) {
		snprintf(message, n, "%s: no files MESSAGE.PART such as 0000.0 in this folder", folder);
		return -EINVAL;
	}
	for (size_t i = 0; i < c->n; i++) {
		bool first = i == 0 || c->part[i].message != c->part[i - 1].message;

		if (c->part[i].part != (first ? 0 : c->part[i - 1].part + 1) || c->part[i].part >= STREAM_PARTS_MAX) {
			snprintf(message, n, "%s: part %u of message %u is missing, or it has more than %d", folder, first ? 0 : c->part[i - 1].part + 1,
				 c->part[i].message, STREAM_PARTS_MAX);
			return -EINVAL;
		}
	}
	return 0;
}

int capture_open(struct capture **out, const char *folder, char *message, size_t n)
{
	struct capture *c = calloc(1, sizeof *c);
	DIR *dir = opendir(folder);
	struct dirent *entry;
	int error = c ? 0 : -ENOMEM;

	*out = NULL;
	snprintf(message, n, "%s: %s", folder, dir ? "out of memory" : strerror(errno));
	if (!dir)
		error = -EINVAL;
	while (!error && (entry = readdir(dir)) != NULL)
		error = add_file(c, folder, entry->d_name, message, n);
	if (dir)
		closedir(dir);
	if (!error) {
		qsort(c->part, c->n, c->n ? sizeof *c->part : 1, by_number);
		error = check(c, folder, message, n);
	}
	if (error)
		capture_close(&c);
	*out = c;
	return error;
}

void capture_close(struct capture **capture)
{
	struct capture *c = *capture;

	if (!c)
		return;
	for (size_t i = 0; i < c->n; i++)
		free(c->part[i].bytes);
	free(c->part);
	free(c);
	*capture = NULL;
}

uint64_t capture_bytes(const struct capture *c)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < c->n; i++)
		bytes += c->part[i].len;
	return bytes;
}

/* Parts [first, last) as one message. */
static int make(struct message *m, const struct capture *c, size_t first, size_t last)
{
	*m = (struct message){ 0 };
	for (size_t i = first; i < last; i++) {
		zmq_msg_t *part = &m->part[m->n_parts];

		if (zmq_msg_init_size(part, c->part[i].len)) {
			message_close(m);
			return -ENOMEM;
		}
		memcpy(zmq_msg_data(part), c->part[i].bytes, c->part[i].len);
		m->n_parts++;
		m->bytes += c->part[i].len;
	}
	return 0;
}

int capture_send(const struct capture *c, struct sender *sender, double rate_hz)
{
	uint64_t began = clock_monotonic_ns(), number = 0;
	int error = 0;

	for (size_t first = 0, last; !error && first < c->n; first = last, number++) {
		struct message m;

		for (last = first + 1; last < c->n && c->part[last].message == c->part[first].message;)
			last++;
		if (rate_hz > 0)
			error = sender_wait_until(sender, began + (uint64_t)((double)number * 1e9 / rate_hz));
		if (!error && sender_stop)
			error = -EINTR;
		if (!error)
			error = make(&m, c, first, last);
		if (!error)
			error = sender_send(sender, &m, (unsigned)(number % sender_endpoints(sender)), false, true);
	}
	return error;
}
