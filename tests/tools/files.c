/* files.c - the file reader and the file writer on the command line, for the Python tests. Lines of JSON on standard output; 1 and words on stderr
 * for a refusal.
 *
 *   files read FILE [PAYLOADS]      what the file says, then one line per frame and channel; the frames' bytes go to PAYLOADS one after the other
 *   files copy FILE DIR NAME [OPTION=NUMBER ...]   writes its frames and made-up results through the writer
 *   files recover DIR                              one line in words per file */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <time.h>

#include <lz4.h>

#include "host/frame_file.h"
#include "host/nxmx_writer.h"

static const struct stream_limits limits = {.max_pixels = 64u << 20, .max_channels = STREAM_CHANNELS_MAX};

static void number(const char *name, double value)
{
	if (isfinite(value))
		printf("\"%s\": %.17g, ", name, value);
	else
		printf("\"%s\": null, ", name);
}

static void vector(const char *name, const double v[3])
{
	printf("\"%s\": [%.17g, %.17g, %.17g], ", name, v[0], v[1], v[2]);
}

static uint64_t mask_sum(const struct stream_array *mask)
{
	uint64_t n = 0;
	for (size_t i = 0; i < mask->bytes.len / 4; i++) {
		uint32_t v;
		memcpy(&v, mask->bytes.at + 4 * i, 4);
		n += v != 0;
	}
	return n;
}

static void print_start(const struct frame_file_info *info)
{
	const struct stream_start *s = &info->start;
	printf("{\"n_frames\": %llu, \"n_channels\": %u, \"max_payload\": %llu, \"width\": %u, \"height\": %u, \"elem\": %u, ",
	       (unsigned long long)info->n_frames, info->n_channels, (unsigned long long)info->max_payload_bytes, s->width, s->height, s->elem_bytes);
	number("beam_x", s->beam_x_px);
	number("beam_y", s->beam_y_px);
	number("distance", s->distance_m);
	number("pixel_x", s->pixel_x_m);
	number("pixel_y", s->pixel_y_m);
	number("wavelength", s->wavelength_angstrom);
	number("energy", s->energy_ev);
	number("count_time", s->count_time_s);
	number("frame_time", s->frame_time_s);
	number("thickness", s->sensor_thickness_m);
	printf("\"saturation\": %llu, \"bit_depth_readout\": %u, \"material\": \"%s\", \"description\": \"%s\", ",
	       (unsigned long long)s->saturation_value, s->bit_depth_readout, s->sensor_material, s->detector_description);
	printf("\"has_axes\": %s, ", s->has_axes ? "true" : "false");
	if (s->has_axes) {
		vector("origin", s->origin_m);
		vector("fast", s->fast);
		vector("slow", s->slow);
	}
	printf("\"axes\": {");
	for (uint32_t a = 0; a < s->n_axes; a++)
		printf("%s\"%s\": [%.17g, %.17g]", a ? ", " : "", s->axis[a].name, s->axis[a].start, s->axis[a].increment);
	printf("}, \"channels\": [");
	for (uint32_t c = 0; c < s->n_channels; c++) {
		printf("%s{\"name\": \"%s\", ", c ? ", " : "", s->channel[c].name);
		number("threshold", s->channel[c].threshold_energy_ev);
		printf("\"mask_bytes\": %zu, \"masked\": %llu}", s->channel[c].pixel_mask.bytes.len,
		       (unsigned long long)mask_sum(&s->channel[c].pixel_mask));
	}
	printf("]}\n");
}

static int print_frame(struct frame_file *file, uint64_t i, uint32_t c, uint8_t *buffer, size_t cap, FILE *payloads)
{
	struct stream_channel channel;
	uint64_t image_id;
	char message[512];
	int rc = frame_file_read(file, i, c, buffer, cap, &channel, &image_id, message, sizeof message);
	if (rc) {
		printf("{\"frame\": %llu, \"channel\": %u, \"error\": \"%s\", \"rc\": %d}\n", (unsigned long long)i, c, message, rc);
		return 0;
	}
	printf("{\"frame\": %llu, \"channel\": %u, \"image_id\": %llu, \"name\": \"%s\", \"codec\": %d, \"shuffle\": %u, \"len\": %zu}\n",
	       (unsigned long long)i, c, (unsigned long long)image_id, channel.name, (int)channel.pixels.codec, channel.pixels.shuffle_bytes,
	       channel.pixels.bytes.len);
	if (payloads && fwrite(channel.pixels.bytes.at, 1, channel.pixels.bytes.len, payloads) != channel.pixels.bytes.len)
		return -EIO;
	return 0;
}

