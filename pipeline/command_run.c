/* command_run.c - `sluice run`: the node, until it is told to stop. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "host/clock.h"
#include "host/log.h"
#include "pipeline/command.h"
#include "pipeline/config.h"
#include "pipeline/report.h"
#include "pipeline/supervise.h"

static const char help[] =
	"usage: sluice run [CONFIG] [--set KEY=VALUE ...] [--runs N] [--seconds N] [--quiet]\n"
	"\n"
	"Takes frames from the detector, analyses every one, sends out results and kept frames, and writes files.\n"
	"Prints a line per second and, at the end of every run, where each of its frames ended. Ctrl-C ends it.\n"
	"\n"
	"  CONFIG            YAML file; `sluice config` prints every key with its default\n"
	"  --set KEY=VALUE   overrides one key, e.g. --set spots.kernel=4; may be given again\n"
	"  --runs N          stop after N runs have ended\n"
	"  --seconds N       stop after N seconds\n"
	"  --quiet           no line per second\n"
	"\n"
	"example: sluice run configs/eiger2-16m-serial.yaml --set input=tcp://10.0.0.5:31001 --set output.directory=/data\n";

struct run_options {
	const char *config;
	struct command_sets sets;
	uint64_t runs, seconds;
	bool quiet;
};

static int whole_number(const char *name, const char *text, uint64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoull(text, &end, 10);
	if (errno || *end || text[0] < '0' || text[0] > '9' || !*out)
		return command_mistake("run", "%s: '%s' is no whole number above 0", name, text);
	return 0;
}

/* 0, -1: help was printed, or COMMAND_MISTAKE. */
static int parse(int argc, char **argv, struct run_options *o)
{
	static const struct option options[] = {
		{"set", required_argument, NULL, 's'}, {"runs", required_argument, NULL, 'n'}, {"seconds", required_argument, NULL, 't'},
		{"quiet", no_argument, NULL, 'q'}, {"help", no_argument, NULL, 'h'}, {0},
	};
	int c, rc = 0;

	opterr = 0;
	while (rc == 0 && (c = getopt_long(argc, argv, ":qh", options, NULL)) != -1) {
		if (c == 's' && o->sets.n < COMMAND_SETS_MAX)
			o->sets.set[o->sets.n++] = optarg;
		else if (c == 'n')
			rc = whole_number("--runs", optarg, &o->runs);
		else if (c == 't')
			rc = whole_number("--seconds", optarg, &o->seconds);
		else if (c == 'q')
			o->quiet = true;
		else if (c == 'h')
			return fputs(help, stdout) < 0 ? COMMAND_FAILED : -1;
		else
			rc = command_option_mistake("run", c, argv);
	}
	if (rc == 0 && optind < argc)
		o->config = argv[optind++];
	if (rc == 0 && optind < argc)
		rc = command_mistake("run", "'%s': one configuration file at most", argv[optind]);
	return rc;
}

/* A terminal that is stopped or a pipe that nobody empties must not hold up the node. What poll promises is enough for what is printed at a time. */
static bool is_read(void)
{
	struct pollfd p = {STDOUT_FILENO, POLLOUT, 0};

	return poll(&p, 1, 0) > 0 && p.revents & POLLOUT;
}

static void print_run(void *user, const struct node *node, const struct run *run)
{
	(void)user;
	if (is_read())
		report_run(stdout, node, run);
	else
		log_line(LOG_WARNING, "run %" PRIu64 ": its table is not printed, nobody reads it", run->number);
}

static void say_what_runs(const struct config *c)
{
	for (uint32_t i = 0; i < c->input.n; i++)
		log_line(LOG_INFO, "waiting for the detector at %s", c->input.entry[i].endpoint);
	if (strcmp(c->output.results, "none"))
		log_line(LOG_INFO, "results go out at %s", c->output.results);
	if (strcmp(c->output.frames, "none"))
		log_line(LOG_INFO, "kept frames go out at %s", c->output.frames);
	if (strcmp(c->output.directory, "none"))
		log_line(LOG_INFO, "files go to %s", c->output.directory);
}

static void watch(struct node *node, const struct run_options *o)
{
	struct timespec nap = {0, 20000000};
	uint64_t begun_ns = clock_monotonic_ns(), next_ns = begun_ns + 1000000000u;
	struct report_rate rate = {.ns = begun_ns};
	struct supervise supervise;
	char line[512];

	supervise_begin(&supervise);
	while (!command_stopped) {
		uint64_t now_ns = clock_monotonic_ns();

		if (o->runs && atomic_load_explicit(&node->runs_done, memory_order_acquire) >= o->runs)
			return;
		if (o->seconds && now_ns - begun_ns >= o->seconds * 1000000000u)
			return;
		line[0] = '\0';
		if (now_ns >= next_ns) {
			next_ns += 1000000000u;
			report_status(node, &rate, line, sizeof(line));
			if (!o->quiet && is_read() && puts(line) >= 0)
				fflush(stdout);
		}
		supervise_turn(&supervise, node, line[0] ? line : NULL, now_ns);
		nanosleep(&nap, NULL);
	}
}

int command_run(int argc, char **argv)
{
	struct run_options o = {0};
	struct config *config = malloc(sizeof(*config));
	struct node *node = NULL;
	char message[1024], broken[160];
	bool balanced;
	int rc = parse(argc, argv, &o);

	if (rc == 0)
		rc = command_config("run", config, o.config, &o.sets);
	if (rc != 0) {
		free(config);
		return rc < 0 ? COMMAND_DONE : rc;
	}
	log_set_level((enum log_level)log_level_from_name(config->log.level));
	command_catch_signals();
	rc = node_open(&node, &(struct node_cfg){.config = config, .version = COMMAND_VERSION, .on_run = print_run},
		       message, sizeof(message));
	if (rc < 0) {
		fprintf(stderr, "sluice run: %s\n", message);
		free(config);
		return rc == -EINVAL ? COMMAND_MISTAKE : COMMAND_FAILED;
	}
	say_what_runs(config);
	watch(node, &o);
	supervise_end();
	node_drain(node);
	balanced = ledger_check(&node->total, node->sinks, broken, sizeof(broken));
	/* What belongs to no run stands in the total alone. */
	if (is_read() && (atomic_load_explicit(&node->runs_done, memory_order_acquire) != 1 || ledger_get(&node->total, LEDGER_LATE) ||
	    ledger_get(&node->total, LEDGER_UNREADABLE)))
		report_total(stdout, node);
	node_close(&node);
	free(config);
	return balanced ? COMMAND_DONE : COMMAND_FAILED;
}
