/* reference.c - the truth as an engine: decodes a whole image, then runs the loops of analysis.c over it.
 *
 * For tests and for machines where nothing else runs. Scratch is taken when a queue is opened and, for the lists, when a plan asks for
 * longer ones than before; the decoder takes one block of its own per frame. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/engine.h"
#include "kernels/reference/analysis.h"
#include "kernels/spots.h"

#define MAX_BATCH 64

struct engine_context {
	uint32_t device;
};

struct engine_plan {
	const struct plan *plan;
};

struct engine_queue {
	size_t max_bytes;
	uint8_t *image;         /* as decoded */
	uint32_t *pixels;       /* widened */
	uint8_t *marked, *core;
	uint32_t list_capacity; /* strong pixels that the following have room for */
	uint32_t *strong, *value;
	void *spots_scratch;
};

static int reference_probe(const struct engine_config *config, char *words, size_t words_bytes)
{
	if (config && config->device != 0) {
		snprintf(words, words_bytes, "there is one device, number 0");
		return -ENODEV;
	}
	snprintf(words, words_bytes, "plain scalar C, one frame at a time");
	return 0;
}

static int reference_open(struct engine_context **out, const struct engine_config *config)
{
	*out = NULL;
	if (config && config->device != 0)
		return -ENODEV;
	*out = calloc(1, sizeof **out);
	return *out ? 0 : -ENOMEM;
}

static void reference_close(struct engine_context **context)
{
	if (!context)
		return;
	free(*context);
	*context = NULL;
}

static void reference_capabilities(const struct engine_context *context, struct engine_capabilities *out)
{
	*out = (struct engine_capabilities){
		.algorithms = 1u << SPOTS_NONE | 1u << SPOTS_DISPERSION | 1u << SPOTS_DISPERSION_EXTENDED,
		.pixel_types = (1u << PIXEL_TYPES) - 1,
		.codecs = (1u << CODECS) - 1,
		.max_bins = PLAN_BINS_MAX,
		.max_batch = MAX_BATCH,
	};
}

static int reference_plan_load(struct engine_context *context, struct engine_plan **out, const struct plan *plan)
{
	*out = malloc(sizeof **out);
	if (!*out)
		return -ENOMEM;
	(*out)->plan = plan;
	return 0;
}

static void reference_plan_drop(struct engine_context *context, struct engine_plan **plan)
{
	if (!plan)
		return;
	free(*plan);
	*plan = NULL;
}

static int reference_pin(struct engine_context *context, void *at, size_t bytes)
{
	return 0;
}

static void reference_unpin(struct engine_context *context, void *at, size_t bytes)
{
}

static void reference_queue_close(struct engine_queue **queue)
{
	struct engine_queue *q = queue ? *queue : NULL;

	if (!q)
		return;
	free(q->image);
	free(q->pixels);
	free(q->marked);
	free(q->core);
	free(q->strong);
	free(q->value);
	free(q->spots_scratch);
	free(q);
	*queue = NULL;
}

static int reference_queue_open(struct engine_context *context, struct engine_queue **out, size_t max_bytes)
{
	struct engine_queue *q = NULL;

	*out = NULL;
	if (max_bytes == 0 || max_bytes > SIZE_MAX / sizeof *q->pixels)
		return -EINVAL;
	q = calloc(1, sizeof *q);
	if (!q)
		goto fail;
	q->max_bytes = max_bytes;
	q->image = malloc(max_bytes);
	q->pixels = malloc(max_bytes * sizeof *q->pixels); /* of one byte each, at worst */
	q->marked = malloc(max_bytes);
	q->core = malloc(max_bytes);
	if (!q->image || !q->pixels || !q->marked || !q->core)
		goto fail;
	*out = q;
	return 0;
fail:
	reference_queue_close(&q);
	return -ENOMEM;
}

