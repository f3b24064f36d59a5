/* models.c - the table of detectors. See models.h. */
#include "bench/detector/models.h"

#include <strings.h>

const struct model models[] = {
	{ "eiger2-500k", "Dectris EIGER2 Si 500K", 1028, 512, 1028, 512, 12, 38, 75, false },
	{ "eiger2-1m", "Dectris EIGER2 Si 1M", 1028, 1062, 1028, 512, 12, 38, 75, false },
	{ "eiger2-4m", "Dectris EIGER2 Si 4M", 2068, 2162, 1028, 512, 12, 38, 75, false },
	{ "eiger2-9m", "Dectris EIGER2 Si 9M", 3108, 3262, 1028, 512, 12, 38, 75, false },
	{ "eiger2-16m", "Dectris EIGER2 Si 16M", 4148, 4362, 1028, 512, 12, 38, 75, false },
	{ "eiger-1m", "Dectris EIGER Si 1M", 1030, 1065, 1030, 514, 10, 37, 75, false },
	{ "eiger-4m", "Dectris EIGER Si 4M", 2070, 2167, 1030, 514, 10, 37, 75, false },
	{ "eiger-16m", "Dectris EIGER Si 16M", 4150, 4371, 1030, 514, 10, 37, 75, false },
	{ "pilatus4-1m", "Dectris PILATUS4 Si 1M", 1033, 1080, 513, 255, 7, 20, 150, false },
	{ "pilatus4-2m", "Dectris PILATUS4 Si 2M", 1553, 1630, 513, 255, 7, 20, 150, false },
	{ "arina", "Dectris ARINA", 192, 192, 0, 0, 0, 0, 100, true },
};
const size_t models_n = sizeof models / sizeof *models;

const struct model *model_find(const char *name)
{
	for (size_t i = 0; i < models_n; i++)
		if (!strcasecmp(models[i].name, name))
			return &models[i];
	return NULL;
}

static bool in_gap(uint32_t at, uint32_t module, uint32_t gap)
{
	return module && at % (module + gap) >= module;
}

void model_gaps(const struct model *m, uint32_t *mask)
{
	for (uint32_t y = 0; y < m->height; y++) {
		bool row = in_gap(y, m->module_height, m->gap_y);

		for (uint32_t x = 0; x < m->width; x++)
			mask[(size_t)y * m->width + x] = row || in_gap(x, m->module_width, m->gap_x) ? MASK_GAP : 0;
	}
}
