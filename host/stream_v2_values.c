/* stream_v2_values.c - reads the values of Stream v2 fields: numbers, texts, dates, rationals and arrays, for stream_v2.c.
 *
 * Takes what is clear although a strict client would refuse it, and then lowers the reader's `strict` (fact sheet B.6). */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "host/stream_v2.h"


enum stream_refusal stream_v2_bad_cbor(struct stream_v2 *d, int error)
{
	size_t offset = (size_t)(d->in.at - d->in.start);
	return stream_refuse(d->out, STREAM_BAD_CBOR, "%s at byte %zu of %zu", error == -ELOOP ? "nested too deep" : "malformed or cut short",
			     offset, (size_t)(d->in.end - d->in.start));
}

enum stream_refusal stream_v2_bad_field(struct stream_v2 *d, const char *key, const char *expected)
{
	return stream_refuse(d->out, STREAM_BAD_FIELD, "%s: not %s", key, expected);
}

/* The head of a value that may be null: *absent then, which no strict client takes. */
static enum stream_refusal next_or_null(struct stream_v2 *d, struct cbor_in_item *item, bool *absent)
{
	*absent = false;
	if (cbor_in_next(&d->in, item))
		return stream_v2_bad_cbor(d, 0);
	*absent = item->kind == CBOR_IN_NULL;
	if (*absent)
		d->strict = false;
	return STREAM_OK;
}

/* Opens an array or map; one of indefinite length is not for strict clients. */
enum stream_refusal stream_v2_open_seq(struct stream_v2 *d, const char *key, enum cbor_in_kind kind, struct cbor_in_seq *seq, bool *absent)
{
	struct cbor_in_item item;
	enum stream_refusal refusal = next_or_null(d, &item, absent);
	if (refusal || *absent)
		return refusal;
	if (item.kind != kind)
		return stream_v2_bad_field(d, key, kind == CBOR_IN_MAP ? "a map" : "an array");
	*seq = cbor_in_seq(&item);
	if (seq->indefinite)
		d->strict = false;
	return STREAM_OK;
}

/* Whole text into out, cut between characters; *len is its full length. The head was read; chunks are joined. */
bool stream_v2_text(struct stream_v2 *d, const struct cbor_in_item *head, char *out, size_t cap, size_t *len)
{
	if (!head->indefinite) {
		*len = head->bytes.len;
		stream_text_copy(out, cap, head->bytes);
		return stream_text_valid(head->bytes);
	}
	d->strict = false;
	*len = 0;
	out[0] = '\0';
	struct cbor_in_seq chunks = cbor_in_seq(head);
	bool valid = true;
	while (cbor_in_more(&d->in, &chunks) == 1) {
		struct cbor_in_item chunk;
		if (cbor_in_next(&d->in, &chunk))
			return false;
		valid = valid && stream_text_valid(chunk.bytes);
		if (*len < cap && *len == strlen(out))
			stream_text_copy(out + *len, cap - *len, chunk.bytes);
		*len += chunk.bytes.len;
	}
	return valid;
}

/* A map's key as a name: text, or a number that some simulators write. */
enum stream_refusal stream_v2_read_key(struct stream_v2 *d, const char *what, char out[STREAM_NAME_MAX])
{
	struct cbor_in_item item;
	if (cbor_in_next(&d->in, &item))
		return stream_v2_bad_cbor(d, 0);
	if (item.kind == CBOR_IN_UINT) {
		d->strict = false;
		snprintf(out, STREAM_NAME_MAX, "%llu", (unsigned long long)item.value);
		return STREAM_OK;
	}
	char text[STREAM_NAME_MAX];
	size_t len;
	if (item.kind != CBOR_IN_TEXT || !stream_v2_text(d, &item, text, sizeof text, &len) ||
	    !stream_name_copy(out, (struct span){(const uint8_t *)text, len < sizeof text ? strlen(text) : sizeof text}))
		return stream_v2_bad_field(d, what, "a name of 1 to 63 printable characters");
	return STREAM_OK;
}

/* --- readers of single values ------------------------------------------------------------------------------------------------ */

enum stream_refusal stream_v2_read_u64(struct stream_v2 *d, const char *key, void *target)
{
	struct cbor_in_item item;
	bool absent;
	enum stream_refusal refusal = next_or_null(d, &item, &absent);
	if (refusal || absent)
		return refusal;
	if (item.kind == CBOR_IN_FLOAT && item.real >= 0 && item.real <= 0x1p53 && item.real == floor(item.real)) {
		d->strict = false;
		item.value = (uint64_t)item.real;
	} else if (item.kind != CBOR_IN_UINT) {
		return stream_v2_bad_field(d, key, "an unsigned integer");
	}
	*(uint64_t *)target = item.value;
	return STREAM_OK;
}

