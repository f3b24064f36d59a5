/* stream_v1_json.c - reads the fields of a Stream v1 message's JSON parts, for stream_v1.c: bounded, and refused with the field's name. */
#include <math.h>
#include <string.h>

#include "host/stream_v1.h"

enum stream_refusal stream_v1_load(struct stream_v1 *d, unsigned part, size_t max_bytes, json_t **json)
{
	struct span text = d->part[part];
	if (text.len > max_bytes)
		return stream_refuse(d->out, STREAM_TOO_LARGE, "part %u: %zu bytes of JSON", part + 1, text.len);
	json_error_t error;
	*json = json_loadb((const char *)text.at, text.len, JSON_REJECT_DUPLICATES, &error);
	if (!*json)
		return stream_refuse(d->out, STREAM_BAD_JSON, "part %u, byte %d: %s", part + 1, error.position, error.text);
	if (json_is_object(*json))
		return STREAM_OK;
	json_decref(*json);
	*json = NULL;
	return stream_refuse(d->out, STREAM_BAD_JSON, "part %u: not an object", part + 1);
}

bool stream_v1_is_htype(const json_t *json, const char *htype)
{
	const char *text = json_string_value(json_object_get(json, "htype"));
	return text && strcmp(text, htype) == 0;
}

enum stream_refusal stream_v1_bad_field(struct stream_v1 *d, const char *key, const char *expected)
{
	return stream_refuse(d->out, STREAM_BAD_FIELD, "%s: not %s", key, expected);
}

const json_t *stream_v1_get(const json_t *json, const char *key)
{
	const json_t *value = json_object_get(json, key);
	return json_is_null(value) ? NULL : value;
}

/* Fields that are absent or null leave the target as it is. */
enum stream_refusal stream_v1_get_u64(struct stream_v1 *d, const json_t *json, const char *key, uint64_t *out)
{
	const json_t *value = stream_v1_get(json, key);
	if (!value)
		return STREAM_OK;
	double real = json_real_value(value);
	if (json_is_real(value) && real >= 0 && real <= 0x1p53 && real == floor(real))
		*out = (uint64_t)real;
	else if (json_is_integer(value) && json_integer_value(value) >= 0)
		*out = (uint64_t)json_integer_value(value);
	else
		return stream_v1_bad_field(d, key, "a number of at least 0 without fraction");
	return STREAM_OK;
}

enum stream_refusal stream_v1_need_u64(struct stream_v1 *d, const json_t *json, const char *key, uint64_t *out)
{
	if (!stream_v1_get(json, key))
		return stream_refuse(d->out, STREAM_MISSING_FIELD, "no %s", key);
	return stream_v1_get_u64(d, json, key, out);
}

enum stream_refusal stream_v1_get_double(struct stream_v1 *d, const json_t *json, const char *key, double *out)
{
	const json_t *value = stream_v1_get(json, key);
	if (!value)
		return STREAM_OK;
	if (!json_is_number(value) || !isfinite(json_number_value(value)))
		return stream_v1_bad_field(d, key, "a number");
	*out = json_number_value(value);
	return STREAM_OK;
}

enum stream_refusal stream_v1_get_size(struct stream_v1 *d, const json_t *json, const char *key, double *out)
{
	double value = NAN;
	enum stream_refusal refusal = stream_v1_get_double(d, json, key, &value);
	if (refusal || isnan(value))
		return refusal;
	if (value < 0)
		return stream_v1_bad_field(d, key, "a number of at least 0");
	*out = value;
	return STREAM_OK;
}

/* true, false, and the 1 and 0 of the first EIGER firmware. */
enum stream_refusal stream_v1_get_flag(struct stream_v1 *d, const json_t *json, const char *key, int *out)
{
	const json_t *value = stream_v1_get(json, key);
	if (!value)
		return STREAM_OK;
	if (json_is_boolean(value))
		*out = json_is_true(value);
	else if (json_is_integer(value) && (json_integer_value(value) & ~1LL) == 0)
		*out = (int)json_integer_value(value);
	else
		return stream_v1_bad_field(d, key, "true or false");
	return STREAM_OK;
}

enum stream_refusal stream_v1_get_text(struct stream_v1 *d, const json_t *json, const char *key, char out[STREAM_TEXT_MAX])
{
	const json_t *value = stream_v1_get(json, key);
	if (!value)
		return STREAM_OK;
	struct span text = {(const uint8_t *)json_string_value(value), json_string_length(value)};
	if (!json_is_string(value) || !stream_text_valid(text))
		return stream_v1_bad_field(d, key, "valid text");
	stream_text_copy(out, STREAM_TEXT_MAX, text);
	return STREAM_OK;
}
