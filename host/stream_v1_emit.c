/* stream_v1_emit.c - makes Stream v1 (JSON multipart) messages as detectors write them: sorted keys, no spaces, floats with a point or an
 * exponent, as many parts as the header's detail says. Payload and tables are pointed to, never copied. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <md5.h>
#include <stdio.h>
#include <string.h>

#include "host/stream_dialect.h"

#define NANOSECONDS 1000000000u

/* JSON text into a bounded buffer; the length is counted also where it does not fit. */
struct json_out {
	char *at;
	size_t cap, len;
	size_t part_from; /* where the part that is being written began */
	bool first;       /* no member written yet */
	bool invalid;     /* a value that the dialect cannot say */
};

static void put(struct json_out *out, const char *text, size_t len)
{
	if (out->len <= out->cap && len <= out->cap - out->len)
		memcpy(out->at + out->len, text, len);
	out->len += len;
}

static void put_string(struct json_out *out, const char *text)
{
	put(out, "\"", 1);
	for (const char *c = text; *c; c++) {
		char escape[8];
		if (*c == '"' || *c == '\\')
			put(out, escape, (size_t)snprintf(escape, sizeof escape, "\\%c", *c));
		else if ((unsigned char)*c < ' ')
			put(out, escape, (size_t)snprintf(escape, sizeof escape, "\\u%04x", (unsigned)*c));
		else
			put(out, c, 1);
	}
	put(out, "\"", 1);
}

static void put_key(struct json_out *out, const char *key)
{
	put(out, out->first ? "{" : ",", 1);
	out->first = false;
	put_string(out, key);
	put(out, ":", 1);
}

static void put_text(struct json_out *out, const char *key, const char *text)
{
	struct span bytes = {(const uint8_t *)text, strlen(text)};
	out->invalid = out->invalid || !stream_text_valid(bytes);
	put_key(out, key);
	put_string(out, text);
}

static void put_uint(struct json_out *out, const char *key, uint64_t value)
{
	char digits[24];
	out->invalid = out->invalid || value > INT64_MAX; /* beyond what JSON parsers hold */
	put_key(out, key);
	put(out, digits, (size_t)snprintf(digits, sizeof digits, "%" PRIu64, value));
}

/* The shortest text that reads back as the same number, and as a float: what is not known is 0.0. */
static void put_number(struct json_out *out, double value)
{
	char digits[40];
	int len = 0;
	if (!isfinite(value))
		value = 0.0;
	for (int precision = 15; precision <= 17; precision++) {
		double back;
		len = snprintf(digits, sizeof digits - 2, "%.*g", precision, value);
		if (sscanf(digits, "%lf", &back) == 1 && back == value)
			break;
	}
	put(out, digits, (size_t)len);
	if (!strpbrk(digits, ".e"))
		put(out, ".0", 2);
}

static void put_double(struct json_out *out, const char *key, double value)
{
	put_key(out, key);
	put_number(out, value);
}

static void put_flag(struct json_out *out, const char *key, int flag)
{
	if (flag < 0)
		return;
	put_key(out, key);
	put(out, flag ? "true" : "false", flag ? 4 : 5);
}

static void put_shape(struct json_out *out, uint32_t x, uint32_t y)
{
	char text[32];
	put_key(out, "shape");
	put(out, text, (size_t)snprintf(text, sizeof text, "[%" PRIu32 ",%" PRIu32 "]", x, y));
}

/* --- parts ------------------------------------------------------------------------------------------------------------------- */

static void begin(struct json_out *out)
{
	out->part_from = out->len;
	out->first = true;
}

static struct span end(struct json_out *out)
{
	put(out, "}", 1);
	if (out->len > out->cap)
		return (struct span){NULL, 0};
	return (struct span){(const uint8_t *)out->at + out->part_from, out->len - out->part_from};
}

static void add(struct stream_parts *parts, struct span part)
{
	parts->part[parts->n_parts++] = part;
}

static int finish(const struct json_out *out)
{
	return out->invalid ? -EINVAL : out->len > out->cap ? -ENOSPC : 0;
}

/* --- start ------------------------------------------------------------------------------------------------------------------- */

/* A trigger gives one image in the enabled modes, and there the number of triggers is what counts. */
static bool counts_triggers(const struct stream_start *start)
{
	return strcmp(start->trigger_mode, "inte") == 0 || strcmp(start->trigger_mode, "exte") == 0;
}

static const struct stream_axis *find_axis(const struct stream_start *start, const char *name)
{
	for (uint32_t i = 0; i < start->n_axes; i++)
		if (strcmp(start->axis[i].name, name) == 0)
			return &start->axis[i];
	return NULL;
}

