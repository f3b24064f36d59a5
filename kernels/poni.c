/* poni.c - reads the text of a pyFAI .poni file into a geometry.
 *
 * For whoever configures a detector (geometry.h declares the one function). The text is hostile: it is only read, bounded by its
 * terminating zero and by TEXT_MAX, and every number is checked against a range before it is used.
 * The format is pyFAI's io/ponifile.py: "key: value" lines, '#' comments, the last of several equal keys counts. */
#include "kernels/geometry.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX (1u << 20)
#define NUMBER_CHARS 63 /* longer than any double printed in full */

enum field { DISTANCE, PONI1, PONI2, ROT1, ROT2, ROT3, WAVELENGTH, PIXEL1, PIXEL2, FIELDS };

static const struct field_rule {
	const char *name, *alias;
	double least, largest; /* metres or radians */
} rules[FIELDS] = {
	[DISTANCE] = { "distance", "dist", 1e-6, 1e6 },
	[PONI1] = { "poni1", NULL, -1e6, 1e6 },
	[PONI2] = { "poni2", NULL, -1e6, 1e6 },
	[ROT1] = { "rot1", NULL, -10.0, 10.0 },
	[ROT2] = { "rot2", NULL, -10.0, 10.0 },
	[ROT3] = { "rot3", NULL, -10.0, 10.0 },
	[WAVELENGTH] = { "wavelength", NULL, 1e-15, 1e-6 },
	[PIXEL1] = { "pixelsize1", NULL, 1e-9, 1.0 },
	[PIXEL2] = { "pixelsize2", NULL, 1e-9, 1.0 },
};

/* Detectors of pyFAI that are no flat grid of equal pixels. */
static const char *const not_flat[] = { "nexusdetector", "aarhus", "cylindrical", "cirpad", "hexdetector", "pixirad1",
					"xpad_flat", "rapid" };

struct span {
	const char *at, *end;
};

struct poni {
	double value[FIELDS];
	bool present[FIELDS];
	double version;
	unsigned orientation; /* as pyFAI numbers it: 3 is the stored order, 1 both axes reversed, 2 rows, 4 columns */
	double shape[2];      /* rows, columns; 0: the file does not say */
	unsigned line;
	char *message;
	size_t message_bytes;
};

