/* test_device_engine.c - the host side of device engines, over a driver in plain C: batches, chunks, one copy per slab, devices that lie or
 * fail, memory that is bounded, and nothing left behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "kernels/device/engine_of.h"
#include "tests/support/batch.h"
#include "tests/support/plain_driver.h"

static struct random rng;

/* An open device with a batch's plan and a queue. */
struct seat {
	struct engine_context *context;
	struct engine_plan *loaded;
	struct engine_queue *queue;
};

static int seat_take(struct seat *s, const struct batch *b, size_t queue_bytes, int error)
{
	if (!error)
		error = engine_plain.plan_load(s->context, &s->loaded, b->plan);
	if (!error)
		error = engine_plain.queue_open(s->context, &s->queue, queue_bytes);
	return error;
}

/* Without the self-test, which most tests need not wait for. */
static int seat_open(struct seat *s, const struct batch *b, size_t queue_bytes, uint64_t max_memory_bytes)
{
	struct engine_config config = {.max_memory_bytes = max_memory_bytes};

	*s = (struct seat){NULL, NULL, NULL};
	return seat_take(s, b, queue_bytes, device_open(&driver_plain, &s->context, &config));
}

static int seat_open_tested(struct seat *s, const struct batch *b, size_t queue_bytes)
{
	*s = (struct seat){NULL, NULL, NULL};
	return seat_take(s, b, queue_bytes, engine_plain.open(&s->context, NULL));
}

static void seat_close(struct seat *s)
{
	engine_plain.queue_close(&s->queue);
	if (s->context)
		engine_plain.plan_drop(s->context, &s->loaded);
	engine_plain.close(&s->context);
	assert_int_equal(plain_held, 0);
}

static const struct image_shape small = {130, 61, PIXEL_U16};

static struct batch_settings mixed(uint32_t n, enum spot_algorithm algorithm)
{
	return (struct batch_settings){.shape = small, .algorithm = algorithm, .n = n, .damaged_every = 5, .any_codec = true};
}

static void a_batch_of_all_sorts_is_analysed_frame_by_frame(void **state)
{
	for (unsigned type = 0; type < PIXEL_TYPES; type++)
		for (unsigned algorithm = 0; algorithm < 3; algorithm++) {
			struct batch_settings settings = mixed(60, (enum spot_algorithm)algorithm);
			struct engine_counters counters;
			struct batch b;
			struct seat s;

			settings.shape.type = (enum pixel_type)type;
			settings.in_slab = algorithm == 1;
			batch_open(&b, &settings, &rng);
			assert_int_equal(seat_open(&s, &b, 64 * image_bytes(&settings.shape), 0), 0);
			assert_int_equal(batch_run(&b, &engine_plain, s.queue, s.loaded), 0);
			batch_check(&b);
			assert_in_range(b.n_good, 48, 59); /* some damage is not seen: other bytes, as good as these */
			engine_plain.counters(s.queue, &counters);
			assert_int_equal(counters.frames, b.n);
			assert_int_equal(counters.pixels, b.n_good * image_pixels(&settings.shape));
			assert_int_equal(counters.pixels_tested, algorithm ? counters.pixels : 0);
			assert_true(counters.blocks >= b.n_blocks);
			seat_close(&s);
			batch_close(&b);
		}
}

static void a_queue_for_few_frames_takes_many_in_chunks(void **state)
{
	struct batch_settings settings = mixed(101, SPOTS_DISPERSION);
	struct batch b;
	struct seat s;

	batch_open(&b, &settings, &rng);
	for (uint32_t frames = 1; frames < 6; frames += 2) {
		assert_int_equal(seat_open(&s, &b, frames * image_bytes(&small) + 7, 0), 0);
		assert_int_equal(batch_run(&b, &engine_plain, s.queue, s.loaded), 0);
		batch_check(&b);
		seat_close(&s);
	}
	assert_int_equal(seat_open(&s, &b, image_bytes(&small) - 1, 0), 0);
	assert_int_equal(batch_run(&b, &engine_plain, s.queue, s.loaded), -EINVAL);
	seat_close(&s);
	batch_close(&b);
}

static void a_pinned_slab_goes_over_in_one_copy(void **state)
{
	struct batch_settings settings = {.shape = small, .algorithm = SPOTS_DISPERSION, .n = 100, .in_slab = true};
	struct batch b;
	struct seat s;
	uint32_t before;

	batch_open(&b, &settings, &rng);
	assert_int_equal(seat_open(&s, &b, 100 * image_bytes(&small), 0), 0);
	assert_int_equal(engine_plain.pin(s.context, b.slab, b.slab_bytes), 0);
	before = plain_copies_in;
	assert_int_equal(batch_run(&b, &engine_plain, s.queue, s.loaded), 0);
	batch_check(&b);
	assert_int_equal(plain_copies_in - before, 2); /* the slab, and what is to be done with it */
	engine_plain.unpin(s.context, b.slab, b.slab_bytes);
	assert_int_equal(batch_run(&b, &engine_plain, s.queue, s.loaded), 0);
	batch_check(&b);
	seat_close(&s);
	batch_close(&b);
}

