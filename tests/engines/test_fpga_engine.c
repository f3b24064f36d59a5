/* test_fpga_engine.c - the host side of the engine fpga, over units in plain C: batches dealt to units, what the host does itself, units that lie, fail or fall
 * silent, memory that is bounded, and nothing left behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/batch.h"
#include "tests/support/plain_card.h"

#define SELF_TEST_JOBS 6u /* of a unit of 16 bits: three of each type */

static struct random rng;

/* An open card with a batch's plan and a queue. */
struct seat {
	struct engine_context *context;
	struct engine_plan *loaded;
	struct engine_queue *queue;
};

static const struct image_shape small = {130, 61, PIXEL_U16};

static int seat_open(struct seat *s, const struct batch *b, uint64_t max_memory_bytes)
{
	struct engine_config config = {.max_memory_bytes = max_memory_bytes};
	int error;

	*s = (struct seat){NULL, NULL, NULL};
	error = engine_fpga_plain.open(&s->context, &config);
	if (!error)
		error = engine_fpga_plain.plan_load(s->context, &s->loaded, b->plan);
	if (!error)
		error = engine_fpga_plain.queue_open(s->context, &s->queue, 64 * image_bytes(&b->plan->shape));
	return error;
}

static void seat_close(struct seat *s)
{
	engine_fpga_plain.queue_close(&s->queue);
	if (s->context)
		engine_fpga_plain.plan_drop(s->context, &s->loaded);
	engine_fpga_plain.close(&s->context);
	assert_null(s->context);
	assert_int_equal(plain_card.held, 0);
}

static int as_usual(void **state)
{
	plain_card = (struct plain_card){.n_narrow = 0};
	return 0;
}

static struct batch_settings frames(uint32_t n, enum spot_algorithm algorithm)
{
	return (struct batch_settings){.shape = small, .algorithm = algorithm, .n = n, .damaged_every = 5, .block_bytes = 1024};
}

static void a_batch_is_analysed_frame_by_frame_in_turn(void **state)
{
	for (unsigned type = 0; type < PIXEL_TYPES; type++)
		for (unsigned algorithm = 0; algorithm < 3; algorithm++) {
			struct batch_settings settings = frames(60, (enum spot_algorithm)algorithm);
			struct engine_counters counters;
			struct batch b;
			struct seat s;

			as_usual(NULL);
			settings.shape.type = (enum pixel_type)type;
			settings.in_slab = algorithm == 1;
			batch_open(&b, &settings, &rng);
			assert_int_equal(seat_open(&s, &b, 0), 0);
			memset(plain_card.jobs, 0, sizeof plain_card.jobs);
			plain_card.most_started = 0;
			assert_int_equal(batch_run(&b, &engine_fpga_plain, s.queue, s.loaded), 0);
			batch_check(&b);
			assert_int_equal(plain_card.jobs[0], type == PIXEL_U32 ? 0 : 30);
			assert_int_equal(plain_card.jobs[1], type == PIXEL_U32 ? 0 : 30);
			assert_int_equal(plain_card.jobs[2], type == PIXEL_U32 ? 60 : 0);
			assert_int_equal(plain_card.most_started, type == PIXEL_U32 ? 1 : 2);
			engine_fpga_plain.counters(s.queue, &counters);
			assert_int_equal(counters.frames, b.n);
			assert_int_equal(counters.pixels, b.n_good * image_pixels(&settings.shape));
			assert_int_equal(counters.pixels_tested, algorithm == SPOTS_DISPERSION ? counters.pixels : 0);
			assert_int_equal(counters.on_host, algorithm == SPOTS_DISPERSION_EXTENDED ? b.n : 0);
			seat_close(&s);
			batch_close(&b);
		}
}

