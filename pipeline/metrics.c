/* metrics.c - the node's state in Prometheus' text format (status.h). */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pipeline/devices.h"
#include "pipeline/live.h"
#include "pipeline/status.h"

static double relaxed(const _Atomic uint64_t *count)
{
	return (double)atomic_load_explicit(count, memory_order_relaxed);
}

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

static void queue_metrics(FILE *to, struct node *node)
{
	static const struct { const char *name, *help; bool bytes, room; } families[] = {
		{"sluice_queue_frames", "Frames in a queue.", false, false}, {"sluice_queue_room_frames", "Frames that a queue can hold.", false, true},
		{"sluice_queue_bytes", "Bytes in a queue.", true, false}, {"sluice_queue_room_bytes", "Bytes that a queue can hold.", true, true},
	};
	struct live_queue queue[CONFIG_INPUTS_MAX + 8];
	unsigned n = live_queues(node, queue, sizeof(queue) / sizeof(queue[0]));

	for (size_t f = 0; f < sizeof(families) / sizeof(families[0]); f++) {
		head(to, families[f].name, "gauge", families[f].help);
		for (unsigned i = 0; i < n; i++)
			if (queue[i].bytes == families[f].bytes)
				fprintf(to, "%s{queue=\"%s\"} %" PRIu64 "\n", families[f].name, queue[i].name, families[f].room ? queue[i].room : queue[i].used);
	}
}

static void lane_metrics(FILE *to, const struct node *node)
{
	head(to, "sluice_lane_cpu_seconds_total", "counter", "Processor time that a lane's thread has taken.");
	for (unsigned i = 0; i < node->n_lanes; i++) {
		int clock = atomic_load_explicit(&node->lane[i].clock, memory_order_relaxed);
		struct timespec t = {0};

		if (clock)
			clock_gettime((clockid_t)clock, &t);
		fprintf(to, "sluice_lane_cpu_seconds_total{lane=\"%s\"} %.9f\n", node->lane[i].name, (double)t.tv_sec + (double)t.tv_nsec / 1e9);
	}
}

static void screen_metrics(FILE *to, struct live *live, unsigned viewers)
{
	lock_take(&live->lock);
	single(to, "sluice_screens", "gauge", "Open screens.", viewers);
	single(to, "sluice_held_frames", "gauge", "Hits that the screen can show.", live->frames.n_hits);
	single(to, "sluice_held_bytes", "gauge", "Bytes of these.", (double)live->frames.bytes);
	single(to, "sluice_screen_missed_frames_total", "counter", "Frames that are in the ledger but in no curve of the screen.", (double)live->samples_missed);
	lock_leave(&live->lock);
}

static void print_metrics(FILE *to, struct node *node, struct live *live, unsigned viewers)
{
	struct status_run run = status_newest_run(node);

	head(to, "sluice_build_info", "gauge", "Always 1; the version and the engine that analyses.");
	fprintf(to, "sluice_build_info{version=\"%s\",engine=\"%s\"} 1\n", node->cfg.version, node->engines.open[0].engine->name);
	single(to, "sluice_start_time_seconds", "gauge", "When the node began, in seconds since 1970.", (double)live->start_unix_ns / 1e9);
	single(to, "sluice_workers", "gauge", "Lanes that analyse.", node->n_workers);
	input_metrics(to, node);
	single(to, "sluice_run", "gauge", "Number of the newest run, from 1 since the start; 0 before the first.", (double)run.number);
	single(to, "sluice_runs_open", "gauge", "Runs that take frames now.", run.n_open);
	single(to, "sluice_runs_total", "counter", "Runs that have ended.", relaxed(&node->runs_done));
	single(to, "sluice_settings_version", "gauge", "Version of the settings, from 1 since the start.",
	       (double)settings_newest(&node->settings)->version);
	single(to, "sluice_received_bytes_total", "counter", "Bytes of messages from the detector.", relaxed(&node->bytes_received));
	single(to, "sluice_written_bytes_total", "counter", "Bytes of frames in files.", relaxed(&node->bytes_written));
	ledger_metrics(to, &node->total);
	single(to, "sluice_open_gaps", "gauge", "Frames that open runs lack so far; missing once the runs have ended.",
	       (double)(status_total(node, LEDGER_MISSING) - ledger_get(&node->total, LEDGER_MISSING)));
	latency_metrics(to, &node->latency);
	devices_metrics(to, node);
	queue_metrics(to, node);
	lane_metrics(to, node);
	screen_metrics(to, live, viewers);
}

char *status_metrics(struct node *node, struct live *live, unsigned viewers)
{
	char *text = NULL;
	size_t bytes;
	FILE *to = open_memstream(&text, &bytes);

	if (!to)
		return NULL;
	print_metrics(to, node, live, viewers);
	if (fclose(to) != 0) {
		free(text);
		return NULL;
	}
	return text;
}
