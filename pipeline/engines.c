/* engines.c - the list of engines and the order they are tried in (engines.h). */
#include "pipeline/engines.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "pipeline/config.h"

static const struct {
	const char *name;
	const struct engine *engine; /* NULL: not in this build */
	const char *why;
} known[] = {
	{"cpu", &engine_cpu, NULL},
	{"cuda", NULL, "this build has no CUDA engine"},
	{"opencl", NULL, "this build has no OpenCL engine"},
	{"fpga", NULL, "this build has no FPGA engine"},
	{"reference", &engine_reference, NULL},
};
#define N_KNOWN (sizeof(known) / sizeof(known[0]))

const char *const engines_names[] = {"cpu", "cuda", "opencl", "fpga", "reference", NULL};

const struct engine *engines_find(const char *name, const char **why)
{
	for (size_t i = 0; i < N_KNOWN; i++)
		if (!strcmp(known[i].name, name)) {
			*why = known[i].why;
			return known[i].engine;
		}
	*why = "no such engine";
	return NULL;
}

/* Opens one (NULL: words say why there is none); 0, or -errno with the words. */
static int open_one(struct engines *out, const struct engine *engine, const struct engine_config *cfg, char *words, size_t words_bytes)
{
	int rc = engine ? engine->probe(cfg, words, words_bytes) : -ENODEV;

	if (rc < 0)
		return rc;
	rc = engine->open(&out->open[out->n].context, cfg);
	if (rc < 0)
		snprintf(words, words_bytes, "it is there and cannot be opened: error %d", -rc);
	else
		out->open[out->n++].engine = engine;
	return rc;
}

int engines_open(struct engines *out, const struct config *config, const struct engine *const *instead, void (*say)(void *user, const char *line), void *user)
{
	struct engine_config cfg = {
		.cpu_level = strcmp(config->engine.cpu_level, "auto") ? config->engine.cpu_level : NULL,
	};

	*out = (struct engines){0};
	for (uint32_t i = 0; (instead ? instead[i] != NULL : i < config->engine.n_order) && out->n < ENGINES_OPEN_MAX; i++) {
		const char *why = "", *name = instead ? instead[i]->name : config->engine.order[i];
		const struct engine *engine = instead ? instead[i] : engines_find(name, &why);
		char words[256], line[320];
		int rc;

		snprintf(words, sizeof(words), "%s", why ? why : "");
		rc = open_one(out, engine, &cfg, words, sizeof(words));
		snprintf(line, sizeof(line), "engine %s: %s%s", name, rc < 0 ? "not available: " : "", words);
		if (say)
			say(user, line);
	}
	return out->n ? 0 : -ENODEV;
}

void engines_close(struct engines *engines)
{
	while (engines->n) {
		engines->n--;
		engines->open[engines->n].engine->close(&engines->open[engines->n].context);
	}
}

static void print_capabilities(const struct engine *engine, struct engine_context *context)
{
	static const char *const algorithms[] = {"none", "dispersion", "dispersion_extended"};
	static const char *const types[] = {"u8", "u16", "u32"};
	struct engine_capabilities c;

	engine->capabilities(context, &c);
	printf("             spots:");
	for (unsigned i = SPOTS_DISPERSION; i < 3; i++)
		if (c.algorithms >> i & 1)
			printf(" %s", algorithms[i]);
	printf("; pixels:");
	for (unsigned i = 0; i < PIXEL_TYPES; i++)
		if (c.pixel_types >> i & 1)
			printf(" %s", types[i]);
	printf("; payloads:");
	for (unsigned i = 0; i < CODECS; i++)
		if (c.codecs >> i & 1)
			printf("%s %s", i ? "," : "", codec_name((enum codec)i));
	printf("; up to %u radial bins\n", c.max_bins);
}

void engines_print(void)
{
	struct engine_config cfg = {0};
	char words[256];

	for (size_t i = 0; i < N_KNOWN; i++) {
		struct engine_context *context = NULL;
		const struct engine *engine = known[i].engine;

		if (!engine) {
			printf("%-11s  not available: %s\n", known[i].name, known[i].why);
			continue;
		}
		if (engine->probe(&cfg, words, sizeof(words)) < 0) {
			printf("%-11s  not available: %s\n", known[i].name, words);
			continue;
		}
		printf("%-11s  %s\n", known[i].name, words);
		if (engine->open(&context, &cfg) == 0)
			print_capabilities(engine, context);
		engine->close(&context);
	}
}
