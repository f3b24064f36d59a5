/* main.c - sluice-bench: the benchmark suite. Its options, and which part of it they want. */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/detector/models.h"
#include "bench/suite/compare.h"
#include "bench/suite/node_bench.h"
#include "bench/suite/node_line.h"
#include "bench/suite/recorded.h"
#include "bench/suite/suite.h"
#include "pipeline/engines.h"

#define ROUNDS 21
#define QUICK_ROUNDS 3
#define NODE_ROUNDS 3
#define THREADS_MAX 256
#define DEVICES_MAX 8

static const char help[] =
	"usage: sluice-bench [--json] [--engine E] [--level L | --levels] [--case C] [--threads N] [--rounds N] [--quick] [--peers] [--fpga]\n"
	"       sluice-bench --node MODEL [--with frames,files] [--files DIR] [--frames N] [--threads N] [--engine E] [--level L] [--json]\n"
	"       sluice-bench --write DIR [--case C] [--json]\n"
	"       sluice-bench --all [--peers] [--json]\n"
	"       sluice-bench --compare OLD.json NEW.json\n"
	"\n"
	"Times the whole analysis of a frame (decompress, mask, radial sums, strong pixels, spots) on frames that the suite makes itself, the same on\n"
	"every machine, against floors measured in the same run: liblz4 alone, and memcpy of the raw frame. Every engine that is there takes part;\n"
	"engines and floors alternate. Figures are medians: of the thread's CPU time, or of wall time where an engine has a device of its own, and with\n"
	"several threads.\n"
	"\n"
	"  --json         one JSON object a line: case, engine, level, threads, batch, frames, ms_per_frame, frames_per_s, floor_ms, x_floor, spread,\n"
	"                 mb_per_frame, machine, commit, and where they apply scaling, device, clocks_per_frame, clock_mhz, stages, card memory;\n"
	"                 bench/report makes a page with plots of them\n"
	"  --engine E     this engine only (default: all that `sluice engines` shows to be there)\n"
	"  --level L      this level of the cpu engine only (scalar, avx2, avx512, neon; default: the best)\n"
	"  --levels       every level of the cpu engine that the machine has\n"
	"  --case C       this case only (--list-cases)\n"
	"  --fpga         the simulated FPGA beside the others, where it is there: not by default, nor in --all, since a large frame takes it ten seconds. Each of its\n"
	"                 units does one frame; its figures are clocks, and frames/s at the stated clock. --engine fpga: it alone\n"
	"  --clock-mhz N  that clock (default 250), which is an assumption until a card has been built with it\n"
	"  --fpga-image F the .xclbin that FPGA cards are loaded with; those are timed as they run\n"
	"  --threads N    also with 2, 4 ... N threads at once, and how that scales (default: the machine's cores; 1: no)\n"
	"  --rounds N     times every frame is done (default 21); of --node: times the node and the bare client take turns (default 3)\n"
	"  --quick        small frames, few rounds: shows that it works, its figures mean little\n"
	"  --peers        other people's programs, too, where they are installed, for their part of the work on the same frames: the bitshuffle\n"
	"                 package's decoder alone and through h5py, DIALS' dispersion and dispersion_extended, pyFAI's histogram and CSR integrators, each on one thread and timed\n"
	"                 around the call into its library (level: the library's version). One that does not find what our engine does: exit 1\n"
	"  --node MODEL   the whole node over ZeroMQ on loopback, fed by a simulated detector (eiger2-4m, eiger2-16m, arina, ...) as fast as it\n"
	"                 takes frames, in turn with a client that only receives and frees; a client of its own takes the results\n"
	"  --with LIST    of --node: frames (all are kept and sent on to a client of their own), files (all are written), or both\n"
	"  --files DIR    of --node: where files go while it runs (implies --with files; default TMPDIR, else /tmp)\n"
	"  --frames N     of --node: per turn (default: some seconds' worth)\n"
	"  --write DIR    NXmx files against plain writes of the same bytes to the same file system, in a folder in DIR that is removed again\n"
	"  --all          everything: all cases, --write, and the node with an EIGER2 16M, a 1M and an ARINA, with results only and with frames and files\n"
	"  --compare      two outputs of --json side by side\n"
	"  --list-cases   print the cases and exit\n";

struct bench_options {
	struct suite_cfg suite;
	struct node_bench_cfg node;
	bool all;
};

