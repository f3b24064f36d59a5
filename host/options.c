/* options.c - a YAML tree into a struct, by a table. Reads no file; its only output is the struct and one message. */
#include "host/options.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/nearest.h"
#include "host/options_value.h"
#include "host/tree.h"

static int read_value(const struct options_reader *r, const struct options_row *o, void *values, const char *path, const struct tree_node *node);

static const struct options_row *find(const struct options_row *table, const char *key)
{
	for (; table->key; table++)
		if (!strcmp(table->key, key))
			return table;
	return NULL;
}

static const char *last_part(const char *key)
{
	const char *dot = strrchr(key, '.');

	return dot ? dot + 1 : key;
}

/* prefix: what stands before the table's keys in messages ("input.0."). */
static int refuse_key(const struct options_reader *r, uint32_t line, const struct options_row *table, const char *prefix, const char *key)
{
	const struct options_row *best = NULL;
	unsigned best_distance = ~0u;

	for (const struct options_row *o = table; o->key; o++) {
		unsigned distance = nearest_distance(key, o->key);

		if (o->type != OPTION_SECTION && !strcmp(last_part(key), last_part(o->key)) && distance > 1)
			distance = 1; /* the right name in the wrong place */
		if (distance < best_distance) {
			best_distance = distance;
			best = o;
		}
	}
	if (best && nearest_is_near(best_distance, key))
		return options_refuse(r, line, "key '%s%.64s': no such key; did you mean '%s%s'?", prefix, key, prefix, best->key);
	return options_refuse(r, line, "key '%s%.64s': no such key", prefix, key);
}

/* A map of a section ("" : the whole table). path: the section's key with its dot. */
static int read_section(const struct options_reader *r, const struct options_row *table, void *values, const char *prefix, const char *section,
			const struct tree_node *node)
{
	if (tree_is_empty(node))
		return 0;
	if (node->kind != TREE_MAP)
		return options_refuse(r, node->line, "%s%s: a map of keys and values is wanted", prefix,
			      section[0] ? section : prefix[0] ? "" : "the configuration");
	for (const struct tree_node *entry = node->first; entry; entry = entry->next) {
		char key[OPTIONS_KEY_MAX], path[OPTIONS_KEY_MAX];
		const struct options_row *o;
		int error;

		if (strchr(entry->key, '.'))
			return options_refuse(r, entry->key_line, "key '%.64s': keys with dots are for --set; in a file one map stands in the other",
				      entry->key);
		snprintf(key, sizeof key, "%s%s%s", section, section[0] ? "." : "", entry->key);
		o = find(table, key);
		if (!o)
			return refuse_key(r, entry->key_line, table, prefix, key);
		snprintf(path, sizeof path, "%s%s", prefix, key);
		error = o->type == OPTION_SECTION ? read_section(r, table, values, prefix, key, entry) : read_value(r, o, values, path, entry);
		if (error)
			return error;
	}
	return 0;
}

static size_t rows(const struct options_row *table)
{
	size_t n = 0;

	while (table[n].key)
		n++;
	return n;
}

static void item_defaults(const struct options_row *o, char *item)
{
	memset(item, 0, o->size);
	options_defaults(o->items, item);
}

/* An item is a map, a list of all its values in order, or (single) its first value. */
static int read_item(const struct options_reader *r, const struct options_row *o, char *item, const char *path, const struct tree_node *node)
{
	const struct options_row *row = o->items;
	char prefix[OPTIONS_KEY_MAX], key[2 * OPTIONS_KEY_MAX];
	int error;

	item_defaults(o, item);
	if (node->kind == TREE_TEXT && o->single && !tree_is_empty(node)) {
		snprintf(key, sizeof key, "%s.%s", path, row->key);
		return read_value(r, row, item, key, node);
	}
	if (node->kind == TREE_LIST && node->n == rows(row)) {
		for (const struct tree_node *entry = node->first; entry; entry = entry->next, row++) {
			snprintf(key, sizeof key, "%s.%s", path, row->key);
			error = read_value(r, row, item, key, entry);
			if (error)
				return error;
		}
		return 0;
	}
	if (node->kind != TREE_MAP)
		return options_refuse_value(r, o, path, node, "is not such an entry");
	snprintf(prefix, sizeof prefix, "%s.", path);
	error = read_section(r, o->items, item, prefix, "", node);
	for (; !error && row->key; row++)
		if (!row->standard && !tree_entry(node, row->key))
			return options_refuse(r, node->line, "%s: '%s' is missing", path, row->key);
	return error;
}

