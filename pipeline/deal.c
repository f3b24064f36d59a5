/* deal.c - dealing frames out, and what is done when there are more than the engines can take (deal.h). */
#include "pipeline/deal.h"

#include "pipeline/channels.h"
#include "pipeline/plans.h"
#include "pipeline/retune.h"

#define BUSY 1 /* frames that wait at a worker while it has one in hand; at one that feeds a device: half of what may wait there */
#define CONSUMER_EXCUSE_NS 1000000000u

void deal_past(struct deal *deal, struct node *node, struct slot *slot)
{
	slot->sequence = deal->sequence++;
	ring_push(&node->passed, node_slot_index(node, slot));
	bell_ring(&node->publish->bell);
}

void deal_unanalysed(struct deal *deal, struct node *node, struct slot *slot, enum record_status status, enum ledger_term reason)
{
	slot->analyse = false;
	slot->status = status;
	slot->reason = reason;
	deal_past(deal, node, slot);
}

static bool running_low(struct node *node, unsigned source)
{
	uint32_t free_slots = ring_count(&node->released[source]) + ring_count(&node->refused[source]);

	return free_slots < node->slots_per_source / 4 ||
	       atomic_load_explicit(&node->bytes_in_flight[source], memory_order_relaxed) > node->source_budget_bytes / 4 * 3;
}

/* The devices that are to have a frame, a bit each: of the first engine in the order that takes the plans of all its channels, those that work. Where
 * none is left anyone may say so. */
static uint32_t devices_for(const struct node *node, const struct slot *slot)
{
	uint32_t able = UINT32_MAX, best;

	for (uint32_t c = 0; c < slot->decoded.image.n_channels; c++)
		able &= plans_takers(retune_plan(&slot->run->channel[slot->run_channel[c]]));
	best = engines_best(&node->engines, able);
	return best ? best : UINT32_MAX;
}

static uint32_t may_wait_at(const struct lane *work, bool running_low)
{
	uint32_t ahead = atomic_load_explicit(&work->ahead, memory_order_relaxed);

	return !running_low ? ahead : work->device < 0 ? BUSY + 1 : ahead / 2;
}

/* To the worker with the least to do; false: each has as much as it may. */
static bool to_worker(struct deal *deal, struct node *node, struct slot *slot, bool running_low)
{
	uint32_t least = UINT32_MAX, best = 0, devices = devices_for(node, slot);

	for (uint32_t w = 0; w < node->n_workers; w++) {
		uint32_t n = node->work[w]->serves & devices ? ring_count(&node->work_in[w]) : UINT32_MAX;

		if (n < least) {
			least = n;
			best = w;
		}
	}
	if (least >= may_wait_at(node->work[best], running_low))
		return false;
	slot->sequence = deal->sequence;
	slot->analyse = true;
	retune_stamp(slot);
	if (!ring_push(&node->work_in[best], node_slot_index(node, slot))) {
		retune_unstamp(slot);
		return false;
	}
	deal->sequence++;
	bell_ring(&node->work[best]->bell);
	return true;
}

/* Are the engines what is too slow? Slots also run low where a consumer may hold up everything; that is no reason to skip analysis. */
static bool has_to_shed(struct node *node, const struct slot *slot, uint64_t now_ns)
{
	uint64_t waited_ns = atomic_load_explicit(&node->consumer_waited_ns, memory_order_relaxed);

	return !node->cfg.patient && node->config.overload.analysis == OVERLOAD_SHED && running_low(node, slot->source) &&
	       (!waited_ns || (now_ns > waited_ns && now_ns - waited_ns > CONSUMER_EXCUSE_NS));
}

/* Sends a frame on if it can go; false: it has to wait. */
static bool dispatch(struct deal *deal, struct node *node, struct slot *slot, uint64_t now_ns)
{
	enum ledger_term reason = LEDGER_TERMS;
	enum channels_readiness readiness = channels_ready(node, slot, now_ns, &reason);
	bool shed;

	if (readiness == CHANNELS_GIVE_UP) {
		deal_unanalysed(deal, node, slot, RECORD_UNANALYSED, reason);
		return true;
	}
	/* When slots run low workers get no more than keeps them busy: else all slots of a node with many workers could wait in front of them. */
	shed = has_to_shed(node, slot, now_ns);
	if (readiness == CHANNELS_READY && to_worker(deal, node, slot, shed))
		return true;
	if (readiness == CHANNELS_READY && shed) {
		deal_unanalysed(deal, node, slot, RECORD_UNANALYSED, LEDGER_OVERLOAD);
		return true;
	}
	return false;
}

static void wait_in_line(struct node *node, struct slot *slot)
{
	struct run *run = slot->run;
	uint32_t index = node_slot_index(node, slot);

	if (!run->n_waiting)
		run->waiting_head = index;
	else
		node_slot(node, run->waiting_tail)->next = index;
	run->waiting_tail = index;
	run->n_waiting++;
}

void deal_frame(struct deal *deal, struct node *node, struct slot *slot, uint64_t now_ns)
{
	if (slot->run->n_waiting || !dispatch(deal, node, slot, now_ns))
		wait_in_line(node, slot);
}

bool deal_line(struct deal *deal, struct node *node, struct run *run, uint64_t now_ns)
{
	bool any = false;

	while (run->n_waiting) {
		struct slot *slot = node_slot(node, run->waiting_head);
		uint32_t next = slot->next;

		if (!dispatch(deal, node, slot, now_ns))
			break;
		run->waiting_head = next;
		run->n_waiting--;
		any = true;
	}
	return any;
}
