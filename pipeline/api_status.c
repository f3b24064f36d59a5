/* api_status.c - the node's state as JSON: what it does now, the ledger, its runs, its engines (api.h).
 *
 * Reads what is constant, and relaxed atomics of the lanes; holds up nobody. Numbers of one answer are of nearly one moment, not of one. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "host/clock.h"
#include "pipeline/api.h"
#include "pipeline/devices.h"
#include "pipeline/status.h"

/* --- parts ------------------------------------------------------------------------------------------------------------- */

static json_t *inputs(const struct node *node)
{
	uint64_t connected = atomic_load_explicit(&node->connected, memory_order_relaxed);
	json_t *list = json_array();

	for (uint32_t i = 0; i < node->n_sources; i++)
		json_array_append_new(list, json_pack("{s:s, s:b, s:b}", "endpoint", node->config.input.entry[i].endpoint, "connected",
						      (int)(connected >> i & 1), "shared", (int)node->group_shared[node->group_of[i]]));
	return list;
}

static json_t *engines_used(const struct node *node)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < node->engines.n; i++)
		json_array_append_new(list, json_string(node->engines.open[i].engine->name));
	return list;
}

/* Every term and reason, as the table at a run's end has them; a run's gaps as they are by now. */
static json_t *ledger(const struct node *node, const struct status_run *run, bool brief)
{
	json_t *list = brief ? json_object() : json_array();

	for (enum ledger_term t = 0; t < LEDGER_TERMS; t++) {
		enum ledger_term parent = ledger_parent(t);
		uint64_t total = status_total(node, t), of_run = status_of_run(run, t);

		if (t == LEDGER_UNREADABLE_REASON) /* "ok" is no refusal */
			continue;
		if (brief)
			json_object_set_new(list, ledger_name(t), json_pack("[I, I]", (json_int_t)total, (json_int_t)of_run));
		else
			json_array_append_new(list, json_pack("{s:s, s:s, s:s?, s:b, s:I, s:I}", "term", ledger_name(t), "words", ledger_words(t), "of",
							      parent == LEDGER_TERMS ? NULL : ledger_name(parent), "loss", (int)ledger_is_loss(t),
							      "total", (json_int_t)total, "run", (json_int_t)of_run));
	}
	return list;
}

static json_t *latency(const struct node *node)
{
	const struct latency *l = &node->latency;

	return json_pack("{s:I, s:o, s:o, s:o, s:o}", "frames", (json_int_t)atomic_load_explicit(&l->n, memory_order_relaxed), "p50",
			 api_number((double)latency_percentile(l, 0.5) / 1e6), "p95", api_number((double)latency_percentile(l, 0.95) / 1e6), "p99",
			 api_number((double)latency_percentile(l, 0.99) / 1e6), "max",
			 api_number((double)atomic_load_explicit(&l->max_ns, memory_order_relaxed) / 1e6));
}

static json_t *queues(struct node *node)
{
	struct live_queue queue[CONFIG_INPUTS_MAX + 8];
	unsigned n = live_queues(node, queue, sizeof(queue) / sizeof(queue[0]));
	json_t *list = json_array();

	for (unsigned i = 0; i < n; i++)
		json_array_append_new(list, json_pack("{s:s, s:I, s:I, s:s}", "name", queue[i].name, "used", (json_int_t)queue[i].used, "room",
						      (json_int_t)queue[i].room, "unit", queue[i].bytes ? "bytes" : "frames"));
	return list;
}

static json_t *lanes(const struct node *node, const struct live *live)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < node->n_lanes; i++)
		json_array_append_new(list, json_pack("{s:s, s:o}", "name", node->lane[i].name, "load", api_number(live->load[i])));
	return list;
}

static json_t *rates(const struct live *live)
{
	const struct live_recent *r = &live->recent[(live->n_recent + LIVE_RECENT - 1) % LIVE_RECENT];
	bool known = live->n_recent > 0;

	return json_pack("{s:f, s:o, s:o, s:o}", "seconds", known ? 1.0 : 0.0, "frames_per_s", api_number(known ? r->frames_per_s : 0),
			 "bytes_per_s", api_number(known ? r->bytes_per_s : 0), "written_bytes_per_s", api_number(known ? r->written_bytes_per_s : 0));
}

static const struct live_run *known_run(const struct live *live, uint64_t number)
{
	for (unsigned i = live->n_runs; i-- > 0;)
		if (live->run[i].number == number)
			return &live->run[i];
	return NULL;
}

