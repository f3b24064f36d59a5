/* node_bench.c - a detector process, a bare client, a node (node_bench.h). */
#include "bench/suite/node_bench.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/suite/allocations.h"
#include "host/clock.h"
#include "host/log.h"
#include "host/pull.h"
#include "pipeline/config.h"
#include "pipeline/node.h"

#define ENDPOINT_BYTES 64
#define PACE 0.6 /* of the speed measured before: what a detector that suits the node would send */
#define GIVE_UP_NS 60000000000u

/* --- the detector ------------------------------------------------------------------------------------------------------ */

/* Beside this program. */
static int detector_path(char *path, size_t bytes)
{
	ssize_t n = readlink("/proc/self/exe", path, bytes - 1);
	char *slash;

	if (n <= 0)
		return -ENOENT;
	path[n] = '\0';
	slash = strrchr(path, '/');
	if (!slash || (size_t)(slash - path) + sizeof("/sluice-detector") > bytes)
		return -ENAMETOOLONG;
	strcpy(slash, "/sluice-detector");
	return access(path, X_OK) < 0 ? -errno : 0;
}

/* rate_hz 0: as fast as it is taken. */
static pid_t start_detector(const struct node_bench_cfg *cfg, const char *endpoint, double rate_hz)
{
	char path[1024], frames[16], rate[32] = "max";
	pid_t pid;

	if (detector_path(path, sizeof(path)) < 0)
		return -1;
	snprintf(frames, sizeof(frames), "%u", cfg->frames);
	if (rate_hz > 0)
		snprintf(rate, sizeof(rate), "%.3f", rate_hz);
	pid = fork();
	if (pid == 0) {
		execl(path, path, "--bind", endpoint, "--detector", cfg->model, "--frames", frames, "--rate", rate, "--pool", "16", "--header", "all",
		      "--quiet", "--give-up", "30", (char *)NULL);
		_exit(127);
	}
	return pid;
}

static void end_detector(pid_t pid)
{
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
}

/* --- the bare client --------------------------------------------------------------------------------------------------- */

static int run_bare(struct node_bench *out, const struct node_bench_cfg *cfg, const char *endpoint, char *message, size_t message_bytes)
{
	struct pull_cfg pull_cfg = {.endpoint = endpoint, .max_message_bytes = (size_t)512 << 20, .queue_bytes = (size_t)512 << 20};
	uint64_t begun_ns = 0, bytes = 0, waiting_ns = clock_monotonic_ns(), now_ns;
	struct message m = {0};
	struct pull *pull;
	unsigned n = 0;
	int rc = pull_open(&pull, &pull_cfg, message, message_bytes);

	while (rc == 0 && n < cfg->frames + 2) { /* start and end, too */
		int got = pull_receive(pull, &m, 100);

		now_ns = clock_monotonic_ns();
		if (got == 0) {
			if (n++ == 1)
				begun_ns = now_ns;
			bytes += n > 1 ? m.bytes : 0;
			message_close(&m);
		} else if (now_ns - waiting_ns > GIVE_UP_NS) {
			snprintf(message, message_bytes, "the detector sent %u of %u messages", n, cfg->frames + 2);
			rc = -ETIMEDOUT;
		}
	}
	if (rc == 0) {
		double seconds = (double)(clock_monotonic_ns() - begun_ns) / 1e9;

		out->bare_frames_per_s = (cfg->frames - 1) / seconds;
		out->bare_mb_per_s = (double)bytes / 1e6 / seconds;
	}
	pull_close(&pull);
	return rc;
}

/* --- the node ---------------------------------------------------------------------------------------------------------- */

struct watch {
	struct node_bench *out;
	bool paced;                     /* at a rate the node keeps up with: its latency counts; else its speed */
	struct allocations begun, now;
	uint64_t begun_ns, now_ns;
	uint64_t counted_from, counted; /* frames */
};

/* Allocations count from the second half of the run on: before it, libraries fill their pools. */
static void on_record(void *user, const struct node *node, const struct record *record, uint32_t channel, const uint32_t *strong)
{
	struct watch *w = user;

	(void)node;
	(void)channel;
	(void)strong;
	if (record->image_id < w->counted_from)
		return;
	allocations_read(&w->now);
	w->now_ns = clock_monotonic_ns();
	if (!w->counted++) {
		w->begun = w->now;
		w->begun_ns = w->now_ns;
	}
}

static void lane_times(struct node_bench *out, const struct node *node)
{
	for (unsigned i = 0; i < node->n_lanes && out->n_lanes < NODE_BENCH_LANES; i++) {
		clockid_t clock;

		if (pthread_getcpuclockid(node->lane[i].thread.id, &clock) != 0)
			continue;
		snprintf(out->lane[out->n_lanes].name, sizeof(out->lane[0].name), "%s", node->lane[i].name);
		out->lane[out->n_lanes++].cpu_us_per_frame = (double)clock_ns(clock) / 1e3 / (double)(out->received ? out->received : 1);
	}
}

