/* test_stream_emit.c - what the emitters make is read back as it was meant, is strict, and fits its bound exactly.
 *
 * With --write FOLDER it runs no test but leaves every message there, as FOLDER/v1 and v2/MESSAGE.PART, for judges that share no code. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "host/stream.h"
#include "kernels/codec.h"

#define WIDTH 37u
#define HEIGHT 21u
#define PIXELS (WIDTH * HEIGHT)
#define MESSAGE_MAX (1 << 20)

static const struct stream_limits limits = {.max_pixels = PIXELS, .max_channels = STREAM_CHANNELS_MAX};
static uint32_t mask[PIXELS], lookup[5] = {0, 1, 2, 4, 4};
static float flatfield[PIXELS], countrate[2 * 3] = {0, 0, 1125, 1124.66f, 2000, 1990};
static uint8_t pixels[PIXELS * 4];
static uint8_t payload[4][3][PIXELS * 8]; /* codec, log2 elem */

static struct stream_array table(const void *bytes, bool is_float)
{
	return (struct stream_array){.bytes = {bytes, 4 * PIXELS}, .width = WIDTH, .height = HEIGHT, .elem_bytes = 4, .is_float = is_float};
}

/* Pixel i is i modulo 251, of any width, compressed as asked: another program can tell. */
static struct stream_array image_array(enum stream_codec codec, unsigned log2_elem)
{
	struct image_shape shape = {.width = WIDTH, .height = HEIGHT, .type = (enum pixel_type)log2_elem};
	uint8_t *out = payload[codec][log2_elem];
	size_t len = sizeof payload[0][0];
	memset(pixels, 0, sizeof pixels);
	for (uint32_t i = 0; i < PIXELS; i++)
		pixels[i << log2_elem] = (uint8_t)(i % 251);
	if (codec_encode((enum codec)codec, &shape, 0, pixels, out, &len))
		abort();
	return (struct stream_array){.bytes = {out, len}, .width = WIDTH, .height = HEIGHT, .elem_bytes = (uint8_t)(1u << log2_elem),
				     .codec = codec, .shuffle_bytes = (uint8_t)(codec == STREAM_CODEC_BSLZ4 ? 1u << log2_elem : 0)};
}

static void sample_start(struct stream_start *start, enum stream_dialect dialect)
{
	static const char *const channel[] = {"threshold_1", "threshold_2", "difference"};
	stream_start_clear(start);
	start->dialect = dialect;
	start->series_id = 71;
	start->n_images = 1u << 20;
	start->n_images_known = true;
	start->width = WIDTH;
	start->height = HEIGHT;
	start->elem_bytes = 2;
	start->beam_x_px = 18.0;
	start->beam_y_px = 10.5;
	start->distance_m = start->translation_m[2] = 0.337;
	start->translation_m[0] = start->translation_m[1] = 0;
	start->pixel_x_m = start->pixel_y_m = 7.5e-5;
	start->wavelength_angstrom = 1.5418000685586377;
	start->energy_ev = 8041.522436116359;
	start->count_time_s = 1e-7;
	start->frame_time_s = 1;
	start->sensor_thickness_m = 0.00045;
	strcpy(start->sensor_material, "Si");
	strcpy(start->detector_description, "A \"quoted\" detector \xc3\xa4");
	strcpy(start->detector_serial, "E-02-0001");
	strcpy(start->arm_date, "2022-01-20T20:23:53.779+01:00");
	start->saturation_value = 65534;
	start->bit_depth_image = 16;
	start->countrate_correction = start->mask_applied = 1;
	start->flatfield_correction = 0;
	start->n_axes = 1;
	start->axis[0] = (struct stream_axis){.name = "omega", .start = -90, .increment = 0.1};
	start->n_channels = dialect == STREAM_V1 ? 1 : 3;
	for (uint32_t i = 0; i < start->n_channels; i++) {
		strcpy(start->channel[i].name, dialect == STREAM_V1 ? "default" : channel[i]);
		start->channel[i].pixel_mask = table(mask, false);
		start->channel[i].flatfield = table(flatfield, true);
		start->channel[i].threshold_energy_ev = i == 2 ? NAN : 4000.5 * (i + 1);
	}
	if (dialect == STREAM_V1) {
		strcpy(start->trigger_mode, "exts");
		strcpy(start->firmware, "release-2022.1.2");
		start->countrate_table = (struct span){(const uint8_t *)countrate, sizeof countrate};
		start->user_data = (struct span){(const uint8_t *)"an appendix", 11};
	} else {
		strcpy(start->series_unique_id, "01GRXWT80JSDY2FNW8SGCCDZD9");
		start->countrate_table = (struct span){(const uint8_t *)lookup, sizeof lookup};
		start->user_data = (struct span){(const uint8_t *)"\x82\x01\x64\xf0\x9f\x92\x99", 7};
	}
}

