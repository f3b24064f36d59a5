/* settings.c - versions of the settings (settings.h). */
#include "pipeline/settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/clock.h"

int settings_add(struct settings_list *list, const struct config *config, const char *changes, char *message, size_t message_bytes)
{
	uint32_t n = atomic_load_explicit(&list->n, memory_order_relaxed);
	struct settings *s = n < SETTINGS_MAX ? calloc(1, sizeof(*s)) : NULL;
	int rc = n < SETTINGS_MAX ? -ENOMEM : -ENOSPC;

	snprintf(message, message_bytes, n < SETTINGS_MAX ? "not enough memory" : "the settings were changed too often in this node's life");
	if (!s)
		return rc;
	s->version = n + 1;
	s->unix_ns = clock_unix_ns();
	s->config = *config;
	s->score = (struct score_settings){config->hit.d_far, config->hit.d_near, config->hit.background_q_min, config->hit.background_q_max};
	s->text = config_print(config, false);
	s->changes = strdup(changes);
	if (s->text && s->changes)
		rc = hit_compile(&s->hit_rule, config->hit.when, message, message_bytes);
	if (rc < 0) {
		free(s->text);
		free(s->changes);
		free(s);
		return rc;
	}
	atomic_store_explicit(&list->list[n], s, memory_order_relaxed);
	atomic_store_explicit(&list->n, n + 1, memory_order_release);
	return 0;
}

const struct settings *settings_at(const struct settings_list *list, uint32_t i)
{
	return atomic_load_explicit(&list->list[i], memory_order_relaxed);
}

const struct settings *settings_newest(const struct settings_list *list)
{
	return settings_at(list, atomic_load_explicit(&list->n, memory_order_acquire) - 1);
}

void settings_note_plan(struct settings *s, uint64_t plan_version)
{
	if (!atomic_load_explicit(&s->first_plan, memory_order_relaxed))
		atomic_store_explicit(&s->first_plan, plan_version, memory_order_relaxed);
	atomic_store_explicit(&s->last_plan, plan_version, memory_order_relaxed);
}

void settings_close(struct settings_list *list)
{
	uint32_t n = atomic_load_explicit(&list->n, memory_order_relaxed);

	for (uint32_t i = 0; i < n; i++) {
		struct settings *s = atomic_load_explicit(&list->list[i], memory_order_relaxed);

		free(s->text);
		free(s->changes);
		free(s);
	}
	atomic_store_explicit(&list->n, 0, memory_order_relaxed);
}

/* --- what may change --------------------------------------------------------------------------------------------------- */

/* The sizes of lists are memory that was taken at the start. */
int settings_changeable(const char *key)
{
	if (!strcmp(key, "spots.max_spots") || !strcmp(key, "spots.max_strong"))
		return 0;
	return !strncmp(key, "spots.", 6) || !strncmp(key, "hit.", 4) || !strncmp(key, "keep.", 5) || !strncmp(key, "scan.", 5);
}

/* The sections of one in the place of the other's, and then all is the same? */
const char *settings_fixed(const struct config *from, const struct config *to)
{
	struct config *mixed = malloc(sizeof(*mixed));
	const char *key = "out of memory";
	char *a = NULL, *b = NULL;

	if (mixed) {
		*mixed = *to;
		mixed->spots = from->spots;
		mixed->spots.max_spots = to->spots.max_spots;
		mixed->spots.max_strong = to->spots.max_strong;
		mixed->hit = from->hit;
		mixed->keep = from->keep;
		mixed->scan = from->scan;
		a = config_print(from, false);
		b = config_print(mixed, false);
	}
	if (a && b)
		key = strcmp(a, b) ? "only spots (but max_spots and max_strong), hit, keep and scan change while the node runs" : NULL;
	free(a);
	free(b);
	free(mixed);
	return key;
}
