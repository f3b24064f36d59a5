/* line.c - printing (line.h). */
#include "bench/suite/line.h"

#include <inttypes.h>
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

/* Clocks are exact, and more than the six digits that everything measured has. */
static json_t *whole(double clocks)
{
	return json_integer((json_int_t)(clocks + 0.5));
}

static void add_stage(json_t *to, const char *what, const char *stage, double clocks)
{
	char name[64];

	snprintf(name, sizeof(name), "stage_%s_%.16s", what, stage);
	add(to, name, whole(clocks));
}

static void add_clocked(json_t *to, const struct clocked *c)
{
	if (c->clocks_per_frame <= 0)
		return;
	add(to, "clocks_per_frame", whole(c->clocks_per_frame));
	add(to, "clock_mhz", json_integer(c->clock_mhz));
	add(to, "clock_assumed", json_true());
	add(to, "units", json_integer(c->units));
	add(to, "payload_gb_per_s", json_real(rounded(c->payload_gb_per_s)));
	add(to, "table_gb_per_s", json_real(rounded(c->table_gb_per_s)));
	add(to, "record_gb_per_s", json_real(rounded(c->record_gb_per_s)));
	for (uint32_t i = 0; i < c->n_stages; i++) {
		add_stage(to, "busy", c->stage[i].name, clocked_per_frame(c, c->stage[i].busy));
		add_stage(to, "stalled_in", c->stage[i].name, clocked_per_frame(c, c->stage[i].stalled_in));
		add_stage(to, "stalled_out", c->stage[i].name, clocked_per_frame(c, c->stage[i].stalled_out));
		add_stage(to, "errors", c->stage[i].name, (double)c->stage[i].errors);
	}
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
	add_clocked(o, &l->clocked);
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

static void clocked_rows(FILE *to, const struct clocked *c)
{
	fprintf(to, "    %.0f clocks per frame at an assumed %u MHz, %u unit%s; card memory: payload %.2f GB/s, tables %.2f GB/s, offsets, records and lists %.3f GB/s\n",
		c->clocks_per_frame, c->clock_mhz, c->units, c->units == 1 ? "" : "s", c->payload_gb_per_s, c->table_gb_per_s,
		c->record_gb_per_s);
	if (c->n_stages)
		fprintf(to, "    %-16s %14s %14s %14s %10s   clocks of one unit per frame; errors of all frames\n", "stage", "transfers", "without input",
			"without room", "errors");
	for (uint32_t i = 0; i < c->n_stages; i++)
		fprintf(to, "    %-16.16s %14.0f %14.0f %14.0f %10" PRIu64 "\n", c->stage[i].name, clocked_per_frame(c, c->stage[i].busy),
			clocked_per_frame(c, c->stage[i].stalled_in), clocked_per_frame(c, c->stage[i].stalled_out), c->stage[i].errors);
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
	if (l->clocked.clocks_per_frame > 0)
		clocked_rows(to, &l->clocked);
	fflush(to);
}