static void sample_image(struct stream_image *image, enum stream_dialect dialect, enum stream_codec codec, unsigned log2_elem)
{
	memset(image, 0, sizeof *image);
	image->series_id = 71;
	image->image_id = 4 * codec + log2_elem;
	image->n_channels = dialect == STREAM_V1 ? 1 : 2;
	image->real_time = (struct stream_time){999995, 50000000};
	image->start_time = (struct stream_time){1000000 * image->image_id, 50000000};
	image->stop_time = (struct stream_time){1000000 * image->image_id + 999995, 50000000};
	if (dialect == STREAM_V2) {
		strcpy(image->series_unique_id, "01GRXWT80JSDY2FNW8SGCCDZD9");
		strcpy(image->series_date, "2023-02-10T15:49:05.281+01:00");
	}
	for (uint32_t i = 0; i < image->n_channels; i++) {
		strcpy(image->channel[i].name, dialect == STREAM_V1 ? "default" : i ? "difference" : "threshold_1");
		image->channel[i].pixels = image_array(codec, log2_elem);
	}
}

/* --- reading back ------------------------------------------------------------------------------------------------------------ */

static struct stream_message message;

static void decode(const struct stream_parts *parts)
{
	enum stream_refusal refusal = stream_decode(&message, parts->part, parts->n_parts, &limits);
	if (refusal)
		fail_msg("%s: %s", stream_refusal_words(refusal), message.detail);
}

/* A message in memory of exactly its length, so that a sanitizer sees every step beyond it. */
static void decode_bytes(const uint8_t *at, int64_t len)
{
	assert_true(len > 0);
	uint8_t *copy = malloc((size_t)len);
	memcpy(copy, at, (size_t)len);
	struct stream_parts parts = {.part = {{copy, (size_t)len}}, .n_parts = 1};
	decode(&parts);
	free(copy);
}

static void assert_number(double is, double expected)
{
	assert_true(is == expected || (isnan(is) && isnan(expected)));
}

static void assert_span(struct span is, struct span expected)
{
	assert_int_equal(is.len, expected.len);
	if (is.len)
		assert_memory_equal(is.at, expected.at, is.len);
}

static void assert_array(const struct stream_array *is, const struct stream_array *expected)
{
	assert_int_equal(is->width, expected->width);
	assert_int_equal(is->height, expected->height);
	assert_int_equal(is->elem_bytes, expected->elem_bytes);
	assert_int_equal(is->codec, expected->codec);
	assert_int_equal(is->shuffle_bytes, expected->shuffle_bytes);
	assert_int_equal(is->is_float, expected->is_float);
	assert_span(is->bytes, expected->bytes);
}

static void assert_start_numbers(const struct stream_start *is, const struct stream_start *expected)
{
	assert_number(is->beam_x_px, expected->beam_x_px);
	assert_number(is->beam_y_px, expected->beam_y_px);
	assert_number(is->distance_m, expected->distance_m);
	assert_number(is->translation_m[2], expected->translation_m[2]);
	assert_number(is->pixel_x_m, expected->pixel_x_m);
	assert_number(is->wavelength_angstrom, expected->wavelength_angstrom);
	assert_number(is->energy_ev, expected->energy_ev);
	assert_number(is->count_time_s, expected->count_time_s);
	assert_number(is->frame_time_s, expected->frame_time_s);
	assert_number(is->sensor_thickness_m, expected->sensor_thickness_m);
	assert_int_equal(is->n_images, expected->n_images);
	assert_int_equal(is->n_images_known, expected->n_images_known);
	assert_true(is->saturation_value == expected->saturation_value);
	assert_int_equal(is->countrate_correction, expected->countrate_correction);
	assert_int_equal(is->flatfield_correction, expected->flatfield_correction);
	assert_int_equal(is->mask_applied, expected->mask_applied);
	assert_int_equal(is->virtual_interpolation, expected->virtual_interpolation);
}

