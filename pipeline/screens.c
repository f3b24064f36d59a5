/* screens.c - the open screens: each gets what is new since the last message it took, ten times a second at most, and the pictures it asks for (api.h).
 *
 * Nothing is queued for anybody: who is slow gets the newest state when there is room again. Screens that stand at the same point share one text. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "host/clock.h"
#include "host/log.h"
#include "pipeline/api.h"

#define SCREENS_MAX LIVE_PINNED
#define UPDATE_NS 95000000u /* a turn may begin a little early */
#define RADIAL_NS 500000000u
#define PEAKS_NS 1000000000u
#define RATE_STANDARD 4.0
#define TILE_PIXELS (2u << 20) /* what a screen can show; and what a client that does not read can make the node keep */

enum wanted { WANT_NOTHING, WANT_LATEST, WANT_HIT, WANT_FRAME };

/* How far a screen has come. */
struct seen {
	uint64_t round, second, hits, run;
	uint32_t rows;
	uint64_t radial_ns, peaks_ns; /* when it was given these last */
	uint64_t radial_round, peaks_round, map_round;
	uint64_t axis_run;            /* the run whose axis it has */
};

struct screen {
	uint64_t client;            /* 0: a free place */
	bool greeted;
	struct seen seen;
	uint64_t updated_ns;
	/* pictures */
	enum wanted wanted;
	uint64_t frame;             /* of WANT_FRAME */
	struct live_view view;
	double rate;
	bool fresh;                 /* the view was changed: the next picture does not wait */
	bool asked;                 /* a picture is on its way */
	bool told;                  /* numbers were the last it was given: a picture's turn */
	uint64_t shown, shown_ns;   /* frame and time of the last one */
	uint64_t mask_known;
	struct http_blob *next[2];  /* what is known of the picture, and the picture */
};

struct screens {
	struct api *api;
	struct screen screen[SCREENS_MAX];
	uint64_t current_latest, current_hit; /* what pictures that come by themselves show now */
	struct http_blob *shared;   /* the text given to whoever stands at shared_seen */
	struct seen shared_from, shared_to;
	struct log_limit odd;
};

int screens_open(struct screens **out, struct api *api)
{
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return -ENOMEM;
	(*out)->api = api;
	return 0;
}

static struct screen *find(struct screens *s, uint64_t client)
{
	for (unsigned i = 0; i < SCREENS_MAX; i++)
		if (s->screen[i].client == client)
			return &s->screen[i];
	return NULL;
}

unsigned screens_count(const struct screens *s)
{
	unsigned n = 0;

	for (unsigned i = 0; i < SCREENS_MAX; i++)
		n += s->screen[i].client != 0;
	return n;
}

static void unpin(struct screens *s, struct screen *screen)
{
	struct live *live = s->api->live;
	struct live_frame **pin = &live->frames.pinned[screen - s->screen];

	lock_take(&live->lock);
	live_frame_drop(*pin);
	*pin = NULL;
	lock_leave(&live->lock);
}

static void leave(struct screens *s, struct screen *screen)
{
	unpin(s, screen);
	http_blob_drop(screen->next[0]);
	http_blob_drop(screen->next[1]);
	*screen = (struct screen){0};
}

void screens_close(struct screens **out)
{
	struct screens *s = *out;

	if (!s)
		return;
	for (unsigned i = 0; i < SCREENS_MAX; i++)
		leave(s, &s->screen[i]);
	http_blob_drop(s->shared);
	free(s);
	*out = NULL;
}

/* --- what a screen says ------------------------------------------------------------------------------------------------ */

/* The same frame again: it is found before it is let go, for nobody else may hold it any more. */
static void pin(struct screens *s, struct screen *screen)
{
	struct live *live = s->api->live;
	struct live_frame **place = &live->frames.pinned[screen - s->screen], *before = *place;
	char name[24];

	snprintf(name, sizeof(name), "%llu", (unsigned long long)screen->frame);
	lock_take(&live->lock);
	*place = screen->wanted == WANT_FRAME ? live_frames_find(&live->frames, name) : NULL;
	live_frame_drop(before);
	lock_leave(&live->lock);
}