static int read_file(int n, char **arguments)
{
	struct frame_file *file;
	char message[512];
	int rc = frame_file_open(&file, arguments[0], &limits, message, sizeof message);
	if (rc) {
		fprintf(stderr, "%s\n", message);
		return 1;
	}
	const struct frame_file_info *info = frame_file_info(file);
	FILE *payloads = n > 1 ? fopen(arguments[1], "wb") : NULL;
	uint8_t *buffer = malloc(info->max_payload_bytes);
	print_start(info);
	for (uint64_t i = 0; i < info->n_frames && i < 100000 && rc == 0; i++)
		for (uint32_t c = 0; c < info->n_channels && rc == 0; c++)
			rc = print_frame(file, i, c, buffer, info->max_payload_bytes, payloads);
	free(buffer);
	if (payloads)
		fclose(payloads);
	frame_file_close(&file);
	return rc != 0;
}

/* --- copy ------------------------------------------------------------------------------------------------------------------------------------ */

#define BINS 10
#define SPOTS_MAX 20000

struct options {
	double frames_per_file, age_s, reserve, keep_every, raw_lz4, no_geometry, omega_start, omega_increment, endless, sleep_ms, spots,
		tick_every, eiger;
};

static const struct { const char *name; size_t at; } option_names[] = {
	{"frames_per_file", offsetof(struct options, frames_per_file)}, {"age_s", offsetof(struct options, age_s)},
	{"reserve", offsetof(struct options, reserve)}, {"keep_every", offsetof(struct options, keep_every)},
	{"raw_lz4", offsetof(struct options, raw_lz4)}, {"no_geometry", offsetof(struct options, no_geometry)},
	{"omega_start", offsetof(struct options, omega_start)}, {"omega_increment", offsetof(struct options, omega_increment)},
	{"endless", offsetof(struct options, endless)}, {"sleep_ms", offsetof(struct options, sleep_ms)},
	{"spots", offsetof(struct options, spots)}, {"tick_every", offsetof(struct options, tick_every)}, {"eiger", offsetof(struct options, eiger)},
};

static int parse_option(struct options *o, const char *text)
{
	const char *equals = strchr(text, '=');
	for (size_t i = 0; equals && i < sizeof option_names / sizeof *option_names; i++)
		if (strlen(option_names[i].name) == (size_t)(equals - text) && !strncmp(text, option_names[i].name, (size_t)(equals - text))) {
			*(double *)(void *)((char *)o + option_names[i].at) = strtod(equals + 1, NULL);
			return 0;
		}
	fprintf(stderr, "no option %s\n", text);
	return 2;
}

struct copy {
	struct options o;
	struct frame_file *file;
	struct stream_start start;
	uint8_t *mask[STREAM_CHANNELS_MAX], *buffer, *raw;
	struct nxmx_writer *writer;
	uint64_t appended, failed, bytes, rows, number;
	double axis[BINS];
	struct record_start record_start;
};

static void alter_start(struct copy *c)
{
	struct stream_start *s = &c->start;
	if (c->o.no_geometry) {
		s->has_axes = false;
		s->beam_x_px = s->beam_y_px = s->distance_m = s->pixel_x_m = s->pixel_y_m = s->wavelength_angstrom = s->energy_ev = NAN;
		s->sensor_thickness_m = NAN;
		s->sensor_material[0] = 0;
	}
	if (c->o.omega_increment != 0) {
		s->n_axes = 1;
		strcpy(s->axis[0].name, "omega");
		s->axis[0].start = c->o.omega_start;
		s->axis[0].increment = c->o.omega_increment;
	}
	if (c->o.eiger)
		strcpy(s->detector_description, "Dectris EIGER2 Si 16M");
	for (uint32_t k = 0; k < s->n_channels; k++) {
		const struct stream_array *m = &s->channel[k].pixel_mask;
		c->mask[k] = m->bytes.len ? malloc(m->bytes.len / 4) : NULL;
		for (size_t i = 0; c->mask[k] && i < m->bytes.len / 4; i++) {
			uint32_t v;
			memcpy(&v, m->bytes.at + 4 * i, 4);
			c->mask[k][i] = v == 0;
		}
	}
}