static void assert_start(const struct stream_start *is, const struct stream_start *expected)
{
	assert_int_equal(is->series_id, expected->series_id);
	assert_string_equal(is->series_unique_id, expected->series_unique_id);
	assert_string_equal(is->arm_date, expected->arm_date);
	assert_string_equal(is->detector_description, expected->detector_description);
	assert_string_equal(is->detector_serial, expected->detector_serial);
	assert_string_equal(is->sensor_material, expected->sensor_material);
	assert_string_equal(is->trigger_mode, expected->trigger_mode);
	assert_int_equal(is->width, expected->width);
	assert_int_equal(is->height, expected->height);
	assert_int_equal(is->elem_bytes, expected->elem_bytes);
	assert_start_numbers(is, expected);
	assert_int_equal(is->n_channels, expected->n_channels);
	for (uint32_t i = 0; i < is->n_channels; i++) {
		assert_string_equal(is->channel[i].name, expected->channel[i].name);
		assert_number(is->channel[i].threshold_energy_ev, expected->channel[i].threshold_energy_ev);
		assert_int_equal(is->channel[i].pixel_mask.bytes.len, expected->channel[i].pixel_mask.bytes.len);
		assert_int_equal(is->channel[i].pixel_mask.width, expected->channel[i].pixel_mask.width);
		assert_int_equal(is->channel[i].flatfield.is_float, expected->channel[i].flatfield.is_float);
	}
	assert_true(is->strict);
}

static void a_v2_start_comes_back(void **state)
{
	struct stream_start start;
	sample_start(&start, STREAM_V2);
	start.channel[0].pixel_mask = table(mask, false);
	size_t bound = stream_v2_bound_start(&start);
	uint8_t *out = malloc(bound);
	int64_t len = stream_v2_emit_start(out, bound, &start);
	assert_true(len > 0 && (size_t)len <= bound);
	struct stream_parts parts = {.part = {{out, (size_t)len}}, .n_parts = 1};
	decode(&parts);
	assert_start(&message.start, &start);
	assert_array(&message.start.channel[2].pixel_mask, &start.channel[2].pixel_mask);
	assert_array(&message.start.channel[1].flatfield, &start.channel[1].flatfield);
	assert_span(message.start.countrate_table, start.countrate_table);
	assert_span(message.start.user_data, start.user_data);
	assert_int_equal(message.start.n_axes, 1);
	assert_string_equal(message.start.axis[0].name, "omega");
	assert_number(message.start.axis[0].increment, 0.1);
	assert_int_equal(stream_v2_emit_start(out, (size_t)len - 1, &start), -ENOSPC);
	assert_int_equal(stream_v2_emit_start(out, 0, &start), -ENOSPC);
	free(out);
}

static void a_start_that_knows_nothing_can_be_said(void **state)
{
	struct stream_start start;
	uint8_t out[2048];
	char text[STREAM_V1_TEXT_MAX];
	struct stream_parts parts;
	stream_start_clear(&start);
	strcpy(start.series_unique_id, "x");
	int64_t len = stream_v2_emit_start(out, sizeof out, &start);
	decode_bytes(out, len);
	assert_true(message.start.strict);
	assert_false(message.start.n_images_known);
	assert_int_equal(message.start.n_channels, 0);
	for (int detail = 0; detail <= 2; detail++) {
		assert_int_equal(stream_v1_emit_start(&parts, text, sizeof text, &start, detail), 0);
		assert_int_equal(parts.n_parts, detail == 2 ? 8 : detail + 1);
		decode(&parts);
		assert_true(message.start.strict);
		assert_int_equal(message.start.channel[0].pixel_mask.bytes.len, 0);
	}
}

