/* options_value.c - one value of a YAML tree into its place in a struct. Touches only that place and the message. */
#include "host/options_value.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SHOWN_MAX (OPTIONS_SHOWN_MAX - 8) /* bytes of a bad value that a message repeats */

int options_refuse(const struct options_reader *r, uint32_t line, const char *format, ...)
{
	char *at = r->message;
	size_t room = r->message_bytes;
	va_list list;
	int n;

	if (!room)
		return -EINVAL;
	if (!r->name)
		n = snprintf(at, room, "--set ");
	else if (!line)
		n = snprintf(at, room, "%s: ", r->name);
	else
		n = snprintf(at, room, "%s:%u: ", r->name, line);
	if (n < 0 || (size_t)n >= room)
		return -EINVAL;
	va_start(list, format);
	vsnprintf(at + n, room - (size_t)n, format, list);
	va_end(list);
	return -EINVAL;
}

/* A value as a message may repeat it: short and printable. */
const char *options_shown(const struct tree_node *node, char text[OPTIONS_SHOWN_MAX])
{
	const char *c;
	size_t n = 0;

	if (node->kind != TREE_TEXT)
		return strcpy(text, node->kind == TREE_LIST ? "a list" : "a map");
	if (tree_is_empty(node))
		return strcpy(text, "no value");
	text[n++] = '\'';
	for (c = node->text; *c && n < SHOWN_MAX; c++)
		text[n++] = (unsigned char)*c < 0x20 || *c == 0x7f ? '?' : *c;
	while (*c && ((unsigned char)text[n - 1] & 0xc0) == 0x80) /* no part of a character at the cut */
		n--;
	if (*c && (unsigned char)text[n - 1] >= 0xc0)
		n--;
	strcpy(text + n, *c ? "...'" : "'");
	return text;
}

int options_refuse_value(const struct options_reader *r, const struct options_row *o, const char *path, const struct tree_node *node, const char *what)
{
	char text[OPTIONS_SHOWN_MAX], allowed[256];

	return options_refuse(r, node->line, "%s: %s %s, allowed %s", path, options_shown(node, text), what,
		      options_allowed(o, allowed, sizeof allowed));
}

/* --- texts ------------------------------------------------------------------------------------------------------------------- */

/* Takes one character of UTF-8 from a text that does not end here; 0 where it is none. */
static uint32_t next_character(const unsigned char **at)
{
	static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
	const unsigned char *c = *at;
	unsigned more = *c < 0x80 ? 0 : *c < 0xc0 ? 4 : *c < 0xe0 ? 1 : *c < 0xf0 ? 2 : *c < 0xf8 ? 3 : 4;
	uint32_t character = more ? *c & (0x3fu >> more) : *c;

	if (more > 3)
		return 0;
	for (unsigned i = 1; i <= more; i++) {
		if ((c[i] & 0xc0) != 0x80)
			return 0;
		character = character << 6 | (c[i] & 0x3fu);
	}
	*at = c + more + 1;
	return character >= least[more] ? character : 0;
}

/* Whether a text can be printed and read again on one line: UTF-8 without control characters, line separators and what is no character. An assignment
 * comes here straight from the command line, so it may be anything. */
static bool is_printable(const char *text)
{
	const unsigned char *at = (const unsigned char *)text;

	while (*at) {
		uint32_t c = next_character(&at);

		if (c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 || (c >= 0xd800 && c < 0xe000) || c == 0xfeff ||
		    c == 0xfffe || c == 0xffff || c > 0x10ffff)
			return false;
	}
	return true;
}

/* Nothing was given where something is wanted: with what to write instead. */
static int refuse_empty(const struct options_reader *r, const struct options_row *o, const char *path, const struct tree_node *node)
{
	char why[512];
	bool takes_none = (o->standard && !strcmp(o->standard, "none")) || (o->check && !o->check("none", why, sizeof why));

	if (takes_none)
		return options_refuse(r, node->line, "%s: no value; 'none' switches it off", path);
	if (o->standard)
		return options_refuse(r, node->line, "%s: no value; the default is '%s'", path, o->standard);
	if (o->check && o->check("", why, sizeof why))
		return options_refuse(r, node->line, "%s: no value: %s", path, why);
	return options_refuse(r, node->line, "%s: no value", path);
}

