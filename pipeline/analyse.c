/* analyse.c - the step that has an engine analyse every channel of the frames at hand.
 *
 * A device is shown all images of one plan at once. What an engine declines or fails on the next one in the configured order is shown; where all fail
 * the frame is unanalysed, never lost. A device that fails is taken out, with all that was shown to it: it is not tried again. One without memory for
 * frames of a kind is not shown any of that plan again. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "pipeline/work.h"

#define WORDS_BYTES 256

static bool may_ask(const struct lane *lane, unsigned e, const struct work_image *image)
{
	const struct work *w = lane->state;
	const struct engines *engines = &lane->node->engines;

	return !image->done && image->asked != (int)e && engines_alive(engines) >> e & 1 && plans_takers(image->outcome->plan) >> e & 1 &&
	       (w->in_slab || !engines->open[e].can.needs_pinned);
}

static struct engine_item item_of(struct work_image *image)
{
	struct outcome *o = image->outcome;

	return (struct engine_item){
		.payload = image->payload, .blocks = &image->table, .result = &o->result, .bin_sum = o->record.radial.bin_sum,
		.bin_count = o->record.radial.bin_count, .strong = o->strong, .spots = o->spots,
		.wanted = OUTPUT_TOTALS | OUTPUT_RADIAL | OUTPUT_SPOTS | (o->strong ? OUTPUT_STRONG : 0),
	};
}

/* The images from this one on that the engine may be shown together with it: those of its plan. What computes in submit gets one at a time. */
static uint32_t show(struct lane *lane, unsigned e, struct work_image *first)
{
	struct work *w = lane->state;
	const struct engine_capabilities *can = &lane->node->engines.open[e].can;
	uint32_t n = 0, most = lane->node->config.engine.max_batch;

	if (most > can->max_batch)
		most = can->max_batch;
	if (!can->needs_pinned)
		most = 1;
	for (struct work_image *image = first; image < w->image + w->n_images && n < most; image++) {
		if (image->outcome->plan != first->outcome->plan || !may_ask(lane, e, image))
			continue;
		image->asked = (int8_t)e;
		w->item[n] = item_of(image);
		w->shown[n++] = image;
	}
	return n;
}

/* No memory for frames such as these is no fault of the device: others may still go there. */
static bool is_too_large(const struct lane *lane, unsigned e, int rc)
{
	return rc == -ENOMEM && lane->node->engines.open[e].can.needs_pinned;
}

/* Only devices have stages, and a lane feeds one. */
static uint32_t stages_of(const struct lane *lane, unsigned e, struct engine_stage *out)
{
	const struct engine *engine = lane->node->engines.open[e].engine;
	const struct work *w = lane->state;
	uint32_t n = engine->stages ? engine->stages(w->queue[e], out, WORK_STAGES_MAX) : 0;

	return n < WORK_STAGES_MAX ? n : WORK_STAGES_MAX;
}

static void remember_errors(struct lane *lane, unsigned e)
{
	struct engine_stage stage[WORK_STAGES_MAX];
	struct work *w = lane->state;
	uint32_t n = stages_of(lane, e, stage);

	for (uint32_t s = 0; s < n; s++)
		w->stage_errors[s] = stage[s].errors;
}

/* Where in the device it went wrong: "; errors: payload 3, table 1". Empty where it counts none, or had none since they were remembered. */
static void where_it_failed(const struct lane *lane, unsigned e, char words[WORDS_BYTES])
{
	struct engine_stage stage[WORK_STAGES_MAX];
	const struct work *w = lane->state;
	uint32_t n = stages_of(lane, e, stage);
	size_t at = 0;

	words[0] = '\0';
	for (uint32_t s = 0; s < n && at < WORDS_BYTES; s++)
		if (stage[s].errors > w->stage_errors[s])
			at += (size_t)snprintf(words + at, WORDS_BYTES - at, "%s %.15s %" PRIu64, at ? "," : "; errors:", stage[s].name,
					       stage[s].errors - w->stage_errors[s]);
}

