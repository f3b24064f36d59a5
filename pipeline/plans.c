/* plans.c - the plan lane: makes plans from what is known of a run, loads them into the engines, keeps the last ones (plans.h).
 *
 * All channels of a run share one radial axis: that of its first channel. */
#include "pipeline/plans.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "host/clock.h"
#include "host/log.h"
#include "host/mask_file.h"
#include "host/text_file.h"
#include "kernels/codec.h"
#include "pipeline/receive.h"
#include "pipeline/series.h"
#include "pipeline/settings.h"
#include "pipeline/work.h"

#define UNHELD_MAX 4 /* kept for the next run though no run holds them: two settings in turn, of two channels each */
#define CACHED_MAX (RUNS_OPEN_MAX * STREAM_CHANNELS_MAX + UNHELD_MAX)
#define PONI_MAX_BYTES 65536
#define AGAIN 0x80000000u /* of what is asked for: another plan of a channel that has one */

struct plans {
	uint64_t version;
	char *poni;                  /* text of the configured file, or NULL */
	unsigned n;
	struct plan_ref *cached[CACHED_MAX];
};

static int plans_open(struct lane *lane, char *message, size_t message_bytes)
{
	const struct config *c = &lane->node->config;
	struct plans *p = calloc(1, sizeof(*p));

	lane->state = p;
	if (!p)
		return -ENOMEM;
	if (!strcmp(c->geometry.poni, "none"))
		return 0;
	return text_file_read(&p->poni, c->geometry.poni, PONI_MAX_BYTES, message, message_bytes);
}

void plans_ask(struct node *node, struct run *run, unsigned channel)
{
	atomic_store_explicit(&run->channel[channel].plan_state, PLAN_ASKED, memory_order_relaxed);
	ring_push(&node->plans_asked, (uint32_t)(run - node->runs.run) * STREAM_CHANNELS_MAX + channel); /* room for all there can be */
	bell_ring(&node->plan->bell);
}

uint32_t plans_takers(const struct plan_ref *ref)
{
	return atomic_load_explicit(&ref->takers, memory_order_relaxed);
}

bool plans_refuse(const struct plan_ref *ref, unsigned entry)
{
	return atomic_fetch_and_explicit(&((struct plan_ref *)ref)->takers, ~(1u << entry), memory_order_relaxed) >> entry & 1;
}

void plans_ask_again(struct node *node, struct run *run, unsigned channel)
{
	atomic_store_explicit(&run->channel[channel].renew_state, PLAN_ASKED, memory_order_relaxed);
	ring_push(&node->plans_asked, AGAIN | ((uint32_t)(run - node->runs.run) * STREAM_CHANNELS_MAX + channel)); /* a channel asks for one at a time */
	bell_ring(&node->plan->bell);
}

static void give_up(const struct plan_ref *ref)
{
	if (ref)
		atomic_fetch_sub_explicit(&((struct plan_ref *)ref)->holders, 1, memory_order_release);
}

void plans_release(struct run *run)
{
	for (unsigned c = 0; c < STREAM_CHANNELS_MAX; c++) {
		struct run_channel *rc = &run->channel[c];

		for (unsigned u = 0; u < PLAN_USES; u++) {
			if (rc->use[u].ref != rc->plan)
				give_up(rc->use[u].ref);
			rc->use[u].ref = NULL;
		}
		if (atomic_load_explicit(&rc->renew_state, memory_order_acquire) == PLAN_READY)
			give_up(rc->renewed);
		give_up(rc->plan);
		rc->plan = rc->renewed = NULL;
	}
}

/* --- masks ------------------------------------------------------------------------------------------------------------- */

static const struct stream_array *announced_mask(const struct run *run, const struct run_channel *rc)
{
	const struct stream_start *s;

	if (!run->start)
		return NULL;
	s = &run->start->decoded.start;
	for (uint32_t i = 0; i < s->n_channels; i++)
		if (!strcmp(s->channel[i].name, rc->name) && s->channel[i].pixel_mask.bytes.len)
			return &s->channel[i].pixel_mask;
	return NULL;
}