static int read_text(const struct options_reader *r, const struct options_row *o, char *out, const char *path, const struct tree_node *node)
{
	char why[512], text[OPTIONS_SHOWN_MAX];
	size_t len, directory_len = 0;

	if (node->kind != TREE_TEXT)
		return options_refuse_value(r, o, path, node, "where a text is wanted");
	len = strlen(node->text);
	while (len && node->text[len - 1] == '\n') /* a block text ends with one */
		len--;
	if (o->type == OPTION_PATH && r->name && r->directory[0] && node->text[0] != '/' && strcmp(node->text, "none"))
		directory_len = strlen(r->directory) + 1;
	if (!len && !o->may_be_empty)
		return refuse_empty(r, o, path, node);
	if (directory_len + len >= o->size)
		return options_refuse(r, node->line, "%s: %zu bytes, longer than the %zu allowed", path, directory_len + len, o->size - 1);
	memset(out, 0, o->size); /* so that equal settings are equal bytes */
	if (directory_len)
		snprintf(out, o->size, "%s/", r->directory);
	memcpy(out + directory_len, node->text, len);
	if (!is_printable(out))
		return options_refuse(r, node->line, "%s: %s is no line of UTF-8 text (control character, line break or stray byte)", path, options_shown(node, text));
	if (o->check && o->check(out, why, sizeof why))
		return options_refuse(r, node->line, "%s: %s: %s", path, options_shown(node, text), why);
	return 0;
}

/* The number of the choice that a node names, or -1. */
static int choice_of(const struct options_row *o, const struct tree_node *node)
{
	for (int i = 0; node->kind == TREE_TEXT && o->choices[i]; i++)
		if (!strcmp(node->text, o->choices[i]))
			return i;
	return -1;
}

static int refuse_choice(const struct options_reader *r, const struct options_row *o, const char *path, const struct tree_node *node)
{
	char text[OPTIONS_SHOWN_MAX], allowed[256];
	struct options_row one = *o;

	one.type = OPTION_CHOICE;
	return options_refuse(r, node->line, "%s: %s is not %s", path, options_shown(node, text), options_allowed(&one, allowed, sizeof allowed));
}

static int read_choices(const struct options_reader *r, const struct options_row *o, char *values, const char *path, const struct tree_node *node)
{
	const struct tree_node *item = node->kind == TREE_LIST ? node->first : node;
	char *out = values + o->offset;
	uint32_t n = 0;

	if (node->kind == TREE_MAP || !item)
		return options_refuse_value(r, o, path, node, item ? "where a list is wanted" : "without an entry");
	memset(out, 0, o->max_items * o->size);
	for (; item; item = node->kind == TREE_LIST ? item->next : NULL) {
		int choice = choice_of(o, item);

		if (choice < 0)
			return refuse_choice(r, o, path, item);
		for (uint32_t i = 0; i < n; i++)
			if (!strcmp(out + i * o->size, item->text))
				return options_refuse(r, item->line, "%s: '%s' stands twice", path, item->text);
		if (n == o->max_items)
			return options_refuse(r, item->line, "%s: more than %u entries", path, o->max_items);
		snprintf(out + n++ * o->size, o->size, "%s", item->text);
	}
	memcpy(values + o->count, &n, sizeof n);
	return 0;
}

/* --- numbers ----------------------------------------------------------------------------------------------------------------- */

static int read_bool(const struct options_reader *r, const struct options_row *o, bool *out, const char *path, const struct tree_node *node)
{
	static const char *const words[] = { "off", "on", "false", "true", "no", "yes" };

	for (size_t i = 0; node->kind == TREE_TEXT && node->plain && i < sizeof words / sizeof *words; i++)
		if (!strcasecmp(node->text, words[i])) {
			*out = i & 1;
			return 0;
		}
	return options_refuse_value(r, o, path, node, "is neither on nor off");
}

