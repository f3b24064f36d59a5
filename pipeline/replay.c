/* replay.c - the source of `sluice process`: frames of a recorded file instead of a detector's messages, on the same way through the node. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/clock.h"
#include "host/frame_file.h"
#include "host/log.h"
#include "pipeline/receive.h"

#define SERIES_ID 1

struct replay {
	struct frame_file *file;
	uint64_t next;               /* frame */
	bool started, ended;
	struct log_limit bad;
};

static int replay_open(struct lane *lane, char *message, size_t message_bytes)
{
	struct replay *r = calloc(1, sizeof(*r));

	lane->state = r;
	if (r)
		r->file = lane->node->cfg.file;
	return r ? 0 : -ENOMEM;
}

static void hand_over(struct lane *lane, struct slot *slot, enum stream_kind kind)
{
	slot->received_ns = clock_monotonic_ns();
	slot->received_unix_ns = clock_unix_ns();
	slot->decoded.dialect = STREAM_V2;
	slot->decoded.kind = kind;
	receive_hand_over(lane, slot);
	bell_ring(&lane->node->admit->bell);
}

static void send_start(struct lane *lane, struct replay *r, struct slot *slot)
{
	const struct frame_file_info *info = frame_file_info(r->file);

	slot->decoded.start = info->start;
	slot->decoded.start.series_id = SERIES_ID;
	slot->decoded.start.n_images = info->n_frames;
	/* Original numbers need not be 0..n-1, so the count announces nothing. */
	slot->decoded.start.n_images_known = false;
	slot->decoded.start.strict = false;
	r->started = true;
	hand_over(lane, slot, STREAM_START);
}

/* One frame with all its channels in one piece of memory; false: it cannot be read. */
static bool read_frame(struct replay *r, struct slot *slot)
{
	const struct frame_file_info *info = frame_file_info(r->file);
	struct stream_image *image = &slot->decoded.image;
	char message[256] = "";
	uint8_t *at;

	memset(image, 0, sizeof(*image));
	if (message_make(&slot->message, info->max_payload_bytes * info->n_channels, &at) < 0)
		return false;
	image->series_id = SERIES_ID;
	memcpy(image->series_unique_id, info->start.series_unique_id, sizeof(image->series_unique_id)); /* a run is known by both */
	image->n_channels = info->n_channels;
	for (uint32_t c = 0; c < info->n_channels; c++)
		if (frame_file_read(r->file, r->next, c, at + c * info->max_payload_bytes, info->max_payload_bytes, &image->channel[c],
				    &image->image_id, message, sizeof(message)) < 0) {
			log_limited(&r->bad, LOG_WARNING, "frame %llu cannot be read: %s", (unsigned long long)r->next, message);
			snprintf(slot->decoded.detail, sizeof(slot->decoded.detail), "frame %llu of the file", (unsigned long long)r->next);
			message_close(&slot->message);
			return false;
		}
	slot->message.bytes = 0; /* what counts is what was read, not the room for it */
	for (uint32_t c = 0; c < info->n_channels; c++)
		slot->message.bytes += image->channel[c].pixels.bytes.len;
	return true;
}

static void send_end(struct lane *lane, struct replay *r, struct slot *slot)
{
	memset(&slot->decoded.end, 0, sizeof(slot->decoded.end));
	slot->decoded.end.series_id = SERIES_ID;
	memcpy(slot->decoded.end.series_unique_id, frame_file_info(r->file)->start.series_unique_id, sizeof(slot->decoded.end.series_unique_id));
	r->ended = true;
	hand_over(lane, slot, STREAM_END);
}

static bool replay_turn(struct lane *lane)
{
	struct replay *r = lane->state;
	struct node *node = lane->node;
	struct slot *slot;
	uint32_t index;

	if (r->ended || atomic_load_explicit(&lane->finish, memory_order_relaxed))
		return false;
	index = receive_free_slot(node, lane->index);
	if (index == SLOT_NONE)
		return false;
	slot = node_slot(node, index);
	if (!r->started) {
		send_start(lane, r, slot);
	} else if (r->next == frame_file_info(r->file)->n_frames) {
		send_end(lane, r, slot);
	} else {
		if (!read_frame(r, slot))
			slot->refusal = STREAM_BAD_SIZE;
		r->next++;
		hand_over(lane, slot, STREAM_IMAGE);
	}
	return true;
}


static void replay_close(struct lane *lane)
{
	free(lane->state);
	lane->state = NULL;
}

const struct lane_spec replay_lane = {
	.name = "replay", .kind = LANE_REPLAY, .open = replay_open, .turn = replay_turn, .close = replay_close, .idle_us = 5000,
	.does = "reads frames from a recorded file",
};
