/* stream_v1.c - takes Stream v1 (JSON multipart) messages apart, for stream_decode. Pixels and tables are never copied.
 *
 * The JSON parts are parsed by jansson, which allocates; their size is bounded first. Shapes are [x, y] here, "lz4<" is one raw LZ4 block
 * without any head, and the tables of a header may be empty whatever their shape says (fact sheet part A). */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "host/stream_v1.h"

#define CHANNEL_NAME "default"
#define NANOSECONDS 1000000000u

/* --- arrays ------------------------------------------------------------------------------------------------------------------ */

/* [x, y], or [x, y, 1]. */
static enum stream_refusal get_shape(struct stream_v1 *d, const json_t *json, const char *what, struct stream_array *array)
{
	const json_t *shape = stream_v1_get(json, "shape");
	size_t n = json_array_size(shape);
	if (!json_is_array(shape) || n < 2 || n > 3)
		return stream_refuse(d->out, STREAM_BAD_SHAPE, "%s: the shape is not [x, y]", what);
	uint32_t side[3] = {0, 0, 1};
	for (size_t i = 0; i < n; i++) {
		const json_t *value = json_array_get(shape, i);
		if (!json_is_integer(value) || json_integer_value(value) < 1 || json_integer_value(value) > UINT32_MAX)
			return stream_refuse(d->out, STREAM_BAD_SHAPE, "%s: the shape is not [x, y]", what);
		side[i] = (uint32_t)json_integer_value(value);
	}
	if (side[2] != 1)
		return stream_refuse(d->out, STREAM_BAD_SHAPE, "%s: %u images in one", what, side[2]);
	array->width = side[0];
	array->height = side[1];
	return STREAM_OK;
}

/* [bsN][[-]lz4]< : an encoding is what is left when each piece that may be there has been taken off. */
static bool parse_encoding(const char *text, struct stream_array *array)
{
	array->codec = STREAM_CODEC_NONE;
	array->shuffle_bytes = 0;
	if (strncmp(text, "bs", 2) == 0) {
		static const struct { const char *bits; uint8_t bytes; } shuffle[] = {{"8", 1}, {"16", 2}, {"32", 4}, {"64", 8}};
		text += 2;
		size_t digits = strspn(text, "0123456789");
		for (size_t i = 0; i < sizeof shuffle / sizeof *shuffle; i++)
			if (strlen(shuffle[i].bits) == digits && strncmp(text, shuffle[i].bits, digits) == 0)
				array->shuffle_bytes = shuffle[i].bytes;
		text += digits;
		if (array->shuffle_bytes == 0)
			return false;
		text += *text == '-';
	}
	if (strncmp(text, "lz4", 3) == 0) {
		array->codec = array->shuffle_bytes ? STREAM_CODEC_BSLZ4 : STREAM_CODEC_LZ4_RAW;
		text += 3;
	}
	/* Shuffled without compression has no known layout. */
	return strcmp(text, "<") == 0 && (array->shuffle_bytes == 0 || array->codec == STREAM_CODEC_BSLZ4);
}

/* The description of the pixels in part 2 and the pixels in part 3. */
static enum stream_refusal read_pixels(struct stream_v1 *d, const json_t *json, struct stream_array *array)
{
	const char *encoding = json_string_value(stream_v1_get(json, "encoding")), *type = json_string_value(stream_v1_get(json, "type"));
	uint64_t size = 0;
	enum stream_refusal refusal;
	if (!encoding || !type)
		return stream_refuse(d->out, STREAM_MISSING_FIELD, "no %s", encoding ? "type" : "encoding");
	if ((refusal = stream_v1_need_u64(d, json, "size", &size)) || (refusal = get_shape(d, json, "image", array)))
		return refusal;
	array->elem_bytes = stream_type_bytes(type);
	if (!array->elem_bytes)
		return stream_refuse(d->out, STREAM_BAD_TYPE, "type \"%.32s\"", type);
	if (!parse_encoding(encoding, array))
		return stream_refuse(d->out, STREAM_BAD_ENCODING, "encoding \"%.32s\"", encoding);
	array->bytes = d->part[2];
	if (size != array->bytes.len)
		return stream_refuse(d->out, STREAM_BAD_SIZE, "image: size %llu for a part of %zu bytes", (unsigned long long)size,
				     array->bytes.len);
	return stream_check_array(d->out, "image", array, d->limits);
}

