/* main.c - the sluice program: finds the command and hands over. */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/nxmx_writer.h"
#include "pipeline/command.h"
#include "pipeline/config.h"
#include "pipeline/engines.h"
#include "pipeline/node.h"

volatile sig_atomic_t command_stopped;

static const char help[] =
	"sluice " COMMAND_VERSION " - analyses every frame of an X-ray area detector while it measures\n"
	"\n"
	"  sluice run [CONFIG] [--set KEY=VALUE ...]        the node\n"
	"  sluice process FILE.h5 [--out DIR] [--json]      the same analysis over a recorded file\n"
	"  sluice top [ADDRESS]                             what a running node does, in a terminal\n"
	"  sluice check [CONFIG] [--set KEY=VALUE ...]      is a configuration right?\n"
	"  sluice config                                    print the reference configuration\n"
	"  sluice engines [--json] [CONFIG] [--set K=V ...] engines and devices found, and why others are not there\n"
	"  sluice recover DIR                               make readable what a killed node left in DIR\n"
	"  sluice graph                                     lanes, steps and rings of the node\n"
	"\n"
	"Each has --help. Exit codes: 0 done, 1 failed while running, 2 a mistake in how it was called (nothing was started).\n";

int command_mistake(const char *command, const char *format, ...)
{
	va_list arguments;

	fprintf(stderr, "sluice %s: ", command);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fprintf(stderr, " (sluice %s --help)\n", command);
	return COMMAND_MISTAKE;
}

int command_option_mistake(const char *command, int c, char **argv)
{
	const char *option = argv[optind - 1], letter[] = {'-', (char)optopt, '\0'};

	if (strncmp(option, "--", 2))
		option = letter; /* one of several behind one dash */
	return command_mistake(command, c == ':' ? "%s: its value is missing" : "'%s' is not understood", option);
}

int command_config(const char *command, struct config *config, const char *path, const struct command_sets *sets)
{
	char message[1024];

	if (!config) {
		fprintf(stderr, "sluice %s: not enough memory\n", command);
		return COMMAND_FAILED;
	}
	if (config_load(config, path, sets->set, sets->n, message, sizeof(message)) == 0 && config_check(config, message, sizeof(message)) == 0)
		return 0;
	fprintf(stderr, "sluice %s: %s\n", command, message);
	return COMMAND_MISTAKE;
}

static void on_signal(int number)
{
	if (command_stopped)
		_exit(128 + number);
	command_stopped = 1;
}

void command_catch_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static bool wants_help(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
			return true;
	return false;
}

/* CONFIG and --set; json: where --json is noted, NULL: it is not known. */
static int take_arguments(const char *command, int argc, char **argv, struct command_sets *sets, const char **path, bool *json)
{
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--set") && i + 1 < argc && sets->n < COMMAND_SETS_MAX)
			sets->set[sets->n++] = argv[++i];
		else if (!strncmp(argv[i], "--set=", 6) && sets->n < COMMAND_SETS_MAX)
			sets->set[sets->n++] = argv[i] + 6;
		else if (json && !strcmp(argv[i], "--json"))
			*json = true;
		else if (argv[i][0] != '-' && !*path)
			*path = argv[i];
		else
			return command_mistake(command, "'%s' is not understood", argv[i]);
	}
	return 0;
}

static int command_check(int argc, char **argv)
{
	struct config *config = malloc(sizeof(*config));
	struct command_sets sets = {0};
	const char *path = NULL;
	int rc;

	if (wants_help(argc, argv)) {
		free(config);
		puts("usage: sluice check [CONFIG] [--set KEY=VALUE ...]\n\nSays whether a configuration is right, and if not, where and why. Starts nothing.");
		return COMMAND_DONE;
	}
	rc = take_arguments("check", argc, argv, &sets, &path, NULL);
	if (rc == 0)
		rc = command_config("check", config, path, &sets);
	if (rc == 0)
		printf("%s is right\n", path ? path : "the default configuration");
	free(config);
	return rc;
}

