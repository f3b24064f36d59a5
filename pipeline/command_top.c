/* command_top.c - `sluice top`: what the screen shows, in a terminal. Asks a node for its state; needs nothing else of it. */
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "host/fetch.h"
#include "pipeline/command.h"

#define BAR 20

static const char help[] =
	"usage: sluice top [ADDRESS] [--seconds N] [--every N] [--login NAME:PASSWORD] [--insecure]\n"
	"\n"
	"Shows the state of a running node, live: runs, rates, losses, queues, lanes. In a terminal it draws over itself;\n"
	"elsewhere it prints a line each time. Ctrl-C ends it.\n"
	"\n"
	"  ADDRESS           of the node's http.listen; default 127.0.0.1:8090\n"
	"  --seconds N       stop after N seconds\n"
	"  --every N         seconds between two looks; default 1\n"
	"  --login           where the node asks for a name and a password\n"
	"  --insecure        take any certificate\n";

struct top {
	const char *address, *login;
	unsigned long seconds, every;
	int insecure;
};

static int whole(const char *name, const char *text, unsigned long *out)
{
	char *end;

	*out = text ? strtoul(text, &end, 10) : 0;
	if (!text || *end || text[0] < '0' || text[0] > '9' || !*out || *out > 1000000)
		return command_mistake("top", "%s: '%s' is no whole number above 0", name, text ? text : "");
	return 0;
}

static int parse(int argc, char **argv, struct top *t)
{
	int rc = 0;

	for (int i = 1; i < argc && rc == 0; i++) {
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
			return fputs(help, stdout) < 0 ? COMMAND_FAILED : -1;
		if (!strcmp(argv[i], "--seconds"))
			rc = whole(argv[i], i + 1 < argc ? argv[i + 1] : NULL, &t->seconds), i++;
		else if (!strcmp(argv[i], "--every"))
			rc = whole(argv[i], i + 1 < argc ? argv[i + 1] : NULL, &t->every), i++;
		else if (!strcmp(argv[i], "--login") && i + 1 < argc)
			t->login = argv[++i];
		else if (!strcmp(argv[i], "--insecure"))
			t->insecure = 1;
		else if (argv[i][0] != '-' && !t->address)
			t->address = argv[i];
		else
			rc = command_mistake("top", "'%s' is not understood", argv[i]);
	}
	return rc;
}

/* --- reading ----------------------------------------------------------------------------------------------------------- */

static double number(json_t *object, const char *a, const char *b)
{
	json_t *v = json_object_get(object, a);

	v = b ? json_object_get(v, b) : v;
	return json_is_number(v) ? json_number_value(v) : NAN;
}

static const char *text(json_t *object, const char *name)
{
	const char *s = json_string_value(json_object_get(object, name));

	return s ? s : "";
}

static json_int_t term(json_t *status, const char *name, const char *which)
{
	json_t *line;
	size_t i;

	json_array_foreach(json_object_get(status, "ledger"), i, line)
		if (!strcmp(text(line, "term"), name))
			return json_integer_value(json_object_get(line, which));
	return 0;
}

/* --- showing ----------------------------------------------------------------------------------------------------------- */

/* Every loss that is not zero, with what it means where there is room. */
static void losses(json_t *status, const char *before, const char *after, int in_words)
{
	json_t *line;
	size_t i;

	json_array_foreach(json_object_get(status, "ledger"), i, line) {
		json_int_t n = json_integer_value(json_object_get(line, "total"));

		if (!json_is_true(json_object_get(line, "loss")) || !n)
			continue;
		printf("%s%s %" JSON_INTEGER_FORMAT, before, text(line, "term"), n);
		if (in_words)
			printf("  %s", text(line, "words"));
		fputs(after, stdout);
	}
}

static void one_line(json_t *status)
{
	json_int_t analysed = term(status, "analysed", "run"), hits = term(status, "hits", "run");

	printf("%-12s run %.0f  %.1f frames/s %.1f MB/s  received %" JSON_INTEGER_FORMAT "  analysed %" JSON_INTEGER_FORMAT "  hits %" JSON_INTEGER_FORMAT
	       " (%.1f %%)  latency p50 %.2f ms p99 %.2f ms", text(status, "state"), fmax(0, number(status, "run", "number")),
	       number(status, "rates", "frames_per_s"), number(status, "rates", "bytes_per_s") / 1e6, term(status, "received", "run"), analysed, hits,
	       analysed ? 100.0 * (double)hits / (double)analysed : 0, number(status, "latency_ms", "p50"), number(status, "latency_ms", "p99"));
	losses(status, "  ", "", 0);
	putchar('\n');
	fflush(stdout);
}

static void bar(const char *name, double part, const char *format, double a, double b)
{
	int full = isfinite(part) ? (int)lround(fmin(1, fmax(0, part)) * BAR) : 0;

	printf("  %-20s [%.*s%*s] ", name, full, "####################", BAR - full, "");
	if (isfinite(part))
		printf(format, a, b);
	else
		fputs("-", stdout);
	fputs("\033[K\n", stdout);
}

