/* options.h - the command line of sluice-detector: one table feeds parsing, bounds, help and near matches. */
#ifndef BENCH_DETECTOR_OPTIONS_H
#define BENCH_DETECTOR_OPTIONS_H

#include <stdio.h>

#include "bench/detector/settings.h"

/* OPTIONS_DONE: help or a list was asked for and printed; nothing else is to be done. */
enum options_outcome { OPTIONS_RUN, OPTIONS_DONE, OPTIONS_WRONG };

/* Parses and completes. On OPTIONS_WRONG message names the option, the bad value and what is allowed. */
enum options_outcome options_parse(struct options *options, int argc, char **argv, char *message, size_t message_bytes);

/* --- for options*.c only ---------------------------------------------------------------------------------------------------- */

struct option_row;
/* Reads value into target (the row's member). Returns 0, or -EINVAL with `allowed` filled by what would have been right. */
typedef int option_parser(const struct option_row *row, void *target, const char *value, char *allowed, size_t allowed_bytes);

struct option_row {
	const char *name;       /* NULL: a heading */
	const char *argument;   /* for the help; NULL: takes none */
	option_parser *parse;
	size_t offset;          /* of the member in struct options (global) or struct settings */
	size_t given;           /* of a bool in struct settings that is set too; 0: none */
	bool global;
	double min, max;        /* of numbers; texts: max bytes */
	const char *choices;    /* "a|b|c": stored as int 0, 1, 2 */
	const char *help;
};

extern const struct option_row option_rows[];
extern const size_t option_rows_n;

option_parser option_flag, option_u32, option_u64, option_double, option_text, option_choice, option_either, option_share, option_frame_choice, option_event,
	option_endpoint, option_detector, option_size, option_modules, option_pair, option_cell, option_powder, option_channels, option_rate,
	option_codec;

void options_print_help(FILE *out);
void options_print_detectors(FILE *out);

#endif
