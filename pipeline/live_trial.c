/* live_trial.c - the spots of a held frame found again with other settings, by the CPU engine, off the way of the frames (live.h). */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/engine.h"
#include "kernels/score.h"
#include "pipeline/api.h"
#include "pipeline/decide.h"
#include "pipeline/plans.h"
#include "pipeline/work.h"

#define BLOCK_BYTES_MIN 8

/* Everything that one trial needs; all of it goes when it is over. */
struct trial {
	const struct live_channel *channel;
	const struct config *config;
	struct plan *plan;
	struct engine_context *context;
	struct engine_plan *handle;
	struct engine_queue *queue;
	struct block_table blocks;
	struct score_scratch *scratch;
	struct result result;
	struct score score;
	struct spot *spots;
	uint32_t *strong, *bin_count;
	uint64_t *bin_sum;
	struct record after;
};

static int make_plan(struct trial *t, char *message, size_t message_bytes)
{
	const struct live_scene *scene = t->channel->scene;
	size_t n = image_pixels(&scene->shape);
	uint8_t *refused = malloc(n);
	struct plan_settings s;
	int rc;

	if (!refused)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		refused[i] = !(scene->mask[i / 8] >> i % 8 & 1);
	plans_from_config(&s, t->config);
	s.shape = scene->shape;
	s.geometry = scene->geometry;
	s.saturation_value = scene->saturation_value;
	s.user_mask = refused;
	if (scene->n_bins) {
		s.radial_range_auto = false;
		s.radial_min = scene->radial_min;
		s.radial_max = scene->radial_max;
	}
	rc = plan_make(&t->plan, &s, 0, message, message_bytes);
	free(refused);
	return rc;
}

static int take_memory(struct trial *t)
{
	const struct plan *p = t->plan;
	size_t bytes = image_bytes(&p->shape), entries = block_table_entries(bytes, BLOCK_BYTES_MIN), bins = p->n_bins ? p->n_bins : 1;

	t->blocks.capacity = entries < UINT32_MAX ? (uint32_t)entries : UINT32_MAX;
	t->blocks.offset = malloc((size_t)t->blocks.capacity * sizeof(uint32_t)); /* address space; a table is as long as there are blocks */
	t->spots = malloc((size_t)p->max_spots * sizeof(*t->spots));
	t->strong = malloc((size_t)p->max_strong * sizeof(*t->strong));
	t->bin_sum = calloc(bins, sizeof(*t->bin_sum));
	t->bin_count = calloc(bins, sizeof(*t->bin_count));
	if (!t->blocks.offset || !t->spots || !t->strong || !t->bin_sum || !t->bin_count)
		return -ENOMEM;
	return score_scratch_open(&t->scratch, p->max_spots, (uint32_t)bins);
}

static int analyse(struct trial *t)
{
	struct engine_item item = {
		.payload = stage_payload(&t->channel->pixels), .blocks = &t->blocks,
		.wanted = OUTPUT_TOTALS | OUTPUT_RADIAL | OUTPUT_SPOTS | OUTPUT_STRONG, .result = &t->result, .bin_sum = t->bin_sum,
		.bin_count = t->bin_count, .strong = t->strong, .spots = t->spots,
	};
	int rc = engine_cpu.open(&t->context, NULL);

	if (rc == 0)
		rc = engine_cpu.plan_load(t->context, &t->handle, t->plan);
	if (rc == 0)
		rc = engine_cpu.queue_open(t->context, &t->queue, image_bytes(&t->plan->shape));
	if (rc == 0)
		rc = block_table_build(&t->blocks, &item.payload, &t->plan->shape);
	if (rc == 0)
		rc = engine_cpu.submit(t->queue, t->handle, &item, 1);
	if (rc == 0)
		rc = engine_cpu.wait(t->queue);
	return rc ? rc : item.status;
}

/* As records.c fills it for a frame on its way. */
static void conclude(struct trial *t, const struct hit_rule *rule)
{
	const struct config *c = t->config;
	const struct score_settings settings = {c->hit.d_far, c->hit.d_near, c->hit.background_q_min, c->hit.background_q_max};
	const struct result *r = &t->result;
	const struct score *s = &t->score;

	score_compute(&t->score, &settings, t->plan, r, t->spots, t->plan->n_bins ? t->bin_sum : NULL, t->plan->n_bins ? t->bin_count : NULL,
		      t->scratch);
	t->after = (struct record){
		.sum = r->sum, .n_valid = r->n_valid, .n_nodata = r->n_nodata, .n_saturated = r->n_saturated, .max = r->max, .n_strong = r->n_strong,
		.overflow = r->overflow, .n_spots = s->n_spots, .n_spots_ring_free = s->n_spots_ring_free, .n_spots_range = s->n_spots_range,
		.total_intensity = s->total_intensity, .total_signal = s->total_signal, .background = s->background, .d_min = s->d_min,
		.d_min_shells = s->d_min_shells, .ice = s->ice, .score = s->score, .hit = decide_hit(rule, s, r),
		.n_listed_spots = r->n_spots < LIVE_SPOTS_MAX ? r->n_spots : LIVE_SPOTS_MAX,
	};
}

static int columns(struct trial *t)
{
	struct record_spots *c = &t->after.spots;
	size_t n = t->after.n_listed_spots + 1u;

	c->x = malloc(n * 36);
	if (!c->x)
		return -ENOMEM;
	c->y = c->x + n;
	c->sum = (uint64_t *)(c->y + n);
	c->n_px = (uint32_t *)(c->sum + n);
	c->max = c->n_px + n;
	c->d = (float *)(c->max + n);
	for (uint32_t i = 0; i < t->after.n_listed_spots; i++) {
		score_centroid(&t->spots[i], &c->x[i], &c->y[i]);
		c->sum[i] = t->spots[i].sum;
		c->n_px[i] = t->spots[i].n_px;
		c->max[i] = t->spots[i].max;
		c->d[i] = (float)geometry_spot_d(&t->plan->geometry, c->x[i], c->y[i]);
	}
	return 0;
}

static void close_all(struct trial *t)
{
	if (t->queue)
		engine_cpu.queue_close(&t->queue);
	if (t->handle)
		engine_cpu.plan_drop(t->context, &t->handle);
	if (t->context)
		engine_cpu.close(&t->context);
	score_scratch_close(&t->scratch);
	plan_free(&t->plan);
	free(t->blocks.offset);
	free(t->spots);
	free(t->strong);
	free(t->bin_sum);
	free(t->bin_count);
	free(t->after.spots.x);
}

int live_trial(struct live *live, const struct live_frame *frame, uint32_t channel, const struct config *config, struct http_answer *out)
{
	struct trial t = {.channel = &frame->channel[channel], .config = config};
	char message[256] = "not enough memory";
	struct hit_rule rule;
	int rc = 0;

	(void)live;
	if (!t.channel->scene)
		return -ENOENT;
	if (hit_compile(&rule, config->hit.when, message, sizeof(message)) < 0 || make_plan(&t, message, sizeof(message)) < 0)
		return api_mistake(out, 400, message);
	rc = take_memory(&t);
	if (rc == 0)
		rc = analyse(&t);
	if (rc == 0) {
		conclude(&t, &rule);
		rc = columns(&t);
	}
	if (rc == 0)
		rc = api_give(out, json_pack("{s:b, s:I, s:I, s:o, s:o, s:o}", "ok", 1, "frame", (json_int_t)frame->id, "channel", (json_int_t)channel,
					     "before", api_numbers(&t.channel->record), "after", api_numbers(&t.after), "spots", api_spots(&t.after)));
	close_all(&t);
	return rc;
}
