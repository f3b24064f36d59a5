/* main.c - sluice-gpu-bench: device engines on a machine with a card and little else. See bench/gpu-check, which builds and runs it.
 *
 * Per device and case: are the results the reference's, bit for bit; frames per second with several queues at work, against what the bytes
 * alone take over PCIe; the time of one frame's answer; the time of every kernel. */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/gpu/floors.h"
#include "bench/gpu/rates.h"
#include "bench/gpu/timed_driver.h"
#include "kernels/device/engine_of.h"
#include "kernels/opencl/opencl.h"
#ifdef SLUICE_WITH_CUDA
#include "kernels/cuda/driver.h"
DEVICE_ENGINE(engine_cuda, "cuda", driver_cuda)
#endif

#define DEVICES_MAX 16u
#define MB 1e6
#define LATENCY_ROUNDS 300u
#define SMALL_BATCH_BYTES (4.5 * MB) /* small frames go together up to this */

static const struct {
	const struct driver *driver;
	const struct engine *engine;
} engines[] = {
#ifdef SLUICE_WITH_CUDA
	{&driver_cuda, &engine_cuda},
#endif
	{&opencl_driver, &engine_opencl},
};
#define N_ENGINES (sizeof(engines) / sizeof(engines[0]))

static const char help[] =
	"usage: sluice-gpu-bench [--engine cuda|opencl] [--case C]... [--queues N] [--batch N] [--seconds S] [--quick] [--json]\n"
	"\n"
	"Runs every device of the engines that drive cards on frames that it makes itself, compares the results with the reference bit for bit, and times\n"
	"whole engine and single kernels against what moving the bytes alone takes. Exit status 1 where a result differs or a device fails.\n"
	"\n"
	"  --engine E     this engine only\n"
	"  --case C       these cases only (default: all)\n"
	"  --queues N     at work at the same time (default 4)\n"
	"  --batch N      frames of a submit (default: as many as make about 4.5 MB)\n"
	"  --seconds S    of every throughput measurement (default 2)\n"
	"  --check        self-test, and one small case compared with the reference: for compute-sanitizer; nothing is timed\n"
	"  --no-compare   trust the results: the reference takes a second for a large frame\n"
	"  --quick        small frames and short times: shows that it works\n"
	"  --json         one JSON object a line beside the table's rows, on standard output; the table goes to standard error\n";

struct options {
	const char *engine, *cases[32];
	unsigned n_cases, queues, batch;
	double seconds;
	bool quick, json, compare, check;
};

/* One device under test. */
struct subject {
	const struct options *options;
	const struct driver *driver;
	const struct engine *engine;
	struct engine_context *context;
	struct engine_device device;
	uint32_t number;
	double copy_gb_s;
	FILE *table;
	int failures;
};

static void print_device(const struct subject *s)
{
	fprintf(s->table, "\n%s device %u: %s, %.1f GiB, driver %s, PCI %s\n", s->engine->name, s->number, s->device.name,
		(double)s->device.memory_bytes / (1u << 30), s->device.driver[0] ? s->device.driver : "?", s->device.pci[0] ? s->device.pci : "?");
}

static int measure_floors(struct subject *s)
{
	struct driver_device *device = NULL;
	char words[256] = "";
	size_t bytes = s->options->quick ? 1u << 20 : (size_t)(4.5 * MB) / 256 * 256;
	double clear_gb_s, back_us;
	int rc = s->driver->open(&device, s->number, &(struct engine_cache){0}, (struct driver_words){words, sizeof(words)});

	if (rc < 0) {
		fprintf(s->table, "  cannot be opened: %s\n", words);
		return rc;
	}
	s->copy_gb_s = floor_copy_in(s->driver, device, bytes, s->options->queues);
	clear_gb_s = floor_clear(s->driver, device);
	back_us = floor_copy_back_us(s->driver, device);
	s->driver->close(&device);
	fprintf(s->table, "  floors: copies in %.1f GB/s (%u queues, %.1f MB each), writes to its memory %.0f GB/s, a copy of 4 kB back known after %.1f us\n",
		s->copy_gb_s, s->options->queues, bytes / MB, clear_gb_s, back_us);
	return s->copy_gb_s < 0 || clear_gb_s < 0 || back_us < 0 ? -EIO : 0;
}

