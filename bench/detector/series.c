/* series.c - the course of a series. See series.h. One thread; decisions are hashes of (seed, series, fault, frame), so they do not depend on
 * timing. */
#include "bench/detector/series.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/detector/series_parts.h"
#include "host/clock.h"

static int waiting_add(struct waiting_list *list, const struct waiting *frame)
{
	if (list->n == list->room) {
		size_t room = list->room ? 2 * list->room : 64;
		struct waiting *at = realloc(list->at, room * sizeof *at);

		if (!at)
			return -ENOMEM;
		list->at = at;
		list->room = room;
	}
	list->at[list->n++] = *frame;
	return 0;
}

/* A place for the truth about a frame. */
static int note_new(struct series *s, const struct waiting *frame)
{
	if (!truth_wanted(s->context->truth))
		return 0;
	if (frame->image_id >= s->frame_room) {
		uint64_t room = s->frame_room ? 2 * s->frame_room : 1024;
		struct truth_frame *at = realloc(s->frame, room * sizeof *at);

		if (!at)
			return -ENOMEM;
		s->frame = at;
		s->frame_room = room;
	}
	s->frame[frame->image_id] = (struct truth_frame){ .entry = frame->entry, .flags = frame->flags };
	return 0;
}

/* What was to happen before this frame. A pause also moves the schedule of the frames after it. */
static int send_events(struct series *s, uint64_t i)
{
	const struct settings *o = s->settings;
	uint64_t began = clock_monotonic_ns();
	int error = 0;

	if (i == o->oversize.frame)
		error = series_send_nonsense(s, (size_t)o->oversize.amount, i, false);
	if (!error && i == o->silence.frame)
		error = sender_wait(s->context->sender, o->silence.amount);
	if (!error && i == o->rebind.frame)
		error = sender_rebind(s->context->sender, o->rebind.amount, s->message, s->message_bytes);
	if (i == o->silence.frame || i == o->rebind.frame)
		s->began_ns += clock_monotonic_ns() - began;
	return error;
}

/* Sends what is due before frame `before`, the longest due first. */
static int send_held(struct series *s, uint64_t before)
{
	for (;;) {
		size_t best = s->held.n;
		struct waiting w;
		int error;

		for (size_t i = 0; i < s->held.n; i++)
			if (s->held.at[i].due <= before && (best == s->held.n || s->held.at[i].due < s->held.at[best].due))
				best = i;
		if (best == s->held.n)
			return 0;
		w = s->held.at[best];
		memmove(&s->held.at[best], &s->held.at[best + 1], (s->held.n - best - 1) * sizeof w);
		s->held.n--;
		error = series_send_frame(s, &w);
		if (error)
			return error;
	}
}

/* Which entry a frame is made of: hits and misses take their own in turn. */
static uint32_t choose_entry(struct series *s, uint64_t i, bool *hit)
{
	struct pool_entry *entry;

	*hit = false;
	if (s->pool->file_frames)
		return (uint32_t)(i % s->pool->file_frames);
	*hit = random_unit(random_hash(s->key, RANDOM_HIT, i, 0)) < s->settings->hit_rate;
	entry = pool_take(s->pool, *hit, *hit ? s->hits++ : s->misses++);
	return (uint32_t)(entry - s->pool->entry);
}

static uint64_t delay(const struct series *s, uint64_t i, enum fault fault, uint32_t least)
{
	return least + random_hash(series_fault_key(s, fault), RANDOM_FAULT, i, 1) % (s->settings->reorder_window + 1 - least);
}

/* Decides what becomes of a frame whose turn it is: a flag, or 0. */
static uint16_t decide(const struct series *s, uint64_t i)
{
	if (series_chosen(s, &s->settings->drop, FAULT_DROP, i))
		return TRUTH_DROPPED;
	if (series_chosen(s, &s->settings->late, FAULT_LATE, i))
		return TRUTH_LATE;
	return series_chosen(s, &s->settings->reorder, FAULT_REORDER, i) ? TRUTH_REORDERED : 0;
}

