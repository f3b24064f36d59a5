/* node_line.c - printing (node_line.h). */
#include "bench/suite/node_line.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/suite/line.h"

/* node-MODEL, and what it had to do besides results. */
static void case_name(char *to, size_t bytes, const struct node_bench_cfg *cfg)
{
	snprintf(to, bytes, "node-%s%s%s", cfg->model, cfg->with_frames ? "+frames" : "", cfg->with_files ? "+files" : "");
}

static void add(json_t *o, const char *name, double value)
{
	char text[32];

	snprintf(text, sizeof(text), "%.6g", value);
	json_object_set_new(o, name, json_real(atof(text)));
}

static void add_count(json_t *o, const char *name, uint64_t value)
{
	json_object_set_new(o, name, json_integer((json_int_t)value));
}

static void add_times(json_t *o, const char *prefix, const struct node_bench_time *time, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		char name[64];

		snprintf(name, sizeof(name), "%s%s", prefix, time[i].name);
		add(o, name, time[i].us_per_frame);
	}
}

static void add_files(json_t *o, const struct node_bench *b)
{
	add(o, "written_mb_per_s", b->written_mb_per_s);
	add(o, "plain_write_mb_per_s", b->plain_mb_per_s);
}

static void print_json(const struct node_bench *b, const struct node_bench_cfg *cfg)
{
	static const char *const latency[] = {"latency_p50_ms", "latency_p95_ms", "latency_p99_ms", "latency_max_ms"};
	json_t *o = json_object();
	char name[64];

	case_name(name, sizeof(name), cfg);
	json_object_set_new(o, "case", json_string(name));
	json_object_set_new(o, "engine", json_string(b->engine));
	add_count(o, "threads", b->workers);
	add_count(o, "rounds", b->rounds);
	add(o, "bare_frames_per_s", b->bare_frames_per_s);
	add(o, "bare_spread", b->bare_spread);
	add(o, "bare_mb_per_s", b->bare_mb_per_s);
	add(o, "frames_per_s", b->node_frames_per_s);
	add(o, "spread", b->node_spread);
	add(o, "paced_frames_per_s", b->paced_frames_per_s);
	for (unsigned i = 0; i < 4; i++)
		add(o, latency[i], b->latency_ms[i]);
	add_times(o, "cpu_us_per_frame_", b->lane, b->n_lanes);
	add_times(o, "step_us_per_frame_", b->step, b->n_steps);
	add(o, "around_engine_us_per_frame", b->around_engine_us);
	add(o, "allocations_per_frame", b->our_allocations_per_frame);
	add(o, "library_allocations_per_frame", b->library_allocations_per_frame);
	add(o, "message_bytes_per_frame", b->message_bytes_per_frame);
	add(o, "copied_bytes_per_frame", b->copied_bytes_per_frame);
	add(o, "result_bytes_per_frame", b->result_bytes_per_frame);
	if (cfg->with_files)
		add_files(o, b);
	add_count(o, "frames", b->received);
	add_count(o, "analysed", b->analysed);
	add_count(o, "kept", b->kept);
	add_count(o, "written", b->written);
	add_count(o, "sent", b->sent);
	add_count(o, "unsent", b->unsent);
	add_count(o, "results_taken", b->results);
	add_count(o, "frames_taken", b->forwarded);
	json_object_set_new(o, "machine", json_string(line_machine()));
	json_object_set_new(o, "commit", json_string(line_commit()));
	json_dumpf(o, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
	putchar('\n');
	fflush(stdout);
	json_decref(o);
}

static void print_times(const char *what, const struct node_bench_time *time, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		printf("  %-5s %-10s %12.2f us of CPU per frame\n", i ? "" : what, time[i].name, time[i].us_per_frame);
}

static void print_table(const struct node_bench *b, const struct node_bench_cfg *cfg)
{
	char name[64];

	case_name(name, sizeof(name), cfg);
	printf("%s, engine %s, %u worker%s; %s, commit %s\n", name, b->engine, b->workers, b->workers == 1 ? "" : "s", line_machine(), line_commit());
	printf("  bare client      %12.1f frames/s, spread %.1f %%, %.1f MB/s\n", b->bare_frames_per_s, 100 * b->bare_spread, b->bare_mb_per_s);
	printf("  node             %12.1f frames/s, spread %.1f %%: %.0f %% of the bare client\n", b->node_frames_per_s, 100 * b->node_spread,
	       100 * b->node_frames_per_s / b->bare_frames_per_s);
	if (cfg->with_files)
		printf("  files            %12.1f MB/s from the first frame to all on disk; plain writes of as many bytes %.1f MB/s\n", b->written_mb_per_s,
		       b->plain_mb_per_s);
	printf("  latency          %12.3f ms p50, %.3f p95, %.3f p99, %.3f max, at %.1f frames/s\n", b->latency_ms[0], b->latency_ms[1],
	       b->latency_ms[2], b->latency_ms[3], b->paced_frames_per_s);
	print_times("lane", b->lane, b->n_lanes);
	print_times("step", b->step, b->n_steps);
	printf("  around the engine%12.2f us of CPU per frame in the lanes that frames pass, without the call of the engine\n", b->around_engine_us);
	printf("  allocations      %12.3f per frame by our code, %.3f by libraries\n", b->our_allocations_per_frame, b->library_allocations_per_frame);
	printf("  bytes per frame  %12.0f received, %.0f copied by our code, %.0f of results\n", b->message_bytes_per_frame, b->copied_bytes_per_frame,
	       b->result_bytes_per_frame);
	printf("  frames           %12lu, analysed %lu, written %lu, sent on %lu; clients took %lu results, %lu frames\n\n", (unsigned long)b->received,
	       (unsigned long)b->analysed, (unsigned long)b->written, (unsigned long)b->sent, (unsigned long)b->results, (unsigned long)b->forwarded);
	fflush(stdout);
}

void node_line_print(const struct node_bench *b, const struct node_bench_cfg *cfg, bool json)
{
	if (json)
		print_json(b, cfg);
	else
		print_table(b, cfg);
}