static uint32_t bounded(json_t *value, uint32_t standard, uint32_t most)
{
	double v = json_is_number(value) ? json_number_value(value) : standard; /* compared as it is: it may be larger than any integer */

	return v <= 0 ? 0 : v >= most ? most : (uint32_t)v;
}

static void read_region(struct live_view *v, json_t *region)
{
	v->whole = !json_is_array(region) || json_array_size(region) != 4;
	if (v->whole)
		return;
	v->x = bounded(json_array_get(region, 0), 0, 65535);
	v->y = bounded(json_array_get(region, 1), 0, 65535);
	v->width = bounded(json_array_get(region, 2), 1, 65535);
	v->height = bounded(json_array_get(region, 3), 1, 65535);
}

static void read_view(struct screens *s, struct screen *screen, json_t *view)
{
	json_t *image = json_object_get(view, "image"), *rate = json_object_get(view, "rate");
	const char *name = json_is_string(image) ? json_string_value(image) : "";

	screen->wanted = !strcmp(name, "latest") ? WANT_LATEST : !strcmp(name, "hit") ? WANT_HIT : json_is_integer(image) ? WANT_FRAME : WANT_NOTHING;
	screen->frame = json_is_integer(image) ? (uint64_t)json_integer_value(image) : 0;
	screen->view = (struct live_view){
		.channel = bounded(json_object_get(view, "channel"), 0, STREAM_CHANNELS_MAX), .bin = bounded(json_object_get(view, "bin"), 0, 64),
		.most_pixels = TILE_PIXELS,
	};
	read_region(&screen->view, json_object_get(view, "region"));
	screen->rate = json_is_number(rate) ? fmin(10, fmax(0.1, json_number_value(rate))) : RATE_STANDARD;
	screen->fresh = true;
	pin(s, screen);
}

void screens_event(void *user, uint64_t client, enum http_event event, const char *text, size_t bytes)
{
	struct api *api = user;
	struct screens *s = api->screens;
	struct screen *screen = find(s, event == HTTP_OPENED ? 0 : client);
	json_t *said = NULL;

	if (!screen)
		return;
	if (event == HTTP_OPENED)
		*screen = (struct screen){.client = client, .rate = RATE_STANDARD, .mask_known = UINT64_MAX};
	else if (event == HTTP_CLOSED)
		leave(s, screen);
	else
		said = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_string(json_object_get(said, "type")) && !strcmp(json_string_value(json_object_get(said, "type")), "view"))
		read_view(s, screen, said);
	else if (event == HTTP_SAID)
		log_limited(&s->odd, LOG_WARNING, "a screen said something that is not understood");
	json_decref(said);
}

/* --- numbers ----------------------------------------------------------------------------------------------------------- */

static void put(json_t *root, const char *name, json_t *value)
{
	if (value)
		json_object_set_new(root, name, value);
}

/* Everything; under the lock. */
static json_t *hello(struct api *api, struct seen *seen, uint64_t now_ns)
{
	struct live *live = api->live;
	json_t *root = json_pack("{s:s, s:s, s:{s:s}, s:f}", "type", "hello", "version", api->node->cfg.version, "auth", "changes", http_auth(api->http),
				 "start_unix_s", (double)live->start_unix_ns / 1e9);

	put(root, "status", api_status(api, false));
	put(root, "history", api_history(live, 0, 0));
	put(root, "radial", api_radial(live, true));
	put(root, "waterfall", api_waterfall(live, 0, true));
	put(root, "peakogram", api_peakogram(live));
	put(root, "map", api_map(live));
	put(root, "frames", api_frame_list(live));
	*seen = (struct seen){live->round, live->n_recent, live->frames.changed, live->curves.run, live->curves.n_rows, now_ns, now_ns,
			      live->curves.profiles_changed, live->curves.peaks_changed, live->curves.map_changed,
			      live->curves.scene && live->curves.scene->n_bins == live->curves.n_bins ? live->curves.run : 0};
	return root;
}

