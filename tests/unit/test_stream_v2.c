/* test_stream_v2.c - Stream v2 is taken in every form that some detector or simulator gives it, and refused with the right reason else.
 *
 * Each case is a sound message of which one field is replaced, left out or added. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/cbor_out.h"
#include "host/stream.h"
#include "tests/support/random.h"

#define RAW(bytes) {(const uint8_t *)(bytes), sizeof(bytes) - 1}
#define FIELDS_MAX 48

struct field {
	const char *key;
	struct span value; /* encoded */
};

struct form {
	bool no_magic, indefinite;
	bool type_last;
};

#define PIXELS "\xd8\x28\x82\x82\x02\x03\xd8\x45\x4c" "abcdefghijkl"          /* [[2, 3], u16, 12 bytes] */
#define BSLZ4(modifier) "\xd8\x28\x82\x82\x02\x03\xd8\x45\xd9\xdc\xb4\x83\x65" "bslz4" modifier
#define HEAD_12 "\0\0\0\0\0\0\0\x0c\0\0\x20\0"
#define TABLE_U32 "\xd8\x28\x82\x82\x02\x03\xd8\x46\x58\x18" "abcdefghijklmnopqrstuvwx"

static const struct field image_fields[] = {
	{"type", RAW("\x65image")},
	{"series_id", RAW("\x01")},
	{"series_unique_id", RAW("\x63" "abc")},
	{"image_id", RAW("\x1a\x00\x01\x00\x00")},
	{"real_time", RAW("\x82\x01\x1a\x02\xfa\xf0\x80")},
	{"series_date", RAW("\xc0\x74" "2023-02-10T15:49:05Z")},
	{"start_time", RAW("\x82\x00\x1a\x02\xfa\xf0\x80")},
	{"stop_time", RAW("\x82\x01\x1a\x02\xfa\xf0\x80")},
	{"data", RAW("\xa1\x61" "a" PIXELS)},
};

static const struct field start_fields[] = {
	{"type", RAW("\x65start")},
	{"series_id", RAW("\x01")},
	{"series_unique_id", RAW("\x63" "abc")},
	{"arm_date", RAW("\xc0\x74" "2023-02-10T15:49:05Z")},
	{"beam_center_x", RAW("\xfb\x3f\xf0\0\0\0\0\0\0")},
	{"channels", RAW("\x82\x61" "a\x61" "b")},
	{"count_time", RAW("\xfa\x3f\x80\0\0")},
	{"detector_translation", RAW("\x83\xf9\0\0\xf9\0\0\xf9\xbc\0")},
	{"goniometer", RAW("\xa1\x65omega\xa2\x69increment\xf9\x3c\0\x65start\xf9\0\0")},
	{"image_dtype", RAW("\x66uint16")},
	{"image_size_x", RAW("\x03")},
	{"image_size_y", RAW("\x02")},
	{"number_of_images", RAW("\x1b\0\1\0\0\0\0\0\0")},
	{"pixel_mask", RAW("\xa1\x61" "b" TABLE_U32)},
	{"pixel_mask_enabled", RAW("\xf5")},
	{"saturation_value", RAW("\x19\x54\x0d")},
	{"sensor_material", RAW("\x62Si")},
	{"threshold_energy", RAW("\xa2\x61" "a\xf9\x3c\0\x61" "z\xf9\x3c\0")},
};

static struct stream_message message;
static const struct stream_limits limits = {.max_pixels = 1000, .max_channels = STREAM_CHANNELS_MAX};

static enum stream_refusal decode(struct span bytes, const struct stream_limits *with)
{
	uint8_t *exact = malloc(bytes.len ? bytes.len : 1); /* a sanitizer sees a step beyond it */
	if (bytes.len)
		memcpy(exact, bytes.at, bytes.len);
	enum stream_refusal refusal = stream_decode(&message, &(struct span){exact, bytes.len}, 1, with);
	free(exact);
	return refusal;
}

static void put_field(struct cbor_out *out, const struct field *field)
{
	cbor_out_text(out, field->key);
	cbor_out_raw(out, field->value);
}

