/* options_values.c - how each kind of option value is read. See options.h. Pure. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "bench/detector/options.h"

static int allow(char *allowed, size_t n, const char *text)
{
	snprintf(allowed, n, "%s", text);
	return -EINVAL;
}

static int allow_range(const struct option_row *row, char *allowed, size_t n)
{
	snprintf(allowed, n, "a number from %.10g to %.10g", row->min, row->max);
	return -EINVAL;
}

/* A whole text that is one finite number. */
static bool number(const char *text, char stop, double *value, const char **end)
{
	char *after;

	errno = 0;
	*value = strtod(text, &after);
	if (after == text || errno == ERANGE || !isfinite(*value) || *after != stop)
		return false;
	*end = after;
	return true;
}

static bool whole(const char *text, uint64_t *value, const char **end)
{
	char *after;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*value = strtoull(text, &after, 10);
	*end = after;
	return errno == 0;
}

int option_flag(const struct option_row *row, void *target, const char *value, char *allowed, size_t n)
{
	*(bool *)target = true;
	return 0;
}

int option_u64(const struct option_row *row, void *target, const char *value, char *allowed, size_t n)
{
	uint64_t v;
	const char *end;

	if (!whole(value, &v, &end) || *end || (double)v < row->min || (double)v > row->max) {
		snprintf(allowed, n, "a whole number from %.10g to %.10g", row->min, row->max);
		return -EINVAL;
	}
	*(uint64_t *)target = v;
	return 0;
}

int option_u32(const struct option_row *row, void *target, const char *value, char *allowed, size_t n)
{
	uint64_t v;
	int error = option_u64(row, &v, value, allowed, n);

	if (!error)
		*(uint32_t *)target = (uint32_t)v;
	return error;
}

int option_double(const struct option_row *row, void *target, const char *value, char *allowed, size_t n)
{
	double v;
	const char *end;

	if (!number(value, 0, &v, &end) || v < row->min || v > row->max)
		return allow_range(row, allowed, n);
	*(double *)target = v;
	return 0;
}

int option_text(const struct option_row *row, void *target, const char *value, char *allowed, size_t n)
{
	if (strlen(value) >= row->max || !*value) {
		snprintf(allowed, n, "a text of 1 to %.0f bytes", row->max - 1);
		return -EINVAL;
	}
	strcpy(target, value);
	return 0;
}

int option_choice(const struct option_row *row, void *target, const char *value, char *allowed, size_t n)
{
	size_t len = strlen(value);
	int index = 0;

	for (const char *at = row->choices; at; at = strchr(at, '|') ? strchr(at, '|') + 1 : NULL, index++)
		if (len && !strncasecmp(at, value, len) && (at[len] == 0 || at[len] == '|')) {
			*(int *)target = index;
			return 0;
		}
	return allow(allowed, n, row->choices);
}

/* Two choices: false, true. */
int option_either(const struct option_row *row, void *target, const char *value, char *allowed, size_t n)
{
	int index;
	int error = option_choice(row, &index, value, allowed, n);

	if (!error)
		*(bool *)target = index;
	return error;
}

/* 0.05 or 5%. */
int option_share(const struct option_row *row, void *target, const char *value, char *allowed, size_t n)
{
	double v;
	const char *end;

	if (number(value, '%', &v, &end) && !end[1])
		v /= 100;
	else if (!number(value, 0, &v, &end))
		v = NAN;
	if (!(v >= 0 && v <= 1))
		return allow(allowed, n, "a share such as 0.05 or 5%, at most 1 or 100%");
	*(double *)target = v;
	return 0;
}

