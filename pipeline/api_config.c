/* api_config.c - the configuration over HTTP: read, tried, checked, changed (api.h). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/log.h"
#include "host/options.h"
#include "pipeline/api.h"

#define CHANGES_MAX 64

/* --- reading ----------------------------------------------------------------------------------------------------------- */

static json_t *option_json(const struct options_row *row, const struct config *now, const struct config *standard)
{
	char *value = options_print_value(row, now), *usual = options_print_value(row, standard), allowed[256] = "";
	json_t *out = NULL;

	if (row->type != OPTION_BOOL && row->type != OPTION_TEXT && row->type != OPTION_PATH && row->type != OPTION_ITEMS)
		options_allowed(row, allowed, sizeof(allowed));
	if (value && usual)
		out = json_pack("{s:s, s:s, s:s, s:s?, s:s, s:s, s:b}", "key", row->key, "value", value, "standard", usual, "unit", row->unit, "allowed",
				row->type == OPTION_BOOL ? "on or off" : allowed, "help", row->help, "changeable", settings_changeable(row->key));
	free(value);
	free(usual);
	return out;
}

json_t *api_options(struct node *node)
{
	const struct config *now = &settings_newest(&node->settings)->config;
	struct config *standard = malloc(sizeof(*standard));
	json_t *list = json_array();

	if (!standard)
		return list;
	config_defaults(standard);
	for (const struct options_row *row = config_options(); row->key; row++)
		if (row->type != OPTION_SECTION)
			json_array_append_new(list, option_json(row, now, standard));
	free(standard);
	return list;
}

json_t *api_versions(struct node *node)
{
	uint32_t n = atomic_load_explicit(&node->settings.n, memory_order_acquire);
	json_t *list = json_array();

	for (uint32_t i = 0; i < n; i++) {
		const struct settings *s = settings_at(&node->settings, i);
		uint64_t first = atomic_load_explicit(&s->first_plan, memory_order_relaxed), last = atomic_load_explicit(&s->last_plan, memory_order_relaxed);
		json_t *plans = json_array();

		for (uint64_t v = first; v && v <= last; v++)
			json_array_append_new(plans, json_integer((json_int_t)v));
		json_array_append_new(list, json_pack("{s:I, s:f, s:o, s:o}", "version", (json_int_t)s->version, "unix_s", (double)s->unix_ns / 1e9, "set",
						      json_loads(s->changes, 0, NULL), "plans", plans));
	}
	return list;
}

/* --- changes ----------------------------------------------------------------------------------------------------------- */

/* The configuration as it is with the changes; malloc'ed, NULL with a message: they are not right. */
static struct config *changed(const struct config *now, json_t *set, char *message, size_t message_bytes)
{
	struct config *c = malloc(sizeof(*c));
	const char *text;
	int rc = -EINVAL;

	snprintf(message, message_bytes, c ? "set is to be a list of at most %d assignments such as \"spots.kernel=4\"" : "not enough memory", CHANGES_MAX);
	if (!c || !json_is_array(set) || json_array_size(set) > CHANGES_MAX) {
		free(c);
		return NULL;
	}
	*c = *now;
	rc = 0;
	for (size_t i = 0; i < json_array_size(set) && rc == 0; i++) {
		text = json_string_value(json_array_get(set, i));
		rc = text ? config_set(c, text, message, message_bytes) : -EINVAL;
	}
	if (rc == 0)
		rc = config_check(c, message, message_bytes);
	if (rc == 0)
		return c;
	free(c);
	return NULL;
}

static json_t *body_of(const struct http_request *request)
{
	json_t *root = json_loadb(request->body, request->body_bytes, JSON_REJECT_DUPLICATES, NULL);

	if (json_is_object(root))
		return root;
	json_decref(root);
	return NULL;
}

static int validate(struct node *node, json_t *set, struct http_answer *out)
{
	char message[1024];
	const struct config *now = &settings_newest(&node->settings)->config;
	struct config *c = changed(now, set, message, sizeof(message));
	const char *fixed;
	int rc;

	if (!c)
		return api_give(out, json_pack("{s:b, s:s, s:b}", "ok", 0, "message", message, "restart", 0));
	fixed = settings_fixed(now, c);
	rc = api_give(out, json_pack("{s:b, s:s, s:b}", "ok", 1, "message", fixed ? fixed : "", "restart", fixed != NULL));
	free(c);
	return rc;
}