static int open_copy(struct copy *c, const char *directory, const char *name)
{
	char message[512];
	struct nxmx_cfg cfg = {.directory = directory, .name = name, .frames_per_file = (uint32_t)c->o.frames_per_file,
			       .segment_age_s = (uint32_t)c->o.age_s, .reserve_bytes = (uint64_t)c->o.reserve, .config = "spots: {kernel: 3}\n",
			       .version = "1.2.3"};
	for (int b = 0; b < BINS; b++)
		c->axis[b] = 0.1 * b;
	c->record_start = (struct record_start){.run = 7, .engine = "cpu", .radial_unit = "q", .n_bins = BINS, .n_radial = BINS, .n_sectors = 1,
						.radial_axis = c->axis, .radial_q = c->axis, .unix_ns = 123};
	int rc = nxmx_open(&c->writer, &cfg, &c->start, (const uint8_t *const *)c->mask, &c->record_start, message, sizeof message);
	if (rc)
		fprintf(stderr, "%s\n", message);
	return rc;
}

/* Values that a test can compute again from the row's number. */
static int put_result(struct copy *c, uint32_t channel, uint64_t image_id, bool kept)
{
	static double x[SPOTS_MAX], y[SPOTS_MAX];
	static uint64_t sum[SPOTS_MAX], bin_sum[BINS];
	static uint32_t n_px[SPOTS_MAX], max[SPOTS_MAX], bin_count[BINS];
	static float d[SPOTS_MAX], intensity[BINS], sigma[BINS];
	uint64_t i = c->number++;
	uint32_t n = c->o.spots && i % 7 == 3 ? (uint32_t)c->o.spots : (uint32_t)(i % 5);
	struct record r = {.number = i, .run = 7, .image_id = image_id, .status = i % 11 == 5 ? RECORD_UNANALYSED : RECORD_ANALYSED,
			   .reason = i % 11 == 5 ? "no_plan" : "", .engine = "cpu", .plan_version = 1 + i / 100, .received_unix_ns = 1000 + i,
			   .start_time_s = 0.5 * (double)i, .stop_time_s = NAN, .real_time_s = 0.25, .width = c->start.width, .height = c->start.height,
			   .elem_bytes = c->start.elem_bytes, .payload_bytes = 10 * i, .sum = i * i, .n_valid = 5, .max = (uint32_t)i, .n_spots = n,
			   .d_min = i % 2 ? 1.5 : NAN, .hit = i % 2, .kept = kept, .n_bins = i % 11 == 5 ? 0 : BINS, .n_listed_spots = n,
			   .spots = {x, y, sum, n_px, max, d}, .radial = {bin_sum, bin_count, intensity, sigma}};
	for (uint32_t k = 0; k < n; k++) {
		x[k] = (double)i + 0.5;
		y[k] = k;
		sum[k] = i * 1000 + k;
		n_px[k] = k + 3;
		max[k] = (uint32_t)i;
		d[k] = k % 2 ? 2.5f : NAN;
	}
	for (int b = 0; b < BINS; b++) {
		bin_sum[b] = i * 100 + (uint64_t)b;
		bin_count[b] = 4;
		intensity[b] = (float)i;
		sigma[b] = 0.5f;
	}
	return nxmx_result(c->writer, channel, &r);
}

/* Uncompressed pixels as one LZ4 block without a head, as Stream v1 has them. */
static void make_raw_lz4(struct copy *c, struct stream_array *pixels)
{
	int bound = LZ4_compressBound((int)pixels->bytes.len);
	if (!c->raw)
		c->raw = malloc((size_t)bound);
	int n = LZ4_compress_default((const char *)pixels->bytes.at, (char *)c->raw, (int)pixels->bytes.len, bound);
	pixels->bytes = (struct span){c->raw, (size_t)n};
	pixels->codec = STREAM_CODEC_LZ4_RAW;
}

