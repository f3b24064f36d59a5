/* stream.c - recognises a detector message's dialect by its own form, and holds the checks that both dialects share. */
#include "host/stream.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "host/stream_dialect.h"

/* No detector comes near this in one direction; it keeps the number of pixels within 32 bits. */
#define SIDE_MAX 65535u
#define BLOCKS_HEAD_BYTES 12 /* of framed lz4 and bslz4: total u64, block size u32, big-endian */
#define LZ4_BLOCK_MAX 0x7E000000u

static const char *const refusals[STREAM_REFUSALS] = {
	[STREAM_OK] = "accepted",
	[STREAM_NOT_A_STREAM] = "not a detector message: neither JSON with a known htype nor a CBOR map with a known type",
	[STREAM_BAD_JSON] = "malformed JSON",
	[STREAM_BAD_CBOR] = "malformed CBOR: truncated, trailing bytes or nested too deep",
	[STREAM_BETA_DIALECT] = "the pre-release Stream v2 of 2020/2021 is not supported: update the detector's firmware to 2022.1 or later",
	[STREAM_MISSING_FIELD] = "a required field is missing",
	[STREAM_BAD_FIELD] = "a field has the wrong type or an impossible value",
	[STREAM_BAD_PARTS] = "wrong number or order of message parts",
	[STREAM_BAD_SHAPE] = "the image's shape is not that of a two-dimensional image",
	[STREAM_BAD_TYPE] = "the pixel type is not uint8, uint16 or uint32",
	[STREAM_BAD_ENCODING] = "unknown compression or byte order",
	[STREAM_BAD_SIZE] = "the payload's length contradicts what the message says of it",
	[STREAM_TOO_LARGE] = "larger than the configured limits",
};

const char *stream_refusal_words(enum stream_refusal refusal)
{
	return (unsigned)refusal < STREAM_REFUSALS ? refusals[refusal] : "unknown";
}

/* JSON begins with a brace; CBOR with a map, perhaps behind the tag that says "this is CBOR". */
static enum stream_dialect dialect_of(struct span first)
{
	size_t at = 0;
	while (at < first.len && strchr(" \t\r\n", first.at[at]) && first.at[at])
		at++;
	if (at < first.len && first.at[at] == '{')
		return STREAM_V1;
	bool tagged = first.len >= 3 && memcmp(first.at, "\xd9\xd9\xf7", 3) == 0;
	if (tagged || (first.len > 0 && (first.at[0] & 0xe0) == 0xa0))
		return STREAM_V2;
	return STREAM_UNKNOWN;
}

enum stream_refusal stream_decode(struct stream_message *out, const struct span *parts, unsigned n_parts,
				  const struct stream_limits *limits)
{
	memset(out, 0, sizeof *out);
	if (n_parts == 0)
		return stream_refuse(out, STREAM_BAD_PARTS, "a message without parts");
	out->dialect = dialect_of(parts[0]);
	if (out->dialect == STREAM_V1)
		return stream_v1_decode(out, parts, n_parts, limits);
	if (out->dialect == STREAM_UNKNOWN)
		return stream_refuse(out, STREAM_NOT_A_STREAM, "%zu bytes that begin neither as JSON nor as a CBOR map", parts[0].len);
	if (n_parts != 1)
		return stream_refuse(out, STREAM_BAD_PARTS, "a Stream v2 message of %u parts instead of 1", n_parts);
	return stream_v2_decode(out, parts[0], limits);
}

void stream_start_clear(struct stream_start *start)
{
	memset(start, 0, sizeof *start);
	double *absent[] = {
		&start->beam_x_px, &start->beam_y_px, &start->distance_m, &start->translation_m[0], &start->translation_m[1],
		&start->translation_m[2], &start->pixel_x_m, &start->pixel_y_m, &start->wavelength_angstrom, &start->energy_ev,
		&start->count_time_s, &start->frame_time_s, &start->sensor_thickness_m,
	};
	for (size_t i = 0; i < sizeof absent / sizeof *absent; i++)
		*absent[i] = NAN;
	for (int i = 0; i < STREAM_CHANNELS_MAX; i++)
		start->channel[i].threshold_energy_ev = NAN;
	for (int i = 0; i < STREAM_AXES_MAX; i++)
		start->axis[i].start = start->axis[i].increment = NAN;
	start->saturation_value = UINT64_MAX;
	start->countrate_correction = start->flatfield_correction = start->mask_applied = start->virtual_interpolation = -1;
}