static void bars(json_t *status)
{
	json_t *o;
	size_t i;

	puts("\033[K\n\033[1mqueues\033[0m\033[K");
	json_array_foreach(json_object_get(status, "queues"), i, o) {
		double unit = !strcmp(text(o, "unit"), "bytes") ? 1e6 : 1, used = number(o, "used", NULL), room = number(o, "room", NULL);

		bar(text(o, "name"), used / room, unit > 1 ? "%.0f of %.0f MB" : "%.0f of %.0f", used / unit, room / unit);
	}
	puts("\033[K\n\033[1mlanes\033[0m (share of a processor)\033[K");
	json_array_foreach(json_object_get(status, "lanes"), i, o) {
		double load = number(o, "load", NULL);

		bar(text(o, "name"), load, "%.1f %%", 100 * load, 0);
	}
}

static void counts(json_t *status)
{
	static const char *const terms[] = {"received", "analysed", "hits", "kept", "released", "written", "sent"};
	json_int_t analysed = term(status, "analysed", "run"), hits = term(status, "hits", "run");

	printf("\033[K\n  %-12s %14s %14s\033[K\n", "frames", "this run", "since start");
	for (size_t i = 0; i < sizeof(terms) / sizeof(terms[0]); i++)
		printf("  %-12s %14" JSON_INTEGER_FORMAT " %14" JSON_INTEGER_FORMAT "\033[K\n", terms[i], term(status, terms[i], "run"),
		       term(status, terms[i], "total"));
	printf("  %-12s %13.1f %%\033[K\n", "hit rate", analysed ? 100.0 * (double)hits / (double)analysed : 0);
	losses(status, "  \033[1;31m", "\033[0m\033[K\n", 1);
}

static void whole_screen(json_t *status, const char *address)
{
	json_t *run = json_object_get(status, "run");

	printf("\033[H\033[1mSluice\033[0m %s  %s  \033[1m%s\033[0m", text(status, "version"), address, text(status, "state"));
	if (json_is_object(run))
		printf("  run %.0f, series %.0f", number(run, "number", NULL), number(run, "series", NULL));
	if (isfinite(number(run, "expected", NULL)))
		printf(", %.0f frames announced", number(run, "expected", NULL));
	printf("\033[K\n  %.1f frames/s  %.1f MB/s  to disk %.1f MB/s  latency p50 %.2f  p95 %.2f  p99 %.2f ms\033[K\n",
	       number(status, "rates", "frames_per_s"), number(status, "rates", "bytes_per_s") / 1e6, number(status, "rates", "written_bytes_per_s") / 1e6,
	       number(status, "latency_ms", "p50"), number(status, "latency_ms", "p95"), number(status, "latency_ms", "p99"));
	counts(status);
	bars(status);
	fputs("\033[J", stdout);
	fflush(stdout);
}

/* 0; or 1: the node did not answer. */
static int look(const struct top *t, struct fetch *fetch, int terminal)
{
	char message[800];
	const char *answer = fetch_get(fetch, "/api/status", message, sizeof(message));
	json_t *status = answer ? json_loads(answer, JSON_REJECT_DUPLICATES, NULL) : NULL;

	if (!json_is_object(status)) {
		printf("%s%s%s\n", terminal ? "\033[H\033[J" : "", answer ? "this is no node's answer: " : "", answer ? t->address : message);
		fflush(stdout);
		json_decref(status);
		return 1;
	}
	if (terminal)
		whole_screen(status, t->address);
	else
		one_line(status);
	json_decref(status);
	return 0;
}

int command_top(int argc, char **argv)
{
	struct top t = {.every = 1};
	struct fetch *fetch = NULL;
	int terminal = isatty(STDOUT_FILENO), silent = 0, rc = parse(argc, argv, &t);
	struct timespec begun, now;

	if (rc != 0)
		return rc < 0 ? COMMAND_DONE : rc;
	t.address = t.address ? t.address : "127.0.0.1:8090";
	if (fetch_open(&fetch, t.address, t.login, !t.insecure) < 0)
		return COMMAND_FAILED;
	command_catch_signals();
	if (terminal)
		fputs("\033[?1049h\033[?25l", stdout); /* another page, no cursor */
	clock_gettime(CLOCK_MONOTONIC, &begun);
	do {
		silent = look(&t, fetch, terminal);
		for (unsigned long i = 0; i < t.every * 10 && !command_stopped; i++)
			nanosleep(&(struct timespec){0, 100000000}, NULL);
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (!command_stopped && (!t.seconds || (unsigned long)(now.tv_sec - begun.tv_sec) < t.seconds));
	if (terminal)
		fputs("\033[?25h\033[?1049l", stdout);
	fetch_close(&fetch);
	return silent ? COMMAND_FAILED : COMMAND_DONE;
}
