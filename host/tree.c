/* tree.c - YAML text as a small tree, by libyaml's events. Allocates once per tree, touches no file. */
#include "host/tree.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

struct builder {
	struct tree *tree;
	struct tree_error *error;
	const char *text;
	size_t len_bytes;
	struct tree_node *open[TREE_DEPTH_MAX]; /* lists and maps whose end has not come */
	unsigned depth;
	const char *key;                        /* of the innermost map, read and waiting for its value */
	uint32_t key_line;
	unsigned n_documents;
};

static int refuse(struct tree_error *error, size_t line, const char *format, ...) __attribute__((format(printf, 3, 4)));

static int refuse(struct tree_error *error, size_t line, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vsnprintf(error->words, sizeof error->words, format, list);
	va_end(list);
	error->line = (uint32_t)line;
	return -EINVAL;
}

static size_t line_of_offset(const char *text, size_t offset)
{
	size_t line = 1;

	for (size_t i = 0; i < offset; i++)
		line += text[i] == '\n';
	return line;
}

/* Whether a line's indentation holds a tab: the mistake that libyaml's own words explain least. */
static bool line_has_tab(const char *text, size_t len_bytes, size_t line)
{
	size_t i = 0;

	for (; line > 1 && i < len_bytes; i++)
		line -= text[i] == '\n';
	while (i < len_bytes && text[i] == ' ')
		i++;
	return i < len_bytes && text[i] == '\t';
}

static int refuse_syntax(struct builder *b, const yaml_parser_t *parser)
{
	size_t line;

	if (parser->error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	if (parser->error == YAML_READER_ERROR) {
		size_t offset = parser->problem_offset < b->len_bytes ? parser->problem_offset : b->len_bytes;

		return refuse(b->error, line_of_offset(b->text, offset), "not readable as UTF-8 text: %s", parser->problem);
	}
	line = parser->problem_mark.line + 1;
	if (line_has_tab(b->text, b->len_bytes, line))
		return refuse(b->error, line, "a tab in the indentation: YAML takes spaces only");
	if (parser->context)
		return refuse(b->error, line, "not YAML: %s, %s (line %zu)", parser->problem, parser->context,
			      parser->context_mark.line + 1);
	return refuse(b->error, line, "not YAML: %s", parser->problem ? parser->problem : "unknown error");
}

/* Copies a scalar's bytes; NULL where they hold a NUL. The room is enough: no escape grows by more than half. */
static const char *keep_text(struct tree *tree, const unsigned char *bytes, size_t len)
{
	char *at = tree->texts + tree->texts_used;

	if (memchr(bytes, 0, len) || len >= tree->texts_bytes - tree->texts_used)
		return NULL;
	memcpy(at, bytes, len);
	at[len] = 0;
	tree->texts_used += len + 1;
	return at;
}

const struct tree_node *tree_entry(const struct tree_node *map, const char *key)
{
	for (const struct tree_node *node = map->first; node; node = node->next)
		if (node->key && !strcmp(node->key, key))
			return node;
	return NULL;
}

bool tree_is_empty(const struct tree_node *node)
{
	return node->kind == TREE_TEXT && node->plain && !node->text[0];
}

/* Hangs a new node where the events have come to; NULL, with the error told, where there are too many. */
static struct tree_node *add_node(struct builder *b, enum tree_kind kind, size_t line)
{
	struct tree_node *parent = b->depth ? b->open[b->depth - 1] : NULL, *node;

	if (b->tree->n_nodes == b->tree->nodes_max) {
		refuse(b->error, line, "more than %d values", TREE_NODES_MAX);
		return NULL;
	}
	node = &b->tree->node[b->tree->n_nodes++];
	node->kind = kind;
	node->line = (uint32_t)line;
	if (!parent) {
		b->tree->root = node;
	} else {
		node->key = b->key;
		node->key_line = b->key_line;
		b->key = NULL;
		if (parent->last)
			parent->last->next = node;
		else
			parent->first = node;
		parent->last = node;
		parent->n++;
	}
	return node;
}

static bool key_is_due(const struct builder *b)
{
	return b->depth && b->open[b->depth - 1]->kind == TREE_MAP && !b->key;
}

static int take_scalar(struct builder *b, const yaml_event_t *event, size_t line)
{
	const char *text = keep_text(b->tree, event->data.scalar.value, event->data.scalar.length);
	struct tree_node *node;

	if (!text)
		return refuse(b->error, line, "a text holds a NUL byte");
	if (key_is_due(b)) {
		const struct tree_node *twin = tree_entry(b->open[b->depth - 1], text);

		if (twin)
			return refuse(b->error, line, "key '%.64s' stands twice, first on line %u", text, twin->key_line);
		b->key = text;
		b->key_line = (uint32_t)line;
		return 0;
	}
	node = add_node(b, TREE_TEXT, line);
	if (!node)
		return -EINVAL;
	node->text = text;
	node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	return 0;
}

static int take_open(struct builder *b, enum tree_kind kind, size_t line)
{
	struct tree_node *node;

	if (key_is_due(b))
		return refuse(b->error, line, "a list or map stands where a key should be");
	if (b->depth == TREE_DEPTH_MAX)
		return refuse(b->error, line, "nested more than %d deep", TREE_DEPTH_MAX);
	node = add_node(b, kind, line);
	if (!node)
		return -EINVAL;
	b->open[b->depth++] = node;
	return 0;
}

/* Anchors, aliases and tags are refused at once: a configuration needs none, and with them a few lines can mean gigabytes. */
static int refuse_extras(struct builder *b, const yaml_event_t *event, size_t line)
{
	const yaml_char_t *anchor = NULL, *tag = NULL;

	if (event->type == YAML_ALIAS_EVENT) {
		return refuse(b->error, line, "'*%.64s': aliases are not taken (a text that begins with * needs quotes)",
			      (const char *)event->data.alias.anchor);
	} else if (event->type == YAML_SCALAR_EVENT) {
		anchor = event->data.scalar.anchor;
		tag = event->data.scalar.tag;
	} else if (event->type == YAML_SEQUENCE_START_EVENT) {
		anchor = event->data.sequence_start.anchor;
		tag = event->data.sequence_start.tag;
	} else if (event->type == YAML_MAPPING_START_EVENT) {
		anchor = event->data.mapping_start.anchor;
		tag = event->data.mapping_start.tag;
	}
	if (anchor)
		return refuse(b->error, line, "'&%.64s': anchors are not taken (a text that begins with & needs quotes)", (const char *)anchor);
	if (tag)
		return refuse(b->error, line, "'%.64s': tags are not taken (a text that begins with ! needs quotes)", (const char *)tag);
	return 0;
}

static int take_event(struct builder *b, const yaml_event_t *event)
{
	size_t line = event->start_mark.line + 1;
	int error = refuse_extras(b, event, line);

	if (error)
		return error;
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		return b->n_documents++ ? refuse(b->error, line, "a second document begins") : 0;
	case YAML_SCALAR_EVENT:
		return take_scalar(b, event, line);
	case YAML_SEQUENCE_START_EVENT:
		return take_open(b, TREE_LIST, line);
	case YAML_MAPPING_START_EVENT:
		return take_open(b, TREE_MAP, line);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		b->depth--;
		return 0;
	default:
		return 0;
	}
}

