/* test_record.c - the results stream is encoded whole, within its bounds, and says nothing that is no text.
 *
 * With --write FOLDER it runs no test but leaves the messages there, for a reader that shares no code (test_record_reader.py). */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/cbor_in.h"
#include "host/record.h"

#define SPOTS 1000u
#define BINS 500u

static double x[SPOTS], y[SPOTS], axis[BINS], q[BINS];
static uint64_t spot_sum[SPOTS], bin_sum[BINS];
static uint32_t n_px[SPOTS], spot_max[SPOTS], bin_count[BINS];
static float d[SPOTS], intensity[BINS], sigma[BINS];
static struct stream_start series;

static void fill_columns(void)
{
	for (uint32_t i = 0; i < SPOTS; i++) {
		x[i] = i + 0.5;
		y[i] = 2.0 * i + 0.25;
		spot_sum[i] = ((uint64_t)1 << 40) + i;
		n_px[i] = 3 + i;
		spot_max[i] = UINT32_MAX - i;
		d[i] = i ? 50.0f / (float)i : NAN;
	}
	for (uint32_t i = 0; i < BINS; i++) {
		axis[i] = q[i] = 0.01 * i;
		bin_sum[i] = ((uint64_t)1 << 33) + i;
		bin_count[i] = i;
		intensity[i] = i ? (float)i / 2 : NAN;
		sigma[i] = 0.125f;
	}
}

static struct record sample(void)
{
	struct record record = {
		.number = 7, .run = 1, .series_id = 71, .series_unique_id = "01GRXWT80JSDY2FNW8SGCCDZD9", .image_id = 42,
		.channel = "threshold_1", .status = RECORD_ANALYSED, .reason = "", .engine = "cpu", .plan_version = 2,
		.received_unix_ns = 1700000000123456789u, .start_time_s = 0.5, .stop_time_s = 0.75, .real_time_s = NAN, .width = 1030,
		.height = 514, .elem_bytes = 2, .payload_bytes = 157494, .sum = (uint64_t)1 << 50, .n_valid = 529418, .n_nodata = 2,
		.n_saturated = 3, .max = 99, .max_index = 1234, .n_strong = 4000, .n_spots = SPOTS, .n_spots_ring_free = 900,
		.n_spots_range = 800, .total_intensity = 1e6, .total_signal = NAN, .background = 0.25, .d_min = 1.75, .d_min_shells = 1.5,
		.ice = -0.5, .score = 12.5, .hit = true, .n_bins = BINS, .n_listed_spots = SPOTS,
		.spots = {x, y, spot_sum, n_px, spot_max, d}, .radial = {bin_sum, bin_count, intensity, sigma},
	};
	return record;
}

static struct record_start sample_start(void)
{
	stream_start_clear(&series);
	series.dialect = STREAM_V2;
	series.n_images = 1000;
	series.n_images_known = true;
	series.width = 1030;
	series.height = 514;
	series.wavelength_angstrom = 1.54;
	series.n_axes = 1;
	series.axis[0] = (struct stream_axis){.name = "omega", .start = -90, .increment = 0.1};
	series.n_channels = 2;
	strcpy(series.channel[0].name, "threshold_1");
	strcpy(series.channel[1].name, "difference");
	series.channel[0].threshold_energy_ev = 4000.5;
	return (struct record_start){
		.number = 6, .run = 1, .series = &series, .series_id = 71, .series_unique_id = "01GRXWT80JSDY2FNW8SGCCDZD9",
		.version = "0.1.0", .engine = "cpu", .config = "radial: {unit: q}\n", .radial_unit = "q", .radial_off = "", .n_bins = BINS,
		.n_radial = BINS, .n_sectors = 1, .radial_axis = axis, .radial_q = q, .unix_ns = 1700000000000000000u,
	};
}

static const struct record_count counts[] = {{"received", 1000}, {"missing", 0}, {"kept.released", UINT64_MAX}};

static struct record_end sample_end(void)
{
	return (struct record_end){
		.number = 8, .run = 1, .series_id = 71, .series_unique_id = "01GRXWT80JSDY2FNW8SGCCDZD9", .closed_by = "end",
		.balanced = true, .count = counts, .n_counts = sizeof counts / sizeof *counts, .unix_ns = 1700000001000000000u,
	};
}

static bool well_formed(const uint8_t *at, int64_t len)
{
	return len > 0 && cbor_in_is_one_item((struct span){at, (size_t)len});
}

static void a_result_fits_its_bound_and_nothing_less_than_itself(void **state)
{
	struct record record = sample();
	size_t bound = record_bound(BINS, SPOTS);
	uint8_t *out = malloc(bound);
	int64_t len = record_encode(out, bound, &record);
	assert_true(well_formed(out, len));
	assert_true(bound - (size_t)len < 2000); /* exact enough to size a buffer by */
	assert_int_equal(record_encode(out, (size_t)len - 1, &record), -ENOSPC);
	assert_int_equal(record_encode(NULL, 0, &record), -ENOSPC);
	uint8_t *exact = malloc((size_t)len);
	assert_int_equal(record_encode(exact, (size_t)len, &record), len);
	free(exact);
	free(out);
}

