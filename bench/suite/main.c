/* main.c - sluice-bench: the benchmark suite. */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/detector/models.h"
#include "bench/suite/compare.h"
#include "bench/suite/detectors.h"
#include "bench/suite/engine_bench.h"
#include "bench/suite/floors.h"
#include "bench/suite/line.h"
#include "bench/suite/measure.h"
#include "bench/suite/node_bench.h"
#include "bench/suite/peers.h"

#define LINES_MAX 512
#define ROUNDS 21
#define QUICK_ROUNDS 3
#define THREADS_SECONDS 2.0
#define QUICK_SECONDS 0.2
#define PEERS_SECONDS 20.0
#define PEERS_QUICK_SECONDS 2.0

static const char help[] =
	"usage: sluice-bench [--json] [--engine E] [--level L] [--case C] [--threads N] [--rounds N] [--quick] [--peers]\n"
	"       sluice-bench --node MODEL [--frames N] [--threads N] [--level L] [--files DIR] [--json]\n"
	"       sluice-bench --compare OLD.json NEW.json\n"
	"\n"
	"Times the whole analysis of a frame (decompress, mask, radial sums, strong pixels, spots) on frames that the suite makes itself, the same on\n"
	"every machine, against floors measured in the same run: liblz4 alone, and memcpy of the raw frame. Engines and floors alternate; figures are\n"
	"medians of the thread's CPU time.\n"
	"\n"
	"  --json         one JSON object a line: case, engine, level, threads, frames, ms_per_frame, frames_per_s, floor_ms, x_floor, spread,\n"
	"                 mb_per_frame, machine, commit; bench/report makes a page with plots of them\n"
	"  --engine E     this engine only (cpu, reference; default cpu)\n"
	"  --level L      this level of the cpu engine only (scalar, avx2, avx512, neon; default: the best, with --levels all there are)\n"
	"  --levels       every level of the cpu engine that the machine has\n"
	"  --case C       this case only (--list-cases)\n"
	"  --threads N    also with N threads at once (default: the machine's cores; 1: no)\n"
	"  --rounds N     times every frame is done (default 21)\n"
	"  --quick        small frames, few rounds: shows that it works, its figures mean little\n"
	"  --peers        other people's programs, too, where they are installed, for their part of the work on the same frames: the bitshuffle\n"
	"                 package's decoder alone and through h5py, DIALS' dispersion and dispersion_extended, pyFAI's histogram and CSR integrators, each on one thread and timed\n"
	"                 around the call into its library (level: the library's version). One that does not find what our engine does: exit 1\n"
	"  --node MODEL   the whole node over ZeroMQ on loopback, fed by a simulated detector (eiger2-4m, eiger2-16m, arina, ...) as fast as it\n"
	"                 takes frames, against a client that only receives and frees, in the same run\n"
	"  --frames N     of --node (default 500)\n"
	"  --files DIR    of --node: write files, too\n"
	"  --compare      two outputs of --json side by side\n"
	"  --list-cases   print the cases and exit\n";

struct bench_options {
	bool json, quick, levels, peers;
	const char *engine, *level, *case_name;
	unsigned threads, rounds;
	struct node_bench_cfg node;
};

static const char *const cpu_levels[] = {"scalar", "avx2", "avx512", "neon"};
#define CPU_LEVELS 4

struct report {
	const struct bench_options *options;
	struct bench_line lines[LINES_MAX];
	unsigned n;
};

static int mistake(const char *what, const char *value)
{
	fprintf(stderr, "sluice-bench: %s: '%s' (sluice-bench --help)\n", what, value);
	return 2;
}

static const struct engine *engine_named(const char *name)
{
	static const struct engine *const engines[] = {&engine_cpu, &engine_reference};

	for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++)
		if (!strcmp(engines[i]->name, name))
			return engines[i];
	return NULL;
}

static void print_line(const struct report *r, const struct bench_line *line)
{
	if (r->options->json)
		line_json(stdout, line);
	else
		line_row(stdout, line);
}

/* Prints it, and keeps it for what is concluded at the end. */
static void say(struct report *r, const struct bench_line *line)
{
	if (r->n < LINES_MAX)
		r->lines[r->n++] = *line;
	print_line(r, line);
}