/* Room for the longest list that this plan can give. */
static int take_lists(struct engine_queue *q, const struct plan *plan)
{
	size_t pixels = image_pixels(&plan->shape);
	uint32_t n = plan->max_strong < pixels ? plan->max_strong : (uint32_t)pixels;

	if (n <= q->list_capacity)
		return 0;
	free(q->strong);
	free(q->value);
	free(q->spots_scratch);
	q->list_capacity = 0;
	q->strong = malloc(n * sizeof *q->strong);
	q->value = malloc(n * sizeof *q->value);
	q->spots_scratch = malloc(spots_scratch_bytes(plan, n));
	if (!q->strong || !q->value || !q->spots_scratch)
		return -ENOMEM;
	q->list_capacity = n;
	return 0;
}

static void widen(const struct image_shape *shape, const uint8_t *image, uint32_t *pixels)
{
	size_t n = image_pixels(shape);
	unsigned bytes = pixel_bytes(shape->type);

	for (size_t i = 0; i < n; i++) {
		pixels[i] = 0;
		for (unsigned b = bytes; b-- > 0;)
			pixels[i] = pixels[i] << 8 | image[i * bytes + b];
	}
}

static void find_spots(struct engine_queue *q, const struct plan *plan, struct engine_item *item)
{
	struct result *result = item->result;

	result->n_strong = analysis_strong(plan, q->pixels, q->strong, q->value, q->marked, q->core);
	if (result->n_strong > plan->max_strong) {
		result->overflow |= RESULT_OVERFLOW_STRONG;
		return;
	}
	if (item->wanted & OUTPUT_STRONG && result->n_strong > 0)
		memcpy(item->strong, q->strong, result->n_strong * sizeof *q->strong);
	if (!(item->wanted & OUTPUT_SPOTS))
		return;
	int n_spots = spots_label(plan, q->strong, q->value, result->n_strong, item->spots, q->spots_scratch);
	if (n_spots < 0)
		result->overflow |= RESULT_OVERFLOW_SPOTS;
	else
		result->n_spots = (uint32_t)n_spots;
}

static void analyse(struct engine_queue *q, const struct plan *plan, struct engine_item *item)
{
	bool radial = item->wanted & OUTPUT_RADIAL && plan->n_bins > 0;

	memset(item->result, 0, sizeof *item->result);
	if (radial) {
		memset(item->bin_sum, 0, plan->n_bins * sizeof *item->bin_sum);
		memset(item->bin_count, 0, plan->n_bins * sizeof *item->bin_count);
	}
	item->status = codec_decode(&item->payload, &plan->shape, q->image);
	if (item->status) {
		item->status = item->status == -ENOMEM ? -ENOMEM : -EBADMSG;
		return;
	}
	widen(&plan->shape, q->image, q->pixels);
	if (item->wanted & OUTPUT_TOTALS)
		analysis_totals(plan, q->pixels, item->result);
	if (radial)
		analysis_radial(plan, q->pixels, item->bin_sum, item->bin_count);
	if (item->wanted & (OUTPUT_STRONG | OUTPUT_SPOTS))
		find_spots(q, plan, item);
}

static int reference_submit(struct engine_queue *queue, const struct engine_plan *plan, struct engine_item *items, uint32_t n)
{
	if (n > MAX_BATCH || image_bytes(&plan->plan->shape) > queue->max_bytes)
		return -EINVAL;
	int status = take_lists(queue, plan->plan);
	for (uint32_t i = 0; !status && i < n; i++)
		analyse(queue, plan->plan, &items[i]);
	return status;
}

static int reference_wait(struct engine_queue *queue)
{
	return 0;
}

const struct engine engine_reference = {
	.name = "reference",
	.probe = reference_probe,
	.open = reference_open,
	.close = reference_close,
	.capabilities = reference_capabilities,
	.plan_load = reference_plan_load,
	.plan_drop = reference_plan_drop,
	.pin = reference_pin,
	.unpin = reference_unpin,
	.queue_open = reference_queue_open,
	.queue_close = reference_queue_close,
	.submit = reference_submit,
	.wait = reference_wait,
};
