/* log.h - lines for people, on standard error, with a level and a time.
 *
 * log_limited is for what bad data or a broken peer can cause thousands of times a second: each call site lets one line
 * pass per interval and then says how many it held back. Both may be called from any thread, and wait for nobody who does not read: what is not
 * taken at once is counted and not said. */
#ifndef HOST_LOG_H
#define HOST_LOG_H

#include <stdatomic.h>
#include <stdint.h>

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

struct log_limit {
	_Atomic uint64_t next_ns; /* pairs with itself: whoever moves it on may print */
	_Atomic uint64_t held;    /* a mere count */
};

void log_set_level(enum log_level level);
int log_level_from_name(const char *name); /* or -1 */
void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_limited(struct log_limit *limit, enum log_level level, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
