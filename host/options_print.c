/* options_print.c - a struct as YAML text with comments, by its table. Output is one malloc'ed text. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "host/options.h"

#define COMMENT_COLUMN 44

const char *options_number(double number, char *text, size_t text_bytes)
{
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, text_bytes, "%.*g", digits, number);
		if (strtod(text, NULL) == number)
			break;
	}
	return text;
}

static const char *choices_in_words(const struct options_row *o, const char *before, char *text, size_t text_bytes)
{
	size_t n = (size_t)snprintf(text, text_bytes, "%s", before);

	for (size_t i = 0; o->choices[i] && n < text_bytes; i++)
		n += (size_t)snprintf(text + n, text_bytes - n, "%s%s", i ? ", " : "", o->choices[i]);
	return text;
}

const char *options_allowed(const struct options_row *o, char *text, size_t text_bytes)
{
	char least[32], most[32];
	const char *word = o->word ? o->word : "", *or = o->word ? " or " : "";

	text[0] = 0;
	switch (o->type) {
	case OPTION_BOOL:
		snprintf(text, text_bytes, "on, off");
		break;
	case OPTION_U32:
	case OPTION_DOUBLE:
		snprintf(text, text_bytes, "%s%s%s..%s", word, or, options_number(o->min, least, sizeof least),
			 options_number(o->max, most, sizeof most));
		break;
	case OPTION_PAIR:
		snprintf(text, text_bytes, "%s%s%s[a, b] in %s..%s", word, or, o->single ? "a number or " : "",
			 options_number(o->min, least, sizeof least), options_number(o->max, most, sizeof most));
		break;
	case OPTION_CHOICE:
	case OPTION_ENUM:
		choices_in_words(o, "one of ", text, text_bytes);
		break;
	case OPTION_CHOICES:
		choices_in_words(o, "a list of ", text, text_bytes);
		break;
	case OPTION_ITEMS:
		snprintf(text, text_bytes, "up to %u entries", o->max_items);
		for (const struct options_row *row = o->items; row->key; row++) {
			size_t n = strlen(text);

			snprintf(text + n, text_bytes - n, "%s%s%s", row == o->items ? " {" : ", ", row->key, row[1].key ? "" : "}");
		}
		break;
	case OPTION_TEXT:
	case OPTION_PATH:
		snprintf(text, text_bytes, "a text of up to %zu bytes", o->size - 1);
		break;
	case OPTION_SECTION:
		snprintf(text, text_bytes, "a map");
		break;
	}
	return text;
}

/* --- a growing text ---------------------------------------------------------------------------------------------------------- */

struct printer {
	char *text;
	size_t len, room;
	size_t line_start;
	bool failed, with_comments;
};

