/* plans.h - the plans of the runs: made off the frame path by a lane of its own, and cached.
 *
 * A plan_ref is a plan with its handle on every open device. The plan lane alone makes and drops them; others hold what they were given
 * from the moment they see PLAN_READY until their run is done. */
#ifndef PIPELINE_PLANS_H
#define PIPELINE_PLANS_H

#include <stdatomic.h>

#include "kernels/plan.h"
#include "pipeline/engines.h"

struct run;
struct node;
struct config;
struct settings;

struct plan_ref {
	struct plan *plan;
	struct engine_plan *handle[ENGINES_OPEN_MAX]; /* NULL: that device does not take it */
	_Atomic uint32_t takers;                      /* bit per open device that does; a lane clears one where its device finds no room; relaxed */
	_Atomic uint32_t holders;                     /* runs; release by admit, which gives one up; pairs with the plan lane's acquire before it drops the plan */
	uint64_t version;                             /* results carry it */
	const struct settings *settings;              /* that it was made with; good until the node closes */
	uint64_t key, used;                           /* the plan lane's own: what it was made from, when it was last given out */
};

/* Asks for the plan of one of the run's channels; its state goes to PLAN_ASKED and later to PLAN_READY or PLAN_FAILED. admit only. */
void plans_ask(struct node *node, struct run *run, unsigned channel);
/* The open devices that take a plan, a bit each. */
uint32_t plans_takers(const struct plan_ref *ref);
/* One of them finds no room for its frames: the next engine has them from now on. True: this call said so first. */
bool plans_refuse(const struct plan_ref *ref, unsigned entry);
/* Asks for another plan of a channel that has one, by the newest settings; renew_state goes the same way. admit only. */
void plans_ask_again(struct node *node, struct run *run, unsigned channel);
/* What the configuration says of a plan; shape, geometry and masks are still to come. */
void plans_from_config(struct plan_settings *settings, const struct config *config);
/* The run needs its plans no more. */
void plans_release(struct run *run);

#endif
