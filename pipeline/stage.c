/* stage.c - the step after which a payload's framing is trusted: the table of its blocks is built and every length checked.
 *
 * For the CPU this happens in the received message itself, a frame at a time. For a device the compressed bytes are copied into its slab in the same
 * pass, of as many of the frames that wait as make a copy worth its while. */
#include <inttypes.h>

#include "pipeline/work.h"

#define STAGE_ENOUGH_BYTES ((size_t)4 << 20) /* a copy to the device gains nothing by being larger, and its first frame waits for its last */

static enum codec codec_of(enum stream_codec codec)
{
	static const enum codec map[] = {
		[STREAM_CODEC_NONE] = CODEC_NONE, [STREAM_CODEC_BSLZ4] = CODEC_BSLZ4,
		[STREAM_CODEC_LZ4_FRAMED] = CODEC_LZ4_FRAMED, [STREAM_CODEC_LZ4_RAW] = CODEC_LZ4_RAW,
	};

	return map[codec];
}

struct payload stage_payload(const struct stream_array *array)
{
	return (struct payload){array->bytes.at, array->bytes.len, codec_of(array->codec), array->shuffle_bytes};
}

static struct work_image *next_image(struct work *w, struct slot *slot, uint32_t channel)
{
	struct work_image *image = &w->image[w->n_images];
	struct outcome *o = &slot->outcome[channel];

	o->status = RECORD_ANALYSED;
	o->reason = LEDGER_TERMS;
	*image = (struct work_image){.slot = slot, .outcome = o, .asked = -1};
	image->payload = stage_payload(&slot->decoded.image.channel[channel].pixels);
	return image;
}

/* A payload whose framing is damaged goes no further. */
static void keep_if_good(struct work *w, struct work_image *image, int rc)
{
	if (rc == 0) {
		w->n_images++;
		return;
	}
	image->outcome->status = RECORD_INVALID;
	image->outcome->reason = LEDGER_BAD_FRAMING;
}

/* The tables of all channels lie one after the other in the lane's memory; a channel's begins where the one before it ended. */
static void stage_in_place(struct work *w, struct slot *slot)
{
	uint32_t used = 0;

	w->in_slab = false;
	for (uint32_t c = 0; c < slot->decoded.image.n_channels; c++) {
		struct work_image *image = next_image(w, slot, c);
		int rc;

		image->table = (struct block_table){.offset = w->offsets + used, .capacity = w->n_offsets - used};
		rc = block_table_build(&image->table, &image->payload, &image->outcome->plan->plan->shape);
		if (rc == 0)
			used += image->table.n_blocks + 1;
		keep_if_good(w, image, rc);
	}
}

/* --- for a device ------------------------------------------------------------------------------------------------------ */

static bool device_takes(const struct lane *lane, const struct slot *slot)
{
	uint32_t takers = engines_alive(&lane->node->engines);

	for (uint32_t c = 0; c < slot->decoded.image.n_channels; c++)
		takers &= plans_takers(slot->outcome[c].plan);
	return takers >> lane->device & 1;
}

static size_t most_bytes(const struct slot *slot)
{
	size_t bytes = 0;

	for (uint32_t c = 0; c < slot->decoded.image.n_channels; c++)
		bytes += slab_image_bytes(&slot->outcome[c].plan->plan->shape);
	return bytes;
}

/* Room for as many frames as are analysed together, or for enough bytes and one frame more that has begun. */
static bool slab_is_ready(struct lane *lane, const struct slot *slot)
{
	struct work *w = lane->state;
	const struct config *c = &lane->node->config;
	size_t frame = most_bytes(slot), batch = frame * w->max_images;
	const struct slab_cfg cfg = {
		.device = &lane->node->engines.open[lane->device], .max_bytes = ((size_t)c->engine.slab_mib << 20) / c->engine.queues_per_device,
		.numa_node = lane->numa_node, .huge_pages = c->machine.huge_pages,
	};

	if (slab_fit(&w->slab, &cfg, batch < STAGE_ENOUGH_BYTES + frame ? batch : STAGE_ENOUGH_BYTES + frame) == 0 || w->slab.bytes)
		return true;
	log_limited(&w->too_large, LOG_ERROR, "engine %s: no page-locked memory for its frames", cfg.device->label);
	return false;
}

/* All channels of a frame or none. */
static bool put_in_slab(struct work *w, struct slot *slot)
{
	uint32_t n_images = w->n_images;
	size_t used_bytes = w->slab.used_bytes;

	for (uint32_t c = 0; c < slot->decoded.image.n_channels; c++) {
		struct work_image *image = next_image(w, slot, c);
		int rc = slab_put(&w->slab, &image->payload, &image->table, &image->outcome->plan->plan->shape);

		if (rc == -ENOSPC) {
			w->n_images = n_images;
			w->slab.used_bytes = used_bytes;
			return false;
		}
		keep_if_good(w, image, rc);
	}
	return true;
}

/* How many of the frames lie in the slab now; 0: the first one does not go to the device. */
static uint32_t stage_for_device(struct lane *lane, struct slot *const *slots, uint32_t n)
{
	struct work *w = lane->state;
	uint32_t taken = 0;

	if (!device_takes(lane, slots[0]) || !slab_is_ready(lane, slots[0]))
		return 0;
	w->in_slab = true;
	while (taken < n && w->slab.used_bytes < STAGE_ENOUGH_BYTES && w->n_images + slots[taken]->decoded.image.n_channels <= w->max_images &&
	       device_takes(lane, slots[taken]) && put_in_slab(w, slots[taken]))
		taken++;
	if (!taken)
		log_limited(&w->too_large, LOG_WARNING, "frame %" PRIu64 " has no room in the slab (engine.slab_mib): the next engine takes it",
			    slots[0]->decoded.image.image_id);
	return taken;
}

/* How many frames such as these the lane is to have in hand, and in front of it: what makes a batch, and as much again. */
static void suit_size(struct lane *lane, uint32_t taken)
{
	const struct work *w = lane->state;
	size_t fit = taken ? STAGE_ENOUGH_BYTES / (w->slab.used_bytes / taken + 1) + 1 : 1;
	uint32_t ahead;

	lane->max_hand = fit < w->max_images ? (uint32_t)fit : w->max_images;
	ahead = 2 * lane->max_hand > NODE_AHEAD ? 2 * lane->max_hand : NODE_AHEAD;
	if (ahead > atomic_exchange_explicit(&lane->ahead, ahead, memory_order_relaxed))
		bell_ring(&lane->node->admit->bell); /* frames may be waiting there for just that */
}

static uint32_t stage_frames(struct lane *lane, struct slot *const *slots, uint32_t n)
{
	struct work *w = lane->state;
	uint32_t taken = 0;

	w->n_images = 0;
	if (lane->device >= 0) {
		taken = stage_for_device(lane, slots, n);
		suit_size(lane, taken);
	}
	if (taken)
		return taken;
	w->n_images = 0;
	stage_in_place(w, slots[0]);
	return 1;
}

const struct step step_stage = {"stage", .batch = stage_frames};
