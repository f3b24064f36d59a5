/* run.c - the life of a run (run.h). */
#include "pipeline/run.h"

#include <errno.h>
#include <string.h>

#include "pipeline/slot.h"

int run_table_open(struct run_table *table, uint32_t remembered, struct ledger *total)
{
	table->max_remembered = remembered < RUNS_REMEMBERED_MAX ? remembered : RUNS_REMEMBERED_MAX;
	for (unsigned i = 0; i < RUNS_OPEN_MAX; i++) {
		table->run[i].ledger.total = total;
		if (idset_open(&table->run[i].ids, 0) < 0)
			return -ENOMEM;
	}
	return 0;
}

void run_table_close(struct run_table *table)
{
	for (unsigned i = 0; i < RUNS_OPEN_MAX; i++)
		idset_close(&table->run[i].ids);
}

static bool same(const struct run_identity *a, const struct run_identity *b)
{
	return a->group == b->group && a->series_id == b->series_id && !strcmp(a->series_unique_id, b->series_unique_id);
}

struct run *run_find(struct run_table *table, const struct run_identity *identity)
{
	struct run *found = NULL;

	for (unsigned i = 0; i < RUNS_OPEN_MAX; i++) {
		struct run *r = &table->run[i];

		if (atomic_load_explicit(&r->state, memory_order_relaxed) == RUN_OPEN && same(&r->identity, identity) &&
		    (!found || r->number > found->number))
			found = r;
	}
	return found;
}

bool run_was(const struct run_table *table, const struct run_identity *identity)
{
	for (uint32_t i = 0; i < table->n_remembered; i++)
		if (same(&table->remembered[i], identity))
			return true;
	return false;
}

static void clear(struct run *run)
{
	run->identity = (struct run_identity){0};
	run->dialect = STREAM_UNKNOWN;
	run->shared = run->joined_late = run->any = run->results_started = run->on_screen = false;
	atomic_store_explicit(&run->gaps, 0, memory_order_relaxed);
	run->announced = run->start_sources = run->lowest = run->highest = run->seen = 0;
	run->start = run->end = NULL;
	run->last_ns = run->end_ns = run->deaf_ns = run->first_frame_ns = run->last_frame_ns = run->bytes = 0;
	run->closed_by = NULL;
	run->n_channels = 0;
	run->waiting_head = run->waiting_tail = 0;
	run->n_waiting = 0;
	for (enum ledger_term t = 0; t < LEDGER_TERMS; t++)
		atomic_store_explicit(&run->ledger.count[t], 0, memory_order_relaxed);
	latency_clear(&run->latency);
	atomic_store_explicit(&run->frames_done, false, memory_order_relaxed);
	atomic_store_explicit(&run->files_done, false, memory_order_relaxed);
	for (unsigned c = 0; c < STREAM_CHANNELS_MAX; c++) {
		atomic_store_explicit(&run->channel[c].plan_state, PLAN_NONE, memory_order_relaxed);
		run->channel[c].plan = run->channel[c].renewed = NULL;
		atomic_store_explicit(&run->channel[c].renew_state, PLAN_NONE, memory_order_relaxed);
		run->channel[c].renew_version = run->channel[c].use_now = 0;
		memset(run->channel[c].use, 0, sizeof(run->channel[c].use));
	}
	idset_clear(run->ids);
}

struct run *run_open(struct run_table *table, const struct run_identity *identity, uint64_t now_ns)
{
	for (unsigned i = 0; i < RUNS_OPEN_MAX; i++) {
		struct run *r = &table->run[i];

		if (atomic_load_explicit(&r->state, memory_order_acquire) != RUN_FREE)
			continue;
		clear(r);
		r->identity = *identity;
		r->number = ++table->last_number;
		r->last_ns = now_ns;
		atomic_store_explicit(&r->state, RUN_OPEN, memory_order_relaxed);
		return r;
	}
	return NULL;
}

