/* timed_driver.c - see timed_driver.h. */
#include "bench/gpu/timed_driver.h"

#include <string.h>

#include "host/clock.h"

#define TIMES 8 /* in a row */

static const struct driver *inner;
static struct driver outer;
static struct timed_total total[TIMED_KINDS];

static const char *const names[TIMED_KINDS] = {
	[DEVICE_DECODE] = "decode", [DEVICE_DECODE_LARGE] = "decode_large", [DEVICE_UNSHUFFLE] = "unshuffle", [DEVICE_TOTALS] = "totals",
	[DEVICE_SUMMARY] = "summary", [DEVICE_DISPERSION] = "dispersion", [DEVICE_MARK] = "mark", [DEVICE_ERODE] = "erode",
	[DEVICE_EXTENDED] = "extended", [TIMED_COPY_IN] = "copy in", [TIMED_COPY_OUT] = "copy out", [TIMED_CLEAR] = "clear",
};

/* What one finish costs of itself is taken off. */
static double finish_us(struct driver_queue *queue)
{
	uint64_t begun_ns = clock_monotonic_ns();

	for (int i = 0; i < TIMES; i++)
		inner->finish(queue);
	return (double)(clock_monotonic_ns() - begun_ns) / 1000 / TIMES;
}

static void add(unsigned kind, double us, uint64_t bytes)
{
	total[kind].us += us > 0 ? us / TIMES : 0;
	total[kind].n++;
	total[kind].bytes += bytes;
}

/* Does `work` TIMES times between two finishes. */
#define TIME(kind, bytes, work)                                                           \
	do {                                                                              \
		int rc = inner->finish(queue);                                            \
		double idle_us = finish_us(queue);                                        \
		uint64_t begun_ns = clock_monotonic_ns();                                 \
                                                                                          \
		for (int i = 0; i < TIMES && rc == 0; i++)                                \
			rc = (work);                                                      \
		if (rc == 0)                                                              \
			rc = inner->finish(queue);                                        \
		add(kind, (double)(clock_monotonic_ns() - begun_ns) / 1000 - idle_us, bytes); \
		return rc;                                                                \
	} while (0)

static int timed_copy_in(struct driver_queue *queue, struct driver_memory *to, size_t at, const void *from, size_t bytes)
{
	TIME(TIMED_COPY_IN, bytes, inner->copy_in(queue, to, at, from, bytes));
}

static int timed_copy_out(struct driver_queue *queue, void *to, const struct driver_memory *from, size_t at, size_t bytes)
{
	TIME(TIMED_COPY_OUT, bytes, inner->copy_out(queue, to, from, at, bytes));
}

static int timed_clear_memory(struct driver_queue *queue, struct driver_memory *memory, size_t at, size_t bytes)
{
	TIME(TIMED_CLEAR, bytes, inner->clear(queue, memory, at, bytes));
}

static int timed_launch(struct driver_queue *queue, enum device_kernel kernel, uint32_t n_groups, const struct driver_argument *arguments,
			uint32_t n_arguments)
{
	TIME((unsigned)kernel, 0, inner->launch(queue, kernel, n_groups, arguments, n_arguments));
}

const struct driver *timed_driver(const struct driver *driver)
{
	inner = driver;
	outer = *driver;
	outer.copy_in = timed_copy_in;
	outer.copy_out = timed_copy_out;
	outer.clear = timed_clear_memory;
	outer.launch = timed_launch;
	timed_clear();
	return &outer;
}

const char *timed_name(unsigned kind)
{
	return names[kind];
}

struct timed_total timed_total(unsigned kind)
{
	return total[kind];
}

void timed_clear(void)
{
	memset(total, 0, sizeof(total));
}
