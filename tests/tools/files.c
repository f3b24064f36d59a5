/* files.c - the file reader and the file writer on the command line, for the Python tests. Lines of JSON on standard output; 1 and words on stderr
 * for a refusal.
 *
 *   files read FILE [PAYLOADS]      what the file says, then one line per frame and channel; the frames' bytes go to PAYLOADS one after the other */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/frame_file.h"

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

int main(int argc, char **argv)
{
	if (argc >= 3 && !strcmp(argv[1], "read"))
		return read_file(argc - 2, argv + 2);
	fprintf(stderr, "usage: files read FILE [PAYLOADS]\n");
	return 2;
}