static void put(struct printer *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(struct printer *p, const char *format, ...)
{
	va_list list;
	int n;

	va_start(list, format);
	n = vsnprintf(NULL, 0, format, list);
	va_end(list);
	if (n >= 0 && p->len + (size_t)n + 1 > p->room) {
		size_t room = 2 * (p->len + (size_t)n) + 4096;
		char *grown = realloc(p->text, room);

		p->failed |= !grown;
		p->text = grown ? grown : p->text;
		p->room = grown ? room : p->room;
	}
	if (n < 0 || p->failed)
		return;
	va_start(list, format);
	vsnprintf(p->text + p->len, p->room - p->len, format, list);
	va_end(list);
	p->len += (size_t)n;
}

/* Columns of the line so far, counting characters of UTF-8. */
static size_t column(const struct printer *p)
{
	size_t n = 0;

	for (size_t i = p->line_start; i < p->len; i++)
		n += ((unsigned char)p->text[i] & 0xc0) != 0x80;
	return n;
}

static void end_line(struct printer *p, const struct options_row *o, bool comment)
{
	char allowed[256];
	bool is_range = o->type == OPTION_U32 || o->type == OPTION_DOUBLE || o->type == OPTION_PAIR;
	bool is_choice = o->type == OPTION_CHOICE || o->type == OPTION_ENUM || o->type == OPTION_CHOICES;

	if (comment && p->with_comments && !p->failed) {
		size_t at = column(p);

		put(p, "%*s# %s", at + 2 < COMMENT_COLUMN ? (int)(COMMENT_COLUMN - at) : 2, "", o->help);
		if (o->unit)
			put(p, ", %s", o->unit);
		if (is_range || is_choice)
			put(p, " (%s)", options_allowed(o, allowed, sizeof allowed));
	}
	put(p, "\n");
	p->line_start = p->len;
}

/* Words and numbers that other readers of YAML would not take for a text. */
static bool is_other_value(const char *text)
{
	static const char *const words[] = { "on", "off", "yes", "no", "y", "n", "true", "false", "null" };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (!strcasecmp(text, words[i]))
			return true;
	return strspn(text, "0123456789+-._eE") == strlen(text) || strspn(text, "0123456789:") == strlen(text);
}

/* Plain where every reader of YAML takes it for this very text, else in double quotes. */
static void put_text(struct printer *p, const char *text)
{
	static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:-+*";
	static const char first[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_/";
	size_t len = strlen(text);

	if (len && strchr(first, text[0]) && strspn(text, safe) == len && text[len - 1] != ':' && !is_other_value(text)) {
		put(p, "%s", text);
		return;
	}
	put(p, "\"");
	for (; *text; text++)
		put(p, *text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
	put(p, "\"");
}

static void put_number(struct printer *p, double number)
{
	char text[40];

	put(p, "%s", options_number(number, text, sizeof text));
}

static void put_numbers(struct printer *p, const struct options_row *o, const char *values)
{
	double number[2] = { 0, 0 };
	uint32_t whole = 0;
	bool is_word, flag = false;

	if (o->type == OPTION_U32)
		memcpy(&whole, values + o->offset, sizeof whole);
	else
		memcpy(number, values + o->offset, o->type == OPTION_PAIR ? sizeof number : sizeof *number);
	if (o->type == OPTION_U32)
		number[0] = whole;
	if (o->flag)
		memcpy(&flag, values + o->flag, sizeof flag);
	is_word = o->word && (o->flag ? flag == o->flag_at_word : isnan(o->word_value) ? isnan(number[0]) : number[0] == o->word_value);
	if (is_word) {
		put(p, "%s", o->word);
	} else if (o->type == OPTION_PAIR) {
		put(p, "[");
		put_number(p, number[0]);
		put(p, ", ");
		put_number(p, number[1]);
		put(p, "]");
	} else {
		put_number(p, number[0]);
	}
}

static void put_choices(struct printer *p, const struct options_row *o, const char *values)
{
	uint32_t n;

	memcpy(&n, values + o->count, sizeof n);
	put(p, "[");
	for (uint32_t i = 0; i < n && i < o->max_items; i++)
		put(p, "%s%.*s", i ? ", " : "", (int)o->size, values + o->offset + i * o->size);
	put(p, "]");
}

static void put_value(struct printer *p, const struct options_row *o, const char *values)
{
	const char *at = values + o->offset;
	uint32_t choice;

	switch (o->type) {
	case OPTION_BOOL:
		put(p, *(const bool *)at ? "on" : "off");
		break;
	case OPTION_U32:
	case OPTION_DOUBLE:
	case OPTION_PAIR:
		put_numbers(p, o, values);
		break;
	case OPTION_TEXT:
	case OPTION_PATH:
	case OPTION_CHOICE:
		put_text(p, at);
		break;
	case OPTION_ENUM:
		memcpy(&choice, at, sizeof choice);
		put(p, "%s", o->choices[choice]);
		break;
	case OPTION_CHOICES:
		put_choices(p, o, values);
		break;
	case OPTION_ITEMS:
	case OPTION_SECTION:
		break;
	}
}

/* A list of maps: one line per value of an entry; only the first entry carries comments. */
static void put_items(struct printer *p, const struct options_row *o, const char *values, const char *key, int indent)
{
	uint32_t n;

	memcpy(&n, values + o->count, sizeof n);
	put(p, "%*s%s:%s", indent, "", key, n ? "" : " []");
	end_line(p, o, true);
	for (uint32_t i = 0; i < n && i < o->max_items; i++)
		for (const struct options_row *row = o->items; row->key; row++) {
			put(p, "%*s%s%s: ", indent + 2, "", row == o->items ? "- " : "  ", row->key);
			put_value(p, row, values + o->offset + i * o->size);
			end_line(p, row, !i);
		}
}

char *options_print(const struct options_row *table, const void *values, bool with_comments)
{
	struct printer p = { .with_comments = with_comments };

	for (; table->key; table++) {
		const char *key = table->key, *dot;
		int indent = 0;

		for (; (dot = strchr(key, '.')); key = dot + 1)
			indent += 2;
		if (table->type == OPTION_ITEMS) {
			put_items(&p, table, values, key, indent);
			continue;
		}
		put(&p, "%*s%s:", indent, "", key);
		if (table->type != OPTION_SECTION)
			put(&p, " ");
		put_value(&p, table, values);
		end_line(&p, table, true);
	}
	if (p.failed) {
		free(p.text);
		return NULL;
	}
	return p.text;
}

char *options_print_value(const struct options_row *option, const void *values)
{
	struct printer p = { 0 };

	put(&p, "%s", "");
	put_value(&p, option, values);
	if (p.failed) {
		free(p.text);
		return NULL;
	}
	return p.text;
}
