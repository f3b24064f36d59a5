/* fuzz_stream.c - messages of any bytes go through the stream decoders; what is accepted is emitted again and must be accepted strictly.
 *
 * An input is one message: for each part a length (u32, little-endian) and its bytes; the last part takes what is left where its length
 * says more. Each part is decoded in memory of exactly its size, under large limits and small ones. With SLUICE_FUZZ_SEEDS set, an input
 * that the large limits refuse ends the run. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct stream_limits large = {.max_pixels = 100000000, .max_channels = STREAM_CHANNELS_MAX};
static const struct stream_limits small = {.max_pixels = 64, .max_channels = 1};

/* Our own bug: what the emitters say is refused. */
static void require(bool holds, const char *what, const struct stream_message *message)
{
	if (holds)
		return;
	fprintf(stderr, "%s: %s\n", what, message->detail);
	abort();
}

static void take_apart(struct stream_parts *parts, const uint8_t *data, size_t size)
{
	parts->n_parts = 0;
	while (size >= 4 && parts->n_parts < STREAM_PARTS_MAX) {
		uint32_t len = (uint32_t)data[0] | (uint32_t)data[1] << 8 | (uint32_t)data[2] << 16 | (uint32_t)data[3] << 24;
		data += 4;
		size -= 4;
		if (len > size)
			len = (uint32_t)size;
		uint8_t *part = malloc(len ? len : 1);
		if (!part)
			abort();
		memcpy(part, data, len);
		parts->part[parts->n_parts++] = (struct span){part, len};
		data += len;
		size -= len;
	}
}

static volatile uint8_t read_sum; /* so that reading is not optimised away */

static void read_all(struct span bytes)
{
	for (size_t i = 0; i < bytes.len; i++)
		read_sum ^= bytes.at[i];
}

/* Every span must lie in the message: a sanitizer sees it where one does not. */
static void read_spans(const struct stream_message *message)
{
	if (message->kind == STREAM_IMAGE) {
		read_all(message->image.user_data);
		for (uint32_t i = 0; i < message->image.n_channels; i++)
			read_all(message->image.channel[i].pixels.bytes);
	} else if (message->kind == STREAM_START) {
		const struct stream_start *start = &message->start;
		read_all(start->user_data);
		read_all(start->countrate_table);
		read_all(start->v1_config);
		for (uint32_t i = 0; i < start->n_channels; i++) {
			read_all(start->channel[i].pixel_mask.bytes);
			read_all(start->channel[i].flatfield.bytes);
		}
	}
}

static bool is_strict(const struct stream_message *message)
{
	return message->kind == STREAM_START ? message->start.strict : message->kind == STREAM_IMAGE ? message->image.strict : message->end.strict;
}

/* What could be said again is read again. An id that the sender left out stays left out, and is no strict client's. */
static void read_again(const struct stream_message *said, const struct span *parts, unsigned n_parts, bool has_id)
{
	static struct stream_message again;
	enum stream_refusal refusal = stream_decode(&again, parts, n_parts, &large);
	require(refusal == STREAM_OK, "what was emitted is refused", &again);
	require(again.kind == said->kind && again.dialect == said->dialect, "what was emitted became something else", &again);
	require(is_strict(&again) || !has_id, "what was emitted is not strict", &again);
}

static void emit_v2(const struct stream_message *message)
{
	size_t cap = message->kind == STREAM_START ? stream_v2_bound_start(&message->start)
		   : message->kind == STREAM_IMAGE ? stream_v2_bound_image(&message->image) : 256;
	uint8_t *out = malloc(cap ? cap : 1);
	const char *id = message->kind == STREAM_START ? message->start.series_unique_id
		       : message->kind == STREAM_IMAGE ? message->image.series_unique_id : message->end.series_unique_id;
	if (!out)
		abort();
	int64_t len = message->kind == STREAM_START ? stream_v2_emit_start(out, cap, &message->start)
		    : message->kind == STREAM_IMAGE ? stream_v2_emit_image(out, cap, &message->image)
		    : stream_v2_emit_end(out, cap, &message->end);
	require(len > 0, "what was accepted cannot be said", message);
	read_again(message, &(struct span){out, (size_t)len}, 1, id[0]);
	free(out);
}

static void emit_v1(const struct stream_message *message)
{
	static char text[STREAM_V1_TEXT_MAX];
	struct stream_parts parts;
	int detail = message->kind == STREAM_START && message->start.v1_config.len ? 2 : 0;
	int error = message->kind == STREAM_START ? stream_v1_emit_start(&parts, text, sizeof text, &message->start, detail)
		  : message->kind == STREAM_IMAGE ? stream_v1_emit_image(&parts, text, sizeof text, &message->image)
		  : stream_v1_emit_end(&parts, text, sizeof text, &message->end);
	require(error == 0, "what was accepted cannot be said", message);
	read_again(message, parts.part, parts.n_parts, true);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct stream_message message;
	struct stream_parts parts;
	take_apart(&parts, data, size);
	stream_decode(&message, parts.part, parts.n_parts, &small);
	enum stream_refusal refusal = stream_decode(&message, parts.part, parts.n_parts, &large);
	require(refusal == STREAM_OK || !getenv("SLUICE_FUZZ_SEEDS"), stream_refusal_words(refusal), &message);
	if (refusal == STREAM_OK) {
		read_spans(&message);
		if (message.dialect == STREAM_V2)
			emit_v2(&message);
		else
			emit_v1(&message);
	}
	for (unsigned i = 0; i < parts.n_parts; i++)
		free((void *)parts.part[i].at);
	return 0;
}
