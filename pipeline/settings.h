/* settings.h - what may be changed while the node runs, in versions: each is immutable, made once, and kept until the node closes.
 *
 * Frames are dealt out with the version that their run's plan was made from, so a change takes effect between two frames in the order of arrival, and every
 * result says by its plan_version which settings it was made with. */
#ifndef PIPELINE_SETTINGS_H
#define PIPELINE_SETTINGS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/score.h"
#include "pipeline/config.h"
#include "pipeline/hit.h"

#define SETTINGS_MAX 4096 /* versions of one node's life */

struct settings {
	uint64_t version, unix_ns;   /* version from 1 */
	struct config config;
	struct hit_rule hit_rule;
	struct score_settings score;
	char *text;                  /* the configuration as YAML */
	char *changes;               /* as a JSON list of assignments; "[]" for the first version */
	_Atomic uint64_t first_plan, last_plan; /* versions of the plans made with it; 0: none. relaxed, by the plan lane */
};

struct settings_list {
	_Atomic uint32_t n;          /* release after the entry is whole; acquire by whoever reads entries */
	struct settings *_Atomic list[SETTINGS_MAX]; /* relaxed: before n */
};

/* Another version; becomes the newest. One thread at a time. -EINVAL with a message: the hit rule; -ENOSPC: too many versions. */
int settings_add(struct settings_list *list, const struct config *config, const char *changes, char *message, size_t message_bytes);
const struct settings *settings_newest(const struct settings_list *list); /* from any thread */
const struct settings *settings_at(const struct settings_list *list, uint32_t i); /* i < n */
void settings_note_plan(struct settings *settings, uint64_t plan_version);
void settings_close(struct settings_list *list);

/* May this option change while the node runs? */
int settings_changeable(const char *key);
/* Why a change from one configuration to another has to wait for the next start: the first key that may not change; NULL: it has not. */
const char *settings_fixed(const struct config *from, const struct config *to);

#endif
