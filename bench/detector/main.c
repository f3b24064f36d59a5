/* main.c - sluice-detector: a simulated DECTRIS detector for tests, demonstrations and load. See options_table.c for what it can do.
 *
 * Read series.c for the course of a series, scene.h for how frames are made, truth.h for what is written down about them. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/detector/options.h"
#include "bench/detector/pool.h"
#include "bench/detector/random.h"
#include "bench/detector/replay_capture.h"
#include "bench/detector/sender.h"
#include "bench/detector/series.h"
#include "bench/detector/rest.h"
#include "bench/detector/truth.h"

#define EXIT_FAILED 1
#define EXIT_MISTAKE 2
#define QUEUE_BYTES (64u << 20)
#define QUEUE_MAX 1000
#define THREADS_MAX 8

/* What a series is made from. */
struct source {
	struct pool *pool;
	struct capture *capture;
};

struct detector {
	struct options options;
	struct source source[SETTINGS_SERIES_MAX];
	struct sender *sender;
	struct truth *truth;
	struct rest *rest;
	_Atomic uint64_t dropped; /* written by the sending thread, read by the REST thread: a mere count */
	struct truth_totals totals;
	uint64_t series_sent;
	char message[2048];
};

static void on_signal(int number)
{
	sender_stop = 1;
}

/* The first signal asks; a second one ends the process as it would without us. */
static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESETHAND };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static unsigned threads(const struct options *o)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (o->threads)
		return o->threads;
	return cores < 1 ? 1 : cores > THREADS_MAX ? THREADS_MAX : (unsigned)cores;
}

static int open_sources(struct detector *d)
{
	struct options *o = &d->options;
	uint64_t budget = ((uint64_t)o->pool_mib << 20) / o->n_series;

	for (unsigned i = 0; i < o->n_series; i++) {
		struct settings *s = &o->series[i];
		int error;

		if (s->capture[0])
			error = capture_open(&d->source[i].capture, s->capture, d->message, sizeof d->message);
		else
			error = pool_open(&d->source[i].pool, s, random_hash(o->seed, RANDOM_FAULT, i, 0), budget, threads(o), d->message,
					  sizeof d->message);
		if (error)
			return error;
		if (d->source[i].pool && d->source[i].pool->file_frames && !s->frames_given)
			s->frames = d->source[i].pool->file_frames;
		if (d->source[i].pool && !d->source[i].pool->file_frames && !o->quiet)
			fprintf(stderr, "made %u distinct frames, %u with a crystal, %.1f MB compressed\n", d->source[i].pool->n, d->source[i].pool->n_hits,
				(double)d->source[i].pool->bytes * 1e-6);
	}
	return 0;
}

static uint64_t largest_message(const struct detector *d)
{
	uint64_t most = 1;

	for (unsigned i = 0; i < d->options.n_series; i++) {
		const struct pool *pool = d->source[i].pool;
		uint64_t bytes = pool ? pool->bytes / pool->n : capture_bytes(d->source[i].capture) / 4;

		most = bytes > most ? bytes : most;
	}
	return most;
}

static unsigned queue_length(const struct detector *d)
{
	uint64_t n = QUEUE_BYTES / largest_message(d);

	if (d->options.high_water)
		return d->options.high_water;
	return n < 4 ? 4 : n > QUEUE_MAX ? QUEUE_MAX : (unsigned)n;
}

/* 26 letters like the detector's own ids (ULID alphabet), but the same in every run with the same seed. */
static void make_unique_id(char *out, uint64_t seed, uint64_t series)
{
	static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

	out[0] = '0';
	for (unsigned i = 1; i < 26; i++)
		out[i] = letters[random_hash(seed, RANDOM_IDENTITY, series, i) % 32];
	out[26] = 0;
}

static int send_one(struct detector *d, unsigned i, uint64_t *last_id, char *unique_id)
{
	const struct settings *s = &d->options.series[i];
	struct series_context context = { &d->options, d->sender, d->truth, &d->dropped };
	struct truth_series identity = { .number = d->series_sent++, .settings = i, .unique_id = unique_id };

	if (d->source[i].capture)
		return capture_send(d->source[i].capture, d->sender, s->rate_hz);
	if (!s->same_id || !unique_id[0]) {
		*last_id = s->series_id != UINT64_MAX && identity.number < d->options.n_series ? s->series_id : *last_id + 1;
		make_unique_id(unique_id, d->options.seed, identity.number);
	}
	identity.series_id = *last_id;
	return series_send(&context, s, d->source[i].pool, &identity, &d->totals, d->message, sizeof d->message);
}

static int send_series(struct detector *d)
{
	uint64_t last_id = 0;
	char unique_id[STREAM_NAME_MAX] = "";
	int error = 0;

	for (uint64_t r = 0; !error && (!d->options.repeats || r < d->options.repeats); r++)
		for (unsigned i = 0; !error && i < d->options.n_series; i++)
			error = send_one(d, i, &last_id, unique_id);
	return error ? error : sender_wait(d->sender, d->options.idle_s);
}

