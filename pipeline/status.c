/* status.c - what is so now (status.h). */
#include "pipeline/status.h"

struct status_run status_newest_run(const struct node *node)
{
	struct status_run n = {.number = atomic_load_explicit(&node->current_run, memory_order_acquire)};

	n.series = atomic_load_explicit(&node->current_series, memory_order_relaxed);
	n.run = &node->runs.run[atomic_load_explicit(&node->current_place, memory_order_relaxed)];
	for (unsigned i = 0; i < RUNS_OPEN_MAX; i++) {
		int state = atomic_load_explicit(&node->runs.run[i].state, memory_order_relaxed);

		n.n_open += state == RUN_OPEN;
		n.n_ending += state == RUN_CLOSING;
	}
	return n;
}

unsigned status_connected(const struct node *node)
{
	return (unsigned)__builtin_popcountll(atomic_load_explicit(&node->connected, memory_order_relaxed));
}

const char *status_state(const struct node *node, const struct status_run *run)
{
	if (atomic_load_explicit(&node->draining, memory_order_relaxed))
		return "stopping";
	if (run->n_open)
		return "measuring";
	if (run->n_ending)
		return "ending";
	return status_connected(node) ? "waiting" : "disconnected";
}

uint64_t status_total(const struct node *node, enum ledger_term term)
{
	uint64_t n = ledger_get(&node->total, term);

	for (unsigned i = 0; term == LEDGER_MISSING && i < RUNS_OPEN_MAX; i++)
		n += atomic_load_explicit(&node->runs.run[i].gaps, memory_order_relaxed);
	return n;
}

uint64_t status_of_run(const struct status_run *run, enum ledger_term term)
{
	if (!run->number)
		return 0;
	return ledger_get(&run->run->ledger, term) + (term == LEDGER_MISSING ? atomic_load_explicit(&run->run->gaps, memory_order_relaxed) : 0);
}