static void every_v2_image_comes_back(void **state)
{
	static uint8_t out[MESSAGE_MAX];
	for (enum stream_codec codec = STREAM_CODEC_NONE; codec <= STREAM_CODEC_LZ4_FRAMED; codec++) {
		for (unsigned log2_elem = 0; log2_elem < 3; log2_elem++) {
			struct stream_image image;
			sample_image(&image, STREAM_V2, codec, log2_elem);
			size_t bound = stream_v2_bound_image(&image);
			int64_t len = stream_v2_emit_image(out, bound, &image);
			assert_true(len > 0);
			struct stream_parts parts = {.part = {{out, (size_t)len}}, .n_parts = 1};
			decode(&parts);
			assert_int_equal(message.image.image_id, image.image_id);
			assert_string_equal(message.image.series_unique_id, image.series_unique_id);
			assert_string_equal(message.image.series_date, image.series_date);
			assert_memory_equal(&message.image.stop_time, &image.stop_time, sizeof image.stop_time);
			assert_int_equal(message.image.n_channels, 2);
			assert_string_equal(message.image.channel[1].name, "difference");
			assert_array(&message.image.channel[1].pixels, &image.channel[1].pixels);
			assert_int_equal(message.image.user_data.len, 0);
			assert_true(message.image.strict);
			assert_int_equal(stream_v2_emit_image(out, (size_t)len - 1, &image), -ENOSPC);
		}
	}
}

static void every_v1_image_comes_back(void **state)
{
	static const enum stream_codec codecs[] = {STREAM_CODEC_NONE, STREAM_CODEC_BSLZ4, STREAM_CODEC_LZ4_RAW};
	for (size_t c = 0; c < 3; c++) {
		for (unsigned log2_elem = 0; log2_elem < 3; log2_elem++) {
			struct stream_image image;
			struct stream_parts parts;
			char text[1024];
			sample_image(&image, STREAM_V1, codecs[c], log2_elem);
			image.user_data = log2_elem ? (struct span){(const uint8_t *)"{\"a\": 1}", 8} : (struct span){NULL, 0};
			assert_int_equal(stream_v1_emit_image(&parts, text, sizeof text, &image), 0);
			assert_int_equal(parts.n_parts, log2_elem ? 5 : 4);
			assert_ptr_equal(parts.part[2].at, image.channel[0].pixels.bytes.at);
			decode(&parts);
			assert_int_equal(message.image.image_id, image.image_id);
			assert_array(&message.image.channel[0].pixels, &image.channel[0].pixels);
			assert_int_equal(message.image.real_time.num, 19999900);
			assert_int_equal(message.image.real_time.den, 1000000000);
			assert_span(message.image.user_data, image.user_data);
			assert_true(message.image.strict);
			assert_int_equal(stream_v1_emit_image(&parts, text, 100, &image), -ENOSPC);
		}
	}
}

static void a_v1_start_comes_back_at_every_detail(void **state)
{
	struct stream_start start;
	struct stream_parts parts;
	char text[STREAM_V1_TEXT_MAX];
	sample_start(&start, STREAM_V1);
	for (int detail = 0; detail <= 2; detail++) {
		assert_int_equal(stream_v1_emit_start(&parts, text, sizeof text, &start, detail), 0);
		assert_int_equal(parts.n_parts, detail == 2 ? 9 : detail + 2);
		decode(&parts);
		assert_int_equal(message.start.series_id, 71);
		assert_span(message.start.user_data, start.user_data);
		assert_true(message.start.strict);
		if (detail == 1)
			assert_int_equal(message.start.channel[0].pixel_mask.bytes.len, 0);
	}
	assert_start(&message.start, &start);
	assert_array(&message.start.channel[0].pixel_mask, &start.channel[0].pixel_mask);
	assert_array(&message.start.channel[0].flatfield, &start.channel[0].flatfield);
	assert_span(message.start.countrate_table, start.countrate_table);
	assert_string_equal(message.start.firmware, start.firmware);
	assert_int_equal(message.start.n_axes, 5);
	assert_number(message.start.axis[2].start, -90);
}

static void a_configuration_that_came_in_goes_out_unchanged(void **state)
{
	static const char config[] = "{\"auto_summation\": 1, \"nimages\": 3, \"somebody's own key\": [1, 2]}\n";
	struct stream_start start;
	struct stream_parts parts;
	char text[STREAM_V1_TEXT_MAX];
	sample_start(&start, STREAM_V1);
	start.v1_config = (struct span){(const uint8_t *)config, sizeof config - 1};
	assert_int_equal(stream_v1_emit_start(&parts, text, sizeof text, &start, 1), 0);
	assert_ptr_equal(parts.part[1].at, config);
	decode(&parts);
	assert_int_equal(message.start.n_images, 3);
}