/* Whether a list that is given for a list of items is one item by itself: [0, 0, 10, 10] for rectangles. */
static bool is_bare_item(const struct options_row *o, const struct tree_node *node)
{
	return node->kind != TREE_LIST || (!o->single && node->n == rows(o->items) && node->first && node->first->kind == TREE_TEXT);
}

static int read_items(const struct options_reader *r, const struct options_row *o, char *values, const char *path, const struct tree_node *node)
{
	uint32_t n = 0;
	bool bare = is_bare_item(o, node);

	if (node->kind == TREE_LIST && !node->n && !o->may_be_empty)
		return options_refuse(r, node->line, "%s: the list is empty, at least one entry is wanted", path);
	memset(values + o->offset, 0, o->max_items * o->size);
	for (const struct tree_node *entry = bare ? node : node->first; entry; entry = bare ? NULL : entry->next) {
		char item_path[OPTIONS_KEY_MAX];
		int error;

		if (n == o->max_items)
			return options_refuse(r, entry->line, "%s: more than %u entries", path, o->max_items);
		snprintf(item_path, sizeof item_path, "%s.%u", path, n);
		error = read_item(r, o, values + o->offset + n * o->size, item_path, entry);
		if (error)
			return error;
		n++;
	}
	memcpy(values + o->count, &n, sizeof n);
	return 0;
}

static int read_value(const struct options_reader *r, const struct options_row *o, void *values, const char *path, const struct tree_node *node)
{
	return o->type == OPTION_ITEMS ? read_items(r, o, values, path, node) : options_read_value(r, o, values, path, node);
}

/* --- the room's doors -------------------------------------------------------------------------------------------------------- */

static int parse(const struct options_reader *r, struct tree **tree, const char *text, size_t len_bytes, const char *key)
{
	struct tree_error error;
	int status = tree_open(tree, text, len_bytes, &error);

	if (status == -EINVAL)
		return options_refuse(r, error.line, "%s%s%s", key, key[0] ? ": " : "", error.words);
	return status ? options_refuse(r, 0, "%s%sout of memory", key, key[0] ? ": " : "") : 0;
}

int options_read(const struct options_row *table, void *values, const char *text, size_t len_bytes, const char *name, const char *directory,
		 char *message, size_t message_bytes)
{
	struct options_reader r = { name, directory, message, message_bytes };
	struct tree *tree;
	int error = parse(&r, &tree, text, len_bytes, "");

	if (error)
		return error;
	if (tree->root)
		error = read_section(&r, table, values, "", "", tree->root);
	tree_close(&tree);
	return error;
}

void options_defaults(const struct options_row *table, void *values)
{
	char message[256];
	struct options_reader r = { "default", "", message, sizeof message };

	for (; table->key; table++) {
		struct tree_node plain = { .kind = TREE_TEXT, .plain = true, .text = table->standard };
		struct tree *tree = NULL;
		int error = 0;

		if (table->type == OPTION_SECTION || !table->standard)
			continue;
		if (strchr("[{\"", table->standard[0])) /* the others are plain texts, which need no parser */
			error = parse(&r, &tree, table->standard, strlen(table->standard), table->key);
		if (!error)
			error = read_value(&r, table, values, table->key, tree ? tree->root : &plain);
		assert(!error && "a default that its own table refuses");
		tree_close(&tree);
	}
}

/* --- KEY=VALUE --------------------------------------------------------------------------------------------------------------- */

/* What a key of an assignment names. */
struct target {
	const struct options_row *option; /* NULL: a whole item of `list` */
	const struct options_row *list;   /* the key goes through this list; NULL: it does not */
	uint32_t item;
	char *values;                /* the struct that the option lies in, or the item itself */
};

