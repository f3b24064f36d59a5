/* test_detector_hits.c - the simulated detector's hits are hits and its misses are misses, as the reference engine sees them with the node's
 * default settings; and the strong reflections of its truth are where the engine finds spots. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/detector/scene.h"
#include "kernels/engine.h"

#define FRAMES 6
#define HIT_SPOTS 10

struct bench {
	struct settings settings;
	struct scene *scene;
	struct scene_work work;
	struct plan *plan;
	struct engine_context *context;
	struct engine_plan *handle;
	struct engine_queue *queue;
	struct spot *spots;
	struct result result;
	struct scene_truth truth;
	void *pixels;
};

static void bench_open(struct bench *b, uint64_t seed)
{
	char message[200] = "";
	struct plan_settings p;
	struct image_shape shape;

	assert_int_equal(settings_complete(&b->settings, message, sizeof message), 0);
	assert_int_equal(scene_open(&b->scene, &b->settings, seed), 0);
	assert_int_equal(scene_work_open(&b->work, b->scene), 0);
	shape = (struct image_shape){ b->settings.model.width, b->settings.model.height, b->settings.type };
	plan_defaults(&p);
	p.shape = shape;
	p.detector_mask = b->scene->mask;
	assert_int_equal(geometry_flat(&p.geometry, b->settings.distance_mm, b->settings.centre_px[0], b->settings.centre_px[1],
				       b->scene->beam.pixel_mm, b->scene->beam.pixel_mm, b->settings.wavelength_angstrom), 0);
	assert_int_equal(plan_make(&b->plan, &p, 1, message, sizeof message), 0);
	assert_int_equal(engine_reference.open(&b->context, &(struct engine_config){ 0 }), 0);
	assert_int_equal(engine_reference.plan_load(b->context, &b->handle, b->plan), 0);
	assert_int_equal(engine_reference.queue_open(b->context, &b->queue, image_bytes(&shape)), 0);
	b->spots = malloc(b->plan->max_spots * sizeof *b->spots);
	b->pixels = malloc(image_bytes(&shape));
	assert_non_null(b->spots);
	assert_non_null(b->pixels);
}

static void bench_close(struct bench *b)
{
	engine_reference.queue_close(&b->queue);
	engine_reference.plan_drop(b->context, &b->handle);
	engine_reference.close(&b->context);
	plan_free(&b->plan);
	scene_truth_clear(&b->truth);
	scene_work_close(&b->work);
	scene_close(&b->scene);
	free(b->spots);
	free(b->pixels);
}

static void render_and_analyse(struct bench *b, uint64_t number, bool hit)
{
	struct image_shape shape = { b->settings.model.width, b->settings.model.height, b->settings.type };
	struct payload payload = { b->pixels, image_bytes(&shape), CODEC_NONE, 0 };
	uint32_t offsets[2];
	struct block_table table = { .capacity = 2, .offset = offsets };
	struct engine_item item = { .payload = payload, .blocks = &table, .wanted = OUTPUT_TOTALS | OUTPUT_SPOTS, .result = &b->result,
				    .spots = b->spots };

	scene_truth_clear(&b->truth);
	assert_int_equal(scene_render(b->scene, &b->work, number, hit, &b->pixels, &b->truth), 0);
	assert_int_equal(block_table_build(&table, &payload, &shape), 0);
	assert_int_equal(engine_reference.submit(b->queue, b->handle, &item, 1), 0);
	assert_int_equal(engine_reference.wait(b->queue), 0);
	assert_int_equal(item.status, 0);
}

static unsigned spots_in_range(const struct bench *b)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < b->result.n_spots; i++) {
		const struct spot *s = &b->spots[i];
		double d = geometry_d(&b->plan->geometry, (double)s->sum_x / (double)s->sum + 0.5, (double)s->sum_y / (double)s->sum + 0.5);

		n += d > 1.5 && d < 50;
	}
	return n;
}

static bool found(const struct bench *b, const struct reflection *r)
{
	for (uint32_t i = 0; i < b->result.n_spots; i++) {
		const struct spot *s = &b->spots[i];

		if (hypot((double)s->sum_x / (double)s->sum + 0.5 - r->x_px, (double)s->sum_y / (double)s->sum + 0.5 - r->y_px) < 1)
			return true;
	}
	return false;
}

static void check_frames(struct bench *b)
{
	unsigned strong = 0, seen = 0;

	for (uint64_t i = 0; i < FRAMES; i++) {
		unsigned n;

		render_and_analyse(b, i, i % 2 == 0);
		n = spots_in_range(b);
		assert_int_equal(b->result.sum, b->truth.channel[0].sum);
		assert_int_equal(b->result.n_valid, b->truth.channel[0].n_valid);
		assert_int_equal(b->result.n_nodata, b->truth.channel[0].n_overload);
		assert_int_equal(b->result.max, b->truth.channel[0].max);
		for (uint32_t k = 0; k < b->truth.n_spots; k++)
			if (b->truth.spots[k].strong) {
				strong++;
				seen += found(b, &b->truth.spots[k].reflection);
			}
		printf("%ux%u type %d frame %llu hit %d strong %u seen so far %u of %u spots %u\n", b->settings.model.width, b->settings.model.height,
		       b->settings.type, (unsigned long long)i, b->truth.hit, b->truth.n_strong, seen, strong, n);
		if (b->truth.hit)
			assert_true(n >= HIT_SPOTS + 2);
		else
			assert_true(n <= HIT_SPOTS - 6);
	}
	assert_true(strong >= FRAMES / 2 * b->settings.min_strong);
	assert_true(seen * 100 >= strong * 95);
}

static void check_model(struct model model, enum pixel_type type, double background, double ice)
{
	struct bench b = { 0 };

	settings_clear(&b.settings);
	b.settings.model = model;
	b.settings.type = type;
	b.settings.background.mean = background;
	b.settings.ice_share = ice;
	b.settings.n_hot = 20;
	b.settings.n_dead = 20;
	bench_open(&b, 1000 + model.width + type);
	check_frames(&b);
	bench_close(&b);
}

static void test_eiger2_500k(void **state)
{
	for (int type = 0; type < PIXEL_TYPES; type++)
		check_model(*model_find("EIGER2-500K"), type, 0.5, 0);
}

static void test_eiger2_1m_with_ice(void **state)
{
	check_model(*model_find("eiger2-1m"), PIXEL_U16, 0.5, 1);
}

static void test_bright_background(void **state)
{
	check_model(*model_find("eiger2-1m"), PIXEL_U16, 5, 0);
}

static void test_dark_background(void **state)
{
	check_model(*model_find("eiger2-1m"), PIXEL_U32, 0.02, 0);
}

static void test_arina(void **state)
{
	check_model(*model_find("arina"), PIXEL_U8, 0.5, 0);
	check_model(*model_find("arina"), PIXEL_U16, 0.5, 0);
}

/* The smallest that still shows enough separate spots; 8 bits leave too little between noise and overload there. */
static void test_smallest(void **state)
{
	check_model((struct model){ "", "", 128, 128, 0, 0, 0, 0, 75, false }, PIXEL_U16, 0.5, 0);
}

static void test_small_sizes(void **state)
{
	static const uint32_t sizes[][2] = { { 160, 160 }, { 256, 256 }, { 300, 200 }, { 515, 532 }, { 101, 333 } };

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		for (int type = 0; type < PIXEL_TYPES; type++)
			check_model((struct model){ "", "", sizes[i][0], sizes[i][1], 0, 0, 0, 0, 75, false }, type, 0.5, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_eiger2_500k), cmocka_unit_test(test_eiger2_1m_with_ice), cmocka_unit_test(test_bright_background),
		cmocka_unit_test(test_dark_background), cmocka_unit_test(test_arina), cmocka_unit_test(test_small_sizes),
		cmocka_unit_test(test_smallest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
