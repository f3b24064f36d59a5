/* floors.c - see floors.h. */
#include "bench/gpu/floors.h"

#include <errno.h>
#include <stdint.h>

#include "host/clock.h"

#define QUEUES_MAX 8u
#define ROUNDS 64u
#define CLEAR_BYTES ((size_t)256 << 20)
#define BACK_ROUNDS 200u

/* What one queue needs to copy. */
struct way {
	struct driver_queue *queue;
	struct driver_memory *memory;
	void *host, *handle;
};

static void way_close(const struct driver *driver, struct driver_device *device, struct way *w)
{
	driver->queue_close(&w->queue);
	driver->memory_close(device, &w->memory);
	driver->host_close(device, &w->host, &w->handle);
}

static int way_open(const struct driver *driver, struct driver_device *device, struct way *w, size_t bytes)
{
	int rc;

	*w = (struct way){0};
	rc = driver->queue_open(device, &w->queue);
	if (rc == 0)
		rc = driver->memory_open(device, &w->memory, bytes);
	if (rc == 0)
		rc = driver->host_open(device, &w->host, bytes, &w->handle);
	return rc;
}

static int finish_all(const struct driver *driver, struct way *way, unsigned n)
{
	int rc = 0;

	for (unsigned i = 0; i < n && rc == 0; i++)
		rc = driver->finish(way[i].queue);
	return rc;
}

static double rate(uint64_t begun_ns, double bytes)
{
	return bytes / (double)(clock_monotonic_ns() - begun_ns);
}

double floor_copy_in(const struct driver *driver, struct driver_device *device, size_t bytes, unsigned queues)
{
	struct way way[QUEUES_MAX] = {0};
	unsigned n = queues < QUEUES_MAX ? queues : QUEUES_MAX;
	uint64_t begun_ns = 0;
	int rc = 0;

	for (unsigned i = 0; i < n && rc == 0; i++)
		rc = way_open(driver, device, &way[i], bytes);
	for (unsigned round = 0; round <= ROUNDS && rc == 0; round++) {
		if (round == 1) { /* the first one was for warming up */
			rc = finish_all(driver, way, n);
			begun_ns = clock_monotonic_ns();
		}
		for (unsigned i = 0; i < n && rc == 0; i++)
			rc = driver->copy_in(way[i].queue, way[i].memory, 0, way[i].host, bytes);
		for (unsigned i = 0; i < n && rc == 0; i++)
			rc = driver->flush(way[i].queue);
	}
	if (rc == 0)
		rc = finish_all(driver, way, n);
	double result = rc < 0 ? rc : rate(begun_ns, (double)bytes * n * ROUNDS);
	for (unsigned i = 0; i < n; i++)
		way_close(driver, device, &way[i]);
	return result;
}

double floor_clear(const struct driver *driver, struct driver_device *device)
{
	struct driver_queue *queue = NULL;
	struct driver_memory *memory = NULL;
	uint64_t begun_ns = 0;
	double result;
	int rc = driver->queue_open(device, &queue);

	if (rc == 0)
		rc = driver->memory_open(device, &memory, CLEAR_BYTES);
	for (unsigned round = 0; round <= ROUNDS && rc == 0; round++) {
		if (round == 1) {
			rc = driver->finish(queue);
			begun_ns = clock_monotonic_ns();
		}
		if (rc == 0)
			rc = driver->clear(queue, memory, 0, CLEAR_BYTES);
	}
	if (rc == 0)
		rc = driver->finish(queue);
	result = rc < 0 ? rc : rate(begun_ns, (double)CLEAR_BYTES * ROUNDS);
	driver->queue_close(&queue);
	driver->memory_close(device, &memory);
	return result;
}

double floor_copy_back_us(const struct driver *driver, struct driver_device *device)
{
	struct way way;
	int rc = way_open(driver, device, &way, 4096);
	uint64_t begun_ns = clock_monotonic_ns();
	double us;

	for (unsigned round = 0; round < BACK_ROUNDS && rc == 0; round++) {
		rc = driver->copy_out(way.queue, way.host, way.memory, 0, 4096);
		if (rc == 0)
			rc = driver->finish(way.queue);
	}
	us = rc < 0 ? rc : (double)(clock_monotonic_ns() - begun_ns) / 1000 / BACK_ROUNDS;
	way_close(driver, device, &way);
	return us;
}
