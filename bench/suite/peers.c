/* peers.c - what our engine finds, the peers' program, its lines (peers.h). */
#include "bench/suite/peers.h"

#include <errno.h>
#include <jansson.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/suite/engine_bench.h"
#include "bench/suite/measure.h"
#include "bench/suite/peers_files.h"

#define PYTHON "/usr/bin/python3" /* Debian's: another one has not Debian's modules */
#define FRAMES_MAX 64

extern char **environ;

/* --- what is to be found ----------------------------------------------------------------------------------------------- */

enum finding { FOUND_SUM, FOUND_RADIAL_SUM, FOUND_STRONG, FOUND_STRONG_EXTENDED, FOUND_STRONG_EXTENDED_MASKED, FINDINGS };

/* As peers.py calls them; how a person would. */
static const struct { const char *kind, *words; } findings[FINDINGS] = {
	[FOUND_SUM] = {"sum", "counts in valid pixels"},
	[FOUND_RADIAL_SUM] = {"radial_sum", "counts in all radial bins"},
	[FOUND_STRONG] = {"strong", "strong pixels"},
	[FOUND_STRONG_EXTENDED] = {"strong_extended", "strong pixels"},
	[FOUND_STRONG_EXTENDED_MASKED] = {"strong_extended_masked_is_background", "strong pixels"},
};

struct truth {
	uint64_t value[FINDINGS][FRAMES_MAX];
};

static uint64_t total(const uint64_t *sum, size_t n)
{
	uint64_t all = 0;

	for (size_t i = 0; i < n; i++)
		all += sum[i];
	return all;
}

/* strong: which finding the strong pixels of this plan are. */
static int find_by_plan(struct truth *truth, const struct bench_set *set, const struct peers_cfg *cfg, enum finding strong)
{
	struct engine_seat seat = {0};
	struct engine_bench bench;
	int rc = engine_bench_open(&bench, cfg->engine, &(struct engine_config){.cpu_level = cfg->level}, set);

	if (rc == 0)
		rc = engine_seat_open(&seat, &bench, 1);
	for (unsigned i = 0; rc == 0 && i < set->n; i++) {
		rc = engine_seat_run(&seat, i);
		truth->value[strong][i] = seat.result->n_strong;
		truth->value[FOUND_SUM][i] = seat.result->sum;
		truth->value[FOUND_RADIAL_SUM][i] = total(seat.bin_sum, set->plan->n_bins);
	}
	engine_seat_close(&seat);
	engine_bench_close(&bench);
	return rc;
}

static int find(struct truth *truth, const struct bench_set *set, const struct peers_cfg *cfg, char *message, size_t message_bytes)
{
	static const struct { enum finding strong; enum spot_algorithm algorithm; bool masked; } ways[] = {
		{FOUND_STRONG, SPOTS_DISPERSION, false},
		{FOUND_STRONG_EXTENDED, SPOTS_DISPERSION_EXTENDED, false},
		{FOUND_STRONG_EXTENDED_MASKED, SPOTS_DISPERSION_EXTENDED, true},
	};
	int rc = set->n <= FRAMES_MAX ? 0 : -E2BIG;

	for (size_t i = 0; rc == 0 && i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct bench_set other = *set;

		other.settings.algorithm = ways[i].algorithm;
		other.settings.masked_is_background = ways[i].masked;
		other.plan = NULL;
		rc = plan_make(&other.plan, &other.settings, 1, message, message_bytes);
		if (rc == 0)
			rc = find_by_plan(truth, &other, cfg, ways[i].strong);
		plan_free(&other.plan);
	}
	if (rc < 0)
		snprintf(message, message_bytes, "engine %s cannot say what the peers should find: %s", cfg->engine->name, strerror(-rc));
	return rc;
}

/* --- their lines ------------------------------------------------------------------------------------------------------- */

/* Whether a peer did the same work. false: said on standard error where it did not. */
static bool found_the_same(const struct bench_set *set, const struct truth *truth, const char *name, const char *kind, const json_t *values)
{
	unsigned f = 0;

	while (f < FINDINGS && strcmp(findings[f].kind, kind))
		f++;
	if (f == FINDINGS || json_array_size(values) != set->n) {
		fprintf(stderr, "sluice-bench: case %s: %s does not say what it found in each frame\n", set->made_of->name, name);
		return false;
	}
	for (unsigned i = 0; i < set->n; i++) {
		const json_t *value = json_array_get(values, i);

		if (!json_is_integer(value) || (uint64_t)json_integer_value(value) != truth->value[f][i]) {
			fprintf(stderr, "sluice-bench: case %s, frame %u: %s found %lld %s, our engine %llu\n", set->made_of->name, i, name,
				(long long)json_integer_value(value), findings[f].words, (unsigned long long)truth->value[f][i]);
			return false;
		}
	}
	return true;
}

