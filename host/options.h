/* options.h - a struct filled from YAML text by a table of options; knows no key itself.
 *
 * One table per struct says of every option where it lies, what it may be, what it is by default and what it is for. Reading, bounds, assignments
 * (KEY=VALUE), the printed configuration with its comments, and error messages all come from it. For use before the node starts: allocates.
 *
 * Errors are -EINVAL with one message: what was read (FILE:LINE or --set), the key, the bad value and what is allowed, or a near match of the key. */
#ifndef HOST_OPTIONS_H
#define HOST_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OPTIONS_KEY_MAX 128 /* bytes of a full key with the NUL */

enum options_type {
	OPTION_SECTION, /* no value: a map of the options whose keys begin with this one and a dot */
	OPTION_BOOL,    /* bool: on, off, true, false, yes, no */
	OPTION_U32,     /* uint32_t in [min, max] */
	OPTION_DOUBLE,  /* double in [min, max] */
	OPTION_PAIR,    /* double[2], each in [min, max]: [a, b] */
	OPTION_TEXT,    /* char[size] */
	OPTION_PATH,    /* char[size]; a relative one is relative to the configuration file's directory */
	OPTION_CHOICE,  /* char[size], one of the choices */
	OPTION_ENUM,    /* an enum of 4 bytes: the choice's number */
	OPTION_CHOICES, /* char[max_items][size] and a count: a list of different choices, or a single one; at least one */
	OPTION_ITEMS,   /* item[max_items], size bytes each, and a count: a list of maps read by the table `items`, or a single one */
};

/* The table ends with a row whose key is NULL. */
struct options_row {
	const char *key;            /* dotted: "spots.kernel"; in a table of items: "endpoint" */
	enum options_type type;
	size_t offset, size;
	double min, max;
	const char *const *choices; /* NULL-terminated */
	const char *word;           /* a word in the place of numbers: "auto"; NULL: none */
	double word_value;          /* what the numbers then become */
	size_t flag;                /* offset of a bool that says whether the word stands; 0: there is none */
	bool flag_at_word;          /* the flag's value when the word stands */
	bool single;                /* OPTION_PAIR: a single number stands for both. OPTION_ITEMS: an item may be the value of its first option alone */
	bool may_be_empty;          /* OPTION_TEXT: "" is a value. OPTION_ITEMS: so is [] */
	size_t count;               /* OPTION_CHOICES, OPTION_ITEMS: offset of the uint32_t */
	uint32_t max_items;
	const struct options_row *items;
	int (*check)(const char *text, char *why, size_t why_bytes); /* OPTION_TEXT: more than any text will do; non-zero: no, and why */
	const char *standard;       /* the default, as YAML; NULL in a table of items: must be given */
	const char *unit;           /* for people; NULL: none */
	const char *help;           /* one short sentence without a full stop */
};

/* Fills the struct with the table's defaults. A table whose default is refused by its own bounds is our own bug: asserts. */
void options_defaults(const struct options_row *table, void *values);

/* Applies YAML text to the struct. name: how messages call it (the file); directory: what relative paths begin with, "" for none. */
int options_read(const struct options_row *table, void *values, const char *text, size_t len_bytes, const char *name, const char *directory,
		 char *message, size_t message_bytes);

/* Applies one assignment KEY=VALUE. KEY is an option or section, or names an entry of a list by its number: "input.0.endpoint", the number after the
 * last one appends. VALUE is YAML; that of a text option is taken literally unless it is quoted. */
int options_assign(const struct options_row *table, void *values, const char *assignment, char *message, size_t message_bytes);

/* The struct as YAML text, in the table's order; malloc'ed, the caller's; NULL without memory. */
char *options_print(const struct options_row *table, const void *values, bool with_comments);

/* One option's value as YAML; malloc'ed, the caller's; NULL without memory. "" for sections and lists of maps. */
char *options_print_value(const struct options_row *option, const void *values);

/* What an option may be, in words: "1..6", "one of q, radius". Returns text. */
const char *options_allowed(const struct options_row *option, char *text, size_t text_bytes);

/* Shortest decimal number that reads back as the same double. Returns text. */
const char *options_number(double number, char *text, size_t text_bytes);

#endif