static void put_axis(struct json_out *out, const struct stream_start *start, const char *name)
{
	char key[40];
	const struct stream_axis *axis = find_axis(start, name);
	snprintf(key, sizeof key, "%s_increment", name);
	put_double(out, key, axis ? axis->increment : 0.0);
	snprintf(key, sizeof key, "%s_start", name);
	put_double(out, key, axis ? axis->start : 0.0);
}

static void put_translation(struct json_out *out, const struct stream_start *start)
{
	put_key(out, "detector_translation");
	for (int i = 0; i < 3; i++) {
		put(out, i ? "," : "[", 1);
		put_number(out, start->translation_m[i]);
	}
	put(out, "]", 1);
}

static void put_config_to_frame_time(struct json_out *out, const struct stream_start *start)
{
	put_double(out, "beam_center_x", start->beam_x_px);
	put_double(out, "beam_center_y", start->beam_y_px);
	if (start->elem_bytes)
		put_uint(out, "bit_depth_image", 8u * start->elem_bytes);
	if (start->bit_depth_readout)
		put_uint(out, "bit_depth_readout", start->bit_depth_readout);
	put_axis(out, start, "chi");
	put_double(out, "count_time", start->count_time_s);
	put_flag(out, "countrate_correction_applied", start->countrate_correction);
	if (start->saturation_value != UINT64_MAX)
		put_uint(out, "countrate_correction_count_cutoff", start->saturation_value);
	put_text(out, "data_collection_date", start->arm_date);
	put_text(out, "description", start->detector_description);
	put_double(out, "detector_distance", start->distance_m);
	put_text(out, "detector_number", start->detector_serial);
	put_translation(out, start);
	if (start->firmware[0])
		put_text(out, "eiger_fw_version", start->firmware);
	put_flag(out, "flatfield_correction_applied", start->flatfield_correction);
	put_double(out, "frame_time", start->frame_time_s);
}

static void put_config_from_kappa(struct json_out *out, const struct stream_start *start)
{
	put_axis(out, start, "kappa");
	if (start->n_images_known) {
		put_uint(out, "nimages", counts_triggers(start) ? 1 : start->n_images);
		put_uint(out, "ntrigger", counts_triggers(start) ? start->n_images : 1);
	}
	put_axis(out, start, "omega");
	put_axis(out, start, "phi");
	put_double(out, "photon_energy", start->energy_ev);
	put_flag(out, "pixel_mask_applied", start->mask_applied);
	put_text(out, "sensor_material", start->sensor_material);
	put_double(out, "sensor_thickness", start->sensor_thickness_m);
	if (start->n_channels && isfinite(start->channel[0].threshold_energy_ev))
		put_double(out, "threshold_energy", start->channel[0].threshold_energy_ev);
	put_text(out, "trigger_mode", start->trigger_mode[0] ? start->trigger_mode : "ints");
	put_axis(out, start, "two_theta");
	put_flag(out, "virtual_pixel_correction_applied", start->virtual_interpolation);
	put_double(out, "wavelength", start->wavelength_angstrom);
	put_double(out, "x_pixel_size", start->pixel_x_m);
	if (start->width)
		put_uint(out, "x_pixels_in_detector", start->width);
	put_double(out, "y_pixel_size", start->pixel_y_m);
	if (start->height)
		put_uint(out, "y_pixels_in_detector", start->height);
}

/* The description of a table and the table; one that is not there is [] and an empty part, as detectors send it. */
static void add_table(struct stream_parts *parts, struct json_out *out, const char *htype, struct span bytes, const char *type, uint32_t x,
		      uint32_t y)
{
	begin(out);
	put_text(out, "htype", htype);
	if (bytes.len > 0) {
		put_shape(out, x, y);
	} else {
		put_key(out, "shape");
		put(out, "[]", 2);
	}
	put_text(out, "type", bytes.len > 0 ? type : "undefined");
	add(parts, end(out));
	add(parts, bytes);
}

static bool can_say_table(const struct stream_array *table, bool is_float)
{
	return table->bytes.len == 0 || (table->codec == STREAM_CODEC_NONE && table->elem_bytes == 4 && table->is_float == is_float);
}

static void add_tables(struct stream_parts *parts, struct json_out *out, const struct stream_start *start)
{
	const struct stream_start_channel *channel = &start->channel[0];
	/* Stream v2 has 32-bit integers here, which are no pairs of floats. */
	struct span countrate = start->dialect == STREAM_V2 ? (struct span){NULL, 0} : start->countrate_table;
	out->invalid = out->invalid || !can_say_table(&channel->flatfield, true) || !can_say_table(&channel->pixel_mask, false) ||
		       countrate.len % 8;
	add_table(parts, out, "dflatfield-1.0", channel->flatfield.bytes, "float32", channel->flatfield.width, channel->flatfield.height);
	add_table(parts, out, "dpixelmask-1.0", channel->pixel_mask.bytes, "uint32", channel->pixel_mask.width, channel->pixel_mask.height);
	add_table(parts, out, "dcountrate_table-1.0", countrate, "float32", 2, (uint32_t)(countrate.len / 8));
}