/* Only what is new since; seen moves on. Under the lock. */
static json_t *update(struct api *api, struct seen *seen, uint64_t now_ns)
{
	struct live *live = api->live;
	const struct live_curves *c = &live->curves;
	bool new_run = c->run != seen->run, with_axis = c->scene && c->scene->n_bins == c->n_bins && seen->axis_run != c->run;
	json_t *root = json_pack("{s:s}", "type", "update");

	put(root, "status", api_status(api, true));
	put(root, "history", api_history(live, seen->round ? seen->round : 1, seen->second ? seen->second : 1));
	if (new_run || with_axis || (c->profiles_changed > seen->radial_round && now_ns - seen->radial_ns > RADIAL_NS)) {
		put(root, "radial", api_radial(live, new_run || with_axis));
		seen->radial_round = c->profiles_changed;
		seen->radial_ns = now_ns;
	}
	if (new_run || with_axis || c->n_rows != seen->rows)
		put(root, "waterfall", api_waterfall(live, new_run ? 0 : seen->rows, new_run || with_axis));
	if (new_run || (c->peaks_changed > seen->peaks_round && now_ns - seen->peaks_ns > PEAKS_NS)) {
		put(root, "peakogram", api_peakogram(live));
		seen->peaks_round = c->peaks_changed;
		seen->peaks_ns = now_ns;
	}
	if (c->map_changed > seen->map_round)
		put(root, "map", api_map(live));
	if (live->frames.changed != seen->hits)
		put(root, "frames", api_frame_list(live));
	seen->round = live->round;
	seen->second = live->n_recent;
	seen->hits = live->frames.changed;
	seen->run = c->run;
	seen->rows = c->n_rows;
	seen->map_round = c->map_changed;
	if (with_axis)
		seen->axis_run = c->run;
	return root;
}

static struct http_blob *text_for(struct screens *s, struct screen *screen, uint64_t now_ns)
{
	struct live *live = s->api->live;
	struct seen seen = screen->seen;
	struct http_blob *blob = NULL;
	json_t *root = NULL;

	lock_take(&live->lock);
	if (screen->greeted && s->shared && !memcmp(&seen, &s->shared_from, sizeof(seen)) && s->shared_to.round == live->round) {
		blob = http_blob_hold(s->shared);
		screen->seen = s->shared_to;
	} else {
		root = screen->greeted ? update(s->api, &screen->seen, now_ns) : hello(s->api, &screen->seen, now_ns);
	}
	lock_leave(&live->lock);
	if (!root)
		return blob;
	blob = api_blob(root);
	if (blob && screen->greeted) {
		http_blob_drop(s->shared);
		s->shared = http_blob_hold(blob);
		s->shared_from = seen;
		s->shared_to = screen->seen;
	}
	screen->greeted = true;
	return blob;
}

/* --- pictures ---------------------------------------------------------------------------------------------------------- */

/* Pictures that come by themselves change together, and no more often than decoding leaves the lane at ease. */
static void move_on(struct screens *s, uint64_t now_ns)
{
	struct live *live = s->api->live;
	struct live_frames *f = &live->frames;

	lock_take(&live->lock);
	if (now_ns >= live->pictures_after_ns && !live->asked) {
		s->current_latest = f->latest ? f->latest->id : 0;
		s->current_hit = f->n_hits ? f->hit[f->n_hits - 1]->id : 0;
	}
	lock_leave(&live->lock);
}

static uint64_t frame_for(const struct screens *s, const struct screen *screen)
{
	return screen->wanted == WANT_LATEST ? s->current_latest : screen->wanted == WANT_HIT ? s->current_hit : screen->wanted == WANT_FRAME ? screen->frame : 0;
}

