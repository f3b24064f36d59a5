/* test_stream_v1.c - Stream v1 is taken in every form that some detector or simulator gives it, and refused with the right reason else.
 *
 * Each case is a sound message of which one part is replaced; NULL leaves the part out. */
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
#include "tests/support/random.h"

#define RAW(bytes) {(const uint8_t *)(bytes), sizeof(bytes) - 1}
#define HASH "0123456789abcdef0123456789abcdef"
#define PART_2(shape, encoding, size, type) \
	RAW("{\"encoding\":\"" encoding "\",\"htype\":\"dimage_d-1.0\",\"shape\":" shape ",\"size\":" size ",\"type\":\"" type "\"}")
#define TABLE(htype, shape, type) RAW("{\"htype\":\"" htype "\",\"shape\":" shape ",\"type\":\"" type "\"}")

static struct stream_message message;
static const struct stream_limits limits = {.max_pixels = 1000, .max_channels = 1};

static const struct stream_parts image = {
	.part = {RAW("{\"frame\":7,\"hash\":\"" HASH "\",\"htype\":\"dimage-1.0\",\"series\":71}"), PART_2("[3,2]", "<", "12", "uint16"),
		 RAW("abcdefghijkl"), RAW("{\"htype\":\"dconfig-1.0\",\"real_time\":1,\"start_time\":2,\"stop_time\":3}")},
	.n_parts = 4,
};

static const struct stream_parts all = {
	.part = {RAW("{\"header_detail\":\"all\",\"htype\":\"dheader-1.0\",\"series\":71}"),
		 RAW("{\"nimages\":5,\"ntrigger\":3,\"trigger_mode\":\"ints\",\"x_pixels_in_detector\":3,\"y_pixels_in_detector\":2}"),
		 TABLE("dflatfield-1.0", "[3,2]", "float32"), RAW("abcdefghijklmnopqrstuvwx"), TABLE("dpixelmask-1.0", "[3,2]", "uint32"),
		 RAW("abcdefghijklmnopqrstuvwx"), TABLE("dcountrate_table-1.0", "[2,1]", "float32"), RAW("abcdefgh")},
	.n_parts = 8,
};

/* Every part in memory of exactly its length, so that a sanitizer sees a step beyond it. */
static enum stream_refusal decode(const struct stream_parts *parts)
{
	struct span copy[STREAM_PARTS_MAX];
	for (unsigned i = 0; i < parts->n_parts; i++) {
		uint8_t *bytes = malloc(parts->part[i].len ? parts->part[i].len : 1);
		if (parts->part[i].len)
			memcpy(bytes, parts->part[i].at, parts->part[i].len);
		copy[i] = (struct span){bytes, parts->part[i].len};
	}
	enum stream_refusal refusal = stream_decode(&message, copy, parts->n_parts, &limits);
	for (unsigned i = 0; i < parts->n_parts; i++)
		free((void *)copy[i].at);
	return refusal;
}

struct change {
	const char *what;
	unsigned part;
	struct span value;
	enum stream_refusal refusal;
	bool strict;
};

static void judge(const struct stream_parts *sound, const struct change *changes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct change *change = &changes[i];
		struct stream_parts parts = *sound;
		parts.part[change->part] = change->value;
		if (change->part >= parts.n_parts)
			parts.n_parts = change->part + 1;
		enum stream_refusal refusal = decode(&parts);
		if (refusal != change->refusal)
			fail_msg("%s: %s (%s), not %s", change->what, stream_refusal_words(refusal), message.detail,
				 stream_refusal_words(change->refusal));
		bool strict = message.kind == STREAM_IMAGE ? message.image.strict : message.start.strict;
		if (refusal)
			assert_true(message.detail[0]);
		else if (strict != change->strict)
			fail_msg("%s: strict %d", change->what, strict);
	}
}

/* --- images ------------------------------------------------------------------------------------------------------------------ */

