/* live_map.c - values by image number, for the map of a grid scan, and the grid itself (live.h). */
#include <math.h>
#include <stdlib.h>

#include "pipeline/live.h"

#define FIRST_ROOM 4096
#define LONGEST_SIDES 8 /* a grid more oblong than this is no guess of mine */

static bool grow(float **values, uint32_t from, uint32_t to)
{
	float *more = realloc(*values, to * sizeof(float));

	if (!more)
		return false;
	*values = more;
	for (uint32_t i = from; i < to; i++)
		more[i] = NAN;
	return true;
}

void live_map_add(struct live_curves *c, const struct live_sample *s)
{
	uint32_t room = c->map.room ? c->map.room : FIRST_ROOM;

	if (s->image_id >= LIVE_MAP_MAX)
		return;
	while (room <= s->image_id)
		room *= 2;
	if (room > c->map.room) {
		if (!grow(&c->map.score, c->map.room, room) || !grow(&c->map.n_spots, c->map.room, room) ||
		    !grow(&c->map.d_min, c->map.room, room) || !grow(&c->map.background, c->map.room, room))
			return;
		c->map.room = room;
	}
	c->map.score[s->image_id] = s->score;
	c->map.n_spots[s->image_id] = s->n_spots;
	c->map.d_min[s->image_id] = s->d_min;
	c->map.background[s->image_id] = s->background;
	if (s->image_id >= c->map.n)
		c->map.n = (uint32_t)s->image_id + 1;
}

/* The two factors nearest to each other, the larger one across; a number without such is filled up to a square. */
static void guess(struct live_grid *g, uint64_t n)
{
	uint32_t side = (uint32_t)sqrt((double)n), rows = 1;

	for (uint32_t r = side; r > 1 && rows == 1; r--)
		if (n % r == 0)
			rows = r;
	if (n / rows > (uint64_t)rows * LONGEST_SIDES)
		rows = (uint32_t)((n + (uint64_t)ceil(sqrt((double)n)) - 1) / (uint64_t)ceil(sqrt((double)n)));
	g->rows = rows;
	g->columns = (uint32_t)((n + rows - 1) / rows);
}

struct live_grid live_map_grid(const struct config *config, uint64_t n)
{
	struct live_grid g = {config->scan.rows, config->scan.columns, config->scan.snake, !config->scan.rows || !config->scan.columns};

	if (n > LIVE_MAP_MAX)
		n = LIVE_MAP_MAX;
	if (!n)
		n = 1;
	if (g.rows && !g.columns)
		g.columns = (uint32_t)((n + g.rows - 1) / g.rows);
	else if (g.columns && !g.rows)
		g.rows = (uint32_t)((n + g.columns - 1) / g.columns);
	else if (!g.rows)
		guess(&g, n);
	return g;
}