/* The message with one field replaced or added; with nothing in its place it is left out. */
static struct span build(uint8_t *at, size_t cap, const struct field *fields, size_t n, const struct field *change, const struct form *form)
{
	const struct field *all[FIELDS_MAX];
	size_t n_all = 0;
	bool known = false;
	for (size_t i = 0; i < n; i++) {
		bool same = change && strcmp(fields[i].key, change->key) == 0;
		known = known || same;
		if (!same || change->value.len)
			all[n_all++] = same ? change : &fields[i];
	}
	if (change && !known)
		all[n_all++] = change;
	struct cbor_out out = cbor_out_open(at, cap);
	if (!form->no_magic)
		cbor_out_tag(&out, 55799);
	if (form->indefinite)
		cbor_out_raw(&out, (struct span)RAW("\xbf"));
	else
		cbor_out_map(&out, n_all);
	for (size_t i = form->type_last; i < n_all; i++)
		put_field(&out, all[i]);
	if (form->type_last)
		put_field(&out, all[0]);
	if (form->indefinite)
		cbor_out_raw(&out, (struct span)RAW("\xff"));
	assert_true(cbor_out_close(&out) > 0);
	return (struct span){at, out.len};
}

static struct span build_image(uint8_t *at, size_t cap, const struct field *change, const struct form *form)
{
	return build(at, cap, image_fields, sizeof image_fields / sizeof *image_fields, change, form);
}

static struct span build_start(uint8_t *at, size_t cap, const struct field *change, const struct form *form)
{
	return build(at, cap, start_fields, sizeof start_fields / sizeof *start_fields, change, form);
}

/* --- images ------------------------------------------------------------------------------------------------------------------ */

struct change {
	const char *what;
	struct field field;
	enum stream_refusal refusal;
	bool strict;
};