int stream_v1_emit_start(struct stream_parts *parts, char *text, size_t text_cap, const struct stream_start *start, int header_detail)
{
	static const char *const details[] = {"none", "basic", "all"};
	struct json_out out = {.at = text, .cap = text_cap};
	parts->n_parts = 0;
	if (header_detail < 0 || header_detail > 2 || start->n_channels > 1)
		return -EINVAL;
	begin(&out);
	put_text(&out, "header_detail", details[header_detail]);
	put_text(&out, "htype", "dheader-1.0");
	put_uint(&out, "series", start->series_id);
	add(parts, end(&out));
	if (header_detail >= 1 && start->v1_config.len > 0) {
		add(parts, start->v1_config);
	} else if (header_detail >= 1) {
		begin(&out);
		put_config_to_frame_time(&out, start);
		put_config_from_kappa(&out, start);
		add(parts, end(&out));
	}
	if (header_detail == 2)
		add_tables(parts, &out, start);
	if (start->user_data.len > 0)
		add(parts, start->user_data);
	return finish(&out);
}

/* --- image and end ----------------------------------------------------------------------------------------------------------- */

/* "bs16-lz4<"; false where the dialect has no word for it. */
static bool encoding_of(char out[16], const struct stream_array *pixels)
{
	switch (pixels->codec) {
	case STREAM_CODEC_NONE:
		return snprintf(out, 16, "<") > 0;
	case STREAM_CODEC_LZ4_RAW:
		return snprintf(out, 16, "lz4<") > 0;
	case STREAM_CODEC_BSLZ4:
		return snprintf(out, 16, "bs%u-lz4<", 8u * pixels->shuffle_bytes) > 0 && pixels->shuffle_bytes;
	default:
		return false;
	}
}

static uint64_t nanoseconds(struct stream_time time)
{
	if (!time.den)
		return 0;
	unsigned __int128 product = (unsigned __int128)time.num * NANOSECONDS / time.den;
	return product > UINT64_MAX ? UINT64_MAX : (uint64_t)product;
}

int stream_v1_emit_image(struct stream_parts *parts, char *text, size_t text_cap, const struct stream_image *image)
{
	struct json_out out = {.at = text, .cap = text_cap};
	const struct stream_array *pixels = &image->channel[0].pixels;
	const char *type = stream_type_name(pixels->elem_bytes);
	char encoding[16], description[256], hash[MD5_DIGEST_STRING_LENGTH];
	parts->n_parts = 0;
	if (image->n_channels != 1 || !type || pixels->is_float || !encoding_of(encoding, pixels))
		return -EINVAL;

	/* The hash in part 1 is that of part 2. */
	struct json_out second = {.at = description, .cap = sizeof description};
	begin(&second);
	put_text(&second, "encoding", encoding);
	put_text(&second, "htype", "dimage_d-1.0");
	put_shape(&second, pixels->width, pixels->height);
	put_uint(&second, "size", pixels->bytes.len);
	put_text(&second, "type", type);
	struct span part = end(&second);
	MD5Data(part.at, part.len, hash);

	begin(&out);
	put_uint(&out, "frame", image->image_id);
	put_text(&out, "hash", hash);
	put_text(&out, "htype", "dimage-1.0");
	put_uint(&out, "series", image->series_id);
	add(parts, end(&out));

	begin(&out);
	put(&out, description, part.len - 1); /* its brace is the end's */
	add(parts, end(&out));
	add(parts, pixels->bytes);

	begin(&out);
	put_text(&out, "htype", "dconfig-1.0");
	put_uint(&out, "real_time", nanoseconds(image->real_time));
	put_uint(&out, "start_time", nanoseconds(image->start_time));
	put_uint(&out, "stop_time", nanoseconds(image->stop_time));
	add(parts, end(&out));
	if (image->user_data.len > 0)
		add(parts, image->user_data);
	return finish(&out);
}

int stream_v1_emit_end(struct stream_parts *parts, char *text, size_t text_cap, const struct stream_end *series)
{
	struct json_out out = {.at = text, .cap = text_cap};
	parts->n_parts = 0;
	begin(&out);
	put_text(&out, "htype", "dseries_end-1.0");
	put_uint(&out, "series", series->series_id);
	add(parts, end(&out));
	return finish(&out);
}