/* The frame's turn: sent, put off, or dropped. */
static int take_turn(struct series *s, uint64_t i)
{
	struct waiting frame = { .image_id = i };
	uint16_t fate = decide(s, i);
	bool hit;
	int error;

	frame.entry = choose_entry(s, i, &hit);
	frame.flags = fate | (hit ? TRUTH_HIT : 0);
	error = note_new(s, &frame);
	if (error)
		return error;
	s->totals.announced++;
	s->totals.hits += hit;
	if (fate == TRUTH_DROPPED) {
		s->totals.dropped++;
		atomic_fetch_add_explicit(s->context->dropped, 1, memory_order_relaxed);
		return 0;
	}
	if (fate == TRUTH_LATE)
		return waiting_add(&s->late, &frame);
	frame.due = i + delay(s, i, FAULT_REORDER, 1);
	error = fate == TRUTH_REORDERED ? waiting_add(&s->held, &frame) : series_send_frame(s, &frame);
	if (error || !series_chosen(s, &s->settings->duplicate, FAULT_DUPLICATE, i))
		return error;
	frame.second = true;
	frame.due = i + delay(s, i, FAULT_DUPLICATE, 0);
	return waiting_add(&s->held, &frame);
}

static int send_frames(struct series *s)
{
	const struct settings *o = s->settings;
	int error = 0;

	s->began_ns = clock_monotonic_ns();
	for (uint64_t i = 0; !error && (!o->frames || i < o->frames); i++) {
		error = send_events(s, i);
		if (!error && o->rate_hz > 0)
			error = sender_wait_until(s->context->sender, s->began_ns + (uint64_t)((double)i * 1e9 / o->rate_hz));
		if (!error && sender_stop)
			error = -EINTR;
		if (!error)
			error = take_turn(s, i);
		if (!error)
			error = send_held(s, i);
		if (!error && series_chosen(s, &o->garbage, FAULT_GARBAGE, i))
			error = series_send_nonsense(s, 100, i, true);
	}
	return error ? error : send_held(s, UINT64_MAX);
}

static int send_late(struct series *s)
{
	int error = s->late.n ? sender_wait(s->context->sender, s->settings->late_delay_s) : 0;

	for (size_t i = 0; !error && i < s->late.n; i++)
		error = series_send_frame(s, &s->late.at[i]);
	return error;
}

static int send_all(struct series *s)
{
	int error = sender_wait(s->context->sender, s->settings->gap_s);

	if (!error)
		error = series_send_start(s);
	if (!error)
		error = send_frames(s);
	if (!error)
		error = sender_wait(s->context->sender, s->settings->end_delay_s);
	if (error == -EINTR) {
		s->totals.interrupted = true;
		if (s->totals.start_sent && !s->settings->no_end)
			series_send_end(s, true);
		return error;
	}
	if (!error && !s->settings->no_end)
		error = series_send_end(s, false);
	return error ? error : send_late(s);
}

static void add_totals(struct truth_totals *to, const struct truth_totals *t)
{
	to->announced += t->announced;
	to->messages += t->messages;
	to->sent += t->sent;
	to->dropped += t->dropped;
	to->blocked += t->blocked;
	to->duplicated += t->duplicated;
	to->damaged += t->damaged;
	to->truncated += t->truncated;
	to->cut += t->cut;
	to->late += t->late;
	to->reordered += t->reordered;
	to->garbage += t->garbage;
	to->oversize += t->oversize;
	to->unreadable += t->unreadable;
	to->hits += t->hits;
	to->hits_sent += t->hits_sent;
}

int series_send(const struct series_context *context, const struct settings *settings, struct pool *pool, const struct truth_series *identity,
		struct truth_totals *totals, char *message, size_t message_bytes)
{
	struct series s = { .context = context, .settings = settings, .pool = pool, .identity = identity, .message = message,
			    .message_bytes = message_bytes, .frame_ns = settings->rate_hz > 0 ? (uint64_t)(1e9 / settings->rate_hz) : 1000000 };
	int error;

	/* Series that repeat settings share their pool, but each draws its own hits and faults; the first one as pool.h foresaw. */
	s.key = random_hash(context->options->seed, RANDOM_FAULT, identity->settings, identity->number / context->options->n_series);
	series_dates(&s);
	error = send_all(&s);
	truth_frames(context->truth, identity, s.frame, s.totals.announced, pool->file_frames == 0);
	truth_end(context->truth, identity, &s.totals);
	add_totals(totals, &s.totals);
	free(s.held.at);
	free(s.late.at);
	free(s.frame);
	return error;
}
