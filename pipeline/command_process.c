/* command_process.c - `sluice process`: the node over a recorded file, as fast as it goes. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "host/frame_file.h"
#include "host/log.h"
#include "pipeline/command.h"
#include "pipeline/config.h"
#include "pipeline/plans.h"
#include "pipeline/receive.h"
#include "pipeline/report.h"

static const char help[] =
	"usage: sluice process FILE.h5 [--out DIR] [--json] [--with strong,spots,radial] [--config FILE] [--set KEY=VALUE ...]\n"
	"\n"
	"The same analysis as `sluice run`, over a recorded file: NXmx, EIGER-style masters with links or virtual datasets, plain data files.\n"
	"\n"
	"  --out DIR         write what the storage policy keeps, and all results, as HDF5 files into DIR\n"
	"  --json            one JSON object per frame and channel on standard output, nothing else there\n"
	"  --with LIST       in the JSON also: strong (flat indices), spots ([x, y, sum, n_px]), radial (profile)\n"
	"  --config FILE     a node's configuration; inputs are not used, and results are only published with --set output.results=...\n"
	"  --set KEY=VALUE   overrides one key, e.g. --set spots.algorithm=dispersion_extended; may be given again\n"
	"  --quiet           no progress, no table\n"
	"\n"
	"example: sluice process run_12_master.h5 --out /data/hits --set hit.when='n_spots_range >= 15'\n";

struct process_options {
	const char *file, *out, *config;
	struct command_sets sets;
	bool json, quiet;
	unsigned with;
};

static int parse(int argc, char **argv, struct process_options *o)
{
	static const struct option options[] = {
		{"set", required_argument, NULL, 's'}, {"out", required_argument, NULL, 'o'}, {"json", no_argument, NULL, 'j'},
		{"with", required_argument, NULL, 'w'}, {"config", required_argument, NULL, 'c'}, {"quiet", no_argument, NULL, 'q'},
		{"help", no_argument, NULL, 'h'}, {0},
	};
	int c;

	/* Nothing is published or served unless asked for: a node may be running on the same machine. */
	o->sets.set[o->sets.n++] = "output.results=none";
	o->sets.set[o->sets.n++] = "http.listen=none";
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":qh", options, NULL)) != -1) {
		if (c == 's' && o->sets.n < COMMAND_SETS_MAX)
			o->sets.set[o->sets.n++] = optarg;
		else if (c == 'o')
			o->out = optarg;
		else if (c == 'j')
			o->json = true;
		else if (c == 'c')
			o->config = optarg;
		else if (c == 'q')
			o->quiet = true;
		else if (c == 'h')
			return fputs(help, stdout) < 0 ? COMMAND_FAILED : -1;
		else if (c != 'w')
			return command_option_mistake("process", c, argv);
		else if (report_with_from_text(optarg, &o->with) < 0)
			return command_mistake("process", "--with: '%s' is not a list of strong, spots, radial", optarg);
	}
	if (optind + 1 != argc)
		return command_mistake("process", optind < argc ? "one file at a time" : "which file?");
	if (o->with && !o->json)
		return command_mistake("process", "--with says what --json prints: give both");
	o->file = argv[optind];
	return 0;
}

static void print_record(void *user, const struct node *node, const struct record *record, uint32_t channel, const uint32_t *strong)
{
	const struct process_options *o = user;
	const struct run_channel *rc = &node->runs.run[0].channel[channel];
	const double *q = NULL;

	if (atomic_load_explicit(&rc->plan_state, memory_order_acquire) == PLAN_READY)
		q = rc->plan->plan->bin_q;
	report_json(stdout, record, channel, q, strong, o->with);
}

static void print_run(void *user, const struct node *node, const struct run *run)
{
	const struct process_options *o = user;

	if (!o->quiet)
		report_run(o->json ? stderr : stdout, node, run);
}

