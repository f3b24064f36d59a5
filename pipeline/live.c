/* live.c - the lane that gathers what the screen shows, and decodes pictures for it (live.h). It holds no slot and no frame lane waits for it. */
#include "pipeline/live.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "host/clock.h"
#include "pipeline/receive.h"

#define TALLY_NS 90000000u   /* a turn may begin a little early */
#define LATEST_NS 18000000u
#define SECOND_NS 1000000000u

static int live_open(struct lane *lane, char *message, size_t message_bytes)
{
	struct node *node = lane->node;
	const struct config *c = &node->config;
	struct live *live = calloc(1, sizeof(*live));
	int rc = -ENOMEM;

	snprintf(message, message_bytes, "not enough memory for the screen");
	lane->state = live;
	if (!live)
		return rc;
	live->node = node;
	lock_open(&live->lock);
	live->frames.budget_bytes = (size_t)c->http.hold_mib << 20;
	live->start_ns = clock_monotonic_ns();
	live->start_unix_ns = clock_unix_ns();
	live->next_second_ns = live->start_ns + SECOND_NS;
	for (unsigned i = 0; i < NODE_LANES_MAX; i++)
		live->load[i] = NAN;
	live->spare = live_tally_open(node->plan_bins_max);
	if (live->spare)
		rc = live_pulse_open(&live->pulse);
	if (rc == 0)
		rc = live_curves_open(&live->curves, node->plan_bins_max);
	if (rc == 0)
		rc = live_tap_open(&live->tap, c->limits.max_channels, node->plan_bins_max, c->spots.max_spots);
	if (rc == 0)
		node->live = live;
	return rc;
}

/* --- what publish has told --------------------------------------------------------------------------------------------- */

static bool take_tally(struct live *live, uint64_t now_ns)
{
	struct live_tally *full = atomic_exchange_explicit(&live->tap.full, NULL, memory_order_acquire);

	if (full) {
		lock_take(&live->lock);
		live->round++;
		live_curves_add(live, full);
		lock_leave(&live->lock);
		live_tally_clear(full);
		live->spare = full;
	}
	if (live->spare && now_ns >= live->next_tally_ns) {
		atomic_store_explicit(&live->tap.empty, live->spare, memory_order_release);
		live->spare = NULL;
		live->next_tally_ns = now_ns + TALLY_NS;
	}
	return full;
}

static bool take_frames(struct live *live)
{
	uint32_t place;
	bool any = false;

	while (ring_pop(&live->tap.offered, &place)) {
		struct live_frame *f = live_frame_take(live, &live->tap.offer[place]);

		ring_push(&live->tap.free_offers, place);
		any = true;
		if (!f)
			continue;
		lock_take(&live->lock);
		live->round++;
		live_curves_frame(live, f);
		live_frames_put(&live->frames, f);
		lock_leave(&live->lock);
	}
	return any;
}

static void begin_run(struct live *live, const struct live_run_event *e)
{
	struct live_run *r;

	if (live->n_runs == LIVE_RUNS)
		memmove(live->run, live->run + 1, --live->n_runs * sizeof(live->run[0]));
	r = &live->run[live->n_runs++];
	*r = (struct live_run){.number = e->number, .series_id = e->series_id, .announced = e->announced, .began_unix_ns = e->unix_ns, .place = e->place};
	memcpy(r->series_unique_id, e->series_unique_id, sizeof(r->series_unique_id));
	if (e->number > live->curves.run)
		live_curves_begin(live, e->number);
	if (e->number == live->curves.run)
		live->curves.announced = e->announced;
}

static void end_run(struct live *live, const struct live_run_event *e)
{
	for (unsigned i = 0; i < live->n_runs; i++)
		if (live->run[i].number == e->number) {
			live->run[i].ended = true;
			live->run[i].closed_by = e->closed_by;
			memcpy(live->run[i].count, e->count, sizeof(e->count));
		}
}

static bool take_runs(struct live *live)
{
	uint32_t place;
	bool any = false;

	while (ring_pop(&live->tap.run_events, &place)) {
		const struct live_run_event *e = &live->tap.run_event[place];

		lock_take(&live->lock);
		live->round++;
		if (e->news == LIVE_RUN_BEGAN)
			begin_run(live, e);
		else
			end_run(live, e);
		lock_leave(&live->lock);
		any = true;
	}
	return any;
}

static void second(struct live *live, uint64_t now_ns)
{
	if (now_ns < live->next_second_ns)
		return;
	live->next_second_ns += SECOND_NS;
	if (live->next_second_ns <= now_ns) /* the machine stood still */
		live->next_second_ns = now_ns + SECOND_NS;
	live_pulse_second(live);
	lock_take(&live->lock);
	live_curves_second(live);
	lock_leave(&live->lock);
}

static bool live_turn(struct lane *lane)
{
	struct live *live = lane->state;
	uint64_t now_ns = clock_monotonic_ns();
	bool any;

	if (atomic_load_explicit(&lane->finish, memory_order_relaxed))
		return take_runs(live) || take_tally(live, 0) || take_frames(live);
	live_pulse_look(live);
	any = take_runs(live);
	any |= take_tally(live, now_ns);
	any |= take_frames(live);
	second(live, now_ns);
	if (now_ns >= live->next_latest_ns) {
		live->next_latest_ns = now_ns + LATEST_NS;
		atomic_store_explicit(&live->tap.latest_wanted, true, memory_order_relaxed);
	}
	return live_work(live) || any;
}

static void drop_jobs(struct live *live, struct live_job *job)
{
	while (job) {
		struct live_job *next = job->next;

		live_job_free(live, job);
		job = next;
	}
}

static void live_close(struct lane *lane)
{
	struct live *live = lane->state;

	if (!live)
		return;
	lane->node->live = NULL;
	drop_jobs(live, live->asked);
	drop_jobs(live, live->done);
	live_frames_clear(&live->frames);
	live_curves_close(&live->curves);
	for (unsigned i = 0; i < LIVE_SCENES; i++)
		live_scene_drop(live->scene[i]);
	live_pulse_close(&live->pulse);
	http_blob_drop(live->cached.blob);
	free(live->decoded.pixels);
	free(live->spare);
	live_tap_close(&live->tap);
	lock_close(&live->lock);
	free(live);
	lane->state = NULL;
}

const struct lane_spec live_lane = {
	.name = "live", .kind = LANE_LIVE, .open = live_open, .turn = live_turn, .close = live_close, .idle_us = 20000,
	.does = "gathers what the screen shows, and decodes pictures for it",
};
