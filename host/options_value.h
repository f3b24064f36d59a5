/* options_value.h - inside of the options room: one value into its place, and how its errors are told.
 *
 * For host/options.c alone. */
#ifndef HOST_OPTIONS_VALUE_H
#define HOST_OPTIONS_VALUE_H

#include "host/options.h"
#include "host/tree.h"

#define OPTIONS_SHOWN_MAX 72 /* bytes of a bad value as messages show it */

struct options_reader {
	const char *name;      /* of the file; NULL: an assignment */
	const char *directory; /* that relative paths begin with; "" */
	char *message;
	size_t message_bytes;
};

/* Writes the message and returns -EINVAL. line 0: of no line. */
int options_refuse(const struct options_reader *r, uint32_t line, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* "PATH: VALUE WHAT, allowed ..." */
int options_refuse_value(const struct options_reader *r, const struct options_row *o, const char *path, const struct tree_node *node,
			 const char *what);

/* A value as a message may repeat it: short and printable. Returns text. */
const char *options_shown(const struct tree_node *node, char text[OPTIONS_SHOWN_MAX]);

/* Any type but OPTION_SECTION and OPTION_ITEMS. values: the struct that o->offset counts from; path: the full key for messages. */
int options_read_value(const struct options_reader *r, const struct options_row *o, void *values, const char *path, const struct tree_node *node);

#endif