static const struct change image_changes[] = {
	/* what is taken */
	{"untagged date", {"series_date", RAW("\x74" "2023-02-10T15:49:05Z")}, STREAM_OK, true},
	{"no date", {"series_date", RAW("")}, STREAM_OK, true},
	{"date in another form", {"series_date", RAW("\xc1\x01")}, STREAM_OK, false},
	{"null date", {"series_date", RAW("\xf6")}, STREAM_OK, false},
	{"no times", {"real_time", RAW("")}, STREAM_OK, true},
	{"null time", {"real_time", RAW("\xf6")}, STREAM_OK, false},
	{"indefinite rational", {"real_time", RAW("\x9f\x01\x02\xff")}, STREAM_OK, false},
	{"rational of floats", {"real_time", RAW("\x82\xf9\x3c\0\xf9\x40\0")}, STREAM_OK, false},
	{"tagged rational", {"real_time", RAW("\xd8\x1e\x82\x01\x02")}, STREAM_OK, false},
	{"denominator 0", {"real_time", RAW("\x82\x01\x00")}, STREAM_OK, false},
	{"no unique id", {"series_unique_id", RAW("")}, STREAM_OK, false},
	{"null unique id", {"series_unique_id", RAW("\xf6")}, STREAM_OK, false},
	{"unique id in pieces", {"series_unique_id", RAW("\x7f\x62" "ab\x61" "c\xff")}, STREAM_OK, false},
	{"64-bit image id", {"image_id", RAW("\x1b\0\1\0\0\0\0\0\0")}, STREAM_OK, true},
	{"image id as a float", {"image_id", RAW("\xf9\x3c\0")}, STREAM_OK, false},
	{"user data of any kind", {"user_data", RAW("\xa1\x9f\xf6\xff\xc1\xf9\x7e\0")}, STREAM_OK, true},
	{"an unknown key", {"something_new", RAW("\x9f\x82\x01\x02\xff")}, STREAM_OK, true},
	{"a key of 70 bytes", {"1234567890123456789012345678901234567890123456789012345678901234567890", RAW("\x01")}, STREAM_OK, true},
	{"data of indefinite length", {"data", RAW("\xbf\x61" "a" PIXELS "\xff")}, STREAM_OK, false},
	{"dimensions of indefinite length", {"data", RAW("\xa1\x61" "a\xd8\x28\x9f\x9f\x02\x03\xff\xd8\x45\x4c" "abcdefghijkl\xff")}, STREAM_OK, false},
	{"a channel that is a number", {"data", RAW("\xa1\x01" PIXELS)}, STREAM_OK, false},
	{"clamped bytes", {"data", RAW("\xa1\x61" "a\xd8\x28\x82\x82\x02\x03\xd8\x44\x46" "abcdef")}, STREAM_OK, false},
	{"bslz4", {"data", RAW("\xa1\x61" "a" BSLZ4("\x02") "\x4c" HEAD_12)}, STREAM_OK, true},
	{"bslz4 shuffled by another width", {"data", RAW("\xa1\x61" "a" BSLZ4("\x04") "\x4c" HEAD_12)}, STREAM_OK, true},
	{"framed lz4", {"data", RAW("\xa1\x61" "a\xd8\x28\x82\x82\x02\x03\xd8\x45\xd9\xdc\xb4\x83\x63lz4\0\x4c" HEAD_12)}, STREAM_OK, true},
	{"two channels", {"data", RAW("\xa2\x61" "a" PIXELS "\x61" "b" PIXELS)}, STREAM_OK, true},
	/* what is refused */
	{"no series", {"series_id", RAW("")}, STREAM_MISSING_FIELD, false},
	{"null series", {"series_id", RAW("\xf6")}, STREAM_MISSING_FIELD, false},
	{"no image id", {"image_id", RAW("")}, STREAM_MISSING_FIELD, false},
	{"no data", {"data", RAW("")}, STREAM_MISSING_FIELD, false},
	{"null data", {"data", RAW("\xf6")}, STREAM_MISSING_FIELD, false},
	{"no channel", {"data", RAW("\xa0")}, STREAM_MISSING_FIELD, false},
	{"negative image id", {"image_id", RAW("\x20")}, STREAM_BAD_FIELD, false},
	{"image id with a fraction", {"image_id", RAW("\xf9\x38\0")}, STREAM_BAD_FIELD, false},
	{"image id not a number", {"image_id", RAW("\xf9\x7e\0")}, STREAM_BAD_FIELD, false},
	{"image id beyond 64 bits", {"image_id", RAW("\xfb\x44\0\0\0\0\0\0\0")}, STREAM_BAD_FIELD, false},
	{"series as text", {"series_id", RAW("\x61" "1")}, STREAM_BAD_FIELD, false},
	{"unique id of 64 bytes", {"series_unique_id", RAW("\x78\x40" "0123456789012345678901234567890123456789012345678901234567890123")},
	 STREAM_BAD_FIELD, false},
	{"unique id with a control character", {"series_unique_id", RAW("\x63" "a\nb")}, STREAM_BAD_FIELD, false},
	{"unique id with a NUL", {"series_unique_id", RAW("\x63" "a\0b")}, STREAM_BAD_FIELD, false},
	{"unique id that is no UTF-8", {"series_unique_id", RAW("\x62" "\xc0\x80")}, STREAM_BAD_FIELD, false},
	{"time of one number", {"stop_time", RAW("\x81\x01")}, STREAM_BAD_FIELD, false},
	{"time of three numbers", {"stop_time", RAW("\x83\x01\x02\x03")}, STREAM_BAD_FIELD, false},
	{"time as a text", {"stop_time", RAW("\x61" "1")}, STREAM_BAD_FIELD, false},
	{"the same channel twice", {"data", RAW("\xa2\x61" "a" PIXELS "\x61" "a" PIXELS)}, STREAM_BAD_FIELD, false},
	{"a channel without a name", {"data", RAW("\xa1\x60" PIXELS)}, STREAM_BAD_FIELD, false},
	{"pixels without shape", {"data", RAW("\xa1\x61" "a\xd8\x45\x4c" "abcdefghijkl")}, STREAM_BAD_FIELD, false},
	{"pixels that are null", {"data", RAW("\xa1\x61" "a\xf6")}, STREAM_BAD_FIELD, false},
	{"shape alone", {"data", RAW("\xa1\x61" "a\xd8\x28\x81\x82\x02\x03")}, STREAM_BAD_FIELD, false},
	{"more than shape and pixels", {"data", RAW("\xa1\x61" "a\xd8\x28\x83\x82\x02\x03\xd8\x45\x4c" "abcdefghijkl\x01")}, STREAM_BAD_FIELD, false},
	{"one dimension", {"data", RAW("\xa1\x61" "a\xd8\x28\x82\x81\x06\xd8\x45\x4c" "abcdefghijkl")}, STREAM_BAD_SHAPE, false},
	{"three dimensions", {"data", RAW("\xa1\x61" "a\xd8\x28\x82\x83\x01\x02\x03\xd8\x45\x4c" "abcdefghijkl")}, STREAM_BAD_SHAPE, false},
	{"height 0", {"data", RAW("\xa1\x61" "a\xd8\x28\x82\x82\x00\x03\xd8\x45\x40")}, STREAM_BAD_SHAPE, false},
	{"negative height", {"data", RAW("\xa1\x61" "a\xd8\x28\x82\x82\x20\x03\xd8\x45\x40")}, STREAM_BAD_SHAPE, false},
	{"height 2^32 + 2", {"data", RAW("\xa1\x61" "a\xd8\x28\x82\x82\x1b\0\0\0\1\0\0\0\2\x03\xd8\x45\x4c" "abcdefghijkl")}, STREAM_BAD_SHAPE, false},
	{"65536 wide", {"data", RAW("\xa1\x61" "a\xd8\x28\x82\x82\x01\x1a\0\1\0\0\xd8\x45\x40")}, STREAM_BAD_SHAPE, false},
	{"more pixels than allowed", {"data", RAW("\xa1\x61" "a\xd8\x28\x82\x82\x18\x64\x18\x64\xd8\x45\x40")}, STREAM_TOO_LARGE, false},
	{"more channels than there may be", {"data", RAW("\xa9\x61" "a" PIXELS "\x61" "b" PIXELS "\x61" "c" PIXELS "\x61" "d" PIXELS "\x61" "e" PIXELS
	 "\x61" "f" PIXELS "\x61" "g" PIXELS "\x61" "h" PIXELS "\x61" "i" PIXELS)}, STREAM_TOO_LARGE, false},
	{"signed pixels", {"data", RAW("\xa1\x61" "a\xd8\x28\x82\x82\x02\x03\xd8\x4d\x4c" "abcdefghijkl")}, STREAM_BAD_TYPE, false},
	{"float pixels", {"data", RAW("\xa1\x61" "a\xd8\x28\x82\x82\x02\x01\xd8\x55\x48" "abcdefgh")}, STREAM_BAD_TYPE, false},
	{"big-endian pixels", {"data", RAW("\xa1\x61" "a\xd8\x28\x82\x82\x02\x03\xd8\x41\x4c" "abcdefghijkl")}, STREAM_BAD_TYPE, false},
	{"pixels without a type", {"data", RAW("\xa1\x61" "a\xd8\x28\x82\x82\x02\x03\x4c" "abcdefghijkl")}, STREAM_BAD_TYPE, false},
	{"a byte too few", {"data", RAW("\xa1\x61" "a\xd8\x28\x82\x82\x02\x03\xd8\x45\x4b" "abcdefghijk")}, STREAM_BAD_SIZE, false},
	{"a byte too many", {"data", RAW("\xa1\x61" "a\xd8\x28\x82\x82\x02\x03\xd8\x45\x4d" "abcdefghijklm")}, STREAM_BAD_SIZE, false},
	{"a head that lies", {"data", RAW("\xa1\x61" "a" BSLZ4("\x02") "\x4c\0\0\0\0\0\0\0\x0d\0\0\x20\0")}, STREAM_BAD_SIZE, false},
	{"a head of 2^64 - 1", {"data", RAW("\xa1\x61" "a" BSLZ4("\x02") "\x4c\xff\xff\xff\xff\xff\xff\xff\xff\0\0\x20\0")}, STREAM_BAD_SIZE, false},
	{"half a head", {"data", RAW("\xa1\x61" "a" BSLZ4("\x02") "\x46\0\0\0\0\0\0")}, STREAM_BAD_SIZE, false},
	{"a shuffle that does not divide", {"data", RAW("\xa1\x61" "a" BSLZ4("\x08") "\x4c" HEAD_12)}, STREAM_BAD_SIZE, false},
	{"a shuffle of 3", {"data", RAW("\xa1\x61" "a" BSLZ4("\x03") "\x4c" HEAD_12)}, STREAM_BAD_ENCODING, false},
	{"unknown compression", {"data", RAW("\xa1\x61" "a\xd8\x28\x82\x82\x02\x03\xd8\x45\xd9\xdc\xb4\x83\x63zip\0\x4c" HEAD_12)}, STREAM_BAD_ENCODING, false},
	{"compression without bytes", {"data", RAW("\xa1\x61" "a\xd8\x28\x82\x82\x02\x03\xd8\x45\xd9\xdc\xb4\x82\x63lz4\0")}, STREAM_BAD_FIELD, false},
	{"compression with more", {"data", RAW("\xa1\x61" "a\xd8\x28\x82\x82\x02\x03\xd8\x45\xd9\xdc\xb4\x84\x63lz4\0\x4c" HEAD_12 "\0")}, STREAM_BAD_FIELD, false},
	{"pixels in pieces", {"data", RAW("\xa1\x61" "a\xd8\x28\x82\x82\x02\x03\xd8\x45\x5f\x4c" "abcdefghijkl\xff")}, STREAM_BAD_CBOR, false},
	{"a map with half a pair", {"user_data", RAW("\xbf\x01\xff")}, STREAM_BAD_CBOR, false},
	{"a break in an array of two", {"user_data", RAW("\x82\x01\xff")}, STREAM_BAD_CBOR, false},
	{"an array of 2^60", {"user_data", RAW("\x9b\x10\0\0\0\0\0\0\0")}, STREAM_BAD_CBOR, false},
	{"a map of 2^63", {"user_data", RAW("\xbb\x80\0\0\0\0\0\0\0")}, STREAM_BAD_CBOR, false},
	{"text of 2^64 - 1", {"user_data", RAW("\x7b\xff\xff\xff\xff\xff\xff\xff\xff")}, STREAM_BAD_CBOR, false},
	{"bytes among chunks of text", {"user_data", RAW("\x7f\x41" "a\xff")}, STREAM_BAD_CBOR, false},
	{"chunks within chunks", {"user_data", RAW("\x7f\x7f\x61" "a\xff\xff")}, STREAM_BAD_CBOR, false},
	{"a reserved head", {"user_data", RAW("\x1c")}, STREAM_BAD_CBOR, false},
};