/* A share, or frames:3,7,10-20. */
int option_frame_choice(const struct option_row *row, void *target, const char *value, char *allowed, size_t n)
{
	struct frame_choice *choice = target;
	const char *at = value + 7;

	*choice = (struct frame_choice){ 0 };
	if (strncmp(value, "frames:", 7)) {
		if (!option_share(row, &choice->share, value, allowed, n))
			return 0;
		return allow(allowed, n, "a share such as 0.05 or 5%, or frames such as frames:3,7,10-20");
	}
	while (choice->n_ranges < SETTINGS_RANGES_MAX) {
		uint64_t first, last;

		if (!whole(at, &first, &at))
			break;
		last = first;
		if (*at == '-' && (!whole(at + 1, &last, &at) || last < first))
			break;
		choice->range[choice->n_ranges].first = first;
		choice->range[choice->n_ranges++].last = last;
		if (!*at)
			return 0;
		if (*at++ != ',')
			break;
	}
	return allow(allowed, n, "up to 64 frames or ranges such as frames:3,7,10-20");
}

/* AMOUNT@FRAME. */
int option_event(const struct option_row *row, void *target, const char *value, char *allowed, size_t n)
{
	struct frame_event *event = target;
	double amount;
	const char *end;
	uint64_t frame;

	if (!number(value, '@', &amount, &end) || amount < row->min || amount > row->max || !whole(end + 1, &frame, &end) || *end) {
		snprintf(allowed, n, "%s with a number from %.10g to %.10g and a frame number, such as 2@100", row->argument, row->min, row->max);
		return -EINVAL;
	}
	event->amount = amount;
	event->frame = frame;
	return 0;
}

int option_endpoint(const struct option_row *row, void *target, const char *value, char *allowed, size_t n)
{
	struct options *o = (struct options *)target;

	if (strncmp(value, "tcp://", 6) && strncmp(value, "ipc://", 6))
		return allow(allowed, n, "an address such as tcp://0.0.0.0:31001 or ipc:///tmp/detector");
	if (o->n_endpoints == SETTINGS_ENDPOINTS_MAX || strlen(value) >= sizeof o->endpoint[0])
		return allow(allowed, n, "at most 16 addresses of at most 255 bytes");
	strcpy(o->endpoint[o->n_endpoints++], value);
	return 0;
}

int option_detector(const struct option_row *row, void *target, const char *value, char *allowed, size_t n)
{
	const struct model *model = model_find(value);
	size_t used = 0;

	if (model) {
		*(struct model *)target = *model;
		return 0;
	}
	for (size_t i = 0; i < models_n && used < n; i++)
		used += (size_t)snprintf(allowed + used, n - used, "%s%s", i ? ", " : "", models[i].name);
	return -EINVAL;
}

static bool two_numbers(const char *text, char between, uint32_t max, uint32_t out[2], const char **end)
{
	uint64_t a, b;

	if (!whole(text, &a, end) || **end != between || !whole(*end + 1, &b, end) || a > max || b > max)
		return false;
	out[0] = (uint32_t)a;
	out[1] = (uint32_t)b;
	return true;
}

int option_size(const struct option_row *row, void *target, const char *value, char *allowed, size_t n)
{
	struct model *model = target;
	uint32_t v[2];
	const char *end;

	if (!two_numbers(value, 'x', 65535, v, &end) || *end || !v[0] || !v[1] || (uint64_t)v[0] * v[1] > 100000000)
		return allow(allowed, n, "WIDTHxHEIGHT such as 300x200: each from 1 to 65535, together at most 100 million pixels");
	*model = (struct model){ "custom", "Simulated detector", v[0], v[1], 0, 0, 0, 0, model->pixel_um, model->electrons };
	return 0;
}

int option_modules(const struct option_row *row, void *target, const char *value, char *allowed, size_t n)
{
	struct model *model = target;
	uint32_t size[2], gap[2];
	const char *end;

	if (!two_numbers(value, 'x', 65535, size, &end) || *end != ':' || !two_numbers(end + 1, ',', 1000, gap, &end) || *end || !size[0] || !size[1])
		return allow(allowed, n, "WIDTHxHEIGHT:GAP_X,GAP_Y such as 128x100:8,12");
	model->module_width = size[0];
	model->module_height = size[1];
	model->gap_x = gap[0];
	model->gap_y = gap[1];
	return 0;
}

static unsigned numbers(const char *text, double *out, unsigned max, const char **end)
{
	unsigned n = 0;

	for (; n < max; n++) {
		char *after;

		out[n] = strtod(text, &after);
		if (after == text || !isfinite(out[n]))
			return 0;
		*end = after;
		if (*after != ',')
			return n + 1;
		text = after + 1;
	}
	return n;
}

