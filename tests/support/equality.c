/* equality.c - every engine against the reference (see equality.h). */
#include "tests/support/equality.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/plain_driver.h"

#define GUARD 64u
#define GUARD_BYTE 0xc5
#define SLOW_PIXELS 40000u
#define SLOW_FIRST_PIXELS 1100000u
#define FULL "SLUICE_FPGA_FULL" /* in the environment: nothing is left out */

struct contender {
	const struct engine *engine;
	struct engine_config config;
	const char *plugin;             /* where the engine is, if not in the tests */
	struct engine_context *context; /* NULL: not on this machine */
	struct engine_queue *queue;
	struct engine_capabilities can;
	bool slow;                      /* takes a part of the frames only */
	uint32_t seen, left_out;        /* of a kind; at all */
	const char *kind;
};

/* Not in every build of the tests: units need what is outside kernels/. */
extern const struct engine engine_fpga_plain __attribute__((weak));

static struct contender reference = {.engine = &engine_reference};
static struct contender contenders[] = {
	{.engine = &engine_cpu, .config = {.cpu_level = "scalar"}},
	{.engine = &engine_cpu, .config = {.cpu_level = "avx2"}},
	{.engine = &engine_cpu, .config = {.cpu_level = "avx512"}},
	{.engine = &engine_cpu, .config = {.cpu_level = "neon"}},
	{.engine = &engine_opencl},
	{.engine = &engine_plain},
	{.engine = &engine_fpga_plain},
	{.plugin = "sluice-cuda.so"},
	{.plugin = "sluice-fpga.so", .config = {.fpga_stall_percent = 25}, .slow = true},
};
#define N_CONTENDERS (sizeof contenders / sizeof *contenders)

static const char *level_of(const struct contender *c)
{
	return c->config.cpu_level ? c->config.cpu_level : "";
}

/* The engine in a shared object beside the programs, or NULL. */
static const struct engine *engine_of_plugin(const char *file)
{
	const char *folder = getenv("SLUICE_BUILD");
	const struct engine_plugin *plugin;
	char path[4096];
	void *object;

	snprintf(path, sizeof path, "%s/%s", folder ? folder : ".", file);
	object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	plugin = object ? dlsym(object, ENGINE_PLUGIN_SYMBOL) : NULL;
	if (!plugin) {
		printf("skipped: %s: not built, for want of what it needs\n", file);
		return NULL;
	}
	assert_int_equal(plugin->version, ENGINE_VERSION);
	return plugin->engine;
}

static void contender_open(struct contender *c)
{
	char words[256];

	if (!c->engine && c->plugin)
		c->engine = engine_of_plugin(c->plugin);
	if (!c->engine)
		return;
	if (c->engine->probe(&c->config, words, sizeof words)) {
		printf("skipped: engine %s %s: %s\n", c->engine->name, level_of(c), words);
		return;
	}
	assert_int_equal(c->engine->open(&c->context, &c->config), 0);
	assert_int_equal(c->engine->queue_open(c->context, &c->queue, EQUALITY_MAX_BYTES), 0);
	c->engine->capabilities(c->context, &c->can);
	c->slow = c->slow && !getenv(FULL);
}

static void contender_close(struct contender *c)
{
	if (!c->context)
		return;
	if (c->left_out)
		printf("skipped: %u frames were not shown to %s, which is slow (" FULL "=1: all are)\n", c->left_out, c->plugin);
	c->engine->queue_close(&c->queue);
	c->engine->close(&c->context);
	assert_null(c->queue);
	assert_null(c->context);
}

/* Whether this frame is for this contender. A slow one takes the first of every kind and one in four of those that follow, unless they are large. */
static bool takes(struct contender *c, const struct equality_frame *f, const char *kind)
{
	size_t pixels = image_pixels(&f->plan->shape);
	bool first = c->kind != kind;

	if (!c->context || !(c->can.codecs >> f->payload->codec & 1))
		return false;
	c->seen = first ? 0 : c->seen + 1;
	c->kind = kind;
	if (!c->slow || pixels <= (first ? SLOW_FIRST_PIXELS : c->seen % 4 ? 0 : SLOW_PIXELS))
		return true;
	c->left_out++;
	return false;
}

/* Memory with guards on both sides. */
static void *guarded(size_t bytes)
{
	uint8_t *at = malloc(bytes + 2 * GUARD);

	assert_non_null(at);
	memset(at, GUARD_BYTE, bytes + 2 * GUARD);
	return at + GUARD;
}

static void unguard(void *memory, size_t bytes, const char *what)
{
	uint8_t *at = (uint8_t *)memory - GUARD;

	for (size_t i = 0; i < GUARD; i++)
		if (at[i] != GUARD_BYTE || at[GUARD + bytes + i] != GUARD_BYTE)
			fail_msg("the guards of %s were written to", what);
	free(at);
}

