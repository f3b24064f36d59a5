/* engine.c - shared objects as the program may find them beside itself as sluice-cuda.so, one for each definition that it is built with: the
 * reference under that name, or something wrong. For tests/e2e/test_plugins.py. */
#include "kernels/engine.h"

#if defined(GOOD) || defined(OLD) || defined(OTHER)
static int devices(struct engine_device *out, uint32_t capacity, char *words, size_t words_bytes)
{
	if (capacity > 0)
		out[0] = (struct engine_device){.name = "a card out of a test", .driver = "1.2", .memory_bytes = 2ull << 30};
	if (capacity > 1)
		out[1] = (struct engine_device){.name = "an older card", .unfit = "it computes too little"};
	return 2;
}

static int probe(const struct engine_config *config, char *words, size_t words_bytes)
{
	return engine_reference.probe(config, words, words_bytes);
}

static int open(struct engine_context **out, const struct engine_config *config)
{
	return engine_reference.open(out, config);
}

static void close(struct engine_context **context)
{
	engine_reference.close(context);
}

static void capabilities(const struct engine_context *context, struct engine_capabilities *out)
{
	engine_reference.capabilities(context, out);
	out->needs_pinned = true;
}

static int plan_load(struct engine_context *context, struct engine_plan **out, const struct plan *plan)
{
	return engine_reference.plan_load(context, out, plan);
}

static void plan_drop(struct engine_context *context, struct engine_plan **plan)
{
	engine_reference.plan_drop(context, plan);
}

static int pin(struct engine_context *context, void *at, size_t bytes)
{
	return 0;
}

static void unpin(struct engine_context *context, void *at, size_t bytes)
{
}

static int queue_open(struct engine_context *context, struct engine_queue **out, size_t max_bytes)
{
	return engine_reference.queue_open(context, out, max_bytes);
}

static void queue_close(struct engine_queue **queue)
{
	engine_reference.queue_close(queue);
}

static int submit(struct engine_queue *queue, const struct engine_plan *plan, struct engine_item *items, uint32_t n)
{
	return engine_reference.submit(queue, plan, items, n);
}

static int wait(struct engine_queue *queue)
{
	return engine_reference.wait(queue);
}

static const struct engine engine_here = {
#ifdef OTHER
	.name = "abacus",
#else
	.name = "cuda",
#endif
	.devices = devices, .probe = probe, .open = open, .close = close, .capabilities = capabilities, .plan_load = plan_load, .plan_drop = plan_drop, .pin = pin,
	.unpin = unpin, .queue_open = queue_open, .queue_close = queue_close, .submit = submit, .wait = wait,
};

extern const struct engine_plugin sluice_engine;
const struct engine_plugin sluice_engine = {
#ifdef OLD
	.version = ENGINE_VERSION + 1,
#else
	.version = ENGINE_VERSION,
#endif
	.engine_bytes = sizeof(struct engine), .engine = &engine_here,
};
#else
extern const int nothing_of_use;
const int nothing_of_use = 1;
#endif