enum stream_refusal stream_refuse(struct stream_message *out, enum stream_refusal refusal, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(out->detail, sizeof out->detail, format, arguments);
	va_end(arguments);
	for (char *c = out->detail; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	return refusal;
}

uint64_t stream_array_bytes(const struct stream_array *array)
{
	return (uint64_t)array->width * array->height * array->elem_bytes;
}

static uint64_t big_endian_u64(const uint8_t *at)
{
	uint64_t value = 0;
	for (int i = 0; i < 8; i++)
		value = value << 8 | at[i];
	return value;
}

/* The head of a blocked payload says how large it will be: that must be what the shape says. */
static enum stream_refusal check_blocks_head(struct stream_message *out, const char *what, const struct stream_array *array,
					     uint64_t expected)
{
	if (array->bytes.len < BLOCKS_HEAD_BYTES)
		return stream_refuse(out, STREAM_BAD_SIZE, "%s: a payload of %zu bytes is shorter than its head", what, array->bytes.len);
	uint64_t total = big_endian_u64(array->bytes.at);
	if (total != expected)
		return stream_refuse(out, STREAM_BAD_SIZE, "%s: the payload announces %llu bytes, the shape needs %llu", what,
				     (unsigned long long)total, (unsigned long long)expected);
	if (array->codec == STREAM_CODEC_BSLZ4 && total % array->shuffle_bytes)
		return stream_refuse(out, STREAM_BAD_SIZE, "%s: shuffled by %u bytes, which do not divide its size", what,
				     array->shuffle_bytes);
	return STREAM_OK;
}

static enum stream_refusal check_payload(struct stream_message *out, const char *what, const struct stream_array *array)
{
	uint64_t expected = stream_array_bytes(array);
	switch (array->codec) {
	case STREAM_CODEC_NONE:
		if (array->bytes.len != expected)
			return stream_refuse(out, STREAM_BAD_SIZE, "%s: %zu bytes, the shape needs %llu", what, array->bytes.len,
					     (unsigned long long)expected);
		return STREAM_OK;
	case STREAM_CODEC_LZ4_RAW:
		if (array->bytes.len == 0)
			return stream_refuse(out, STREAM_BAD_SIZE, "%s: an empty payload", what);
		if (expected > LZ4_BLOCK_MAX)
			return stream_refuse(out, STREAM_TOO_LARGE, "%s: too large for one LZ4 block", what);
		return STREAM_OK;
	default:
		return check_blocks_head(out, what, array, expected);
	}
}

enum stream_refusal stream_check_array(struct stream_message *out, const char *what, const struct stream_array *array,
				       const struct stream_limits *limits)
{
	if (array->width == 0 || array->height == 0 || array->width > SIDE_MAX || array->height > SIDE_MAX)
		return stream_refuse(out, STREAM_BAD_SHAPE, "%s: %u x %u", what, array->width, array->height);
	if ((uint64_t)array->width * array->height > limits->max_pixels)
		return stream_refuse(out, STREAM_TOO_LARGE, "%s: %u x %u is more than %llu pixels", what, array->width, array->height,
				     (unsigned long long)limits->max_pixels);
	return check_payload(out, what, array);
}

/* Length of the valid UTF-8 character at s, 0 where there is none (RFC 3629: no overlong forms, no surrogates). */
static size_t utf8_length(const uint8_t *s, size_t left)
{
	if (s[0] < 0x80)
		return 1;
	size_t length = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	if (s[0] < 0xc2 || s[0] > 0xf4 || length > left)
		return 0;
	for (size_t i = 1; i < length; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	bool overlong = (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xf0 && s[1] < 0x90);
	bool beyond = (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf4 && s[1] > 0x8f);
	return overlong || beyond ? 0 : length;
}

bool stream_text_valid(struct span text)
{
	for (size_t at = 0; at < text.len;) {
		uint8_t c = text.at[at];
		if ((c < ' ' && c != '\t' && c != '\n' && c != '\r') || c == 0x7f)
			return false;
		size_t length = utf8_length(text.at + at, text.len - at);
		if (length == 0)
			return false;
		at += length;
	}
	return true;
}

void stream_text_copy(char *out, size_t cap, struct span text)
{
	size_t len = text.len < cap ? text.len : cap - 1;
	while (len < text.len && len > 0 && (text.at[len] & 0xc0) == 0x80)
		len--;
	if (len > 0)
		memcpy(out, text.at, len);
	out[len] = '\0';
}

bool stream_name_copy(char out[STREAM_NAME_MAX], struct span text)
{
	if (text.len == 0 || text.len >= STREAM_NAME_MAX || !stream_text_valid(text) || memchr(text.at, '\n', text.len) ||
	    memchr(text.at, '\r', text.len) || memchr(text.at, '\t', text.len))
		return false;
	stream_text_copy(out, STREAM_NAME_MAX, text);
	return true;
}

uint8_t stream_type_bytes(const char *name)
{
	if (strcmp(name, "uint8") == 0)
		return 1;
	if (strcmp(name, "uint16") == 0)
		return 2;
	return strcmp(name, "uint32") == 0 ? 4 : 0;
}

const char *stream_type_name(uint8_t elem_bytes)
{
	return elem_bytes == 1 ? "uint8" : elem_bytes == 2 ? "uint16" : elem_bytes == 4 ? "uint32" : NULL;
}
