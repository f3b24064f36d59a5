/* compare.c - reading JSON lines and matching them (compare.h). */
#include "bench/suite/compare.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define LINE_MAX_BYTES 16384

static const char *text_of(const json_t *line, const char *key)
{
	const char *text = json_string_value(json_object_get(line, key));

	return text ? text : "";
}

static double number_of(const json_t *line, const char *key)
{
	return json_number_value(json_object_get(line, key));
}

/* Lines from before there were batches have none. */
static double batch_of(const json_t *line)
{
	double batch = number_of(line, "batch");

	return batch > 0 ? batch : 1;
}

/* The whole node is told of in frames per second. 0: no such line. */
static double ms_of(const json_t *line)
{
	double ms = number_of(line, "ms_per_frame"), rate = number_of(line, "frames_per_s");

	return ms > 0 ? ms : rate > 0 ? 1000 / rate : 0;
}

/* Multiples of the floor's time; of the node that of the bare client. */
static double x_of(const json_t *line)
{
	double bare = number_of(line, "bare_frames_per_s"), rate = number_of(line, "frames_per_s");

	return bare > 0 && rate > 0 ? bare / rate : number_of(line, "x_floor");
}

static json_t *read_lines(const char *path)
{
	FILE *f = fopen(path, "r");
	json_t *all = json_array();
	char text[LINE_MAX_BYTES];
	unsigned number = 0;

	if (!f) {
		fprintf(stderr, "sluice-bench: cannot read %s: %s\n", path, strerror(errno));
		json_decref(all);
		return NULL;
	}
	while (all && fgets(text, sizeof(text), f)) {
		json_t *line = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

		number++;
		if (!json_is_string(json_object_get(line, "case")) || !(ms_of(line) > 0)) {
			fprintf(stderr, "sluice-bench: %s:%u: no line of `sluice-bench --json`\n", path, number);
			json_decref(line);
			json_decref(all);
			all = NULL;
			break;
		}
		json_array_append_new(all, line);
	}
	fclose(f);
	return all;
}

static const json_t *match(const json_t *all, const json_t *wanted)
{
	size_t i;
	json_t *line;

	json_array_foreach(all, i, line)
		if (!strcmp(text_of(line, "case"), text_of(wanted, "case")) && !strcmp(text_of(line, "engine"), text_of(wanted, "engine")) &&
		    !strcmp(text_of(line, "level"), text_of(wanted, "level")) && number_of(line, "threads") == number_of(wanted, "threads") &&
		    batch_of(line) == batch_of(wanted))
			return line;
	return NULL;
}

static double percent(double before, double now)
{
	return before > 0 ? (now / before - 1) * 100 : 0;
}

int compare_files(const char *old_path, const char *new_path)
{
	json_t *before = read_lines(old_path), *now = before ? read_lines(new_path) : NULL, *line;
	size_t i, matched = 0;

	if (now)
		printf("%-28s %-21s %-8s %7s %5s %10s %10s %8s %8s %8s\n", "case", "engine", "level", "threads", "batch", "old ms", "new ms", "time",
		       "old x", "new x");
	json_array_foreach(now, i, line) {
		const json_t *old = match(before, line);

		if (!old)
			continue;
		matched++;
		printf("%-28s %-21s %-8s %7.0f %5.0f %10.3f %10.3f %+7.1f%% %8.2f %8.2f\n", text_of(line, "case"), text_of(line, "engine"),
		       text_of(line, "level"), number_of(line, "threads"), batch_of(line), ms_of(old), ms_of(line), percent(ms_of(old), ms_of(line)),
		       x_of(old), x_of(line));
	}
	if (now && !matched)
		printf("the two have no line in common\n");
	if (now && strcmp(text_of(json_array_get(before, 0), "machine"), text_of(json_array_get(now, 0), "machine")))
		printf("different machines: %s; %s\n", text_of(json_array_get(before, 0), "machine"), text_of(json_array_get(now, 0), "machine"));
	json_decref(before);
	json_decref(now);
	return now ? 0 : -EINVAL;
}
