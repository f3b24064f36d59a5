/* node_bench.c - the turns, and what is seen of the node in each (node_bench.h). */
#include "bench/suite/node_bench.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/detector/models.h"
#include "bench/suite/allocations.h"
#include "bench/suite/copies.h"
#include "bench/suite/folder.h"
#include "bench/suite/measure.h"
#include "bench/suite/node_feed.h"
#include "bench/suite/plain_write.h"
#include "host/clock.h"
#include "host/log.h"
#include "pipeline/node.h"

#define PACE 0.6               /* of the speed measured before: what a detector that suits the node would send */
#define GIVE_UP_NS 300000000000u
#define SETTLE_NS 50000000     /* a client's last messages come within */
#define ROUNDS_MAX 64
#define SETS_MAX 16
#define QUICK_FRAMES 50
#define FRAMES_MIN 500
#define FRAMES_MAX 30000
#define PIXELS_PER_TURN 9e9    /* some seconds' worth */
#define PLAIN_PIECES 16
#define CLOCK_CALLS 2000

enum turn { TURN_SPEED, TURN_PACED, TURN_STEPS };

/* What the callbacks of a turn's node write to. */
struct watch {
	struct node_bench *out;
	enum turn turn;
	struct allocations begun, now;
	uint64_t begun_copied, now_copied;
	uint64_t begun_ns, now_ns;
	uint64_t counted_from, counted; /* frames: those before are warming up */
	double frames_per_s, written_mb_per_s;
};

struct turns {
	const struct node_bench_cfg *cfg;
	struct node_bench *out;
	char folder[FOLDER_PATH_BYTES];
	struct feed_counts *counts;  /* of results, of frames */
	double bare[ROUNDS_MAX], node[ROUNDS_MAX], plain[ROUNDS_MAX], written[ROUNDS_MAX]; /* ms per frame; of files ms per MB */
};

/* --- what is seen of a node ----------------------------------------------------------------------------------------------- */

/* Called by publish for every result. */
static void on_record(void *user, const struct node *node, const struct record *record, uint32_t channel, const uint32_t *strong)
{
	struct watch *w = user;

	(void)channel;
	(void)strong;
	if (!w->counted)
		snprintf(w->out->engine, sizeof(w->out->engine), "%s", node->engines.open[0].engine->name);
	if (record->image_id < w->counted_from)
		return;
	allocations_read(&w->now);
	w->now_copied = copies_read();
	w->now_ns = clock_monotonic_ns();
	if (!w->counted++) {
		w->begun = w->now;
		w->begun_copied = w->now_copied;
		w->begun_ns = w->now_ns;
	}
}

/* To what there is of that name already: lanes of one kind count together. */
static void add_time(struct node_bench_time *to, unsigned *n, unsigned max, const char *name, double us_per_frame)
{
	unsigned i = 0;

	while (i < *n && strcmp(to[i].name, name))
		i++;
	if (i == max)
		return;
	if (i == *n) {
		snprintf(to[i].name, sizeof(to[i].name), "%s", name);
		to[i].us_per_frame = 0;
		(*n)++;
	}
	to[i].us_per_frame += us_per_frame;
}

/* ZeroMQ's own threads, as the system counts their time. */
static double zeromq_us(void)
{
	DIR *tasks = opendir("/proc/self/task");
	struct dirent *entry;
	double us = 0;

	while (tasks && (entry = readdir(tasks))) {
		char path[320], name[32] = "";
		unsigned long long ns = 0;
		FILE *f;

		snprintf(path, sizeof(path), "/proc/self/task/%s/comm", entry->d_name);
		f = fopen(path, "r");
		if (f && !fgets(name, sizeof(name), f))
			name[0] = '\0';
		if (f)
			fclose(f);
		if (strncmp(name, "ZMQ", 3))
			continue;
		snprintf(path, sizeof(path), "/proc/self/task/%s/schedstat", entry->d_name);
		f = fopen(path, "r");
		if (f && fscanf(f, "%llu", &ns) == 1)
			us += (double)ns / 1e3;
		if (f)
			fclose(f);
	}
	if (tasks)
		closedir(tasks);
	return us;
}