static unsigned batch_for(const struct options *o, const struct engine_bench *b)
{
	double wanted = o->batch ? o->batch : SMALL_BATCH_BYTES / b->set->compressed_bytes;

	return wanted < 1 ? 1 : wanted > b->can.max_batch ? b->can.max_batch : (unsigned)wanted;
}

static void print_kernels(const struct subject *s, const char *case_name, unsigned frames)
{
	fprintf(s->table, "    kernels, us per frame:");
	for (unsigned k = 0; k < TIMED_KINDS; k++) {
		struct timed_total t = timed_total(k);

		if (!t.n)
			continue;
		fprintf(s->table, "  %s %.1f", timed_name(k), t.us / frames);
		if (s->options->json)
			printf("{\"case\":\"%s\",\"engine\":\"%s\",\"device\":\"%s\",\"kernel\":\"%s\",\"us_per_frame\":%.2f}\n", case_name,
			       s->engine->name, s->device.name, timed_name(k), t.us / frames);
	}
	fprintf(s->table, "\n");
}

/* Every kernel by itself; what the frames come to is of no use then. */
static void time_kernels(const struct subject *s, const struct bench_set *set, unsigned batch)
{
	struct engine_context *context = NULL;
	struct engine_bench bench = {0};
	struct engine_seat seat = {0};
	const struct engine_config config = {.device = s->number};
	int rc = device_open(timed_driver(s->driver), &context, &config);

	if (rc == 0)
		rc = rates_take(&bench, s->engine, context, set);
	if (rc == 0)
		rc = engine_seat_open(&seat, &bench, batch);
	if (rc == 0) {
		engine_seat_run(&seat, 0); /* memory grows, kernels warm up */
		timed_clear();
		engine_seat_run(&seat, 0);
		print_kernels(s, set->made_of->name, batch);
	}
	engine_seat_close(&seat);
	rates_drop(&bench);
	if (context)
		device_close(&context);
}

static void fail(struct subject *s, const char *case_name, const char *what, double rc)
{
	fprintf(s->table, "  %-20s FAILED: %s: error %d\n", case_name, what, (int)-rc);
	s->failures++;
}

static void print_row(const struct subject *s, const struct bench_set *set, const char *algorithm, unsigned batch, const struct sustained *sustained,
		      const struct latency_us *latency, const char *equal)
{
	double floor_us = set->compressed_bytes / s->copy_gb_s / 1000, rate = sustained->frames_per_s, us = 1e6 / rate;

	fprintf(s->table, "  %-20s %-10s %-9s %6.2f %9.0f %9.1f %8.1f %7.2f %9.1f %8.1f  %u x %u\n", set->made_of->name, algorithm, equal,
		set->compressed_bytes / MB, rate, us, floor_us, us / floor_us, latency->median, latency->p99, sustained->queues, batch);
	if (s->options->json)
		printf("{\"case\":\"%s\",\"engine\":\"%s\",\"device\":\"%s\",\"algorithm\":\"%s\",\"equal\":\"%s\",\"queues\":%u,\"batch\":%u,\"frames_per_s\":%.1f,"
		       "\"floor_us\":%.2f,\"x_floor\":%.3f,\"latency_p50_us\":%.1f,\"latency_p99_us\":%.1f,\"mb_per_frame\":%.4f,\"commit\":\"%s\"}\n",
		       set->made_of->name, s->engine->name, s->device.name, algorithm, equal, sustained->queues, batch, rate, floor_us, us / floor_us,
		       latency->median, latency->p99, set->compressed_bytes / MB, SLUICE_COMMIT);
}