/* The detector's mask of a channel as u32 per pixel, malloc'ed; NULL where it announced none that fits. */
static uint32_t *detector_mask(const struct run *run, const struct run_channel *rc)
{
	const struct stream_array *mask = announced_mask(run, rc);
	const struct image_shape shape = {rc->width, rc->height, PIXEL_U32};
	struct payload payload;
	uint32_t *out;
	int rc_decode;

	if (!mask)
		return NULL;
	if (mask->width != rc->width || mask->height != rc->height || mask->elem_bytes != 4 || mask->is_float) {
		log_line(LOG_WARNING, "run %" PRIu64 ": the announced pixel mask is %ux%u, the frames are %ux%u: it is not used", run->number,
			 mask->width, mask->height, rc->width, rc->height);
		return NULL;
	}
	out = malloc(image_bytes(&shape));
	payload = stage_payload(mask);
	rc_decode = out ? codec_decode(&payload, &shape, out) : -ENOMEM;
	if (rc_decode < 0) {
		log_line(LOG_WARNING, "run %" PRIu64 ": the announced pixel mask cannot be read (%s): it is not used", run->number,
			 codec_error(rc_decode));
		free(out);
		return NULL;
	}
	return out;
}

static void mask_rectangles(uint8_t *mask, const struct config *c, uint32_t width, uint32_t height)
{
	for (uint32_t i = 0; i < c->mask.n_rectangles; i++) {
		const struct config_rectangle *r = &c->mask.rectangle[i];

		for (uint64_t y = r->y; y < (uint64_t)r->y + r->height && y < height; y++)
			for (uint64_t x = r->x; x < (uint64_t)r->x + r->width && x < width; x++)
				mask[y * width + x] = 1;
	}
}

/* The configured mask, malloc'ed; *out NULL where there is none. A mask that cannot be read fails the plan: analysing with the wrong mask misleads. */
static int user_mask(uint8_t **out, const struct config *c, uint32_t width, uint32_t height, char *message, size_t message_bytes)
{
	int rc = 0;

	*out = NULL;
	if (strcmp(c->mask.file, "none"))
		rc = mask_file_read(out, c->mask.file, width, height, message, message_bytes);
	if (rc == 0 && !*out && c->mask.n_rectangles)
		*out = calloc((size_t)width, height);
	if (*out)
		mask_rectangles(*out, c, width, height);
	return rc;
}

/* --- settings ---------------------------------------------------------------------------------------------------------- */

void plans_from_config(struct plan_settings *s, const struct config *c)
{
	plan_defaults(s);
	s->max_minus_1_invalid = c->spots.max_minus_1_invalid;
	s->radial_unit = !strcmp(c->radial.unit, "two_theta") ? RADIAL_TWO_THETA : !strcmp(c->radial.unit, "radius") ? RADIAL_RADIUS : RADIAL_Q;
	s->radial_bins = c->radial.bins;
	s->radial_sectors = c->radial.sectors;
	s->radial_range_auto = c->radial.range_auto;
	s->radial_min = c->radial.range_min;
	s->radial_max = c->radial.range_max;
	s->polarisation_on = c->radial.polarisation_on;
	s->polarisation_factor = c->radial.polarisation;
	s->algorithm = !strcmp(c->spots.algorithm, "none") ? SPOTS_NONE :
		       !strcmp(c->spots.algorithm, "dispersion_extended") ? SPOTS_DISPERSION_EXTENDED : SPOTS_DISPERSION;
	s->kernel = c->spots.kernel;
	s->sigma_background = c->spots.sigma_background;
	s->sigma_strong = c->spots.sigma_strong;
	s->gain = c->spots.gain;
	s->threshold = c->spots.threshold;
	s->masked_is_background = c->spots.masked_is_background;
	s->eight_neighbours = c->spots.eight_neighbours;
	s->min_pixels = c->spots.min_pixels;
	s->max_pixels = c->spots.max_pixels;
	s->max_spots = c->spots.max_spots;
	s->max_strong = c->spots.max_strong;
}

/* By eight bytes at a time: a mask has 64 MiB. */
static uint64_t hash(uint64_t h, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;

	for (; len; at += 8) {
		size_t n = len < 8 ? len : 8;
		uint64_t word = 0;

		memcpy(&word, at, n);
		h = (h ^ word) * 0x9fb21c651e98df25u;
		h ^= h >> 32;
		len -= n;
	}
	return h;
}

