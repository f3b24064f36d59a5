/* decide.c - the step that says hit or miss, and by the storage policy what is kept. Pure: the same frame gets the same verdict everywhere. */
#include <string.h>

#include "pipeline/decide.h"
#include "pipeline/keep.h"
#include "pipeline/settings.h"
#include "pipeline/work.h"

bool decide_hit(const struct hit_rule *rule, const struct score *s, const struct result *result)
{
	double v[HIT_NAMES];

	v[HIT_N_SPOTS] = s->n_spots;
	v[HIT_N_SPOTS_RING_FREE] = s->n_spots_ring_free;
	v[HIT_N_SPOTS_RANGE] = s->n_spots_range;
	v[HIT_TOTAL_INTENSITY] = s->total_intensity;
	v[HIT_TOTAL_SIGNAL] = s->total_signal;
	v[HIT_BACKGROUND] = s->background;
	v[HIT_D_MIN] = s->d_min;
	v[HIT_D_MIN_SHELLS] = s->d_min_shells;
	v[HIT_ICE] = s->ice;
	v[HIT_SCORE] = s->score;
	v[HIT_SUM] = (double)result->sum;
	v[HIT_MAX] = result->max;
	v[HIT_N_STRONG] = result->n_strong;
	v[HIT_N_VALID] = result->n_valid;
	v[HIT_N_NODATA] = result->n_nodata;
	v[HIT_N_SATURATED] = result->n_saturated;
	return hit_evaluate(rule, v);
}

/* hit.channel: the first channel, any of them, or the one of that name. */
static bool counts_for_hit(const char *wanted, const struct stream_image *image, uint32_t i)
{
	if (!strcmp(wanted, "first"))
		return i == 0;
	return !strcmp(wanted, "any") || !strcmp(wanted, image->channel[i].name);
}

bool decide_keep(const struct config *config, enum record_status status, bool hit, const struct stream_image *image)
{
	if (status == RECORD_INVALID)
		return config->keep.invalid == KEEP_FULL;
	if (status == RECORD_UNANALYSED)
		return config->keep.unanalysed == KEEP_FULL;
	if (hit)
		return config->keep.hits == KEEP_FULL;
	return config->keep.misses == KEEP_FULL ||
	       keep_sample(image->series_unique_id, image->series_id, image->image_id, config->keep.sample_misses);
}

static void decide_frame(struct lane *lane, struct slot *slot)
{
	const struct stream_image *image = &slot->decoded.image;
	const struct settings *settings = slot->settings;

	(void)lane;
	slot->hit = false;
	for (uint32_t i = 0; i < image->n_channels; i++) {
		struct outcome *o = &slot->outcome[i];

		o->hit = o->status == RECORD_ANALYSED && decide_hit(&settings->hit_rule, &o->score, &o->result);
		slot->hit |= o->hit && slot->status == RECORD_ANALYSED && counts_for_hit(settings->config.hit.channel, image, i);
	}
	slot->kept = decide_keep(&settings->config, slot->status, slot->hit, image);
}

const struct step step_decide = {"decide", .frame = decide_frame};
