/* receive.c - the step that takes messages from a detector: one lane, one ZeroMQ context and one PULL socket per connection.
 *
 * It takes the message apart where it lies; pixels are not touched. When its slots or its share of the memory are used up it does not
 * receive: ZeroMQ's queue, TCP and at last the detector's own buffer hold what comes. */
#include "pipeline/receive.h"

#include <errno.h>
#include <stdlib.h>

#include "host/clock.h"
#include "host/log.h"
#include "host/pull.h"
#include "pipeline/node.h"

#define WAIT_MS 20
#define BATCH 64
#define RING_EVERY 8 /* messages: waking admit up costs more than receiving a small one */

struct receive {
	struct pull *pull;
	struct stream_limits limits;
	struct log_limit starved;
	uint32_t spare; /* an empty slot in hand, or SLOT_NONE */
	bool connected;
};

static int receive_open(struct lane *lane, char *message, size_t message_bytes)
{
	const struct config *c = &lane->node->config;
	struct pull_cfg cfg = {
		.endpoint = c->input.entry[lane->index].endpoint,
		.max_message_bytes = (size_t)c->limits.max_message_mib << 20,
		.queue_bytes = (size_t)c->limits.receive_queue_mib << 20,
	};
	struct receive *r = calloc(1, sizeof(*r));
	int cpus[TOPOLOGY_CPUS_MAX];

	cfg.cpus = cpus;
	cfg.n_cpus = c->machine.pin_threads ? topology_cpus_of(&lane->node->topology, lane->numa_node, cpus, TOPOLOGY_CPUS_MAX) : 0;
	lane->state = r;
	if (!r)
		return -ENOMEM;
	r->limits = receive_limits(c);
	r->spare = SLOT_NONE;
	return pull_open(&r->pull, &cfg, message, message_bytes);
}

struct stream_limits receive_limits(const struct config *config)
{
	return (struct stream_limits){
		.max_pixels = (uint64_t)config->limits.max_megapixels << 20,
		.max_channels = config->limits.max_channels,
	};
}

uint32_t receive_free_slot(struct node *node, unsigned source)
{
	uint32_t index;

	if (atomic_load_explicit(&node->bytes_in_flight[source], memory_order_relaxed) <= node->source_budget_bytes &&
	    (ring_pop(&node->released[source], &index) || ring_pop(&node->refused[source], &index)))
		return index;
	atomic_store_explicit(&node->deaf_ns[source], clock_monotonic_ns(), memory_order_relaxed);
	return SLOT_NONE;
}

void receive_hand_over(struct lane *lane, struct slot *slot)
{
	struct node *node = lane->node;

	atomic_fetch_add_explicit(&node->bytes_in_flight[slot->source], slot->message.bytes, memory_order_relaxed);
	atomic_fetch_add_explicit(&node->bytes_received, slot->message.bytes, memory_order_relaxed);
	ring_push(&node->arrived[lane->index], node_slot_index(node, slot)); /* it has room for every slot of this source */
}

static void note_connection(struct lane *lane, struct receive *r)
{
	struct node *node = lane->node;
	uint64_t bit = 1ull << lane->index;
	struct pull_state state;

	pull_state(r->pull, &state);
	if (state.connected == r->connected)
		return;
	r->connected = state.connected;
	if (state.connected)
		atomic_fetch_or_explicit(&node->connected, bit, memory_order_relaxed);
	else
		atomic_fetch_and_explicit(&node->connected, ~bit, memory_order_relaxed);
	log_line(LOG_INFO, "%s: %s", node->config.input.entry[lane->index].endpoint, state.connected ? "connected" : "connection lost");
}

static void decode(struct receive *r, struct slot *slot)
{
	struct span spans[STREAM_PARTS_MAX];

	message_spans(&slot->message, spans);
	slot->refusal = slot->message.excess ? STREAM_BAD_PARTS
					     : stream_decode(&slot->decoded, spans, slot->message.n_parts, &r->limits);
}

/* Receives one message into a free slot and hands it over; false: there was none, or no slot. */
static bool receive_one(struct lane *lane, struct receive *r, int timeout_ms)
{
	struct node *node = lane->node;
	struct slot *slot;
	int rc;

	if (r->spare == SLOT_NONE)
		r->spare = receive_free_slot(node, lane->index);
	if (r->spare == SLOT_NONE) {
		log_limited(&r->starved, LOG_DEBUG, "%s: no free slot, the detector has to wait",
			    node->config.input.entry[lane->index].endpoint);
		return false;
	}
	slot = node_slot(node, r->spare);
	rc = pull_receive(r->pull, &slot->message, timeout_ms);
	slot->received_ns = clock_monotonic_ns();
	slot->received_unix_ns = clock_unix_ns();
	if (rc < 0)
		return false;
	r->spare = SLOT_NONE;
	decode(r, slot);
	receive_hand_over(lane, slot);
	return true;
}

static bool receive_turn(struct lane *lane)
{
	struct receive *r = lane->state;
	struct bell *admit = &lane->node->admit->bell;
	unsigned n = 0;

	if (atomic_load_explicit(&lane->finish, memory_order_relaxed))
		return false;
	while (n < BATCH && receive_one(lane, r, n ? 0 : WAIT_MS))
		if (++n % RING_EVERY == 0)
			bell_ring(admit);
	if (n % RING_EVERY)
		bell_ring(admit);
	note_connection(lane, r);
	return n > 0 || r->spare != SLOT_NONE; /* with a slot in hand it has slept long enough, and where a message wakes it */
}

static void receive_close(struct lane *lane)
{
	struct receive *r = lane->state;

	if (r)
		pull_close(&r->pull);
	free(r);
	lane->state = NULL;
}

const struct lane_spec receive_lane = {
	.name = "receive", .kind = LANE_RECEIVE, .open = receive_open, .turn = receive_turn, .close = receive_close, .idle_us = 1000,
	.does = "takes messages from one connection and takes them apart",
};
