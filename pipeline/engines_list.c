/* engines_list.c - `sluice engines`: every device of every engine that the program knows, for people and for programs (engines.h). */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "host/topology.h"
#include "pipeline/config.h"
#include "pipeline/engines.h"

static const char *const algorithms[] = {NULL, "dispersion", "dispersion_extended"};
static const char *const types[] = {"u8", "u16", "u32"};
#define N_ALGORITHMS (sizeof(algorithms) / sizeof(algorithms[0]))

/* --- for people -------------------------------------------------------------------------------------------------------- */

static void print_capabilities(const struct engine_capabilities *c)
{
	printf("             spots:");
	for (unsigned i = SPOTS_DISPERSION; i < N_ALGORITHMS; i++)
		if (c->algorithms >> i & 1)
			printf(" %s", algorithms[i]);
	printf("; pixels:");
	for (unsigned i = 0; i < PIXEL_TYPES; i++)
		if (c->pixel_types >> i & 1)
			printf(" %s", types[i]);
	printf("; payloads:");
	for (unsigned i = 0; i < CODECS; i++)
		if (c->codecs >> i & 1)
			printf("%s %s", c->codecs & ((1u << i) - 1) ? "," : "", codec_name((enum codec)i));
	printf("; up to %u radial bins\n", c->max_bins);
	if (c->needs_pinned)
		printf("             has memory of its own; up to %u images at a time\n", c->max_batch);
}

/* "engine NAME: WORDS" becomes a line of the list. */
static void print_line(void *user, const char *line)
{
	const char *name = line + strlen("engine "), *words = strstr(name, ": ");

	(void)user;
	printf("%-11.*s  %s\n", (int)(words - name), name, words + 2);
}

/* Each engine alone, so that none stands in another's way. */
static void each_engine(const struct config *config, engines_say_fn *say, void (*then)(void *user, const char *name, const struct engines *open),
			void *user)
{
	for (unsigned i = 0; engines_names[i]; i++) {
		struct engines engines;

		engines_open_one(&engines, config, engines_names[i], say, user);
		then(user, engines_names[i], &engines);
		engines_close(&engines);
	}
}

static void print_opened(void *user, const char *name, const struct engines *open)
{
	(void)user;
	(void)name;
	if (open->n)
		print_capabilities(&open->open[0].can);
}

void engines_print(const struct config *config)
{
	each_engine(config, print_line, print_opened, NULL);
}

/* --- for programs ------------------------------------------------------------------------------------------------------ */

struct list {
	json_t *devices; /* of all engines */
	json_t *lines;   /* of the engine at hand: what was said of each device, in order */
};

static void collect_line(void *user, const char *line)
{
	const char *name = line + strlen("engine "), *words = strstr(name, ": ") + 2;

	json_array_append_new(((struct list *)user)->lines, json_pack("{s:s%, s:s}", "device", name, (size_t)(words - 2 - name), "words", words));
}

static const struct engines_entry *opened_as(const struct engines *open, const char *label)
{
	for (unsigned e = 0; e < open->n; e++)
		if (!strcmp(open->open[e].label, label))
			return &open->open[e];
	return NULL;
}

static json_t *bits(uint32_t set, const char *const *names, unsigned n)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < n; i++)
		if (set >> i & 1 && names[i])
			json_array_append_new(list, json_string(names[i]));
	return list;
}

static void add_facts(json_t *o, const struct engines_entry *entry)
{
	const struct engine_device *d = &entry->facts;
	json_t *more = json_pack("{s:s, s:I, s:o, s:s, s:s, s:o, s:o, s:i, s:i, s:b}", "name", d->name, "memory_bytes", (json_int_t)d->memory_bytes,
				 "numa_node", entry->numa_node < 0 ? json_null() : json_integer(entry->numa_node), "driver", d->driver, "pci", d->pci,
				 "algorithms", bits(entry->can.algorithms, algorithms, N_ALGORITHMS), "pixels",
				 bits(entry->can.pixel_types, types, PIXEL_TYPES), "max_bins", (int)entry->can.max_bins, "max_batch",
				 (int)entry->can.max_batch, "own_memory", (int)entry->can.needs_pinned);

	json_object_update(o, more);
	json_decref(more);
}

static void collect_opened(void *user, const char *name, const struct engines *open)
{
	struct list *list = user;
	json_t *o;
	size_t i;

	json_array_foreach(list->lines, i, o) {
		const struct engines_entry *entry = opened_as(open, json_string_value(json_object_get(o, "device")));

		json_object_set_new(o, "engine", json_string(name));
		json_object_set_new(o, "available", json_boolean(entry));
		if (entry)
			add_facts(o, entry);
		json_array_append(list->devices, o);
	}
	json_array_clear(list->lines);
}

void engines_print_json(const struct config *config)
{
	struct list list = {json_array(), json_array()};

	each_engine(config, collect_line, collect_opened, &list);
	json_dumpf(list.devices, stdout, JSON_INDENT(1));
	putchar('\n');
	json_decref(list.devices);
	json_decref(list.lines);
}
