/* series_messages.c - the messages of a series: made, spoilt where asked, sent, counted and noted. See series_parts.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/detector/damage.h"
#include "bench/detector/parcel.h"
#include "bench/detector/series_parts.h"
#include "host/clock.h"

#define TICKS_PER_S 50000000u /* the detector's clock in Stream v2 */

static struct span user_data(const struct settings *s, const char *text, uint8_t *room)
{
	if (!text[0])
		return (struct span){ 0 };
	if (s->v1)
		return (struct span){ (const uint8_t *)text, strlen(text) };
	return (struct span){ room, parcel_cbor_text(room, text) };
}

static void now_as_date(char *out, size_t n)
{
	uint64_t now = clock_unix_ns();
	time_t seconds = (time_t)(now / 1000000000u);
	struct tm tm;
	char text[32];

	gmtime_r(&seconds, &tm);
	strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out, n, "%s.%03u+00:00", text, (unsigned)(now / 1000000 % 1000));
}

/* Start and end go to every endpoint, or to the first. */
static int send_to_all(struct series *s, struct message *message, const char *what, bool may_drop, bool *sent)
{
	unsigned n = s->context->options->start_to_first ? 1 : sender_endpoints(s->context->sender);
	int error = 0;

	for (unsigned i = 0; !error && i < n; i++) {
		struct message copy = { 0 };

		error = message_share(&copy, message);
		if (!error)
			error = sender_send(s->context->sender, &copy, i, may_drop, false);
		if (!error)
			truth_message(s->context->truth, s->identity, what, sender_order(s->context->sender) - 1, i);
	}
	message_close(message);
	*sent = !error;
	return error;
}

int series_send_start(struct series *s)
{
	struct stream_start start = s->pool->start;
	uint8_t room[STREAM_TEXT_MAX + 4];
	struct message message;
	int error;

	start.dialect = s->settings->v1 ? STREAM_V1 : STREAM_V2;
	start.series_id = s->identity->series_id;
	snprintf(start.series_unique_id, sizeof start.series_unique_id, "%s", s->settings->v1 ? "" : s->identity->unique_id);
	snprintf(start.arm_date, sizeof start.arm_date, "%s", s->date);
	start.n_images = s->settings->frames;
	start.n_images_known = s->settings->frames > 0;
	start.frame_time_s = (double)s->frame_ns * 1e-9;
	start.count_time_s = start.frame_time_s - 1e-7;
	start.user_data = user_data(s->settings, s->settings->header_appendix, room);
	for (uint32_t c = 0; s->settings->header_detail < 2 && c < start.n_channels; c++)
		start.channel[c].pixel_mask = start.channel[c].flatfield = (struct stream_array){ 0 };
	truth_start(s->context->truth, s->identity, s->settings, &start);
	if (s->settings->no_start)
		return 0;
	error = parcel_start(&message, s->settings, &start);
	return error ? error : send_to_all(s, &message, "start", false, &s->totals.start_sent);
}

int series_send_end(struct series *s, bool may_drop)
{
	struct stream_end end = { .series_id = s->identity->series_id };
	struct message message;
	int error;

	snprintf(end.series_unique_id, sizeof end.series_unique_id, "%s", s->settings->v1 ? "" : s->identity->unique_id);
	error = parcel_end(&message, s->settings, &end);
	return error ? error : send_to_all(s, &message, "end", may_drop, &s->totals.end_sent);
}

static void describe_image(const struct series *s, uint64_t image_id, const struct pool_entry *entry, struct stream_image *image)
{
	uint64_t ticks = s->frame_ns * TICKS_PER_S / 1000000000u, count = ticks > 5 ? ticks - 5 : ticks;

	*image = (struct stream_image){ .series_id = s->identity->series_id, .image_id = image_id, .n_channels = s->pool->n_channels,
					.user_data = s->image_user_data };
	image->start_time = (struct stream_time){ image_id * ticks, TICKS_PER_S };
	image->stop_time = (struct stream_time){ image_id * ticks + count, TICKS_PER_S };
	image->real_time = (struct stream_time){ count, TICKS_PER_S };
	if (!s->settings->v1) {
		snprintf(image->series_unique_id, sizeof image->series_unique_id, "%s", s->identity->unique_id);
		snprintf(image->series_date, sizeof image->series_date, "%s", s->date);
	}
	memcpy(image->channel, entry->channel, s->pool->n_channels * sizeof *image->channel);
}

/* A frame that is not as it should be: its own bytes, made for this one message. The graver fault wins. */
static int faulty_message(struct series *s, struct stream_image *image, uint16_t *flags, struct message *message)
{
	struct span *bytes = &image->channel[0].pixels.bytes;
	double share = 0.2 + 0.7 * random_unit(random_hash(s->key, RANDOM_DAMAGE, image->image_id, 1));
	uint8_t *damaged = NULL;
	bool undecodable = false;
	int error = 0;

	if (series_chosen(s, &s->settings->cut, FAULT_CUT, image->image_id)) {
		*flags |= TRUTH_CUT;
		error = parcel_image_copy(message, s->settings, image);
		return error ? error : parcel_cut(message, share);
	}
	if (series_chosen(s, &s->settings->truncate, FAULT_TRUNCATE, image->image_id)) {
		*flags |= TRUTH_TRUNCATED;
		bytes->len = (size_t)((double)bytes->len * share);
	} else {
		error = damage_payload(&damaged, &undecodable, &image->channel[0], random_hash(s->key, RANDOM_DAMAGE, image->image_id, 0));
		*flags |= undecodable ? TRUTH_DAMAGED : 0;
		bytes->at = damaged;
	}
	if (!error)
		error = parcel_image_copy(message, s->settings, image);
	free(damaged);
	return error;
}