/* What makes two plans the same; the configuration's part is, within one node, but for the file of the mask, which may have been written anew. */
static uint64_t key_of(const struct plan_settings *s, const struct run_channel *rc, uint64_t settings_version)
{
	uint64_t h = 0xcbf29ce484222325u;
	size_t n = image_pixels(&s->shape);

	h = hash(h, &settings_version, sizeof(settings_version));
	h = hash(h, &s->shape.width, sizeof(s->shape.width));
	h = hash(h, &s->shape.height, sizeof(s->shape.height));
	h = hash(h, &rc->elem_bytes, sizeof(rc->elem_bytes));
	h = hash(h, s->geometry.origin_mm, sizeof(s->geometry.origin_mm));
	h = hash(h, s->geometry.fast, sizeof(s->geometry.fast));
	h = hash(h, s->geometry.slow, sizeof(s->geometry.slow));
	h = hash(h, &s->geometry.pixel_x_mm, sizeof(double));
	h = hash(h, &s->geometry.pixel_y_mm, sizeof(double));
	h = hash(h, &s->geometry.wavelength_angstrom, sizeof(double));
	h = hash(h, &s->geometry.sensor_thickness_mm, sizeof(double));
	h = hash(h, &s->geometry.sensor_mu_per_mm, sizeof(double));
	h = hash(h, &s->saturation_value, sizeof(s->saturation_value));
	h = hash(h, &s->radial_range_auto, sizeof(s->radial_range_auto));
	h = hash(h, &s->radial_min, sizeof(double));
	h = hash(h, &s->radial_max, sizeof(double));
	if (s->detector_mask)
		h = hash(h, s->detector_mask, n * sizeof(uint32_t));
	if (s->user_mask)
		h = hash(h, s->user_mask, n);
	return h;
}

/* --- the cache --------------------------------------------------------------------------------------------------------- */

static void drop(struct node *node, struct plans *p, unsigned i)
{
	struct plan_ref *ref = p->cached[i];

	for (unsigned e = 0; e < node->engines.n; e++)
		if (ref->handle[e])
			node->engines.open[e].engine->plan_drop(node->engines.open[e].context, &ref->handle[e]);
	plan_free(&ref->plan);
	free(ref);
	p->cached[i] = p->cached[--p->n];
}

/* The longest unused of the plans that no run holds, and how many of these there are. */
static unsigned longest_unheld(const struct plans *p, unsigned *n_unheld)
{
	unsigned oldest = CACHED_MAX;

	*n_unheld = 0;
	for (unsigned i = 0; i < p->n; i++) {
		if (atomic_load_explicit(&p->cached[i]->holders, memory_order_acquire))
			continue;
		++*n_unheld;
		if (oldest == CACHED_MAX || p->cached[i]->used < p->cached[oldest]->used)
			oldest = i;
	}
	return oldest;
}

/* Makes room for one more: plans are as large as some images, and few are kept that no run holds. */
static void make_room(struct node *node, struct plans *p)
{
	unsigned n_unheld, oldest = longest_unheld(p, &n_unheld);

	for (; n_unheld >= UNHELD_MAX; oldest = longest_unheld(p, &n_unheld))
		drop(node, p, oldest);
}

static struct plan_ref *find(struct plans *p, uint64_t key, const struct image_shape *shape)
{
	for (unsigned i = 0; i < p->n; i++)
		if (p->cached[i]->key == key && p->cached[i]->plan->shape.width == shape->width &&
		    p->cached[i]->plan->shape.height == shape->height && p->cached[i]->plan->shape.type == shape->type)
			return p->cached[i];
	return NULL;
}

static struct plan_ref *load(struct node *node, struct plan *plan)
{
	struct plan_ref *ref = calloc(1, sizeof(*ref));
	uint32_t alive = engines_alive(&node->engines), takers = 0;

	if (!ref)
		return NULL;
	ref->plan = plan;
	for (unsigned e = 0; e < node->engines.n; e++) {
		struct engines_entry *entry = &node->engines.open[e];
		int rc = alive >> e & 1 ? entry->engine->plan_load(entry->context, &ref->handle[e], plan) : -ENODEV;

		if (rc == 0)
			takers |= 1u << e;
		else if (rc != -ENODEV)
			log_line(LOG_WARNING, "engine %s does not take this plan (%s): the next one has to", entry->label,
				 rc == -ENOTSUP ? "more than it can do" : strerror(-rc));
	}
	atomic_init(&ref->takers, takers);
	if (takers)
		return ref;
	free(ref);
	return NULL;
}

/* --- making ------------------------------------------------------------------------------------------------------------ */

static struct plan_ref *make(struct node *node, struct plans *p, const struct plan_settings *s, uint64_t key, char *message, size_t bytes)
{
	uint64_t begun_ns = clock_monotonic_ns();
	struct plan *plan = NULL;
	struct plan_ref *ref;

	make_room(node, p);
	if (plan_make(&plan, s, ++p->version, message, bytes) < 0)
		return NULL;
	ref = load(node, plan);
	if (!ref) {
		snprintf(message, bytes, "no engine takes it");
		plan_free(&plan);
		return NULL;
	}
	ref->key = key;
	ref->version = plan->version;
	p->cached[p->n++] = ref;
	log_line(LOG_DEBUG, "plan %" PRIu64 " made in %.0f ms", plan->version, (double)(clock_monotonic_ns() - begun_ns) / 1e6);
	return ref;
}