static void ends_come_back(void **state)
{
	struct stream_end end = {.series_id = UINT32_MAX, .series_unique_id = "01GRXWT80JSDY2FNW8SGCCDZD9"};
	struct stream_parts parts;
	uint8_t out[128];
	char text[128];
	decode_bytes(out, stream_v2_emit_end(out, sizeof out, &end));
	assert_int_equal(message.kind, STREAM_END);
	assert_true(message.end.series_id == UINT32_MAX && message.end.strict);
	assert_string_equal(message.end.series_unique_id, end.series_unique_id);
	assert_int_equal(stream_v1_emit_end(&parts, text, sizeof text, &end), 0);
	decode(&parts);
	assert_int_equal(message.kind, STREAM_END);
	assert_true(message.end.series_id == UINT32_MAX && message.end.strict);
	assert_int_equal(stream_v2_emit_end(out, 20, &end), -ENOSPC);
	assert_int_equal(stream_v1_emit_end(&parts, text, 20, &end), -ENOSPC);
}

static void what_a_dialect_cannot_say_is_refused(void **state)
{
	struct stream_image image;
	struct stream_start start;
	struct stream_parts parts;
	static uint8_t out[MESSAGE_MAX];
	char text[STREAM_V1_TEXT_MAX];

	sample_image(&image, STREAM_V2, STREAM_CODEC_LZ4_RAW, 1);
	assert_int_equal(stream_v2_emit_image(out, sizeof out, &image), -EINVAL); /* no word for a headless block */
	assert_int_equal(stream_v1_emit_image(&parts, text, sizeof text, &image), -EINVAL); /* two channels */
	sample_image(&image, STREAM_V1, STREAM_CODEC_LZ4_FRAMED, 1);
	assert_int_equal(stream_v1_emit_image(&parts, text, sizeof text, &image), -EINVAL);
	sample_image(&image, STREAM_V2, STREAM_CODEC_NONE, 1);
	image.user_data = (struct span){(const uint8_t *)"\x82\x01", 2}; /* half an array */
	assert_int_equal(stream_v2_emit_image(out, sizeof out, &image), -EINVAL);
	image.user_data.len = 0;
	image.channel[1].pixels.elem_bytes = 3;
	assert_int_equal(stream_v2_emit_image(out, sizeof out, &image), -EINVAL);
	image.n_channels = 0;
	assert_int_equal(stream_v2_emit_image(out, sizeof out, &image), -EINVAL);
	assert_int_equal(stream_v2_bound_image(&image), 0);

	sample_start(&start, STREAM_V2);
	assert_int_equal(stream_v1_emit_start(&parts, text, sizeof text, &start, 2), -EINVAL); /* three channels */
	strcpy(start.detector_description, "\xff");
	assert_int_equal(stream_v2_emit_start(out, sizeof out, &start), -EINVAL);
	sample_start(&start, STREAM_V1);
	start.channel[0].pixel_mask.codec = STREAM_CODEC_BSLZ4;
	assert_int_equal(stream_v1_emit_start(&parts, text, sizeof text, &start, 2), -EINVAL);
	start.series_id = UINT64_MAX;
	assert_int_equal(stream_v1_emit_start(&parts, text, sizeof text, &start, 0), -EINVAL);
	assert_int_equal(stream_v1_emit_start(&parts, text, sizeof text, &start, 3), -EINVAL);
}

static void triggers_that_give_one_image_each_are_counted_as_triggers(void **state)
{
	struct stream_start start;
	struct stream_parts parts;
	char text[STREAM_V1_TEXT_MAX];
	sample_start(&start, STREAM_V1);
	strcpy(start.trigger_mode, "exte");
	start.n_images = 12;
	assert_int_equal(stream_v1_emit_start(&parts, text, sizeof text, &start, 1), 0);
	assert_non_null(memmem(parts.part[1].at, parts.part[1].len, "\"nimages\":1,\"ntrigger\":12,", 26));
	decode(&parts);
	assert_int_equal(message.start.n_images, 12);
}

