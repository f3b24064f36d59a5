/* stream_v2_emit.c - makes Stream v2 (CBOR) messages that the strictest known client takes: the magic tag, "type" first, definite lengths,
 * every float a double, keys in the detector's own order.
 *
 * A message is first written into nothing, which counts its fields and bytes, and then for good. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "host/cbor_out.h"
#include "host/stream_v2.h"

/* --- values ------------------------------------------------------------------------------------------------------------------ */

static void put_uint(struct cbor_out *out, const char *key, uint64_t value)
{
	cbor_out_key(out, key);
	cbor_out_uint(out, value);
}

/* What is not known is 0.0, as detectors say it that were not told. */
static double known(double value)
{
	return isfinite(value) ? value : 0.0;
}

static void put_double(struct cbor_out *out, const char *key, double value)
{
	cbor_out_key(out, key);
	cbor_out_double(out, known(value));
}

static void put_text(struct cbor_out *out, const char *key, const char *text)
{
	cbor_out_key(out, key);
	cbor_out_text(out, text);
}

static void put_flag(struct cbor_out *out, const char *key, int flag)
{
	if (flag < 0)
		return;
	cbor_out_key(out, key);
	cbor_out_bool(out, flag);
}

static void put_date(struct cbor_out *out, const char *key, const char *date)
{
	if (!date[0])
		return;
	cbor_out_key(out, key);
	cbor_out_tag(out, TAG_DATE);
	cbor_out_text(out, date);
}

static void put_time(struct cbor_out *out, const char *key, struct stream_time time)
{
	if (!time.den)
		return;
	cbor_out_key(out, key);
	cbor_out_list(out, 2);
	cbor_out_uint(out, time.num);
	cbor_out_uint(out, time.den);
}

static void put_raw(struct cbor_out *out, const char *key, struct span item)
{
	if (!item.len)
		return;
	cbor_out_key(out, key);
	cbor_out_raw(out, item);
}

static uint64_t array_tag(const struct stream_array *array)
{
	if (array->is_float)
		return TAG_F32;
	return array->elem_bytes == 1 ? TAG_U8 : array->elem_bytes == 2 ? TAG_U16 : TAG_U32;
}

static void put_array(struct cbor_out *out, const struct stream_array *array)
{
	cbor_out_tag(out, TAG_MULTI_DIM);
	cbor_out_list(out, 2);
	cbor_out_list(out, 2);
	cbor_out_uint(out, array->height);
	cbor_out_uint(out, array->width);
	cbor_out_tag(out, array_tag(array));
	if (array->codec != STREAM_CODEC_NONE) {
		bool shuffled = array->codec == STREAM_CODEC_BSLZ4;
		cbor_out_tag(out, TAG_COMPRESSED);
		cbor_out_list(out, 3);
		cbor_out_text(out, shuffled ? "bslz4" : "lz4");
		cbor_out_uint(out, shuffled ? array->shuffle_bytes : 0);
	}
	cbor_out_bytes(out, array->bytes);
}

/* --- start ------------------------------------------------------------------------------------------------------------------- */

static void put_channels(struct cbor_out *out, const struct stream_start *start)
{
	cbor_out_key(out, "channels");
	cbor_out_list(out, start->n_channels);
	for (uint32_t i = 0; i < start->n_channels; i++)
		cbor_out_text(out, start->channel[i].name);
}

/* A client reads this table as 32-bit integers: the pairs of floats of Stream v1 are not that. */
static void put_lookup_table(struct cbor_out *out, const struct stream_start *start)
{
	if (start->dialect == STREAM_V1 || start->countrate_table.len == 0)
		return;
	cbor_out_key(out, "countrate_correction_lookup_table");
	cbor_out_tag(out, TAG_U32);
	cbor_out_bytes(out, start->countrate_table);
}

static void put_translation(struct cbor_out *out, const struct stream_start *start)
{
	bool given = isfinite(start->translation_m[2]);
	cbor_out_key(out, "detector_translation");
	cbor_out_list(out, 3);
	for (int i = 0; i < 3; i++)
		cbor_out_double(out, known(given ? start->translation_m[i] : i == 2 ? start->distance_m : 0.0));
}

static const struct stream_array *table_of(const struct stream_start_channel *channel, enum stream_v2_use use)
{
	return use == STREAM_V2_MASK ? &channel->pixel_mask : &channel->flatfield;
}

static void put_tables(struct cbor_out *out, const char *key, const struct stream_start *start, enum stream_v2_use use)
{
	uint64_t n = 0;
	for (uint32_t i = 0; i < start->n_channels; i++)
		n += table_of(&start->channel[i], use)->bytes.len > 0;
	if (n == 0)
		return;
	cbor_out_key(out, key);
	cbor_out_map(out, n);
	for (uint32_t i = 0; i < start->n_channels; i++) {
		const struct stream_array *table = table_of(&start->channel[i], use);
		if (table->bytes.len == 0)
			continue;
		cbor_out_text(out, start->channel[i].name);
		put_array(out, table);
	}
}