static void every_change_of_an_image_is_judged_rightly(void **state)
{
	for (size_t i = 0; i < sizeof image_changes / sizeof *image_changes; i++) {
		const struct change *change = &image_changes[i];
		uint8_t bytes[2048];
		enum stream_refusal refusal = decode(build_image(bytes, sizeof bytes, &change->field, &(struct form){0}), &limits);
		if (refusal != change->refusal)
			fail_msg("%s: %s (%s), not %s", change->what, stream_refusal_words(refusal), message.detail,
				 stream_refusal_words(change->refusal));
		if (refusal)
			assert_true(message.detail[0]);
		else if (message.image.strict != change->strict)
			fail_msg("%s: strict %d", change->what, message.image.strict);
	}
}

static void what_an_image_says_arrives(void **state)
{
	uint8_t bytes[1024];
	assert_int_equal(decode(build_image(bytes, sizeof bytes, NULL, &(struct form){0}), &limits), STREAM_OK);
	const struct stream_image *image = &message.image;
	assert_int_equal(message.dialect, STREAM_V2);
	assert_int_equal(message.kind, STREAM_IMAGE);
	assert_true(image->strict);
	assert_int_equal(image->series_id, 1);
	assert_string_equal(image->series_unique_id, "abc");
	assert_int_equal(image->image_id, 65536);
	assert_int_equal(image->real_time.den, 50000000);
	assert_int_equal(image->channel[0].pixels.height, 2);
	assert_int_equal(image->channel[0].pixels.width, 3);
	assert_int_equal(image->channel[0].pixels.elem_bytes, 2);
	assert_int_equal(image->channel[0].pixels.codec, STREAM_CODEC_NONE);
	assert_int_equal(image->channel[0].pixels.bytes.len, 12);
	assert_string_equal(image->series_date, "2023-02-10T15:49:05Z");
}

