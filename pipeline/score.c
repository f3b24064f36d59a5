/* score.c - the step that draws conclusions: scores, spots and curves in physical units. The only floats of the frame path. */
#include "pipeline/settings.h"
#include "pipeline/work.h"

static void spot_columns(struct outcome *o, const struct geometry *geometry, const struct spot *spots)
{
	struct record *r = &o->record;

	r->n_listed_spots = o->result.n_spots;
	for (uint32_t i = 0; i < o->result.n_spots; i++) {
		score_centroid(&spots[i], &r->spots.x[i], &r->spots.y[i]);
		r->spots.sum[i] = spots[i].sum;
		r->spots.n_px[i] = spots[i].n_px;
		r->spots.max[i] = spots[i].max;
		r->spots.d[i] = (float)geometry_spot_d(geometry, r->spots.x[i], r->spots.y[i]);
	}
}

static void radial_columns(struct work *w, struct record *r, const struct plan *plan)
{
	r->n_bins = plan->n_bins;
	if (!plan->n_bins)
		return;
	plan_intensity(plan, r->radial.bin_sum, r->radial.bin_count, w->intensity, w->sigma);
	for (uint32_t b = 0; b < plan->n_bins; b++) {
		r->radial.intensity[b] = (float)w->intensity[b];
		r->radial.sigma[b] = (float)w->sigma[b];
	}
}

static void score_frame(struct lane *lane, struct slot *slot)
{
	struct work *w = lane->state;

	for (uint32_t i = 0; i < slot->decoded.image.n_channels; i++) {
		struct outcome *o = &slot->outcome[i];
		const struct plan *plan;
		bool radial;

		if (o->status != RECORD_ANALYSED)
			continue;
		plan = o->plan->plan;
		radial = plan->n_bins > 0;
		score_compute(&o->score, &o->settings->score, plan, &o->result, o->spots,
			      radial ? o->record.radial.bin_sum : NULL, radial ? o->record.radial.bin_count : NULL, w->scratch);
		spot_columns(o, &plan->geometry, o->spots);
		radial_columns(w, &o->record, plan);
	}
}

const struct step step_score = {"score", .frame = score_frame};