static const struct change image_changes[] = {
	{"spaces, another order and a line's end", 0,
	 RAW(" { \"series\" : 71 , \"htype\" : \"dimage-1.0\", \"hash\": \"" HASH "\", \"frame\": 0, \"extra\": [{}] }\n"), STREAM_OK, true},
	{"no hash", 0, RAW("{\"frame\":7,\"htype\":\"dimage-1.0\",\"series\":71}"), STREAM_OK, false},
	{"frame as a float", 0, RAW("{\"frame\":7.0,\"hash\":\"" HASH "\",\"htype\":\"dimage-1.0\",\"series\":71}"), STREAM_OK, true},
	{"an appendix", 4, RAW("anything \xff"), STREAM_OK, true},
	{"an empty appendix", 4, RAW(""), STREAM_OK, true},
	{"z of 1", 1, PART_2("[3,2,1]", "<", "12", "uint16"), STREAM_OK, true},
	{"bytes", 1, PART_2("[6,2]", "<", "12", "uint8"), STREAM_OK, true},
	{"one raw block", 1, PART_2("[30,20]", "lz4<", "12", "uint32"), STREAM_OK, true},
	{"no times", 3, RAW("{\"htype\":\"dconfig-1.0\"}"), STREAM_OK, false},
	{"null time", 3, RAW("{\"htype\":\"dconfig-1.0\",\"real_time\":null,\"start_time\":2,\"stop_time\":3}"), STREAM_OK, false},

	{"no series", 0, RAW("{\"frame\":7,\"htype\":\"dimage-1.0\"}"), STREAM_MISSING_FIELD, false},
	{"no frame", 0, RAW("{\"htype\":\"dimage-1.0\",\"series\":71}"), STREAM_MISSING_FIELD, false},
	{"negative frame", 0, RAW("{\"frame\":-1,\"htype\":\"dimage-1.0\",\"series\":71}"), STREAM_BAD_FIELD, false},
	{"frame of a half", 0, RAW("{\"frame\":0.5,\"htype\":\"dimage-1.0\",\"series\":71}"), STREAM_BAD_FIELD, false},
	{"frame as a text", 0, RAW("{\"frame\":\"7\",\"htype\":\"dimage-1.0\",\"series\":71}"), STREAM_BAD_FIELD, false},
	{"frame beyond 63 bits", 0, RAW("{\"frame\":9223372036854775808,\"htype\":\"dimage-1.0\",\"series\":71}"), STREAM_BAD_JSON, false},
	{"the same key twice", 0, RAW("{\"frame\":7,\"frame\":8,\"htype\":\"dimage-1.0\",\"series\":71}"), STREAM_BAD_JSON, false},
	{"half an object", 0, RAW("{\"frame\":7,"), STREAM_BAD_JSON, false},
	{"two objects", 0, RAW("{\"frame\":7,\"htype\":\"dimage-1.0\",\"series\":71}{}"), STREAM_BAD_JSON, false},
	{"another htype", 0, RAW("{\"htype\":\"dpicture-1.0\",\"series\":71}"), STREAM_NOT_A_STREAM, false},
	{"an htype that is no text", 0, RAW("{\"htype\":1}"), STREAM_NOT_A_STREAM, false},
	{"no JSON", 1, RAW("12 bytes"), STREAM_BAD_JSON, false},
	{"an array", 1, RAW("[1,2]"), STREAM_BAD_JSON, false},
	{"parts in another order", 1, RAW("{\"htype\":\"dconfig-1.0\"}"), STREAM_BAD_PARTS, false},
	{"times that are none", 3, RAW("{\"htype\":\"dimage_d-1.0\"}"), STREAM_BAD_PARTS, false},
	{"negative time", 3, RAW("{\"htype\":\"dconfig-1.0\",\"real_time\":-1}"), STREAM_BAD_FIELD, false},
	{"an appendix too many", 5, RAW("x"), STREAM_BAD_PARTS, false},
	{"no shape", 1, RAW("{\"encoding\":\"<\",\"htype\":\"dimage_d-1.0\",\"size\":12,\"type\":\"uint16\"}"), STREAM_BAD_SHAPE, false},
	{"no encoding", 1, RAW("{\"htype\":\"dimage_d-1.0\",\"shape\":[3,2],\"size\":12,\"type\":\"uint16\"}"), STREAM_MISSING_FIELD, false},
	{"no size", 1, RAW("{\"encoding\":\"<\",\"htype\":\"dimage_d-1.0\",\"shape\":[3,2],\"type\":\"uint16\"}"), STREAM_MISSING_FIELD, false},
	{"one dimension", 1, PART_2("[6]", "<", "12", "uint16"), STREAM_BAD_SHAPE, false},
	{"two images in one", 1, PART_2("[3,1,2]", "<", "12", "uint16"), STREAM_BAD_SHAPE, false},
	{"four dimensions", 1, PART_2("[3,2,1,1]", "<", "12", "uint16"), STREAM_BAD_SHAPE, false},
	{"width 0", 1, PART_2("[0,2]", "<", "12", "uint16"), STREAM_BAD_SHAPE, false},
	{"negative width", 1, PART_2("[-3,-2]", "<", "12", "uint16"), STREAM_BAD_SHAPE, false},
	{"float width", 1, PART_2("[3.0,2]", "<", "12", "uint16"), STREAM_BAD_SHAPE, false},
	{"width 2^32 + 3", 1, PART_2("[4294967299,2]", "<", "12", "uint16"), STREAM_BAD_SHAPE, false},
	{"65536 wide", 1, PART_2("[65536,1]", "<", "12", "uint16"), STREAM_BAD_SHAPE, false},
	{"more pixels than allowed", 1, PART_2("[100,100]", "lz4<", "12", "uint16"), STREAM_TOO_LARGE, false},
	{"signed pixels", 1, PART_2("[3,2]", "<", "12", "int16"), STREAM_BAD_TYPE, false},
	{"float pixels", 1, PART_2("[3,1]", "<", "12", "float32"), STREAM_BAD_TYPE, false},
	{"wide pixels", 1, PART_2("[1,1]", "<", "12", "uint64"), STREAM_BAD_TYPE, false},
	{"big-endian", 1, PART_2("[3,2]", ">", "12", "uint16"), STREAM_BAD_ENCODING, false},
	{"big-endian lz4", 1, PART_2("[3,2]", "lz4>", "12", "uint16"), STREAM_BAD_ENCODING, false},
	{"no byte order", 1, PART_2("[3,2]", "lz4", "12", "uint16"), STREAM_BAD_ENCODING, false},
	{"shuffled alone", 1, PART_2("[3,2]", "bs16<", "12", "uint16"), STREAM_BAD_ENCODING, false},
	{"shuffle of 24", 1, PART_2("[3,2]", "bs24-lz4<", "12", "uint16"), STREAM_BAD_ENCODING, false},
	{"shuffle without width", 1, PART_2("[3,2]", "bs-lz4<", "12", "uint16"), STREAM_BAD_ENCODING, false},
	{"another compression", 1, PART_2("[3,2]", "zstd<", "12", "uint16"), STREAM_BAD_ENCODING, false},
	{"something behind", 1, PART_2("[3,2]", "<x", "12", "uint16"), STREAM_BAD_ENCODING, false},
	{"size that is not the part's", 1, PART_2("[3,2]", "<", "13", "uint16"), STREAM_BAD_SIZE, false},
	{"size that is not the shape's", 1, PART_2("[3,3]", "<", "12", "uint16"), STREAM_BAD_SIZE, false},
	{"a head that is none", 1, PART_2("[3,2]", "bs16-lz4<", "12", "uint16"), STREAM_BAD_SIZE, false},
	{"an empty payload", 2, RAW(""), STREAM_BAD_SIZE, false},
};

