/* memory.c - device and host memory of queues: taken when a plan needs more than any before, accounted for (see device.h). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/device/device.h"
#include "kernels/spots.h"

#define GROUPS_MAX 0x7fffffffu
#define MEMORY_ALIGN 256u

static size_t round_up(size_t n, size_t to)
{
	return (n + to - 1) / to * to;
}

int device_take(struct engine_context *c, struct driver_memory **out, size_t bytes)
{
	int error = -ENOMEM;

	*out = NULL;
	if (atomic_fetch_add_explicit(&c->used_bytes, bytes, memory_order_relaxed) + bytes > c->max_memory_bytes)
		goto fail;
	error = c->driver->memory_open(c->device, out, bytes);
	if (!error)
		return 0;
fail:
	atomic_fetch_sub_explicit(&c->used_bytes, bytes, memory_order_relaxed);
	return error;
}

void device_give(struct engine_context *c, struct driver_memory **memory, size_t bytes)
{
	if (!*memory)
		return;
	c->driver->memory_close(c->device, memory);
	atomic_fetch_sub_explicit(&c->used_bytes, bytes, memory_order_relaxed);
	*memory = NULL;
}

int room_grow(struct engine_context *c, struct device_room *room, size_t bytes)
{
	int error;

	bytes = round_up(bytes, MEMORY_ALIGN);
	if (bytes <= room->bytes)
		return 0;
	device_give(c, &room->memory, room->bytes);
	room->bytes = 0;
	error = device_take(c, &room->memory, bytes);
	if (!error)
		room->bytes = bytes;
	return error;
}

int host_room_grow(struct engine_context *c, struct host_room *room, size_t bytes)
{
	struct host_room larger = {.bytes = round_up(bytes, MEMORY_ALIGN)};
	int error;

	if (bytes <= room->bytes)
		return 0;
	error = c->driver->host_open(c->device, &larger.at, larger.bytes, &larger.handle);
	if (error)
		return error;
	if (room->at)
		memcpy(larger.at, room->at, room->bytes);
	c->driver->host_close(c->device, &room->at, &room->handle);
	*room = larger;
	return 0;
}

/* Device memory for n frames at a time. */
static int fit_frames(struct engine_queue *q, const struct engine_plan *p, size_t n)
{
	struct engine_context *c = q->context;
	const struct plan_table *t = &p->table;
	size_t image = image_bytes(&p->plan->shape), map = (size_t)t->mask_words * t->height * sizeof(uint32_t);
	bool extended = p->plan->algorithm == SPOTS_DISPERSION_EXTENDED;
	/* LZ4 makes nothing longer by more than 1/255; what is longer still brings its own need for room with it. */
	int error = room_grow(c, &q->payload, n * (image + image / 128 + 4096));

	if (!error)
		error = room_grow(c, &q->images, n * t->image_units * 16 + MEMORY_ALIGN);
	if (!error && q->wants_planes)
		error = room_grow(c, &q->planes, n * t->image_units * 16 + MEMORY_ALIGN);
	if (!error)
		error = room_grow(c, &q->records, n * t->record_words * sizeof(uint32_t));
	if (!error)
		error = room_grow(c, &q->parts, n * p->totals_groups * 8 * sizeof(uint32_t));
	if (!error)
		error = room_grow(c, &q->rest, n * t->list_rest * 2 * sizeof(uint32_t) + MEMORY_ALIGN);
	if (!error && extended)
		error = room_grow(c, &q->marked, n * map);
	if (!error && extended)
		error = room_grow(c, &q->unmarked, n * map);
	if (!error)
		error = host_room_grow(c, &q->host_records, n * t->record_words * sizeof(uint32_t));
	if (!error)
		error = host_room_grow(c, &q->host_offsets, n * (image / 1024 + 64) * sizeof(uint32_t));
	return error;
}

/* More groups than that in one launch are refused by drivers. */
static size_t frames_by_groups(const struct engine_plan *p, size_t n)
{
	const uint32_t per_frame[] = {p->totals_groups, p->dispersion_tiles, p->mark_tiles, p->erode_groups, p->extended_groups};

	for (size_t i = 0; i < sizeof per_frame / sizeof *per_frame; i++)
		if (per_frame[i] && n > GROUPS_MAX / per_frame[i])
			n = GROUPS_MAX / per_frame[i];
	return n ? n : 1;
}

static void free_frames(struct engine_queue *q)
{
	struct device_room *rooms[] = {&q->payload, &q->images, &q->planes, &q->records, &q->parts, &q->rest, &q->marked, &q->unmarked};

	for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++) {
		device_give(q->context, &rooms[i]->memory, rooms[i]->bytes);
		rooms[i]->bytes = 0;
	}
}

int queue_fit(struct engine_queue *q, const struct engine_plan *p)
{
	size_t n = q->max_bytes / image_bytes(&p->plan->shape);
	int error;

	if (n == 0)
		return -EINVAL;
	n = frames_by_groups(p, n < DEVICE_BATCH ? n : DEVICE_BATCH);
	q->fitted = 0;
	error = queue_fit_lists(q, p->plan);
	if (!error)
		error = room_grow(q->context, &q->jobs, DEVICE_BATCH * sizeof(struct frame_job));
	if (!error)
		error = host_room_grow(q->context, &q->host_jobs, DEVICE_BATCH * sizeof(struct frame_job));
	if (!error && p->table.list_rest) /* of one frame: such lists come one at a time */
		error = host_room_grow(q->context, &q->host_rest, p->table.list_rest * 2 * sizeof(uint32_t));
	if (error)
		return error;
	error = fit_frames(q, p, n);
	while (error == -ENOMEM && n > 1) {
		free_frames(q); /* or what the first ones took is missing at the last */
		n /= 2;
		error = fit_frames(q, p, n);
	}
	if (error)
		return error;
	q->frames = (uint32_t)n;
	q->fitted = p->serial;
	return 0;
}

static void free_lists(struct engine_queue *q)
{
	free(q->list[0]);
	free(q->list[1]);
	free(q->strong);
	free(q->value);
	free(q->spots_scratch);
	q->list[0] = q->list[1] = NULL;
	q->strong = q->value = NULL;
	q->spots_scratch = NULL;
	q->list_capacity = 0;
}

int queue_fit_lists(struct engine_queue *q, const struct plan *plan)
{
	size_t pixels = image_pixels(&plan->shape);
	uint32_t n = plan->max_strong < pixels ? plan->max_strong : (uint32_t)pixels;

	if (plan->algorithm == SPOTS_NONE || n <= q->list_capacity)
		return 0;
	free_lists(q);
	q->list[0] = malloc(n * sizeof *q->list[0]);
	q->list[1] = malloc(n * sizeof *q->list[1]);
	q->strong = malloc(n * sizeof *q->strong);
	q->value = malloc(n * sizeof *q->value);
	q->spots_scratch = malloc(spots_scratch_bytes(plan, n));
	if (!q->list[0] || !q->list[1] || !q->strong || !q->value || !q->spots_scratch) {
		free_lists(q);
		return -ENOMEM;
	}
	q->list_capacity = n;
	return 0;
}

void queue_free(struct engine_queue *q)
{
	struct engine_context *c = q->context;
	struct host_room *host[] = {&q->host_records, &q->host_jobs, &q->host_offsets, &q->host_rest};

	free_frames(q);
	device_give(c, &q->jobs.memory, q->jobs.bytes);
	for (size_t i = 0; i < sizeof host / sizeof *host; i++)
		c->driver->host_close(c->device, &host[i]->at, &host[i]->handle);
	free_lists(q);
	free(q);
}