static json_t *current_run(const struct live *live, const struct status_run *run)
{
	const struct live_run *known = known_run(live, run->number);

	if (!run->number)
		return json_null();
	return json_pack("{s:I, s:I, s:s, s:o}", "number", (json_int_t)run->number, "series", (json_int_t)run->series, "unique_id",
			 known ? known->series_unique_id : "", "expected", known && known->announced ? json_integer((json_int_t)known->announced) : json_null());
}

/* --- the whole --------------------------------------------------------------------------------------------------------- */

json_t *api_status(struct api *api, bool brief)
{
	struct node *node = api->node;
	struct live *live = api->live;
	struct status_run run = status_newest_run(node);
	uint64_t now_ns = clock_monotonic_ns();
	json_t *root = json_pack("{s:s, s:f, s:f, s:s, s:o, s:i, s:o, s:o, s:I, s:o, s:{s:I, s:I}, s:o, s:o, s:{s:b, s:b}}", "version",
				 node->cfg.version, "uptime_s", (double)(now_ns - live->start_ns) / 1e9, "unix_s", (double)clock_unix_ns() / 1e9, "state",
				 status_state(node, &run), "engines", engines_used(node), "workers", (int)node->n_workers, "inputs", inputs(node), "run",
				 current_run(live, &run), "runs_done", (json_int_t)atomic_load_explicit(&node->runs_done, memory_order_relaxed), "rates",
				 rates(live), "bytes", "received", (json_int_t)atomic_load_explicit(&node->bytes_received, memory_order_relaxed), "written",
				 (json_int_t)atomic_load_explicit(&node->bytes_written, memory_order_relaxed), "latency_ms", latency(node), "delay_ms",
				 live->newest_ns ? api_number((double)(now_ns - live->newest_ns) / 1e6) : json_null(), "sinks", "files",
				 (int)node->sinks.files, "frames", (int)node->sinks.frames);

	json_object_set_new(root, "devices", devices_json(node));
	json_object_set_new(root, "queues", queues(node));
	json_object_set_new(root, "lanes", lanes(node, live));
	json_object_set_new(root, "settings_version", json_integer((json_int_t)settings_newest(&node->settings)->version));
	json_object_set_new(root, "auth", json_pack("{s:s}", "changes", http_auth(api->http)));
	json_object_set_new(root, "viewers", json_integer(screens_count(api->screens)));
	json_object_set_new(root, "ledger", ledger(node, &run, brief));
	return root;
}

/* --- runs and engines -------------------------------------------------------------------------------------------------- */

static json_t *run_json(const struct node *node, const struct live_run *r)
{
	const struct run *place = &node->runs.run[r->place];
	bool ending = !r->ended && atomic_load_explicit(&place->state, memory_order_relaxed) == RUN_CLOSING;
	json_t *counts = json_object();

	for (enum ledger_term t = 0; t < LEDGER_UNREADABLE_REASON; t++) {
		uint64_t n = r->ended ? r->count[t] : ledger_get(&place->ledger, t) +
			     (t == LEDGER_MISSING ? atomic_load_explicit(&place->gaps, memory_order_relaxed) : 0);

		json_object_set_new(counts, ledger_name(t), json_integer((json_int_t)n));
	}
	return json_pack("{s:I, s:I, s:s, s:s, s:s?, s:f, s:o, s:o}", "run", (json_int_t)r->number, "series", (json_int_t)r->series_id, "unique_id",
			 r->series_unique_id, "state", r->ended ? "done" : ending ? "ending" : "open", "closed_by", r->closed_by, "unix_s",
			 (double)r->began_unix_ns / 1e9, "expected", r->announced ? json_integer((json_int_t)r->announced) : json_null(), "ledger", counts);
}

json_t *api_runs(struct api *api)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < api->live->n_runs; i++)
		json_array_append_new(list, run_json(api->node, &api->live->run[i]));
	return list;
}

/* What was found of every engine in the configured order when the node began. */
json_t *api_engines(struct api *api)
{
	const struct node *node = api->node;
	json_t *list = json_array();

	for (unsigned i = 0; i < node->n_said; i++) {
		const char *name = node->said[i] + strlen("engine "), *words = strstr(name, ": ");
		bool used = false;

		for (unsigned e = 0; words && e < node->engines.n; e++)
			used |= strlen(node->engines.open[e].label) == (size_t)(words - name) &&
				!strncmp(node->engines.open[e].label, name, (size_t)(words - name));
		if (words)
			json_array_append_new(list, json_pack("{s:s%, s:b, s:s}", "name", name, (size_t)(words - name), "used", (int)used, "words", words + 2));
	}
	return list;
}