static void progress(const struct node *node, uint64_t n_frames, bool last)
{
	uint64_t done = ledger_get(&node->total, LEDGER_KEPT) + ledger_get(&node->total, LEDGER_RELEASED) + ledger_get(&node->total, LEDGER_UNREADABLE);
	int filled = n_frames ? (int)(done * 40 / n_frames) : 40;

	fprintf(stderr, "\r[%.*s%.*s] %" PRIu64 "/%" PRIu64 " frames, %" PRIu64 " hits%s", filled, "########################################",
		40 - filled, "                                        ", done, n_frames, ledger_get(&node->total, LEDGER_HITS), last ? "\n" : "");
}

static void watch(struct node *node, uint64_t n_frames, bool show)
{
	struct timespec nap = {0, 5000000};

	for (unsigned i = 0; !command_stopped && !atomic_load_explicit(&node->runs_done, memory_order_acquire); i++) {
		if (show && i % 20 == 0)
			progress(node, n_frames, false);
		nanosleep(&nap, NULL);
	}
	node_drain(node);
	if (show)
		progress(node, n_frames, true);
}

/* FILE without its folder, .h5 and _master. */
static void stem(const char *path, char *name, size_t bytes)
{
	const char *base = strrchr(path, '/');
	char *end;

	snprintf(name, bytes, "%s", base ? base + 1 : path);
	end = strstr(name, ".h5");
	if (end && !end[3])
		*end = '\0';
	end = strstr(name, "_master");
	if (end && !end[7] && end != name)
		*end = '\0';
}

static int process(const struct process_options *o, const struct config *config)
{
	struct node *node = NULL;
	struct stream_limits limits = receive_limits(config);
	struct frame_file *file = NULL;
	char message[1024] = "", name[256], broken[160];
	bool good = false;
	int rc = frame_file_open(&file, o->file, &limits, message, sizeof(message));

	if (rc < 0) {
		fprintf(stderr, "sluice process: %s\n", message);
		return COMMAND_MISTAKE;
	}
	stem(o->file, name, sizeof(name));
	rc = node_open(&node, &(struct node_cfg){
		.config = config, .version = COMMAND_VERSION, .file = file, .patient = true, .with_strong = o->with & REPORT_STRONG,
		.on_record = o->json ? print_record : NULL, .on_record_user = (void *)o, .on_run = print_run,
		.on_run_user = (void *)o, .name = name,
	}, message, sizeof(message));
	if (rc < 0) {
		fprintf(stderr, "sluice process: %s\n", message);
	} else {
		watch(node, frame_file_info(file)->n_frames, !o->quiet && isatty(STDERR_FILENO));
		good = ledger_check(&node->total, node->sinks, broken, sizeof(broken)) && !command_stopped &&
		       !ledger_get(&node->total, LEDGER_UNREADABLE) && !ledger_get(&node->total, LEDGER_FAILED);
	}
	node_close(&node);
	frame_file_close(&file);
	if (fflush(stdout) != 0)
		good = false;
	return rc == -EINVAL ? COMMAND_MISTAKE : good ? COMMAND_DONE : COMMAND_FAILED;
}

int command_process(int argc, char **argv)
{
	struct process_options o = {0};
	struct config *config = malloc(sizeof(*config));
	char directory[CONFIG_TEXT_MAX + 32];
	int rc = parse(argc, argv, &o);

	if (rc == 0 && o.out) {
		snprintf(directory, sizeof(directory), "output.directory=%s", o.out);
		o.sets.set[o.sets.n++] = directory;
	}
	if (rc == 0)
		rc = command_config("process", config, o.config, &o.sets);
	if (rc == 0) {
		log_set_level((enum log_level)log_level_from_name(config->log.level));
		if (o.quiet || o.json)
			log_set_level(LOG_WARNING);
		command_catch_signals();
		rc = process(&o, config);
	}
	free(config);
	return rc < 0 ? COMMAND_DONE : rc;
}