static void measure_set(struct subject *s, const struct engine_bench *bench, const char *algorithm, const char *equal)
{
	const char *name = bench->set->made_of->name;
	unsigned batch = batch_for(s->options, bench);
	struct latency_us latency;
	struct sustained sustained;
	int rc = rates_latency(&latency, bench, s->options->quick ? 10 : LATENCY_ROUNDS);

	if (rc < 0) {
		fail(s, name, "one frame at a time", rc);
		return;
	}
	rc = rates_sustained(&sustained, bench, s->options->queues, batch, s->options->seconds);
	if (rc < 0) {
		fail(s, name, "several queues", rc);
		return;
	}
	print_row(s, bench->set, algorithm, batch, &sustained, &latency, equal);
	time_kernels(s, bench->set, batch);
}

static void run_set(struct subject *s, const struct bench_set *set, const char *algorithm)
{
	const char *name = set->made_of->name;
	struct engine_bench bench;
	int different = rates_take(&bench, s->engine, s->context, set);

	if (different == 0 && s->options->compare)
		different = rates_compare(&bench);
	s->failures += different > 0;
	if (different < 0)
		fail(s, name, "comparing with the reference", different);
	else if (s->options->check)
		fprintf(s->table, "  %s: %s\n", name, different ? "DIFFERENT" : "equal");
	else
		measure_set(s, &bench, algorithm, !s->options->compare ? "unchecked" : different ? "DIFFERENT" : "equal");
	rates_drop(&bench);
}

/* The same frames by dispersion_extended. */
static void run_extended(struct subject *s, const struct bench_set *set)
{
	struct bench_set other = *set;
	char message[256];

	other.settings.algorithm = SPOTS_DISPERSION_EXTENDED;
	if (plan_make(&other.plan, &other.settings, 2, message, sizeof(message)) < 0) {
		fail(s, set->made_of->name, message, 0);
		return;
	}
	run_set(s, &other, "extended");
	plan_free(&other.plan);
}

static bool wanted(const struct options *o, const struct bench_case *c)
{
	for (unsigned i = 0; i < o->n_cases; i++)
		if (!strcmp(o->cases[i], c->name))
			return true;
	if (o->check)
		return !strcmp(c->name, "arina-typical-u16");
	return o->n_cases == 0 && (!o->quick || c->quick);
}

static void run_device(struct subject *s, struct bench_set *const *sets, unsigned n_sets)
{
	const struct engine_config config = {.device = s->number};
	int rc;

	print_device(s);
	if (s->device.unfit[0]) {
		fprintf(s->table, "  cannot be used: %s\n", s->device.unfit);
		return;
	}
	if (!s->options->check && measure_floors(s) < 0) {
		fail(s, "floors", "moving bytes", 0);
		return;
	}
	rc = s->engine->open(&s->context, &config);
	if (rc < 0) {
		fail(s, "self-test", rc == -EILSEQ ? "a known answer is wrong" : "it cannot be opened", rc);
		return;
	}
	fprintf(s->table, "  self-test passed\n  %-20s %-10s %-9s %6s %9s %9s %8s %7s %9s %8s  %s\n", "case", "algorithm", "results", "MB", "frames/s",
		"us/frame", "PCIe us", "x PCIe", "one us", "p99 us", "queues x batch");
	for (unsigned i = 0; i < n_sets; i++) {
		run_set(s, sets[i], "dispersion");
		if (i == 0)
			run_extended(s, sets[i]);
	}
	s->engine->close(&s->context);
}