/* Clocks are those of the unit that had most to do; plain units take one for each pixel and bin, and 100. */
static void clocks_and_stages_are_counted(void **state)
{
	struct batch_settings settings = frames(7, SPOTS_DISPERSION);
	struct engine_stage stage[32];
	struct engine_counters counters;
	uint32_t n, pixels = (uint32_t)image_pixels(&small);
	struct batch b;
	struct seat s;

	settings.damaged_every = 0;
	batch_open(&b, &settings, &rng);
	assert_int_equal(seat_open(&s, &b, 0), 0);
	plain_card.errors_read = 0; /* the self-test has a damaged frame */
	assert_int_equal(batch_run(&b, &engine_fpga_plain, s.queue, s.loaded), 0);
	engine_fpga_plain.counters(s.queue, &counters);
	assert_int_equal(counters.clocks, 4 * (pixels + b.plan->n_bins + 100));
	assert_int_equal(counters.units, 2);
	assert_int_equal(counters.clock_mhz, 250);
	n = engine_fpga_plain.stages(s.queue, stage, 32);
	assert_in_range(n, 8, 16);
	assert_string_equal(stage[0].name, "payload");
	assert_int_equal(stage[0].busy, 7 * (uint64_t)pixels);
	assert_string_equal(stage[n - 3].name, "record_writer"); /* behind the stages: what only has errors */
	assert_int_equal(stage[n - 3].stalled_in, 7 * (n - 3));
	for (uint32_t i = 0; i < n; i++) {
		assert_int_equal(stage[i].busy, i < n - 2 ? 7 * (uint64_t)pixels : 0);
		assert_int_equal(stage[i].errors, 0);
	}
	assert_int_equal(plain_card.errors_read, 0);
	assert_int_equal(engine_fpga_plain.stages(s.queue, stage, 1), n);
	seat_close(&s);
	batch_close(&b);
}

/* The errors of one stage by its name; those of all others must be 0. */
static uint64_t errors_of(const struct seat *s, const char *name)
{
	struct engine_stage stage[32];
	uint32_t n = engine_fpga_plain.stages(s->queue, stage, 32);
	uint64_t errors = UINT64_MAX;

	for (uint32_t i = 0; i < n; i++) {
		if (!strcmp(stage[i].name, name))
			errors = stage[i].errors;
		else if (stage[i].errors)
			fail_msg("%llu errors in %s, wanted in %s", (unsigned long long)stage[i].errors, stage[i].name, name);
	}
	return errors;
}

static uint64_t blocks_refused(const struct batch *b)
{
	uint8_t out[8192], scratch[8192];
	uint64_t n = 0;

	for (uint32_t i = 0; i < b->n; i++)
		for (uint32_t k = 0; k < b->item[i].blocks->n_blocks; k++)
			n += codec_decode_block(&b->item[i].payload, b->item[i].blocks, k, out, scratch) != 0;
	return n;
}

/* Of data: damaged blocks, and a list that is too short. Each is read of the jobs that have any and of no other. */
static void errors_of_data_are_counted_where_they_are_met(void **state)
{
	struct batch_settings settings = frames(60, SPOTS_DISPERSION);
	uint64_t beyond = 0, frames_beyond = 0;
	struct batch b;
	struct seat s;

	batch_open(&b, &settings, &rng);
	assert_int_equal(seat_open(&s, &b, 0), 0);
	plain_card.errors_read = 0;
	assert_int_equal(batch_run(&b, &engine_fpga_plain, s.queue, s.loaded), 0);
	assert_true(b.n_good < b.n);
	assert_int_equal(errors_of(&s, "decode"), blocks_refused(&b));
	assert_int_equal(plain_card.errors_read, 8 * (b.n - b.n_good));
	seat_close(&s);
	batch_close(&b);

	settings.damaged_every = 0;
	batch_open(&b, &settings, &rng);
	b.plan->max_strong = 1;
	for (uint32_t i = 0; i < b.n; i++) {
		uint32_t n_strong = b.truth[i].result->n_strong;

		beyond += n_strong > 1 ? n_strong - 1 : 0;
		frames_beyond += n_strong > 1;
	}
	assert_int_equal(seat_open(&s, &b, 0), 0);
	plain_card.errors_read = 0;
	assert_int_equal(batch_run(&b, &engine_fpga_plain, s.queue, s.loaded), 0);
	assert_true(beyond > 0);
	assert_int_equal(errors_of(&s, "strong_list"), beyond);
	assert_int_equal(plain_card.errors_read, 8 * frames_beyond);
	seat_close(&s);
	batch_close(&b);
}