static int refuse(struct poni *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Writes the reason, with the line where there is one, and makes unprintable bytes of the file harmless. */
static int refuse(struct poni *p, const char *format, ...)
{
	char words[200];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(words, sizeof words, format, arguments);
	va_end(arguments);
	for (char *c = words; *c; c++)
		if (!isprint((unsigned char)*c))
			*c = '?';
	if (p->message && p->message_bytes && p->line)
		snprintf(p->message, p->message_bytes, "poni line %u: %s", p->line, words);
	else if (p->message && p->message_bytes)
		snprintf(p->message, p->message_bytes, "poni: %s", words);
	return -EINVAL;
}

static struct span trim(struct span s)
{
	while (s.at < s.end && isspace((unsigned char)*s.at))
		s.at++;
	while (s.at < s.end && isspace((unsigned char)s.end[-1]))
		s.end--;
	return s;
}

static int shown(struct span s)
{
	return s.end - s.at > 40 ? 40 : (int)(s.end - s.at);
}

static bool same(struct span s, const char *lower_case)
{
	size_t n = strlen(lower_case);

	if ((size_t)(s.end - s.at) != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (tolower((unsigned char)s.at[i]) != lower_case[i])
			return false;
	return true;
}

/* Plain decimal numbers only: strtod alone would also take hexadecimal, nan and inf. */
static bool number(struct span s, double *out)
{
	char copy[NUMBER_CHARS + 1], *end;
	size_t n = (size_t)(s.end - s.at);

	if (n == 0 || n > NUMBER_CHARS)
		return false;
	memcpy(copy, s.at, n);
	copy[n] = 0;
	if (strspn(copy, "0123456789+-.eE") != n)
		return false;
	*out = strtod(copy, &end);
	return *end == 0 && isfinite(*out);
}

static int set_field(struct poni *p, enum field f, struct span value)
{
	double v;

	if (!number(value, &v))
		return refuse(p, "%s: '%.*s' is not a number", rules[f].name, shown(value), value.at);
	if (v < rules[f].least || v > rules[f].largest)
		return refuse(p, "%s: %g is not within %g to %g (metres, radians)", rules[f].name, v, rules[f].least,
			      rules[f].largest);
	p->value[f] = v;
	p->present[f] = true;
	return 0;
}

static void skip_space(struct span *s)
{
	while (s->at < s->end && isspace((unsigned char)*s->at))
		s->at++;
}

/* A JSON string at the cursor: out gets what stands between the quotes, escapes untouched. */
static bool take_string(struct span *s, struct span *out)
{
	if (s->at >= s->end || *s->at != '"')
		return false;
	out->at = ++s->at;
	while (s->at < s->end && *s->at != '"')
		s->at += *s->at == '\\' && s->end - s->at > 1 ? 2 : 1;
	out->end = s->at;
	return s->at++ < s->end;
}

/* A JSON value of any kind at the cursor, taken whole as text. */
static bool take_value(struct span *s, struct span *out)
{
	int depth = 0;
	struct span inner;

	out->at = s->at;
	while (s->at < s->end && (depth > 0 || (*s->at != ',' && *s->at != '}'))) {
		if (*s->at == '"') {
			if (!take_string(s, &inner))
				return false;
			continue;
		}
		depth += *s->at == '[' || *s->at == '{';
		depth -= *s->at == ']' || *s->at == '}';
		if (depth < 0)
			return false;
		s->at++;
	}
	out->end = s->at;
	*out = trim(*out);
	return depth == 0 && out->at < out->end;
}

static int set_shape(struct poni *p, struct span value)
{
	struct span rows = { value.at + 1, value.end - 1 }, columns = { NULL, value.end - 1 };
	const char *comma = value.end - value.at > 2 && *value.at == '[' && value.end[-1] == ']'
				    ? memchr(rows.at, ',', (size_t)(rows.end - rows.at)) : NULL;

	if (!comma)
		return refuse(p, "max_shape: '%.*s' is not [rows, columns]", shown(value), value.at);
	rows.end = comma;
	columns.at = comma + 1;
	if (!number(trim(rows), &p->shape[0]) || !number(trim(columns), &p->shape[1]) || p->shape[0] < 1 || p->shape[1] < 1 ||
	    p->shape[0] > 65535 || p->shape[1] > 65535)
		return refuse(p, "max_shape: '%.*s' is not [rows, columns] of 1 to 65535", shown(value), value.at);
	return 0;
}

static int set_config_entry(struct poni *p, struct span key, struct span value)
{
	double v;

	if (same(value, "null"))
		return 0;
	if (same(key, "pixel1"))
		return set_field(p, PIXEL1, value);
	if (same(key, "pixel2"))
		return set_field(p, PIXEL2, value);
	if (same(key, "max_shape"))
		return set_shape(p, value);
	if (same(key, "splinefile") || same(key, "x_offset_file") || same(key, "y_offset_file"))
		return refuse(p, "%.*s: a distorted detector is not a flat one; correct the images first", shown(key), key.at);
	if (!same(key, "orientation"))
		return 0;
	if (!number(value, &v) || (v != 0 && v != 1 && v != 2 && v != 3 && v != 4))
		return refuse(p, "orientation: '%.*s' is none of 1, 2, 3, 4", shown(value), value.at);
	p->orientation = v == 0 ? 3 : (unsigned)v;
	return 0;
}

/* Detector_config of version 2: one JSON object; only what changes the geometry is looked at. */
static int set_config(struct poni *p, struct span s)
{
	struct span key, value;
	int status;

	if (s.at == s.end || same(s, "none") || same(s, "null"))
		return 0;
	if (*s.at++ != '{')
		return refuse(p, "detector_config is not a JSON object");
	for (skip_space(&s); s.at < s.end && *s.at != '}'; skip_space(&s)) {
		if (!take_string(&s, &key))
			return refuse(p, "detector_config: expected a quoted key");
		skip_space(&s);
		if (s.at >= s.end || *s.at++ != ':')
			return refuse(p, "detector_config: no ':' after '%.*s'", shown(key), key.at);
		if (!take_value(&s, &value))
			return refuse(p, "detector_config: no whole value for '%.*s'", shown(key), key.at);
		status = set_config_entry(p, key, value);
		if (status)
			return status;
		if (s.at < s.end && *s.at == ',')
			s.at++;
	}
	return s.at < s.end ? 0 : refuse(p, "detector_config: no closing '}'");
}

static int set_detector(struct poni *p, struct span name)
{
	for (size_t i = 0; i < sizeof not_flat / sizeof *not_flat; i++)
		if (same(name, not_flat[i]))
			return refuse(p, "detector '%.*s' is not a flat grid of equal pixels", shown(name), name.at);
	return 0;
}

static int take_line(struct poni *p, struct span line)
{
	const char *colon = memchr(line.at, ':', (size_t)(line.end - line.at));

	if (line.at == line.end || *line.at == '#' || !colon)
		return 0;
	struct span key = trim((struct span){ line.at, colon }), value = trim((struct span){ colon + 1, line.end });
	for (int f = 0; f < FIELDS; f++)
		if (same(key, rules[f].name) || (rules[f].alias && same(key, rules[f].alias)))
			/* An uncalibrated wavelength is written as None. */
			return f == WAVELENGTH && same(value, "none") ? 0 : set_field(p, (enum field)f, value);
	if (same(key, "poni_version")) {
		if (!number(value, &p->version) || (p->version != 1 && p->version != 2 && p->version != 2.1))
			return refuse(p, "version '%.*s' is none of 1, 2, 2.1", shown(value), value.at);
	} else if (same(key, "detector")) {
		return set_detector(p, value);
	} else if (same(key, "detector_config")) {
		return set_config(p, value);
	} else if (same(key, "splinefile") && !same(value, "none") && value.at < value.end) {
		return refuse(p, "splinefile: a distorted detector is not a flat one; correct the images first");
	}
	return 0;
}

static int take_text(struct poni *p, const char *text)
{
	const char *end = memchr(text, 0, TEXT_MAX);

	if (!end)
		return refuse(p, "longer than %u bytes", TEXT_MAX);
	while (text < end) {
		const char *line_end = memchr(text, '\n', (size_t)(end - text));
		struct span line = { text, line_end ? line_end : end };
		p->line++;
		int status = take_line(p, line);
		if (status)
			return status;
		text = line_end ? line_end + 1 : end;
	}
	p->line = 0;
	return 0;
}

/* Fills in what the file leaves open from what the caller knows, and says what is missing. */
static int complete(struct poni *p, double pixel_x_mm, double pixel_y_mm, double wavelength_angstrom)
{
	static const enum field needed[] = { DISTANCE, PONI1, PONI2 };
	const double given[FIELDS] = { [PIXEL1] = pixel_y_mm * 1e-3, [PIXEL2] = pixel_x_mm * 1e-3,
				       [WAVELENGTH] = wavelength_angstrom * 1e-10 };

	for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
		if (!p->present[needed[i]])
			return refuse(p, "%s is missing", rules[needed[i]].name);
	for (int f = WAVELENGTH; f <= PIXEL2; f++) {
		if (p->present[f])
			continue;
		if (!(given[f] >= rules[f].least && given[f] <= rules[f].largest))
			return refuse(p, "%s is missing; give it in the configuration",
				      f == WAVELENGTH ? "wavelength" : "the pixel size (the file only names the detector)");
		p->value[f] = given[f];
	}
	if (p->orientation != 3 && p->shape[0] == 0)
		return refuse(p, "orientation %u cannot be used: max_shape is missing", p->orientation);
	return 0;
}

/* pyFAI rotates (slow, fast, along the beam) by rot1 and rot2 (left-handed) and rot3 (right-handed), in this order. The columns of
 * the product are the detector's axes in the laboratory, whose x is pyFAI's second and y its first. */
static void place(const struct poni *p, struct geometry *g)
{
	const double c1 = cos(p->value[ROT1]), s1 = sin(p->value[ROT1]), c2 = cos(p->value[ROT2]), s2 = sin(p->value[ROT2]),
		     c3 = cos(p->value[ROT3]), s3 = sin(p->value[ROT3]);
	const double slow[3] = { s3 * c2, c3 * c2, s2 };
	const double fast[3] = { c3 * c1 + s3 * s2 * s1, -s3 * c1 + c3 * s2 * s1, -c2 * s1 };
	const double normal[3] = { c3 * s1 - s3 * s2 * c1, -s3 * s1 - c3 * s2 * c1, c2 * c1 };
	bool rows_reversed = p->orientation == 1 || p->orientation == 2;
	bool columns_reversed = p->orientation == 1 || p->orientation == 4;

	g->pixel_x_mm = p->value[PIXEL2] * 1e3;
	g->pixel_y_mm = p->value[PIXEL1] * 1e3;
	g->wavelength_angstrom = p->value[WAVELENGTH] * 1e10;
	for (int i = 0; i < 3; i++) {
		g->fast[i] = columns_reversed ? -fast[i] : fast[i];
		g->slow[i] = rows_reversed ? -slow[i] : slow[i];
		g->origin_mm[i] = 1e3 * (p->value[DISTANCE] * normal[i] - p->value[PONI1] * slow[i] - p->value[PONI2] * fast[i]) +
				  (rows_reversed ? p->shape[0] * g->pixel_y_mm * slow[i] : 0.0) +
				  (columns_reversed ? p->shape[1] * g->pixel_x_mm * fast[i] : 0.0);
	}
	g->known = true;
}

int geometry_from_poni(struct geometry *g, const char *text, double pixel_x_mm, double pixel_y_mm,
		       double wavelength_angstrom, char *message, size_t message_bytes)
{
	struct poni p = { .orientation = 3, .version = 1, .message = message, .message_bytes = message_bytes };

	memset(g, 0, sizeof *g);
	int status = take_text(&p, text);
	if (!status)
		status = complete(&p, pixel_x_mm, pixel_y_mm, wavelength_angstrom);
	if (!status)
		place(&p, g);
	return status;
}