static void the_form_decides_only_whether_it_is_strict(void **state)
{
	static const struct {
		struct form form;
		bool strict;
	} forms[] = {
		{{.indefinite = true}, true}, {{.no_magic = true}, false}, {{.type_last = true}, false},
		{{.no_magic = true, .indefinite = true, .type_last = true}, false},
	};
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		uint8_t bytes[1024];
		assert_int_equal(decode(build_image(bytes, sizeof bytes, NULL, &forms[i].form), &limits), STREAM_OK);
		assert_int_equal(message.image.strict, forms[i].strict);
		assert_int_equal(message.image.image_id, 65536);
	}
}

static void every_shortened_message_is_refused(void **state)
{
	uint8_t bytes[2048];
	for (int start = 0; start < 2; start++) {
		struct form form = {0};
		struct span whole = start ? build_start(bytes, sizeof bytes, NULL, &form) : build_image(bytes, sizeof bytes, NULL, &form);
		for (size_t len = 0; len < whole.len; len++) {
			enum stream_refusal refusal = decode((struct span){bytes, len}, &limits);
			assert_int_equal(refusal, len < 3 ? STREAM_NOT_A_STREAM : STREAM_BAD_CBOR);
		}
		bytes[whole.len] = 0;
		assert_int_equal(decode((struct span){bytes, whole.len + 1}, &limits), STREAM_BAD_CBOR);
	}
}