static int copy_frame(struct copy *c, uint64_t i, uint64_t offset, bool keep)
{
	char message[512];
	uint64_t image_id;
	const struct frame_file_info *info = frame_file_info(c->file);
	for (uint32_t k = 0; k < info->n_channels; k++) {
		struct stream_channel channel;
		int rc = frame_file_read(c->file, i, k, c->buffer, info->max_payload_bytes, &channel, &image_id, message, sizeof message);
		if (rc) {
			fprintf(stderr, "%s\n", message);
			return 1;
		}
		if (c->o.raw_lz4)
			make_raw_lz4(c, &channel.pixels);
		rc = keep ? nxmx_frame(c->writer, k, image_id + offset, &channel.pixels, &c->bytes) : 0;
		if (rc) {
			c->failed++;
			printf("{\"frame\": %llu, \"rc\": %d}\n", (unsigned long long)(image_id + offset), rc);
		} else if (keep) {
			c->appended++;
		}
		rc = put_result(c, k, image_id + offset, keep);
		if (rc)
			printf("{\"row\": %llu, \"rc\": %d}\n", (unsigned long long)c->number, rc);
		else
			c->rows++;
	}
	return 0;
}

static uint64_t monotonic_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int copy_frames(struct copy *c)
{
	uint64_t n = frame_file_info(c->file)->n_frames, total = c->o.endless ? (uint64_t)c->o.endless : n;
	for (uint64_t i = 0; i < total; i++) {
		bool keep = !c->o.keep_every || i % (uint64_t)c->o.keep_every == 0;
		if (copy_frame(c, i % n, i / n * n, keep))
			return 1;
		if (c->o.sleep_ms)
			nanosleep(&(struct timespec){.tv_nsec = (long)(c->o.sleep_ms * 1e6)}, NULL);
		uint64_t every = c->o.tick_every ? (uint64_t)c->o.tick_every : 1;
		/* What was appended before a flush that went well is promised to be readable after a kill. */
		if (i % every == every - 1) {
			int rc = nxmx_tick(c->writer, monotonic_ns() + (c->o.tick_every ? i * 1000000000u : 0));
			if (c->o.tick_every && rc == 0)
				printf("{\"promised\": %llu, \"rows\": %llu}\n", (unsigned long long)c->appended, (unsigned long long)c->rows);
			if (rc)
				printf("{\"tick\": %d}\n", rc);
			fflush(stdout);
		}
	}
	return 0;
}

static int copy_file(int n, char **arguments)
{
	static struct copy c;
	char message[512];
	for (int i = 3; i < n; i++)
		if (parse_option(&c.o, arguments[i]))
			return 2;
	if (frame_file_open(&c.file, arguments[0], &limits, message, sizeof message)) {
		fprintf(stderr, "%s\n", message);
		return 1;
	}
	c.start = frame_file_info(c.file)->start;
	c.buffer = malloc(frame_file_info(c.file)->max_payload_bytes);
	alter_start(&c);
	int rc = open_copy(&c, arguments[1], arguments[2]);
	if (rc == 0)
		rc = copy_frames(&c);
	static const struct record_count counts[] = {{"received", 12}, {"kept.released", 3}};
	struct record_end end = {.closed_by = "end", .balanced = true, .count = counts, .n_counts = 2, .unix_ns = 456};
	int closed = nxmx_close(&c.writer, &end);
	printf("{\"appended\": %llu, \"failed\": %llu, \"bytes\": %llu, \"rows\": %llu, \"close\": %d}\n", (unsigned long long)c.appended,
	       (unsigned long long)c.failed, (unsigned long long)c.bytes, (unsigned long long)c.rows, closed);
	for (uint32_t k = 0; k < STREAM_CHANNELS_MAX; k++)
		free(c.mask[k]);
	free(c.buffer);
	free(c.raw);
	frame_file_close(&c.file);
	return rc != 0;
}

static void print_line(void *user, const char *line)
{
	puts(line);
}

int main(int argc, char **argv)
{
	if (argc >= 3 && !strcmp(argv[1], "read"))
		return read_file(argc - 2, argv + 2);
	if (argc >= 5 && !strcmp(argv[1], "copy"))
		return copy_file(argc - 2, argv + 2);
	if (argc == 3 && !strcmp(argv[1], "recover"))
		return nxmx_recover(argv[2], print_line, NULL) != 0;
	fprintf(stderr, "usage: files read FILE [PAYLOADS] | copy FILE DIR NAME [OPTION=NUMBER ...] | recover DIR\n");
	return 2;
}