static void every_change_of_an_image_is_judged_rightly(void **state)
{
	judge(&image, image_changes, sizeof image_changes / sizeof *image_changes);
}

static void what_an_image_says_arrives(void **state)
{
	assert_int_equal(decode(&image), STREAM_OK);
	assert_int_equal(message.dialect, STREAM_V1);
	assert_int_equal(message.kind, STREAM_IMAGE);
	assert_int_equal(message.image.series_id, 71);
	assert_int_equal(message.image.image_id, 7);
	assert_int_equal(message.image.n_channels, 1);
	assert_string_equal(message.image.channel[0].name, "default");
	assert_int_equal(message.image.channel[0].pixels.width, 3);
	assert_int_equal(message.image.channel[0].pixels.height, 2);
	assert_int_equal(message.image.start_time.num, 2);
	assert_int_equal(message.image.stop_time.den, 1000000000);
	assert_int_equal(message.image.user_data.len, 0);
}

static void every_encoding_is_known(void **state)
{
	static const struct {
		struct span part_2;
		enum stream_codec codec;
		uint8_t shuffle_bytes;
	} encodings[] = {
		{PART_2("[6,2]", "bs8-lz4<", "12", "uint8"), STREAM_CODEC_BSLZ4, 1},
		{PART_2("[3,2]", "bs16-lz4<", "12", "uint16"), STREAM_CODEC_BSLZ4, 2},
		{PART_2("[3,1]", "bs32-lz4<", "12", "uint32"), STREAM_CODEC_BSLZ4, 4},
		{PART_2("[3,2]", "bs32-lz4<", "12", "uint16"), STREAM_CODEC_BSLZ4, 4},
		{PART_2("[3,2]", "bs16lz4<", "12", "uint16"), STREAM_CODEC_BSLZ4, 2},
		{PART_2("[3,2]", "lz4<", "12", "uint16"), STREAM_CODEC_LZ4_RAW, 0},
	};
	for (size_t i = 0; i < sizeof encodings / sizeof *encodings; i++) {
		struct stream_parts parts = image;
		parts.part[1] = encodings[i].part_2;
		parts.part[2] = (struct span)RAW("\0\0\0\0\0\0\0\x0c\0\0\x20\0");
		assert_int_equal(decode(&parts), STREAM_OK);
		assert_int_equal(message.image.channel[0].pixels.codec, encodings[i].codec);
		assert_int_equal(message.image.channel[0].pixels.shuffle_bytes, encodings[i].shuffle_bytes);
	}
}

