/* status.c - the two forms of the node's state (status.h). */
#include "pipeline/status.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/clock.h"
#include "pipeline/devices.h"
#include "pipeline/node.h"

/* --- what is so now ---------------------------------------------------------------------------------------------------- */

/* The newest run, which is the one that people look at. */
struct newest {
	uint64_t number, series;    /* number 0: there was none yet */
	const struct ledger *ledger;
	unsigned n_open, n_ending;  /* of all runs */
};

static struct newest newest_run(const struct node *node)
{
	struct newest n = {.number = atomic_load_explicit(&node->current_run, memory_order_acquire)};

	n.series = atomic_load_explicit(&node->current_series, memory_order_relaxed);
	n.ledger = &node->runs.run[atomic_load_explicit(&node->current_place, memory_order_relaxed)].ledger;
	for (unsigned i = 0; i < RUNS_OPEN_MAX; i++) {
		int state = atomic_load_explicit(&node->runs.run[i].state, memory_order_relaxed);

		n.n_open += state == RUN_OPEN;
		n.n_ending += state == RUN_CLOSING;
	}
	return n;
}

static unsigned n_connected(const struct node *node)
{
	return (unsigned)__builtin_popcountll(atomic_load_explicit(&node->connected, memory_order_relaxed));
}

/* One word for scripts; the screen has its own sentences. */
static const char *state_name(const struct node *node, const struct newest *run)
{
	if (atomic_load_explicit(&node->draining, memory_order_relaxed))
		return "stopping";
	if (run->n_open)
		return "measuring";
	if (run->n_ending)
		return "ending";
	return n_connected(node) ? "waiting" : "disconnected";
}

static double relaxed(const _Atomic uint64_t *count)
{
	return (double)atomic_load_explicit(count, memory_order_relaxed);
}

/* --- JSON -------------------------------------------------------------------------------------------------------------- */

static json_t *inputs_json(const struct node *node)
{
	uint64_t connected = atomic_load_explicit(&node->connected, memory_order_relaxed);
	json_t *list = json_array();

	for (uint32_t i = 0; i < node->n_sources; i++)
		json_array_append_new(list, json_pack("{s:s, s:b, s:b}", "endpoint", node->config.input.entry[i].endpoint, "connected",
						      (int)(connected >> i & 1), "shared", (int)node->group_shared[node->group_of[i]]));
	return list;
}

static json_t *engines_json(const struct node *node)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < node->engines.n; i++)
		json_array_append_new(list, json_string(node->engines.open[i].engine->name));
	return list;
}

/* Every term and reason, as the table at a run's end has them. */
static json_t *ledger_json(const struct node *node, const struct newest *run)
{
	json_t *list = json_array();

	for (enum ledger_term t = 0; t < LEDGER_TERMS; t++) {
		enum ledger_term parent = ledger_parent(t);

		if (t == LEDGER_UNREADABLE_REASON) /* "ok" is no refusal */
			continue;
		json_array_append_new(list, json_pack("{s:s, s:s, s:s?, s:b, s:I, s:I}", "term", ledger_name(t), "words", ledger_words(t),
						      "of", parent == LEDGER_TERMS ? NULL : ledger_name(parent), "loss", (int)ledger_is_loss(t),
						      "total", (json_int_t)ledger_get(&node->total, t),
						      "run", (json_int_t)(run->number ? ledger_get(run->ledger, t) : 0)));
	}
	return list;
}

static json_t *latency_json(const struct node *node)
{
	const struct latency *l = &node->latency;

	return json_pack("{s:I, s:f, s:f, s:f, s:f}", "frames", (json_int_t)atomic_load_explicit(&l->n, memory_order_relaxed),
			 "p50", (double)latency_percentile(l, 0.5) / 1e6, "p95", (double)latency_percentile(l, 0.95) / 1e6,
			 "p99", (double)latency_percentile(l, 0.99) / 1e6, "max", relaxed(&l->max_ns) / 1e6);
}

