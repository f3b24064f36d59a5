/* test_captures_decode.c - every recorded capture decodes to what is known of it, and what a detector said is said again to the byte; the
 * pre-release dialect is refused in words. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/stream.h"
#include "tests/support/capture.h"

static const char *root;
static const struct stream_limits limits = {.max_pixels = 100000000, .max_channels = STREAM_CHANNELS_MAX};

/* What is known of a capture: see the README of the recorded data. */
struct expected {
	const char *name;
	enum stream_dialect dialect;
	const char *kinds; /* one letter a message: s, i, e */
	uint32_t width, height;
	uint8_t elem_bytes;
	enum stream_codec codec;
	const char *channels;
	uint64_t first_image_id;
	bool strict;
};

static const struct expected captures[] = {
	{"v1_eiger1_4m_u16_bslz4_header_basic", STREAM_V1, "siiie", 2070, 2167, 2, STREAM_CODEC_BSLZ4, "default", 0, true},
	{"v1_eiger2_1m_u32_lz4_header_all", STREAM_V1, "siiiiiiiiiiesiiiiiiiiiie", 1028, 1062, 4, STREAM_CODEC_LZ4_RAW, "default", 0, true},
	{"v1_eiger2_4m_mx_u16_bslz4_header_all", STREAM_V1, "sie", 2068, 2162, 2, STREAM_CODEC_BSLZ4, "default", 43, true},
	{"v2_4threshold_515x532_u32_bslz4_nostart", STREAM_V2, "ii", 515, 532, 4, STREAM_CODEC_BSLZ4,
	 "threshold_1 threshold_2 threshold_3 threshold_4", 0, true},
	{"v2_eiger2_16m_u16_bslz4_dark", STREAM_V2, "sie", 4148, 4362, 2, STREAM_CODEC_BSLZ4, "threshold_1", 0, true},
	{"v2_r500k_bslz4_16bit_3ch_nostart", STREAM_V2, "iiie", 1030, 514, 2, STREAM_CODEC_BSLZ4, "threshold_1 threshold_2 difference", 0, true},
	{"v2_r500k_bslz4_32bit_3ch_nostart", STREAM_V2, "iie", 1030, 514, 4, STREAM_CODEC_BSLZ4, "threshold_1 threshold_2 difference", 0, true},
	{"v2_r500k_bslz4_8bit_3ch_nostart", STREAM_V2, "iiie", 1030, 514, 1, STREAM_CODEC_BSLZ4, "threshold_1 threshold_2 difference", 0, true},
	{"v2_r500k_lz4_16bit_3ch_nostart", STREAM_V2, "ie", 1030, 514, 2, STREAM_CODEC_LZ4_FRAMED, "threshold_1 threshold_2 difference", 0, true},
	{"v2_r500k_lz4_8bit_3ch_nostart", STREAM_V2, "ie", 1030, 514, 1, STREAM_CODEC_LZ4_FRAMED, "threshold_1 threshold_2 difference", 0, true},
};

static struct capture *open_capture(const char *name)
{
	struct capture *capture;
	assert_int_equal(capture_open(&capture, root, name), 0);
	return capture;
}

static void decode(struct stream_message *out, const struct capture *capture, size_t message)
{
	const struct stream_parts *parts = &capture->message[message];
	enum stream_refusal refusal = stream_decode(out, parts->part, parts->n_parts, &limits);
	if (refusal)
		fail_msg("message %zu: %s: %s", message, stream_refusal_words(refusal), out->detail);
}

