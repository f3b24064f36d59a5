/* engine.c - the CPU engine behind the contract of kernels/engine.h: decodes block by block and computes in submit. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "kernels/cpu/cpu.h"

#define MAX_BATCH 64u

static int cpu_probe(const struct engine_config *config, char *words, size_t words_bytes)
{
	const char *wanted = config ? config->cpu_level : NULL;
	const struct cpu_level *level = cpu_level_find(wanted);

	if (config && config->device != 0) {
		snprintf(words, words_bytes, "there is one device, number 0");
		return -ENODEV;
	}
	if (!level) {
		snprintf(words, words_bytes, "this machine or this program has no level %s", wanted);
		return -ENODEV;
	}
	snprintf(words, words_bytes, "level %s, best here %s", level->name, cpu_level_find(NULL)->name);
	return 0;
}

static int cpu_open(struct engine_context **out, const struct engine_config *config)
{
	const struct cpu_level *level = cpu_level_find(config ? config->cpu_level : NULL);

	*out = NULL;
	if (!level || (config && config->device != 0))
		return -ENODEV;
	*out = calloc(1, sizeof **out);
	if (!*out)
		return -ENOMEM;
	(*out)->level = level;
	return 0;
}

static void cpu_close(struct engine_context **context)
{
	if (!context)
		return;
	free(*context);
	*context = NULL;
}

static void cpu_capabilities(const struct engine_context *context, struct engine_capabilities *out)
{
	*out = (struct engine_capabilities){
		.algorithms = 1u << SPOTS_NONE | 1u << SPOTS_DISPERSION | 1u << SPOTS_DISPERSION_EXTENDED,
		.pixel_types = (1u << PIXEL_TYPES) - 1,
		.codecs = (1u << CODECS) - 1,
		.max_bins = PLAN_BINS_MAX,
		.max_batch = MAX_BATCH,
	};
}

static int cpu_plan_load(struct engine_context *context, struct engine_plan **out, const struct plan *plan)
{
	*out = NULL;
	if (plan->algorithm > SPOTS_DISPERSION_EXTENDED || plan->n_bins > PLAN_BINS_MAX)
		return -ENOTSUP;
	return tables_make(out, plan, context->level);
}

static void cpu_plan_drop(struct engine_context *context, struct engine_plan **plan)
{
	tables_free(plan);
}

static int cpu_pin(struct engine_context *context, void *at, size_t bytes)
{
	return 0;
}

static void cpu_unpin(struct engine_context *context, void *at, size_t bytes)
{
}

static int cpu_queue_open(struct engine_context *context, struct engine_queue **out, size_t max_bytes)
{
	return scratch_open(out, max_bytes, context->level);
}

static int cpu_submit(struct engine_queue *queue, const struct engine_plan *plan, struct engine_item *items, uint32_t n)
{
	int error;

	if (n > MAX_BATCH)
		return -EINVAL;
	error = scratch_fit(queue, plan);
	if (error)
		return error;
	for (uint32_t i = 0; i < n; i++)
		frame_analyse(queue, plan, &items[i]);
	return 0;
}

static int cpu_wait(struct engine_queue *queue)
{
	return 0;
}

const struct engine engine_cpu = {
	.name = "cpu",
	.probe = cpu_probe,
	.open = cpu_open,
	.close = cpu_close,
	.capabilities = cpu_capabilities,
	.plan_load = cpu_plan_load,
	.plan_drop = cpu_plan_drop,
	.pin = cpu_pin,
	.unpin = cpu_unpin,
	.queue_open = cpu_queue_open,
	.queue_close = scratch_close,
	.submit = cpu_submit,
	.wait = cpu_wait,
};
