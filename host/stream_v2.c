/* stream_v2.c - takes Stream v2 (CBOR) messages apart, for stream_decode. Never copies pixels, never allocates.
 *
 * First the message is walked once: that finds the fields, wherever they stand, and proves all of it well-formed. Then each known field is
 * read by its row in a table. What a strict client would choke on (fact sheet B.6) is taken where its meaning is clear, and remembered
 * in the message's `strict`. */
#include "host/stream_v2.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define KEY_MAX 32    /* no known key is longer */
#define FIELDS_MAX 40 /* rows of a table */

struct field {
	const char *key;
	stream_v2_reader *read;
	size_t offset; /* of the target in the message's struct */
	bool required;
};

/* --- fields that are more than one value ------------------------------------------------------------------------------------- */

static struct stream_start_channel *find_channel(struct stream_start *start, const char *name)
{
	for (uint32_t i = 0; i < start->n_channels; i++)
		if (strcmp(start->channel[i].name, name) == 0)
			return &start->channel[i];
	return NULL;
}

static enum stream_refusal too_many_channels(struct stream_v2 *d)
{
	return stream_refuse(d->out, STREAM_TOO_LARGE, "more than %u channels", d->limits->max_channels);
}

static bool has_room(const struct stream_v2 *d, uint32_t n_channels)
{
	return n_channels < STREAM_CHANNELS_MAX && n_channels < d->limits->max_channels;
}

static enum stream_refusal read_channels(struct stream_v2 *d, const char *key, void *target)
{
	struct stream_start *start = target;
	struct cbor_in_seq seq;
	bool absent;
	enum stream_refusal refusal = stream_v2_open_seq(d, key, CBOR_IN_ARRAY, &seq, &absent);
	if (refusal || absent)
		return refusal;
	while (cbor_in_more(&d->in, &seq) == 1) {
		char name[STREAM_NAME_MAX];
		if ((refusal = stream_v2_read_key(d, key, name)))
			return refusal;
		if (find_channel(start, name))
			return stream_refuse(d->out, STREAM_BAD_FIELD, "%s: \"%s\" twice", key, name);
		if (!has_room(d, start->n_channels))
			return too_many_channels(d);
		memcpy(start->channel[start->n_channels++].name, name, sizeof name);
	}
	return STREAM_OK;
}

/* A mask or flatfield for each channel; one for a channel that is not announced is passed over. */
static enum stream_refusal read_tables(struct stream_v2 *d, const char *key, struct stream_start *start, enum stream_v2_use use)
{
	struct cbor_in_seq seq;
	bool absent;
	enum stream_refusal refusal = stream_v2_open_seq(d, key, CBOR_IN_MAP, &seq, &absent);
	if (refusal || absent)
		return refusal;
	while (cbor_in_more(&d->in, &seq) == 1) {
		char name[STREAM_NAME_MAX];
		struct stream_array table = {.bytes = {NULL, 0}};
		if ((refusal = stream_v2_read_key(d, key, name)) || (refusal = stream_v2_read_array(d, key, use, &table)))
			return refusal;
		if (table.bytes.len && start->width && start->height && (table.width != start->width || table.height != start->height))
			return stream_refuse(d->out, STREAM_BAD_SHAPE, "%s: %u x %u for an image of %u x %u", key, table.width,
					     table.height, start->width, start->height);
		struct stream_start_channel *channel = find_channel(start, name);
		if (channel)
			*(use == STREAM_V2_MASK ? &channel->pixel_mask : &channel->flatfield) = table;
	}
	return STREAM_OK;
}

static enum stream_refusal read_masks(struct stream_v2 *d, const char *key, void *target)
{
	return read_tables(d, key, target, STREAM_V2_MASK);
}

static enum stream_refusal read_flatfields(struct stream_v2 *d, const char *key, void *target)
{
	return read_tables(d, key, target, STREAM_V2_FLATFIELD);
}