static void put_goniometer(struct cbor_out *out, const struct stream_start *start)
{
	cbor_out_key(out, "goniometer");
	cbor_out_map(out, start->n_axes);
	for (uint32_t i = 0; i < start->n_axes; i++) {
		cbor_out_text(out, start->axis[i].name);
		cbor_out_map(out, 2);
		cbor_out_text(out, "increment");
		cbor_out_double(out, known(start->axis[i].increment));
		cbor_out_text(out, "start");
		cbor_out_double(out, known(start->axis[i].start));
	}
}

static void put_energies(struct cbor_out *out, const struct stream_start *start)
{
	uint64_t n = 0;
	for (uint32_t i = 0; i < start->n_channels; i++)
		n += isfinite(start->channel[i].threshold_energy_ev) != 0;
	cbor_out_key(out, "threshold_energy");
	cbor_out_map(out, n);
	for (uint32_t i = 0; i < start->n_channels; i++) {
		if (!isfinite(start->channel[i].threshold_energy_ev))
			continue;
		cbor_out_text(out, start->channel[i].name);
		cbor_out_double(out, start->channel[i].threshold_energy_ev);
	}
}

/* The head of every message. The magic tag says "this is CBOR"; a client may look for it. */
static void put_head(struct cbor_out *out, uint64_t n_entries, const char *type, uint64_t series_id, const char *unique_id)
{
	cbor_out_tag(out, TAG_MAGIC);
	cbor_out_map(out, n_entries);
	put_text(out, "type", type);
	put_uint(out, "series_id", series_id);
	put_text(out, "series_unique_id", unique_id);
}

static void put_image_format(struct cbor_out *out, const struct stream_start *start)
{
	if (start->elem_bytes)
		put_text(out, "image_dtype", stream_type_name(start->elem_bytes));
	if (start->width)
		put_uint(out, "image_size_x", start->width);
	if (start->height)
		put_uint(out, "image_size_y", start->height);
}

static void put_start(struct cbor_out *out, const struct stream_start *start, uint64_t n_entries)
{
	put_head(out, n_entries, "start", start->series_id, start->series_unique_id);
	put_date(out, "arm_date", start->arm_date);
	put_double(out, "beam_center_x", start->beam_x_px);
	put_double(out, "beam_center_y", start->beam_y_px);
	put_channels(out, start);
	put_double(out, "count_time", start->count_time_s);
	put_flag(out, "countrate_correction_enabled", start->countrate_correction);
	put_lookup_table(out, start);
	put_text(out, "detector_description", start->detector_description);
	put_text(out, "detector_serial_number", start->detector_serial);
	put_translation(out, start);
	put_tables(out, "flatfield", start, STREAM_V2_FLATFIELD);
	put_flag(out, "flatfield_enabled", start->flatfield_correction);
	put_double(out, "frame_time", start->frame_time_s);
	put_goniometer(out, start);
	put_image_format(out, start);
	put_double(out, "incident_energy", start->energy_ev);
	put_double(out, "incident_wavelength", start->wavelength_angstrom);
	if (start->n_images_known)
		put_uint(out, "number_of_images", start->n_images);
	put_tables(out, "pixel_mask", start, STREAM_V2_MASK);
	put_flag(out, "pixel_mask_enabled", start->mask_applied);
	put_double(out, "pixel_size_x", start->pixel_x_m);
	put_double(out, "pixel_size_y", start->pixel_y_m);
	if (start->saturation_value != UINT64_MAX)
		put_uint(out, "saturation_value", start->saturation_value);
	put_text(out, "sensor_material", start->sensor_material);
	put_double(out, "sensor_thickness", start->sensor_thickness_m);
	put_energies(out, start);
	put_raw(out, "user_data", start->user_data);
	put_flag(out, "virtual_pixel_interpolation_enabled", start->virtual_interpolation);
}

/* --- image and end ----------------------------------------------------------------------------------------------------------- */

static void put_image_head(struct cbor_out *out, const struct stream_image *image, uint64_t n_entries)
{
	put_head(out, n_entries, "image", image->series_id, image->series_unique_id);
	put_uint(out, "image_id", image->image_id);
	put_time(out, "real_time", image->real_time);
	put_date(out, "series_date", image->series_date);
	put_time(out, "start_time", image->start_time);
	put_time(out, "stop_time", image->stop_time);
	put_raw(out, "user_data", image->user_data);
	cbor_out_key(out, "data");
	cbor_out_map(out, image->n_channels);
}

static void put_image_channel(struct cbor_out *out, const struct stream_channel *channel)
{
	cbor_out_text(out, channel->name);
	put_array(out, &channel->pixels);
}

static void put_image(struct cbor_out *out, const struct stream_image *image, uint64_t n_entries)
{
	put_image_head(out, image, n_entries);
	for (uint32_t i = 0; i < image->n_channels; i++)
		put_image_channel(out, &image->channel[i]);
}

/* --- what the dialect cannot say --------------------------------------------------------------------------------------------- */

