/* record.c - the results stream: what the node says of a run and of every frame, as CBOR for the PUB socket.
 *
 * The keys are the member names of record.h, all of them always there, so that a reader never has to ask whether one is. Pure functions
 * over the caller's memory; columns are copied in one piece. */
#include "host/record.h"

#include <assert.h>
#include <string.h>

#include "host/cbor_out.h"
#include "host/stream_dialect.h"

/* Keys of the messages, "type" and "format" included. The map's head comes before them. */
#define RESULT_KEYS 44
#define START_KEYS 18
#define END_KEYS 10
#define SERIES_KEYS 32

/* --- values ------------------------------------------------------------------------------------------------------------------ */

static void put_uint(struct cbor_out *out, const char *key, uint64_t value)
{
	cbor_out_key(out, key);
	cbor_out_uint(out, value);
}

static void put_double(struct cbor_out *out, const char *key, double value)
{
	cbor_out_key(out, key);
	cbor_out_double(out, value);
}

static void put_bool(struct cbor_out *out, const char *key, bool value)
{
	cbor_out_key(out, key);
	cbor_out_bool(out, value);
}

static void put_int(struct cbor_out *out, const char *key, int value)
{
	cbor_out_key(out, key);
	cbor_out_int(out, value);
}

/* A reader refuses a whole message for one byte that is no UTF-8, and some texts are a user's file: what is no text becomes '?'. */
static void put_long_text(struct cbor_out *out, const char *key, const char *text)
{
	struct span bytes = {(const uint8_t *)text, strlen(text)};
	cbor_out_key(out, key);
	cbor_out_text_span(out, bytes);
	if (stream_text_valid(bytes))
		return;
	for (size_t i = out->len - bytes.len; i < out->len && out->len <= out->cap; i++)
		if (out->at[i] >= 0x7f || (out->at[i] < ' ' && !strchr("\t\n\r", out->at[i])))
			out->at[i] = '?';
}

/* Text that is cut where it is too long; NULL is "". */
static void put_text(struct cbor_out *out, const char *key, const char *text)
{
	char cut[RECORD_TEXT_MAX];
	if (!text)
		text = "";
	stream_text_copy(cut, sizeof cut, (struct span){(const uint8_t *)text, strlen(text)});
	put_long_text(out, key, cut);
}

/* A column of a nested map: its key does not count among the message's. Without memory for it, it is empty. */
static void put_column(struct cbor_out *out, const char *key, enum cbor_out_array type, const void *element, uint64_t n)
{
	cbor_out_text(out, key);
	cbor_out_array(out, type, element, element ? n : 0);
}

static void put_head(struct cbor_out *out, const char *type, uint64_t n_keys, uint64_t number, uint64_t run)
{
	cbor_out_map(out, n_keys);
	put_text(out, "type", type);
	put_uint(out, "format", RECORD_FORMAT);
	put_uint(out, "number", number);
	put_uint(out, "run", run);
}

static void put_series_id(struct cbor_out *out, uint64_t series_id, const char *unique_id)
{
	put_uint(out, "series_id", series_id);
	put_text(out, "series_unique_id", unique_id);
}

/* --- one frame and channel --------------------------------------------------------------------------------------------------- */

static const char *status_name(enum record_status status)
{
	return status == RECORD_ANALYSED ? "analysed" : status == RECORD_UNANALYSED ? "unanalysed" : "invalid";
}

static void put_frame(struct cbor_out *out, const struct record *record)
{
	put_series_id(out, record->series_id, record->series_unique_id);
	put_uint(out, "image_id", record->image_id);
	put_text(out, "channel", record->channel);
	put_text(out, "status", status_name(record->status));
	put_text(out, "reason", record->reason);
	put_text(out, "engine", record->engine);
	put_uint(out, "plan_version", record->plan_version);
	put_uint(out, "received_unix_ns", record->received_unix_ns);
	put_double(out, "start_time_s", record->start_time_s);
	put_double(out, "stop_time_s", record->stop_time_s);
	put_double(out, "real_time_s", record->real_time_s);
	put_uint(out, "width", record->width);
	put_uint(out, "height", record->height);
	put_uint(out, "elem_bytes", record->elem_bytes);
	put_uint(out, "payload_bytes", record->payload_bytes);
}

static void put_totals(struct cbor_out *out, const struct record *record)
{
	put_uint(out, "sum", record->sum);
	put_uint(out, "n_valid", record->n_valid);
	put_uint(out, "n_nodata", record->n_nodata);
	put_uint(out, "n_saturated", record->n_saturated);
	put_uint(out, "max", record->max);
	put_uint(out, "max_index", record->max_index);
	put_uint(out, "n_strong", record->n_strong);
	put_uint(out, "overflow", record->overflow);
}

static void put_scores(struct cbor_out *out, const struct record *record)
{
	put_double(out, "n_spots", record->n_spots);
	put_double(out, "n_spots_ring_free", record->n_spots_ring_free);
	put_double(out, "n_spots_range", record->n_spots_range);
	put_double(out, "total_intensity", record->total_intensity);
	put_double(out, "total_signal", record->total_signal);
	put_double(out, "background", record->background);
	put_double(out, "d_min", record->d_min);
	put_double(out, "d_min_shells", record->d_min_shells);
	put_double(out, "ice", record->ice);
	put_double(out, "score", record->score);
	put_bool(out, "hit", record->hit);
	put_bool(out, "kept", record->kept);
}

