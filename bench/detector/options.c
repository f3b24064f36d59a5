/* options.c - the command line of sluice-detector, and its help. See options.h. */
#include "bench/detector/options.h"

#include <errno.h>
#include <string.h>

static const struct option_row *find(const char *name, size_t len)
{
	for (size_t i = 0; i < option_rows_n; i++)
		if (option_rows[i].name && strlen(option_rows[i].name) == len && !strncmp(option_rows[i].name, name, len))
			return &option_rows[i];
	return NULL;
}

/* Edits (insert, delete, replace) from a to b; texts longer than 31 count as far away. */
static unsigned distance(const char *a, size_t a_len, const char *b)
{
	size_t b_len = strlen(b);
	unsigned row[32], before, above;

	if (a_len > 31 || b_len > 31)
		return 99;
	for (unsigned j = 0; j <= b_len; j++)
		row[j] = j;
	for (unsigned i = 1; i <= a_len; i++) {
		before = row[0];
		row[0] = i;
		for (unsigned j = 1; j <= b_len; j++) {
			above = row[j];
			before += a[i - 1] != b[j - 1];
			if (above + 1 < before)
				before = above + 1;
			if (row[j - 1] + 1 < before)
				before = row[j - 1] + 1;
			row[j] = before;
			before = above;
		}
	}
	return row[b_len];
}

static enum options_outcome unknown(const char *name, size_t len, char *message, size_t n)
{
	const char *near = NULL;
	unsigned best = 4;

	for (size_t i = 0; i < option_rows_n; i++) {
		unsigned d = option_rows[i].name ? distance(name, len, option_rows[i].name) : 99;

		if (d < best) {
			best = d;
			near = option_rows[i].name;
		}
	}
	if (near)
		snprintf(message, n, "--%.*s: there is no such option; did you mean --%s?", (int)(len < 60 ? len : 60), name, near);
	else
		snprintf(message, n, "--%.*s: there is no such option; see --help", (int)(len < 60 ? len : 60), name);
	return OPTIONS_WRONG;
}

static enum options_outcome apply(struct options *o, const struct option_row *row, const char *value, char *message, size_t n)
{
	struct settings *s = &o->series[o->n_series - 1];
	char allowed[512] = "";

	if (row->parse(row, (row->global ? (char *)o : (char *)s) + row->offset, value, allowed, sizeof allowed)) {
		snprintf(message, n, "--%s %.200s: expected %s", row->name, value, allowed);
		return OPTIONS_WRONG;
	}
	if (row->given)
		*(bool *)((char *)s + row->given) = true;
	return OPTIONS_RUN;
}

/* A further series starts as a copy of the one before, but has an id of its own. */
static enum options_outcome next_series(struct options *o, char *message, size_t n)
{
	struct settings *s = &o->series[o->n_series];

	if (o->n_series == SETTINGS_SERIES_MAX) {
		snprintf(message, n, "--next: at most %d series", SETTINGS_SERIES_MAX);
		return OPTIONS_WRONG;
	}
	*s = s[-1];
	s->series_id = UINT64_MAX;
	s->same_id = false;
	o->n_series++;
	return OPTIONS_RUN;
}

/* The series' own options are right one by one; are they right together? */
static enum options_outcome complete(struct options *o, char *message, size_t n)
{
	char text[400];

	if (!o->n_endpoints)
		strcpy(o->endpoint[o->n_endpoints++], o->series[0].v1 ? "tcp://127.0.0.1:9999" : "tcp://127.0.0.1:31001");
	for (unsigned i = 0; i < o->n_series; i++) {
		if (!settings_complete(&o->series[i], text, sizeof text))
			continue;
		if (o->n_series > 1)
			snprintf(message, n, "series %u: %s", i + 1, text);
		else
			snprintf(message, n, "%s", text);
		return OPTIONS_WRONG;
	}
	return OPTIONS_RUN;
}

enum options_outcome options_parse(struct options *o, int argc, char **argv, char *message, size_t n)
{
	options_clear(o);
	for (int i = 1; i < argc; i++) {
		const char *name = argv[i] + 2, *value;
		size_t len = strncmp(argv[i], "--", 2) ? 0 : strcspn(name, "=");
		const struct option_row *row = len ? find(name, len) : NULL;
		enum options_outcome outcome;

		if (!len) {
			snprintf(message, n, "%.200s: expected an option; see --help", argv[i]);
			return OPTIONS_WRONG;
		}
		if (!row)
			return unknown(name, len, message, n);
		if (!strcmp(row->name, "help")) {
			options_print_help(stdout);
			return OPTIONS_DONE;
		}
		if (!strcmp(row->name, "list-detectors")) {
			options_print_detectors(stdout);
			return OPTIONS_DONE;
		}
		value = name[len] == '=' ? name + len + 1 : row->argument && i + 1 < argc ? argv[++i] : NULL;
		if (!row->argument != !value) {
			snprintf(message, n, row->argument ? "--%s: expected %s" : "--%s: takes no value", row->name, row->argument);
			return OPTIONS_WRONG;
		}
		outcome = row->parse ? apply(o, row, value, message, n) : next_series(o, message, n);
		if (outcome != OPTIONS_RUN)
			return outcome;
	}
	return complete(o, message, n);
}

void options_print_help(FILE *out)
{
	fprintf(out, "sluice-detector: a simulated X-ray detector. It binds a ZeroMQ PUSH socket as a DECTRIS detector does and sends series of\n"
		     "frames in Stream v1 or v2: made ones (still diffraction, water, ice, powder), recorded files, or captured messages.\n\n"
		     "usage: sluice-detector [OPTION ...] [--next OPTION ...] ...\n\n"
		     "  sluice-detector --detector eiger2-16m --rate 133 --frames 0             a 16M detector until Ctrl-C\n"
		     "  sluice-detector --frames 1000 --drop 5%% --damage 1%% --truth t.jsonl     losses, and the truth about them\n"
		     "  sluice-detector --type u16 --frames 50 --next --type u32 --size 300x200 two series of different kinds\n"
		     "  sluice-detector --file run_master.h5 --rate max --repeat 0              a recorded file, over and over\n");
	for (size_t i = 0; i < option_rows_n; i++) {
		const struct option_row *row = &option_rows[i];
		char left[64];

		if (!row->name) {
			fprintf(out, "\n%s\n", row->help);
			continue;
		}
		snprintf(left, sizeof left, "--%s%s%s", row->name, row->argument ? " " : "", row->argument ? row->argument : "");
		fprintf(out, strlen(left) > 29 ? "  %s\n  %-30s%s\n" : "  %-30s%s%s\n", left, strlen(left) > 29 ? "" : row->help,
			strlen(left) > 29 ? row->help : "");
	}
	fprintf(out, "\nExit status: 0 done or interrupted, 1 failed while running, 2 wrong options (nothing was sent).\n");
}

void options_print_detectors(FILE *out)
{
	for (size_t i = 0; i < models_n; i++)
		fprintf(out, "%-12s %4u x %4u pixels of %3.0f um  %s\n", models[i].name, models[i].width, models[i].height, models[i].pixel_um,
			models[i].description);
}