/* What must be there: null counts as missing. */
enum stream_refusal stream_v2_read_id(struct stream_v2 *d, const char *key, void *target)
{
	if (d->in.at < d->in.end && (*d->in.at == 0xf6 || *d->in.at == 0xf7))
		return stream_refuse(d->out, STREAM_MISSING_FIELD, "%s is null", key);
	return stream_v2_read_u64(d, key, target);
}

enum stream_refusal stream_v2_read_side(struct stream_v2 *d, const char *key, void *target)
{
	uint64_t value = 0;
	enum stream_refusal refusal = stream_v2_read_u64(d, key, &value);
	if (refusal)
		return refusal;
	if (value > UINT32_MAX)
		return stream_v2_bad_field(d, key, "a number of pixels");
	*(uint32_t *)target = (uint32_t)value;
	return STREAM_OK;
}

enum stream_refusal stream_v2_read_float(struct stream_v2 *d, const char *key, void *target)
{
	struct cbor_in_item item;
	bool absent;
	enum stream_refusal refusal = next_or_null(d, &item, &absent);
	if (refusal || absent)
		return refusal;
	double value = item.real;
	if (item.kind == CBOR_IN_UINT || item.kind == CBOR_IN_NEGINT) {
		d->strict = false;
		value = item.kind == CBOR_IN_UINT ? (double)item.value : -1.0 - (double)item.value;
	} else if (item.kind != CBOR_IN_FLOAT || !isfinite(value)) {
		return stream_v2_bad_field(d, key, "a finite number");
	}
	*(double *)target = value;
	return STREAM_OK;
}

enum stream_refusal stream_v2_read_size(struct stream_v2 *d, const char *key, void *target)
{
	double value = NAN;
	enum stream_refusal refusal = stream_v2_read_float(d, key, &value);
	if (refusal)
		return refusal;
	if (value < 0)
		return stream_v2_bad_field(d, key, "a number of at least 0");
	*(double *)target = value;
	return STREAM_OK;
}

enum stream_refusal stream_v2_read_flag(struct stream_v2 *d, const char *key, void *target)
{
	struct cbor_in_item item;
	bool absent;
	enum stream_refusal refusal = next_or_null(d, &item, &absent);
	if (refusal || absent)
		return refusal;
	bool number = item.kind == CBOR_IN_UINT && item.value <= 1;
	if (number)
		d->strict = false;
	else if (item.kind != CBOR_IN_BOOL)
		return stream_v2_bad_field(d, key, "true or false");
	*(int *)target = (int)item.value;
	return STREAM_OK;
}

enum stream_refusal stream_v2_read_text(struct stream_v2 *d, const char *key, void *target)
{
	struct cbor_in_item item;
	bool absent;
	enum stream_refusal refusal = next_or_null(d, &item, &absent);
	if (refusal || absent)
		return refusal;
	size_t len;
	if (item.kind != CBOR_IN_TEXT || !stream_v2_text(d, &item, target, STREAM_TEXT_MAX, &len))
		return stream_v2_bad_field(d, key, "valid text");
	return STREAM_OK;
}

enum stream_refusal stream_v2_read_unique_id(struct stream_v2 *d, const char *key, void *target)
{
	struct cbor_in_item item;
	bool absent;
	enum stream_refusal refusal = next_or_null(d, &item, &absent);
	if (refusal || absent)
		return refusal;
	char text[STREAM_NAME_MAX];
	size_t len;
	if (item.kind != CBOR_IN_TEXT || !stream_v2_text(d, &item, text, sizeof text, &len) ||
	    (len > 0 && !stream_name_copy(target, (struct span){(const uint8_t *)text, len < sizeof text ? strlen(text) : sizeof text})))
		return stream_v2_bad_field(d, key, "text of at most 63 printable characters");
	return STREAM_OK;
}

/* A date with its tag or as plain text; what else simulators write for a date is passed over, for no frame depends on it. */
enum stream_refusal stream_v2_read_date(struct stream_v2 *d, const char *key, void *target)
{
	struct cbor_in_item item;
	bool absent;
	enum stream_refusal refusal = next_or_null(d, &item, &absent);
	if (refusal || absent)
		return refusal;
	if (item.kind == CBOR_IN_TAG && item.value == TAG_DATE && cbor_in_next(&d->in, &item))
		return stream_v2_bad_cbor(d, 0);
	if (item.kind != CBOR_IN_TEXT) {
		d->strict = false;
		return STREAM_OK;
	}
	size_t len;
	if (!stream_v2_text(d, &item, target, STREAM_TEXT_MAX, &len))
		return stream_v2_bad_field(d, key, "valid text");
	return STREAM_OK;
}

