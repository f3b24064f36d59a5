/* api_json.c - numbers, columns and answers as JSON (api.h). */
#include "pipeline/api.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

json_t *api_number(double v)
{
	double scale;

	if (!isfinite(v))
		return json_null();
	if (v == 0 || (v == floor(v) && fabs(v) < 1e15))
		return fabs(v) < 1e15 ? json_integer((json_int_t)v) : json_real(v);
	scale = pow(10, 5 - floor(log10(fabs(v))));
	return json_real(isfinite(scale) && scale > 0 ? round(v * scale) / scale : v);
}

json_t *api_floats(const float *values, uint32_t n)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < n; i++)
		json_array_append_new(list, api_number(values[i]));
	return list;
}

json_t *api_doubles(const double *values, uint32_t n)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < n; i++)
		json_array_append_new(list, api_number(values[i]));
	return list;
}

json_t *api_numbers(const struct record *r)
{
	return json_pack("{s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:b}", "n_strong",
			 (json_int_t)r->n_strong, "n_spots", api_number(r->n_spots), "n_spots_range", api_number(r->n_spots_range),
			 "n_spots_ring_free", api_number(r->n_spots_ring_free), "total_intensity", api_number(r->total_intensity), "total_signal",
			 api_number(r->total_signal), "background", api_number(r->background), "d_min", api_number(r->d_min), "d_min_shells",
			 api_number(r->d_min_shells), "ice", api_number(r->ice), "score", api_number(r->score), "sum", (json_int_t)r->sum, "max",
			 (json_int_t)r->max, "n_valid", (json_int_t)r->n_valid, "n_nodata", (json_int_t)r->n_nodata, "n_saturated",
			 (json_int_t)r->n_saturated, "overflow", (json_int_t)r->overflow, "hit", (int)r->hit);
}

/* Places need hundredths of a pixel, on detectors of thousands: more than six digits. */
static json_t *places(const double *values, uint32_t n)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < n; i++)
		json_array_append_new(list, json_real(round(values[i] * 1000) / 1000));
	return list;
}

static json_t *whole_u32(const uint32_t *values, uint32_t n)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < n; i++)
		json_array_append_new(list, json_integer(values[i]));
	return list;
}

json_t *api_spots(const struct record *r)
{
	uint32_t n = r->n_listed_spots;
	json_t *sum = json_array();

	for (uint32_t i = 0; i < n; i++)
		json_array_append_new(sum, json_integer((json_int_t)r->spots.sum[i]));
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "x", places(r->spots.x, n), "y", places(r->spots.y, n), "sum", sum, "n_px",
			 whole_u32(r->spots.n_px, n), "max", whole_u32(r->spots.max, n), "d", api_floats(r->spots.d, n));
}

static char *dump(json_t *root)
{
	char *text = root ? json_dumps(root, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15)) : NULL;

	json_decref(root);
	return text;
}

int api_give(struct http_answer *out, json_t *root)
{
	char *text = dump(root);

	if (!text)
		return -ENOMEM;
	out->type = "application/json";
	out->text = text;
	out->bytes = strlen(text);
	out->owned = true;
	return 0;
}

struct http_blob *api_blob(json_t *root)
{
	char *text = dump(root);
	size_t n = text ? strlen(text) : 0;
	struct http_blob *blob = text ? http_blob_make(n) : NULL;

	if (blob)
		memcpy(blob->at, text, n);
	free(text);
	return blob;
}

int api_mistake(struct http_answer *out, int status, const char *message)
{
	int rc = api_give(out, json_pack("{s:b, s:s}", "ok", 0, "message", message));

	out->status = status;
	return rc;
}

/* --- the query --------------------------------------------------------------------------------------------------------- */

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool resolve(const char *from, size_t n, char *to, size_t bytes)
{
	size_t at = 0;

	for (size_t i = 0; i < n; i++) {
		char c = from[i] == '+' ? ' ' : from[i];

		if (c == '%' && i + 2 < n + 0 && digit(from[i + 1]) >= 0 && digit(from[i + 2]) >= 0) {
			c = (char)(digit(from[i + 1]) * 16 + digit(from[i + 2]));
			i += 2;
		}
		if (!c || at + 1 >= bytes)
			return false;
		to[at++] = c;
	}
	to[at] = '\0';
	return true;
}

bool api_parameter(const char *query, const char *name, char *value, size_t bytes)
{
	size_t len = strlen(name);

	while (*query) {
		size_t n = strcspn(query, "&");

		if (n > len && !strncmp(query, name, len) && query[len] == '=')
			return resolve(query + len + 1, n - len - 1, value, bytes);
		query += n + (query[n] == '&');
	}
	return false;
}