/* Energies may name thresholds that are not among the channels. */
static enum stream_refusal read_energies(struct stream_v2 *d, const char *key, void *target)
{
	struct cbor_in_seq seq;
	bool absent;
	enum stream_refusal refusal = stream_v2_open_seq(d, key, CBOR_IN_MAP, &seq, &absent);
	if (refusal || absent)
		return refusal;
	while (cbor_in_more(&d->in, &seq) == 1) {
		char name[STREAM_NAME_MAX];
		double energy = NAN;
		if ((refusal = stream_v2_read_key(d, key, name)) || (refusal = stream_v2_read_size(d, key, &energy)))
			return refusal;
		struct stream_start_channel *channel = find_channel(target, name);
		if (channel)
			channel->threshold_energy_ev = energy;
	}
	return STREAM_OK;
}

static enum stream_refusal read_axis(struct stream_v2 *d, const char *key, struct stream_axis *axis)
{
	struct cbor_in_seq seq;
	bool absent;
	enum stream_refusal refusal = stream_v2_open_seq(d, key, CBOR_IN_MAP, &seq, &absent);
	while (!refusal && !absent && cbor_in_more(&d->in, &seq) == 1) {
		char name[STREAM_NAME_MAX];
		if ((refusal = stream_v2_read_key(d, key, name)))
			break;
		if (strcmp(name, "start") == 0)
			refusal = stream_v2_read_float(d, key, &axis->start);
		else if (strcmp(name, "increment") == 0)
			refusal = stream_v2_read_float(d, key, &axis->increment);
		else if (cbor_in_skip(&d->in))
			refusal = stream_v2_bad_cbor(d, 0);
	}
	return refusal;
}

static enum stream_refusal read_goniometer(struct stream_v2 *d, const char *key, void *target)
{
	struct stream_start *start = target;
	struct cbor_in_seq seq;
	bool absent;
	enum stream_refusal refusal = stream_v2_open_seq(d, key, CBOR_IN_MAP, &seq, &absent);
	while (!refusal && !absent && cbor_in_more(&d->in, &seq) == 1) {
		char name[STREAM_NAME_MAX];
		struct stream_axis axis = {.start = NAN, .increment = NAN};
		if ((refusal = stream_v2_read_key(d, key, name)) || (refusal = read_axis(d, key, &axis)))
			break;
		if (strlen(name) >= sizeof axis.name || start->n_axes == STREAM_AXES_MAX)
			continue;
		memcpy(axis.name, name, strlen(name) + 1);
		start->axis[start->n_axes++] = axis;
	}
	return refusal;
}

/* u32 with its typed-array tag. A compressed table is left to the clients that want it: here it is opaque anyway. */
static enum stream_refusal read_lookup_table(struct stream_v2 *d, const char *key, void *target)
{
	struct cbor_in peek = d->in;
	struct cbor_in_item tag, bytes = {.kind = CBOR_IN_NULL};
	bool typed = cbor_in_next(&peek, &tag) == 0 && tag.kind == CBOR_IN_TAG && tag.value == TAG_U32;
	bool plain = typed && cbor_in_next(&peek, &bytes) == 0 && bytes.kind == CBOR_IN_BYTES && !bytes.indefinite;
	if (plain && bytes.bytes.len % 4 == 0)
		*(struct span *)target = bytes.bytes;
	else if (!(typed && bytes.kind == CBOR_IN_TAG && bytes.value == TAG_COMPRESSED))
		d->strict = false;
	return STREAM_OK;
}

static enum stream_refusal read_translation(struct stream_v2 *d, const char *key, void *target)
{
	struct stream_start *start = target;
	struct cbor_in_seq seq;
	bool absent;
	enum stream_refusal refusal = stream_v2_open_seq(d, key, CBOR_IN_ARRAY, &seq, &absent);
	if (refusal || absent)
		return refusal;
	unsigned n = 0;
	for (; cbor_in_more(&d->in, &seq) == 1; n++)
		if (n == 3 || (refusal = stream_v2_read_float(d, key, &start->translation_m[n])))
			return refusal ? refusal : stream_v2_bad_field(d, key, "three numbers");
	if (n != 3)
		return stream_v2_bad_field(d, key, "three numbers");
	start->distance_m = fabs(start->translation_m[2]);
	return STREAM_OK;
}

static enum stream_refusal read_dtype(struct stream_v2 *d, const char *key, void *target)
{
	struct stream_start *start = target;
	char name[STREAM_TEXT_MAX] = "";
	enum stream_refusal refusal = stream_v2_read_text(d, key, name);
	if (refusal || !name[0])
		return refusal;
	start->elem_bytes = stream_type_bytes(name);
	return start->elem_bytes ? STREAM_OK : stream_refuse(d->out, STREAM_BAD_TYPE, "%s: \"%s\"", key, name);
}