/* A mask or flatfield: uncompressed, or empty whatever its shape says. */
static enum stream_refusal read_table(struct stream_v1 *d, const json_t *json, const char *what, bool is_float, struct span bytes,
				      struct stream_array *out)
{
	struct stream_array array = {.bytes = bytes, .elem_bytes = 4, .is_float = is_float};
	const char *type = json_string_value(stream_v1_get(json, "type"));
	if (bytes.len == 0)
		return STREAM_OK;
	if (!type || strcmp(type, is_float ? "float32" : "uint32") != 0)
		return stream_refuse(d->out, STREAM_BAD_TYPE, "%s: not %s", what, is_float ? "float32" : "uint32");
	enum stream_refusal refusal = get_shape(d, json, what, &array);
	if (refusal || (refusal = stream_check_array(d->out, what, &array, d->limits)))
		return refusal;
	const struct stream_start *start = &d->out->start;
	if (start->width && start->height && (array.width != start->width || array.height != start->height))
		return stream_refuse(d->out, STREAM_BAD_SHAPE, "%s: %u x %u for an image of %u x %u", what, array.width, array.height,
				     start->width, start->height);
	*out = array;
	return STREAM_OK;
}

/* --- start ------------------------------------------------------------------------------------------------------------------- */

static enum stream_refusal read_axes(struct stream_v1 *d, const json_t *json)
{
	static const char *const names[] = {"chi", "kappa", "omega", "phi", "two_theta"};
	struct stream_start *start = &d->out->start;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct stream_axis *axis = &start->axis[start->n_axes];
		char first[32], increment[32];
		snprintf(first, sizeof first, "%s_start", names[i]);
		snprintf(increment, sizeof increment, "%s_increment", names[i]);
		enum stream_refusal refusal = stream_v1_get_double(d, json, first, &axis->start);
		if (refusal || (refusal = stream_v1_get_double(d, json, increment, &axis->increment)))
			return refusal;
		if (isnan(axis->start) && isnan(axis->increment))
			continue;
		snprintf(axis->name, sizeof axis->name, "%s", names[i]);
		start->n_axes++;
	}
	return STREAM_OK;
}

/* Images of the series: nimages for each trigger, one for each in the externally and internally enabled modes. How many a pump-probe
 * series (eies) has is not known beforehand. */
static enum stream_refusal read_n_images(struct stream_v1 *d, const json_t *json)
{
	struct stream_start *start = &d->out->start;
	uint64_t n_images = 1, n_triggers = 1, total;
	enum stream_refusal refusal = stream_v1_get_u64(d, json, "nimages", &n_images);
	if (refusal || (refusal = stream_v1_get_u64(d, json, "ntrigger", &n_triggers)))
		return refusal;
	if (strcmp(start->trigger_mode, "inte") == 0 || strcmp(start->trigger_mode, "exte") == 0)
		n_images = 1;
	if (__builtin_mul_overflow(n_images, n_triggers, &total))
		return stream_v1_bad_field(d, "nimages", "a possible number of images");
	start->n_images_known = stream_v1_get(json, "nimages") && strcmp(start->trigger_mode, "eies") != 0;
	start->n_images = start->n_images_known ? total : 0;
	return STREAM_OK;
}

static enum stream_refusal read_translation(struct stream_v1 *d, const json_t *json)
{
	const json_t *value = stream_v1_get(json, "detector_translation");
	if (!value)
		return STREAM_OK;
	if (json_array_size(value) != 3)
		return stream_v1_bad_field(d, "detector_translation", "three numbers");
	for (size_t i = 0; i < 3; i++) {
		const json_t *number = json_array_get(value, i);
		if (!json_is_number(number) || !isfinite(json_number_value(number)))
			return stream_v1_bad_field(d, "detector_translation", "three numbers");
		d->out->start.translation_m[i] = json_number_value(number);
	}
	return STREAM_OK;
}