int option_pair(const struct option_row *row, void *target, const char *value, char *allowed, size_t n)
{
	double v[2];
	const char *end;

	if (numbers(value, v, 2, &end) != 2 || *end || v[0] < row->min || v[0] > row->max || v[1] < row->min || v[1] > row->max) {
		snprintf(allowed, n, "two numbers X,Y from %.10g to %.10g", row->min, row->max);
		return -EINVAL;
	}
	memcpy(target, v, sizeof v);
	return 0;
}

int option_cell(const struct option_row *row, void *target, const char *value, char *allowed, size_t n)
{
	struct crystal_cell cell = { .centring = 'P' };
	double v[6];
	const char *end = value;
	char text[256], *last;

	snprintf(text, sizeof text, "%s", value);
	last = strrchr(text, ',');
	if (last && last[1] && strchr("PABCIFR", last[1]) && !last[2]) {
		cell.centring = last[1];
		*last = 0;
	}
	if (numbers(text, v, 6, &end) != 6 || *end)
		return allow(allowed, n, "A,B,C,ALPHA,BETA,GAMMA and perhaps a centring of P A B C I F R, such as 79.1,79.1,37.9,90,90,90,P");
	for (int i = 0; i < 6; i++)
		if (v[i] < 1 || v[i] > (i < 3 ? 1000 : 179))
			return allow(allowed, n, "lengths from 1 to 1000 Angstrom and angles from 1 to 179 degrees");
	cell.a = v[0];
	cell.b = v[1];
	cell.c = v[2];
	cell.alpha = v[3];
	cell.beta = v[4];
	cell.gamma = v[5];
	*(struct crystal_cell *)target = cell;
	return 0;
}

int option_powder(const struct option_row *row, void *target, const char *value, char *allowed, size_t n)
{
	struct background_config *b = target;
	const char *end;
	unsigned count = numbers(value, b->powder_d, BACKGROUND_RINGS_MAX, &end);

	for (unsigned i = 0; i < count; i++)
		if (b->powder_d[i] < 0.1 || b->powder_d[i] > 1000)
			count = 0;
	if (!count || *end)
		return allow(allowed, n, "up to 32 lattice spacings in Angstrom, each from 0.1 to 1000, such as 3.124,2.705,1.913");
	b->n_powder = count;
	return 0;
}

int option_channels(const struct option_row *row, void *target, const char *value, char *allowed, size_t n)
{
	struct settings *s = target;
	char text[128], *save, *name;
	bool seen[CHANNEL_KINDS] = { false };

	snprintf(text, sizeof text, "%s", value);
	s->n_channels = 0;
	for (name = strtok_r(text, ",", &save); name; name = strtok_r(NULL, ",", &save)) {
		int kind = 0;

		while (kind < CHANNEL_KINDS && strcmp(name, channel_names[kind]))
			kind++;
		if (kind == CHANNEL_KINDS || seen[kind])
			return allow(allowed, n, "threshold_1,threshold_2,difference: each at most once");
		seen[kind] = true;
		s->channel[s->n_channels++] = kind;
	}
	return s->n_channels ? 0 : allow(allowed, n, "threshold_1,threshold_2,difference: at least one");
}

int option_rate(const struct option_row *row, void *target, const char *value, char *allowed, size_t n)
{
	if (!strcmp(value, "max")) {
		*(double *)target = 0;
		return 0;
	}
	if (option_double(row, target, value, allowed, n))
		return allow(allowed, n, "frames per second from 0.001 to 1000000, or max");
	return 0;
}

int option_codec(const struct option_row *row, void *target, const char *value, char *allowed, size_t n)
{
	static const enum codec codecs[] = { CODEC_BSLZ4, CODEC_LZ4_FRAMED, CODEC_LZ4_RAW, CODEC_NONE };
	int index;
	int error = option_choice(row, &index, value, allowed, n);

	if (!error)
		*(enum codec *)target = codecs[index];
	return error;
}
