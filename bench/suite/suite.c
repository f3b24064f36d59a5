/* suite.c - engines side by side (suite.h). */
#include "bench/suite/suite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/suite/detectors.h"
#include "bench/suite/engine_bench.h"
#include "bench/suite/floors.h"
#include "bench/suite/measure.h"
#include "bench/suite/peers.h"
#include "bench/suite/recorded.h"
#include "bench/suite/scaling.h"
#include "bench/suite/write_bench.h"
#include "pipeline/engines.h"

#define RUNNERS_MAX 16
#define CPU_LEVELS 4
#define DEVICES_MAX 8
#define BUDGET_MS 4000.0        /* of a slow engine on one case */
#define QUICK_BUDGET_MS 200.0
#define SCALING_ROUNDS 5
#define SCALING_SECONDS 0.4     /* of one step of one round, and at least so many frames: */
#define SCALING_FRAMES 8
#define QUICK_SECONDS 0.02
#define PEERS_SECONDS 20.0
#define PEERS_QUICK_SECONDS 2.0

static const char *const cpu_levels[CPU_LEVELS] = {"scalar", "avx2", "avx512", "neon"};

/* An engine at one level on one case: frame by frame, and, where it gains by that, in batches. */
struct runner {
	struct engine_bench bench;
	struct engine_seat alone, batched;
	const char *label; /* of the level */
	double ms;         /* per frame, alone */
};

/* A device whose time is counted in clocks: alone, when the others are done. */
struct simulated {
	const struct engine *engine;
	uint32_t device;
};

/* What stands in the table for one case while it is measured. */
struct field {
	struct suite *suite;
	const struct bench_set *set;
	unsigned n;
	struct runner runner[RUNNERS_MAX];
	unsigned n_simulated;
	struct simulated simulated[DEVICES_MAX];
	double floor_ms;
	bool failed;
};

struct engine_config suite_config(const struct suite_cfg *cfg)
{
	return (struct engine_config){.cpu_level = cfg->level, .fpga_image = cfg->fpga_image, .fpga_clock_mhz = cfg->clock_mhz};
}

void suite_print(const struct suite *s, const struct bench_line *line)
{
	if (s->cfg.json)
		line_json(stdout, line);
	else
		line_row(stdout, line);
}

/* Prints it, and keeps it; its strings outlive the suite. */
static void say(struct suite *s, const struct bench_line *line)
{
	if (s->n < SUITE_LINES_MAX)
		s->line[s->n++] = *line;
	suite_print(s, line);
}

/* --- who takes part ---------------------------------------------------------------------------------------------------- */

/* Words that outlive the field: an engine says the same of itself for every case. */
static const char *kept_words(const struct engine_bench *b)
{
	static char words[RUNNERS_MAX][ENGINE_BENCH_WORDS];

	for (unsigned i = 0; i < RUNNERS_MAX; i++) {
		if (!words[i][0])
			snprintf(words[i], sizeof(words[i]), "%s", b->words);
		if (!strcmp(words[i], b->words))
			return words[i];
	}
	return "";
}

static void remove_last(struct field *f)
{
	struct runner *r = &f->runner[--f->n];

	engine_seat_close(&r->batched);
	engine_seat_close(&r->alone);
	engine_bench_close(&r->bench);
}

/* One that cannot do the case is told of, and the others go on. That is a failure, unless it only declines and nobody asked for it. */
static void add_runner(struct field *f, const struct engine *engine, const struct engine_config *config, const char *label)
{
	struct runner *r = &f->runner[f->n];
	char why[ENGINE_BENCH_WORDS];
	unsigned batch;
	int rc;

	if (f->n == RUNNERS_MAX)
		return;
	f->n++;
	*r = (struct runner){.label = label};
	rc = engine_bench_open(&r->bench, engine, config, f->set);
	snprintf(why, sizeof(why), "%s", rc < 0 ? r->bench.words : "");
	batch = rc == 0 ? engine_bench_batch(&r->bench) : 1;
	if (rc == 0)
		rc = engine_seat_open(&r->alone, &r->bench, 1);
	if (rc == 0)
		rc = engine_seat_run(&r->alone, 0); /* some things are declined with the first frame only */
	if (rc == 0 && batch > 1)
		rc = engine_seat_open(&r->batched, &r->bench, batch);
	if (rc == 0)
		return;
	fprintf(stderr, "sluice-bench: case %s: engine %s: %s\n", f->set->made_of->name, engine->name, why[0] ? why : strerror(-rc));
	f->failed |= f->suite->cfg.engine || (rc != -ENODEV && rc != -ENOTSUP);
	remove_last(f);
}