static void an_image_has_four_parts_or_five(void **state)
{
	struct stream_parts parts = image;
	for (unsigned n = 1; n < 4; n++) {
		parts.n_parts = n;
		assert_int_equal(decode(&parts), STREAM_BAD_PARTS);
	}
}

/* --- starts ------------------------------------------------------------------------------------------------------------------ */

#define HEAD_ALL "{\"header_detail\":\"all\",\"htype\":\"dheader-1.0\""

static const struct change start_changes[] = {
	{"an appendix", 8, RAW("text"), STREAM_OK, true},
	{"an appendix that looks like a table", 8, TABLE("dflatfield-1.0", "[3,2]", "float32"), STREAM_OK, true},
	{"no detail", 0, RAW("{\"htype\":\"dheader-1.0\",\"series\":71}"), STREAM_OK, false},
	{"another detail", 0, RAW("{\"header_detail\":\"more\",\"htype\":\"dheader-1.0\",\"series\":71}"), STREAM_OK, false},
	{"tables though basic", 0, RAW("{\"header_detail\":\"basic\",\"htype\":\"dheader-1.0\",\"series\":71}"), STREAM_OK, false},
	{"an empty flatfield of some size", 3, RAW(""), STREAM_OK, true},
	{"an empty mask of some size", 5, RAW(""), STREAM_OK, true},
	{"a count-rate table of a pair and a half", 7, RAW("abcdefghijkl"), STREAM_OK, false},
	{"ints for flags and floats", 1, RAW("{\"pixel_mask_applied\":1,\"beam_center_x\":0,\"detector_distance\":-1}"), STREAM_OK, true},
	{"nulls", 1, RAW("{\"pixel_mask_applied\":null,\"beam_center_x\":null,\"nimages\":null,\"description\":null}"), STREAM_OK, true},
	{"2^48 images", 1, RAW("{\"nimages\":16777216,\"ntrigger\":16777216}"), STREAM_OK, true},
	{"a full configuration in floats", 1, RAW("{\"nimages\":5.0,\"x_pixels_in_detector\":3.0,\"wavelength\":1}"), STREAM_OK, true},

	{"no series", 0, RAW(HEAD_ALL "}"), STREAM_MISSING_FIELD, false},
	{"null series", 0, RAW(HEAD_ALL ",\"series\":null}"), STREAM_MISSING_FIELD, false},
	{"negative series", 0, RAW(HEAD_ALL ",\"series\":-1}"), STREAM_BAD_FIELD, false},
	{"a configuration that is none", 1, RAW("nothing"), STREAM_BAD_JSON, false},
	{"text for a number", 1, RAW("{\"wavelength\":\"1.0\"}"), STREAM_BAD_FIELD, false},
	{"a negative wavelength", 1, RAW("{\"wavelength\":-1.0}"), STREAM_BAD_FIELD, false},
	{"an infinite number", 1, RAW("{\"wavelength\":1e999}"), STREAM_BAD_JSON, false},
	{"2 for true", 1, RAW("{\"pixel_mask_applied\":2}"), STREAM_BAD_FIELD, false},
	{"more images than can be counted", 1, RAW("{\"nimages\":9000000000000000000,\"ntrigger\":9000000000000000000}"), STREAM_BAD_FIELD, false},
	{"negative images", 1, RAW("{\"nimages\":-1}"), STREAM_BAD_FIELD, false},
	{"a width beyond 32 bits", 1, RAW("{\"x_pixels_in_detector\":4294967296}"), STREAM_BAD_FIELD, false},
	{"a translation of two", 1, RAW("{\"detector_translation\":[0,0]}"), STREAM_BAD_FIELD, false},
	{"a translation of texts", 1, RAW("{\"detector_translation\":[\"0\",\"0\",\"0\"]}"), STREAM_BAD_FIELD, false},
	{"a translation that is none", 1, RAW("{\"detector_translation\":1}"), STREAM_BAD_FIELD, false},
	{"a description that is no text", 1, RAW("{\"description\":1}"), STREAM_BAD_FIELD, false},
	{"mask of 16 bits", 4, TABLE("dpixelmask-1.0", "[3,2]", "uint16"), STREAM_BAD_TYPE, false},
	{"mask without type", 4, RAW("{\"htype\":\"dpixelmask-1.0\",\"shape\":[3,2]}"), STREAM_BAD_TYPE, false},
	{"mask turned round", 4, TABLE("dpixelmask-1.0", "[2,3]", "uint32"), STREAM_BAD_SHAPE, false},
	{"mask without shape", 4, TABLE("dpixelmask-1.0", "[]", "uint32"), STREAM_BAD_SHAPE, false},
	{"mask too large", 4, TABLE("dpixelmask-1.0", "[3000,2000]", "uint32"), STREAM_TOO_LARGE, false},
	{"mask cut short", 5, RAW("abc"), STREAM_BAD_SIZE, false},
	{"the same table twice", 4, TABLE("dflatfield-1.0", "[3,2]", "float32"), STREAM_BAD_PARTS, false},
	{"something between the tables", 4, RAW("{\"htype\":\"dnothing-1.0\"}"), STREAM_BAD_PARTS, false},
	{"two appendices", 9, RAW("x"), STREAM_BAD_PARTS, false},
};