char *status_json(const struct node *node, const struct status_rates *rates, uint64_t opened_ns)
{
	struct newest run = newest_run(node);
	json_t *current = run.number ? json_pack("{s:I, s:I}", "number", (json_int_t)run.number, "series", (json_int_t)run.series) : json_null();
	json_t *root = json_pack(
		"{s:s, s:f, s:s, s:o, s:i, s:o, s:o, s:I, s:{s:f, s:f, s:f, s:f}, s:{s:I, s:I}, s:o, s:{s:b, s:b}, s:o, s:o}",
		"version", node->cfg.version, "uptime_s", (double)(clock_monotonic_ns() - opened_ns) / 1e9, "state", state_name(node, &run),
		"engines", engines_json(node), "workers", (int)node->n_workers, "inputs", inputs_json(node), "run", current,
		"runs_done", (json_int_t)atomic_load_explicit(&node->runs_done, memory_order_relaxed),
		"rates", "seconds", rates->seconds, "frames_per_s", rates->frames_per_s, "bytes_per_s", rates->bytes_per_s,
		"written_bytes_per_s", rates->written_bytes_per_s,
		"bytes", "received", (json_int_t)atomic_load_explicit(&node->bytes_received, memory_order_relaxed),
		"written", (json_int_t)atomic_load_explicit(&node->bytes_written, memory_order_relaxed),
		"latency_ms", latency_json(node), "sinks", "files", (int)node->sinks.files, "frames", (int)node->sinks.frames,
		"ledger", ledger_json(node, &run), "devices", devices_json(node));
	char *text = root ? json_dumps(root, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;

	json_decref(root);
	return text;
}

/* --- Prometheus -------------------------------------------------------------------------------------------------------- */

static void head(FILE *to, const char *name, const char *type, const char *help)
{
	fprintf(to, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void single(FILE *to, const char *name, const char *type, const char *help, double value)
{
	head(to, name, type, help);
	fprintf(to, "%s %.17g\n", name, value);
}

/* A value of a label: backslash, quote and line end are escaped. */
static void label(FILE *to, const char *text)
{
	for (; *text; text++)
		if (*text == '\n')
			fputs("\\n", to);
		else
			fprintf(to, *text == '\\' || *text == '"' ? "\\%c" : "%c", *text);
}

static void ledger_metrics(FILE *to, const struct ledger *total)
{
	head(to, "sluice_frames_total", "counter", "Frames by where they ended; the terms of the ledger, which overlap.");
	for (enum ledger_term t = 0; t < LEDGER_UNREADABLE_REASON; t++)
		fprintf(to, "sluice_frames_total{term=\"%s\"} %" PRIu64 "\n", ledger_name(t), ledger_get(total, t));
	head(to, "sluice_frame_reasons_total", "counter", "Why frames ended there; the reasons of a term add up to it.");
	for (enum ledger_term t = 0; t < LEDGER_TERMS; t++) {
		const char *name = ledger_name(t), *dot = strchr(name, '.');

		if (ledger_parent(t) != LEDGER_TERMS && t != LEDGER_UNREADABLE_REASON)
			fprintf(to, "sluice_frame_reasons_total{term=\"%.*s\",reason=\"%s\"} %" PRIu64 "\n", (int)(dot - name), name, dot + 1,
				ledger_get(total, t));
	}
	single(to, "sluice_results_unwritten_total", "counter", "Results that did not reach the file.",
	       (double)ledger_get(total, LEDGER_RESULTS_UNWRITTEN));
	single(to, "sluice_consumers_left_total", "counter", "Consumers of frames that left with frames under way.",
	       (double)ledger_get(total, LEDGER_CONSUMER_LEFT));
	single(to, "sluice_engine_fallback_frames_total", "counter", "Frames that an engine failed on and the next one analysed.",
	       (double)ledger_get(total, LEDGER_ENGINE_FALLBACK));
	single(to, "sluice_detector_dropped_frames_total", "counter", "Frames that the detector says it dropped, of runs that have ended.",
	       (double)ledger_get(total, LEDGER_DETECTOR_DROPPED));
}

static void latency_metrics(FILE *to, const struct latency *latency)
{
	uint64_t below = 0, upto_ns;

	head(to, "sluice_latency_seconds", "histogram", "From a frame's arrival to its result sent.");
	for (unsigned octave = 0; octave < LATENCY_OCTAVES; octave++) {
		below += latency_octave(latency, octave, &upto_ns);
		if (octave + 1 < LATENCY_OCTAVES)
			fprintf(to, "sluice_latency_seconds_bucket{le=\"%.9g\"} %" PRIu64 "\n", (double)upto_ns / 1e9, below);
	}
	fprintf(to, "sluice_latency_seconds_bucket{le=\"+Inf\"} %" PRIu64 "\nsluice_latency_seconds_sum %.9f\nsluice_latency_seconds_count %" PRIu64
		"\n", below, relaxed(&latency->sum_ns) / 1e9, below);
}

static void input_metrics(FILE *to, const struct node *node)
{
	uint64_t connected = atomic_load_explicit(&node->connected, memory_order_relaxed);

	head(to, "sluice_input_connected", "gauge", "Whether the detector is connected.");
	for (uint32_t i = 0; i < node->n_sources; i++) {
		fprintf(to, "sluice_input_connected{input=\"%u\",endpoint=\"", i);
		label(to, node->config.input.entry[i].endpoint);
		fprintf(to, "\"} %u\n", (unsigned)(connected >> i & 1));
	}
}

static void print_metrics(FILE *to, const struct node *node, uint64_t opened_unix_ns)
{
	struct newest run = newest_run(node);

	head(to, "sluice_build_info", "gauge", "Always 1; the version and the engine that analyses.");
	fprintf(to, "sluice_build_info{version=\"%s\",engine=\"%s\"} 1\n", node->cfg.version, engines_first(&node->engines, UINT32_MAX));
	single(to, "sluice_start_time_seconds", "gauge", "When the node began, in seconds since 1970.", (double)opened_unix_ns / 1e9);
	single(to, "sluice_workers", "gauge", "Lanes that analyse.", node->n_workers);
	input_metrics(to, node);
	single(to, "sluice_run", "gauge", "Number of the newest run, from 1 since the start; 0 before the first.", (double)run.number);
	single(to, "sluice_runs_open", "gauge", "Runs that take frames now.", run.n_open);
	single(to, "sluice_runs_total", "counter", "Runs that have ended.", relaxed(&node->runs_done));
	single(to, "sluice_received_bytes_total", "counter", "Bytes of messages from the detector.", relaxed(&node->bytes_received));
	single(to, "sluice_written_bytes_total", "counter", "Bytes of frames in files.", relaxed(&node->bytes_written));
	ledger_metrics(to, &node->total);
	latency_metrics(to, &node->latency);
	devices_metrics(to, node);
}

char *status_metrics(const struct node *node, uint64_t opened_unix_ns)
{
	char *text = NULL;
	size_t bytes;
	FILE *to = open_memstream(&text, &bytes);

	if (!to)
		return NULL;
	print_metrics(to, node, opened_unix_ns);
	if (fclose(to) != 0) {
		free(text);
		return NULL;
	}
	return text;
}
