/* self_test.c - frames whose results are known, on every unit before it is trusted with any (see fpga.h).
 *
 * Small made frames, for simulated units are slow: one of several blocks and a tail, the same one damaged, and it once more, so that both jobs of a unit are used
 * and it is seen that nothing of a damaged frame is left. The reference says what must come back. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fpga/engine/fpga.h"
#include "kernels/known.h"

#define WIDTH 67u /* no row begins with a beat by itself */
#define HEIGHT 19u
#define PIXELS (WIDTH * HEIGHT)
#define FRAMES 3u /* for each unit; the second one is damaged */
#define BLOCK_BYTES 512u
#define BINS 40u

/* What one frame leaves behind. */
struct answer {
	struct result result;
	uint64_t bin_sum[BINS];
	uint32_t bin_count[BINS], strong[PIXELS];
	struct spot spots[PIXELS];
};

/* Everything of one test; taken at once. */
struct test {
	struct plan *plan;
	uint32_t seed, frames;
	uint8_t image[PIXELS * 4], good[PIXELS * 6], bad[PIXELS * 6];
	uint32_t offsets[PIXELS];
	struct block_table blocks;
	struct engine_item item[FPGA_UNITS_MAX * FRAMES], truth_item[2];
	struct answer truth[2]; /* of the good and of the damaged one */
	struct answer answer[FPGA_UNITS_MAX * FRAMES];
};

static int make_plan(struct test *t, const struct image_shape *shape)
{
	struct plan_settings s;
	uint8_t mask[PIXELS];
	char words[128];
	int error;

	known_mask(shape, &t->seed, mask);
	plan_defaults(&s);
	s.shape = *shape;
	s.user_mask = mask;
	s.radial_bins = BINS;
	s.saturation_value = 200;
	s.max_strong = s.max_spots = PIXELS;
	error = geometry_flat(&s.geometry, 100, WIDTH / 3.0, HEIGHT / 2.0, 0.1, 0.1, 1);
	return error ? error : plan_make(&t->plan, &s, 1, words, sizeof words);
}

static int make_payloads(struct test *t, const struct image_shape *shape, struct payload *good)
{
	size_t len = sizeof t->good;
	int error = codec_encode(CODEC_BSLZ4, shape, BLOCK_BYTES, t->image, t->good, &len);

	if (error)
		return error;
	*good = (struct payload){t->good, len, CODEC_BSLZ4, (uint8_t)pixel_bytes(shape->type)};
	t->blocks = (struct block_table){.capacity = PIXELS, .offset = t->offsets};
	error = block_table_build(&t->blocks, good, shape);
	if (error)
		return error;
	memcpy(t->bad, t->good, len);
	memset(t->bad + t->offsets[1], 0xff, block_table_length(&t->blocks, 1)); /* begins with more literals than it has */
	return 0;
}

static void aim(struct test *t, struct engine_item *item, struct answer *answer, bool bad, const struct payload *good)
{
	*item = (struct engine_item){
		.payload = *good, .blocks = &t->blocks, .wanted = OUTPUT_TOTALS | OUTPUT_RADIAL | OUTPUT_STRONG | OUTPUT_SPOTS, .result = &answer->result,
		.bin_sum = answer->bin_sum, .bin_count = answer->bin_count, .strong = answer->strong, .spots = answer->spots, .status = -EIO,
	};
	if (bad)
		item->payload.bytes = t->bad;
	memset(answer, 0, sizeof *answer);
}

/* Has the queue analyse n items at once; 0, or what it could not do. */
static int analyse(const struct engine *engine, struct engine_context *context, struct engine_queue *queue, const struct plan *plan,
		   struct engine_item *items, uint32_t n)
{
	struct engine_plan *loaded = NULL;
	int error = engine->plan_load(context, &loaded, plan);

	if (!error)
		error = engine->submit(queue, loaded, items, n);
	if (!error)
		error = engine->wait(queue);
	engine->plan_drop(context, &loaded);
	return error;
}

static int ask_reference(struct test *t, const struct payload *good)
{
	struct engine_context *context = NULL;
	struct engine_queue *queue = NULL;
	int error = engine_reference.open(&context, NULL);

	for (uint32_t i = 0; i < 2; i++)
		aim(t, &t->truth_item[i], &t->truth[i], i, good);
	if (!error)
		error = engine_reference.queue_open(context, &queue, sizeof t->image);
	if (!error)
		error = analyse(&engine_reference, context, queue, t->plan, t->truth_item, 2);
	engine_reference.queue_close(&queue);
	engine_reference.close(&context);
	return error;
}

/* Every unit of the queue gets three frames, for they go to it in turn. */
static int run(const struct engine *engine, struct engine_context *context, struct engine_queue *queue, struct test *t, enum pixel_type type)
{
	const struct image_shape shape = {WIDTH, HEIGHT, type};
	uint32_t units = queue->n_seats[fpga_width_of(type)], n = units * FRAMES;
	struct payload good;
	int error = make_plan(t, &shape);

	known_image(&shape, &t->seed, t->image);
	if (!error)
		error = make_payloads(t, &shape, &good);
	if (!error)
		error = ask_reference(t, &good);
	for (uint32_t i = 0; !error && i < n; i++)
		aim(t, &t->item[i], &t->answer[i], i / units == 1, &good);
	if (!error)
		error = analyse(engine, context, queue, t->plan, t->item, n);
	for (uint32_t i = 0; !error && i < n; i++) {
		bool bad = i / units == 1;

		if (t->item[i].status && t->item[i].status != -EBADMSG)
			error = t->item[i].status;
		else if (t->item[i].status != (bad ? -EBADMSG : 0) || !known_is_alike(&t->item[i], &t->truth_item[bad], t->plan->n_bins) || !t->truth[0].result.n_spots)
			error = -EILSEQ;
	}
	plan_free(&t->plan);
	return error;
}

/* One queue has not all units: all queues that there can be. */
int fpga_self_test(const struct engine *engine, struct engine_context *context)
{
	struct engine_queue *queue[FPGA_UNITS_MAX] = {NULL};
	struct test *t = calloc(1, sizeof *t);
	int error = t ? 0 : -ENOMEM;

	if (t)
		t->seed = 2463534242u;
	for (uint32_t q = 0; !error && q < context->queues; q++) {
		error = engine->queue_open(context, &queue[q], sizeof t->image);
		for (unsigned type = 0; !error && type < PIXEL_TYPES; type++)
			if (context->n_wide[fpga_width_of((enum pixel_type)type)])
				error = run(engine, context, queue[q], t, (enum pixel_type)type);
	}
	for (uint32_t q = 0; q < FPGA_UNITS_MAX; q++)
		engine->queue_close(&queue[q]);
	free(t);
	return error;
}