static void a_field_said_twice_is_refused(void **state)
{
	struct field twice[FIELDS_MAX];
	size_t n = sizeof image_fields / sizeof *image_fields;
	for (size_t again = 0; again < n; again++) {
		uint8_t bytes[2048];
		memcpy(twice, image_fields, sizeof image_fields);
		twice[n] = image_fields[again];
		assert_int_equal(decode(build(bytes, sizeof bytes, twice, n + 1, NULL, &(struct form){0}), &limits), STREAM_BAD_FIELD);
		assert_non_null(strstr(message.detail, "twice"));
	}
}

static void nesting_is_bounded(void **state)
{
	static uint8_t deep[100000], bytes[110000];
	for (int tags = 0; tags < 2; tags++) {
		memset(deep, tags ? 0xc1 : 0x81, sizeof deep - 1);
		deep[sizeof deep - 1] = 1;
		for (size_t len = 2; len <= sizeof deep; len = len < 100 ? len + 1 : sizeof deep) {
			struct field field = {"user_data", {deep + sizeof deep - len, len}};
			enum stream_refusal refusal = decode(build_image(bytes, sizeof bytes, &field, &(struct form){0}), &limits);
			assert_int_equal(refusal, len <= 33 ? STREAM_OK : STREAM_BAD_CBOR);
			if (len == sizeof deep)
				break;
		}
	}
}

static void other_messages_are_told_apart(void **state)
{
	static const struct {
		struct span bytes;
		enum stream_refusal refusal;
	} others[] = {
		{RAW("\xd9\xd9\xf7\xa0"), STREAM_NOT_A_STREAM}, {RAW("\xd9\xd9\xf7\x80"), STREAM_NOT_A_STREAM},
		{RAW("\xa1\x64type\x65other"), STREAM_NOT_A_STREAM}, {RAW("\xa1\x64type\x01"), STREAM_BAD_FIELD},
		{RAW("\x82\x01\x02"), STREAM_NOT_A_STREAM}, {RAW("hello"), STREAM_NOT_A_STREAM}, {RAW(""), STREAM_NOT_A_STREAM},
		{RAW("\xd9\xd9\xf7\xa2\x64type\x63" "end\x6dseries_number\x01"), STREAM_BETA_DIALECT},
		{RAW("\xa2\x64type\x65image\x6cimage_number\x01"), STREAM_BETA_DIALECT},
		{RAW("\xa1\x64type\x63" "end"), STREAM_MISSING_FIELD},
		{RAW("\xd9\xd9\xf7\xd9\xd9\xf7\xa0"), STREAM_NOT_A_STREAM},
	};
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		assert_int_equal(decode(others[i].bytes, &limits), others[i].refusal);
	struct span two[2] = {others[0].bytes, others[0].bytes};
	assert_int_equal(stream_decode(&message, two, 2, &limits), STREAM_BAD_PARTS);
	assert_int_equal(stream_decode(&message, two, 0, &limits), STREAM_BAD_PARTS);
}

/* --- starts ------------------------------------------------------------------------------------------------------------------ */

