/* stage.c - the step after which a payload's framing is trusted: the table of its blocks is built and every length checked.
 *
 * For the CPU this happens on the worker, in the received message itself; engines with their own memory copy in the same pass. */
#include "pipeline/work.h"

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

/* The tables of all channels lie one after the other in the lane's memory; a channel's begins where the one before it ended. */
static void stage_frame(struct lane *lane, struct slot *slot)
{
	struct work *w = lane->state;
	uint32_t used = 0;

	for (uint32_t i = 0; i < slot->decoded.image.n_channels; i++) {
		struct outcome *o = &slot->outcome[i];
		struct block_table *t = &w->table[i];

		o->plan = slot->run->channel[slot->run_channel[i]].plan;
		o->status = RECORD_ANALYSED;
		o->reason = LEDGER_TERMS;
		w->payload[i] = stage_payload(&slot->decoded.image.channel[i].pixels);
		*t = (struct block_table){.offset = w->offsets + used, .capacity = w->n_offsets - used};
		if (block_table_build(t, &w->payload[i], &o->plan->plan->shape) < 0) {
			o->status = RECORD_INVALID;
			o->reason = LEDGER_BAD_FRAMING;
			continue;
		}
		used += t->n_blocks + 1;
	}
}

const struct step step_stage = {"stage", stage_frame};