/* What is not decoded, summed or tested is missed by its count. */
static void a_device_that_does_less_than_it_was_told_is_found_out(void **state)
{
	static const struct {
		enum device_kernel kernel;
		enum spot_algorithm algorithm;
	} lies[] = {{DEVICE_DECODE, SPOTS_NONE}, {DEVICE_TOTALS, SPOTS_NONE}, {DEVICE_SUMMARY, SPOTS_NONE},
		    {DEVICE_DISPERSION, SPOTS_DISPERSION}, {DEVICE_EXTENDED, SPOTS_DISPERSION_EXTENDED}};

	for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
		struct batch_settings settings = {.shape = small, .algorithm = lies[i].algorithm, .n = 3};
		struct batch b;
		struct seat s;

		batch_open(&b, &settings, &rng);
		assert_int_equal(seat_open(&s, &b, 3 * image_bytes(&small), 0), 0);
		plain_faults = (struct plain_faults){.skip = true, .skipped = lies[i].kernel};
		assert_int_equal(batch_run(&b, &engine_plain, s.queue, s.loaded), 0);
		plain_faults = (struct plain_faults){.skip = false};
		for (uint32_t f = 0; f < b.n; f++) {
			static const struct result nothing;

			assert_int_equal(b.item[f].status, -EIO);
			assert_memory_equal(b.item[f].result, &nothing, sizeof nothing);
		}
		assert_int_equal(batch_run(&b, &engine_plain, s.queue, s.loaded), 0);
		batch_check(&b);
		seat_close(&s);
		batch_close(&b);
	}
}

static void a_device_that_lies_at_the_start_is_not_opened(void **state)
{
	static const enum device_kernel every[] = {DEVICE_DECODE, DEVICE_DECODE_LARGE, DEVICE_UNSHUFFLE, DEVICE_TOTALS, DEVICE_SUMMARY,
						   DEVICE_DISPERSION, DEVICE_MARK, DEVICE_ERODE, DEVICE_EXTENDED};

	for (size_t i = 0; i < sizeof every / sizeof *every; i++) {
		struct engine_context *context = (struct engine_context *)&rng;

		plain_faults = (struct plain_faults){.skip = true, .skipped = every[i]};
		assert_true(engine_plain.open(&context, NULL) < 0);
		plain_faults = (struct plain_faults){.skip = false};
		assert_null(context);
		assert_int_equal(plain_held, 0);
	}
}

static bool all_answered(const struct batch *b)
{
	for (uint32_t i = 0; i < b->n; i++)
		if (b->item[i].status != 0 && b->item[i].status != -EBADMSG)
			return false;
	return true;
}

/* Whatever call of the driver fails, the batch fails as a whole, or says which of its frames did, or is right; and the next one is right. */
static void every_failure_of_the_driver_is_survived(void **state)
{
	struct batch_settings settings = mixed(8, SPOTS_DISPERSION_EXTENDED);
	bool failed = true;
	struct batch b;

	batch_open(&b, &settings, &rng);
	for (uint32_t call = 1; failed; call++) {
		struct seat s;
		int error;

		assert_int_equal(seat_open(&s, &b, 4 * image_bytes(&small), 0), 0);
		plain_faults = (struct plain_faults){.call = call, .error = call % 2 ? -EIO : -ENOMEM};
		error = batch_run(&b, &engine_plain, s.queue, s.loaded);
		failed = plain_faults.call == 0;
		plain_faults = (struct plain_faults){.call = 0};
		if (!error && all_answered(&b))
			batch_check(&b);
		else
			assert_true(failed);
		assert_int_equal(batch_run(&b, &engine_plain, s.queue, s.loaded), 0);
		batch_check(&b);
		seat_close(&s);
		assert_true(call < 1000);
	}
	batch_close(&b);
}

static void an_opening_that_fails_leaves_nothing_behind(void **state)
{
	struct batch_settings settings = mixed(2, SPOTS_DISPERSION);
	bool failed = true;
	struct batch b;

	batch_open(&b, &settings, &rng);
	for (uint32_t call = 1; failed; call += call < 50 ? 1 : 9) { /* it goes over the same calls three times */
		struct seat s;
		int error;

		plain_faults = (struct plain_faults){.call = call, .error = -EIO};
		error = seat_open_tested(&s, &b, image_bytes(&small));
		failed = plain_faults.call == 0;
		plain_faults = (struct plain_faults){.call = 0};
		assert_int_equal(error != 0, failed);
		seat_close(&s);
		assert_true(call < 1000);
	}
	batch_close(&b);
}