static int run_engine(const struct options *o, size_t e, struct bench_set *const *sets, unsigned n_sets, unsigned *n_run)
{
	struct engine_device device[DEVICES_MAX];
	char words[256] = "";
	FILE *table = o->json ? stderr : stdout;
	int failures = 0, n = engines[e].engine->devices(device, DEVICES_MAX, words, sizeof(words));

	if (n <= 0)
		fprintf(table, "\n%s: no device: %s\n", engines[e].engine->name, words);
	for (int i = 0; i < n && i < (int)DEVICES_MAX; i++) {
		struct subject s = {.options = o, .driver = engines[e].driver, .engine = engines[e].engine, .device = device[i], .number = (uint32_t)i, .table = table};

		run_device(&s, sets, n_sets);
		failures += s.failures;
		*n_run += !device[i].unfit[0];
	}
	return failures;
}

static bool engine_known(const char *name)
{
	for (size_t i = 0; i < N_ENGINES; i++)
		if (!strcmp(engines[i].engine->name, name))
			return true;
	fprintf(stderr, "sluice-gpu-bench: --engine: this build has no device engine '%s'\n", name);
	return false;
}

static int parse(struct options *o, int argc, char **argv)
{
	static const struct option known[] = {
		{"engine", required_argument, NULL, 'e'}, {"case", required_argument, NULL, 'c'}, {"queues", required_argument, NULL, 'q'},
		{"batch", required_argument, NULL, 'b'}, {"seconds", required_argument, NULL, 's'}, {"quick", no_argument, NULL, 'k'},
		{"no-compare", no_argument, NULL, 'n'}, {"check", no_argument, NULL, 'x'}, {"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0},
	};

	*o = (struct options){.queues = 4, .seconds = 2, .compare = true};
	for (int c; (c = getopt_long(argc, argv, "h", known, NULL)) != -1;) {
		if (c == 'e')
			o->engine = optarg;
		else if (c == 'c' && o->n_cases < sizeof(o->cases) / sizeof(o->cases[0]))
			o->cases[o->n_cases++] = optarg;
		else if (c == 'q')
			o->queues = (unsigned)atoi(optarg);
		else if (c == 'b')
			o->batch = (unsigned)atoi(optarg);
		else if (c == 's')
			o->seconds = atof(optarg);
		else if (c == 'k')
			o->quick = true;
		else if (c == 'n')
			o->compare = false;
		else if (c == 'x')
			o->check = o->quick = true;
		else if (c == 'j')
			o->json = true;
		else if (c == 'h')
			return fputs(help, stdout), 1;
		else
			return -1;
	}
	if (o->quick)
		o->seconds = 0.2;
	if (o->engine && !engine_known(o->engine))
		return -1;
	return optind == argc && o->queues >= 1 && o->queues <= 32 && o->seconds > 0 ? 0 : -1;
}

int main(int argc, char **argv)
{
	struct options o;
	struct bench_set *sets[64] = {0};
	unsigned n_sets = 0, n_run = 0, failures = 0;
	char message[256] = "";
	int rc = parse(&o, argc, argv);

	if (rc)
		return rc > 0 ? 0 : (fputs("sluice-gpu-bench: wrong usage (--help)\n", stderr), 2);
	for (size_t i = 0; i < bench_cases_n && n_sets < 64; i++)
		if (wanted(&o, &bench_cases[i]) && bench_set_open(&sets[n_sets++], &bench_cases[i], (unsigned)sysconf(_SC_NPROCESSORS_ONLN), message, sizeof(message)) < 0) {
			fprintf(stderr, "sluice-gpu-bench: %s: %s\n", bench_cases[i].name, message);
			return 1;
		}
	if (!n_sets) {
		fprintf(stderr, "sluice-gpu-bench: there is no such case\n");
		return 2;
	}
	for (size_t e = 0; e < N_ENGINES; e++)
		if (!o.engine || !strcmp(o.engine, engines[e].engine->name))
			failures += (unsigned)run_engine(&o, e, sets, n_sets, &n_run);
	for (unsigned i = 0; i < n_sets; i++)
		bench_set_close(&sets[i]);
	fprintf(o.json ? stderr : stdout, "\n%u devices run, %u failures\n", n_run, failures);
	return failures || !n_run ? 1 : 0;
}
