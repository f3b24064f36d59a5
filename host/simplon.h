/* simplon.h - asks a detector's REST interface how many frames it dropped because nobody fetched them. Used by one thread; waits up to a second. */
#ifndef HOST_SIMPLON_H
#define HOST_SIMPLON_H

#include <stddef.h>
#include <stdint.h>

struct simplon;

/* base: http://host[:port], to which /stream/api/1.8.0 is added, or the whole path up to there. */
int simplon_open(struct simplon **out, const char *base);
/* The counter; -errno with a message where it cannot be had. */
int simplon_dropped(struct simplon *simplon, uint64_t *dropped, char *message, size_t message_bytes);
void simplon_close(struct simplon **simplon);

#endif