static void every_change_of_a_start_is_judged_rightly(void **state)
{
	judge(&all, start_changes, sizeof start_changes / sizeof *start_changes);
}

static void what_a_start_says_arrives(void **state)
{
	assert_int_equal(decode(&all), STREAM_OK);
	const struct stream_start *start = &message.start;
	assert_int_equal(message.kind, STREAM_START);
	assert_true(start->strict && start->n_images_known && start->n_images == 15);
	assert_int_equal(start->width, 3);
	assert_int_equal(start->channel[0].flatfield.bytes.len, 24);
	assert_true(start->channel[0].flatfield.is_float && !start->channel[0].pixel_mask.is_float);
	assert_int_equal(start->channel[0].pixel_mask.height, 2);
	assert_int_equal(start->countrate_table.len, 8);
	assert_int_equal(start->v1_config.len, all.part[1].len);
	assert_int_equal(start->user_data.len, 0);
	assert_true(isnan(start->beam_x_px) && isnan(start->distance_m) && start->mask_applied == -1);
}

static void the_number_of_images_follows_the_trigger_mode(void **state)
{
	static const struct {
		struct span config;
		uint64_t n_images;
		bool known;
	} modes[] = {
		{RAW("{\"nimages\":5,\"ntrigger\":3,\"trigger_mode\":\"ints\"}"), 15, true},
		{RAW("{\"nimages\":5,\"ntrigger\":3,\"trigger_mode\":\"exts\"}"), 15, true},
		{RAW("{\"nimages\":5,\"ntrigger\":3,\"trigger_mode\":\"inte\"}"), 3, true},
		{RAW("{\"nimages\":5,\"ntrigger\":3,\"trigger_mode\":\"exte\"}"), 3, true},
		{RAW("{\"nimages\":1,\"ntrigger\":11,\"trigger_mode\":\"eies\"}"), 0, false},
		{RAW("{\"nimages\":5}"), 5, true},
		{RAW("{\"ntrigger\":5}"), 0, false},
	};
	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
		struct stream_parts parts = all;
		parts.part[1] = modes[i].config;
		assert_int_equal(decode(&parts), STREAM_OK);
		assert_int_equal(message.start.n_images, modes[i].n_images);
		assert_int_equal(message.start.n_images_known, modes[i].known);
	}
}

