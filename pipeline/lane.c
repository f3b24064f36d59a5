/* lane.c - the life of a lane: its thread, its sleep, and passing frames through its steps (node.h). */
#include "host/clock.h"
#include "pipeline/node.h"

static void *lane_body(void *user)
{
	struct lane *lane = user;

	for (;;) {
		uint32_t ticket = bell_listen(&lane->bell);
		/* Asked before the turn: what was handed over before finish was set is seen by that turn. */
		bool finish = atomic_load_explicit(&lane->finish, memory_order_acquire);

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

static void pass_timed(struct lane *lane, struct slot *slot)
{
	uint64_t then_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID), now_ns;

	for (unsigned i = 0; lane->spec->steps[i]; i++, then_ns = now_ns) {
		lane->spec->steps[i]->frame(lane, slot);
		now_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
		lane->step_ns[i] += now_ns - then_ns;
	}
}

bool lane_pass_frames(struct lane *lane, struct ring *in, struct ring *out, struct lane *next)
{
	uint32_t index;

	if (!ring_pop(in, &index))
		return false;
	if (lane->node->cfg.time_steps)
		pass_timed(lane, node_slot(lane->node, index));
	else
		for (unsigned i = 0; lane->spec->steps[i]; i++)
			lane->spec->steps[i]->frame(lane, node_slot(lane->node, index));
	ring_push(out, index); /* it has room for every slot there is */
	bell_ring(&next->bell);
	return true;
}