static enum stream_refusal read_numbers(struct stream_v1 *d, const json_t *json)
{
	struct stream_start *start = &d->out->start;
	const struct {
		const char *key;
		double *out;
		bool size; /* not negative */
	} number[] = {
		{"beam_center_x", &start->beam_x_px, false}, {"beam_center_y", &start->beam_y_px, false},
		{"count_time", &start->count_time_s, true}, {"detector_distance", &start->distance_m, false},
		{"frame_time", &start->frame_time_s, true}, {"photon_energy", &start->energy_ev, true},
		{"sensor_thickness", &start->sensor_thickness_m, true}, {"wavelength", &start->wavelength_angstrom, true},
		{"threshold_energy", &start->channel[0].threshold_energy_ev, true},
		{"x_pixel_size", &start->pixel_x_m, true}, {"y_pixel_size", &start->pixel_y_m, true},
	};
	for (size_t i = 0; i < sizeof number / sizeof *number; i++) {
		enum stream_refusal refusal = number[i].size ? stream_v1_get_size(d, json, number[i].key, number[i].out)
							     : stream_v1_get_double(d, json, number[i].key, number[i].out);
		if (refusal)
			return refusal;
	}
	return STREAM_OK;
}

static enum stream_refusal read_integers(struct stream_v1 *d, const json_t *json)
{
	struct stream_start *start = &d->out->start;
	const struct {
		const char *key;
		uint32_t *out;
	} integer[] = {
		{"x_pixels_in_detector", &start->width}, {"y_pixels_in_detector", &start->height},
		{"bit_depth_readout", &start->bit_depth_readout}, {"bit_depth_image", &start->bit_depth_image},
	};
	for (size_t i = 0; i < sizeof integer / sizeof *integer; i++) {
		uint64_t value = 0;
		enum stream_refusal refusal = stream_v1_get_u64(d, json, integer[i].key, &value);
		if (refusal)
			return refusal;
		if (value > UINT32_MAX)
			return stream_v1_bad_field(d, integer[i].key, "a possible number");
		*integer[i].out = (uint32_t)value;
	}
	uint32_t bits = start->bit_depth_image;
	start->elem_bytes = bits == 8 || bits == 16 || bits == 32 ? (uint8_t)(bits / 8) : 0;
	return stream_v1_get_u64(d, json, "countrate_correction_count_cutoff", &start->saturation_value);
}

static enum stream_refusal read_texts_and_flags(struct stream_v1 *d, const json_t *json)
{
	struct stream_start *start = &d->out->start;
	const struct {
		const char *key;
		char *out;
	} text[] = {
		{"data_collection_date", start->arm_date}, {"description", start->detector_description},
		{"detector_number", start->detector_serial}, {"sensor_material", start->sensor_material},
		{"software_version", start->firmware}, {"eiger_fw_version", start->firmware}, /* which is the more precise */
		{"trigger_mode", start->trigger_mode},
	};
	const struct {
		const char *key;
		int *out;
	} flag[] = {
		{"countrate_correction_applied", &start->countrate_correction}, {"flatfield_correction_applied", &start->flatfield_correction},
		{"pixel_mask_applied", &start->mask_applied}, {"virtual_pixel_correction_applied", &start->virtual_interpolation},
	};
	enum stream_refusal refusal = STREAM_OK;
	for (size_t i = 0; i < sizeof text / sizeof *text && !refusal; i++)
		refusal = stream_v1_get_text(d, json, text[i].key, text[i].out);
	for (size_t i = 0; i < sizeof flag / sizeof *flag && !refusal; i++)
		refusal = stream_v1_get_flag(d, json, flag[i].key, flag[i].out);
	return refusal;
}

static enum stream_refusal read_config(struct stream_v1 *d, unsigned part)
{
	json_t *json;
	enum stream_refusal refusal = stream_v1_load(d, part, CONFIG_BYTES_MAX, &json);
	if (refusal)
		return refusal;
	d->out->start.v1_config = d->part[part];
	if (!(refusal = read_numbers(d, json)) && !(refusal = read_integers(d, json)) && !(refusal = read_texts_and_flags(d, json)) &&
	    !(refusal = read_translation(d, json)) && !(refusal = read_axes(d, json)))
		refusal = read_n_images(d, json);
	json_decref(json);
	return refusal;
}