static double lane_us(const struct lane *lane)
{
	clockid_t clock;

	return pthread_getcpuclockid(lane->thread.id, &clock) == 0 ? (double)clock_ns(clock) / 1e3 : 0;
}

static void take_lanes(struct node_bench *out, const struct node *node, double frames)
{
	out->n_lanes = 0;
	for (unsigned i = 0; i < node->n_lanes; i++)
		add_time(out->lane, &out->n_lanes, NODE_BENCH_LANES, node->lane[i].spec->name, lane_us(&node->lane[i]) / frames);
	add_time(out->lane, &out->n_lanes, NODE_BENCH_LANES, "zeromq", zeromq_us() / frames);
}

static bool frames_pass(const struct lane *lane)
{
	switch (lane->spec->kind) {
	case LANE_PLAN:
	case LANE_SIMPLON:
	case LANE_SERVE:
		return false;
	default:
		return true;
	}
}

/* What asking for a thread's CPU time takes: as much as a small step. */
static double clock_us(void)
{
	uint64_t begun_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);

	for (unsigned i = 1; i < CLOCK_CALLS; i++)
		clock_ns(CLOCK_THREAD_CPUTIME_ID);
	return (double)(clock_ns(CLOCK_THREAD_CPUTIME_ID) - begun_ns) / 1e3 / CLOCK_CALLS;
}

/* CPU time of a step in all lanes that analyse, without that of asking for it. */
static double step_us(const struct node *node, unsigned step, double asking_us)
{
	double us = 0;

	for (unsigned w = 0; w < node->n_workers; w++)
		us += (double)node->work[w]->step_ns[step] / 1e3 - (double)node->work[w]->step_n[step] * asking_us;
	return us > 0 ? us : 0;
}

static void take_steps(struct node_bench *out, const struct node *node, double frames)
{
	double asking_us = clock_us(), around = 0;

	out->n_steps = 0;
	for (unsigned s = 0; s < LANE_STEPS_MAX && node->n_workers && node->work[0]->spec->steps[s]; s++) {
		const char *name = node->work[0]->spec->steps[s]->name;
		double us = step_us(node, s, asking_us);

		add_time(out->step, &out->n_steps, NODE_BENCH_STEPS, name, us / frames);
		around -= strcmp(name, "analyse") ? 0 : us;
	}
	for (unsigned i = 0; i < node->n_lanes; i++)
		around += frames_pass(&node->lane[i]) ? lane_us(&node->lane[i]) - (double)node->lane[i].clock_asked * asking_us : 0;
	out->around_engine_us = around > 0 ? around / frames : 0;
}

static void take_ledger(struct node_bench *out, const struct run *run)
{
	out->received = ledger_get(&run->ledger, LEDGER_RECEIVED);
	out->analysed = ledger_get(&run->ledger, LEDGER_ANALYSED);
	out->kept = ledger_get(&run->ledger, LEDGER_KEPT);
	out->written = ledger_get(&run->ledger, LEDGER_WRITTEN);
	out->sent = ledger_get(&run->ledger, LEDGER_SENT);
	out->unsent = ledger_get(&run->ledger, LEDGER_UNSENT);
}

static void take_latency(struct node_bench *out, const struct run *run)
{
	static const double fractions[] = {0.5, 0.95, 0.99};

	for (unsigned i = 0; i < 3; i++)
		out->latency_ms[i] = (double)latency_percentile(&run->latency, fractions[i]) / 1e6;
	out->latency_ms[3] = (double)atomic_load_explicit(&run->latency.max_ns, memory_order_relaxed) / 1e6;
}