static void the_largest_record_is_its_bound(void **state)
{
	char text[2 * RECORD_TEXT_MAX];
	struct record record;
	memset(&record, 0xff, sizeof record);
	memset(text, 'y', sizeof text);
	text[sizeof text - 1] = '\0';
	memset(record.series_unique_id, 'y', sizeof record.series_unique_id - 1);
	memset(record.channel, 'y', sizeof record.channel - 1);
	record.series_unique_id[sizeof record.series_unique_id - 1] = record.channel[sizeof record.channel - 1] = '\0';
	record.reason = record.engine = text;
	record.status = RECORD_UNANALYSED;
	record.hit = record.kept = true;
	record.n_bins = BINS;
	record.n_listed_spots = SPOTS;
	record.spots = (struct record_spots){x, y, spot_sum, n_px, spot_max, d};
	record.radial = (struct record_radial){bin_sum, bin_count, intensity, sigma};
	size_t bound = record_bound(BINS, SPOTS);
	uint8_t *out = malloc(bound);
	assert_int_equal(record_encode(out, bound, &record), bound);
	assert_true(well_formed(out, (int64_t)bound));
	free(out);
}

static void an_unanalysed_frame_has_empty_columns(void **state)
{
	struct record record = {.status = RECORD_INVALID, .reason = NULL, .engine = NULL};
	uint8_t out[4096];
	assert_true(well_formed(out, record_encode(out, sizeof out, &record)));
	assert_true(record_bound(0, 0) <= sizeof out);
}

static void start_and_end_fit_their_bounds_exactly(void **state)
{
	struct record_start start = sample_start();
	struct record_end end = sample_end();
	size_t bound = record_bound_start(&start);
	uint8_t *out = malloc(bound);
	assert_int_equal(record_encode_start(out, bound, &start), bound);
	assert_true(well_formed(out, (int64_t)bound));
	assert_int_equal(record_encode_start(out, bound - 1, &start), -ENOSPC);
	free(out);
	bound = record_bound_end(&end);
	out = malloc(bound);
	assert_int_equal(record_encode_end(out, bound, &end), bound);
	assert_true(well_formed(out, (int64_t)bound));
	assert_int_equal(record_encode_end(out, bound - 1, &end), -ENOSPC);
	free(out);
}

static void a_run_joined_late_has_a_start_too(void **state)
{
	struct record_start start = {.run = 1, .radial_off = "no start message: the geometry is not known"};
	uint8_t out[1024];
	assert_true(well_formed(out, record_encode_start(out, sizeof out, &start)));
}

static void what_is_no_text_does_not_spoil_the_message(void **state)
{
	struct record_start start = sample_start();
	uint8_t out[16384];
	start.config = "title: \"caf\xe9\"\x1b\n";
	int64_t len = record_encode_start(out, sizeof out, &start);
	assert_true(well_formed(out, len));
	assert_non_null(memmem(out, (size_t)len, "title: \"caf?\"?\n", 15));
	start.config = "title: \"caf\xc3\xa9\"\n";
	len = record_encode_start(out, sizeof out, &start);
	assert_non_null(memmem(out, (size_t)len, "caf\xc3\xa9", 5));
}

/* --- for another reader ------------------------------------------------------------------------------------------------------ */

static void write_file(const char *folder, const char *name, const uint8_t *bytes, int64_t len)
{
	char path[4096];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *file = fopen(path, "wb");
	if (!file || len < 0 || fwrite(bytes, 1, (size_t)len, file) != (size_t)len)
		abort();
	fclose(file);
}

static int write_all(const char *folder)
{
	static uint8_t out[1 << 20];
	struct record record = sample();
	struct record_start start = sample_start();
	struct record_end end = sample_end();
	write_file(folder, "start", out, record_encode_start(out, sizeof out, &start));
	write_file(folder, "result", out, record_encode(out, sizeof out, &record));
	write_file(folder, "end", out, record_encode_end(out, sizeof out, &end));
	record = (struct record){.status = RECORD_UNANALYSED, .reason = "no_plan"};
	write_file(folder, "unanalysed", out, record_encode(out, sizeof out, &record));
	start = (struct record_start){.run = 2, .radial_off = "joined late"};
	write_file(folder, "late", out, record_encode_start(out, sizeof out, &start));
	return 0;
}

int main(int argc, char **argv)
{
	fill_columns();
	if (argc == 3 && strcmp(argv[1], "--write") == 0)
		return write_all(argv[2]);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_result_fits_its_bound_and_nothing_less_than_itself),
		cmocka_unit_test(the_largest_record_is_its_bound),
		cmocka_unit_test(an_unanalysed_frame_has_empty_columns),
		cmocka_unit_test(start_and_end_fit_their_bounds_exactly),
		cmocka_unit_test(a_run_joined_late_has_a_start_too),
		cmocka_unit_test(what_is_no_text_does_not_spoil_the_message),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