static const struct change start_changes[] = {
	{"integer for a float", {"beam_center_x", RAW("\x01")}, STREAM_OK, false},
	{"negative integer for a float", {"beam_center_x", RAW("\x20")}, STREAM_OK, false},
	{"null for a float", {"beam_center_x", RAW("\xf6")}, STREAM_OK, false},
	{"no beam centre", {"beam_center_x", RAW("")}, STREAM_OK, true},
	{"1 for true", {"pixel_mask_enabled", RAW("\x01")}, STREAM_OK, false},
	{"null table", {"countrate_correction_lookup_table", RAW("\xf6")}, STREAM_OK, false},
	{"table without a type", {"countrate_correction_lookup_table", RAW("\x44\0\0\0\0")}, STREAM_OK, false},
	{"lookup table", {"countrate_correction_lookup_table", RAW("\xd8\x46\x44\0\0\0\0")}, STREAM_OK, true},
	{"lookup table of a part of an integer", {"countrate_correction_lookup_table", RAW("\xd8\x46\x43\0\0\0")}, STREAM_OK, false},
	{"no mask", {"pixel_mask", RAW("")}, STREAM_OK, true},
	{"null masks", {"pixel_mask", RAW("\xf6")}, STREAM_OK, false},
	{"null mask", {"pixel_mask", RAW("\xa1\x61" "b\xf6")}, STREAM_OK, false},
	{"mask without shape", {"pixel_mask", RAW("\xa1\x61" "b\x44\0\0\0\0")}, STREAM_OK, false},
	{"compressed mask", {"pixel_mask", RAW("\xa1\x61" "b\xd8\x28\x82\x82\x02\x03\xd8\x46\xd9\xdc\xb4\x83\x65" "bslz4\x04\x4c\0\0\0\0\0\0\0\x18\0\0\x20\0")},
	 STREAM_OK, true},
	{"flatfield", {"flatfield", RAW("\xa1\x61" "a\xd8\x28\x82\x82\x02\x03\xd8\x55\x58\x18" "abcdefghijklmnopqrstuvwx")}, STREAM_OK, true},
	{"mask of an unknown channel", {"pixel_mask", RAW("\xa1\x61" "q" TABLE_U32)}, STREAM_OK, true},
	{"an axis with more", {"goniometer", RAW("\xa1\x65omega\xa2\x69increment\xf9\x3c\0\x64unit\x63" "deg")}, STREAM_OK, true},
	{"no series", {"series_id", RAW("")}, STREAM_MISSING_FIELD, false},
	{"not a number", {"beam_center_x", RAW("\xf9\x7e\0")}, STREAM_BAD_FIELD, false},
	{"infinite", {"beam_center_x", RAW("\xf9\x7c\0")}, STREAM_BAD_FIELD, false},
	{"text for a float", {"beam_center_x", RAW("\x61" "1")}, STREAM_BAD_FIELD, false},
	{"negative time", {"count_time", RAW("\xf9\xbc\0")}, STREAM_BAD_FIELD, false},
	{"2 for true", {"pixel_mask_enabled", RAW("\x02")}, STREAM_BAD_FIELD, false},
	{"the same channel twice", {"channels", RAW("\x82\x61" "a\x61" "a")}, STREAM_BAD_FIELD, false},
	{"channels as a map", {"channels", RAW("\xa0")}, STREAM_BAD_FIELD, false},
	{"nine channels", {"channels", RAW("\x89\x61" "a\x61" "b\x61" "c\x61" "d\x61" "e\x61" "f\x61" "g\x61" "h\x61" "i")}, STREAM_TOO_LARGE, false},
	{"two translations", {"detector_translation", RAW("\x82\xf9\0\0\xf9\0\0")}, STREAM_BAD_FIELD, false},
	{"four translations", {"detector_translation", RAW("\x84\xf9\0\0\xf9\0\0\xf9\0\0\xf9\0\0")}, STREAM_BAD_FIELD, false},
	{"signed image", {"image_dtype", RAW("\x65int16")}, STREAM_BAD_TYPE, false},
	{"image wider than 32 bits", {"image_size_x", RAW("\x1b\0\0\0\1\0\0\0\0")}, STREAM_BAD_FIELD, false},
	{"mask of 16 bits", {"pixel_mask", RAW("\xa1\x61" "b" PIXELS)}, STREAM_BAD_TYPE, false},
	{"mask turned round", {"pixel_mask", RAW("\xa1\x61" "b\xd8\x28\x82\x82\x03\x02\xd8\x46\x58\x18" "abcdefghijklmnopqrstuvwx")}, STREAM_BAD_SHAPE, false},
	{"mask too short", {"pixel_mask", RAW("\xa1\x61" "b\xd8\x28\x82\x82\x02\x03\xd8\x46\x41" "a")}, STREAM_BAD_SIZE, false},
	{"negative saturation", {"saturation_value", RAW("\x20")}, STREAM_BAD_FIELD, false},
	{"material that is no text", {"sensor_material", RAW("\x62\xff\xff")}, STREAM_BAD_FIELD, false},
};