static int mistake(const char *what, const char *value)
{
	fprintf(stderr, "sluice-bench: %s: '%s' (sluice-bench --help)\n", what, value);
	return 2;
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

/* "results" is always on, and may be said. */
static int with_list(struct node_bench_cfg *node, const char *text)
{
	static const char *const names[] = {"results", "frames", "files"};
	bool *const wanted[] = {&(bool){false}, &node->with_frames, &node->with_files};

	for (const char *at = text; *at;) {
		size_t n = strcspn(at, ","), i = 0;

		while (i < 3 && (strlen(names[i]) != n || strncmp(names[i], at, n)))
			i++;
		if (i == 3)
			return mistake("--with is a list of results, frames, files", text);
		*wanted[i] = true;
		at += n + (at[n] == ',');
	}
	return 0;
}

static int list_cases(void)
{
	const struct recorded_cases *recorded = recorded_list();

	for (size_t i = 0; i < bench_cases_n; i++)
		printf("%-18s %s, %g photons per pixel%s, %u bit, %s%s\n", bench_cases[i].name, bench_cases[i].model, bench_cases[i].mean,
		       bench_cases[i].powder ? " and rings" : "", 8 * pixel_bytes(bench_cases[i].type),
		       bench_cases[i].codec == CODEC_NONE ? codec_name(CODEC_BSLZ4) : codec_name(bench_cases[i].codec),
		       bench_cases[i].quick ? ", in --quick" : "");
	for (unsigned i = 0; i < recorded->n; i++)
		printf("%-18s %s\n", recorded->list[i].name, recorded->list[i].file);
	return -1;
}

static const struct option options[] = {
	{"json", no_argument, NULL, 'j'}, {"engine", required_argument, NULL, 'e'}, {"level", required_argument, NULL, 'l'},
	{"levels", no_argument, NULL, 'L'}, {"case", required_argument, NULL, 'c'}, {"threads", required_argument, NULL, 't'},
	{"rounds", required_argument, NULL, 'r'}, {"quick", no_argument, NULL, 'q'}, {"compare", no_argument, NULL, 'C'},
	{"list-cases", no_argument, NULL, 'i'}, {"peers", no_argument, NULL, 'p'}, {"node", required_argument, NULL, 'n'},
	{"frames", required_argument, NULL, 'f'}, {"files", required_argument, NULL, 'd'}, {"with", required_argument, NULL, 'w'},
	{"write", required_argument, NULL, 'W'}, {"all", no_argument, NULL, 'a'}, {"fpga", no_argument, NULL, 'F'},
	{"clock-mhz", required_argument, NULL, 'm'}, {"fpga-image", required_argument, NULL, 'x'}, {"help", no_argument, NULL, 'h'}, {0},
};

/* 0, -1: done already, else the exit code. */
static int parse(int argc, char **argv, struct bench_options *o)
{
	int c, rc = 0;

	while (rc == 0 && (c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (c) {
		case 'j': o->suite.json = true; break;
		case 'e': o->suite.engine = optarg; break;
		case 'l': o->suite.level = optarg; break;
		case 'L': o->suite.levels = true; break;
		case 'c': o->suite.case_name = optarg; break;
		case 'n': o->node.model = optarg; break;
		case 'f': rc = whole_number("--frames", optarg, 1000000, &o->node.frames); break;
		case 'd': o->node.folder = optarg; o->node.with_files = true; break;
		case 'w': rc = with_list(&o->node, optarg); break;
		case 'W': o->suite.write_into = optarg; break;
		case 't': rc = whole_number("--threads", optarg, THREADS_MAX, &o->suite.threads); break;
		case 'r': rc = whole_number("--rounds", optarg, 10000, &o->suite.rounds); break;
		case 'p': o->suite.peers = true; break;
		case 'q': o->suite.quick = true; break;
		case 'a': o->all = true; break;
		case 'F': o->suite.fpga = true; break;
		case 'm': rc = whole_number("--clock-mhz", optarg, 1000, &o->suite.clock_mhz); break;
		case 'x': o->suite.fpga_image = optarg; break;
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

static bool known_case(const char *name)
{
	const struct recorded_cases *recorded = recorded_list();

	for (size_t i = 0; i < bench_cases_n; i++)
		if (!strcmp(bench_cases[i].name, name))
			return true;
	for (unsigned i = 0; i < recorded->n; i++)
		if (!strcmp(recorded->list[i].name, name))
			return true;
	return false;
}

/* Whether an engine can do anything here, with why not. */
static int probe(const struct engine *engine, const struct engine_config *config, char *words, size_t bytes)
{
	struct engine_device device[DEVICES_MAX];
	int n = engine->devices ? engine->devices(device, DEVICES_MAX, words, bytes) : 0;

	if (!engine->devices)
		return engine->probe(config, words, bytes);
	for (int i = 0; i < n && i < DEVICES_MAX; i++)
		if (!device[i].unfit[0])
			return 0;
	if (n > 0)
		snprintf(words, bytes, "%s", device[0].unfit);
	return -ENODEV;
}

static int check_engine(const char *name, const char *level, const struct engine_config *config)
{
	const struct engine *engine;
	char words[256] = "";

	if (name) {
		engine = engines_find(name, words, sizeof(words));
		if (!engine)
			return mistake(words, name);
		if (probe(engine, config, words, sizeof(words)) < 0)
			return mistake(words, name);
	}
	if (level && engine_cpu.probe(&(struct engine_config){.cpu_level = level}, words, sizeof(words)) < 0)
		return mistake(words, level);
	return 0;
}

static int check(const struct bench_options *o)
{
	struct engine_config config = suite_config(&o->suite);
	int rc = check_engine(o->suite.fpga ? "fpga" : NULL, NULL, &config);

	if (rc == 0)
		rc = check_engine(o->suite.engine, o->suite.level, &config);

	if (rc == 0 && o->suite.case_name && !known_case(o->suite.case_name))
		rc = mistake("--case is none of --list-cases", o->suite.case_name);
	if (rc == 0 && o->node.model && !model_find(o->node.model))
		rc = mistake("--node is none of sluice-detector --list-detectors", o->node.model);
	if (rc == 0 && o->suite.write_into && access(o->suite.write_into, W_OK) < 0)
		rc = mistake("--write: nothing can be written there", o->suite.write_into);
	if (rc == 0 && o->node.folder && access(o->node.folder, W_OK) < 0)
		rc = mistake("--files: nothing can be written there", o->node.folder);
	return rc;
}

static int run_node(const struct bench_options *o, struct node_bench_cfg cfg)
{
	static struct node_bench bench;
	char message[512] = "";

	cfg.cpu_level = o->suite.level;
	cfg.engine = o->suite.engine;
	cfg.quick = o->suite.quick;
	cfg.rounds = o->suite.quick ? 1 : o->suite.rounds ? o->suite.rounds : NODE_ROUNDS;
	if (node_bench_run(&bench, &cfg, message, sizeof(message)) < 0) {
		fprintf(stderr, "sluice-bench: node, %s: %s\n", cfg.model, message);
		return 1;
	}
	node_line_print(&bench, &cfg, o->suite.json);
	return 0;
}

static int run_nodes(const struct bench_options *o)
{
	static const char *const names[] = {"arina", "eiger2-1m", "eiger2-16m"};
	int rc = 0;

	for (unsigned i = 0; i < (o->suite.quick ? 1 : 3); i++)
		for (int with = 0; with < 2; with++)
			rc |= run_node(o, (struct node_bench_cfg){.model = names[i], .frames = o->node.frames, .threads = o->node.threads,
								  .folder = o->node.folder, .with_frames = with, .with_files = with});
	return rc;
}

static int run_suite(struct bench_options *o)
{
	static struct suite suite;

	o->suite.kernels = o->all || !o->suite.write_into;
	if (o->all && !o->suite.write_into)
		o->suite.write_into = getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp";
	if (!o->suite.rounds)
		o->suite.rounds = o->suite.quick ? QUICK_ROUNDS : ROUNDS;
	if (!o->suite.threads)
		o->suite.threads = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
	suite.cfg = o->suite;
	return suite_run(&suite);
}

int main(int argc, char **argv)
{
	struct bench_options o = {0};
	int rc = parse(argc, argv, &o);

	if (rc == 0)
		rc = check(&o);
	if (rc)
		return rc < 0 ? 0 : rc;
	o.node.threads = o.suite.threads;
	if (o.node.model)
		return run_node(&o, o.node);
	rc = o.all ? run_nodes(&o) : 0; /* first: it forks, which wants a process of one thread */
	return run_suite(&o) | rc;
}
