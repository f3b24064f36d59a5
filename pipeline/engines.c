/* engines.c - the list of engines, and opening their devices in the configured order (engines.h). */
#include "pipeline/engines.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "host/cache.h"
#include "host/plugin.h"
#include "host/topology.h"
#include "pipeline/config.h"

#define DEVICES_MAX 32
#define WORDS_BYTES 320
#define LINE_BYTES 512
#define CACHE_MAX_BYTES ((uint64_t)256 << 20)

static const struct {
	const char *name;
	const struct engine *engine; /* NULL: not in this program ... */
	const char *plugin;          /* ... but in this one, which is loaded when asked for */
	const char *why;             /* or not at all; of a plug-in: where it comes from */
} known[] = {
	{"cpu", &engine_cpu, NULL, NULL},
	{"cuda", NULL, "sluice-cuda.so", "it is built where NVIDIA's toolkit is found"},
	{"opencl", &engine_opencl, NULL, NULL},
	{"fpga", NULL, "sluice-fpga.so", "it is built where python3 is found"},
	{"reference", &engine_reference, NULL, NULL},
};
#define N_KNOWN (sizeof(known) / sizeof(known[0]))

const char *const engines_names[] = {"cpu", "cuda", "opencl", "fpga", "reference", NULL};

/* --- finding ----------------------------------------------------------------------------------------------------------- */

static const struct engine *from_plugin(const char *file, const char *where_from, const char *name, char *why, size_t why_bytes)
{
	const struct engine_plugin *plugin = plugin_symbol(file, ENGINE_PLUGIN_SYMBOL, where_from, why, why_bytes);

	if (!plugin)
		return NULL;
	if (plugin->version != ENGINE_VERSION || plugin->engine_bytes != sizeof(struct engine)) {
		snprintf(why, why_bytes, "%s was built for another version of this program", file);
		return NULL;
	}
	if (!plugin->engine || strcmp(plugin->engine->name, name)) {
		snprintf(why, why_bytes, "%s holds another engine", file);
		return NULL;
	}
	return plugin->engine;
}

const struct engine *engines_find(const char *name, char *why, size_t why_bytes)
{
	for (size_t i = 0; i < N_KNOWN; i++) {
		if (strcmp(known[i].name, name))
			continue;
		if (!known[i].engine && known[i].plugin)
			return from_plugin(known[i].plugin, known[i].why, name, why, why_bytes);
		snprintf(why, why_bytes, "%s", known[i].why ? known[i].why : "");
		return known[i].engine;
	}
	snprintf(why, why_bytes, "no such engine");
	return NULL;
}

static size_t load_kept(void *user, const char *key, void *out, size_t room_bytes)
{
	return cache_load(user, key, out, room_bytes);
}

static void store_kept(void *user, const char *key, const void *bytes, size_t n_bytes)
{
	cache_store(user, key, bytes, n_bytes);
}

/* --- opening ----------------------------------------------------------------------------------------------------------- */

/* What opening one engine after the other needs. */
struct opening {
	struct engines *out;
	const struct config *config;
	struct engine_config cfg;
	struct cache cache;
	bool stands_alone; /* an engine that is the only one uses devices that are processors, too */
	engines_say_fn *say;
	void *user;
};

static void tell(const struct opening *o, const char *label, bool there, const char *words)
{
	char line[LINE_BYTES];

	snprintf(line, sizeof(line), "engine %s: %s%s", label, there ? "" : "not available: ", words);
	if (o->say)
		o->say(o->user, line);
}

static void name_it(char *label, size_t bytes, const struct engine *engine, uint32_t number)
{
	snprintf(label, bytes, engine->devices ? "%.16s %u" : "%.16s", engine->name, number);
}

/* What the engine says of its device, and what this machine does. */
static void describe(char *words, size_t bytes, const struct engines_entry *entry, const struct engine_config *cfg)
{
	size_t at;

	if (entry->engine->probe(cfg, words, bytes) < 0)
		snprintf(words, bytes, "%s", entry->facts.name);
	at = strlen(words);
	if (entry->numa_node >= 0)
		snprintf(words + at, bytes - at, ", NUMA node %d", entry->numa_node);
}

