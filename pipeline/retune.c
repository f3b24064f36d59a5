/* retune.c - the plans that frames are dealt out with, when settings change during a run (retune.h). */
#include "pipeline/retune.h"

#include "pipeline/plans.h"

const struct plan_ref *retune_plan(const struct run_channel *rc)
{
	const struct plan_ref *ref = rc->use[rc->use_now].ref;

	return ref ? ref : rc->plan;
}

void retune_stamp(struct slot *slot)
{
	for (uint32_t i = 0; i < slot->decoded.image.n_channels; i++) {
		struct run_channel *rc = &slot->run->channel[slot->run_channel[i]];
		struct plan_use *use = &rc->use[rc->use_now];
		struct outcome *o = &slot->outcome[i];

		if (!use->ref)
			use->ref = rc->plan;
		use->dealt++;
		o->plan = use->ref;
		o->plan_use = rc->use_now;
		o->settings = use->ref->settings;
	}
	slot->settings = slot->outcome[0].settings;
}

void retune_unstamp(struct slot *slot)
{
	for (uint32_t i = 0; i < slot->decoded.image.n_channels; i++)
		slot->run->channel[slot->run_channel[i]].use[slot->outcome[i].plan_use].dealt--;
}

void retune_let_out(struct slot *slot)
{
	for (uint32_t i = 0; i < slot->decoded.image.n_channels; i++) {
		_Atomic uint64_t *let_out = &slot->run->channel[slot->run_channel[i]].use[slot->outcome[i].plan_use].let_out;

		atomic_store_explicit(let_out, atomic_load_explicit(let_out, memory_order_relaxed) + 1, memory_order_release);
	}
}

/* Takes the plan that is ready into the next place, if that has no frames under way any more. */
static void take_renewed(struct run_channel *rc)
{
	uint32_t next = (rc->use_now + 1) % PLAN_USES;
	struct plan_use *use = &rc->use[next];

	if (!rc->use[rc->use_now].ref)
		rc->use[rc->use_now].ref = rc->plan;
	if (use->ref && atomic_load_explicit(&use->let_out, memory_order_acquire) != use->dealt)
		return;
	if (use->ref && use->ref != rc->plan)
		atomic_fetch_sub_explicit(&((struct plan_ref *)use->ref)->holders, 1, memory_order_release);
	use->ref = rc->renewed;
	use->dealt = 0;
	atomic_store_explicit(&use->let_out, 0, memory_order_relaxed);
	rc->use_now = next;
	rc->renewed = NULL;
	atomic_store_explicit(&rc->renew_state, PLAN_NONE, memory_order_relaxed);
}

static void see_to_channel(struct node *node, struct run *run, uint32_t c, uint64_t newest)
{
	struct run_channel *rc = &run->channel[c];

	if (atomic_load_explicit(&rc->plan_state, memory_order_acquire) != PLAN_READY)
		return;
	switch (atomic_load_explicit(&rc->renew_state, memory_order_acquire)) {
	case PLAN_READY:
		take_renewed(rc);
		return;
	case PLAN_FAILED:
		atomic_store_explicit(&rc->renew_state, PLAN_NONE, memory_order_relaxed);
		return;
	case PLAN_NONE:
		if (rc->renew_version < newest && retune_plan(rc)->settings->version < newest) {
			rc->renew_version = newest;
			plans_ask_again(node, run, c);
		}
		return;
	}
}

void retune_turn(struct node *node)
{
	uint64_t newest = settings_newest(&node->settings)->version;

	for (unsigned i = 0; newest > 1 && i < RUNS_OPEN_MAX; i++) {
		struct run *run = &node->runs.run[i];
		uint32_t n = atomic_load_explicit(&run->n_channels, memory_order_relaxed);

		if (atomic_load_explicit(&run->state, memory_order_relaxed) == RUN_OPEN)
			for (uint32_t c = 0; c < n; c++)
				see_to_channel(node, run, c, newest);
	}
}