static void say_contender(struct report *r, const struct bench_set *set, const struct contender *c, const char *level, double floor_ms, unsigned laps)
{
	say(r, &(struct bench_line){
		.case_name = set->made_of->name, .engine = c->name, .level = level, .threads = 1, .frames = laps, .ms_per_frame = c->ms,
		.frames_per_s = 1000 / c->ms, .floor_ms = floor_ms, .spread = c->spread, .mb_per_frame = set->compressed_bytes / 1e6,
	});
}

/* Which levels are to be timed; at least one entry. NULL: the engine's own choice. */
static unsigned choose_levels(const struct bench_options *o, const struct engine *engine, const char **levels)
{
	unsigned n = 0;
	char words[256];

	if (engine != &engine_cpu)
		levels[n++] = NULL;
	else if (!o->levels)
		levels[n++] = o->level;
	else
		for (unsigned i = 0; i < CPU_LEVELS; i++)
			if (engine->probe(&(struct engine_config){.cpu_level = cpu_levels[i]}, words, sizeof(words)) == 0)
				levels[n++] = cpu_levels[i];
	return n;
}

static void say_threads(struct report *r, const struct bench_set *set, const struct engine *engine, const char *level, double floor_ms)
{
	const struct bench_options *o = r->options;
	double rate = engine_bench_threads(engine, level, set, o->threads, o->quick ? QUICK_SECONDS : THREADS_SECONDS);

	if (rate <= 0)
		return;
	say(r, &(struct bench_line){
		.case_name = set->made_of->name, .engine = engine->name, .level = level ? level : "best", .threads = o->threads,
		.ms_per_frame = 1000 / rate, .frames_per_s = rate, .floor_ms = floor_ms, .mb_per_frame = set->compressed_bytes / 1e6,
	});
}

/* One case: floors and all levels alternate in one measurement, then the crowds. */
static int bench_set_measure(struct report *r, const struct bench_set *set, const struct engine *engine)
{
	const struct bench_options *o = r->options;
	const char *levels[CPU_LEVELS];
	unsigned n_levels = choose_levels(o, engine, levels), opened = 0;
	struct engine_bench bench[CPU_LEVELS];
	struct floors floors;
	struct contender c[CPU_LEVELS + 2];
	char words[256] = "";
	int rc = floors_open(&floors, set);

	c[0] = (struct contender){.name = "floor-lz4", .run = floors_lz4, .user = &floors};
	c[1] = (struct contender){.name = "floor-memcpy", .run = floors_memcpy, .user = &floors};
	for (; rc == 0 && opened < n_levels; opened++) {
		rc = engine_bench_open(&bench[opened], engine, levels[opened], set, words, sizeof(words));
		c[2 + opened] = (struct contender){.name = engine->name, .run = engine_bench_run, .user = &bench[opened]};
		if (rc < 0)
			break;
	}
	if (rc < 0)
		fprintf(stderr, "sluice-bench: engine %s: %s\n", engine->name, words[0] ? words : strerror(-rc));
	else
		rc = measure(c, 2 + n_levels, set->n, o->rounds);
	for (unsigned i = 0; rc == 0 && i < 2 + n_levels; i++)
		say_contender(r, set, &c[i], i < 2 ? "" : levels[i - 2] ? levels[i - 2] : "best", c[0].ms, o->rounds * set->n);
	for (unsigned i = 0; rc == 0 && o->threads > 1 && i < n_levels; i++)
		say_threads(r, set, engine, levels[i], c[0].ms);
	while (opened)
		engine_bench_close(&bench[--opened]);
	floors_close(&floors);
	return rc;
}

/* --- peers ------------------------------------------------------------------------------------------------------------ */

struct peers_listener {
	struct report *report;
	const struct bench_set *set;
	double floor_ms;
};

static void say_peer(void *user, const char *name, const char *version, double ms, double spread, unsigned laps)
{
	const struct peers_listener *l = user;
	struct bench_line line = {
		.case_name = l->set->made_of->name, .engine = name, .level = version, .threads = 1, .frames = laps, .ms_per_frame = ms,
		.frames_per_s = 1000 / ms, .floor_ms = l->floor_ms, .spread = spread, .mb_per_frame = l->set->compressed_bytes / 1e6,
	};

	print_line(l->report, &line);
}