static int say_times(const struct peers_cfg *cfg, const char *name, const char *version, const json_t *times)
{
	size_t n = json_array_size(times);
	double *ms = malloc((n + 1) * sizeof(*ms));
	struct contender c = {0};

	if (!ms)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		ms[i] = json_number_value(json_array_get(times, i));
	if (n)
		measure_conclude(&c, ms, n);
	free(ms);
	if (!(c.ms > 0))
		return -EBADMSG;
	cfg->say(cfg->user, name, version, c.ms, c.spread, (unsigned)n);
	return 0;
}

/* One line of peers.py; -EBADMSG where it is none. */
static int take_line(const char *text, const struct bench_set *set, const struct peers_cfg *cfg, const struct truth *truth)
{
	json_t *o = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	const char *peer = json_string_value(json_object_get(o, "peer")), *absent = json_string_value(json_object_get(o, "absent"));
	const char *version = json_string_value(json_object_get(o, "version")), *kind = json_string_value(json_object_get(o, "kind"));
	char name[64];
	int rc = -EBADMSG;

	snprintf(name, sizeof(name), "peer-%s", peer ? peer : "");
	if (peer && absent) {
		fprintf(stderr, "sluice-bench: %s is absent: %s\n", name, absent);
		rc = 0;
	} else if (peer && version && kind) {
		rc = found_the_same(set, truth, name, kind, json_object_get(o, "values")) ?
			     say_times(cfg, name, version, json_object_get(o, "ms")) : -EILSEQ;
	}
	json_decref(o);
	return rc;
}

/* --- their program ----------------------------------------------------------------------------------------------------- */

/* The program with its standard output in *out. */
static int start(pid_t *pid, FILE **out, const char *directory)
{
	char *arguments[] = {PYTHON, "-B", SLUICE_PEERS, (char *)directory, NULL};
	posix_spawn_file_actions_t actions;
	int ends[2], rc;

	*out = NULL;
	if (pipe(ends) < 0)
		return -errno;
	rc = -posix_spawn_file_actions_init(&actions);
	if (rc == 0)
		rc = -posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	if (rc == 0)
		rc = -posix_spawn_file_actions_addclose(&actions, ends[0]);
	if (rc == 0)
		rc = -posix_spawn_file_actions_addclose(&actions, ends[1]);
	if (rc == 0)
		rc = -posix_spawn(pid, PYTHON, &actions, NULL, arguments, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	if (rc == 0)
		*out = fdopen(ends[0], "r");
	if (!*out)
		close(ends[0]);
	return rc;
}

/* All lines; a peer with other findings does not silence the next one. */
static int read_lines(FILE *from, const struct bench_set *set, const struct peers_cfg *cfg, const struct truth *truth)
{
	char *text = NULL;
	size_t room = 0;
	int rc = 0;

	while (getline(&text, &room, from) > 0) {
		int one = take_line(text, set, cfg, truth);

		rc = rc < 0 ? rc : one;
	}
	free(text);
	return rc;
}

static int run_program(const struct bench_set *set, const struct peers_cfg *cfg, const struct truth *truth, const char *directory)
{
	FILE *out;
	pid_t pid;
	int status = 0, rc = start(&pid, &out, directory);

	if (rc < 0) {
		fprintf(stderr, "sluice-bench: peers are absent: %s: %s\n", PYTHON, strerror(-rc));
		return 0;
	}
	if (out) {
		rc = read_lines(out, set, cfg, truth);
		fclose(out);
	}
	waitpid(pid, &status, 0);
	if (WIFSIGNALED(status))
		fprintf(stderr, "sluice-bench: peers are absent: their program was ended by signal %d\n", WTERMSIG(status));
	else if (status)
		fprintf(stderr, "sluice-bench: peers are absent: their program ended with status %d\n", WEXITSTATUS(status));
	return rc;
}

int peers_run(const struct bench_set *set, const struct peers_cfg *cfg, char *message, size_t message_bytes)
{
	struct truth truth;
	struct peers_files files = {""};
	int rc = find(&truth, set, cfg, message, message_bytes);

	if (rc == 0)
		rc = peers_files_write(&files, set, cfg->rounds, cfg->seconds, message, message_bytes);
	if (rc < 0)
		return rc;
	rc = run_program(set, cfg, &truth, files.directory);
	peers_files_remove(&files);
	if (rc < 0)
		snprintf(message, message_bytes, "%s", rc == -EILSEQ ? "not every peer found what our engine did" : "the peers' program said what is no line");
	return rc;
}