/* --- for other judges -------------------------------------------------------------------------------------------------------- */

static void write_message(const char *folder, unsigned number, const struct stream_parts *parts)
{
	for (unsigned p = 0; p < parts->n_parts; p++) {
		char path[4096];
		snprintf(path, sizeof path, "%s/%04u.%u", folder, number, p);
		FILE *file = fopen(path, "wb");
		if (!file || fwrite(parts->part[p].at ? (const void *)parts->part[p].at : "", 1, parts->part[p].len, file) != parts->part[p].len)
			abort();
		fclose(file);
	}
}

static unsigned write_v2(const char *folder)
{
	static uint8_t out[MESSAGE_MAX];
	struct stream_start start;
	unsigned n = 0;
	sample_start(&start, STREAM_V2);
	struct stream_parts parts = {.part = {{out, (size_t)stream_v2_emit_start(out, sizeof out, &start)}}, .n_parts = 1};
	write_message(folder, n++, &parts);
	for (enum stream_codec codec = STREAM_CODEC_NONE; codec <= STREAM_CODEC_LZ4_FRAMED; codec++) {
		for (unsigned log2_elem = 0; log2_elem < 3; log2_elem++) {
			struct stream_image image;
			sample_image(&image, STREAM_V2, codec, log2_elem);
			parts.part[0].len = (size_t)stream_v2_emit_image(out, sizeof out, &image);
			write_message(folder, n++, &parts);
		}
	}
	parts.part[0].len = (size_t)stream_v2_emit_end(out, sizeof out, &(struct stream_end){.series_id = 71, .series_unique_id = "x"});
	write_message(folder, n++, &parts);
	return n;
}

static unsigned write_v1(const char *folder)
{
	char text[STREAM_V1_TEXT_MAX];
	struct stream_start start;
	struct stream_parts parts;
	unsigned n = 0;
	for (int detail = 0; detail < 6; detail++) {
		sample_start(&start, STREAM_V1);
		if (detail >= 3)
			memset(start.channel, 0, sizeof start.channel);
		if (stream_v1_emit_start(&parts, text, sizeof text, &start, detail % 3))
			abort();
		write_message(folder, n++, &parts);
	}
	for (enum stream_codec codec = STREAM_CODEC_NONE; codec <= STREAM_CODEC_LZ4_RAW; codec++) {
		for (unsigned log2_elem = 0; log2_elem < 3 && codec != STREAM_CODEC_LZ4_FRAMED; log2_elem++) {
			struct stream_image image;
			sample_image(&image, STREAM_V1, codec, log2_elem);
			if (stream_v1_emit_image(&parts, text, sizeof text, &image))
				abort();
			write_message(folder, n++, &parts);
		}
	}
	if (stream_v1_emit_end(&parts, text, sizeof text, &(struct stream_end){.series_id = 71}))
		abort();
	write_message(folder, n++, &parts);
	return n;
}

static int write_all(const char *folder)
{
	char path[4000];
	snprintf(path, sizeof path, "%s/v1", folder);
	mkdir(path, 0777);
	unsigned n = write_v1(path);
	snprintf(path, sizeof path, "%s/v2", folder);
	mkdir(path, 0777);
	n += write_v2(path);
	printf("%u messages\n", n);
	return 0;
}

int main(int argc, char **argv)
{
	for (uint32_t i = 0; i < PIXELS; i++) {
		mask[i] = i % 7 == 0;
		flatfield[i] = 1.0f + (float)i / PIXELS;
	}
	if (argc == 3 && strcmp(argv[1], "--write") == 0)
		return write_all(argv[2]);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_v2_start_comes_back),
		cmocka_unit_test(a_start_that_knows_nothing_can_be_said),
		cmocka_unit_test(every_v2_image_comes_back),
		cmocka_unit_test(every_v1_image_comes_back),
		cmocka_unit_test(a_v1_start_comes_back_at_every_detail),
		cmocka_unit_test(a_configuration_that_came_in_goes_out_unchanged),
		cmocka_unit_test(ends_come_back),
		cmocka_unit_test(what_a_dialect_cannot_say_is_refused),
		cmocka_unit_test(triggers_that_give_one_image_each_are_counted_as_triggers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
