/* live_frames.c - the frames that the screen can show: the latest one and the last hits, under a budget of bytes (live.h). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/live.h"
#include "pipeline/plans.h"

/* --- one frame --------------------------------------------------------------------------------------------------------- */

/* The scene of a plan, made where there is none yet. Without the lock: only the live lane changes the list. A hold on it, or NULL. */
static struct live_scene *scene_of(struct live *live, const struct plan_ref *ref)
{
	struct live_scene *scene = NULL, *like = live->scene[(live->next_scene + LIVE_SCENES - 1) % LIVE_SCENES];

	for (unsigned i = 0; i < LIVE_SCENES && !scene; i++)
		if (live->scene[i] && live->scene[i]->version == ref->version)
			scene = live->scene[i];
	if (!scene) {
		scene = live_scene_make(ref, like);
		if (!scene)
			return NULL;
		lock_take(&live->lock);
		live_scene_drop(live->scene[live->next_scene]);
		live->scene[live->next_scene] = scene;
		live->next_scene = (live->next_scene + 1) % LIVE_SCENES;
		lock_leave(&live->lock);
	}
	lock_take(&live->lock);
	scene->refs++;
	lock_leave(&live->lock);
	return scene;
}

static size_t columns_bytes(const struct record *r)
{
	return (size_t)r->n_listed_spots * 36 + (size_t)r->n_bins * 20 + 64;
}

static void *take(uint8_t **at, const void *from, size_t bytes)
{
	void *to = *at;

	if (bytes)
		memcpy(to, from, bytes);
	*at += bytes;
	return to;
}

/* Columns of eight bytes first, so that all are aligned. */
static bool copy_record(struct record *to, const struct record *from)
{
	uint8_t *at = malloc(columns_bytes(from));
	size_t n = from->n_listed_spots, bins = from->n_bins;

	*to = *from;
	to->spots.x = NULL;
	if (!at)
		return false;
	to->spots.x = take(&at, from->spots.x, n * 8);
	to->spots.y = take(&at, from->spots.y, n * 8);
	to->spots.sum = take(&at, from->spots.sum, n * 8);
	to->radial.bin_sum = take(&at, from->radial.bin_sum, bins * 8);
	to->spots.n_px = take(&at, from->spots.n_px, n * 4);
	to->spots.max = take(&at, from->spots.max, n * 4);
	to->spots.d = take(&at, from->spots.d, n * 4);
	to->radial.bin_count = take(&at, from->radial.bin_count, bins * 4);
	to->radial.intensity = take(&at, from->radial.intensity, bins * 4);
	to->radial.sigma = take(&at, from->radial.sigma, bins * 4);
	return true;
}

static void free_frame(struct live_frame *f)
{
	for (uint32_t i = 0; i < f->n_channels; i++) {
		live_scene_drop(f->channel[i].scene);
		free(f->channel[i].record.spots.x);
	}
	message_close(&f->message);
	free(f);
}

void live_frame_drop(struct live_frame *f)
{
	if (f && !--f->refs)
		free_frame(f);
}

static bool fill(struct live *live, struct live_frame *f, struct live_offer *offer)
{
	if (message_share(&f->message, &offer->message) < 0)
		return false;
	for (uint32_t i = 0; i < offer->image.n_channels; i++) {
		struct live_channel *c = &f->channel[i];

		f->n_channels = i + 1;
		memcpy(c->name, offer->image.channel[i].name, sizeof(c->name));
		c->pixels = offer->image.channel[i].pixels;
		if (!message_follow(&c->pixels.bytes, &offer->message, &f->message) || !copy_record(&c->record, &offer->record[i]))
			return false;
		if (offer->plan[i])
			c->scene = scene_of(live, offer->plan[i]);
	}
	return true;
}

struct live_frame *live_frame_take(struct live *live, struct live_offer *offer)
{
	uint32_t n = offer->image.n_channels;
	struct live_frame *f = n ? calloc(1, sizeof(*f) + n * sizeof(f->channel[0])) : NULL;

	if (f) {
		f->refs = 1;
		f->id = offer->id;
		f->run = offer->run;
		f->series_id = offer->image.series_id;
		f->image_id = offer->image.image_id;
		f->unix_ns = offer->received_unix_ns;
		f->status = offer->status;
		f->hit = offer->hit;
		f->kept = offer->kept;
		f->bytes = offer->message.bytes;
		snprintf(f->reason, sizeof(f->reason), "%s", offer->record[0].reason);
		if (!fill(live, f, offer)) {
			lock_take(&live->lock);
			live_frame_drop(f);
			lock_leave(&live->lock);
			f = NULL;
		}
	}
	for (uint32_t i = 0; i < n; i++)
		if (offer->plan[i])
			atomic_fetch_sub_explicit(&((struct plan_ref *)offer->plan[i])->holders, 1, memory_order_release);
	message_close(&offer->message);
	return f;
}

/* --- the store --------------------------------------------------------------------------------------------------------- */

static void drop_oldest(struct live_frames *s)
{
	s->bytes -= s->hit[0]->bytes;
	live_frame_drop(s->hit[0]);
	memmove(s->hit, s->hit + 1, --s->n_hits * sizeof(s->hit[0]));
}

void live_frames_put(struct live_frames *s, struct live_frame *f)
{
	live_frame_drop(s->latest);
	s->latest = f;
	if (!f->hit)
		return;
	if (s->n_hits == LIVE_HITS)
		drop_oldest(s);
	f->refs++;
	s->hit[s->n_hits++] = f;
	s->bytes += f->bytes;
	while (s->n_hits > 1 && s->bytes > s->budget_bytes)
		drop_oldest(s);
	s->changed++;
}

struct live_frame *live_frames_find(struct live_frames *s, const char *name)
{
	struct live_frame *found = NULL;
	char *end;
	uint64_t id;

	if (!strcmp(name, "latest")) {
		found = s->latest;
	} else if (!strcmp(name, "hit")) {
		found = s->n_hits ? s->hit[s->n_hits - 1] : NULL;
	} else if (name[0] >= '0' && name[0] <= '9' && strlen(name) < 20) {
		id = strtoull(name, &end, 10);
		if (*end)
			return NULL;
		if (s->latest && s->latest->id == id)
			found = s->latest;
		for (unsigned i = 0; i < s->n_hits && !found; i++)
			if (s->hit[i]->id == id)
				found = s->hit[i];
		for (unsigned i = 0; i < LIVE_PINNED && !found; i++)
			if (s->pinned[i] && s->pinned[i]->id == id)
				found = s->pinned[i];
	}
	if (found)
		found->refs++;
	return found;
}

void live_frames_clear(struct live_frames *s)
{
	while (s->n_hits)
		drop_oldest(s);
	for (unsigned i = 0; i < LIVE_PINNED; i++)
		live_frame_drop(s->pinned[i]);
	live_frame_drop(s->latest);
	memset(s->pinned, 0, sizeof(s->pinned));
	s->latest = NULL;
}