static void summarise(const struct detector *d)
{
	struct sender_totals t = sender_totals(d->sender);
	const struct truth_totals *s = &d->totals;
	double seconds = t.seconds > 1e-9 ? t.seconds : 1e-9;

	if (!d->options.quiet)
		fprintf(stderr, "%llu series, %llu frames sent in %.2f s: %.1f frames/s, %.1f MB/s; waited %.2f s for clients. Hits %llu, dropped %llu, "
				"duplicated %llu, damaged %llu, truncated %llu, cut %llu, late %llu, reordered %llu\n",
			(unsigned long long)d->series_sent, (unsigned long long)t.frames, t.seconds, (double)t.frames / seconds,
			(double)t.bytes / seconds * 1e-6, t.blocked_s, (unsigned long long)s->hits_sent,
			(unsigned long long)(s->dropped + s->blocked), (unsigned long long)s->duplicated, (unsigned long long)s->damaged,
			(unsigned long long)s->truncated, (unsigned long long)s->cut, (unsigned long long)s->late, (unsigned long long)s->reordered);
	if (d->options.json)
		printf("{\"series\": %llu, \"frames\": %llu, \"messages\": %llu, \"bytes\": %llu, \"seconds\": %.6f, \"blocked_s\": %.6f, \"announced\": %llu, "
		       "\"sent\": %llu, \"hits_sent\": %llu, \"dropped\": %llu, \"blocked\": %llu, \"duplicated\": %llu, \"damaged\": %llu, "
		       "\"truncated\": %llu, \"cut\": %llu, \"late\": %llu, \"reordered\": %llu}\n",
		       (unsigned long long)d->series_sent, (unsigned long long)t.frames, (unsigned long long)t.messages, (unsigned long long)t.bytes,
		       t.seconds, t.blocked_s, (unsigned long long)s->announced, (unsigned long long)s->sent, (unsigned long long)s->hits_sent,
		       (unsigned long long)s->dropped, (unsigned long long)s->blocked, (unsigned long long)s->duplicated,
		       (unsigned long long)s->damaged, (unsigned long long)s->truncated, (unsigned long long)s->cut, (unsigned long long)s->late,
		       (unsigned long long)s->reordered);
}

static int fail(const struct detector *d, const char *what, int status)
{
	fprintf(stderr, "sluice-detector: %s%s%s\n", what, what[0] && d->message[0] ? ": " : "", d->message);
	return status;
}

/* Everything that can go wrong before a frame is sent. */
static int prepare(struct detector *d)
{
	const struct options *o = &d->options;
	int error = truth_open(&d->truth, o->truth);

	if (error) {
		snprintf(d->message, sizeof d->message, "--truth %s: %s", o->truth, strerror(-error));
		return fail(d, "", EXIT_MISTAKE);
	}
	error = open_sources(d);
	if (error)
		return fail(d, "", error == -EINVAL || error == -ERANGE || error == -ENOENT ? EXIT_MISTAKE : EXIT_FAILED);
	truth_detector(d->truth, o);
	for (unsigned i = 0; i < o->n_series; i++)
		if (d->source[i].pool)
			truth_pool(d->truth, i, d->source[i].pool);
	error = o->simplon_port ? rest_open(&d->rest, o->simplon_port, &d->dropped) : 0;
	if (error) {
		snprintf(d->message, sizeof d->message, "--simplon-port %u: %s", o->simplon_port, strerror(-error));
		return fail(d, "", EXIT_MISTAKE);
	}
	error = sender_open(&d->sender, o, queue_length(d), d->message, sizeof d->message);
	return error ? fail(d, "", EXIT_MISTAKE) : 0;
}

static int run(struct detector *d)
{
	int status = prepare(d), error;

	if (status)
		return status;
	d->message[0] = 0;
	if (!d->options.quiet)
		fprintf(stderr, "sending on %s%s\n", d->options.endpoint[0], d->options.n_endpoints > 1 ? " and others" : "");
	error = send_series(d);
	summarise(d);
	sender_close(&d->sender);
	if (error == -ETIMEDOUT)
		return fail(d, "nobody took a message for as long as --give-up says", EXIT_FAILED);
	if (error && error != -EINTR)
		return fail(d, strerror(-error), EXIT_FAILED);
	return 0;
}

static void detector_close(struct detector *d, int *status)
{
	sender_close(&d->sender); /* first: ZeroMQ may still hold the pools' bytes */
	rest_close(&d->rest);
	for (unsigned i = 0; i < SETTINGS_SERIES_MAX; i++) {
		pool_close(&d->source[i].pool);
		capture_close(&d->source[i].capture);
	}
	if (truth_close(&d->truth) && !*status)
		*status = fail(d, "the truth could not be written", EXIT_FAILED);
}

int main(int argc, char **argv)
{
	static struct detector d; /* large, and zeroed */
	enum options_outcome outcome = options_parse(&d.options, argc, argv, d.message, sizeof d.message);
	int status;

	if (outcome == OPTIONS_WRONG)
		return fail(&d, "", EXIT_MISTAKE);
	if (outcome == OPTIONS_DONE)
		return 0;
	d.message[0] = 0;
	catch_signals();
	status = run(&d);
	detector_close(&d, &status);
	return status;
}
