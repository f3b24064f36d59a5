/* recorded.c - finding and reading (recorded.h). */
#include "bench/suite/recorded.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/frame_file.h"
#include "pipeline/series.h"
#include "pipeline/work.h"

#define FRAMES_MAX 16
#define PATH_BYTES 1024
#define NAME_BYTES 64

static struct {
	char name[RECORDED_CASES_MAX][NAME_BYTES], path[RECORDED_CASES_MAX][PATH_BYTES];
} texts;

static int is_recorded(const struct dirent *entry)
{
	size_t n = strlen(entry->d_name);

	return n > 3 && n < NAME_BYTES - sizeof("recorded-") && !strcmp(entry->d_name + n - 3, ".h5");
}

static void list(struct recorded_cases *cases)
{
	const char *data = getenv("SLUICE_DATA");
	char folder[PATH_BYTES / 2];
	struct dirent **found = NULL;
	int n;

	snprintf(folder, sizeof(folder), "%s/frames", data && data[0] ? data : SLUICE_DATA_BESIDE);
	n = scandir(folder, &found, is_recorded, alphasort);
	for (int i = 0; i < n; i++) {
		unsigned at = cases->n;

		if (at < RECORDED_CASES_MAX &&
		    snprintf(texts.path[at], PATH_BYTES, "%s/%s", folder, found[i]->d_name) < PATH_BYTES) {
			snprintf(texts.name[at], NAME_BYTES, "recorded-%.*s", (int)strlen(found[i]->d_name) - 3, found[i]->d_name);
			cases->list[cases->n++] = (struct bench_case){.name = texts.name[at], .model = "recorded", .file = texts.path[at]};
		}
		free(found[i]);
	}
	free(found);
}

const struct recorded_cases *recorded_list(void)
{
	static struct recorded_cases cases;
	static bool listed;

	if (!listed)
		list(&cases);
	listed = true;
	return &cases;
}

/* The mask that the file holds; none where it has none that fits. */
static int read_mask(struct bench_set *set, const struct stream_start *start)
{
	const struct stream_array *mask = &start->channel[0].pixel_mask;
	const struct image_shape shape = {set->shape.width, set->shape.height, PIXEL_U32};
	struct payload payload;

	set->mask = calloc(image_pixels(&shape), sizeof(*set->mask));
	if (!set->mask)
		return -ENOMEM;
	set->settings.detector_mask = set->mask;
	if (!start->n_channels || !mask->bytes.len || mask->width != shape.width || mask->height != shape.height || mask->elem_bytes != 4)
		return 0;
	payload = stage_payload(mask);
	return codec_decode(&payload, &shape, set->mask);
}

static int make_plan(struct bench_set *set, const struct stream_start *start, char *message, size_t message_bytes)
{
	struct plan_settings *s = &set->settings;
	const char *why;
	int rc;

	plan_defaults(s);
	s->shape = set->shape;
	series_geometry(&s->geometry, start, NULL, &why);
	s->saturation_value = start->saturation_value;
	rc = read_mask(set, start);
	if (rc < 0) {
		snprintf(message, message_bytes, "its mask cannot be read: %s", strerror(-rc));
		return rc;
	}
	return plan_make(&set->plan, s, 1, message, message_bytes);
}

static int read_frame(struct bench_set *set, struct frame_file *file, unsigned i, char *message, size_t message_bytes)
{
	size_t room = frame_file_info(file)->max_payload_bytes;
	uint8_t *bytes = malloc(room + 1), *own;
	struct stream_channel channel;
	struct payload payload;
	uint64_t id;
	int rc = bytes ? frame_file_read(file, i, 0, bytes, room, &channel, &id, message, message_bytes) : -ENOMEM;

	if (rc < 0) {
		free(bytes);
		return rc;
	}
	payload = stage_payload(&channel.pixels);
	own = malloc(payload.len_bytes + 1);
	if (own)
		memcpy(own, payload.bytes, payload.len_bytes);
	free(bytes);
	return own ? bench_set_keep(set, i, own, payload.len_bytes, payload.codec) : -ENOMEM;
}

static int read_all(struct bench_set *set, struct frame_file *file, char *message, size_t message_bytes)
{
	const struct frame_file_info *info = frame_file_info(file);
	unsigned n = info->n_frames < FRAMES_MAX ? (unsigned)info->n_frames : FRAMES_MAX;
	unsigned elem_bytes = info->start.elem_bytes;
	int rc;

	set->shape = (struct image_shape){info->start.width, info->start.height, elem_bytes == 1 ? PIXEL_U8 : elem_bytes == 2 ? PIXEL_U16 : PIXEL_U32};
	rc = make_plan(set, &info->start, message, message_bytes);
	set->frame = calloc(n, sizeof(*set->frame));
	if (rc == 0 && !set->frame)
		rc = -ENOMEM;
	while (rc == 0 && set->n < n) {
		set->n++; /* also one that fails is to be freed */
		rc = read_frame(set, file, set->n - 1, message, message_bytes);
	}
	bench_set_weigh(set);
	return rc;
}

int recorded_open(struct bench_set **out, const struct bench_case *recorded, char *message, size_t message_bytes)
{
	static const struct stream_limits limits = {.max_pixels = (uint64_t)64 << 20, .max_channels = STREAM_CHANNELS_MAX};
	struct bench_set *set = calloc(1, sizeof(*set));
	struct frame_file *file = NULL;
	int rc = -ENOMEM;

	*out = NULL;
	snprintf(message, message_bytes, "not enough memory, or frames that no engine takes");
	if (!set)
		return rc;
	set->made_of = recorded;
	rc = frame_file_open(&file, recorded->file, &limits, message, message_bytes);
	if (rc == 0)
		rc = read_all(set, file, message, message_bytes);
	frame_file_close(&file);
	if (rc < 0)
		bench_set_close(&set);
	*out = set;
	return rc;
}
