/* parcel.c - see parcel.h. */
#include "bench/detector/parcel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/detector/random.h"

static int add_copy(struct message *m, struct span bytes)
{
	zmq_msg_t *part = &m->part[m->n_parts];

	if (zmq_msg_init_size(part, bytes.len))
		return -ENOMEM;
	if (bytes.len)
		memcpy(zmq_msg_data(part), bytes.at, bytes.len);
	m->n_parts++;
	m->bytes += bytes.len;
	return 0;
}

/* ZeroMQ's thread: the bytes are no longer needed. Release pairs with the acquire of the sender that finds 0. */
static void give_back(void *data, void *hint)
{
	struct pool_entry *entry = hint;

	atomic_fetch_sub_explicit(&entry->in_flight, 1, memory_order_release);
}

static int add_lent(struct message *m, struct span bytes, struct pool_entry *entry)
{
	atomic_fetch_add_explicit(&entry->in_flight, 1, memory_order_relaxed);
	if (zmq_msg_init_data(&m->part[m->n_parts], (void *)bytes.at, bytes.len, give_back, entry)) {
		give_back(NULL, entry);
		return -ENOMEM;
	}
	m->n_parts++;
	m->bytes += bytes.len;
	return 0;
}

/* entry: whose memory the pixels are, lent; NULL: copy all. */
static int add_parts(struct message *out, const struct stream_parts *parts, struct pool_entry *entry)
{
	int error = 0;

	for (unsigned i = 0; !error && i < parts->n_parts; i++) {
		bool lend = entry && parts->part[i].len && parts->part[i].at == entry->channel[0].pixels.bytes.at;

		error = lend ? add_lent(out, parts->part[i], entry) : add_copy(out, parts->part[i]);
	}
	if (error)
		message_close(out);
	return error;
}

static void free_data(void *data, void *hint)
{
	free(data);
}

/* len: what an emitter returned. Takes the memory over. */
static int add_owned(struct message *out, uint8_t *memory, int64_t len)
{
	if (len < 0 || zmq_msg_init_data(&out->part[0], memory, (size_t)len, free_data, NULL)) {
		free(memory);
		return len < 0 ? (int)len : -ENOMEM;
	}
	out->n_parts = 1;
	out->bytes = (size_t)len;
	return 0;
}

int parcel_start(struct message *out, const struct settings *s, const struct stream_start *start)
{
	struct stream_parts parts;
	char text[STREAM_V1_TEXT_MAX];
	uint8_t *memory;
	size_t room;
	int error;

	*out = (struct message){ 0 };
	if (s->v1) {
		error = stream_v1_emit_start(&parts, text, sizeof text, start, s->header_detail);
		return error ? error : add_parts(out, &parts, NULL);
	}
	room = stream_v2_bound_start(start);
	memory = malloc(room);
	return memory ? add_owned(out, memory, stream_v2_emit_start(memory, room, start)) : -ENOMEM;
}

int parcel_end(struct message *out, const struct settings *s, const struct stream_end *end)
{
	struct stream_parts parts;
	char text[STREAM_V1_TEXT_MAX];
	uint8_t *memory;
	int error;

	*out = (struct message){ 0 };
	if (s->v1) {
		error = stream_v1_emit_end(&parts, text, sizeof text, end);
		return error ? error : add_parts(out, &parts, NULL);
	}
	memory = malloc(256);
	return memory ? add_owned(out, memory, stream_v2_emit_end(memory, 256, end)) : -ENOMEM;
}

static int image_v1(struct message *out, const struct stream_image *image, struct pool_entry *entry)
{
	struct stream_parts parts;
	char text[STREAM_V1_TEXT_MAX];
	int error = stream_v1_emit_image(&parts, text, sizeof text, image);

	return error ? error : add_parts(out, &parts, entry);
}

int parcel_image(struct message *out, const struct settings *s, const struct stream_image *image, struct pool_entry *entry)
{
	uint8_t head[POOL_HEADROOM];
	int64_t len;

	*out = (struct message){ 0 };
	if (s->v1)
		return image_v1(out, image, entry);
	len = stream_v2_emit_image_head(head, sizeof head, image);
	if (len < 0)
		return (int)len;
	memcpy(entry->memory + POOL_HEADROOM - len, head, (size_t)len);
	return add_lent(out, (struct span){ entry->memory + POOL_HEADROOM - len, (size_t)len + entry->len }, entry);
}

int parcel_image_copy(struct message *out, const struct settings *s, const struct stream_image *image)
{
	uint8_t *memory;
	size_t room;

	*out = (struct message){ 0 };
	if (s->v1)
		return image_v1(out, image, NULL);
	room = stream_v2_bound_image(image);
	memory = malloc(room);
	return memory ? add_owned(out, memory, stream_v2_emit_image(memory, room, image)) : -ENOMEM;
}

int parcel_cut(struct message *m, double share)
{
	unsigned at = m->n_parts > 2 ? 2 : 0; /* Stream v1 has its pixels in the third part */
	size_t keep = (size_t)((double)zmq_msg_size(&m->part[at]) * share);
	zmq_msg_t shorter;

	if (zmq_msg_init_size(&shorter, keep))
		return -ENOMEM;
	memcpy(zmq_msg_data(&shorter), zmq_msg_data(&m->part[at]), keep);
	m->bytes -= zmq_msg_size(&m->part[at]) - keep;
	return zmq_msg_move(&m->part[at], &shorter) ? -EINVAL : 0;
}

int parcel_nonsense(struct message *out, size_t bytes, uint64_t key, bool nonsense)
{
	uint8_t *at;
	struct random_stream random;
	int error = message_make(out, bytes, &at);

	if (error)
		return error;
	random_start(&random, key);
	for (size_t i = 0; i < bytes; i++)
		at[i] = nonsense ? (uint8_t)(random_next(&random) >> 56) : 0;
	return 0;
}

size_t parcel_cbor_text(uint8_t *out, const char *text)
{
	size_t len = strlen(text), head = 0;

	if (len < 24) {
		out[head++] = (uint8_t)(0x60 + len);
	} else {
		out[head++] = 0x78;
		out[head++] = (uint8_t)len;
	}
	memcpy(out + head, text, len);
	return head + len;
}