static void check_image(const struct expected *expected, const struct stream_image *image, uint64_t *previous, bool first)
{
	char names[STREAM_CHANNELS_MAX * STREAM_NAME_MAX] = "";
	for (uint32_t i = 0; i < image->n_channels; i++) {
		const struct stream_array *pixels = &image->channel[i].pixels;
		strcat(strcat(names, i ? " " : ""), image->channel[i].name);
		assert_int_equal(pixels->width, expected->width);
		assert_int_equal(pixels->height, expected->height);
		assert_int_equal(pixels->elem_bytes, expected->elem_bytes);
		assert_int_equal(pixels->codec, expected->codec);
		assert_false(pixels->is_float);
		assert_int_equal(pixels->shuffle_bytes, expected->codec == STREAM_CODEC_BSLZ4 ? expected->elem_bytes : 0);
	}
	assert_string_equal(names, expected->channels);
	assert_true(image->start_time.den && image->real_time.den && image->stop_time.num > image->start_time.num);
	assert_int_equal(image->image_id, first ? expected->first_image_id : *previous + 1);
	*previous = image->image_id;
}

static void every_message_is_what_is_known_of_it(void **state)
{
	for (size_t c = 0; c < sizeof captures / sizeof *captures; c++) {
		const struct expected *expected = &captures[c];
		struct capture *capture = open_capture(expected->name);
		bool fresh = true;
		uint64_t previous = 0;
		print_message("%s\n", expected->name);
		assert_int_equal(capture->n_messages, strlen(expected->kinds));
		for (size_t m = 0; m < capture->n_messages; m++) {
			struct stream_message message;
			decode(&message, capture, m);
			assert_int_equal(message.dialect, expected->dialect);
			assert_int_equal("sie"[message.kind], expected->kinds[m]);
			if (message.kind == STREAM_IMAGE) {
				check_image(expected, &message.image, &previous, fresh);
				assert_int_equal(message.image.strict, expected->strict);
			} else if (message.kind == STREAM_END) {
				assert_int_equal(message.end.strict, expected->strict);
			}
			fresh = message.kind != STREAM_IMAGE;
		}
		capture_close(&capture);
	}
}

static void the_first_eiger_announces_with_integers(void **state)
{
	struct capture *capture = open_capture("v1_eiger1_4m_u16_bslz4_header_basic");
	struct stream_message message;
	decode(&message, capture, 0);
	const struct stream_start *start = &message.start;
	assert_int_equal(start->series_id, 6);
	assert_true(start->n_images_known);
	assert_int_equal(start->n_images, 10);
	assert_int_equal(start->width, 2070);
	assert_int_equal(start->height, 2167);
	assert_int_equal(start->elem_bytes, 0);
	assert_true(start->beam_x_px == 0 && start->distance_m == 0);
	assert_true(fabs(start->energy_ev - 8047.77978515625) < 1e-9);
	assert_true(start->pixel_x_m == 7.5000003562308848e-05);
	assert_int_equal(start->countrate_correction, 1);
	assert_int_equal(start->bit_depth_readout, 12);
	assert_true(start->saturation_value == UINT64_MAX);
	assert_string_equal(start->firmware, "1.6.6");
	assert_string_equal(start->detector_description, "Dectris Eiger 4M");
	assert_int_equal(start->n_axes, 5);
	assert_int_equal(start->channel[0].pixel_mask.bytes.len, 0);
	assert_int_equal(start->v1_config.len, capture->message[0].part[1].len);
	capture_close(&capture);
}

static void empty_tables_are_no_tables(void **state)
{
	struct capture *capture = open_capture("v1_eiger2_1m_u32_lz4_header_all");
	struct stream_message message;
	decode(&message, capture, 0);
	assert_int_equal(message.start.channel[0].pixel_mask.bytes.len, 0);
	assert_int_equal(message.start.channel[0].flatfield.bytes.len, 0);
	assert_int_equal(message.start.countrate_table.len, 8008);
	assert_true(message.start.saturation_value == 1702012);
	assert_int_equal(message.start.elem_bytes, 4);
	capture_close(&capture);

	capture = open_capture("v1_eiger2_4m_mx_u16_bslz4_header_all");
	decode(&message, capture, 0);
	assert_int_equal(message.start.channel[0].pixel_mask.bytes.len, 0);
	assert_int_equal(message.start.channel[0].flatfield.bytes.len, 0);
	assert_int_equal(message.start.countrate_table.len, 0);
	assert_int_equal(message.start.n_images, 80);
	assert_true(fabs(message.start.distance_m - 0.337) < 1e-9);
	capture_close(&capture);
}