static bool can_say_text(const char *text)
{
	return stream_text_valid((struct span){(const uint8_t *)text, strlen(text)});
}

static bool can_say_array(const struct stream_array *array, bool is_float)
{
	bool type = is_float ? array->is_float && array->elem_bytes == 4 : !array->is_float && stream_type_name(array->elem_bytes);
	bool shuffle = array->codec != STREAM_CODEC_BSLZ4 || array->shuffle_bytes;
	return type && shuffle && array->codec != STREAM_CODEC_LZ4_RAW && array->width && array->height;
}

static bool can_say_user_data(struct span user_data)
{
	return user_data.len == 0 || cbor_in_is_one_item(user_data);
}

static bool can_say_table(const struct stream_array *table, bool is_float)
{
	return table->bytes.len == 0 || (can_say_array(table, is_float) && table->elem_bytes == 4);
}

static bool can_say_start(const struct stream_start *start)
{
	const char *text[] = {start->series_unique_id, start->arm_date, start->detector_description, start->detector_serial,
			      start->sensor_material};
	bool can = start->n_channels <= STREAM_CHANNELS_MAX && start->n_axes <= STREAM_AXES_MAX && can_say_user_data(start->user_data) &&
		   (start->elem_bytes == 0 || stream_type_name(start->elem_bytes)) && start->countrate_table.len % 4 == 0;
	for (size_t i = 0; i < sizeof text / sizeof *text; i++)
		can = can && can_say_text(text[i]);
	for (uint32_t i = 0; can && i < start->n_axes; i++)
		can = can_say_text(start->axis[i].name);
	for (uint32_t i = 0; can && i < start->n_channels; i++) {
		const struct stream_start_channel *channel = &start->channel[i];
		can = channel->name[0] && can_say_text(channel->name) && can_say_table(&channel->pixel_mask, false) &&
		      can_say_table(&channel->flatfield, true);
	}
	return can;
}

static bool can_say_channel(const struct stream_channel *channel)
{
	return channel->name[0] && can_say_text(channel->name) && can_say_array(&channel->pixels, false);
}

static bool can_say_image(const struct stream_image *image)
{
	bool can = image->n_channels >= 1 && image->n_channels <= STREAM_CHANNELS_MAX && can_say_user_data(image->user_data) &&
		   can_say_text(image->series_unique_id) && can_say_text(image->series_date);
	for (uint32_t i = 0; can && i < image->n_channels; i++)
		can = can_say_channel(&image->channel[i]);
	return can;
}

/* --- the messages ------------------------------------------------------------------------------------------------------------ */

static uint64_t start_entries(const struct stream_start *start)
{
	struct cbor_out dry = cbor_out_open(NULL, 0);
	put_start(&dry, start, 0);
	return dry.entries;
}

static uint64_t image_entries(const struct stream_image *image)
{
	struct cbor_out dry = cbor_out_open(NULL, 0);
	put_image(&dry, image, 0);
	return dry.entries;
}

int64_t stream_v2_emit_start(uint8_t *at, size_t cap, const struct stream_start *start)
{
	if (!can_say_start(start))
		return -EINVAL;
	struct cbor_out out = cbor_out_open(at, cap);
	put_start(&out, start, start_entries(start));
	return cbor_out_close(&out);
}

int64_t stream_v2_emit_image(uint8_t *at, size_t cap, const struct stream_image *image)
{
	if (!can_say_image(image))
		return -EINVAL;
	struct cbor_out out = cbor_out_open(at, cap);
	put_image(&out, image, image_entries(image));
	return cbor_out_close(&out);
}

int64_t stream_v2_emit_image_head(uint8_t *at, size_t cap, const struct stream_image *image)
{
	if (!can_say_image(image))
		return -EINVAL;
	struct cbor_out out = cbor_out_open(at, cap);
	put_image_head(&out, image, image_entries(image));
	return cbor_out_close(&out);
}

int64_t stream_v2_emit_image_channel(uint8_t *at, size_t cap, const struct stream_channel *channel)
{
	if (!can_say_channel(channel))
		return -EINVAL;
	struct cbor_out out = cbor_out_open(at, cap);
	put_image_channel(&out, channel);
	return cbor_out_close(&out);
}

int64_t stream_v2_emit_end(uint8_t *at, size_t cap, const struct stream_end *end)
{
	if (!can_say_text(end->series_unique_id))
		return -EINVAL;
	struct cbor_out out = cbor_out_open(at, cap);
	put_head(&out, 3, "end", end->series_id, end->series_unique_id);
	return cbor_out_close(&out);
}

size_t stream_v2_bound_start(const struct stream_start *start)
{
	if (!can_say_start(start))
		return 0;
	struct cbor_out dry = cbor_out_open(NULL, 0);
	put_start(&dry, start, UINT32_MAX);
	return dry.len;
}

size_t stream_v2_bound_image(const struct stream_image *image)
{
	if (!can_say_image(image))
		return 0;
	struct cbor_out dry = cbor_out_open(NULL, 0);
	put_image(&dry, image, UINT32_MAX);
	return dry.len;
}