/* Of the card: which of its ports, or the watchdog. Two units, each with two good jobs first; the watchdog ends all with the first. */
static void errors_of_the_card_are_counted_where_they_are_met(void **state)
{
	static const struct {
		enum plain_lie lie;
		const char *name;
		uint64_t errors;
	} of[] = {{PLAIN_PORT, "table", 3 * 6}, {PLAIN_ANSWER, "record_writer", 6}, {PLAIN_WATCHDOG, "control", 1}};

	for (unsigned i = 0; i < 3; i++) {
		struct batch_settings settings = frames(10, SPOTS_DISPERSION);
		struct batch b;
		struct seat s;

		settings.damaged_every = 0;
		plain_card = (struct plain_card){.lie = of[i].lie, .after = SELF_TEST_JOBS + 2};
		batch_open(&b, &settings, &rng);
		assert_int_equal(seat_open(&s, &b, 0), 0);
		assert_int_equal(batch_run(&b, &engine_fpga_plain, s.queue, s.loaded), of[i].lie == PLAIN_WATCHDOG ? -EIO : 0);
		assert_int_equal(errors_of(&s, of[i].name), of[i].errors);
		seat_close(&s);
		batch_close(&b);
	}
}

/* Blocks that no decoder holds, and nothing of these frames on the card. */
static void large_blocks_are_the_hosts(void **state)
{
	struct batch_settings settings = frames(9, SPOTS_DISPERSION);
	struct engine_counters counters;
	struct batch b;
	struct seat s;

	settings.shape.width = 300; /* more than one block of 16 kB */
	settings.block_bytes = 16384;
	batch_open(&b, &settings, &rng);
	assert_int_equal(seat_open(&s, &b, 0), 0);
	assert_int_equal(batch_run(&b, &engine_fpga_plain, s.queue, s.loaded), 0);
	batch_check(&b);
	engine_fpga_plain.counters(s.queue, &counters);
	assert_int_equal(counters.on_host, 9);
	assert_int_equal(counters.frames, 0);
	seat_close(&s);
	batch_close(&b);
}

static void other_codecs_are_declined(void **state)
{
	struct batch_settings settings = frames(30, SPOTS_DISPERSION);
	struct batch b;
	struct seat s;

	settings.any_codec = true;
	batch_open(&b, &settings, &rng);
	assert_int_equal(seat_open(&s, &b, 0), 0);
	assert_int_equal(batch_run(&b, &engine_fpga_plain, s.queue, s.loaded), 0);
	for (uint32_t i = 0; i < b.n; i++)
		assert_int_equal(b.item[i].status, b.item[i].payload.codec == CODEC_BSLZ4 ? b.truth[i].status : -ENOTSUP);
	seat_close(&s);
	batch_close(&b);
}

/* Two queues, which share no unit: each has two of 16 bits and one of 32. */
static void queues_have_units_of_their_own(void **state)
{
	struct batch_settings settings = frames(20, SPOTS_DISPERSION);
	struct engine_capabilities can;
	struct engine_queue *second = NULL, *third = NULL;
	struct batch b;
	struct seat s;

	plain_card.n_narrow = 4;
	plain_card.n_wide = 2;
	batch_open(&b, &settings, &rng);
	assert_int_equal(seat_open(&s, &b, 0), 0);
	engine_fpga_plain.capabilities(s.context, &can);
	assert_int_equal(can.max_queues, 2);
	assert_int_equal(engine_fpga_plain.queue_open(s.context, &second, 64 * image_bytes(&small)), 0);
	assert_int_equal(engine_fpga_plain.queue_open(s.context, &third, 64 * image_bytes(&small)), -EBUSY);
	assert_null(third);
	memset(plain_card.jobs, 0, sizeof plain_card.jobs);
	for (uint32_t i = 0; i < b.n; i += 2) {
		assert_int_equal(engine_fpga_plain.submit(s.queue, s.loaded, &b.item[i], 1), 0);
		assert_int_equal(engine_fpga_plain.submit(second, s.loaded, &b.item[i + 1], 1), 0);
		assert_int_equal(engine_fpga_plain.wait(s.queue), 0);
		assert_int_equal(engine_fpga_plain.wait(second), 0);
	}
	batch_check(&b);
	assert_int_equal(plain_card.jobs[0] + plain_card.jobs[2], 10);
	assert_int_equal(plain_card.jobs[1] + plain_card.jobs[3], 10);
	engine_fpga_plain.queue_close(&second);
	assert_int_equal(engine_fpga_plain.queue_open(s.context, &third, 64 * image_bytes(&small)), 0);
	engine_fpga_plain.queue_close(&third);
	seat_close(&s);
	batch_close(&b);
}