static void put_columns(struct cbor_out *out, const struct record *record)
{
	const struct record_spots *spots = &record->spots;
	const struct record_radial *radial = &record->radial;
	put_uint(out, "n_bins", record->n_bins);
	put_uint(out, "n_listed_spots", record->n_listed_spots);
	cbor_out_key(out, "spots");
	cbor_out_map(out, 6);
	put_column(out, "x", CBOR_OUT_F64, spots->x, record->n_listed_spots);
	put_column(out, "y", CBOR_OUT_F64, spots->y, record->n_listed_spots);
	put_column(out, "sum", CBOR_OUT_U64, spots->sum, record->n_listed_spots);
	put_column(out, "n_px", CBOR_OUT_U32, spots->n_px, record->n_listed_spots);
	put_column(out, "max", CBOR_OUT_U32, spots->max, record->n_listed_spots);
	put_column(out, "d", CBOR_OUT_F32, spots->d, record->n_listed_spots);
	cbor_out_key(out, "radial");
	cbor_out_map(out, 4);
	put_column(out, "bin_sum", CBOR_OUT_U64, radial->bin_sum, record->n_bins);
	put_column(out, "bin_count", CBOR_OUT_U32, radial->bin_count, record->n_bins);
	put_column(out, "intensity", CBOR_OUT_F32, radial->intensity, record->n_bins);
	put_column(out, "sigma", CBOR_OUT_F32, radial->sigma, record->n_bins);
}

static void put_result(struct cbor_out *out, const struct record *record)
{
	put_head(out, "result", RESULT_KEYS, record->number, record->run);
	put_frame(out, record);
	put_totals(out, record);
	put_scores(out, record);
	put_columns(out, record);
	assert(out->entries == RESULT_KEYS);
}

int64_t record_encode(uint8_t *at, size_t cap, const struct record *record)
{
	struct cbor_out out = cbor_out_open(at, cap);
	put_result(&out, record);
	return cbor_out_close(&out);
}

/* The longest text there can be, so that a bound made with it holds for every other. */
static void fill_text(char *text, size_t cap)
{
	memset(text, 'x', cap - 1);
	text[cap - 1] = '\0';
}

size_t record_bound(uint32_t n_bins, uint32_t n_spots)
{
	char text[RECORD_TEXT_MAX];
	uint64_t some;
	void *column = &some; /* stands for the columns, which a dry run does not touch */
	fill_text(text, sizeof text);
	struct record record = {
		.number = UINT64_MAX, .run = UINT64_MAX, .series_id = UINT64_MAX, .image_id = UINT64_MAX, .status = RECORD_UNANALYSED,
		.reason = text, .engine = text, .plan_version = UINT64_MAX, .received_unix_ns = UINT64_MAX, .width = UINT32_MAX,
		.height = UINT32_MAX, .elem_bytes = UINT8_MAX, .payload_bytes = UINT64_MAX, .sum = UINT64_MAX, .n_valid = UINT32_MAX,
		.n_nodata = UINT32_MAX, .n_saturated = UINT32_MAX, .max = UINT32_MAX, .max_index = UINT32_MAX, .n_strong = UINT32_MAX,
		.overflow = UINT32_MAX, .n_bins = n_bins, .n_listed_spots = n_spots,
		.spots = {column, column, column, column, column, column}, .radial = {column, column, column, column},
	};
	fill_text(record.series_unique_id, sizeof record.series_unique_id);
	fill_text(record.channel, sizeof record.channel);
	struct cbor_out dry = cbor_out_open(NULL, 0);
	put_result(&dry, &record);
	return dry.len;
}

/* --- start ------------------------------------------------------------------------------------------------------------------- */

static void put_series_geometry(struct cbor_out *out, const struct stream_start *series)
{
	put_double(out, "beam_x_px", series->beam_x_px);
	put_double(out, "beam_y_px", series->beam_y_px);
	put_double(out, "distance_m", series->distance_m);
	cbor_out_key(out, "translation_m");
	cbor_out_list(out, 3);
	for (int i = 0; i < 3; i++)
		cbor_out_double(out, series->translation_m[i]);
	put_double(out, "pixel_x_m", series->pixel_x_m);
	put_double(out, "pixel_y_m", series->pixel_y_m);
	put_double(out, "wavelength_angstrom", series->wavelength_angstrom);
	put_double(out, "energy_ev", series->energy_ev);
	put_double(out, "count_time_s", series->count_time_s);
	put_double(out, "frame_time_s", series->frame_time_s);
	put_double(out, "sensor_thickness_m", series->sensor_thickness_m);
}