static unsigned open_in_group(const struct run_table *table, uint32_t group)
{
	unsigned n = 0;

	for (unsigned i = 0; i < RUNS_OPEN_MAX; i++)
		n += atomic_load_explicit(&table->run[i].state, memory_order_relaxed) == RUN_OPEN && table->run[i].identity.group == group;
	return n;
}

/* Is a the better one to lose? */
static bool rather(const struct run_table *table, const struct run *a, const struct run *b)
{
	unsigned of_a = open_in_group(table, a->identity.group), of_b = open_in_group(table, b->identity.group);

	if (of_a != of_b)
		return of_a > of_b;
	if (a->joined_late != b->joined_late)
		return a->joined_late;
	return a->last_ns < b->last_ns;
}

struct run *run_to_displace(struct run_table *table)
{
	struct run *found = NULL;

	for (unsigned i = 0; i < RUNS_OPEN_MAX; i++) {
		struct run *r = &table->run[i];

		if (atomic_load_explicit(&r->state, memory_order_relaxed) != RUN_OPEN)
			return NULL;
		if (!found || rather(table, r, found))
			found = r;
	}
	return found;
}

bool run_all_free(const struct run_table *table)
{
	for (unsigned i = 0; i < RUNS_OPEN_MAX; i++)
		if (atomic_load_explicit(&table->run[i].state, memory_order_relaxed) != RUN_FREE)
			return false;
	return true;
}

enum idset_answer run_note(struct run *run, uint64_t image_id)
{
	enum idset_answer answer = idset_add(run->ids, image_id);

	if (answer != IDSET_NEW)
		return answer;
	run->seen++;
	if (!run->any || image_id < run->lowest)
		run->lowest = image_id;
	if (!run->any || image_id > run->highest)
		run->highest = image_id;
	run->any = true;
	atomic_store_explicit(&run->gaps, run->highest + 1 - (run->joined_late ? run->lowest : 0) - run->seen, memory_order_relaxed);
	return answer;
}

const char *run_over(const struct run *run, const struct run_timing *timing, uint64_t now_ns)
{
	uint64_t heard_ns = run->deaf_ns > run->last_ns ? run->deaf_ns : run->last_ns;
	uint64_t quiet_ns = now_ns > heard_ns ? now_ns - heard_ns : 0;

	if (run->end_ns && run->announced && run->seen >= run->announced)
		return "end";
	if (run->end_ns)
		return quiet_ns >= timing->quiet_after_end_ns ? "end" : NULL;
	return quiet_ns >= timing->quiet_ns ? "quiet" : NULL;
}

/* Numbers from `first` on were the run's: 0 where its beginning was seen, else the first that came. */
static void count_numbers(struct run *run)
{
	uint64_t first = run->joined_late && run->any ? run->lowest : 0;
	uint64_t total = run->any && run->highest + 1 > run->announced ? run->highest + 1 : run->announced;

	ledger_add(&run->ledger, LEDGER_ANNOUNCED, total);
	ledger_add(&run->ledger, LEDGER_BEFORE_JOIN, first);
	if (!run->any) {
		ledger_add(&run->ledger, LEDGER_NOT_SENT, total);
		return;
	}
	atomic_store_explicit(&run->gaps, 0, memory_order_relaxed);
	ledger_add(&run->ledger, LEDGER_MISSING, idset_unseen(run->ids, first, run->highest));
	if (total > run->highest + 1)
		ledger_add(&run->ledger, LEDGER_NOT_SENT, total - run->highest - 1);
}

void run_close(struct run_table *table, struct run *run, const char *closed_by)
{
	run->closed_by = closed_by;
	count_numbers(run);
	atomic_store_explicit(&run->state, RUN_CLOSING, memory_order_relaxed);
	if (!table->max_remembered)
		return;
	table->remembered[table->next_remembered] = run->identity;
	table->next_remembered = (table->next_remembered + 1) % table->max_remembered;
	if (table->n_remembered < table->max_remembered)
		table->n_remembered++;
}
