/* engines.h - which engines this program knows, which of them are there, and the ones a node has opened, in the configured order. */
#ifndef PIPELINE_ENGINES_H
#define PIPELINE_ENGINES_H

#include "kernels/engine.h"

#define ENGINES_OPEN_MAX 8

struct config;

struct engines {
	unsigned n;
	struct {
		const struct engine *engine;
		struct engine_context *context;
	} open[ENGINES_OPEN_MAX];
};

/* Every engine name that the configuration may hold, known to this build or not. NULL-terminated. */
extern const char *const engines_names[];
/* The engine, or NULL with the reason in words why this build has none. */
const struct engine *engines_find(const char *name, const char **why);
/* Opens what is there in the configured order, or of `instead` (ends with NULL; NULL: as configured); say, which may be NULL, is told of each what was
 * found. -ENODEV where none is. */
int engines_open(struct engines *out, const struct config *config, const struct engine *const *instead, void (*say)(void *user, const char *line), void *user);
void engines_close(struct engines *engines);
/* `sluice engines`: prints all. */
void engines_print(void);

#endif