static enum stream_refusal read_n_images(struct stream_v2 *d, const char *key, void *target)
{
	struct stream_start *start = target;
	uint64_t n = UINT64_MAX;
	enum stream_refusal refusal = stream_v2_read_u64(d, key, &n);
	start->n_images_known = !refusal && n != UINT64_MAX;
	start->n_images = start->n_images_known ? n : 0;
	return refusal;
}

static enum stream_refusal read_data(struct stream_v2 *d, const char *key, void *target)
{
	struct stream_image *image = target;
	struct cbor_in_seq seq;
	bool absent;
	enum stream_refusal refusal = stream_v2_open_seq(d, key, CBOR_IN_MAP, &seq, &absent);
	while (!refusal && !absent && cbor_in_more(&d->in, &seq) == 1) {
		if (!has_room(d, image->n_channels))
			return too_many_channels(d);
		struct stream_channel *channel = &image->channel[image->n_channels];
		if ((refusal = stream_v2_read_key(d, key, channel->name)))
			break;
		for (uint32_t i = 0; i < image->n_channels; i++)
			if (strcmp(image->channel[i].name, channel->name) == 0)
				return stream_refuse(d->out, STREAM_BAD_FIELD, "%s: \"%s\" twice", key, channel->name);
		refusal = stream_v2_read_array(d, channel->name, STREAM_V2_PIXELS, &channel->pixels);
		image->n_channels++;
	}
	if (!refusal && image->n_channels == 0)
		return stream_refuse(d->out, STREAM_MISSING_FIELD, "%s: no channel", key);
	return refusal;
}

/* --- the messages ------------------------------------------------------------------------------------------------------------ */

#define START(member) offsetof(struct stream_start, member)
#define IMAGE(member) offsetof(struct stream_image, member)
#define END(member) offsetof(struct stream_end, member)

/* Rows are read in this order: what others are checked against comes first. */
static const struct field start_fields[] = {
	{"series_id", stream_v2_read_id, START(series_id), true},
	{"series_unique_id", stream_v2_read_unique_id, START(series_unique_id), false},
	{"channels", read_channels, 0, false},
	{"image_size_x", stream_v2_read_side, START(width), false},
	{"image_size_y", stream_v2_read_side, START(height), false},
	{"image_dtype", read_dtype, 0, false},
	{"number_of_images", read_n_images, 0, false},
	{"arm_date", stream_v2_read_date, START(arm_date), false},
	{"beam_center_x", stream_v2_read_float, START(beam_x_px), false},
	{"beam_center_y", stream_v2_read_float, START(beam_y_px), false},
	{"count_time", stream_v2_read_size, START(count_time_s), false},
	{"countrate_correction_enabled", stream_v2_read_flag, START(countrate_correction), false},
	{"countrate_correction_lookup_table", read_lookup_table, START(countrate_table), false},
	{"detector_description", stream_v2_read_text, START(detector_description), false},
	{"detector_serial_number", stream_v2_read_text, START(detector_serial), false},
	{"detector_translation", read_translation, 0, false},
	{"flatfield", read_flatfields, 0, false},
	{"flatfield_enabled", stream_v2_read_flag, START(flatfield_correction), false},
	{"frame_time", stream_v2_read_size, START(frame_time_s), false},
	{"goniometer", read_goniometer, 0, false},
	{"incident_energy", stream_v2_read_size, START(energy_ev), false},
	{"incident_wavelength", stream_v2_read_size, START(wavelength_angstrom), false},
	{"pixel_mask", read_masks, 0, false},
	{"pixel_mask_enabled", stream_v2_read_flag, START(mask_applied), false},
	{"pixel_size_x", stream_v2_read_size, START(pixel_x_m), false},
	{"pixel_size_y", stream_v2_read_size, START(pixel_y_m), false},
	{"saturation_value", stream_v2_read_u64, START(saturation_value), false},
	{"sensor_material", stream_v2_read_text, START(sensor_material), false},
	{"sensor_thickness", stream_v2_read_size, START(sensor_thickness_m), false},
	{"threshold_energy", read_energies, 0, false},
	{"user_data", stream_v2_read_any, START(user_data), false},
	{"virtual_pixel_interpolation_enabled", stream_v2_read_flag, START(virtual_interpolation), false},
};