/* The first channel's range, so that all channels have one axis. */
static void share_axis(struct plan_settings *s, const struct run *run, unsigned channel)
{
	const struct run_channel *first = &run->channel[0];
	const struct plan *plan;

	if (!channel || !s->radial_range_auto || atomic_load_explicit(&first->plan_state, memory_order_relaxed) != PLAN_READY)
		return;
	plan = first->plan->plan;
	if (!plan->n_bins)
		return;
	s->radial_range_auto = false;
	s->radial_min = plan->radial_min;
	s->radial_max = plan->radial_max;
}

static struct plan_ref *plan_for(struct node *node, struct plans *p, struct run *run, unsigned channel, char *message, size_t bytes)
{
	struct run_channel *rc = &run->channel[channel];
	struct plan_settings s;
	struct stream_start *series = malloc(sizeof(*series));
	struct plan_ref *ref = NULL;
	uint32_t *mask = detector_mask(run, rc);
	uint8_t *user = NULL;
	const char *why = "";
	struct settings *settings = (struct settings *)(uintptr_t)settings_newest(&node->settings);
	uint64_t key;

	if (!series || user_mask(&user, &node->config, rc->width, rc->height, message, bytes) < 0)
		goto out;
	plans_from_config(&s, &settings->config);
	series_announced(series, &node->config, run);
	series_geometry(&s.geometry, series, p->poni, &why);
	s.shape = (struct image_shape){rc->width, rc->height, rc->elem_bytes == 1 ? PIXEL_U8 : rc->elem_bytes == 2 ? PIXEL_U16 : PIXEL_U32};
	s.saturation_value = series->saturation_value;
	s.detector_mask = mask;
	s.user_mask = user;
	share_axis(&s, run, channel);
	key = key_of(&s, rc, settings->version);
	ref = find(p, key, &s.shape);
	if (!ref) {
		ref = make(node, p, &s, key, message, bytes);
		if (ref) {
			ref->settings = settings;
			settings_note_plan(settings, ref->version);
		}
	}
	if (ref) {
		ref->used = clock_monotonic_ns();
		if (!rc->plan) /* a later plan has the same bins, and others read this by then */
			rc->radial_off = ref->plan->n_bins ? "" : *why ? why : "the mask leaves no pixel";
		atomic_fetch_add_explicit(&ref->holders, 1, memory_order_relaxed);
	}
out:
	free(series);
	free(mask);
	free(user);
	return ref;
}

static void renew(struct lane *lane, struct run *run, unsigned channel)
{
	struct run_channel *rc = &run->channel[channel];
	char message[512] = "not enough memory";
	struct plan_ref *ref = plan_for(lane->node, lane->state, run, channel, message, sizeof(message));

	if (!ref)
		log_line(LOG_ERROR, "run %" PRIu64 ", channel %s: the new settings cannot be used, the old ones stay: %s", run->number, rc->name, message);
	rc->renewed = ref;
	atomic_store_explicit(&rc->renew_state, ref ? PLAN_READY : PLAN_FAILED, memory_order_release);
	bell_ring(&lane->node->admit->bell);
}

static bool plans_turn(struct lane *lane)
{
	struct node *node = lane->node;
	char message[512] = "not enough memory";
	struct run_channel *rc;
	struct run *run;
	uint32_t asked;

	if (!ring_pop(&node->plans_asked, &asked))
		return false;
	run = &node->runs.run[(asked & ~AGAIN) / STREAM_CHANNELS_MAX];
	if (asked & AGAIN) {
		renew(lane, run, asked % STREAM_CHANNELS_MAX);
		return true;
	}
	rc = &run->channel[asked % STREAM_CHANNELS_MAX];
	rc->plan = plan_for(node, lane->state, run, asked % STREAM_CHANNELS_MAX, message, sizeof(message));
	if (!rc->plan)
		log_line(LOG_ERROR, "run %" PRIu64 ", channel %s: no plan, frames pass unanalysed: %s", run->number, rc->name, message);
	atomic_store_explicit(&rc->plan_state, rc->plan ? PLAN_READY : PLAN_FAILED, memory_order_release);
	bell_ring(&node->admit->bell);
	return true;
}

static void plans_close(struct lane *lane)
{
	struct plans *p = lane->state;

	if (!p)
		return;
	while (p->n)
		drop(lane->node, p, p->n - 1);
	free(p->poni);
	free(p);
	lane->state = NULL;
}

const struct lane_spec plan_lane = {
	.name = "plan", .kind = LANE_PLAN, .open = plans_open, .turn = plans_turn, .close = plans_close, .idle_us = 100000,
	.does = "makes the tables a run is analysed with, off the frame path",
};