/* [numerator, denominator]; a denominator of 0 means absent. */
enum stream_refusal stream_v2_read_rational(struct stream_v2 *d, const char *key, void *target)
{
	struct cbor_in_item item;
	bool absent;
	enum stream_refusal refusal = next_or_null(d, &item, &absent);
	if (refusal || absent)
		return refusal;
	if (item.kind == CBOR_IN_TAG && item.value == TAG_RATIONAL) {
		d->strict = false;
		if (cbor_in_next(&d->in, &item))
			return stream_v2_bad_cbor(d, 0);
	}
	if (item.kind != CBOR_IN_ARRAY)
		return stream_v2_bad_field(d, key, "a rational [numerator, denominator]");
	struct cbor_in_seq seq = cbor_in_seq(&item);
	struct stream_time time = {0, 0};
	uint64_t *part[] = {&time.num, &time.den};
	unsigned n = 0;
	for (; cbor_in_more(&d->in, &seq) == 1; n++) {
		if (n == 2)
			return stream_v2_bad_field(d, key, "a rational of two numbers");
		if ((refusal = stream_v2_read_u64(d, key, part[n])))
			return refusal;
	}
	if (n != 2)
		return stream_v2_bad_field(d, key, "a rational of two numbers");
	if (seq.indefinite || time.den == 0)
		d->strict = false;
	*(struct stream_time *)target = time.den ? time : (struct stream_time){0, 0};
	return STREAM_OK;
}

enum stream_refusal stream_v2_read_any(struct stream_v2 *d, const char *key, void *target)
{
	const uint8_t *from = d->in.at;
	int error = cbor_in_skip(&d->in);
	if (error)
		return stream_v2_bad_cbor(d, error);
	*(struct span *)target = (struct span){from, (size_t)(d->in.at - from)};
	return STREAM_OK;
}

/* --- arrays ------------------------------------------------------------------------------------------------------------------ */

static enum stream_refusal read_dims(struct stream_v2 *d, const char *what, struct stream_array *array)
{
	struct cbor_in_seq seq;
	bool absent;
	uint64_t side[2];
	unsigned n = 0;
	enum stream_refusal refusal = stream_v2_open_seq(d, what, CBOR_IN_ARRAY, &seq, &absent);
	if (refusal)
		return refusal;
	for (; !absent && cbor_in_more(&d->in, &seq) == 1; n++) {
		struct cbor_in_item item;
		if (cbor_in_next(&d->in, &item))
			return stream_v2_bad_cbor(d, 0);
		if (n == 2 || item.kind != CBOR_IN_UINT)
			return stream_refuse(d->out, STREAM_BAD_SHAPE, "%s: the dimensions are not [height, width]", what);
		side[n] = item.value;
	}
	if (n != 2 || side[0] > UINT32_MAX || side[1] > UINT32_MAX)
		return stream_refuse(d->out, STREAM_BAD_SHAPE, "%s: the dimensions are not [height, width]", what);
	array->height = (uint32_t)side[0];
	array->width = (uint32_t)side[1];
	return STREAM_OK;
}

/* The typed-array tag says what the elements are. */
static enum stream_refusal read_array_type(struct stream_v2 *d, const char *what, enum stream_v2_use use, struct stream_array *array)
{
	struct cbor_in_item item;
	if (cbor_in_next(&d->in, &item))
		return stream_v2_bad_cbor(d, 0);
	uint64_t tag = item.kind == CBOR_IN_TAG ? item.value : UINT64_MAX;
	if (tag == TAG_U8_CLAMPED)
		d->strict = false;
	array->is_float = tag == TAG_F32;
	array->elem_bytes = tag == TAG_U8 || tag == TAG_U8_CLAMPED ? 1 : tag == TAG_U16 ? 2 : tag == TAG_U32 || tag == TAG_F32 ? 4 : 0;
	bool right = use == STREAM_V2_PIXELS ? array->elem_bytes && !array->is_float : use == STREAM_V2_MASK ? tag == TAG_U32 : tag == TAG_F32;
	if (!right && item.kind == CBOR_IN_TAG)
		return stream_refuse(d->out, STREAM_BAD_TYPE, "%s: typed-array tag %llu is not supported here", what, (unsigned long long)tag);
	if (!right)
		return stream_refuse(d->out, STREAM_BAD_TYPE, "%s: no typed-array tag", what);
	return STREAM_OK;
}

