/* devices.c - see devices.h. Reads what is constant and relaxed atomics. */
#include "pipeline/devices.h"

#include <inttypes.h>
#include <string.h>

static bool is_alive(const struct node *node, unsigned e)
{
	return engines_alive(&node->engines) >> e & 1;
}

/* Frames go to the first tier that takes them. */
static const char *state_of(const struct node *node, unsigned e)
{
	if (!is_alive(node, e))
		return "failed";
	return engines_best(&node->engines, UINT32_MAX) >> e & 1 ? "used" : "standby";
}

static json_t *lanes_of(const struct node *node, unsigned e)
{
	json_t *list = json_array();

	for (uint32_t w = 0; w < node->n_workers; w++)
		if (node->work[w]->serves >> e & 1)
			json_array_append_new(list, json_string(node->work[w]->name));
	return list;
}

static json_t *device_json(const struct node *node, unsigned e)
{
	const struct engines_entry *d = &node->engines.open[e];
	int error = atomic_load_explicit(&d->error, memory_order_relaxed);

	return json_pack("{s:s, s:s, s:s, s:s, s:s?, s:o, s:I, s:I, s:o}", "device", d->label, "engine", d->engine->name, "name", d->facts.name,
			 "state", state_of(node, e), "error", is_alive(node, e) ? NULL : strerror(error),
			 "numa_node", d->numa_node < 0 ? json_null() : json_integer(d->numa_node),
			 "memory_bytes", (json_int_t)d->facts.memory_bytes,
			 "images", (json_int_t)atomic_load_explicit(&d->analysed, memory_order_relaxed), "lanes", lanes_of(node, e));
}

json_t *devices_json(const struct node *node)
{
	json_t *list = json_array();

	for (unsigned e = 0; e < node->engines.n; e++)
		json_array_append_new(list, device_json(node, e));
	return list;
}

void devices_metrics(FILE *to, const struct node *node)
{
	const struct engines *engines = &node->engines;

	fputs("# HELP sluice_device_up Whether an engine's device is used, 0 after it has failed.\n# TYPE sluice_device_up gauge\n", to);
	for (unsigned e = 0; e < engines->n; e++)
		fprintf(to, "sluice_device_up{device=\"%s\"} %d\n", engines->open[e].label, is_alive(node, e));
	fputs("# HELP sluice_device_images_total Images that it has analysed, one for each channel of a frame.\n"
	      "# TYPE sluice_device_images_total counter\n", to);
	for (unsigned e = 0; e < engines->n; e++)
		fprintf(to, "sluice_device_images_total{device=\"%s\"} %" PRIu64 "\n", engines->open[e].label,
			atomic_load_explicit(&engines->open[e].analysed, memory_order_relaxed));
}