static int apply(struct node *node, json_t *set, struct http_answer *out)
{
	char message[1024], *changes;
	const struct config *now = &settings_newest(&node->settings)->config;
	struct config *c = changed(now, set, message, sizeof(message));
	const char *fixed = c ? settings_fixed(now, c) : NULL;
	int rc;

	if (!c || fixed) {
		free(c);
		return api_mistake(out, 400, fixed ? fixed : message);
	}
	changes = json_dumps(set, JSON_COMPACT);
	rc = changes ? settings_add(&node->settings, c, changes, message, sizeof(message)) : -ENOMEM;
	if (rc == 0)
		log_line(LOG_INFO, "settings version %u: %s", atomic_load_explicit(&node->settings.n, memory_order_relaxed), changes);
	free(changes);
	free(c);
	if (rc < 0)
		return rc == -ENOMEM ? rc : api_mistake(out, 400, message);
	bell_ring(&node->admit->bell);
	return api_give(out, json_pack("{s:b, s:I}", "ok", 1, "version", (json_int_t)settings_newest(&node->settings)->version));
}

int api_config(struct api *api, const struct http_request *request, const char *rest, struct http_answer *out)
{
	struct node *node = api->node;
	const struct settings *now = settings_newest(&node->settings);
	json_t *body;
	int rc;

	if (strcmp(rest, "") && strcmp(rest, "/validate"))
		return -ENOENT;
	if (!request->post) {
		out->text = now->text; /* kept until the node closes */
		out->bytes = strlen(now->text);
		return *rest ? -EPERM : 0;
	}
	body = body_of(request);
	if (!body)
		return api_mistake(out, 400, "the body is to be a JSON object");
	rc = *rest ? validate(node, json_object_get(body, "set"), out) : apply(node, json_object_get(body, "set"), out);
	json_decref(body);
	return rc;
}

/* --- trial ------------------------------------------------------------------------------------------------------------- */

static struct live_frame *frame_of(struct live *live, json_t *body)
{
	json_t *wanted = json_object_get(body, "frame");
	char name[24] = "hit";
	struct live_frame *frame;

	if (json_is_integer(wanted))
		snprintf(name, sizeof(name), "%lld", (long long)json_integer_value(wanted));
	else if (json_is_string(wanted))
		snprintf(name, sizeof(name), "%s", json_string_value(wanted));
	lock_take(&live->lock);
	frame = live_frames_find(&live->frames, name);
	lock_leave(&live->lock);
	return frame;
}

/* Takes over the frame and the settings. */
static int ask_trial(struct api *api, const struct http_request *request, json_t *body, struct live_frame *frame, struct config *trial)
{
	struct live_job *job = calloc(1, sizeof(*job));
	json_int_t channel = json_integer_value(json_object_get(body, "channel"));

	if (!job) {
		lock_take(&api->live->lock);
		live_frame_drop(frame);
		lock_leave(&api->live->lock);
		free(trial);
		return -ENOMEM;
	}
	job->task = LIVE_TRIAL;
	job->ticket = request->ticket;
	job->frame = frame;
	job->trial = trial;
	job->view.channel = channel >= 0 && channel < STREAM_CHANNELS_MAX ? (uint32_t)channel : STREAM_CHANNELS_MAX;
	live_ask(api->live, job);
	return HTTP_LATER;
}

int api_trial(struct api *api, const struct http_request *request, struct http_answer *out)
{
	const struct config *now = &settings_newest(&api->node->settings)->config;
	struct live_frame *frame;
	struct config *trial;
	char message[1024];
	json_t *body;
	int rc;

	if (!request->post)
		return -EPERM;
	body = body_of(request);
	if (!body)
		return api_mistake(out, 400, "the body is to be a JSON object");
	trial = changed(now, json_object_get(body, "set"), message, sizeof(message));
	if (trial && settings_fixed(now, trial)) {
		snprintf(message, sizeof(message), "%s", settings_fixed(now, trial));
		free(trial);
		trial = NULL;
	}
	frame = trial ? frame_of(api->live, body) : NULL;
	if (!trial)
		rc = api_mistake(out, 400, message);
	else if (!frame)
		rc = api_mistake(out, 404, "there is no such frame, or it is no longer held");
	else
		rc = ask_trial(api, request, body, frame, trial);
	if (!frame)
		free(trial);
	json_decref(body);
	return rc;
}