/* Every level of the cpu engine that this machine has, weakest first. */
static void add_levels(struct field *f)
{
	char words[ENGINE_BENCH_WORDS];

	for (unsigned i = 0; i < CPU_LEVELS; i++)
		if (engine_cpu.probe(&(struct engine_config){.cpu_level = cpu_levels[i]}, words, sizeof(words)) == 0)
			add_runner(f, &engine_cpu, &(struct engine_config){.cpu_level = cpu_levels[i]}, cpu_levels[i]);
}

/* Every device of an engine that has such, but none that cannot do it; one that is a processor after all only where it was asked for. */
static void add_devices(struct field *f, const struct engine *engine)
{
	static const char *const numbers[DEVICES_MAX] = {"0", "1", "2", "3", "4", "5", "6", "7"};
	const struct suite_cfg *cfg = &f->suite->cfg;
	struct engine_config config = suite_config(cfg);
	struct engine_device device[DEVICES_MAX];
	char words[ENGINE_BENCH_WORDS];
	int n = engine->devices(device, DEVICES_MAX, words, sizeof(words));

	for (uint32_t i = 0; (int)i < n && i < DEVICES_MAX; i++) {
		bool asked_for = cfg->engine || (cfg->fpga && device[i].simulated);

		config.device = i;
		if (device[i].unfit[0] || (device[i].on_cpu && !asked_for))
			continue;
		if (device[i].simulated)
			f->simulated[f->n_simulated++] = (struct simulated){engine, i};
		else
			add_runner(f, engine, &config, n > 1 ? numbers[i] : "");
	}
}

static void add_engine(struct field *f, const char *name)
{
	const struct suite_cfg *cfg = &f->suite->cfg;
	char words[ENGINE_BENCH_WORDS];
	const struct engine *engine = engines_find(name, words, sizeof(words));

	if (!engine || (!cfg->engine && !engine->devices && engine->probe(&(struct engine_config){0}, words, sizeof(words)) < 0))
		return; /* `sluice engines` says why */
	if (engine->devices)
		add_devices(f, engine);
	else if (engine != &engine_cpu)
		add_runner(f, engine, &(struct engine_config){0}, "");
	else if (cfg->levels)
		add_levels(f);
	else
		add_runner(f, engine, &(struct engine_config){.cpu_level = cfg->level}, cfg->level ? cfg->level : "best");
}

/* --- one case ---------------------------------------------------------------------------------------------------------- */

static void say_contender(struct field *f, const struct contender *c, const struct runner *r, const struct engine_seat *seat)
{
	unsigned batch = seat ? seat->batch : 1;
	struct clocked clocked = {0};

	if (seat)
		clocked_read(&clocked, seat);
	say(f->suite, &(struct bench_line){
		.case_name = f->set->made_of->name, .engine = c->name, .level = r ? r->label : "", .device = r ? kept_words(&r->bench) : "", .threads = 1,
		.batch = batch, .frames = c->laps * batch, .ms_per_frame = c->ms, .frames_per_s = 1000 / c->ms, .floor_ms = f->floor_ms,
		.spread = c->spread, .mb_per_frame = f->set->compressed_bytes / 1e6, .clocked = clocked,
	});
}

/* One frame for each of its units; the rate is the clock's, not the simulator's. */
static void measure_simulated(struct field *f, const struct simulated *s)
{
	struct engine_config config = suite_config(&f->suite->cfg);
	struct engine_bench bench;
	struct clocked c = {0};
	const char *why = "";
	int rc;

	config.device = s->device;
	rc = engine_bench_open(&bench, s->engine, &config, f->set);
	if (rc < 0)
		why = bench.words;
	if (rc == 0)
		rc = clocked_measure(&c, &bench);
	if (rc == 0)
		say(f->suite, &(struct bench_line){
			.case_name = f->set->made_of->name, .engine = s->engine->name, .level = "simulated", .device = kept_words(&bench), .threads = 1,
			.batch = 1, .frames = c.frames, .ms_per_frame = 1000 / c.frames_per_s, .frames_per_s = c.frames_per_s, .floor_ms = f->floor_ms,
			.mb_per_frame = f->set->compressed_bytes / 1e6, .clocked = c,
		});
	if (rc < 0)
		fprintf(stderr, "sluice-bench: case %s: engine %s, simulated: %s\n", f->set->made_of->name, s->engine->name, why[0] ? why : strerror(-rc));
	f->failed |= rc < 0;
	engine_bench_close(&bench);
}