/* What one engine makes of a case. */
struct outcome {
	struct result *result;
	uint64_t *bin_sum;
	uint32_t *bin_count, *strong;
	struct spot *spots;
	int status;
};

static struct outcome outcome_of(struct contender *c, const struct equality_frame *f)
{
	const struct plan *plan = f->plan;
	struct engine_plan *loaded;
	struct outcome o = {
		.result = guarded(sizeof *o.result),
		.bin_sum = guarded(plan->n_bins * sizeof *o.bin_sum),
		.bin_count = guarded(plan->n_bins * sizeof *o.bin_count),
		.strong = guarded(plan->max_strong * sizeof *o.strong),
		.spots = guarded(plan->max_spots * sizeof *o.spots),
	};
	struct engine_item item = {
		.payload = *f->payload,
		.blocks = f->blocks,
		.wanted = f->wanted,
		.result = o.result,
		.bin_sum = f->wanted & OUTPUT_RADIAL ? o.bin_sum : NULL,
		.bin_count = f->wanted & OUTPUT_RADIAL ? o.bin_count : NULL,
		.strong = f->wanted & OUTPUT_STRONG ? o.strong : NULL,
		.spots = f->wanted & OUTPUT_SPOTS ? o.spots : NULL,
		.status = 12345,
	};

	assert_int_equal(c->engine->plan_load(c->context, &loaded, plan), 0);
	assert_int_equal(c->engine->submit(c->queue, loaded, &item, 1), 0);
	assert_int_equal(c->engine->wait(c->queue), 0);
	c->engine->plan_drop(c->context, &loaded);
	assert_null(loaded);
	o.status = item.status;
	return o;
}

static void outcome_free(struct outcome *o, const struct plan *plan)
{
	unguard(o->result, sizeof *o->result, "the result");
	unguard(o->bin_sum, plan->n_bins * sizeof *o->bin_sum, "the bin sums");
	unguard(o->bin_count, plan->n_bins * sizeof *o->bin_count, "the bin counts");
	unguard(o->strong, plan->max_strong * sizeof *o->strong, "the strong pixels");
	unguard(o->spots, plan->max_spots * sizeof *o->spots, "the spots");
}

static void print_result(const char *who, const struct outcome *o)
{
	const struct result *r = o->result;

	print_message("%s: status %d sum %llu valid %u nodata %u saturated %u max %u at %u strong %u spots %u overflow %u\n",
		      who, o->status, (unsigned long long)r->sum, r->n_valid, r->n_nodata, r->n_saturated, r->max,
		      r->max_index, r->n_strong, r->n_spots, r->overflow);
}

/* NULL where they are equal, else the first thing that differs. */
static const char *difference(const struct outcome *a, const struct outcome *b, const struct equality_frame *f)
{
	uint32_t n_strong = a->result->overflow & RESULT_OVERFLOW_STRONG ? 0 : a->result->n_strong;

	if (a->status != b->status)
		return "status";
	if (memcmp(a->result, b->result, sizeof *a->result))
		return "result";
	if (memcmp(a->bin_sum, b->bin_sum, f->plan->n_bins * sizeof *a->bin_sum))
		return "bin sums";
	if (memcmp(a->bin_count, b->bin_count, f->plan->n_bins * sizeof *a->bin_count))
		return "bin counts";
	if (f->wanted & OUTPUT_STRONG && memcmp(a->strong, b->strong, n_strong * sizeof *a->strong))
		return "strong pixels";
	for (uint32_t i = 0; i < a->result->n_spots; i++) {
		const struct spot *s = &a->spots[i], *t = &b->spots[i];

		if (memcmp(s, t, offsetof(struct spot, y_max) + sizeof s->y_max))
			return "spots";
	}
	return NULL;
}

void equality_check(const struct equality_frame *f, const char *name)
{
	struct outcome truth = outcome_of(&reference, f);

	for (size_t i = 0; i < N_CONTENDERS; i++) {
		struct contender *c = &contenders[i];
		struct outcome o;
		const char *different;

		if (!takes(c, f, name))
			continue;
		o = outcome_of(c, f);
		different = difference(&truth, &o, f);
		if (different) {
			const struct plan *p = f->plan;

			print_result("reference", &truth);
			print_result(level_of(c), &o);
			fail_msg("%s %s, %s: %s differ (%u x %u, type %d, codec %s, algorithm %d, k %u)",
				 c->engine->name, level_of(c), name, different, p->shape.width, p->shape.height,
				 p->shape.type, codec_name(f->payload->codec), p->algorithm, p->kernel);
		}
		outcome_free(&o, f->plan);
	}
	outcome_free(&truth, f->plan);
}

int equality_open(void **state)
{
	contender_open(&reference);
	for (size_t i = 0; i < N_CONTENDERS; i++)
		contender_open(&contenders[i]);
	return 0;
}

int equality_close(void **state)
{
	contender_close(&reference);
	for (size_t i = 0; i < N_CONTENDERS; i++)
		contender_close(&contenders[i]);
	return 0;
}