enum table { TABLE_NONE, TABLE_FLATFIELD, TABLE_MASK, TABLE_COUNTRATE };

/* Is part the description of a table? An appendix may be anything, also something that is no JSON. */
static enum table table_of(struct stream_v1 *d, unsigned part, json_t **json)
{
	*json = NULL;
	if (d->part[part].len > PART_BYTES_MAX)
		return TABLE_NONE;
	*json = json_loadb((const char *)d->part[part].at, d->part[part].len, JSON_REJECT_DUPLICATES, NULL);
	if (stream_v1_is_htype(*json, "dflatfield-1.0"))
		return TABLE_FLATFIELD;
	if (stream_v1_is_htype(*json, "dpixelmask-1.0"))
		return TABLE_MASK;
	return stream_v1_is_htype(*json, "dcountrate_table-1.0") ? TABLE_COUNTRATE : TABLE_NONE;
}

/* Pairs of floats, else nothing: no frame depends on it. */
static void read_countrate(struct stream_v1 *d, struct span bytes)
{
	if (bytes.len % 8 == 0)
		d->out->start.countrate_table = bytes;
	else
		d->strict = false;
}

/* Pairs of description and data from part on, as many as there are; *seen tells which. Returns the first part that is none. */
static enum stream_refusal read_tables(struct stream_v1 *d, unsigned *part, unsigned *seen)
{
	struct stream_start *start = &d->out->start;
	*seen = 0;
	for (; *part + 1 < d->n_parts; *part += 2) {
		json_t *json;
		struct span bytes = d->part[*part + 1];
		enum stream_refusal refusal = STREAM_OK;
		enum table table = table_of(d, *part, &json);
		if (table == TABLE_FLATFIELD)
			refusal = read_table(d, json, "flatfield", true, bytes, &start->channel[0].flatfield);
		else if (table == TABLE_MASK)
			refusal = read_table(d, json, "pixel mask", false, bytes, &start->channel[0].pixel_mask);
		else if (table == TABLE_COUNTRATE)
			read_countrate(d, bytes);
		json_decref(json);
		if (refusal)
			return refusal;
		if (table == TABLE_NONE)
			break;
		if (*seen & 1u << table)
			return stream_refuse(d->out, STREAM_BAD_PARTS, "part %u: the same table twice", *part + 1);
		*seen |= 1u << table;
	}
	return STREAM_OK;
}

static enum stream_refusal read_start(struct stream_v1 *d, const json_t *head)
{
	struct stream_start *start = &d->out->start;
	const char *detail = json_string_value(stream_v1_get(head, "header_detail"));
	unsigned part = 1, seen;
	enum stream_refusal refusal;
	stream_start_clear(start);
	start->dialect = STREAM_V1;
	start->n_channels = 1;
	snprintf(start->channel[0].name, sizeof start->channel[0].name, CHANNEL_NAME);
	if ((refusal = stream_v1_need_u64(d, head, "series", &start->series_id)))
		return refusal;
	bool none = detail ? strcmp(detail, "none") == 0 : d->n_parts == 1;
	if (!none && d->n_parts < 2)
		return stream_refuse(d->out, STREAM_BAD_PARTS, "a header of detail \"%.16s\" without its configuration", detail);
	if (!none && (refusal = read_config(d, part++)))
		return refusal;
	if ((refusal = read_tables(d, &part, &seen)))
		return refusal;
	if (part < d->n_parts)
		start->user_data = d->part[part++];
	if (part != d->n_parts)
		return stream_refuse(d->out, STREAM_BAD_PARTS, "a header of %u parts, of which %u are known", d->n_parts, part);
	unsigned all = 1u << TABLE_FLATFIELD | 1u << TABLE_MASK | 1u << TABLE_COUNTRATE;
	bool complete = none || (detail && strcmp(detail, "basic") == 0) ? seen == 0 : detail && strcmp(detail, "all") == 0 && seen == all;
	start->strict = d->strict && detail && complete;
	return STREAM_OK;
}

