/* lane.c - the life of a lane: its thread, its sleep, and passing frames through its steps (node.h). */
#include <string.h>

#include "host/clock.h"
#include "pipeline/node.h"

#include <pthread.h>
#include <time.h>

#define RING_BYTES 65536u

static void *lane_body(void *user)
{
	struct lane *lane = user;
	clockid_t clock;

	if (!pthread_getcpuclockid(pthread_self(), &clock))
		atomic_store_explicit(&lane->clock, clock, memory_order_relaxed);
	for (;;) {
		uint32_t ticket = bell_listen(&lane->bell);
		/* Asked before the turn: what was handed over before finish was set is seen by that turn. */
		bool finish = atomic_load_explicit(&lane->finish, memory_order_acquire);

		atomic_store_explicit(&lane->turns, atomic_load_explicit(&lane->turns, memory_order_relaxed) + 1, memory_order_relaxed);
		if (lane->spec->turn(lane))
			continue;
		if (finish)
			return NULL;
		bell_wait(&lane->bell, ticket, lane->spec->idle_us);
	}
}

int lane_start(struct lane *lane)
{
	return thread_start(&lane->thread, lane->name, &lane->cpu, lane->cpu >= 0 ? 1 : 0, lane_body, lane);
}

void lane_finish(struct lane *lane)
{
	if (!lane)
		return;
	atomic_store_explicit(&lane->finish, true, memory_order_release);
	bell_ring(&lane->bell);
	thread_join(&lane->thread);
}

/* Adds what a step took; asks for the time only where somebody wants to know. */
static void note_time(struct lane *lane, unsigned step, uint64_t *then_ns)
{
	uint64_t now_ns;

	if (!lane->node->cfg.time_steps)
		return;
	now_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	lane->clock_asked++;
	if (*then_ns) {
		lane->step_ns[step] += now_ns - *then_ns;
		lane->step_n[step]++;
	}
	*then_ns = now_ns;
}

/* The first step that takes frames one by one; the steps before it have been passed by `n` frames together. */
static unsigned pass_together(struct lane *lane, uint32_t *n)
{
	const struct step *const *steps = lane->spec->steps;
	uint64_t then_ns = 0;
	unsigned s = 0;

	note_time(lane, s, &then_ns);
	for (; steps[s] && steps[s]->batch; s++) {
		*n = steps[s]->batch(lane, lane->hand, *n);
		note_time(lane, s, &then_ns);
	}
	return s;
}

static void pass_alone(struct lane *lane, struct slot *slot, unsigned first)
{
	const struct step *const *steps = lane->spec->steps;
	uint64_t then_ns = 0;

	note_time(lane, first, &then_ns);
	for (unsigned s = first; steps[s]; s++) {
		steps[s]->frame(lane, slot);
		note_time(lane, s, &then_ns);
	}
}

bool lane_take_frames(struct lane *lane, struct ring *in)
{
	uint32_t index;

	while (lane->n_hand < lane->max_hand && ring_pop(in, &index))
		lane->hand[lane->n_hand++] = node_slot(lane->node, index);
	return lane->n_hand > 0;
}

/* Waking the next lane up costs as much as a tenth of a small frame's analysis: of small ones a few are handed over together, unless this is the last
 * for now. */
static void hand_on(struct lane *lane, struct slot *slot, bool last, struct ring *out, struct lane *next)
{
	lane->unrung_bytes += slot->message.bytes; /* before it is another's */
	ring_push(out, node_slot_index(lane->node, slot)); /* it has room for every slot there is */
	if (!last && lane->unrung_bytes < RING_BYTES)
		return;
	lane->unrung_bytes = 0;
	bell_ring(&next->bell);
}

void lane_pass_frames(struct lane *lane, struct ring *in, struct ring *out, struct lane *next)
{
	uint32_t n = lane->n_hand;
	unsigned first = pass_together(lane, &n);

	for (uint32_t i = 0; i < n; i++) {
		pass_alone(lane, lane->hand[i], first);
		hand_on(lane, lane->hand[i], i + 1 == lane->n_hand && !ring_count(in), out, next);
	}
	lane->n_hand -= n;
	memmove(lane->hand, lane->hand + n, lane->n_hand * sizeof(*lane->hand));
}
