/* channels.c - a run's channels, their shapes and their plans (channels.h). */
#include "pipeline/channels.h"

#include <string.h>

#include "pipeline/plans.h"
#include "pipeline/receive.h"

enum ledger_term channels_find(struct node *node, struct run *run, const struct stream_channel *c, uint32_t *number)
{
	uint32_t n = atomic_load_explicit(&run->n_channels, memory_order_relaxed);
	struct run_channel *rc;

	for (*number = 0; *number < n; (*number)++)
		if (!strcmp(run->channel[*number].name, c->name))
			break;
	if (*number == node->config.limits.max_channels)
		return LEDGER_CHANNEL_UNKNOWN;
	rc = &run->channel[*number];
	if (*number == n) {
		memcpy(rc->name, c->name, sizeof(rc->name));
		rc->elem_bytes = 0;
		atomic_store_explicit(&run->n_channels, n + 1, memory_order_release);
	}
	if (!rc->elem_bytes) {
		rc->width = c->pixels.width;
		rc->height = c->pixels.height;
		rc->elem_bytes = c->pixels.elem_bytes;
		plans_ask(node, run, *number);
	}
	if (rc->width != c->pixels.width || rc->height != c->pixels.height || rc->elem_bytes != c->pixels.elem_bytes)
		return LEDGER_SHAPE_DIFFERS;
	return LEDGER_TERMS;
}

void channels_announced(struct node *node, struct run *run, const struct stream_start *start)
{
	uint32_t n = start->n_channels < node->config.limits.max_channels ? start->n_channels : node->config.limits.max_channels;
	bool known = start->width && start->height && (uint64_t)start->width * start->height <= receive_limits(&node->config).max_pixels;

	for (uint32_t i = 0; i < n; i++) {
		struct run_channel *rc = &run->channel[i];

		memcpy(rc->name, start->channel[i].name, sizeof(rc->name));
		rc->width = start->width;
		rc->height = start->height;
		rc->elem_bytes = known ? start->elem_bytes : 0;
		atomic_store_explicit(&run->n_channels, i + 1, memory_order_release);
		if (rc->elem_bytes)
			plans_ask(node, run, i);
	}
}

enum channels_readiness channels_ready(struct node *node, const struct slot *slot, uint64_t now_ns, enum ledger_term *reason)
{
	for (uint32_t i = 0; i < slot->decoded.image.n_channels; i++) {
		struct run_channel *rc = &slot->run->channel[slot->run_channel[i]];
		int state = atomic_load_explicit(&rc->plan_state, memory_order_acquire);

		if (state == PLAN_FAILED) {
			*reason = LEDGER_PLAN_FAILED;
			return CHANNELS_GIVE_UP;
		}
		if (state == PLAN_READY)
			continue;
		if (!node->cfg.patient && now_ns - slot->received_ns > (uint64_t)node->config.run.plan_timeout_ms * 1000000u) {
			*reason = LEDGER_NO_PLAN;
			return CHANNELS_GIVE_UP;
		}
		return CHANNELS_WAIT;
	}
	return CHANNELS_READY;
}