static void gone(struct screen *screen)
{
	http_blob_drop(screen->next[0]);
	screen->next[0] = api_blob(json_pack("{s:s}", "type", "gone"));
}

static void ask_picture(struct screens *s, struct screen *screen, uint64_t now_ns)
{
	struct live *live = s->api->live;
	uint64_t id = frame_for(s, screen);
	struct live_frame *frame;
	struct live_job *job;
	char name[24];

	if (!id || screen->asked || screen->next[0] || screen->next[1] || (!screen->fresh && id == screen->shown) ||
	    (!screen->fresh && (double)(now_ns - screen->shown_ns) / 1e9 < 1 / screen->rate))
		return;
	screen->fresh = false;
	screen->shown = id;
	screen->shown_ns = now_ns;
	snprintf(name, sizeof(name), "%llu", (unsigned long long)id);
	lock_take(&live->lock);
	frame = live_frames_find(&live->frames, name);
	lock_leave(&live->lock);
	job = frame ? calloc(1, sizeof(*job)) : NULL;
	if (!job) {
		lock_take(&live->lock);
		live_frame_drop(frame);
		lock_leave(&live->lock);
		if (screen->wanted == WANT_FRAME)
			gone(screen);
		return;
	}
	*job = (struct live_job){.task = LIVE_TILE, .client = screen->client, .frame = frame, .view = screen->view};
	screen->asked = true;
	live_ask(live, job);
}

void screens_job_done(struct screens *s, struct live_job *job)
{
	struct screen *screen = find(s, job->client);
	uint32_t channel = job->view.channel;
	json_t *frame;

	if (!screen || !job->client)
		return;
	screen->asked = false;
	if (!job->answer.blob || channel >= job->frame->n_channels) {
		gone(screen);
		return;
	}
	lock_take(&s->api->live->lock);
	frame = api_frame(job->frame, (int)channel, screen->mask_known);
	lock_leave(&s->api->live->lock);
	screen->next[0] = api_blob(json_pack("{s:s, s:I, s:o}", "type", "shown", "channel", (json_int_t)channel, "frame", frame));
	screen->next[1] = http_blob_hold(job->answer.blob);
	if (job->frame->channel[channel].scene)
		screen->mask_known = job->frame->channel[channel].scene->mask_version;
}

/* --- giving ------------------------------------------------------------------------------------------------------------ */

static bool give_picture(struct screens *s, struct screen *screen)
{
	for (unsigned i = 0; i < 2; i++)
		if (screen->next[i]) {
			http_socket_give(s->api->http, screen->client, screen->next[i]);
			screen->next[i] = NULL;
			return true;
		}
	return false;
}

/* Numbers and pictures take turns where both wait, so that neither keeps the other away when the lane is slow; the two parts of a picture stay together. */
static void give(struct screens *s, struct screen *screen, uint64_t now_ns)
{
	bool due = now_ns - screen->updated_ns >= UPDATE_NS, half = !screen->next[0] && screen->next[1];
	struct http_blob *text;

	if ((!due || screen->told || half) && give_picture(s, screen)) {
		screen->told = false;
		return;
	}
	if (!due)
		return;
	screen->updated_ns = now_ns;
	screen->told = true;
	text = text_for(s, screen, now_ns);
	if (text)
		http_socket_give(s->api->http, screen->client, text);
}

void screens_turn(struct screens *s)
{
	uint64_t now_ns = clock_monotonic_ns();

	move_on(s, now_ns);
	for (unsigned i = 0; i < SCREENS_MAX; i++) {
		struct screen *screen = &s->screen[i];

		if (!screen->client)
			continue;
		ask_picture(s, screen, now_ns);
		if (http_socket_ready(s->api->http, screen->client))
			give(s, screen, now_ns);
	}
}
