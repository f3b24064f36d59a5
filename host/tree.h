/* tree.h - YAML text as a small tree: texts, lists and maps, each with its line.
 *
 * For configuration files, which people write and anybody may have damaged: size, number of nodes and depth are bounded, and what a configuration
 * does not need is refused in words: anchors, aliases, tags, duplicate keys, several documents, NUL bytes. libyaml does the reading. */
#ifndef HOST_TREE_H
#define HOST_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TREE_BYTES_MAX (1u << 20)
#define TREE_NODES_MAX 2048
#define TREE_DEPTH_MAX 8

enum tree_kind { TREE_TEXT, TREE_LIST, TREE_MAP };

struct tree_node {
	enum tree_kind kind;
	uint32_t line;                       /* from 1 */
	bool plain;                          /* a text written without quotes */
	const char *text;                    /* TREE_TEXT: NUL-terminated */
	const char *key;                     /* of a map's entry, else NULL */
	uint32_t key_line;
	uint32_t n;                          /* entries of a list or map */
	struct tree_node *first, *last, *next; /* the entries; next entry of the same list or map */
};

struct tree {
	struct tree_node *root;              /* NULL: the text is empty */
	struct tree_node *node;
	uint32_t n_nodes, nodes_max;
	char *texts;
	size_t texts_used, texts_bytes;
};

struct tree_error {
	uint32_t line;                       /* 0: of no line */
	char words[256];
};

/* Reads a text. 0, -EINVAL with error filled, or -ENOMEM. The tree owns all its memory; the text is not kept. */
int tree_open(struct tree **out, const char *text, size_t len_bytes, struct tree_error *error);
void tree_close(struct tree **tree);

/* An entry of a map, or NULL. */
const struct tree_node *tree_entry(const struct tree_node *map, const char *key);

/* Nothing was written where a value could stand ("key:"). */
bool tree_is_empty(const struct tree_node *node);

#endif
