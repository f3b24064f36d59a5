/* log.c - lines for people on standard error (log.h). One write per line, so that lines of several threads never mix. */
#include "host/log.h"

#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "host/clock.h"

#define LIMIT_INTERVAL_NS 1000000000u
#define TAIL_BYTES 112 /* of a line, for the numbers of those held back */

static const char *const level_name[] = {"error", "warning", "info", "debug"};
static _Atomic int threshold = LOG_INFO; /* set once at start; a late change may be seen late */
static _Atomic uint64_t untaken;         /* lines that nobody took; a mere count */

void log_set_level(enum log_level level)
{
	atomic_store_explicit(&threshold, (int)level, memory_order_relaxed);
}

int log_level_from_name(const char *name)
{
	for (int i = 0; i <= LOG_DEBUG; i++)
		if (!strcmp(name, level_name[i]))
			return i;
	return -1;
}

/* A terminal that is stopped or a pipe that nobody empties takes nothing: the line is given up rather than waited with, since a frame may be
 * waiting for whoever says it. What poll promises is enough for a line. */
static bool is_taken(void)
{
	struct pollfd p = {STDERR_FILENO, POLLOUT, 0};

	return poll(&p, 1, 0) > 0 && p.revents & POLLOUT;
}

static void print(enum log_level level, uint64_t held, const char *format, va_list arguments)
{
	char line[1024];
	struct timespec now;
	struct tm local;
	uint64_t before;
	size_t at;
	int n;

	if (!is_taken()) {
		atomic_fetch_add_explicit(&untaken, held + 1, memory_order_relaxed);
		return;
	}
	before = atomic_exchange_explicit(&untaken, 0, memory_order_relaxed);
	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &local);
	at = strftime(line, sizeof(line), "%H:%M:%S", &local);
	at += (size_t)snprintf(line + at, sizeof(line) - at, ".%03ld %s: ", now.tv_nsec / 1000000, level_name[level]);
	n = vsnprintf(line + at, sizeof(line) - at - TAIL_BYTES, format, arguments);
	if (n > 0)
		at += (size_t)n < sizeof(line) - at - TAIL_BYTES ? (size_t)n : sizeof(line) - at - TAIL_BYTES - 1;
	if (held)
		at += (size_t)snprintf(line + at, sizeof(line) - at - 1, " (and %llu more like it)", (unsigned long long)held);
	if (before)
		at += (size_t)snprintf(line + at, sizeof(line) - at - 1, " (%llu lines before it that nobody took)", (unsigned long long)before);
	for (size_t i = 0; i < at; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f) /* texts from the wire must not steer the terminal */
			line[i] = '?';
	line[at++] = '\n';
	if (write(STDERR_FILENO, line, at) < 0)
		return; /* nobody listens: nothing to be done about it */
}

void log_line(enum log_level level, const char *format, ...)
{
	va_list arguments;

	if ((int)level > atomic_load_explicit(&threshold, memory_order_relaxed))
		return;
	va_start(arguments, format);
	print(level, 0, format, arguments);
	va_end(arguments);
}

void log_limited(struct log_limit *limit, enum log_level level, const char *format, ...)
{
	uint64_t now = clock_monotonic_ns(), next = atomic_load_explicit(&limit->next_ns, memory_order_relaxed);
	va_list arguments;

	if ((int)level > atomic_load_explicit(&threshold, memory_order_relaxed))
		return;
	if (now < next || !atomic_compare_exchange_strong_explicit(&limit->next_ns, &next, now + LIMIT_INTERVAL_NS,
								   memory_order_relaxed, memory_order_relaxed)) {
		atomic_fetch_add_explicit(&limit->held, 1, memory_order_relaxed);
		return;
	}
	va_start(arguments, format);
	print(level, atomic_exchange_explicit(&limit->held, 0, memory_order_relaxed), format, arguments);
	va_end(arguments);
}
