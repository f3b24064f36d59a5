/* live_jobs.c - what the serve lane asks of the live lane, one thing after the other: pictures, tiles, trials (live.h). */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "host/clock.h"
#include "host/picture.h"
#include "pipeline/live.h"

#define AT_EASE 0.06 /* of a processor, for pictures that nobody asked for one by one */

void live_ask(struct live *live, struct live_job *job)
{
	job->next = NULL;
	lock_take(&live->lock);
	if (live->asked)
		live->asked_last->next = job;
	else
		live->asked = job;
	live->asked_last = job;
	lock_leave(&live->lock);
	bell_ring(&live->node->live_lane->bell);
}

struct live_job *live_done(struct live *live)
{
	struct live_job *job;

	lock_take(&live->lock);
	job = live->done;
	if (job)
		live->done = job->next;
	lock_leave(&live->lock);
	return job;
}

void live_job_free(struct live *live, struct live_job *job)
{
	if (!job)
		return;
	lock_take(&live->lock);
	live_frame_drop(job->frame);
	lock_leave(&live->lock);
	if (job->answer.owned)
		free((void *)(uintptr_t)job->answer.text);
	http_blob_drop(job->answer.blob);
	free(job->trial);
	free(job);
}

/* --- the live lane's side ---------------------------------------------------------------------------------------------- */

static void refuse(struct http_answer *out, int status, const char *words)
{
	*out = (struct http_answer){.status = status, .text = words, .bytes = strlen(words)};
}

static bool same_view(const struct live_view *a, const struct live_view *b)
{
	return a->channel == b->channel && a->bin == b->bin && a->whole == b->whole && a->most_pixels == b->most_pixels &&
	       (a->whole || (a->x == b->x && a->y == b->y && a->width == b->width && a->height == b->height));
}

static int tile(struct live *live, struct live_job *job)
{
	struct live_cached *cached = &live->cached;
	struct live_tile tile;
	int rc;

	if (!cached->blob || cached->frame != job->frame->id || !same_view(&cached->view, &job->view)) {
		rc = live_tile(live, job->frame, &job->view, &tile);
		if (rc < 0)
			return rc;
		http_blob_drop(cached->blob);
		*cached = (struct live_cached){job->frame->id, job->view, live_tile_blob(&tile)};
		free(tile.pixels);
		if (!cached->blob)
			return -ENOMEM;
	}
	job->answer = (struct http_answer){.status = 200, .type = "application/octet-stream", .blob = http_blob_hold(cached->blob)};
	return 0;
}

static int mask(struct live_job *job)
{
	struct live_tile tile;
	int rc = live_mask_tile(job->frame, &job->view, &tile);

	if (rc < 0)
		return rc;
	job->answer = (struct http_answer){.status = 200, .type = "application/octet-stream", .blob = live_tile_blob(&tile)};
	free(tile.pixels);
	return job->answer.blob ? 0 : -ENOMEM;
}

static double scaled(enum live_scale scale, double v)
{
	return scale == LIVE_LINEAR ? v : scale == LIVE_SQRT ? sqrt(v) : log1p(v);
}

/* Grey of 8 bits: much is dark, what has no data is white. */
static uint8_t *grey(const struct live_tile *t, const struct live_job *job)
{
	uint32_t low = job->limits ? job->low : t->low, high = job->limits ? job->high : t->high, none = pixel_max(t->type);
	double from = scaled(job->scale, low), span = scaled(job->scale, high > low ? high : low + 1.0) - from;
	size_t n = (size_t)t->width * t->height;
	uint8_t *out = malloc(n);

	for (size_t i = 0; out && i < n; i++) {
		uint32_t v = t->type == PIXEL_U8 ? ((const uint8_t *)t->pixels)[i] : t->type == PIXEL_U16 ? ((const uint16_t *)t->pixels)[i] :
			     ((const uint32_t *)t->pixels)[i];
		double part = v <= low ? 0 : v >= high ? 1 : (scaled(job->scale, v) - from) / span;

		out[i] = v == none ? 255 : (uint8_t)(250 - 250 * part + 0.5);
	}
	return out;
}

static int picture(struct live *live, struct live_job *job)
{
	struct live_tile t;
	int rc = live_tile(live, job->frame, &job->view, &t);
	struct picture p = {0};
	uint8_t *out = NULL;
	size_t bytes = 0;

	if (rc < 0)
		return rc;
	if (job->task == LIVE_PNG) {
		p = (struct picture){t.width, t.height, 1, grey(&t, job)};
		rc = p.pixels ? picture_png(&out, &bytes, &p) : -ENOMEM;
		free((void *)(uintptr_t)p.pixels);
	} else {
		p = (struct picture){t.width, t.height, pixel_bytes(t.type), t.pixels};
		rc = picture_tiff(&out, &bytes, &p);
	}
	free(t.pixels);
	if (rc == 0)
		job->answer = (struct http_answer){.status = 200, .type = job->task == LIVE_PNG ? "image/png" : job->monitor ? "application/tiff" : "image/tiff",
						   .text = (const char *)out, .bytes = bytes, .owned = true};
	return rc;
}

static int do_job(struct live *live, struct live_job *job)
{
	if (job->view.channel >= job->frame->n_channels)
		return -ENOENT;
	switch (job->task) {
	case LIVE_TILE:
		return tile(live, job);
	case LIVE_MASK:
		return mask(job);
	case LIVE_PNG:
	case LIVE_TIFF:
		return picture(live, job);
	case LIVE_TRIAL:
		return live_trial(live, job->frame, job->view.channel, job->trial, &job->answer);
	}
	return -EINVAL;
}

static void explain(struct http_answer *out, int rc)
{
	if (rc == -EINVAL)
		refuse(out, 400, "The region or the bin makes no sense for this frame.\n");
	else if (rc == -ENOENT)
		refuse(out, 404, "There is no such channel, or nothing is known of it.\n");
	else if (rc == -EBADMSG || rc == -EMSGSIZE || rc == -ENOTSUP)
		refuse(out, 422, "This frame is damaged: its pixels cannot be decoded.\n");
	else
		refuse(out, 503, "This cannot be had now.\n");
}

static uint64_t thread_clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

bool live_work(struct live *live)
{
	uint64_t begun_ns = thread_clock_ns(), took_ns;
	struct live_job *job, **last;
	int rc;

	lock_take(&live->lock);
	job = live->asked;
	if (job)
		live->asked = job->next;
	lock_leave(&live->lock);
	if (!job)
		return false;
	rc = do_job(live, job);
	if (rc < 0)
		explain(&job->answer, rc);
	took_ns = thread_clock_ns() - begun_ns;
	job->next = NULL;
	lock_take(&live->lock);
	live->pictures_after_ns = clock_monotonic_ns() + (uint64_t)((double)took_ns / AT_EASE);
	for (last = &live->done; *last; last = &(*last)->next)
		;
	*last = job;
	if (live->http)
		http_wake(live->http);
	lock_leave(&live->lock);
	return true;
}