static void note_failure(struct lane *lane, unsigned e, struct work_image *image, int rc)
{
	struct work *w = lane->state;
	struct engines *engines = &lane->node->engines;
	const struct plan_ref *plan = image->outcome->plan;
	uint64_t id = image->slot->decoded.image.image_id;
	char where[WORDS_BYTES];

	image->failed = true;
	if (is_too_large(lane, e, rc)) {
		if (plans_refuse(plan, e))
			log_line(LOG_ERROR, "engine %s has no memory for images of %ux%u (engine.device_memory_mib): the next engine has them",
				 engines->open[e].label, plan->plan->shape.width, plan->plan->shape.height);
		return;
	}
	where_it_failed(lane, e, where);
	if (engines_take_out(engines, e, -rc))
		log_line(LOG_ERROR, "engine %s failed on frame %" PRIu64 " (%s%s) and is used no more until the node is started again",
			 engines->open[e].label, id, strerror(-rc), where);
	else
		log_limited(&w->failed, LOG_ERROR, "engine %s failed on frame %" PRIu64 ": %s%s", engines->open[e].label, id, strerror(-rc), where);
}

/* What became of an image that an engine was shown; rc: of the batch. -ENOTSUP declines, which is no failure. */
static void settle(struct lane *lane, unsigned e, struct work_image *image, const struct engine_item *item, int rc)
{
	struct engines_entry *entry = &lane->node->engines.open[e];
	struct outcome *o = image->outcome;

	if (rc == 0 && item->status != 0 && item->status != -EBADMSG)
		rc = item->status;
	if (rc < 0) {
		if (rc != -ENOTSUP)
			note_failure(lane, e, image, rc);
		return;
	}
	image->done = true;
	o->engine = entry->engine->name;
	atomic_fetch_add_explicit(&entry->analysed, 1, memory_order_relaxed);
	if (item->status == -EBADMSG) {
		o->status = RECORD_INVALID;
		o->reason = LEDGER_BAD_BLOCK;
	}
}

static void ask(struct lane *lane, unsigned e)
{
	struct work *w = lane->state;
	const struct engine *engine = lane->node->engines.open[e].engine;

	for (uint32_t first = 0; first < w->n_images; first++) {
		uint32_t n = may_ask(lane, e, &w->image[first]) ? show(lane, e, &w->image[first]) : 0;
		int rc;

		if (!n)
			continue;
		remember_errors(lane, e);
		rc = engine->submit(w->queue[e], w->shown[0]->outcome->plan->handle[e], w->item, n);
		if (rc == 0)
			rc = engine->wait(w->queue[e]);
		for (uint32_t i = 0; i < n; i++)
			settle(lane, e, w->shown[i], &w->item[i], rc);
	}
}

/* A frame that an engine failed on, and that another one has analysed all the same, is counted. */
static void count_fallback(struct slot *slot, bool failed)
{
	if (failed && slot->status != RECORD_UNANALYSED)
		ledger_add(&slot->run->ledger, LEDGER_ENGINE_FALLBACK, 1);
}

/* A frame is as bad as the worst of its channels. */
static void conclude(struct work *w, struct slot *slot, bool failed)
{
	slot->status = RECORD_ANALYSED;
	slot->reason = LEDGER_TERMS;
	for (uint32_t c = 0; c < slot->decoded.image.n_channels; c++) {
		struct outcome *o = &slot->outcome[c];

		if (o->status > slot->status) {
			slot->status = o->status;
			slot->reason = o->reason;
		}
	}
	if (slot->status == RECORD_INVALID)
		log_limited(&w->invalid, LOG_WARNING, "frame %" PRIu64 " is damaged: %s", slot->decoded.image.image_id,
			    ledger_words(slot->reason));
	count_fallback(slot, failed);
}

static uint32_t analyse_frames(struct lane *lane, struct slot *const *slots, uint32_t n)
{
	struct work *w = lane->state;
	uint32_t at = 0;

	for (uint32_t i = 0; i < w->n_images; i++)
		w->image[i].outcome->spots = w->spots + (size_t)i * lane->node->config.spots.max_spots;
	for (unsigned e = 0; e < lane->node->engines.n; e++)
		if (w->queue[e])
			ask(lane, e);
	for (uint32_t s = 0; s < n; s++) {
		bool failed = false;

		for (; at < w->n_images && w->image[at].slot == slots[s]; at++) {
			failed |= w->image[at].failed;
			if (w->image[at].done)
				continue;
			w->image[at].outcome->status = RECORD_UNANALYSED;
			w->image[at].outcome->reason = LEDGER_ENGINE_FAILED;
		}
		conclude(w, slots[s], failed);
	}
	return n;
}

const struct step step_analyse = {"analyse", .batch = analyse_frames};
