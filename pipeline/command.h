/* command.h - what the commands of the sluice program share. */
#ifndef PIPELINE_COMMAND_H
#define PIPELINE_COMMAND_H

#include <signal.h>
#include <stddef.h>

#define COMMAND_VERSION "0.1.0"
#define COMMAND_SETS_MAX 256

enum { COMMAND_DONE = 0, COMMAND_FAILED = 1, COMMAND_MISTAKE = 2 }; /* exit codes */

struct config;

struct command_sets { /* --set KEY=VALUE, in order */
	const char *set[COMMAND_SETS_MAX];
	size_t n;
};

/* Prints "sluice COMMAND: MESSAGE" and where help is; returns COMMAND_MISTAKE. */
int command_mistake(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* What getopt_long, told to be silent (opterr 0, options that begin with ':'), did not take; returns COMMAND_MISTAKE. */
int command_option_mistake(const char *command, int c, char **argv);
/* Reads file and sets and checks them; 0, or COMMAND_MISTAKE with the message printed. */
int command_config(const char *command, struct config *config, const char *path, const struct command_sets *sets);
/* Lets SIGINT and SIGTERM set command_stopped; the second one ends the program at once. */
void command_catch_signals(void);
extern volatile sig_atomic_t command_stopped;

int command_run(int argc, char **argv);
int command_process(int argc, char **argv);
int command_top(int argc, char **argv);

#endif