/* Called by publish when a run is over and all is where it belongs. */
static void on_run(void *user, const struct node *node, const struct run *run)
{
	struct watch *w = user;
	struct node_bench *out = w->out;
	double frames = (double)w->counted - 1, seconds = (double)(w->now_ns - w->begun_ns) / 1e9;
	double all = (double)ledger_get(&run->ledger, LEDGER_RECEIVED), run_seconds = (double)(clock_monotonic_ns() - run->first_frame_ns) / 1e9;

	if (!(frames > 0) || !(seconds > 0) || !(all > 0) || !(run_seconds > 0))
		return;
	w->frames_per_s = frames / seconds;
	w->written_mb_per_s = (double)atomic_load_explicit(&node->bytes_written, memory_order_relaxed) / 1e6 / run_seconds;
	if (w->turn == TURN_PACED) {
		take_latency(out, run);
	} else if (w->turn == TURN_STEPS) {
		take_steps(out, node, all);
		out->copied_bytes_per_frame = (double)(w->now_copied - w->begun_copied) / frames;
	} else {
		out->workers = node->n_workers;
		out->message_bytes_per_frame = (double)run->bytes / all;
		out->our_allocations_per_frame = (double)(w->now.ours - w->begun.ours) / frames;
		out->library_allocations_per_frame = (double)(w->now.libraries - w->begun.libraries) / frames;
		take_ledger(out, run);
		take_lanes(out, node, all);
	}
}

/* --- a turn of the node ---------------------------------------------------------------------------------------------------- */

static int node_config(struct config *config, const struct turns *t, const char *const *endpoint, char *message, size_t message_bytes)
{
	const struct node_bench_cfg *cfg = t->cfg;
	char text[8][FOLDER_PATH_BYTES + 32];
	const char *sets[SETS_MAX] = {"overload.analysis=wait", "http.listen=none", "run.plan_timeout_ms=60000"};
	size_t n = 3, used = 0;

#define SET(...) (snprintf(text[used], sizeof(text[used]), __VA_ARGS__), sets[n++] = text[used++])
	SET("input=%s", endpoint[0]);
	SET("output.results=%s", endpoint[1]);
	if (cfg->threads)
		SET("engine.threads=%u", cfg->threads);
	if (cfg->engine)
		SET("engine.order=[%s]", cfg->engine);
	if (cfg->cpu_level)
		SET("engine.cpu_level=%s", cfg->cpu_level);
	if (cfg->with_files)
		SET("output.directory=%s", t->folder);
	if (cfg->with_frames) {
		SET("output.frames=%s", endpoint[2]);
		sets[n++] = "output.when_blocked=wait";
	}
#undef SET
	if (cfg->with_frames || cfg->with_files)
		sets[n++] = "keep.misses=full";
	return config_load(config, NULL, sets, n, message, message_bytes);
}

/* Until its one run is over. */
static int run_node(const struct turns *t, struct watch *watch, const char *const *endpoint, char *message, size_t message_bytes)
{
	struct config *config = malloc(sizeof(*config));
	uint64_t begun_ns = clock_monotonic_ns();
	struct node *node = NULL;
	int rc = config ? node_config(config, t, endpoint, message, message_bytes) : -ENOMEM;

	log_set_level(LOG_WARNING);
	if (rc == 0)
		rc = node_open(&node, &(struct node_cfg){.config = config, .version = "bench", .patient = t->cfg->with_files, .on_record = on_record,
							 .on_record_user = watch, .on_run = on_run, .on_run_user = watch,
							 .time_steps = watch->turn == TURN_STEPS}, message, message_bytes);
	while (rc == 0 && !atomic_load_explicit(&node->runs_done, memory_order_acquire)) {
		if (clock_monotonic_ns() - begun_ns > GIVE_UP_NS) {
			snprintf(message, message_bytes, "the run does not end");
			rc = -ETIMEDOUT;
		}
		nanosleep(&(struct timespec){0, 2000000}, NULL);
	}
	node_close(&node);
	free(config);
	return rc;
}