static void put_series_detector(struct cbor_out *out, const struct stream_start *series)
{
	put_text(out, "sensor_material", series->sensor_material);
	put_text(out, "detector_description", series->detector_description);
	put_text(out, "detector_serial", series->detector_serial);
	put_text(out, "firmware", series->firmware);
	put_uint(out, "saturation_value", series->saturation_value);
	put_uint(out, "bit_depth_readout", series->bit_depth_readout);
	put_uint(out, "bit_depth_image", series->bit_depth_image);
	put_int(out, "countrate_correction", series->countrate_correction);
	put_int(out, "flatfield_correction", series->flatfield_correction);
	put_int(out, "mask_applied", series->mask_applied);
	put_int(out, "virtual_interpolation", series->virtual_interpolation);
	put_text(out, "trigger_mode", series->trigger_mode);
}

static void put_series_lists(struct cbor_out *out, const struct stream_start *series)
{
	cbor_out_key(out, "axis");
	cbor_out_list(out, series->n_axes);
	for (uint32_t i = 0; i < series->n_axes; i++) {
		cbor_out_map(out, 3);
		put_text(out, "name", series->axis[i].name);
		put_double(out, "start", series->axis[i].start);
		put_double(out, "increment", series->axis[i].increment);
	}
	cbor_out_key(out, "channel");
	cbor_out_list(out, series->n_channels);
	for (uint32_t i = 0; i < series->n_channels; i++) {
		cbor_out_map(out, 2);
		put_text(out, "name", series->channel[i].name);
		put_double(out, "threshold_energy_ev", series->channel[i].threshold_energy_ev);
	}
}

/* What the detector announced, without its tables: they are as large as images. */
static void put_series(struct cbor_out *out, const struct stream_start *series)
{
	cbor_out_key(out, "series");
	if (!series) {
		cbor_out_null(out);
		return;
	}
	uint64_t outer = out->entries; /* what is nested does not count among the message's keys */
	cbor_out_map(out, SERIES_KEYS);
	put_text(out, "dialect", series->dialect == STREAM_V1 ? "v1" : series->dialect == STREAM_V2 ? "v2" : "file");
	put_text(out, "arm_date", series->arm_date);
	put_uint(out, "n_images", series->n_images);
	put_bool(out, "n_images_known", series->n_images_known);
	put_uint(out, "width", series->width);
	put_uint(out, "height", series->height);
	put_uint(out, "elem_bytes", series->elem_bytes);
	put_series_geometry(out, series);
	put_series_detector(out, series);
	assert(out->entries == outer + SERIES_KEYS - 2);
	put_series_lists(out, series);
	out->entries = outer;
}

static void put_start(struct cbor_out *out, const struct record_start *start)
{
	put_head(out, "start", START_KEYS, start->number, start->run);
	put_series_id(out, start->series_id, start->series_unique_id);
	put_text(out, "version", start->version);
	put_text(out, "engine", start->engine);
	put_long_text(out, "config", start->config ? start->config : "");
	put_text(out, "radial_unit", start->radial_unit);
	put_text(out, "radial_off", start->radial_off);
	put_uint(out, "n_bins", start->n_bins);
	put_uint(out, "n_radial", start->n_radial);
	put_uint(out, "n_sectors", start->n_sectors);
	cbor_out_key(out, "radial_axis");
	cbor_out_array(out, CBOR_OUT_F64, start->radial_axis, start->radial_axis ? start->n_bins : 0);
	cbor_out_key(out, "radial_q");
	cbor_out_array(out, CBOR_OUT_F64, start->radial_q, start->radial_q ? start->n_bins : 0);
	put_uint(out, "unix_ns", start->unix_ns);
	put_series(out, start->series);
	assert(out->entries == START_KEYS);
}

int64_t record_encode_start(uint8_t *at, size_t cap, const struct record_start *start)
{
	struct cbor_out out = cbor_out_open(at, cap);
	put_start(&out, start);
	return cbor_out_close(&out);
}

size_t record_bound_start(const struct record_start *start)
{
	struct cbor_out dry = cbor_out_open(NULL, 0);
	put_start(&dry, start);
	return dry.len;
}

/* --- end --------------------------------------------------------------------------------------------------------------------- */

static void put_end(struct cbor_out *out, const struct record_end *end)
{
	put_head(out, "end", END_KEYS, end->number, end->run);
	put_series_id(out, end->series_id, end->series_unique_id);
	put_text(out, "closed_by", end->closed_by);
	put_bool(out, "balanced", end->balanced);
	cbor_out_key(out, "count");
	uint64_t outer = out->entries;
	cbor_out_map(out, end->n_counts);
	for (size_t i = 0; i < end->n_counts; i++)
		put_uint(out, end->count[i].name, end->count[i].value);
	out->entries = outer;
	put_uint(out, "unix_ns", end->unix_ns);
	assert(out->entries == END_KEYS);
}

int64_t record_encode_end(uint8_t *at, size_t cap, const struct record_end *end)
{
	struct cbor_out out = cbor_out_open(at, cap);
	put_end(&out, end);
	return cbor_out_close(&out);
}

size_t record_bound_end(const struct record_end *end)
{
	struct cbor_out dry = cbor_out_open(NULL, 0);
	put_end(&dry, end);
	return dry.len;
}