/* A part of a given htype, parsed. */
static enum stream_refusal load_htype(struct stream_v1 *d, unsigned part, const char *htype, json_t **json)
{
	enum stream_refusal refusal = stream_v1_load(d, part, PART_BYTES_MAX, json);
	if (refusal)
		return refusal;
	if (stream_v1_is_htype(*json, htype))
		return STREAM_OK;
	json_decref(*json);
	*json = NULL;
	return stream_refuse(d->out, STREAM_BAD_PARTS, "part %u is not %s", part + 1, htype);
}

/* --- image and end ----------------------------------------------------------------------------------------------------------- */

static enum stream_refusal read_times(struct stream_v1 *d, const json_t *json)
{
	struct stream_image *image = &d->out->image;
	const struct {
		const char *key;
		struct stream_time *out;
	} time[] = {{"real_time", &image->real_time}, {"start_time", &image->start_time}, {"stop_time", &image->stop_time}};
	for (size_t i = 0; i < sizeof time / sizeof *time; i++) {
		enum stream_refusal refusal = stream_v1_get_u64(d, json, time[i].key, &time[i].out->num);
		if (refusal)
			return refusal;
		time[i].out->den = stream_v1_get(json, time[i].key) ? NANOSECONDS : 0;
		d->strict = d->strict && time[i].out->den;
	}
	return STREAM_OK;
}

static enum stream_refusal read_image(struct stream_v1 *d, const json_t *head)
{
	struct stream_image *image = &d->out->image;
	json_t *pixels = NULL, *times = NULL;
	enum stream_refusal refusal;
	if (d->n_parts != 4 && d->n_parts != 5)
		return stream_refuse(d->out, STREAM_BAD_PARTS, "an image of %u parts instead of 4 or 5", d->n_parts);
	d->strict = json_string_length(stream_v1_get(head, "hash")) == 32;
	image->n_channels = 1;
	snprintf(image->channel[0].name, sizeof image->channel[0].name, CHANNEL_NAME);
	if (!(refusal = stream_v1_need_u64(d, head, "series", &image->series_id)) && !(refusal = stream_v1_need_u64(d, head, "frame", &image->image_id)) &&
	    !(refusal = load_htype(d, 1, "dimage_d-1.0", &pixels)) && !(refusal = read_pixels(d, pixels, &image->channel[0].pixels)) &&
	    !(refusal = load_htype(d, 3, "dconfig-1.0", &times)))
		refusal = read_times(d, times);
	json_decref(pixels);
	json_decref(times);
	if (d->n_parts == 5)
		image->user_data = d->part[4];
	image->strict = d->strict;
	return refusal;
}

static enum stream_refusal read_end(struct stream_v1 *d, const json_t *head)
{
	d->out->end.strict = d->n_parts == 1;
	return stream_v1_need_u64(d, head, "series", &d->out->end.series_id);
}

enum stream_refusal stream_v1_decode(struct stream_message *out, const struct span *parts, unsigned n_parts,
				     const struct stream_limits *limits)
{
	struct stream_v1 d = {.out = out, .part = parts, .n_parts = n_parts, .limits = limits, .strict = true};
	json_t *head;
	if (n_parts > STREAM_PARTS_MAX)
		return stream_refuse(out, STREAM_BAD_PARTS, "%u parts", n_parts);
	enum stream_refusal refusal = stream_v1_load(&d, 0, PART_BYTES_MAX, &head);
	if (refusal)
		return refusal;
	if (stream_v1_is_htype(head, "dimage-1.0")) {
		out->kind = STREAM_IMAGE;
		refusal = read_image(&d, head);
	} else if (stream_v1_is_htype(head, "dheader-1.0")) {
		out->kind = STREAM_START;
		refusal = read_start(&d, head);
	} else if (stream_v1_is_htype(head, "dseries_end-1.0")) {
		out->kind = STREAM_END;
		refusal = read_end(&d, head);
	} else {
		refusal = stream_refuse(out, STREAM_NOT_A_STREAM, "JSON without an htype of the stream");
	}
	json_decref(head);
	return refusal;
}