static void a_start_that_a_third_party_encoded_is_read_but_not_strict(void **state)
{
	struct capture *capture = open_capture("v2_eiger2_16m_u16_bslz4_dark");
	struct stream_message message;
	decode(&message, capture, 0);
	const struct stream_start *start = &message.start;
	assert_false(start->strict); /* no magic tag, tables as bare byte strings */
	assert_int_equal(start->series_id, 15614);
	assert_string_equal(start->series_unique_id, "01HBV3JPF9T4ZDPADX6EMK6XMZ");
	assert_string_equal(start->arm_date, "2023-10-03T17:47:48.329000+02:00");
	assert_int_equal(start->n_images, 1);
	assert_int_equal(start->width, 4148);
	assert_int_equal(start->height, 4362);
	assert_int_equal(start->elem_bytes, 0);
	assert_int_equal(start->n_channels, 1);
	assert_string_equal(start->channel[0].name, "threshold_1");
	assert_true(start->channel[0].threshold_energy_ev == 6750.149914699146);
	assert_int_equal(start->channel[0].pixel_mask.bytes.len, 0);
	assert_true(start->distance_m == 0.23715919962215962 && start->translation_m[2] == -0.23715919962215962);
	assert_true(start->wavelength_angstrom == 0.918381073013);
	assert_int_equal(start->saturation_value, 21517);
	assert_int_equal(start->n_axes, 3);
	assert_string_equal(start->axis[1].name, "omega");
	assert_true(start->axis[1].increment == 0.1);
	assert_int_equal(start->mask_applied, 1);
	capture_close(&capture);
}

static void images_carry_user_data_and_dates(void **state)
{
	struct capture *capture = open_capture("v2_r500k_bslz4_16bit_3ch_nostart");
	struct stream_message message;
	decode(&message, capture, 0);
	assert_int_equal(message.image.user_data.len, 7);
	assert_memory_equal(message.image.user_data.at, "\x82\x01\x64\xf0\x9f\x92\x99", 7);
	assert_string_equal(message.image.series_date, "2023-02-10T15:49:05.281+01:00");
	assert_int_equal(message.image.real_time.num, 999995);
	assert_int_equal(message.image.real_time.den, 50000000);
	assert_int_equal(message.image.channel[0].pixels.bytes.len, 157494);
	capture_close(&capture);
}

/* A message that is made again from what was understood of it. */
static void emit(struct stream_parts *out, uint8_t *bytes, size_t cap, char text[STREAM_V1_TEXT_MAX], const struct stream_message *message)
{
	int64_t len = 0;
	out->n_parts = 1;
	if (message->dialect == STREAM_V1)
		assert_int_equal(message->kind == STREAM_IMAGE ? stream_v1_emit_image(out, text, STREAM_V1_TEXT_MAX, &message->image)
				 : message->kind == STREAM_END ? stream_v1_emit_end(out, text, STREAM_V1_TEXT_MAX, &message->end)
				 : stream_v1_emit_start(out, text, STREAM_V1_TEXT_MAX, &message->start, 2), 0);
	else
		len = message->kind == STREAM_IMAGE ? stream_v2_emit_image(bytes, cap, &message->image)
		    : message->kind == STREAM_END ? stream_v2_emit_end(bytes, cap, &message->end)
		    : stream_v2_emit_start(bytes, cap, &message->start);
	if (message->dialect == STREAM_V2) {
		assert_true(len > 0);
		out->part[0] = (struct span){bytes, (size_t)len};
	}
}

/* The same parts, where a detector ends none of them with a line's end and adds no key of its own. */
static void assert_same(const struct stream_parts *is, const struct stream_parts *expected)
{
	assert_int_equal(is->n_parts, expected->n_parts);
	for (unsigned p = 0; p < is->n_parts; p++) {
		assert_int_equal(is->part[p].len, expected->part[p].len);
		if (is->part[p].len)
			assert_memory_equal(is->part[p].at, expected->part[p].at, is->part[p].len);
	}
}

