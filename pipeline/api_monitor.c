/* api_monitor.c - the latest frame the way a DECTRIS detector's monitor gives it, so that viewers that know that one can look here (api.h).
 *
 * Paths are /monitor/api/VERSION/images/monitor (as often as it is asked for), .../images/next (each frame once, waits for one), .../images (what there is)
 * and .../status/KEY. Pictures are TIFF, application/tiff; 408 where there is none. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/clock.h"
#include "pipeline/api.h"

#define NEXT_WAIT_NS 2000000000u
#define WAITING_MAX (sizeof(((struct api *)0)->waiting) / sizeof(((struct api *)0)->waiting[0]))

static void none_yet(struct http_answer *out)
{
	static const char words[] = "There is no frame.\n";

	*out = (struct http_answer){.status = 408, .type = "text/plain; charset=utf-8", .text = words, .bytes = sizeof(words) - 1};
}

/* The latest frame, if there is one and it is another than `but`; held. */
static struct live_frame *latest(struct live *live, uint64_t but)
{
	struct live_frame *f;

	lock_take(&live->lock);
	f = live_frames_find(&live->frames, "latest");
	if (f && f->id == but) {
		live_frame_drop(f);
		f = NULL;
	}
	lock_leave(&live->lock);
	return f;
}

/* Takes over the hold on the frame. */
static int ask(struct api *api, uint64_t ticket, struct live_frame *frame)
{
	struct live_job *job = calloc(1, sizeof(*job));

	if (!job) {
		lock_take(&api->live->lock);
		live_frame_drop(frame);
		lock_leave(&api->live->lock);
		return -ENOMEM;
	}
	*job = (struct live_job){.task = LIVE_TIFF, .ticket = ticket, .monitor = true, .frame = frame, .view = {.bin = 1, .whole = true, .exact = true}};
	live_ask(api->live, job);
	return HTTP_LATER;
}

static int next(struct api *api, uint64_t ticket, struct http_answer *out)
{
	struct live_frame *f = latest(api->live, api->next_monitor_id);

	if (f) {
		api->next_monitor_id = f->id;
		return ask(api, ticket, f);
	}
	for (size_t i = 0; i < WAITING_MAX; i++)
		if (!api->waiting[i].ticket) {
			api->waiting[i].ticket = ticket;
			api->waiting[i].until_ns = clock_monotonic_ns() + NEXT_WAIT_NS;
			return HTTP_LATER;
		}
	none_yet(out);
	return 0;
}

void api_monitor_turn(struct api *api)
{
	uint64_t now_ns = clock_monotonic_ns();
	struct http_answer none;

	none_yet(&none);
	for (size_t i = 0; i < WAITING_MAX; i++) {
		uint64_t ticket = api->waiting[i].ticket;
		struct live_frame *f = ticket ? latest(api->live, api->next_monitor_id) : NULL;

		if (!ticket || (!f && now_ns < api->waiting[i].until_ns))
			continue;
		api->waiting[i].ticket = 0;
		if (f)
			api->next_monitor_id = f->id;
		if (!f || ask(api, ticket, f) < 0)
			http_reply(api->http, ticket, &none);
	}
}

static json_t *list(struct live *live)
{
	struct live_frame *f = latest(live, 0);
	json_t *out = f ? json_pack("[[I, [I]]]", (json_int_t)f->series_id, (json_int_t)f->image_id) : json_array();

	lock_take(&live->lock);
	live_frame_drop(f);
	lock_leave(&live->lock);
	return out;
}

static int status(struct api *api, const char *key, struct http_answer *out)
{
	struct live_frame *f = latest(api->live, 0);
	json_t *value = NULL, *number = f ? json_pack("[I, I]", (json_int_t)f->series_id, (json_int_t)f->image_id) : json_null();

	lock_take(&api->live->lock);
	live_frame_drop(f);
	lock_leave(&api->live->lock);
	if (!strcmp(key, "state"))
		value = json_string("normal");
	else if (!strcmp(key, "error"))
		value = json_array();
	else if (!strcmp(key, "buffer_fill_level"))
		value = json_pack("[i, i]", f != NULL, 1);
	else if (!strcmp(key, "dropped"))
		value = json_integer(0);
	else if (!strcmp(key, "next_image_number") || !strcmp(key, "monitor_image_number"))
		value = json_incref(number);
	json_decref(number);
	return value ? api_give(out, json_pack("{s:o}", "value", value)) : -ENOENT;
}

int api_monitor(struct api *api, const struct http_request *request, const char *rest, struct http_answer *out)
{
	struct live_frame *f;

	rest += *rest == '/';
	rest += strcspn(rest, "/"); /* whatever version */
	if (request->post)
		return -EPERM;
	if (!strncmp(rest, "/status/", 8))
		return status(api, rest + 8, out);
	if (!strcmp(rest, "/images"))
		return api_give(out, list(api->live));
	if (!strcmp(rest, "/images/next"))
		return next(api, request->ticket, out);
	if (strcmp(rest, "/images/monitor"))
		return -ENOENT;
	f = latest(api->live, 0);
	if (f)
		return ask(api, request->ticket, f);
	none_yet(out);
	return 0;
}
