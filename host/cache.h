/* cache.h - a folder of bytes under names: what took long to make and may be made again at any time.
 *
 * $XDG_CACHE_HOME/sluice, else ~/.cache/sluice. Bounded in size: the entries longest unused leave first. Whatever lies there is harmless: an entry is
 * given out only whole and with the checksum it was stored with; what it says is for its reader to judge. Failing to keep something is no error.
 * Several programs may use the folder at once: an entry appears under its name when it is complete. */
#ifndef HOST_CACHE_H
#define HOST_CACHE_H

#include <stddef.h>
#include <stdint.h>

#define CACHE_KEY_MAX 127

struct cache {
	char folder[4096];  /* "": nothing is kept */
	uint64_t max_bytes; /* of all entries together */
};

/* folder: NULL for the user's own. Nothing is made until something is stored. */
void cache_open(struct cache *cache, const char *folder, uint64_t max_bytes);
/* Bytes kept under the key (1 to CACHE_KEY_MAX out of a-z, 0-9, '-' and '.', the first no '.'), 0: none. Copied to out where room_bytes suffices; out
 * may be NULL with no room. */
size_t cache_load(const struct cache *cache, const char *key, void *out, size_t room_bytes);
void cache_store(const struct cache *cache, const char *key, const void *bytes, size_t n_bytes);

#endif