static void what_a_detector_said_is_said_again_to_the_byte(void **state)
{
	static char text[STREAM_V1_TEXT_MAX];
	size_t cap = 4000000, same = 0;
	uint8_t *bytes = malloc(cap);
	for (size_t c = 0; c < sizeof captures / sizeof *captures; c++) {
		struct capture *capture = open_capture(captures[c].name);
		bool plain = captures[c].dialect == STREAM_V2 || strstr(captures[c].name, "v1_eiger2_1m");
		for (size_t m = 0; plain && m < capture->n_messages; m++) {
			struct stream_message message;
			struct stream_parts again;
			decode(&message, capture, m);
			if (message.kind == STREAM_START && !message.start.strict)
				continue;
			emit(&again, bytes, cap, text, &message);
			assert_same(&again, &capture->message[m]);
			same++;
		}
		capture_close(&capture);
	}
	assert_int_equal(same, 24 + 2 + 2 + 4 + 3 + 4 + 2 + 2);
	free(bytes);
}

static void a_sloppy_start_is_said_strictly(void **state)
{
	static uint8_t bytes[4096];
	struct capture *capture = open_capture("v2_eiger2_16m_u16_bslz4_dark");
	struct stream_message message, again;
	decode(&message, capture, 0);
	int64_t len = stream_v2_emit_start(bytes, sizeof bytes, &message.start);
	assert_true(len > 0);
	assert_int_equal(stream_decode(&again, &(struct span){bytes, (size_t)len}, 1, &limits), STREAM_OK);
	assert_true(again.start.strict);
	assert_true(again.start.translation_m[2] == message.start.translation_m[2]);
	assert_string_equal(again.start.arm_date, message.start.arm_date);
	capture_close(&capture);
}

static void the_pre_release_dialect_is_refused_in_words(void **state)
{
	struct capture *capture = open_capture("v2_beta_dialect_must_be_refused");
	for (size_t m = 0; m < capture->n_messages; m++) {
		struct stream_message message;
		enum stream_refusal refusal = stream_decode(&message, capture->message[m].part, capture->message[m].n_parts, &limits);
		assert_int_equal(refusal, STREAM_BETA_DIALECT);
		assert_non_null(strstr(message.detail, "series_number"));
		assert_non_null(strstr(stream_refusal_words(refusal), "firmware"));
	}
	capture_close(&capture);
}

static void a_smaller_limit_refuses_every_image(void **state)
{
	for (size_t c = 0; c < sizeof captures / sizeof *captures; c++) {
		const struct stream_limits small = {.max_pixels = 1000, .max_channels = 1};
		struct capture *capture = open_capture(captures[c].name);
		for (size_t m = 0; m < capture->n_messages; m++) {
			struct stream_message message;
			enum stream_refusal refusal = stream_decode(&message, capture->message[m].part, capture->message[m].n_parts, &small);
			if (captures[c].kinds[m] == 'i')
				assert_int_equal(refusal, STREAM_TOO_LARGE);
		}
		capture_close(&capture);
	}
}

int main(void)
{
	const char *why;
	root = capture_root(&why);
	if (!root) {
		puts(why);
		return 77;
	}
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_message_is_what_is_known_of_it),
		cmocka_unit_test(the_first_eiger_announces_with_integers),
		cmocka_unit_test(empty_tables_are_no_tables),
		cmocka_unit_test(a_start_that_a_third_party_encoded_is_read_but_not_strict),
		cmocka_unit_test(images_carry_user_data_and_dates),
		cmocka_unit_test(what_a_detector_said_is_said_again_to_the_byte),
		cmocka_unit_test(a_sloppy_start_is_said_strictly),
		cmocka_unit_test(the_pre_release_dialect_is_refused_in_words),
		cmocka_unit_test(a_smaller_limit_refuses_every_image),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