static enum stream_refusal byte_string(struct stream_v2 *d, const char *what, const struct cbor_in_item *item, struct span *bytes)
{
	if (item->kind != CBOR_IN_BYTES)
		return stream_v2_bad_field(d, what, "an array of bytes");
	if (item->indefinite)
		return stream_refuse(d->out, STREAM_BAD_CBOR, "%s: a byte string of indefinite length", what);
	*bytes = item->bytes;
	return STREAM_OK;
}

/* [algorithm, modifier, bytes] behind the compression tag. */
static enum stream_refusal read_compressed(struct stream_v2 *d, const char *what, struct stream_array *array)
{
	struct cbor_in_seq seq;
	bool absent;
	enum stream_refusal refusal = stream_v2_open_seq(d, what, CBOR_IN_ARRAY, &seq, &absent);
	if (refusal)
		return refusal;
	struct cbor_in_item item;
	char algorithm[16];
	uint64_t modifier = 0;
	size_t len;
	if (absent || cbor_in_more(&d->in, &seq) != 1 || cbor_in_next(&d->in, &item) || item.kind != CBOR_IN_TEXT ||
	    !stream_v2_text(d, &item, algorithm, sizeof algorithm, &len) || cbor_in_more(&d->in, &seq) != 1)
		return stream_v2_bad_field(d, what, "a compressed array [algorithm, modifier, bytes]");
	if ((refusal = stream_v2_read_u64(d, what, &modifier)))
		return refusal;
	if (cbor_in_more(&d->in, &seq) != 1 || cbor_in_next(&d->in, &item))
		return stream_v2_bad_field(d, what, "a compressed array [algorithm, modifier, bytes]");
	if ((refusal = byte_string(d, what, &item, &array->bytes)))
		return refusal;
	if (cbor_in_more(&d->in, &seq) != 0)
		return stream_v2_bad_field(d, what, "a compressed array [algorithm, modifier, bytes]");
	bool shuffled = strcmp(algorithm, "bslz4") == 0;
	if (!shuffled && strcmp(algorithm, "lz4") != 0)
		return stream_refuse(d->out, STREAM_BAD_ENCODING, "%s: unknown compression \"%s\"", what, algorithm);
	if (shuffled && modifier != 1 && modifier != 2 && modifier != 4 && modifier != 8)
		return stream_refuse(d->out, STREAM_BAD_ENCODING, "%s: bslz4 with a shuffle of %llu bytes", what, (unsigned long long)modifier);
	array->codec = shuffled ? STREAM_CODEC_BSLZ4 : STREAM_CODEC_LZ4_FRAMED;
	array->shuffle_bytes = shuffled ? (uint8_t)modifier : 0;
	return STREAM_OK;
}

static enum stream_refusal read_array_bytes(struct stream_v2 *d, const char *what, struct stream_array *array)
{
	struct cbor_in_item item;
	if (cbor_in_next(&d->in, &item))
		return stream_v2_bad_cbor(d, 0);
	if (item.kind == CBOR_IN_TAG && item.value == TAG_COMPRESSED)
		return read_compressed(d, what, array);
	return byte_string(d, what, &item, &array->bytes);
}

/* Tag 40: [[height, width], typed array]. A table in any other form says nothing of its shape: it is passed over. */
enum stream_refusal stream_v2_read_array(struct stream_v2 *d, const char *what, enum stream_v2_use use, struct stream_array *array)
{
	struct cbor_in peek = d->in;
	struct cbor_in_item item;
	if (cbor_in_next(&d->in, &item))
		return stream_v2_bad_cbor(d, 0);
	if (item.kind != CBOR_IN_TAG || item.value != TAG_MULTI_DIM) {
		if (use == STREAM_V2_PIXELS)
			return stream_v2_bad_field(d, what, "a multi-dimensional array (tag 40)");
		d->strict = false;
		d->in = peek;
		return cbor_in_skip(&d->in) ? stream_v2_bad_cbor(d, 0) : STREAM_OK;
	}
	struct cbor_in_seq seq;
	bool absent;
	enum stream_refusal refusal = stream_v2_open_seq(d, what, CBOR_IN_ARRAY, &seq, &absent);
	if (refusal)
		return refusal;
	if (absent || cbor_in_more(&d->in, &seq) != 1)
		return stream_v2_bad_field(d, what, "[[height, width], typed array]");
	if ((refusal = read_dims(d, what, array)))
		return refusal;
	if (cbor_in_more(&d->in, &seq) != 1)
		return stream_v2_bad_field(d, what, "[[height, width], typed array]");
	if ((refusal = read_array_type(d, what, use, array)) || (refusal = read_array_bytes(d, what, array)))
		return refusal;
	if (cbor_in_more(&d->in, &seq) != 0)
		return stream_v2_bad_field(d, what, "[[height, width], typed array]");
	return stream_check_array(d->out, what, array, d->limits);
}