static const struct field image_fields[] = {
	{"series_id", stream_v2_read_id, IMAGE(series_id), true},
	{"series_unique_id", stream_v2_read_unique_id, IMAGE(series_unique_id), false},
	{"image_id", stream_v2_read_id, IMAGE(image_id), true},
	{"real_time", stream_v2_read_rational, IMAGE(real_time), false},
	{"series_date", stream_v2_read_date, IMAGE(series_date), false},
	{"start_time", stream_v2_read_rational, IMAGE(start_time), false},
	{"stop_time", stream_v2_read_rational, IMAGE(stop_time), false},
	{"user_data", stream_v2_read_any, IMAGE(user_data), false},
	{"data", read_data, 0, true},
};

static const struct field end_fields[] = {
	{"series_id", stream_v2_read_id, END(series_id), true},
	{"series_unique_id", stream_v2_read_unique_id, END(series_unique_id), false},
};

struct kind {
	const char *type;
	const struct field *field;
	size_t n_fields;
};

static const struct kind kinds[] = {
	[STREAM_START] = {"start", start_fields, sizeof start_fields / sizeof *start_fields},
	[STREAM_IMAGE] = {"image", image_fields, sizeof image_fields / sizeof *image_fields},
	[STREAM_END] = {"end", end_fields, sizeof end_fields / sizeof *end_fields},
};
_Static_assert(sizeof start_fields / sizeof *start_fields <= FIELDS_MAX, "a row of every table has its place");

/* A top-level key: "" where it is none of ours. */
static int next_key(struct stream_v2 *d, char key[KEY_MAX + 8])
{
	struct cbor_in peek = d->in;
	struct cbor_in_item item;
	size_t len = 0;
	if (cbor_in_next(&peek, &item))
		return -EBADMSG;
	int error = cbor_in_skip(&d->in);
	if (error)
		return error;
	key[0] = '\0';
	d->strict = d->strict && item.kind == CBOR_IN_TEXT;
	if (item.kind == CBOR_IN_TEXT) {
		struct cbor_in after = d->in;
		d->in = peek;
		if (!stream_v2_text(d, &item, key, KEY_MAX + 8, &len) || len >= KEY_MAX + 8)
			key[0] = '\0';
		d->in = after;
	}
	return 0;
}

/* The magic tag, if any, and the head of the map. */
static enum stream_refusal open_message(struct stream_v2 *d, struct cbor_in_seq *seq)
{
	struct cbor_in_item item;
	if (cbor_in_next(&d->in, &item))
		return stream_v2_bad_cbor(d, 0);
	if (item.kind == CBOR_IN_TAG && item.value == TAG_MAGIC) {
		if (cbor_in_next(&d->in, &item))
			return stream_v2_bad_cbor(d, 0);
	} else {
		d->strict = false;
	}
	if (item.kind != CBOR_IN_MAP)
		return stream_refuse(d->out, STREAM_NOT_A_STREAM, "CBOR, but not a map");
	*seq = cbor_in_seq(&item);
	return STREAM_OK;
}

/* Which kind the message is; the cursor ends anywhere. "type" comes first in every detector's messages. */
static enum stream_refusal find_kind(struct stream_v2 *d, struct cbor_in_seq seq, const struct kind **kind)
{
	char key[KEY_MAX + 8], type[STREAM_TEXT_MAX] = "";
	for (unsigned n = 0;; n++) {
		int more = cbor_in_more(&d->in, &seq);
		int error = more < 0 ? more : more ? next_key(d, key) : 0;
		if (error)
			return stream_v2_bad_cbor(d, error);
		if (!more)
			return stream_refuse(d->out, STREAM_NOT_A_STREAM, "a CBOR map without a type");
		if (strcmp(key, "type") == 0)
			break;
		d->strict = false;
		if ((error = cbor_in_skip(&d->in)))
			return stream_v2_bad_cbor(d, error);
	}
	enum stream_refusal refusal = stream_v2_read_text(d, "type", type);
	if (refusal)
		return refusal;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (strcmp(type, kinds[i].type) == 0) {
			d->out->kind = (enum stream_kind)i;
			*kind = &kinds[i];
			return STREAM_OK;
		}
	}
	return stream_refuse(d->out, STREAM_NOT_A_STREAM, "a CBOR message of type \"%s\"", type);
}