static void a_card_without_wide_units_takes_no_wide_pixels(void **state)
{
	struct batch_settings settings = frames(4, SPOTS_DISPERSION);
	struct engine_capabilities can;
	struct batch b;
	struct seat s;

	plain_card.n_narrow = 3;
	settings.shape.type = PIXEL_U32;
	batch_open(&b, &settings, &rng);
	assert_int_equal(seat_open(&s, &b, 0), -ENOTSUP);
	engine_fpga_plain.capabilities(s.context, &can);
	assert_int_equal(can.pixel_types, 1u << PIXEL_U8 | 1u << PIXEL_U16);
	assert_int_equal(can.max_queues, 3);
	assert_int_equal(can.codecs, 1u << CODEC_BSLZ4);
	assert_true(can.needs_pinned);
	seat_close(&s);
	batch_close(&b);
}

static void what_is_no_unit_of_this_design_is_not_opened(void **state)
{
	struct engine_context *context;

	plain_card.identity = 0x12345678;
	assert_int_equal(engine_fpga_plain.open(&context, NULL), -EPROTO);
	plain_card = (struct plain_card){.version = 2};
	assert_int_equal(engine_fpga_plain.open(&context, NULL), -EPROTO);
	assert_int_equal(engine_fpga_plain.open(&context, &(struct engine_config){.device = 1}), -ENODEV);
	assert_null(context);
	assert_int_equal(plain_card.held, 0);
}

/* What it does on the host it does at the level that the cpu engine is held to. */
static void the_level_of_the_cpu_holds_for_its_part_on_the_host(void **state)
{
	struct engine_context *context;

	assert_int_equal(engine_fpga_plain.open(&context, &(struct engine_config){.cpu_level = "abacus"}), -ENODEV);
	assert_null(context);
	assert_int_equal(plain_card.held, 0);
	assert_int_equal(engine_fpga_plain.open(&context, &(struct engine_config){.cpu_level = "scalar"}), 0);
	engine_fpga_plain.close(&context);
	assert_int_equal(plain_card.held, 0);
}

static void a_unit_that_lies_at_the_start_is_not_opened(void **state)
{
	for (unsigned lie = PLAIN_HONEST + 1; lie <= PLAIN_SILENT; lie++) {
		struct engine_context *context;
		int error;

		plain_card = (struct plain_card){.lie = (enum plain_lie)lie};
		error = engine_fpga_plain.open(&context, NULL);
		if (error != -EIO && error != -EILSEQ)
			fail_msg("lie %u: %d", lie, error);
		assert_null(context);
		assert_int_equal(plain_card.held, 0);
	}
}

/* Each lie by itself, in the middle of a run: the frames before are as they must be, none after it is a wrong result. */
static void every_lie_is_found_out(void **state)
{
	for (unsigned lie = PLAIN_HONEST + 1; lie < PLAIN_WATCHDOG; lie++) {
		struct batch_settings settings = frames(10, SPOTS_DISPERSION);
		struct batch b;
		struct seat s;

		settings.damaged_every = 0;
		plain_card = (struct plain_card){.lie = (enum plain_lie)lie, .after = SELF_TEST_JOBS + 2};
		batch_open(&b, &settings, &rng);
		assert_int_equal(seat_open(&s, &b, 0), 0);
		assert_int_equal(batch_run(&b, &engine_fpga_plain, s.queue, s.loaded), 0);
		for (uint32_t i = 0; i < b.n; i++) {
			static const struct result zero;

			if (b.item[i].status != (i < 4 ? 0 : -EIO))
				fail_msg("lie %u, frame %u: status %d", lie, i, b.item[i].status);
			assert_memory_equal(b.item[i].result, i < 4 ? b.truth[i].result : &zero, sizeof zero);
		}
		seat_close(&s);
		batch_close(&b);
	}
}