/* The floor of the case that was just measured. */
static double floor_of(const struct report *r, const char *case_name)
{
	for (unsigned i = 0; i < r->n; i++)
		if (!strcmp(r->lines[i].engine, "floor-lz4") && !strcmp(r->lines[i].case_name, case_name))
			return r->lines[i].ms_per_frame;
	return 0;
}

static int bench_peers(struct report *r, const struct bench_set *set, const struct engine *engine)
{
	const struct bench_options *o = r->options;
	struct peers_listener listener = {r, set, floor_of(r, set->made_of->name)};
	struct peers_cfg cfg = {
		.engine = engine, .level = o->level, .rounds = o->rounds, .seconds = o->quick ? PEERS_QUICK_SECONDS : PEERS_SECONDS,
		.say = say_peer, .user = &listener,
	};
	char message[256] = "";
	int rc = peers_run(set, &cfg, message, sizeof(message));

	if (rc < 0)
		fprintf(stderr, "sluice-bench: case %s: %s\n", set->made_of->name, message);
	return rc;
}

/* --- all of it --------------------------------------------------------------------------------------------------------- */

static bool wanted(const struct bench_options *o, const struct bench_case *c)
{
	return o->case_name ? !strcmp(o->case_name, c->name) : !o->quick || c->quick;
}

static int run_all(struct report *r, const struct engine *engine)
{
	const struct bench_options *o = r->options;
	char message[256];
	int rc = 0, peers = 0;

	if (!o->json)
		line_head(stdout);
	for (size_t i = 0; i < bench_cases_n && rc == 0; i++) {
		struct bench_set *set = NULL;

		if (!wanted(o, &bench_cases[i]))
			continue;
		rc = bench_set_open(&set, &bench_cases[i], (unsigned)sysconf(_SC_NPROCESSORS_ONLN), message, sizeof(message));
		if (rc < 0)
			fprintf(stderr, "sluice-bench: case %s: %s\n", bench_cases[i].name, message);
		else
			rc = bench_set_measure(r, set, engine);
		if (rc == 0 && o->peers && bench_peers(r, set, engine) < 0)
			peers = -1; /* the other cases are measured all the same */
		bench_set_close(&set);
	}
	if (rc == 0 && !o->json)
		detectors_print(stdout, r->lines, r->n);
	return rc < 0 || peers < 0 ? 1 : 0;
}

static int whole_number(const char *name, const char *text, unsigned most, unsigned *out)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*end || text[0] < '0' || text[0] > '9' || !n || n > most) {
		fprintf(stderr, "sluice-bench: %s: '%s' is no whole number from 1 to %u\n", name, text, most);
		return 2;
	}
	*out = (unsigned)n;
	return 0;
}

static int list_cases(void)
{
	for (size_t i = 0; i < bench_cases_n; i++)
		printf("%-18s %s, %g photons per pixel, %u bit%s\n", bench_cases[i].name, bench_cases[i].model, bench_cases[i].mean,
		       8 * pixel_bytes(bench_cases[i].type), bench_cases[i].quick ? ", in --quick" : "");
	return -1;
}

