/* cache.c - files behind cache.h: an entry is its bytes with a head of magic, length and checksum, written beside and renamed into place. */
#include "host/cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SUFFIX ".kept"
#define PART ".part"
#define PATH_BYTES 4400
#define OLD_PART_S 3600 /* what somebody began to write and did not finish */

struct head {
	char magic[8];
	uint64_t n_bytes, sum;
};

static const char magic[8] = "sluice\1\n";

static uint64_t sum_of(const uint8_t *at, size_t n)
{
	uint64_t h = 0xcbf29ce484222325u ^ n;

	for (size_t i = 0; i < n; i++)
		h = (h ^ at[i]) * 0x100000001b3u;
	return h;
}

static bool key_is_good(const char *key)
{
	size_t n = strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789-.");

	return n >= 1 && n <= CACHE_KEY_MAX && !key[n] && key[0] != '.';
}

void cache_open(struct cache *cache, const char *folder, uint64_t max_bytes)
{
	const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	int n = 0;

	*cache = (struct cache){.max_bytes = max_bytes};
	if (folder)
		n = snprintf(cache->folder, sizeof(cache->folder), "%s", folder);
	else if (xdg && xdg[0] == '/')
		n = snprintf(cache->folder, sizeof(cache->folder), "%s/sluice", xdg);
	else if (home && home[0] == '/')
		n = snprintf(cache->folder, sizeof(cache->folder), "%s/.cache/sluice", home);
	if (n < 0 || (size_t)n >= sizeof(cache->folder))
		cache->folder[0] = '\0';
}

/* --- reading ----------------------------------------------------------------------------------------------------------- */

static bool read_all(int fd, void *to, size_t n)
{
	uint8_t *at = to;

	while (n) {
		ssize_t got = read(fd, at, n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		at += got;
		n -= (size_t)got;
	}
	return true;
}

/* The head of a regular file that holds what it says; 0 or -1. */
static int read_head(int fd, const struct cache *cache, struct head *head)
{
	struct stat about;

	if (fstat(fd, &about) != 0 || !S_ISREG(about.st_mode) || !read_all(fd, head, sizeof(*head)))
		return -1;
	if (memcmp(head->magic, magic, sizeof(magic)) || !head->n_bytes || head->n_bytes > cache->max_bytes ||
	    (uint64_t)about.st_size != sizeof(*head) + head->n_bytes)
		return -1;
	return 0;
}

size_t cache_load(const struct cache *cache, const char *key, void *out, size_t room_bytes)
{
	char path[PATH_BYTES];
	struct head head;
	size_t n = 0;
	int fd;

	if (!cache->folder[0] || !key_is_good(key))
		return 0;
	snprintf(path, sizeof(path), "%s/%s" SUFFIX, cache->folder, key);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	if (fd < 0)
		return 0;
	if (read_head(fd, cache, &head) == 0) {
		n = (size_t)head.n_bytes;
		if (n <= room_bytes && (!read_all(fd, out, n) || sum_of(out, n) != head.sum))
			n = 0;
		else if (n <= room_bytes)
			futimens(fd, NULL); /* the longest unused leave first */
	}
	close(fd);
	return n;
}

/* --- writing ----------------------------------------------------------------------------------------------------------- */

static bool write_all(int fd, const void *from, size_t n)
{
	const uint8_t *at = from;

	while (n) {
		ssize_t put = write(fd, at, n);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return false;
		at += put;
		n -= (size_t)put;
	}
	return true;
}

/* The folder and those above it, for this user alone. */
static void make_folder(const char *folder)
{
	char path[sizeof(((struct cache *)0)->folder)];

	snprintf(path, sizeof(path), "%s", folder);
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
	mkdir(path, 0700);
}

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n > m && !strcmp(text + n - m, end);
}

/* Goes through the folder once: adds up the entries, finds the longest unused one (its name in oldest), and clears away what was never finished. */
static uint64_t look_through(int at, char *oldest, size_t oldest_bytes)
{
	int own = openat(at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = own >= 0 ? fdopendir(own) : NULL;
	struct timespec now, least = {0};
	struct dirent *e;
	uint64_t total = 0;

	oldest[0] = '\0';
	clock_gettime(CLOCK_REALTIME, &now);
	while (d && (e = readdir(d)) != NULL) {
		struct stat about;

		if (fstatat(at, e->d_name, &about, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(about.st_mode))
			continue;
		if (ends_with(e->d_name, PART) && about.st_mtim.tv_sec + OLD_PART_S < now.tv_sec)
			unlinkat(at, e->d_name, 0);
		if (!ends_with(e->d_name, SUFFIX))
			continue;
		total += (uint64_t)about.st_size;
		if (oldest[0] && (about.st_mtim.tv_sec > least.tv_sec ||
				  (about.st_mtim.tv_sec == least.tv_sec && about.st_mtim.tv_nsec >= least.tv_nsec)))
			continue;
		least = about.st_mtim;
		snprintf(oldest, oldest_bytes, "%s", e->d_name);
	}
	if (d)
		closedir(d);
	else if (own >= 0)
		close(own);
	return total;
}

static void make_room(const struct cache *cache, uint64_t n_bytes)
{
	int at = open(cache->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char oldest[256];

	while (at >= 0 && look_through(at, oldest, sizeof(oldest)) + n_bytes > cache->max_bytes && oldest[0])
		if (unlinkat(at, oldest, 0) != 0)
			break;
	if (at >= 0)
		close(at);
}

void cache_store(const struct cache *cache, const char *key, const void *bytes, size_t n_bytes)
{
	struct head head = {.n_bytes = n_bytes};
	char part[PATH_BYTES], path[PATH_BYTES];
	bool good;
	int fd;

	if (!cache->folder[0] || !key_is_good(key) || !n_bytes || n_bytes > cache->max_bytes || cache->max_bytes - n_bytes < sizeof(head))
		return;
	head.sum = sum_of(bytes, n_bytes);
	memcpy(head.magic, magic, sizeof(magic));
	make_folder(cache->folder);
	make_room(cache, n_bytes + sizeof(head));
	snprintf(path, sizeof(path), "%s/%s" SUFFIX, cache->folder, key);
	snprintf(part, sizeof(part), "%s/%s.%ld" PART, cache->folder, key, (long)getpid());
	fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return;
	good = write_all(fd, &head, sizeof(head)) && write_all(fd, bytes, n_bytes);
	good &= close(fd) == 0;
	if (!good || rename(part, path) != 0)
		unlink(part);
}