static int command_print_config(int argc, char **argv)
{
	struct config *config = malloc(sizeof(*config));
	char *text;

	if (wants_help(argc, argv) || argc > 1) {
		free(config);
		if (!wants_help(argc, argv))
			return command_mistake("config", "'%s' is not understood", argv[1]);
		puts("usage: sluice config\n\nPrints the reference configuration: every key, its default and what it does, as a YAML file.");
		return COMMAND_DONE;
	}
	if (!config)
		return COMMAND_FAILED;
	config_defaults(config);
	text = config_print(config, true);
	if (text)
		fputs(text, stdout);
	free(text);
	free(config);
	return text ? COMMAND_DONE : COMMAND_FAILED;
}

static int command_engines(int argc, char **argv)
{
	struct command_sets sets = {0};
	struct config *config;
	const char *path = NULL;
	bool json = false;
	int rc;

	if (wants_help(argc, argv)) {
		puts("usage: sluice engines [--json] [CONFIG] [--set KEY=VALUE ...]\n\n"
		     "Lists every device of every engine with its name, memory, NUMA node and driver, and says why others are not available.\n"
		     "Some are used only when the configuration asks for them, e.g. by --set engine.fpga_simulated=on.\n\n"
		     "  --json   one array of objects");
		return COMMAND_DONE;
	}
	rc = take_arguments("engines", argc, argv, &sets, &path, &json);
	if (rc)
		return rc;
	config = malloc(sizeof(*config));
	if (!config)
		return COMMAND_FAILED;
	rc = command_config("engines", config, path, &sets);
	if (rc == 0 && json)
		engines_print_json(config);
	else if (rc == 0)
		engines_print(config);
	free(config);
	return rc;
}

static int command_graph(int argc, char **argv)
{
	if (argc > 1 && !wants_help(argc, argv))
		return command_mistake("graph", "'%s' is not understood", argv[1]);
	if (argc > 1) {
		puts("usage: sluice graph\n\nPrints the way of a frame: lanes, steps, rings, and what happens when a ring is full.");
		return COMMAND_DONE;
	}
	graph_print();
	return COMMAND_DONE;
}

static void print_line(void *user, const char *line)
{
	(void)user;
	puts(line);
}

static int command_recover(int argc, char **argv)
{
	int rc;

	if (!wants_help(argc, argv) && argc != 2)
		return command_mistake("recover", argc < 2 ? "which directory?" : "one directory at a time");
	if (wants_help(argc, argv)) {
		puts("usage: sluice recover DIR\n\nAfter a crash or power cut: makes every file that was being written in DIR readable, gives it its final name, and\n"
		     "writes the master files that are missing or out of date. Do not use it on a directory that a node is writing to.");
		return COMMAND_DONE;
	}
	rc = nxmx_recover(argv[1], print_line, NULL);
	if (rc < 0)
		fprintf(stderr, "sluice recover: %s: %s\n", argv[1], strerror(-rc));
	if (rc == -ENOENT || rc == -ENOTDIR)
		return COMMAND_MISTAKE;
	return rc < 0 ? COMMAND_FAILED : COMMAND_DONE;
}

static const struct {
	const char *name;
	int (*main)(int argc, char **argv);
} commands[] = {
	{"run", command_run}, {"process", command_process}, {"top", command_top}, {"check", command_check}, {"config", command_print_config},
	{"engines", command_engines}, {"recover", command_recover}, {"graph", command_graph},
};

int main(int argc, char **argv)
{
	if (argc < 2) {
		fputs(help, stderr);
		return COMMAND_MISTAKE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
		fputs(help, stdout);
		return COMMAND_DONE;
	}
	if (!strcmp(argv[1], "--version")) {
		puts("sluice " COMMAND_VERSION);
		return COMMAND_DONE;
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].main(argc - 1, argv + 1);
	fprintf(stderr, "sluice: '%s' is not a command; run, process, top, check, config, engines, recover and graph are (sluice --help)\n", argv[1]);
	return COMMAND_MISTAKE;
}