/* 0, -1: done already, else the exit code. */
static int parse(int argc, char **argv, struct bench_options *o)
{
	static const struct option options[] = {
		{"json", no_argument, NULL, 'j'}, {"engine", required_argument, NULL, 'e'}, {"level", required_argument, NULL, 'l'},
		{"levels", no_argument, NULL, 'L'}, {"case", required_argument, NULL, 'c'}, {"threads", required_argument, NULL, 't'},
		{"rounds", required_argument, NULL, 'r'}, {"quick", no_argument, NULL, 'q'}, {"compare", no_argument, NULL, 'C'},
		{"list-cases", no_argument, NULL, 'i'}, {"peers", no_argument, NULL, 'p'}, {"node", required_argument, NULL, 'n'},
		{"frames", required_argument, NULL, 'f'}, {"files", required_argument, NULL, 'd'}, {"help", no_argument, NULL, 'h'}, {0},
	};
	int c, rc = 0;

	while (rc == 0 && (c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (c) {
		case 'j': o->json = true; break;
		case 'e': o->engine = optarg; break;
		case 'l': o->level = optarg; break;
		case 'L': o->levels = true; break;
		case 'c': o->case_name = optarg; break;
		case 'n': o->node.model = optarg; break;
		case 'f': rc = whole_number("--frames", optarg, 1000000, &o->node.frames); break;
		case 'd': o->node.files = optarg; break;
		case 't': rc = whole_number("--threads", optarg, 256, &o->threads); break;
		case 'r': rc = whole_number("--rounds", optarg, 10000, &o->rounds); break;
		case 'p': o->peers = true; break;
		case 'q': o->quick = true; break;
		case 'i': return list_cases();
		case 'h': fputs(help, stdout); return -1;
		case 'C':
			if (optind + 2 != argc)
				return mistake("--compare wants two files", "OLD.json NEW.json");
			return compare_files(argv[optind], argv[optind + 1]) < 0 ? 2 : -1;
		default: return 2;
		}
	}
	if (rc == 0 && optind < argc)
		rc = mistake("not understood", argv[optind]);
	return rc;
}

static void print_node(const struct node_bench *b, const struct bench_options *o)
{
	static const char *const names[] = {"p50", "p95", "p99", "max"};
	bool json = o->json;

	printf(json ? "{\"case\":\"node-%s\",\"bare_frames_per_s\":%.1f,\"bare_mb_per_s\":%.1f,\"frames_per_s\":%.1f"
		    : "node, %s\n  bare client      %10.1f frames/s %10.1f MB/s\n  node             %10.1f frames/s\n",
	       o->node.model, b->bare_frames_per_s, b->bare_mb_per_s, b->node_frames_per_s);
	for (unsigned i = 0; i < 4; i++)
		printf(json ? ",\"latency_%s_ms\":%.4f" : "  latency %s      %10.3f ms\n", names[i], b->latency_ms[i]);
	for (unsigned i = 0; i < b->n_lanes; i++)
		printf(json ? ",\"cpu_us_per_frame_%s\":%.2f" : "  %-16s %10.2f us of CPU per frame\n", b->lane[i].name, b->lane[i].cpu_us_per_frame);
	printf(json ? ",\"allocations_per_frame\":%.3f,\"library_allocations_per_frame\":%.3f"
		    : "  allocations      %10.3f per frame by our code, %.3f by libraries (receive, admit, work, publish, forward)\n",
	       b->our_allocations_per_frame, b->library_allocations_per_frame);
	printf(json ? ",\"frames\":%lu,\"analysed\":%lu,\"written\":%lu,\"machine\":\"%s\",\"commit\":\"%s\"}\n"
		    : "  frames           %10lu, analysed %lu, written %lu\n  %s, commit %s\n",
	       (unsigned long)b->received, (unsigned long)b->analysed, (unsigned long)b->written, line_machine(), line_commit());
}

static int run_node_bench(struct bench_options *o)
{
	struct node_bench b;
	char message[512] = "";

	o->node.cpu_level = o->level;
	if (!o->node.frames)
		o->node.frames = o->quick ? 50 : 500;
	if (node_bench_run(&b, &o->node, message, sizeof(message)) < 0) {
		fprintf(stderr, "sluice-bench: %s\n", message);
		return 1;
	}
	print_node(&b, o);
	return 0;
}

static bool known_case(const char *name)
{
	for (size_t i = 0; i < bench_cases_n; i++)
		if (!strcmp(bench_cases[i].name, name))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	struct bench_options o = {.engine = "cpu", .threads = (unsigned)sysconf(_SC_NPROCESSORS_ONLN)};
	static struct report report;
	const struct engine *engine;
	char words[256];
	int rc = parse(argc, argv, &o);

	if (rc)
		return rc < 0 ? 0 : rc;
	if (!o.rounds)
		o.rounds = o.quick ? QUICK_ROUNDS : ROUNDS;
	engine = engine_named(o.engine);
	if (!engine)
		return mistake("--engine is one of cpu, reference", o.engine);
	if (o.case_name && !known_case(o.case_name))
		return mistake("--case is none of --list-cases", o.case_name);
	if (o.level && engine->probe(&(struct engine_config){.cpu_level = o.level}, words, sizeof(words)) < 0)
		return mistake(words, o.level);
	if (o.node.model)
		return model_find(o.node.model) ? run_node_bench(&o) : mistake("--node is none of sluice-detector --list-detectors", o.node.model);
	report.options = &o;
	return run_all(&report, engine);
}