static void every_detail_comes_with_and_without_appendix(void **state)
{
	static const struct span heads[] = {
		RAW("{\"header_detail\":\"none\",\"htype\":\"dheader-1.0\",\"series\":1}"),
		RAW("{\"header_detail\":\"basic\",\"htype\":\"dheader-1.0\",\"series\":1}"),
	};
	for (unsigned detail = 0; detail < 2; detail++) {
		for (unsigned appendix = 0; appendix < 2; appendix++) {
			struct stream_parts parts = all;
			parts.part[0] = heads[detail];
			parts.part[detail + 1] = (struct span)RAW("{\"appendix\": true}");
			parts.n_parts = 1 + detail + appendix;
			assert_int_equal(decode(&parts), STREAM_OK);
			assert_true(message.start.strict);
			assert_int_equal(message.start.user_data.len, appendix ? 18 : 0);
			assert_int_equal(message.start.v1_config.len, detail ? all.part[1].len : 0);
		}
	}
	struct stream_parts parts = {.part = {heads[1]}, .n_parts = 1};
	assert_int_equal(decode(&parts), STREAM_BAD_PARTS);
}

static void sizes_of_json_are_bounded(void **state)
{
	size_t len = 2 * 1024 * 1024;
	char *spaces = malloc(len);
	memset(spaces, ' ', len);
	spaces[0] = '{';
	spaces[len - 1] = '}';
	struct stream_parts parts = all;
	parts.part[1] = (struct span){(const uint8_t *)spaces, len};
	assert_int_equal(decode(&parts), STREAM_TOO_LARGE);
	parts.part[0] = parts.part[1];
	assert_int_equal(decode(&parts), STREAM_TOO_LARGE);
	free(spaces);
}

static void an_end_is_an_end(void **state)
{
	struct stream_parts parts = {.part = {RAW("{\"htype\":\"dseries_end-1.0\",\"series\":71}")}, .n_parts = 1};
	assert_int_equal(decode(&parts), STREAM_OK);
	assert_int_equal(message.kind, STREAM_END);
	assert_int_equal(message.end.series_id, 71);
	assert_true(message.end.strict);
	parts.part[0] = (struct span)RAW("{\"htype\":\"dseries_end-1.0\"}");
	assert_int_equal(decode(&parts), STREAM_MISSING_FIELD);
}

/* --- anything ---------------------------------------------------------------------------------------------------------------- */

static void damaged_messages_are_refused_or_make_sense(void **state)
{
	struct random random;
	random_seed(&random);
	for (unsigned n = 0; n < 30000; n++) {
		struct stream_parts parts = n & 1 ? image : all;
		char copy[512];
		unsigned part = random_below(&random, parts.n_parts);
		size_t len = parts.part[part].len;
		memcpy(copy, parts.part[part].at, len);
		for (uint32_t flips = 1 + random_below(&random, 3); flips > 0; flips--)
			copy[random_below(&random, (uint32_t)len)] = (char)(n & 2 ? random_u64(&random) : (uint64_t)"0123456789[]{},:\"<->e."[random_below(&random, 22)]);
		parts.part[part] = (struct span){(const uint8_t *)copy, n & 4 ? random_below(&random, (uint32_t)len) : len};
		if (decode(&parts) != STREAM_OK || message.kind != STREAM_IMAGE)
			continue;
		const struct stream_array *pixels = &message.image.channel[0].pixels;
		assert_in_range((uint64_t)pixels->width * pixels->height, 1, limits.max_pixels);
		assert_true(pixels->elem_bytes == 1 || pixels->elem_bytes == 2 || pixels->elem_bytes == 4);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_an_image_says_arrives),
		cmocka_unit_test(every_change_of_an_image_is_judged_rightly),
		cmocka_unit_test(every_encoding_is_known),
		cmocka_unit_test(an_image_has_four_parts_or_five),
		cmocka_unit_test(what_a_start_says_arrives),
		cmocka_unit_test(every_change_of_a_start_is_judged_rightly),
		cmocka_unit_test(the_number_of_images_follows_the_trigger_mode),
		cmocka_unit_test(every_detail_comes_with_and_without_appendix),
		cmocka_unit_test(sizes_of_json_are_bounded),
		cmocka_unit_test(an_end_is_an_end),
		cmocka_unit_test(damaged_messages_are_refused_or_make_sense),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
