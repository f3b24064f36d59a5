/* scaling.c - seats, races, rounds (scaling.h). */
#include "bench/suite/scaling.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "bench/suite/measure.h"
#include "host/clock.h"

#define THREADS_MAX 256
#define ROUNDS_MAX 64

struct crew {
	_Atomic bool go, stop; /* relaxed: only when, not what */
	_Atomic unsigned ready; /* acquire and release: a member is warm before the clock starts */
};

struct member {
	struct crew *crew;
	struct engine_seat seat;
	unsigned first;        /* batch: not all do the same one at the same time */
	uint64_t frames, ns, cpu_ns; /* done, and how long it took this member */
	int rc;
	pthread_t thread;
};

static void *work(void *user)
{
	struct member *m = user;
	unsigned batch = m->first;
	uint64_t begun_ns, begun_cpu_ns;

	m->rc = engine_seat_run(&m->seat, batch++);
	atomic_fetch_add_explicit(&m->crew->ready, 1, memory_order_release);
	while (!atomic_load_explicit(&m->crew->go, memory_order_relaxed))
		;
	begun_ns = clock_monotonic_ns();
	begun_cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	m->frames = 0;
	while (m->rc == 0 && (!m->frames || !atomic_load_explicit(&m->crew->stop, memory_order_relaxed))) {
		m->rc = engine_seat_run(&m->seat, batch++);
		m->frames += m->seat.batch;
	}
	m->ns = clock_monotonic_ns() - begun_ns;
	m->cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID) - begun_cpu_ns;
	return NULL;
}

static void nap(double seconds)
{
	struct timespec t = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};

	nanosleep(&t, NULL);
}

/* What a race brought: frames, and ms per frame of all together, each member by its own time. */
struct outcome_of_race {
	unsigned frames;
	double ms, cpu_ms;
};

/* Lets n members work for so long. */
static int race(struct member *member, unsigned n, double seconds, struct outcome_of_race *out)
{
	struct crew crew = {0};
	unsigned started = 0;
	double rate = 0, cpu_rate = 0;
	int rc = 0;

	*out = (struct outcome_of_race){0};

	for (; rc == 0 && started < n; started += rc == 0) {
		member[started].crew = &crew;
		rc = -pthread_create(&member[started].thread, NULL, work, &member[started]);
	}
	while (atomic_load_explicit(&crew.ready, memory_order_acquire) < started)
		nap(0.0005);
	atomic_store_explicit(&crew.go, true, memory_order_relaxed);
	if (rc == 0)
		nap(seconds);
	atomic_store_explicit(&crew.stop, true, memory_order_relaxed);
	for (unsigned i = 0; i < started; i++) {
		pthread_join(member[i].thread, NULL);
		rc = rc < 0 ? rc : member[i].rc;
		rate += (double)member[i].frames * 1e6 / (double)(member[i].ns + 1);
		cpu_rate += (double)member[i].frames * 1e6 / (double)(member[i].cpu_ns + 1);
		out->frames += (unsigned)member[i].frames;
	}
	if (rc == 0) {
		out->ms = 1 / rate;
		out->cpu_ms = 1 / cpu_rate;
	}
	return rc;
}

/* 1, 2, 4 ... and the last one. */
static unsigned choose_steps(struct scaling_step *steps, unsigned threads)
{
	unsigned n = 0;

	for (unsigned t = 1; t < threads && n + 1 < SCALING_STEPS_MAX; t *= 2)
		steps[n++] = (struct scaling_step){.threads = t};
	steps[n++] = (struct scaling_step){.threads = threads};
	return n;
}

static int race_in_turns(struct member *member, struct scaling_step *steps, unsigned n, unsigned rounds, double seconds)
{
	double ms[SCALING_STEPS_MAX][ROUNDS_MAX], cpu_ms[SCALING_STEPS_MAX][ROUNDS_MAX];
	struct contender c = {0}, cpu = {0};
	struct outcome_of_race o;
	double one_cpu_ms = 0;

	for (unsigned r = 0; r < rounds; r++)
		for (unsigned i = 0; i < n; i++) {
			int rc = race(member, steps[i].threads, seconds, &o);

			if (rc < 0)
				return rc;
			steps[i].frames += o.frames;
			ms[i][r] = o.ms;
			cpu_ms[i][r] = o.cpu_ms;
		}
	for (unsigned i = 0; i < n; i++) {
		measure_conclude(&c, ms[i], rounds);
		measure_conclude(&cpu, cpu_ms[i], rounds);
		one_cpu_ms = i ? one_cpu_ms : cpu.ms;
		steps[i].frames_per_s = 1000 / c.ms;
		steps[i].spread = c.spread;
		steps[i].ratio = steps[i].frames_per_s / steps[0].frames_per_s;
		steps[i].cpu_ratio = one_cpu_ms / cpu.ms;
	}
	return 0;
}

int scaling_run(const struct engine_bench *bench, unsigned batch, unsigned threads, unsigned rounds, double seconds, struct scaling_step *steps)
{
	struct member *member;
	unsigned opened = 0, n;
	int rc = 0;

	if (bench->can.max_queues && threads > bench->can.max_queues)
		threads = bench->can.max_queues;
	threads = threads > THREADS_MAX ? THREADS_MAX : threads;
	rounds = rounds > ROUNDS_MAX ? ROUNDS_MAX : rounds;
	member = calloc(threads, sizeof(*member));
	if (!member)
		return -ENOMEM;
	for (; rc == 0 && opened < threads; opened += rc == 0) {
		member[opened].first = opened;
		rc = engine_seat_open(&member[opened].seat, bench, batch);
	}
	n = choose_steps(steps, threads);
	if (rc == 0)
		rc = race_in_turns(member, steps, n, rounds, seconds);
	while (opened)
		engine_seat_close(&member[--opened].seat);
	free(member);
	return rc < 0 ? rc : (int)n;
}
