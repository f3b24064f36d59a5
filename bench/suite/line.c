/* line.c - printing (line.h). */
#include "bench/suite/line.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *line_machine(void)
{
	static char words[256];
	char text[256], model[160] = "unknown processor";
	FILE *f = fopen("/proc/cpuinfo", "r");

	if (words[0])
		return words;
	while (f && fgets(text, sizeof(text), f))
		if (!strncmp(text, "model name", 10) && strchr(text, ':')) {
			snprintf(model, sizeof(model), "%.150s", strchr(text, ':') + 2);
			model[strcspn(model, "\n")] = '\0';
			break;
		}
	if (f)
		fclose(f);
	snprintf(words, sizeof(words), "%s, %ld cores", model, sysconf(_SC_NPROCESSORS_ONLN));
	return words;
}

const char *line_commit(void)
{
	return SLUICE_COMMIT;
}

static double rounded(double value)
{
	char text[32];

	snprintf(text, sizeof(text), "%.6g", value);
	return atof(text);
}

/* A field that only some lines have; takes the value. */
static void add(json_t *to, const char *name, json_t *value)
{
	json_object_set_new(to, name, value);
}

void line_json(FILE *to, const struct bench_line *l)
{
	json_t *o = json_pack("{s:s, s:s, s:s, s:i, s:i, s:i, s:f, s:f, s:f, s:f, s:f, s:f}", "case", l->case_name, "engine", l->engine, "level", l->level,
			      "threads", (int)l->threads, "batch", (int)l->batch, "frames", (int)l->frames, "ms_per_frame", rounded(l->ms_per_frame),
			      "frames_per_s", rounded(l->frames_per_s), "floor_ms", rounded(l->floor_ms), "x_floor",
			      rounded(l->floor_ms > 0 ? l->ms_per_frame / l->floor_ms : 0), "spread", rounded(l->spread), "mb_per_frame",
			      rounded(l->mb_per_frame));

	if (!o)
		return;
	if (l->scaling > 0)
		add(o, "scaling", json_real(rounded(l->scaling)));
	if (l->scaling_cpu > 0)
		add(o, "scaling_cpu", json_real(rounded(l->scaling_cpu)));
	if (l->device[0])
		add(o, "device", json_string(l->device));
	add(o, "machine", json_string(line_machine()));
	add(o, "commit", json_string(line_commit()));
	json_dumpf(o, to, JSON_COMPACT | JSON_REAL_PRECISION(6));
	fputc('\n', to);
	fflush(to);
	json_decref(o);
}

void line_head(FILE *to)
{
	fprintf(to, "%s, commit %s\n", line_machine(), line_commit());
	fprintf(to, "%-28s %-21s %-8s %7s %5s %10s %10s %8s %7s %8s %7s %8s\n", "case", "engine", "level", "threads", "batch", "ms/frame", "frames/s",
		"x floor", "spread", "scaling", "by CPU", "MB/frame");
}

void line_row(FILE *to, const struct bench_line *l)
{
	char scaling[16] = "-", by_cpu[16] = "-";

	if (l->scaling > 0)
		snprintf(scaling, sizeof(scaling), "%.2f", l->scaling);
	if (l->scaling_cpu > 0)
		snprintf(by_cpu, sizeof(by_cpu), "%.2f", l->scaling_cpu);
	fprintf(to, "%-28s %-21s %-8s %7u %5u %10.3f %10.1f %8.2f %6.1f%% %8s %7s %8.3f\n", l->case_name, l->engine, l->level[0] ? l->level : "-", l->threads,
		l->batch, l->ms_per_frame, l->frames_per_s, l->floor_ms > 0 ? l->ms_per_frame / l->floor_ms : 0, l->spread * 100, scaling,
		by_cpu, l->mb_per_frame);
	fflush(to);
}
