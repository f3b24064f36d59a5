/* engines.h - which engines this program knows, which of their devices are there, and the ones a node has opened, in the configured order.
 *
 * An entry is one open device of one engine. Entries of one tier share the work; the next tier has what the one before does not take or fails on.
 * Devices of one engine form a tier; the engines that analyse in the received message itself, on this machine's processors, form one together. */
#ifndef PIPELINE_ENGINES_H
#define PIPELINE_ENGINES_H

#include <stdatomic.h>

#include "kernels/engine.h"

#define ENGINES_OPEN_MAX 16 /* a bit each */

struct config;

struct engines_entry {
	const struct engine *engine;
	struct engine_context *context;
	struct engine_capabilities can;
	struct engine_device facts;      /* empty where the engine tells nothing of devices */
	uint32_t number;                 /* among the engine's devices */
	uint32_t tier;                   /* bit per entry that shares work with this one, itself included */
	int numa_node;                   /* -1: unknown */
	char label[24];                  /* "cuda 0", "cpu" */
	_Atomic uint64_t analysed;       /* images; relaxed: a mere count */
	_Atomic int error;               /* what it was taken out for; relaxed, before the bit in alive */
};

struct engines {
	unsigned n;
	uint32_t in_place;               /* bit per entry that needs no copy of a frame, and so no lanes of its own */
	_Atomic uint32_t alive;          /* bit per entry that has not been taken out; release by the lane that does; pairs with the acquire in engines_alive */
	struct engines_entry open[ENGINES_OPEN_MAX];
};

/* Told of every device that was looked at, in words; user is the caller's. */
typedef void engines_say_fn(void *user, const char *line);

/* Every engine name that the configuration may hold, known to this build or not. NULL-terminated. */
extern const char *const engines_names[];
/* The engine, or NULL with the reason in words why there is none. A plug-in is loaded, and stays so. */
const struct engine *engines_find(const char *name, char *why, size_t why_bytes);
/* Opens what is there in the configured order, or of `instead` (ends with NULL; NULL: as configured); say may be NULL. -ENODEV where none is. */
int engines_open(struct engines *out, const struct config *config, const struct engine *const *instead, engines_say_fn *say, void *user);
/* The devices of one engine alone that a node would open which has others, too. Their number may be 0. */
void engines_open_one(struct engines *out, const struct config *config, const char *name, engines_say_fn *say, void *user);
void engines_close(struct engines *engines);

uint32_t engines_alive(const struct engines *engines);
/* Of the entries in able (a bit each) those of the best tier that are alive; 0: none. */
uint32_t engines_best(const struct engines *engines, uint32_t able);
/* The name of the engine of those; "none". */
const char *engines_first(const struct engines *engines, uint32_t able);
/* A device that failed is used no more; true: this call took it out. What analyses in place stays: it fails for a frame's sake, and frames pass. */
bool engines_take_out(struct engines *engines, unsigned entry, int error);

/* How many lanes feed devices, with so many for each that takes that many; and which device the i-th of these lanes feeds. */
uint32_t engines_feeders(const struct engines *engines, uint32_t per_device);
int engines_fed_by(const struct engines *engines, uint32_t per_device, uint32_t i);

/* `sluice engines`: prints every device of every engine, and why others are not there. */
void engines_print(const struct config *config);
void engines_print_json(const struct config *config);

#endif