/* Names of the pre-release dialect where the final one has series_id and image_id. */
static bool is_beta_key(const char *key)
{
	return strcmp(key, "series_number") == 0 || strcmp(key, "image_number") == 0;
}

/* Walks the whole message and notes where each known field's value begins. */
static enum stream_refusal find_fields(struct stream_v2 *d, struct cbor_in_seq seq, const struct kind *kind,
				       const uint8_t *value[FIELDS_MAX], bool *beta)
{
	char key[KEY_MAX + 8];
	int more, error;
	bool type_seen = false;
	while ((more = cbor_in_more(&d->in, &seq)) == 1) {
		if ((error = next_key(d, key)))
			return stream_v2_bad_cbor(d, error);
		bool again = strcmp(key, "type") == 0 && type_seen;
		type_seen = type_seen || strcmp(key, "type") == 0;
		*beta = *beta || is_beta_key(key);
		for (size_t i = 0; i < kind->n_fields; i++) {
			if (strcmp(key, kind->field[i].key) != 0)
				continue;
			again = again || value[i];
			value[i] = d->in.at;
		}
		if (again)
			return stream_refuse(d->out, STREAM_BAD_FIELD, "%s: twice", key);
		if ((error = cbor_in_skip(&d->in)))
			return stream_v2_bad_cbor(d, error);
	}
	if (more < 0)
		return stream_v2_bad_cbor(d, more);
	if (d->in.at != d->in.end)
		return stream_refuse(d->out, STREAM_BAD_CBOR, "%zu bytes after the message", (size_t)(d->in.end - d->in.at));
	return STREAM_OK;
}

static enum stream_refusal read_fields(struct stream_v2 *d, const struct kind *kind, const uint8_t *const value[FIELDS_MAX], void *target)
{
	for (size_t i = 0; i < kind->n_fields; i++) {
		const struct field *field = &kind->field[i];
		if (!value[i] && field->required)
			return stream_refuse(d->out, STREAM_MISSING_FIELD, "%s message without %s", kind->type, field->key);
		if (!value[i])
			continue;
		d->in.at = value[i];
		enum stream_refusal refusal = field->read(d, field->key, (char *)target + field->offset);
		if (refusal)
			return refusal;
	}
	return STREAM_OK;
}

/* A client needs the id that tells series apart, and it is in every detector's messages. */
static void finish(struct stream_v2 *d)
{
	struct stream_message *out = d->out;
	if (out->kind == STREAM_START)
		out->start.strict = d->strict && out->start.series_unique_id[0];
	else if (out->kind == STREAM_IMAGE)
		out->image.strict = d->strict && out->image.series_unique_id[0];
	else
		out->end.strict = d->strict && out->end.series_unique_id[0];
}

enum stream_refusal stream_v2_decode(struct stream_message *out, struct span message, const struct stream_limits *limits)
{
	struct stream_v2 d = {.in = cbor_in_open(message), .out = out, .limits = limits, .strict = true};
	struct cbor_in_seq seq;
	const struct kind *kind = NULL;
	const uint8_t *value[FIELDS_MAX] = {NULL};
	bool beta = false;
	enum stream_refusal refusal = open_message(&d, &seq);
	if (refusal)
		return refusal;
	struct cbor_in body = d.in;
	if ((refusal = find_kind(&d, seq, &kind)))
		return refusal;
	d.in = body;
	if ((refusal = find_fields(&d, seq, kind, value, &beta)))
		return refusal;
	if (beta && !value[0])
		return stream_refuse(out, STREAM_BETA_DIALECT, "%s message with series_number instead of series_id", kind->type);
	if (out->kind == STREAM_START) {
		stream_start_clear(&out->start);
		out->start.dialect = STREAM_V2;
	}
	if ((refusal = read_fields(&d, kind, value, &out->start)))
		return refusal;
	finish(&d);
	return STREAM_OK;
}