static int read_events(struct builder *b)
{
	yaml_parser_t parser;
	bool done = false;
	int error = 0;

	if (!yaml_parser_initialize(&parser))
		return -ENOMEM;
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)b->text, b->len_bytes);
	while (!done && !error) {
		yaml_event_t event;

		if (!yaml_parser_parse(&parser, &event)) {
			error = refuse_syntax(b, &parser);
			break;
		}
		done = event.type == YAML_STREAM_END_EVENT;
		error = take_event(b, &event);
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	return error;
}

int tree_open(struct tree **out, const char *text, size_t len_bytes, struct tree_error *error)
{
	struct builder b = { .error = error };
	const char *nul;
	int status;

	*out = NULL;
	memset(error, 0, sizeof *error);
	if (len_bytes > TREE_BYTES_MAX)
		return refuse(error, 0, "larger than %u bytes, this is no configuration", TREE_BYTES_MAX);
	nul = memchr(text, 0, len_bytes);
	if (nul)
		return refuse(error, line_of_offset(text, (size_t)(nul - text)), "a NUL byte, this is no text");
	if (len_bytes >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) { /* the mark that some editors put first */
		text += 3;
		len_bytes -= 3;
	}
	b.text = text;
	b.len_bytes = len_bytes;
	status = -ENOMEM;
	b.tree = calloc(1, sizeof *b.tree);
	if (!b.tree)
		goto fail;
	b.tree->texts_bytes = 2 * len_bytes + 2 * TREE_NODES_MAX + 1;
	b.tree->texts = malloc(b.tree->texts_bytes);
	b.tree->nodes_max = 2 * len_bytes + 4 < TREE_NODES_MAX ? (uint32_t)(2 * len_bytes + 4) : TREE_NODES_MAX; /* no byte makes three */
	b.tree->node = calloc(b.tree->nodes_max, sizeof *b.tree->node);
	if (!b.tree->texts || !b.tree->node)
		goto fail;
	status = read_events(&b);
	if (status)
		goto fail;
	*out = b.tree;
	return 0;
fail:
	tree_close(&b.tree);
	return status;
}

void tree_close(struct tree **tree)
{
	if (!*tree)
		return;
	free((*tree)->node);
	free((*tree)->texts);
	free(*tree);
	*tree = NULL;
}