static bool is_faulty(const struct series *s, uint64_t image_id)
{
	const struct settings *o = s->settings;

	return series_chosen(s, &o->cut, FAULT_CUT, image_id) || series_chosen(s, &o->truncate, FAULT_TRUNCATE, image_id) ||
	       series_chosen(s, &o->damage, FAULT_DAMAGE, image_id);
}

/* The entry with the frame's bytes, free to be written to. */
static int ready_entry(struct series *s, uint64_t image_id, uint32_t index, struct pool_entry **out)
{
	struct pool_entry *entry = s->pool->file_frames ? pool_place(s->pool, image_id) : &s->pool->entry[index];
	bool load = s->pool->file_frames && !(entry->filled && entry->number == image_id % s->pool->file_frames);
	int error = 0;

	*out = entry;
	if (load || !s->settings->v1)
		error = sender_wait_free(s->context->sender, &entry->in_flight);
	if (!error && load)
		error = pool_load(s->pool, entry, image_id % s->pool->file_frames, s->message, s->message_bytes);
	return error;
}

static void note(struct series *s, const struct waiting *frame, uint16_t flags, bool sent, unsigned endpoint)
{
	struct truth_frame *truth;

	if (!truth_wanted(s->context->truth))
		return;
	truth = &s->frame[frame->image_id];
	truth->flags |= flags;
	if (sent && truth->copies < 2) {
		truth->order[truth->copies] = sender_order(s->context->sender) - 1;
		truth->endpoint[truth->copies++] = (uint8_t)endpoint;
	}
}

static void count_sent(struct series *s, bool second, uint16_t flags)
{
	struct truth_totals *t = &s->totals;

	t->messages++;
	t->duplicated += second;
	if (second)
		return;
	t->sent++;
	t->hits_sent += (flags & TRUTH_HIT) != 0;
	t->damaged += (flags & TRUTH_DAMAGED) != 0;
	t->truncated += (flags & TRUTH_TRUNCATED) != 0;
	t->cut += (flags & TRUTH_CUT) != 0;
	t->late += (flags & TRUTH_LATE) != 0;
	t->reordered += (flags & TRUTH_REORDERED) != 0;
}

/* Nobody takes it and the detector does not wait, or the file cannot give it. */
static void count_lost(struct series *s, const struct waiting *frame, uint16_t why)
{
	note(s, frame, frame->second ? 0 : why, false, 0);
	s->totals.unreadable += why == TRUTH_UNREADABLE && !frame->second;
	if (why != TRUTH_BLOCKED || frame->second)
		return;
	s->totals.blocked++;
	atomic_fetch_add_explicit(s->context->dropped, 1, memory_order_relaxed);
}

int series_send_frame(struct series *s, const struct waiting *frame)
{
	struct pool_entry *entry;
	struct stream_image image;
	struct message message = { 0 };
	uint16_t flags = frame->flags;
	unsigned endpoint = (unsigned)(s->turn++ % sender_endpoints(s->context->sender));
	int error = ready_entry(s, frame->image_id, frame->entry, &entry);

	if (error == -EIO || error == -EBADMSG) { /* this frame of the file only */
		count_lost(s, frame, TRUTH_UNREADABLE);
		return 0;
	}
	if (error)
		return error;
	describe_image(s, frame->image_id, entry, &image);
	if (is_faulty(s, frame->image_id))
		error = faulty_message(s, &image, &flags, &message);
	else
		error = parcel_image(&message, s->settings, &image, entry);
	if (error) {
		message_close(&message);
		return error;
	}
	error = sender_send(s->context->sender, &message, endpoint, s->context->options->drop_when_blocked, true);
	if (error == -EAGAIN) {
		count_lost(s, frame, TRUTH_BLOCKED);
		return 0;
	}
	if (!error) {
		count_sent(s, frame->second, flags);
		note(s, frame, flags, true, endpoint);
	}
	return error;
}

int series_send_nonsense(struct series *s, size_t bytes, uint64_t image_id, bool garbage)
{
	struct message message = { 0 };
	unsigned endpoint = (unsigned)(s->turn % sender_endpoints(s->context->sender));
	int error = parcel_nonsense(&message, bytes, random_hash(s->key, RANDOM_DAMAGE, image_id, 2), garbage);

	if (!error)
		error = sender_send(s->context->sender, &message, endpoint, false, false);
	if (error)
		return error;
	truth_message(s->context->truth, s->identity, garbage ? "garbage" : "oversize", sender_order(s->context->sender) - 1, endpoint);
	s->totals.garbage += garbage;
	s->totals.oversize += !garbage;
	return 0;
}


void series_dates(struct series *s)
{
	now_as_date(s->date, sizeof s->date);
	s->image_user_data = user_data(s->settings, s->settings->image_appendix, s->user_data);
}