static void take_counts(struct turns *t)
{
	uint64_t results = atomic_load_explicit(&t->counts[0].messages, memory_order_relaxed);
	uint64_t frames = atomic_load_explicit(&t->counts[1].messages, memory_order_relaxed);

	t->out->results = results > 2 ? results - 2 : 0;
	t->out->forwarded = frames > 2 ? frames - 2 : 0;
	t->out->result_bytes_per_frame = results ? (double)atomic_load_explicit(&t->counts[0].bytes, memory_order_relaxed) / (double)results : 0;
}

/* A detector, clients and a node, from nothing to the end of one run. */
static int node_turn(struct turns *t, struct watch *watch, double rate_hz, char *message, size_t message_bytes)
{
	char endpoint[3][FEED_ENDPOINT_BYTES];
	const char *const endpoints[] = {endpoint[0], endpoint[1], endpoint[2]};
	pid_t detector, results, frames = 0;
	int rc = 0;

	for (unsigned i = 0; i < 3 && rc == 0; i++)
		rc = feed_endpoint(endpoint[i]);
	if (rc < 0)
		return rc;
	memset(t->counts, 0, 2 * sizeof(*t->counts));
	results = feed_client(endpoint[1], true, &t->counts[0]);
	if (t->cfg->with_frames)
		frames = feed_client(endpoint[2], false, &t->counts[1]);
	detector = feed_detector(t->cfg, endpoint[0], rate_hz);
	if (detector < 0) {
		snprintf(message, message_bytes, "sluice-detector is not beside this program");
		rc = -ENOENT;
	}
	if (rc == 0)
		rc = run_node(t, watch, endpoints, message, message_bytes);
	nanosleep(&(struct timespec){0, SETTLE_NS}, NULL);
	feed_end(detector);
	feed_end(results);
	feed_end(frames);
	take_counts(t);
	folder_empty(t->folder);
	return rc;
}

static int watched_turn(struct turns *t, enum turn turn, double rate_hz, struct watch *watch, char *message, size_t message_bytes)
{
	int rc;

	*watch = (struct watch){.out = t->out, .turn = turn, .counted_from = t->cfg->frames / 2};
	copies_count(turn == TURN_STEPS);
	rc = node_turn(t, watch, rate_hz, message, message_bytes);
	copies_count(false);
	if (rc == 0 && !(watch->frames_per_s > 0)) {
		snprintf(message, message_bytes, "the run ended without the detector's frames");
		rc = -EIO;
	}
	return rc;
}

/* --- the rounds -------------------------------------------------------------------------------------------------------------- */

static int bare_turn(struct turns *t, unsigned round, char *message, size_t message_bytes)
{
	char endpoint[FEED_ENDPOINT_BYTES];
	double rate = 0, mb = 0;
	int rc = feed_endpoint(endpoint);
	pid_t detector = rc == 0 ? feed_detector(t->cfg, endpoint, 0) : 0;

	if (detector < 0) {
		snprintf(message, message_bytes, "sluice-detector is not beside this program");
		return -ENOENT;
	}
	if (rc == 0)
		rc = feed_bare(t->cfg, endpoint, &rate, &mb, message, message_bytes);
	feed_end(detector);
	if (rc == 0) {
		t->bare[round] = 1000 / rate;
		t->out->bare_mb_per_s = mb / rate; /* per frame, until the median is known */
	}
	return rc;
}

/* As many bytes as the node has written, in pieces as long as a frame. */
static int plain_turn(struct turns *t, unsigned round, char *message, size_t message_bytes)
{
	size_t bytes = (size_t)t->out->message_bytes_per_frame + 1;
	uint8_t *noise = malloc(bytes + PLAIN_PIECES);
	struct plain_piece piece[PLAIN_PIECES];
	uint64_t begun_ns, state = 1;
	int rc;

	if (!noise)
		return -ENOMEM;
	for (size_t i = 0; i < bytes + PLAIN_PIECES; i++) {
		state = state * 6364136223846793005u + 1442695040888963407u;
		noise[i] = (uint8_t)(state >> 56);
	}
	for (unsigned i = 0; i < PLAIN_PIECES; i++)
		piece[i] = (struct plain_piece){noise + i, bytes};
	begun_ns = clock_monotonic_ns();
	rc = plain_write(t->folder, piece, PLAIN_PIECES, t->cfg->frames);
	t->plain[round] = (double)(clock_monotonic_ns() - begun_ns) / 1e6 / ((double)bytes * t->cfg->frames / 1e6);
	if (rc < 0)
		snprintf(message, message_bytes, "plain writing to %s: %s", t->folder, strerror(-rc));
	folder_empty(t->folder);
	free(noise);
	return rc;
}