/* Why open failed, where the engine itself has no better words. */
static void open_failed(char *words, size_t bytes, const struct engine *engine, const struct engine_config *cfg, int rc)
{
	if (rc == -EILSEQ)
		snprintf(words, bytes, "its self-test failed: what it computes is wrong");
	else if (rc == -ENOMEM)
		snprintf(words, bytes, "it has not enough memory (engine.device_memory_mib)");
	else if (rc == -EBUSY)
		snprintf(words, bytes, "another program uses it");
	else if (rc == -ENOEXEC)
		snprintf(words, bytes, "it cannot be loaded with that file (engine.fpga_image)");
	else if (rc == -EPROTO)
		snprintf(words, bytes, "it is loaded with what another version of this program is for (engine.fpga_image)");
	else if (engine->probe(cfg, words, bytes) == 0)
		snprintf(words, bytes, "it is there and cannot be opened: %s", strerror(-rc));
}

/* Opens one device; 0, or -errno with the words. On success words are what there is to say. */
static int open_device(struct opening *o, const struct engine *engine, const struct engine_device *facts, uint32_t number, char *words,
		       size_t bytes)
{
	struct engines_entry *entry = &o->out->open[o->out->n];
	int rc = 0;

	o->cfg.device = number;
	if (!engine->devices)
		rc = engine->probe(&o->cfg, words, bytes);
	if (rc < 0)
		return rc;
	rc = engine->open(&entry->context, &o->cfg);
	if (rc < 0) {
		open_failed(words, bytes, engine, &o->cfg, rc);
		return rc;
	}
	entry->engine = engine;
	entry->number = number;
	if (facts)
		entry->facts = *facts;
	entry->numa_node = facts ? topology_pci_node(o->config->machine.sysfs, facts->pci) : -1;
	engine->capabilities(entry->context, &entry->can);
	name_it(entry->label, sizeof(entry->label), engine, number);
	if (engine->devices)
		describe(words, bytes, entry, &o->cfg);
	o->out->n++;
	return 0;
}

static const struct engines_entry *driven_by(const struct engines *engines, const struct engine_device *facts)
{
	for (unsigned e = 0; e < engines->n; e++)
		if (topology_same_pci(engines->open[e].facts.pci, facts->pci))
			return &engines->open[e];
	return NULL;
}

/* Devices that compute on this machine's processors are used only when asked for. */
static bool may_use_processors(const struct opening *o, const struct engine_device *facts)
{
	return o->stands_alone || (facts->simulated ? o->config->engine.fpga_simulated : o->config->engine.opencl_cpu);
}

static const char *how_to_ask(const struct engine_device *facts)
{
	return facts->simulated ? "this machine's processor imitates a card, thousands of times slower (engine.fpga_simulated=on uses it all the same)" :
				  "it is this machine's processor, which the cpu engine uses better (engine.opencl_cpu=on uses it all the same)";
}

/* Is there a reason not even to try? */
static bool left_alone(const struct opening *o, const struct engine_device *facts, char *words, size_t bytes)
{
	const struct engines_entry *other = driven_by(o->out, facts);

	if (facts->unfit[0])
		snprintf(words, bytes, "%.127s: %.127s", facts->name, facts->unfit);
	else if (facts->on_cpu && !may_use_processors(o, facts))
		snprintf(words, bytes, "%.127s: %s", facts->name, how_to_ask(facts));
	else if (other)
		snprintf(words, bytes, "%.127s: %s drives it", facts->name, other->label);
	else if (o->out->n == ENGINES_OPEN_MAX)
		snprintf(words, bytes, "%.127s: %d devices are open, no more are used", facts->name, ENGINES_OPEN_MAX);
	else
		return false;
	return true;
}

static void open_devices(struct opening *o, const struct engine *engine)
{
	struct engine_device facts[DEVICES_MAX];
	char words[WORDS_BYTES] = "", label[24];
	int n;

	memset(facts, 0, sizeof(facts));
	n = engine->devices(facts, DEVICES_MAX, words, sizeof(words));
	if (n <= 0) {
		tell(o, engine->name, false, words[0] ? words : "there is no device");
		return;
	}
	for (uint32_t d = 0; d < (uint32_t)n && d < DEVICES_MAX; d++) {
		bool there = !left_alone(o, &facts[d], words, sizeof(words)) && open_device(o, engine, &facts[d], d, words, sizeof(words)) == 0;

		name_it(label, sizeof(label), engine, d);
		tell(o, label, there, words);
	}
}

static void open_engine(struct opening *o, const char *name, const struct engine *engine)
{
	char words[WORDS_BYTES] = "";
	bool there;

	if (!engine)
		engine = engines_find(name, words, sizeof(words));
	if (engine && engine->devices) {
		open_devices(o, engine);
		return;
	}
	there = engine && open_device(o, engine, NULL, 0, words, sizeof(words)) == 0;
	tell(o, name, there, words);
}