static void assert_is_out_of_use(enum plain_lie lie)
{
	struct batch_settings settings = frames(20, SPOTS_DISPERSION);
	struct batch b;
	struct seat s;

	plain_card = (struct plain_card){.lie = lie, .after = SELF_TEST_JOBS + 3};
	batch_open(&b, &settings, &rng);
	assert_int_equal(seat_open(&s, &b, 0), 0);
	assert_int_equal(batch_run(&b, &engine_fpga_plain, s.queue, s.loaded), -EIO);
	memset(plain_card.jobs, 0, sizeof plain_card.jobs);
	assert_int_equal(batch_run(&b, &engine_fpga_plain, s.queue, s.loaded), -EIO);
	assert_int_equal(plain_card.jobs[0] + plain_card.jobs[1], 0);
	seat_close(&s);
	batch_close(&b);
}

static void a_unit_that_falls_silent_is_waited_for_once(void **state)
{
	assert_is_out_of_use(PLAIN_SILENT);
	assert_is_out_of_use(PLAIN_WATCHDOG);
}

/* Whatever call fails, the batch fails and nothing else does; a card that still works afterwards may be used. */
static void every_failure_of_the_driver_is_survived(void **state)
{
	struct batch_settings settings = frames(8, SPOTS_DISPERSION_EXTENDED);
	uint32_t failed = 0, calls = 1;
	struct batch b;

	batch_open(&b, &settings, &rng);
	for (;; calls += 1 + calls / 16) {
		struct seat s;
		int error;

		plain_card = (struct plain_card){.n_narrow = 0};
		assert_int_equal(seat_open(&s, &b, 0), 0);
		plain_card.call = calls;
		plain_card.error = calls % 2 ? -EIO : -ENOMEM;
		error = batch_run(&b, &engine_fpga_plain, s.queue, s.loaded);
		if (error == 0 && plain_card.call == 0) /* the frame's list alone */
			for (uint32_t i = 0; i < b.n; i++)
				assert_true(b.item[i].status == b.truth[i].status || b.item[i].status == -EIO);
		failed += plain_card.call == 0;
		if (plain_card.call) {
			batch_check(&b);
			seat_close(&s);
			break;
		}
		assert_true(error <= 0);
		seat_close(&s);
	}
	assert_true(failed > 30);
	batch_close(&b);
}

/* Single bits turned over on their way: most are found out, none makes a list that is none or touches what is not the frame's. */
static void a_damaged_record_does_no_harm(void **state)
{
	struct batch_settings settings = frames(100, SPOTS_DISPERSION);
	uint32_t failed = 0;
	struct batch b;
	struct seat s;

	batch_open(&b, &settings, &rng);
	assert_int_equal(seat_open(&s, &b, 0), 0);
	plain_card.damage = &rng;
	for (int round = 0; round < 20; round++) {
		assert_int_equal(batch_run(&b, &engine_fpga_plain, s.queue, s.loaded), 0);
		for (uint32_t i = 0; i < b.n; i++) {
			const struct engine_item *item = &b.item[i];

			failed += item->status == -EIO;
			assert_true(item->status == -EIO || item->status == b.truth[i].status);
			for (uint32_t p = 0; item->status == 0 && p < item->result->n_strong; p++)
				assert_true(item->strong[p] < image_pixels(&small) && (!p || item->strong[p - 1] < item->strong[p]));
			assert_true(item->result->n_spots <= b.plan->max_spots);
		}
	}
	assert_true(failed > 100);
	seat_close(&s);
	batch_close(&b);
}

static void an_opening_that_fails_leaves_nothing_behind(void **state)
{
	struct engine_context *context = NULL;

	for (uint32_t call = 1;; call++) {
		int error;

		plain_card = (struct plain_card){.call = call, .error = -EIO};
		error = engine_fpga_plain.open(&context, NULL);
		if (!error)
			break;
		assert_null(context);
		assert_int_equal(plain_card.held, 0);
		call += call / 8;
	}
	engine_fpga_plain.close(&context);
	assert_int_equal(plain_card.held, 0);
}

static void memory_is_bounded_by_configuration(void **state)
{
	struct batch_settings settings = frames(3, SPOTS_DISPERSION);
	struct batch b;
	struct seat s;

	batch_open(&b, &settings, &rng);
	assert_int_equal(seat_open(&s, &b, 300000), 0); /* enough for the self-test */
	assert_int_equal(batch_run(&b, &engine_fpga_plain, s.queue, s.loaded), -ENOMEM);
	seat_close(&s);
	assert_int_equal(seat_open(&s, &b, 2000000), 0);
	assert_int_equal(batch_run(&b, &engine_fpga_plain, s.queue, s.loaded), 0);
	batch_check(&b);
	seat_close(&s);
	batch_close(&b);
}