static const struct options_row *list_of(const struct options_row *table, const char *key, size_t *len)
{
	for (; table->key; table++) {
		*len = strlen(table->key);
		if (table->type == OPTION_ITEMS && !strncmp(table->key, key, *len) && key[*len] == '.' && strspn(key + *len + 1, "0123456789"))
			return table;
	}
	return NULL;
}

/* Finds what a key means; a new item at a list's end begins with its defaults, but is counted only once it has been filled. */
static int aim(const struct options_reader *r, const struct options_row *table, char *values, const char *key, struct target *out)
{
	unsigned long item;
	uint32_t count;
	size_t len;
	char *rest;

	memset(out, 0, sizeof *out);
	out->values = values;
	out->option = find(table, key);
	if (out->option)
		return 0;
	out->list = list_of(table, key, &len);
	if (!out->list)
		return refuse_key(r, 0, table, "", key);
	memcpy(&count, values + out->list->count, sizeof count);
	item = strtoul(key + len + 1, &rest, 10);
	if (*rest && *rest != '.')
		return options_refuse(r, 0, "key '%s': no such key", key);
	if (item > count || item >= out->list->max_items)
		return options_refuse(r, 0, "%s: there are %u entries (from 0, at most %u), so no number %lu", key, count, out->list->max_items, item);
	out->item = (uint32_t)item;
	out->values = values + out->list->offset + item * out->list->size;
	if (item == count)
		item_defaults(out->list, out->values);
	if (!*rest)
		return 0;
	out->option = find(out->list->items, rest + 1);
	if (!out->option) {
		char prefix[OPTIONS_KEY_MAX];

		snprintf(prefix, sizeof prefix, "%.*s.", (int)(rest - key), key);
		return refuse_key(r, 0, out->list->items, prefix, rest + 1);
	}
	for (const struct options_row *row = out->list->items; item == count && row->key; row++)
		if (!row->standard && row != out->option)
			return options_refuse(r, 0, "%s: entry %lu is new, give all of it: %.*s={...}", key, item, (int)(rest - key), key);
	return 0;
}

static int assign(const struct options_reader *r, const struct options_row *table, char *values, const char *key, const struct tree_node *node)
{
	struct target target;
	uint32_t count;
	int error = aim(r, table, values, key, &target);

	if (error)
		return error;
	if (!target.option)
		error = read_item(r, target.list, target.values, key, node);
	else if (target.option->type == OPTION_SECTION)
		error = read_section(r, table, target.values, "", key, node);
	else
		error = read_value(r, target.option, target.values, key, node);
	if (error || !target.list)
		return error;
	memcpy(&count, values + target.list->count, sizeof count);
	count = count > target.item ? count : target.item + 1;
	memcpy(values + target.list->count, &count, sizeof count);
	return 0;
}

static bool is_text(const struct options_row *table, const char *key)
{
	size_t len;
	const struct options_row *list = list_of(table, key, &len), *o = find(list ? list->items : table, list ? last_part(key) : key);

	return o && (o->type == OPTION_TEXT || o->type == OPTION_PATH);
}

int options_assign(const struct options_row *table, void *values, const char *assignment, char *message, size_t message_bytes)
{
	struct options_reader r = { NULL, "", message, message_bytes };
	const char *equals = strchr(assignment, '='), *value;
	struct tree_node literal = { .kind = TREE_TEXT, .plain = true };
	struct tree *tree = NULL;
	char key[OPTIONS_KEY_MAX / 2];
	int error;

	if (!equals || equals == assignment)
		return options_refuse(&r, 0, "%.64s: KEY=VALUE is wanted", assignment);
	if ((size_t)snprintf(key, sizeof key, "%.*s", (int)(equals - assignment), assignment) >= sizeof key)
		return options_refuse(&r, 0, "key '%s...': no such key", key);
	value = equals + 1 + strspn(equals + 1, " ");
	if (is_text(table, key) && *value != '"' && *value != '\'') {
		literal.text = value;
		return assign(&r, table, values, key, &literal);
	}
	error = parse(&r, &tree, value, strlen(value), key);
	if (error)
		return error;
	error = tree->root ? assign(&r, table, values, key, tree->root) : options_refuse(&r, 0, "%s: no value after '='", key);
	tree_close(&tree);
	return error;
}
