/* serve.c - the lane that answers browsers, scripts and Prometheus: a tap, never in the way of a frame. Which path is whose; the answers are api_*.c's. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/log.h"
#include "host/page.h"
#include "pipeline/api.h"
#include "pipeline/receive.h"
#include "pipeline/status.h"

#define WAIT_MS 100
#define WATCHED_WAIT_MS 20 /* while a screen is open */

/* --- what there is: each under the live lane's lock -------------------------------------------------------------------- */

static json_t *status(struct api *api)
{
	return api_status(api, false);
}

static json_t *history(struct api *api)
{
	return api_history(api->live, 0, 0);
}

static json_t *radial(struct api *api)
{
	return api_radial(api->live, true);
}

static json_t *waterfall(struct api *api)
{
	return api_waterfall(api->live, 0, true);
}

static json_t *peakogram(struct api *api)
{
	return api_peakogram(api->live);
}

static json_t *map(struct api *api)
{
	return api_map(api->live);
}

static json_t *options(struct api *api)
{
	return api_options(api->node);
}

static json_t *versions(struct api *api)
{
	return api_versions(api->node);
}

static const struct {
	const char *path;
	json_t *(*make)(struct api *api);
} jsons[] = {
	{"/api/status", status}, {"/api/series", api_runs}, {"/api/engines", api_engines}, {"/api/history", history}, {"/api/radial", radial},
	{"/api/waterfall", waterfall}, {"/api/peakogram", peakogram}, {"/api/map", map}, {"/api/options", options}, {"/api/versions", versions},
};

static const struct {
	const char *path, *type, *text;
	const size_t *bytes;
} texts[] = {
	{"/", "text/html; charset=utf-8", page_html, &page_html_bytes}, {"/api/openapi.yaml", "application/yaml", api_yaml, &api_yaml_bytes},
};

static int metrics(struct api *api, struct http_answer *out)
{
	char *text = status_metrics(api->node, api->live, screens_count(api->screens));

	if (!text)
		return -ENOMEM;
	*out = (struct http_answer){.status = 200, .type = "text/plain; version=0.0.4; charset=utf-8", .text = text, .bytes = strlen(text), .owned = true};
	return 0;
}

/* --- which path is whose ----------------------------------------------------------------------------------------------- */

static const char *after(const char *path, const char *begin)
{
	size_t n = strlen(begin);

	return !strncmp(path, begin, n) && (!path[n] || path[n] == '/') ? path + n : NULL;
}

/* What has more than one path, or more than one method. */
static int branches(struct api *api, const struct http_request *request, struct http_answer *out)
{
	const char *rest;

	if ((rest = after(request->path, "/api/frames")))
		return api_frames(api, request, rest, out);
	if ((rest = after(request->path, "/api/config")))
		return api_config(api, request, rest, out);
	if (!strcmp(request->path, "/api/trial"))
		return api_trial(api, request, out);
	if ((rest = after(request->path, "/monitor/api")))
		return api_monitor(api, request, rest, out);
	return -ENOENT;
}

static int under_lock(struct api *api, const struct http_request *request, struct http_answer *out)
{
	const char *path = request->path;

	for (size_t i = 0; i < sizeof(jsons) / sizeof(jsons[0]); i++)
		if (!strcmp(path, jsons[i].path))
			return request->post ? -EPERM : api_give(out, jsons[i].make(api));
	if (!strcmp(path, "/api/radial.txt"))
		return request->post ? -EPERM : api_radial_text(api->live, out);
	if (!strcmp(path, "/api/map.f32"))
		return request->post ? -EPERM : api_map_values(api->live, request->query, out);
	return -ENOENT;
}

static int answer(void *user, const struct http_request *request, struct http_answer *out)
{
	struct api *api = user;
	int rc;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (!strcmp(request->path, texts[i].path)) {
			*out = (struct http_answer){.status = 200, .type = texts[i].type, .text = texts[i].text, .bytes = *texts[i].bytes};
			return request->post ? -EPERM : 0;
		}
	if (!strcmp(request->path, "/metrics"))
		return request->post ? -EPERM : metrics(api, out);
	lock_take(&api->live->lock);
	rc = under_lock(api, request, out);
	lock_leave(&api->live->lock);
	return rc == -ENOENT ? branches(api, request, out) : rc;
}

/* --- the lane ---------------------------------------------------------------------------------------------------------- */

static const char *unless_none(const char *path)
{
	return strcmp(path, "none") ? path : NULL;
}

static int serve_open(struct lane *lane, char *message, size_t message_bytes)
{
	const struct config *c = &lane->node->config;
	struct api *api = calloc(1, sizeof(*api));
	struct http_cfg cfg = {
		.listen = c->http.listen, .names = c->http.names, .token_file = unless_none(c->http.token_file), .certificate = unless_none(c->http.certificate),
		.key = unless_none(c->http.key), .password_file = unless_none(c->http.password_file), .socket_path = "/api/live",
		.socket_protocol = "sluice", .answer = answer, .socket = screens_event, .user = api,
	};
	char why[256];
	int rc;

	lane->state = api;
	if (!api || screens_open(&api->screens, api) < 0)
		return -ENOMEM;
	api->node = lane->node;
	api->live = lane->node->live;
	rc = http_open(&api->http, &cfg, why, sizeof(why));
	if (rc < 0) {
		snprintf(message, message_bytes, "http.listen: %s%s", why, rc == -EADDRINUSE ? "; give this node another port, or none" : "");
		return rc;
	}
	api->live->http = api->http;
	log_line(LOG_INFO, "the screen is at %s", http_where(api->http));
	if (http_token_file(api->http))
		log_line(LOG_INFO, "changes over http need the token in %s", http_token_file(api->http));
	return 0;
}

static void take_jobs(struct api *api)
{
	struct live_job *job;

	while ((job = live_done(api->live))) {
		if (job->ticket) {
			http_reply(api->http, job->ticket, &job->answer);
			job->answer = (struct http_answer){0};
		} else {
			screens_job_done(api->screens, job);
		}
		live_job_free(api->live, job);
	}
}

static bool serve_turn(struct lane *lane)
{
	struct api *api = lane->state;

	if (atomic_load_explicit(&lane->finish, memory_order_relaxed))
		return false;
	http_serve(api->http, screens_count(api->screens) ? WATCHED_WAIT_MS : WAIT_MS);
	take_jobs(api);
	api_monitor_turn(api);
	screens_turn(api->screens);
	return true;
}

static void serve_close(struct lane *lane)
{
	struct api *api = lane->state;

	if (!api)
		return;
	if (api->live) {
		lock_take(&api->live->lock);
		api->live->http = NULL;
		lock_leave(&api->live->lock);
	}
	http_close(&api->http);
	screens_close(&api->screens);
	free(api);
	lane->state = NULL;
}

const struct lane_spec serve_lane = {
	.name = "serve", .kind = LANE_SERVE, .open = serve_open, .turn = serve_turn, .close = serve_close, .idle_us = 100000,
	.does = "answers browsers, scripts and Prometheus",
};