/* Everybody in one measurement: floors first, then every engine's single frames, then the batches. */
static int measure_field(struct field *f, struct floors *floors)
{
	const struct suite_cfg *cfg = &f->suite->cfg;
	struct contender c[2 + 2 * RUNNERS_MAX] = {
		{.name = "floor-lz4", .run = floors_lz4, .user = floors}, {.name = "floor-memcpy", .run = floors_memcpy, .user = floors},
	};
	struct engine_seat *seat[2 + 2 * RUNNERS_MAX] = {NULL};
	unsigned n = 2;
	int rc;

	for (unsigned batched = 0; batched < 2; batched++)
		for (unsigned i = 0; i < f->n; i++) {
			struct runner *r = &f->runner[i];
			struct engine_seat *s = batched ? &r->batched : &r->alone;

			if (!s->batch)
				continue;
			seat[n] = s;
			c[n++] = (struct contender){
				.name = r->bench.engine->name, .run = engine_seat_run, .user = s, .frames_per_lap = s->batch,
				.wall = !engine_bench_on_cpu(r->bench.engine), .budget_ms = cfg->quick ? QUICK_BUDGET_MS : BUDGET_MS,
			};
		}
	rc = measure(c, n, f->set->n, cfg->rounds);
	f->floor_ms = c[0].ms;
	for (unsigned i = 0; rc == 0 && i < n; i++) {
		struct runner *r = NULL;

		for (unsigned k = 0; k < f->n; k++)
			if (seat[i] == &f->runner[k].alone || seat[i] == &f->runner[k].batched)
				r = &f->runner[k];
		if (r && seat[i] == &r->alone)
			r->ms = c[i].ms;
		say_contender(f, &c[i], r, seat[i]);
	}
	return rc;
}

/* Batches where the engine has them: then the crowd is fed as a node would feed it. */
static void measure_scaling(struct field *f, struct runner *r)
{
	const struct suite_cfg *cfg = &f->suite->cfg;
	unsigned batch = r->batched.batch ? r->batched.batch : 1;
	double least = SCALING_FRAMES * batch * r->ms / 1000, seconds = cfg->quick ? QUICK_SECONDS : SCALING_SECONDS;
	struct scaling_step steps[SCALING_STEPS_MAX];
	int n = scaling_run(&r->bench, batch, cfg->threads, cfg->quick ? 1 : SCALING_ROUNDS, cfg->quick || least < seconds ? seconds : least, steps);

	for (int i = 1; i < n; i++)
		say(f->suite, &(struct bench_line){
			.case_name = f->set->made_of->name, .engine = r->bench.engine->name, .level = r->label, .device = kept_words(&r->bench),
			.threads = steps[i].threads, .batch = batch, .frames = steps[i].frames, .ms_per_frame = 1000 / steps[i].frames_per_s,
			.frames_per_s = steps[i].frames_per_s, .floor_ms = f->floor_ms, .spread = steps[i].spread,
			.mb_per_frame = f->set->compressed_bytes / 1e6, .scaling = steps[i].ratio,
			.scaling_cpu = engine_bench_on_cpu(r->bench.engine) ? steps[i].cpu_ratio : 0,
		});
	if (n < 0) {
		fprintf(stderr, "sluice-bench: case %s: engine %s, several threads: %s\n", f->set->made_of->name, r->bench.engine->name, strerror(-n));
		f->failed = true;
	}
}

/* failed: an engine did, which was told; the others are measured. */
static int measure_set(struct suite *suite, const struct bench_set *set, double *floor_ms, int *failed)
{
	const struct suite_cfg *cfg = &suite->cfg;
	struct field *f = calloc(1, sizeof(*f));
	struct floors floors = {0};
	int rc = f ? floors_open(&floors, set) : -ENOMEM;

	if (rc == 0) {
		f->suite = suite;
		f->set = set;
	}
	for (unsigned i = 0; rc == 0 && engines_names[i]; i++)
		if (!cfg->engine || !strcmp(cfg->engine, engines_names[i]))
			add_engine(f, engines_names[i]);
	if (rc == 0)
		rc = measure_field(f, &floors);
	for (unsigned i = 0; rc == 0 && cfg->threads > 1 && i < f->n; i++)
		if (cfg->engine || f->runner[i].bench.engine != &engine_reference) /* nobody runs that one for its speed */
			measure_scaling(f, &f->runner[i]);
	for (unsigned i = 0; rc == 0 && i < f->n_simulated; i++)
		measure_simulated(f, &f->simulated[i]);
	while (f && f->n)
		remove_last(f);
	if (f) {
		*floor_ms = f->floor_ms;
		*failed |= f->failed;
	}
	floors_close(&floors);
	free(f);
	return rc;
}