static double median(double *ms, unsigned n, double *spread)
{
	struct contender c = {0};

	measure_conclude(&c, ms, n);
	if (spread)
		*spread = c.spread;
	return 1000 / c.ms;
}

static int rounds(struct turns *t, char *message, size_t message_bytes)
{
	struct node_bench *out = t->out;
	struct watch watch;
	int rc = 0;

	for (unsigned r = 0; r < out->rounds && rc == 0; r++) {
		rc = bare_turn(t, r, message, message_bytes);
		if (rc == 0)
			rc = watched_turn(t, TURN_SPEED, 0, &watch, message, message_bytes);
		if (rc == 0) {
			t->node[r] = 1000 / watch.frames_per_s;
			t->written[r] = watch.written_mb_per_s > 0 ? 1000 / watch.written_mb_per_s : 0;
		}
		if (rc == 0 && t->cfg->with_files)
			rc = plain_turn(t, r, message, message_bytes);
	}
	if (rc < 0)
		return rc;
	out->bare_frames_per_s = median(t->bare, out->rounds, &out->bare_spread);
	out->bare_mb_per_s *= out->bare_frames_per_s;
	out->node_frames_per_s = median(t->node, out->rounds, &out->node_spread);
	if (t->cfg->with_files) {
		out->plain_mb_per_s = median(t->plain, out->rounds, NULL);
		out->written_mb_per_s = median(t->written, out->rounds, NULL);
	}
	return 0;
}

static unsigned frames_of(const struct node_bench_cfg *cfg)
{
	const struct model *model = model_find(cfg->model);
	double frames = PIXELS_PER_TURN / ((double)model->width * model->height);

	if (cfg->frames)
		return cfg->frames;
	if (cfg->quick)
		return QUICK_FRAMES;
	return frames > FRAMES_MAX ? FRAMES_MAX : frames < FRAMES_MIN ? FRAMES_MIN : (unsigned)frames;
}

int node_bench_run(struct node_bench *out, const struct node_bench_cfg *asked, char *message, size_t message_bytes)
{
	struct node_bench_cfg cfg = *asked;
	struct turns *t = calloc(1, sizeof(*t));
	struct watch watch;
	int rc = t ? 0 : -ENOMEM;

	*out = (struct node_bench){.rounds = cfg.rounds > ROUNDS_MAX ? ROUNDS_MAX : cfg.rounds};
	if (rc < 0)
		return rc;
	cfg.frames = frames_of(&cfg);
	t->cfg = &cfg;
	t->out = out;
	t->counts = feed_counts_open();
	if (!t->counts)
		rc = -ENOMEM;
	if (rc == 0 && cfg.with_files)
		rc = folder_make(t->folder, cfg.folder, message, message_bytes);
	if (rc == 0)
		rc = rounds(t, message, message_bytes);
	out->paced_frames_per_s = out->node_frames_per_s * PACE;
	if (rc == 0)
		rc = watched_turn(t, TURN_PACED, out->paced_frames_per_s, &watch, message, message_bytes);
	if (rc == 0)
		rc = watched_turn(t, TURN_STEPS, 0, &watch, message, message_bytes);
	if (rc < 0 && !message[0])
		snprintf(message, message_bytes, "%s", strerror(-rc));
	folder_remove(t->folder);
	feed_counts_close(t->counts);
	free(t);
	return rc;
}
