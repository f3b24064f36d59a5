/* self_test.c - frames whose results are known, before a device is trusted with any (see engine_of.h).
 *
 * Small made frames go in one batch through every kernel: both algorithms, all codecs, blocks that local memory holds and blocks that it does not, all
 * widths of pixels, and a damaged one. The reference says what must come back. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/device/engine_of.h"
#include "kernels/known.h"

#define WIDTH 165u
#define HEIGHT 83u
#define FRAMES 5u
#define LISTED 4096u
#define BINS 300u

static const struct {
	enum codec codec;
	uint32_t block_bytes;
} frames[FRAMES] = {{CODEC_BSLZ4, 0}, {CODEC_BSLZ4, 16384}, {CODEC_LZ4_FRAMED, 3000}, {CODEC_LZ4_RAW, 0}, {CODEC_NONE, 0}};

/* What one frame leaves behind. */
struct answer {
	struct result result;
	uint64_t bin_sum[BINS];
	uint32_t bin_count[BINS], strong[LISTED];
	struct spot spots[LISTED];
};

/* Everything of one test; taken at once. */
struct test {
	struct plan *plan;
	uint32_t seed;
	uint8_t image[WIDTH * HEIGHT * 4];
	uint8_t payload[FRAMES + 1][WIDTH * HEIGHT * 5 + 4096];
	uint32_t offsets[FRAMES + 1][WIDTH * HEIGHT];
	struct block_table blocks[FRAMES + 1];
	struct engine_item item[FRAMES + 1], truth_item[FRAMES + 1];
	struct answer answer[FRAMES + 1], truth[FRAMES + 1];
};

static int make_plan(struct test *t, const struct image_shape *shape, enum spot_algorithm algorithm)
{
	struct plan_settings s;
	uint8_t mask[WIDTH * HEIGHT];
	char words[128];
	int error;

	known_mask(shape, &t->seed, mask);
	plan_defaults(&s);
	s.shape = *shape;
	s.algorithm = algorithm;
	s.user_mask = mask;
	s.radial_bins = BINS;
	s.saturation_value = 1000;
	s.max_strong = s.max_spots = LISTED;
	error = geometry_flat(&s.geometry, 100, WIDTH / 3.0, HEIGHT / 2.0, 0.1, 0.1, 1);
	return error ? error : plan_make(&t->plan, &s, 1, words, sizeof words);
}

static int make_item(struct test *t, uint32_t i, const struct image_shape *shape)
{
	uint32_t kind = i < FRAMES ? i : 0; /* the last one is the first one, damaged */
	struct engine_item *item = &t->item[i];
	size_t len = sizeof t->payload[i];
	int error = codec_encode(frames[kind].codec, shape, frames[kind].block_bytes, t->image, t->payload[i], &len);

	if (error)
		return error;
	item->payload = (struct payload){t->payload[i], len, frames[kind].codec, (uint8_t)pixel_bytes(shape->type)};
	t->blocks[i] = (struct block_table){.capacity = WIDTH * HEIGHT, .offset = t->offsets[i]};
	error = block_table_build(&t->blocks[i], &item->payload, shape);
	if (i == FRAMES && !error) /* its first block begins with more literals than it has */
		memset(t->payload[i] + t->offsets[i][0], 0xff, block_table_length(&t->blocks[i], 0));
	item->blocks = &t->blocks[i];
	item->wanted = OUTPUT_TOTALS | OUTPUT_RADIAL | OUTPUT_STRONG | OUTPUT_SPOTS;
	return error;
}

static void aim(struct test *t, struct answer *answers)
{
	memset(answers, 0, (FRAMES + 1) * sizeof *answers);
	for (uint32_t i = 0; i <= FRAMES; i++) {
		t->item[i].result = &answers[i].result;
		t->item[i].bin_sum = answers[i].bin_sum;
		t->item[i].bin_count = answers[i].bin_count;
		t->item[i].strong = answers[i].strong;
		t->item[i].spots = answers[i].spots;
		t->item[i].status = -EIO;
	}
}

/* Has the engine analyse all frames at once; 0, or what it could not do. */
static int analyse(const struct engine *engine, struct engine_context *context, struct test *t)
{
	struct engine_plan *loaded = NULL;
	struct engine_queue *queue = NULL;
	int error = engine->queue_open(context, &queue, sizeof t->image * (FRAMES + 1));

	if (!error)
		error = engine->plan_load(context, &loaded, t->plan);
	if (!error)
		error = engine->submit(queue, loaded, t->item, FRAMES + 1);
	if (!error)
		error = engine->wait(queue);
	engine->plan_drop(context, &loaded);
	engine->queue_close(&queue);
	for (uint32_t i = 0; !error && i <= FRAMES; i++) {
		int status = t->item[i].status;

		if (status != (i == FRAMES ? -EBADMSG : 0))
			error = status == 0 || status == -EBADMSG ? -EILSEQ : status;
	}
	return error;
}

static int run(const struct engine *engine, struct engine_context *context, struct test *t, enum pixel_type type, enum spot_algorithm algorithm)
{
	const struct image_shape shape = {WIDTH, HEIGHT, type};
	int error = make_plan(t, &shape, algorithm);

	known_image(&shape, &t->seed, t->image);
	for (uint32_t i = 0; !error && i <= FRAMES; i++)
		error = make_item(t, i, &shape);
	if (error)
		goto out;
	aim(t, t->truth);
	error = analyse(&engine_reference, NULL, t);
	if (error)
		goto out;
	memcpy(t->truth_item, t->item, sizeof t->item);
	aim(t, t->answer);
	error = analyse(engine, context, t);
	for (uint32_t i = 0; !error && i <= FRAMES; i++)
		if (!known_is_alike(&t->item[i], &t->truth_item[i], t->plan->n_bins) || (i < FRAMES && (t->truth[i].result.n_spots == 0 || t->truth[i].result.overflow)))
			error = -EILSEQ;
out:
	plan_free(&t->plan);
	return error;
}

int device_self_test(const struct engine *engine, struct engine_context *context)
{
	struct test *t = calloc(1, sizeof *t);
	int error = 0;

	if (!t)
		return -ENOMEM;
	t->seed = 2463534242u;
	for (unsigned type = 0; !error && type < PIXEL_TYPES; type++)
		error = run(engine, context, t, (enum pixel_type)type, type == PIXEL_U32 ? SPOTS_DISPERSION_EXTENDED : SPOTS_DISPERSION);
	free(t);
	return error;
}