/* Decimal digits only for whole numbers; for others what strtod takes, less hexadecimal, infinity and not-a-number. */
static int read_number(const struct options_reader *r, const struct options_row *o, bool whole, double *out, const char *path,
		       const struct tree_node *node)
{
	const char *letters = whole ? "0123456789" : "0123456789+-.eE";
	const char *digits = node->kind == TREE_TEXT && node->text[0] == '-' && whole ? node->text + 1 : node->text;
	char *end;

	if (node->kind != TREE_TEXT || !node->plain || !*digits || digits[strspn(digits, letters)])
		return options_refuse_value(r, o, path, node, whole ? "is not a whole number" : "is not a number");
	*out = strtod(node->text, &end);
	if (*end || end == node->text || !isfinite(*out))
		return options_refuse_value(r, o, path, node, "is not a number");
	if (*out < o->min || *out > o->max) {
		char allowed[256];

		return options_refuse(r, node->line, "%s: %.64s is out of range, allowed %s", path, node->text, options_allowed(o, allowed, sizeof allowed));
	}
	*out += 0.0; /* -0 is 0 */
	return 0;
}

static int read_pair(const struct options_reader *r, const struct options_row *o, double out[2], const char *path, const struct tree_node *node)
{
	const struct tree_node *second = node->first ? node->first->next : NULL;
	int error;

	if (node->kind == TREE_TEXT && o->single) {
		error = read_number(r, o, false, &out[0], path, node);
		out[1] = out[0];
		return error;
	}
	if (node->kind != TREE_LIST || node->n != 2)
		return options_refuse_value(r, o, path, node, "is not a pair of numbers");
	error = read_number(r, o, false, &out[0], path, node->first);
	return error ? error : read_number(r, o, false, &out[1], path, second);
}

/* One or two numbers, or the word that stands for them. */
static int read_numbers(const struct options_reader *r, const struct options_row *o, char *values, const char *path, const struct tree_node *node)
{
	bool is_word = o->word && node->kind == TREE_TEXT && !strcmp(node->text, o->word);
	bool flag = is_word == o->flag_at_word;
	double number[2] = { o->word_value, o->word_value };
	uint32_t whole;
	int error = 0;

	if (!is_word && o->type == OPTION_PAIR)
		error = read_pair(r, o, number, path, node);
	else if (!is_word)
		error = read_number(r, o, o->type == OPTION_U32, &number[0], path, node);
	if (error)
		return error;
	if (o->flag)
		memcpy(values + o->flag, &flag, sizeof flag);
	whole = o->type == OPTION_U32 ? (uint32_t)number[0] : 0;
	if (o->type == OPTION_U32)
		memcpy(values + o->offset, &whole, sizeof whole);
	else
		memcpy(values + o->offset, number, o->type == OPTION_PAIR ? sizeof number : sizeof *number);
	return 0;
}

int options_read_value(const struct options_reader *r, const struct options_row *o, void *values, const char *path, const struct tree_node *node)
{
	char *at = (char *)values + o->offset;
	int choice;

	switch (o->type) {
	case OPTION_BOOL:
		return read_bool(r, o, (bool *)at, path, node);
	case OPTION_U32:
	case OPTION_DOUBLE:
	case OPTION_PAIR:
		return read_numbers(r, o, values, path, node);
	case OPTION_TEXT:
	case OPTION_PATH:
		return read_text(r, o, at, path, node);
	case OPTION_CHOICE:
	case OPTION_ENUM:
		choice = choice_of(o, node);
		if (choice < 0)
			return refuse_choice(r, o, path, node);
		if (o->type == OPTION_ENUM)
			memcpy(at, &choice, sizeof choice);
		else
			return read_text(r, o, at, path, node);
		return 0;
	case OPTION_CHOICES:
		return read_choices(r, o, values, path, node);
	case OPTION_ITEMS:
	case OPTION_SECTION:
		break;
	}
	return -EINVAL;
}