static void form_tiers(struct engines *engines)
{
	for (unsigned e = 0; e < engines->n; e++)
		if (!engines->open[e].can.needs_pinned)
			engines->in_place |= 1u << e;
	for (unsigned e = 0; e < engines->n; e++) {
		struct engines_entry *entry = &engines->open[e];

		if (engines->in_place >> e & 1)
			entry->tier = engines->in_place;
		for (unsigned f = 0; f < engines->n && !(engines->in_place >> e & 1); f++)
			if (engines->open[f].engine == entry->engine)
				entry->tier |= 1u << f;
	}
	atomic_init(&engines->alive, (uint32_t)((1ull << engines->n) - 1));
}

static void begin(struct opening *o, struct engines *out, const struct config *config, engines_say_fn *say, void *user)
{
	*out = (struct engines){0};
	*o = (struct opening){
		.out = out, .config = config, .say = say, .user = user,
		.cfg = {
			.cpu_level = strcmp(config->engine.cpu_level, "auto") ? config->engine.cpu_level : NULL,
			.max_memory_bytes = (uint64_t)config->engine.device_memory_mib << 20,
			.cache = {load_kept, store_kept, &o->cache},
			.fpga_image = strcmp(config->engine.fpga_image, "none") ? config->engine.fpga_image : NULL,
			.fpga_clock_mhz = config->engine.fpga_clock_mhz,
			.fpga_latency_clocks = config->engine.fpga_latency_clocks,
			.fpga_stall_percent = config->engine.fpga_stall_percent,
		},
		.stands_alone = config->engine.n_order == 1,
	};
	cache_open(&o->cache, NULL, CACHE_MAX_BYTES);
}

int engines_open(struct engines *out, const struct config *config, const struct engine *const *instead, engines_say_fn *say, void *user)
{
	struct opening o;

	begin(&o, out, config, say, user);
	for (uint32_t i = 0; (instead ? instead[i] != NULL : i < config->engine.n_order) && out->n < ENGINES_OPEN_MAX; i++)
		open_engine(&o, instead ? instead[i]->name : config->engine.order[i], instead ? instead[i] : NULL);
	form_tiers(out);
	return out->n ? 0 : -ENODEV;
}

void engines_open_one(struct engines *out, const struct config *config, const char *name, engines_say_fn *say, void *user)
{
	struct opening o;

	begin(&o, out, config, say, user);
	o.stands_alone = false;
	open_engine(&o, name, NULL);
	form_tiers(out);
}

void engines_close(struct engines *engines)
{
	while (engines->n) {
		engines->n--;
		engines->open[engines->n].engine->close(&engines->open[engines->n].context);
	}
}

/* --- while they are open ----------------------------------------------------------------------------------------------- */

uint32_t engines_alive(const struct engines *engines)
{
	return atomic_load_explicit(&engines->alive, memory_order_acquire);
}

uint32_t engines_best(const struct engines *engines, uint32_t able)
{
	able &= engines_alive(engines);
	return able ? able & engines->open[__builtin_ctz(able)].tier : 0;
}

const char *engines_first(const struct engines *engines, uint32_t able)
{
	uint32_t best = engines_best(engines, able);

	return best ? engines->open[__builtin_ctz(best)].engine->name : "none";
}

bool engines_take_out(struct engines *engines, unsigned entry, int error)
{
	uint32_t bit = 1u << entry;

	if (engines->in_place & bit || !(engines_alive(engines) & bit))
		return false;
	atomic_store_explicit(&engines->open[entry].error, error, memory_order_relaxed);
	return atomic_fetch_and_explicit(&engines->alive, ~bit, memory_order_release) & bit;
}

static uint32_t feeders_of(const struct engines *engines, unsigned e, uint32_t per_device)
{
	uint32_t most = engines->open[e].can.max_queues;

	if (engines->in_place >> e & 1)
		return 0;
	return most && most < per_device ? most : per_device;
}

uint32_t engines_feeders(const struct engines *engines, uint32_t per_device)
{
	uint32_t n = 0;

	for (unsigned e = 0; e < engines->n; e++)
		n += feeders_of(engines, e, per_device);
	return n;
}

int engines_fed_by(const struct engines *engines, uint32_t per_device, uint32_t i)
{
	for (unsigned e = 0; e < engines->n; e++) {
		uint32_t n = feeders_of(engines, e, per_device);

		if (i < n)
			return (int)e;
		i -= n;
	}
	return -1;
}
