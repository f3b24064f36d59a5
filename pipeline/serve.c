/* serve.c - the lane that answers browsers, scripts and Prometheus: a tap, never in the way of a frame.
 *
 * It reads what other lanes count and touches nothing of theirs. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/clock.h"
#include "host/http.h"
#include "host/log.h"
#include "host/page.h"
#include "pipeline/receive.h"
#include "pipeline/status.h"

#define WAIT_MS 100
#define SAMPLES 11 /* a second and the present */
#define SAMPLE_NS 90000000u /* a wait may end a little early */

struct sample {
	uint64_t ns, received, bytes, written_bytes;
};

struct serve {
	struct http *http;
	uint64_t opened_ns, opened_unix_ns;
	struct sample sample[SAMPLES]; /* a ring; ns 0: not yet taken */
	unsigned newest;
};

/* --- rates ------------------------------------------------------------------------------------------------------------- */

static void sample(const struct node *node, struct serve *s)
{
	uint64_t now_ns = clock_monotonic_ns();

	if (now_ns - s->sample[s->newest].ns < SAMPLE_NS)
		return;
	s->newest = (s->newest + 1) % SAMPLES;
	s->sample[s->newest] = (struct sample){
		now_ns, ledger_get(&node->total, LEDGER_RECEIVED), atomic_load_explicit(&node->bytes_received, memory_order_relaxed),
		atomic_load_explicit(&node->bytes_written, memory_order_relaxed),
	};
}

static struct status_rates rates(const struct serve *s)
{
	const struct sample *now = &s->sample[s->newest], *then = &s->sample[(s->newest + 1) % SAMPLES];
	double seconds;

	if (!then->ns) /* in the first second: from the start on */
		then = &s->sample[1];
	seconds = (double)(now->ns - then->ns) / 1e9;
	if (!then->ns || seconds <= 0)
		return (struct status_rates){0};
	return (struct status_rates){
		seconds, (double)(now->received - then->received) / seconds, (double)(now->bytes - then->bytes) / seconds,
		(double)(now->written_bytes - then->written_bytes) / seconds,
	};
}

/* --- what there is ----------------------------------------------------------------------------------------------------- */

static int give(struct http_answer *out, const char *type, char *text)
{
	if (!text)
		return -ENOMEM;
	out->type = type;
	out->text = text;
	out->bytes = strlen(text);
	out->owned = true;
	return 0;
}

static int page(struct lane *lane, struct http_answer *out)
{
	(void)lane;
	out->type = "text/html; charset=utf-8";
	out->text = page_html;
	out->bytes = page_html_bytes;
	return 0;
}

static int api(struct lane *lane, struct http_answer *out)
{
	(void)lane;
	out->type = "application/yaml";
	out->text = api_yaml;
	out->bytes = api_yaml_bytes;
	return 0;
}

static int status(struct lane *lane, struct http_answer *out)
{
	const struct serve *s = lane->state;
	struct status_rates now = rates(s);

	return give(out, "application/json", status_json(lane->node, &now, s->opened_ns));
}

static int metrics(struct lane *lane, struct http_answer *out)
{
	const struct serve *s = lane->state;

	return give(out, "text/plain; version=0.0.4; charset=utf-8", status_metrics(lane->node, s->opened_unix_ns));
}

static int configuration(struct lane *lane, struct http_answer *out)
{
	out->text = lane->node->config_text;
	out->bytes = strlen(out->text);
	return 0;
}

static const struct {
	const char *path;
	int (*answer)(struct lane *lane, struct http_answer *out);
} paths[] = {
	{"/", page}, {"/api/status", status}, {"/api/config", configuration}, {"/api/openapi.yaml", api}, {"/metrics", metrics},
};

static int answer(void *user, const struct http_request *request, struct http_answer *out)
{
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (!strcmp(request->path, paths[i].path))
			return request->post ? -EPERM : paths[i].answer(user, out);
	return -ENOENT;
}

/* --- the lane ---------------------------------------------------------------------------------------------------------- */

static const char *unless_none(const char *path)
{
	return strcmp(path, "none") ? path : NULL;
}

static int serve_open(struct lane *lane, char *message, size_t message_bytes)
{
	const struct config *c = &lane->node->config;
	struct http_cfg cfg = {
		.listen = c->http.listen, .names = c->http.names, .token_file = unless_none(c->http.token_file), .certificate = unless_none(c->http.certificate),
		.key = unless_none(c->http.key), .password_file = unless_none(c->http.password_file), .answer = answer, .user = lane,
	};
	struct serve *s = calloc(1, sizeof(*s));
	char why[256];
	int rc;

	lane->state = s;
	if (!s)
		return -ENOMEM;
	s->opened_ns = clock_monotonic_ns();
	s->opened_unix_ns = clock_unix_ns();
	rc = http_open(&s->http, &cfg, why, sizeof(why));
	if (rc < 0) {
		snprintf(message, message_bytes, "http.listen: %s%s", why, rc == -EADDRINUSE ? "; give this node another port, or none" : "");
		return rc;
	}
	log_line(LOG_INFO, "the screen is at %s", http_where(s->http));
	if (http_token_file(s->http))
		log_line(LOG_INFO, "changes over http need the token in %s", http_token_file(s->http));
	return 0;
}

static bool serve_turn(struct lane *lane)
{
	struct serve *s = lane->state;

	if (atomic_load_explicit(&lane->finish, memory_order_relaxed))
		return false;
	http_serve(s->http, WAIT_MS);
	sample(lane->node, s);
	return true;
}

static void serve_close(struct lane *lane)
{
	struct serve *s = lane->state;

	if (s)
		http_close(&s->http);
	free(s);
	lane->state = NULL;
}

const struct lane_spec serve_lane = {
	.name = "serve", .kind = LANE_SERVE, .open = serve_open, .turn = serve_turn, .close = serve_close, .idle_us = 100000,
	.does = "answers browsers, scripts and Prometheus",
};
