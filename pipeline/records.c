/* records.c - filling records (records.h). */
#include "pipeline/records.h"

#include <math.h>
#include <string.h>

#include "host/clock.h"
#include "pipeline/plans.h"

static const char *unit_name(enum radial_unit unit)
{
	return unit == RADIAL_TWO_THETA ? "two_theta" : unit == RADIAL_RADIUS ? "radius" : "q";
}

void records_start(const struct node *node, const struct run *run, struct record_start *out)
{
	const struct plan_ref *ref = NULL;

	*out = (struct record_start){
		.run = run->number, .series = run->start ? &run->start->decoded.start : NULL, .series_id = run->identity.series_id,
		.version = node->cfg.version, .config = settings_newest(&node->settings)->text, .radial_off = "the plan was not ready", .unix_ns = clock_unix_ns(),
		.engine = engines_first(&node->engines, UINT32_MAX),
	};
	memcpy(out->series_unique_id, run->identity.series_unique_id, sizeof(out->series_unique_id));
	if (run->n_channels && atomic_load_explicit(&run->channel[0].plan_state, memory_order_acquire) == PLAN_READY)
		ref = run->channel[0].plan;
	if (!ref)
		return;
	out->config = ref->settings->text;
	out->engine = engines_first(&node->engines, plans_takers(ref));
	out->radial_off = run->channel[0].radial_off;
	if (!ref->plan->n_bins)
		return;
	out->radial_unit = unit_name(ref->plan->radial_unit);
	out->n_bins = ref->plan->n_bins;
	out->n_radial = ref->plan->n_radial;
	out->n_sectors = ref->plan->n_sectors;
	out->radial_axis = ref->plan->bin_centre;
	out->radial_q = ref->plan->bin_q;
}

static double seconds(const struct stream_time *t)
{
	return t->den ? (double)t->num / (double)t->den : NAN;
}

/* The results of a channel, or what stands for them where there are none. */
static void fill_results(struct record *r, const struct outcome *o)
{
	static const struct result nothing;
	bool analysed = o->status == RECORD_ANALYSED;
	const struct result *result = analysed ? &o->result : &nothing;
	const struct score *s = &o->score;

	r->sum = result->sum;
	r->n_valid = result->n_valid;
	r->n_nodata = result->n_nodata;
	r->n_saturated = result->n_saturated;
	r->max = result->max;
	r->max_index = result->max_index;
	r->n_strong = result->n_strong;
	r->overflow = result->overflow;
	r->n_spots = analysed ? s->n_spots : NAN;
	r->n_spots_ring_free = analysed ? s->n_spots_ring_free : NAN;
	r->n_spots_range = analysed ? s->n_spots_range : NAN;
	r->total_intensity = analysed ? s->total_intensity : NAN;
	r->total_signal = analysed ? s->total_signal : NAN;
	r->background = analysed ? s->background : NAN;
	r->d_min = analysed ? s->d_min : NAN;
	r->d_min_shells = analysed ? s->d_min_shells : NAN;
	r->ice = analysed ? s->ice : NAN;
	r->score = analysed ? s->score : NAN;
	if (!analysed)
		r->n_bins = r->n_listed_spots = 0;
}

void records_frame(struct slot *slot, uint32_t channel, uint64_t number)
{
	const struct stream_image *image = &slot->decoded.image;
	const struct stream_channel *c = &image->channel[channel];
	struct outcome *o = &slot->outcome[channel];
	struct record *r = &o->record;

	r->number = number;
	r->run = slot->run->number;
	r->series_id = image->series_id;
	memcpy(r->series_unique_id, image->series_unique_id, sizeof(r->series_unique_id));
	r->image_id = image->image_id;
	memcpy(r->channel, c->name, sizeof(r->channel));
	r->status = o->status;
	r->reason = o->reason == LEDGER_TERMS ? "" : strchr(ledger_name(o->reason), '.') + 1;
	r->engine = o->status == RECORD_ANALYSED ? o->engine : "";
	r->plan_version = o->status == RECORD_ANALYSED ? o->plan->version : 0;
	r->received_unix_ns = slot->received_unix_ns;
	r->start_time_s = seconds(&image->start_time);
	r->stop_time_s = seconds(&image->stop_time);
	r->real_time_s = seconds(&image->real_time);
	r->width = c->pixels.width;
	r->height = c->pixels.height;
	r->elem_bytes = c->pixels.elem_bytes;
	r->payload_bytes = c->pixels.bytes.len;
	r->hit = o->status == RECORD_ANALYSED && o->hit;
	r->kept = slot->kept;
	fill_results(r, o);
}

void records_unanalysed(struct slot *slot)
{
	for (uint32_t i = 0; i < slot->decoded.image.n_channels; i++) {
		slot->outcome[i].status = slot->status;
		slot->outcome[i].reason = slot->reason;
		slot->outcome[i].plan = NULL;
		slot->outcome[i].settings = NULL;
		slot->outcome[i].hit = false;
	}
	slot->hit = false;
}

void records_end(const struct node *node, const struct run *run, struct record_end *out, struct record_count *counts)
{
	char broken[160];

	*out = (struct record_end){
		.run = run->number, .series_id = run->identity.series_id, .closed_by = run->closed_by,
		.balanced = ledger_check(&run->ledger, node->sinks, broken, sizeof(broken)),
		.count = counts, .n_counts = ledger_list(&run->ledger, run->shared, counts), .unix_ns = clock_unix_ns(),
	};
	memcpy(out->series_unique_id, run->identity.series_unique_id, sizeof(out->series_unique_id));
}