/* --- peers ------------------------------------------------------------------------------------------------------------- */

struct peers_listener {
	struct suite *suite;
	const struct bench_set *set;
	double floor_ms;
};

static void say_peer(void *user, const char *name, const char *version, double ms, double spread, unsigned laps)
{
	const struct peers_listener *l = user;
	struct bench_line line = {
		.case_name = l->set->made_of->name, .engine = name, .level = version, .device = "", .threads = 1, .batch = 1, .frames = laps,
		.ms_per_frame = ms, .frames_per_s = 1000 / ms, .floor_ms = l->floor_ms, .spread = spread, .mb_per_frame = l->set->compressed_bytes / 1e6,
	};

	suite_print(l->suite, &line);
}

static int run_peers(struct suite *suite, const struct bench_set *set, double floor_ms)
{
	const struct suite_cfg *o = &suite->cfg;
	struct peers_listener listener = {suite, set, floor_ms};
	struct peers_cfg cfg = {
		.engine = &engine_cpu, .level = o->level, .rounds = o->rounds, .seconds = o->quick ? PEERS_QUICK_SECONDS : PEERS_SECONDS,
		.say = say_peer, .user = &listener,
	};
	char message[256] = "";
	int rc;

	if (set->frame[0].payload.codec != CODEC_BSLZ4)
		return 0; /* what they decode is bit-shuffled */
	rc = peers_run(set, &cfg, message, sizeof(message));
	if (rc < 0)
		fprintf(stderr, "sluice-bench: case %s: %s\n", set->made_of->name, message);
	return rc;
}

/* --- all of it --------------------------------------------------------------------------------------------------------- */

static bool wanted(const struct suite_cfg *cfg, const struct bench_case *c)
{
	if (!cfg->kernels && !cfg->case_name)
		return write_bench_wants(c) && (!cfg->quick || c->quick);
	return cfg->case_name ? !strcmp(cfg->case_name, c->name) : !cfg->quick || c->quick;
}

/* -errno: the suite ends here; 1: an engine, a peer or the disk failed, which does not keep the others from being measured. */
static int run_case(struct suite *suite, const struct bench_case *c)
{
	const struct suite_cfg *cfg = &suite->cfg;
	unsigned cores = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
	struct bench_set *set = NULL;
	char message[256] = "";
	double floor_ms = 0;
	int rc = c->file ? recorded_open(&set, c, message, sizeof(message)) : bench_set_open(&set, c, cores, message, sizeof(message)), failed = 0;

	if (rc < 0)
		fprintf(stderr, "sluice-bench: case %s: %s\n", c->name, message);
	if (rc == 0 && cfg->kernels) {
		rc = measure_set(suite, set, &floor_ms, &failed);
		if (rc < 0)
			fprintf(stderr, "sluice-bench: case %s: %s\n", c->name, strerror(-rc));
	}
	if (rc == 0 && cfg->write_into && (cfg->case_name || write_bench_wants(c)))
		failed |= write_bench_run(suite, set) < 0;
	if (rc == 0 && cfg->kernels && cfg->peers)
		failed |= run_peers(suite, set, floor_ms) < 0;
	bench_set_close(&set);
	return rc < 0 ? rc : failed;
}

int suite_run(struct suite *suite)
{
	const struct recorded_cases *recorded = recorded_list();
	int rc = 0, failed = 0;

	if (!suite->cfg.json)
		line_head(stdout);
	for (size_t i = 0; i < bench_cases_n + recorded->n && rc >= 0; i++) {
		const struct bench_case *c = i < bench_cases_n ? &bench_cases[i] : &recorded->list[i - bench_cases_n];

		if (!wanted(&suite->cfg, c))
			continue;
		rc = run_case(suite, c);
		failed |= rc > 0;
	}
	if (rc >= 0 && !suite->cfg.json && suite->cfg.kernels)
		detectors_print(stdout, suite->line, suite->n);
	return rc < 0 || failed;
}