/* With less memory chunks are smaller; with too little there is no queue for such frames. */
static void memory_is_bounded_by_configuration(void **state)
{
	struct batch_settings settings = mixed(40, SPOTS_DISPERSION);
	unsigned fitted = 0, short_of = 0;
	struct batch b;

	settings.shape = (struct image_shape){400, 300, PIXEL_U16};
	batch_open(&b, &settings, &rng);
	for (uint64_t bytes = 4u << 20; bytes <= 64u << 20; bytes *= 2) {
		struct seat s;
		int error = seat_open(&s, &b, 40 * image_bytes(&settings.shape), bytes);

		if (!error)
			error = batch_run(&b, &engine_plain, s.queue, s.loaded);
		assert_true(error == 0 || error == -ENOMEM);
		fitted += !error;
		short_of += error != 0;
		if (!error)
			batch_check(&b);
		seat_close(&s);
	}
	assert_true(fitted >= 2 && short_of < 4);
	struct seat tiny;
	assert_int_equal(seat_open(&tiny, &b, image_bytes(&settings.shape), 1000), -ENOMEM);
	seat_close(&tiny);
	batch_close(&b);
}

static void frames_longer_than_any_before_bring_room_for_themselves(void **state)
{
	struct batch_settings settings = {.shape = {64, 40, PIXEL_U8}, .n = 4, .algorithm = SPOTS_DISPERSION};
	struct batch b;
	struct seat s;

	batch_open(&b, &settings, &rng);
	/* blocks of 8 pixels: the payload is half as long again as the image */
	for (uint32_t i = 0; i < b.n; i++) {
		struct engine_item *item = &b.item[i];
		struct block_table *blocks = (struct block_table *)item->blocks;
		uint8_t pixels[64 * 40], *bytes = malloc(64 * 1024);
		size_t len = 64 * 1024, entries = block_table_entries(sizeof pixels, 8);

		assert_int_equal(codec_decode(&item->payload, &settings.shape, pixels), 0);
		assert_int_equal(codec_encode(CODEC_BSLZ4, &settings.shape, 8, pixels, bytes, &len), 0);
		assert_true(2 * len > 3 * sizeof pixels);
		free((void *)item->payload.bytes);
		free(blocks->offset);
		item->payload.bytes = bytes;
		item->payload.len_bytes = len;
		*blocks = (struct block_table){.capacity = (uint32_t)entries, .offset = malloc(entries * sizeof(uint32_t))};
		assert_int_equal(block_table_build(blocks, &item->payload, &settings.shape), 0);
	}
	assert_int_equal(seat_open(&s, &b, image_bytes(&settings.shape), 0), 0);
	assert_int_equal(batch_run(&b, &engine_plain, s.queue, s.loaded), 0);
	batch_check(&b);
	seat_close(&s);
	batch_close(&b);
}

static void what_cannot_be_is_refused(void **state)
{
	struct engine_context *context = NULL;
	struct engine_queue *queue = NULL;
	struct engine_config third = {.device = 2};
	struct engine_device devices[3] = {{.name = ""}};
	struct engine_item items[1] = {{.status = 0}};
	struct batch_settings settings = mixed(1, SPOTS_NONE);
	struct batch b;
	struct seat s;
	char words[128];

	assert_int_equal(engine_plain.devices(devices, 3, words, sizeof words), 2);
	assert_string_equal(devices[1].name, "plain C");
	assert_int_equal(engine_plain.probe(&third, words, sizeof words), -ENODEV);
	assert_non_null(strstr(words, "there is no device 2"));
	assert_int_equal(engine_plain.open(&context, &third), -ENODEV);
	engine_plain.close(&context);
	engine_plain.close(NULL);
	engine_plain.queue_close(NULL);
	batch_open(&b, &settings, &rng);
	assert_int_equal(seat_open(&s, &b, image_bytes(&small), 0), 0);
	assert_int_equal(engine_plain.queue_open(s.context, &queue, 0), -EINVAL);
	assert_int_equal(engine_plain.submit(s.queue, s.loaded, items, 100000), -EINVAL);
	assert_int_equal(engine_plain.submit(s.queue, s.loaded, items, 0), 0);
	assert_int_equal(engine_plain.wait(s.queue), 0);
	seat_close(&s);
	batch_close(&b);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_batch_of_all_sorts_is_analysed_frame_by_frame),
		cmocka_unit_test(a_queue_for_few_frames_takes_many_in_chunks),
		cmocka_unit_test(a_pinned_slab_goes_over_in_one_copy),
		cmocka_unit_test(a_device_that_does_less_than_it_was_told_is_found_out),
		cmocka_unit_test(a_device_that_lies_at_the_start_is_not_opened),
		cmocka_unit_test(every_failure_of_the_driver_is_survived),
		cmocka_unit_test(an_opening_that_fails_leaves_nothing_behind),
		cmocka_unit_test(memory_is_bounded_by_configuration),
		cmocka_unit_test(frames_longer_than_any_before_bring_room_for_themselves),
		cmocka_unit_test(what_cannot_be_is_refused),
	};

	random_seed(&rng);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