/* Blocks of eight pixels want a table of offsets, of 80 kB here, that no usual frame has: one such frame must not cost the others their device. */
static void what_the_card_has_no_room_for_is_the_hosts(void **state)
{
	struct batch_settings settings = frames(3, SPOTS_DISPERSION), tiny;
	struct engine_counters counters;
	struct random same = rng; /* so that both have the same plan */
	uint64_t bytes = 300000;
	struct batch b, odd;
	struct seat s;

	settings.shape = (struct image_shape){400, 400, PIXEL_U16};
	tiny = settings;
	tiny.block_bytes = 16;
	batch_open(&b, &settings, &rng);
	batch_open(&odd, &tiny, &same);
	for (;; bytes += 65536) { /* just enough for the usual ones */
		assert_true(bytes < 64000000);
		if (seat_open(&s, &b, bytes) == 0 && batch_run(&b, &engine_fpga_plain, s.queue, s.loaded) == 0)
			break;
		seat_close(&s);
	}
	assert_int_equal(batch_run(&odd, &engine_fpga_plain, s.queue, s.loaded), 0);
	batch_check(&odd);
	engine_fpga_plain.counters(s.queue, &counters);
	assert_int_equal(counters.on_host, 3);
	assert_int_equal(batch_run(&b, &engine_fpga_plain, s.queue, s.loaded), 0);
	batch_check(&b);
	engine_fpga_plain.counters(s.queue, &counters);
	assert_int_equal(counters.on_host, 3);
	seat_close(&s);
	batch_close(&odd);
	batch_close(&b);
}

static void what_cannot_be_is_refused(void **state)
{
	struct engine_config second = {.device = 1};
	struct engine_device devices[2] = {{.name = ""}};
	struct engine_item items[1] = {{.status = 0}};
	struct batch_settings settings = frames(1, SPOTS_NONE);
	struct batch b;
	struct seat s;
	char words[256];

	assert_int_equal(engine_fpga_plain.devices(devices, 2, words, sizeof words), 1);
	assert_string_equal(devices[0].name, "units in plain C");
	assert_int_equal(engine_fpga_plain.probe(NULL, words, sizeof words), 0);
	assert_non_null(strstr(words, "on the host: spots are labelled"));
	assert_int_equal(engine_fpga_plain.probe(&second, words, sizeof words), -ENODEV);
	assert_non_null(strstr(words, "there is no device 1"));
	engine_fpga_plain.close(NULL);
	engine_fpga_plain.queue_close(NULL);
	batch_open(&b, &settings, &rng);
	assert_int_equal(seat_open(&s, &b, 0), 0);
	assert_int_equal(engine_fpga_plain.submit(s.queue, s.loaded, items, 100000), -EINVAL);
	assert_int_equal(engine_fpga_plain.submit(s.queue, s.loaded, items, 0), 0);
	assert_int_equal(engine_fpga_plain.wait(s.queue), 0);
	seat_close(&s);
	batch_close(&b);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, as_usual)
	static const struct CMUnitTest tests[] = {
		TEST(a_batch_is_analysed_frame_by_frame_in_turn),
		TEST(clocks_and_stages_are_counted),
		TEST(errors_of_data_are_counted_where_they_are_met),
		TEST(errors_of_the_card_are_counted_where_they_are_met),
		TEST(large_blocks_are_the_hosts),
		TEST(other_codecs_are_declined),
		TEST(queues_have_units_of_their_own),
		TEST(a_card_without_wide_units_takes_no_wide_pixels),
		TEST(what_is_no_unit_of_this_design_is_not_opened),
		TEST(the_level_of_the_cpu_holds_for_its_part_on_the_host),
		TEST(a_unit_that_lies_at_the_start_is_not_opened),
		TEST(every_lie_is_found_out),
		TEST(a_unit_that_falls_silent_is_waited_for_once),
		TEST(every_failure_of_the_driver_is_survived),
		TEST(a_damaged_record_does_no_harm),
		TEST(an_opening_that_fails_leaves_nothing_behind),
		TEST(memory_is_bounded_by_configuration),
		TEST(what_the_card_has_no_room_for_is_the_hosts),
		TEST(what_cannot_be_is_refused),
	};

	random_seed(&rng);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