static void every_change_of_a_start_is_judged_rightly(void **state)
{
	for (size_t i = 0; i < sizeof start_changes / sizeof *start_changes; i++) {
		const struct change *change = &start_changes[i];
		uint8_t bytes[2048];
		enum stream_refusal refusal = decode(build_start(bytes, sizeof bytes, &change->field, &(struct form){0}), &limits);
		if (refusal != change->refusal)
			fail_msg("%s: %s (%s), not %s", change->what, stream_refusal_words(refusal), message.detail,
				 stream_refusal_words(change->refusal));
		if (!refusal && message.start.strict != change->strict)
			fail_msg("%s: strict %d", change->what, message.start.strict);
	}
}

static void what_a_start_says_arrives(void **state)
{
	uint8_t bytes[2048];
	assert_int_equal(decode(build_start(bytes, sizeof bytes, NULL, &(struct form){.type_last = true}), &limits), STREAM_OK);
	const struct stream_start *start = &message.start;
	assert_int_equal(message.kind, STREAM_START);
	assert_true(start->beam_x_px == 1 && isnan(start->beam_y_px) && start->count_time_s == 1);
	assert_true(start->distance_m == 1 && start->translation_m[2] == -1);
	assert_int_equal(start->n_channels, 2);
	assert_string_equal(start->channel[1].name, "b");
	assert_int_equal(start->channel[0].pixel_mask.bytes.len, 0);
	assert_int_equal(start->channel[1].pixel_mask.bytes.len, 24);
	assert_true(start->channel[0].threshold_energy_ev == 1 && isnan(start->channel[1].threshold_energy_ev));
	assert_true(start->n_images == (uint64_t)1 << 48 && start->n_images_known);
	assert_int_equal(start->elem_bytes, 2);
	assert_int_equal(start->mask_applied, 1);
	assert_int_equal(start->flatfield_correction, -1);
	assert_int_equal(start->saturation_value, 21517);
	assert_string_equal(start->axis[0].name, "omega");
	assert_true(start->axis[0].increment == 1 && start->axis[0].start == 0);
}

static void long_text_is_cut_between_characters(void **state)
{
	uint8_t text[512], bytes[2048];
	struct cbor_out out = cbor_out_open(text, sizeof text);
	char euros[3 * 99 + 1] = "";
	for (int i = 0; i < 99; i++)
		strcat(euros, "\xe2\x82\xac");
	cbor_out_text(&out, euros);
	struct field field = {"detector_description", {text, out.len}};
	assert_int_equal(decode(build_start(bytes, sizeof bytes, &field, &(struct form){0}), &limits), STREAM_OK);
	assert_int_equal(strlen(message.start.detector_description), 126); /* 42 characters of 3 bytes in 127 */
}

/* --- anything ---------------------------------------------------------------------------------------------------------------- */

static void damaged_messages_are_refused_or_make_sense(void **state)
{
	struct random random;
	random_seed(&random);
	for (unsigned n = 0; n < 200000; n++) {
		uint8_t bytes[2048];
		struct span whole = n & 1 ? build_start(bytes, sizeof bytes, NULL, &(struct form){0})
					  : build_image(bytes, sizeof bytes, NULL, &(struct form){.indefinite = n & 2});
		for (uint32_t flips = 1 + random_below(&random, 3); flips > 0; flips--)
			bytes[random_below(&random, (uint32_t)whole.len)] = (uint8_t)random_u64(&random);
		if (decode(whole, &limits) == STREAM_OK && message.kind == STREAM_IMAGE) {
			assert_in_range(message.image.n_channels, 1, STREAM_CHANNELS_MAX);
			for (uint32_t i = 0; i < message.image.n_channels; i++) {
				const struct stream_array *pixels = &message.image.channel[i].pixels;
				assert_in_range((uint64_t)pixels->width * pixels->height, 1, limits.max_pixels);
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_an_image_says_arrives),
		cmocka_unit_test(every_change_of_an_image_is_judged_rightly),
		cmocka_unit_test(the_form_decides_only_whether_it_is_strict),
		cmocka_unit_test(every_shortened_message_is_refused),
		cmocka_unit_test(a_field_said_twice_is_refused),
		cmocka_unit_test(nesting_is_bounded),
		cmocka_unit_test(other_messages_are_told_apart),
		cmocka_unit_test(what_a_start_says_arrives),
		cmocka_unit_test(every_change_of_a_start_is_judged_rightly),
		cmocka_unit_test(long_text_is_cut_between_characters),
		cmocka_unit_test(damaged_messages_are_refused_or_make_sense),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