static void on_run(void *user, const struct node *node, const struct run *run)
{
	static const double fractions[] = {0.5, 0.95, 0.99};
	struct watch *w = user;
	struct node_bench *out = w->out;
	double frames = (double)w->counted - 1, seconds = (double)(w->now_ns - w->begun_ns) / 1e9;

	out->received = ledger_get(&run->ledger, LEDGER_RECEIVED);
	out->analysed = ledger_get(&run->ledger, LEDGER_ANALYSED);
	out->kept = ledger_get(&run->ledger, LEDGER_KEPT);
	out->written = ledger_get(&run->ledger, LEDGER_WRITTEN);
	if (w->paced) {
		for (unsigned i = 0; i < 3; i++)
			out->latency_ms[i] = (double)latency_percentile(&run->latency, fractions[i]) / 1e6;
		out->latency_ms[3] = (double)atomic_load_explicit(&run->latency.max_ns, memory_order_relaxed) / 1e6;
		return;
	}
	if (frames > 0 && seconds > 0) {
		out->node_frames_per_s = frames / seconds;
		out->our_allocations_per_frame = (double)(w->now.ours - w->begun.ours) / frames;
		out->library_allocations_per_frame = (double)(w->now.libraries - w->begun.libraries) / frames;
	}
	lane_times(out, node);
}

static int node_config(struct config *config, const struct node_bench_cfg *cfg, const char *endpoint, char *message, size_t message_bytes)
{
	char input[ENDPOINT_BYTES + 16], files[640], level[64], threads[32];
	const char *sets[8] = {input, "overload.analysis=wait", "http.listen=none", "output.results=tcp://127.0.0.1:*", "run.plan_timeout_ms=60000"};
	size_t n = 5;

	snprintf(input, sizeof(input), "input=%s", endpoint);
	if (cfg->threads) {
		snprintf(threads, sizeof(threads), "engine.threads=%u", cfg->threads);
		sets[n++] = threads;
	}
	if (cfg->cpu_level) {
		snprintf(level, sizeof(level), "engine.cpu_level=%s", cfg->cpu_level);
		sets[n++] = level;
	}
	if (cfg->files) {
		snprintf(files, sizeof(files), "output.directory=%s", cfg->files);
		sets[n++] = files;
	}
	return config_load(config, NULL, sets, n, message, message_bytes);
}

static int run_node(struct node_bench *out, const struct node_bench_cfg *cfg, const char *endpoint, bool paced, char *message, size_t message_bytes)
{
	struct config *config = malloc(sizeof(*config));
	struct watch watch = {.out = out, .counted_from = cfg->frames / 2, .paced = paced};
	struct timespec nap = {0, 2000000};
	uint64_t begun_ns = clock_monotonic_ns();
	struct node *node = NULL;
	int rc = config ? node_config(config, cfg, endpoint, message, message_bytes) : -ENOMEM;

	log_set_level(LOG_WARNING);
	if (rc == 0)
		rc = node_open(&node, &(struct node_cfg){.config = config, .version = "bench", .on_record = on_record, .on_record_user = &watch,
							 .on_run = on_run, .on_run_user = &watch}, message, message_bytes);
	while (rc == 0 && !atomic_load_explicit(&node->runs_done, memory_order_acquire)) {
		if (clock_monotonic_ns() - begun_ns > GIVE_UP_NS * 5) {
			snprintf(message, message_bytes, "the run does not end");
			rc = -ETIMEDOUT;
		}
		nanosleep(&nap, NULL);
	}
	node_close(&node);
	free(config);
	return rc;
}

int node_bench_run(struct node_bench *out, const struct node_bench_cfg *cfg, char *message, size_t message_bytes)
{
	char endpoint[ENDPOINT_BYTES];
	int rc = 0;

	*out = (struct node_bench){0};
	snprintf(endpoint, sizeof(endpoint), "tcp://127.0.0.1:%d", 20000 + (int)(getpid() % 20000));
	for (int turn = 0; turn < 3 && rc == 0; turn++) {
		pid_t detector = start_detector(cfg, endpoint, turn == 2 ? out->node_frames_per_s * PACE : 0);

		if (detector < 0) {
			snprintf(message, message_bytes, "sluice-detector is not beside this program");
			return -ENOENT;
		}
		rc = turn ? run_node(out, cfg, endpoint, turn == 2, message, message_bytes) : run_bare(out, cfg, endpoint, message, message_bytes);
		end_detector(detector);
	}
	return rc;
}
