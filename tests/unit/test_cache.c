/* test_cache.c - what is kept comes back whole or not at all, whatever lies in the folder; the folder does not grow past its bound. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/cache.h"

static char root[64], folder[96];
static struct cache cache;

static int make_folder(void **state)
{
	strcpy(root, "/tmp/sluice-cache-XXXXXX");
	if (!mkdtemp(root))
		return -1;
	snprintf(folder, sizeof(folder), "%s/a/b", root);
	cache_open(&cache, folder, 10000);
	return 0;
}

static int remove_folder(void **state)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -r %s", root);
	return system(command);
}

static void path_of(char *path, size_t bytes, const char *key)
{
	snprintf(path, bytes, "%s/%s.kept", folder, key);
}

static void what_is_kept_comes_back(void **state)
{
	char out[16];

	assert_int_equal(cache_load(&cache, "opencl-1.2", out, sizeof(out)), 0);
	cache_store(&cache, "opencl-1.2", "program", 8);
	assert_int_equal(cache_load(&cache, "opencl-1.2", NULL, 0), 8);
	memset(out, 'x', sizeof(out));
	assert_int_equal(cache_load(&cache, "opencl-1.2", out, 7), 8);
	assert_int_equal(out[0], 'x'); /* not half of it */
	assert_int_equal(cache_load(&cache, "opencl-1.2", out, sizeof(out)), 8);
	assert_string_equal(out, "program");
	cache_store(&cache, "opencl-1.2", "another", 8);
	assert_int_equal(cache_load(&cache, "opencl-1.2", out, sizeof(out)), 8);
	assert_string_equal(out, "another");
}

static void names_that_lead_elsewhere_are_refused(void **state)
{
	static const char *const names[] = {"", ".", "..", "../x", "a/b", ".hidden", "A", "a b", "a\n"};
	char longest[CACHE_KEY_MAX + 2], out[8];

	cache_store(&cache, "good", "12345678", 8);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		cache_store(&cache, names[i], "12345678", 8);
		assert_int_equal(cache_load(&cache, names[i], out, 8), 0);
	}
	memset(longest, 'a', sizeof(longest));
	longest[CACHE_KEY_MAX + 1] = '\0';
	cache_store(&cache, longest, "12345678", 8);
	assert_int_equal(cache_load(&cache, longest, out, 8), 0);
	longest[CACHE_KEY_MAX] = '\0';
	cache_store(&cache, longest, "12345678", 8);
	assert_int_equal(cache_load(&cache, longest, out, 8), 8);
}

/* Every length that the file could have been cut to, and every byte of it changed. */
static void a_damaged_entry_is_none(void **state)
{
	uint8_t whole[64], out[32];
	char path[256];
	ssize_t n;
	int fd;

	cache_store(&cache, "entry", "0123456789abcdef", 16);
	path_of(path, sizeof(path), "entry");
	fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	n = read(fd, whole, sizeof(whole));
	assert_true(n > 16 && n < (ssize_t)sizeof(whole));
	for (ssize_t i = 0; i < n; i++) {
		uint8_t wrong = whole[i] ^ 0x40;

		assert_int_equal(pwrite(fd, &wrong, 1, i), 1);
		assert_int_equal(cache_load(&cache, "entry", out, sizeof(out)), 0);
		assert_int_equal(pwrite(fd, &whole[i], 1, i), 1);
	}
	assert_int_equal(cache_load(&cache, "entry", out, sizeof(out)), 16);
	for (ssize_t i = 0; i < n; i++) {
		assert_int_equal(ftruncate(fd, i), 0);
		assert_int_equal(cache_load(&cache, "entry", out, sizeof(out)), 0);
		assert_int_equal(pwrite(fd, whole, (size_t)n, 0), n);
	}
	close(fd);
}

static void links_folders_and_pipes_are_no_entries(void **state)
{
	char path[256], out[32];

	cache_store(&cache, "entry", "0123456789abcdef", 16);
	path_of(path, sizeof(path), "link");
	assert_int_equal(symlink("entry.kept", path), 0);
	path_of(path, sizeof(path), "folder");
	assert_int_equal(mkdir(path, 0700), 0);
	path_of(path, sizeof(path), "pipe");
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(cache_load(&cache, "link", out, sizeof(out)), 0);
	assert_int_equal(cache_load(&cache, "folder", out, sizeof(out)), 0);
	assert_int_equal(cache_load(&cache, "pipe", out, sizeof(out)), 0);
	cache_store(&cache, "folder", "x", 1); /* cannot be: nothing else suffers */
	assert_int_equal(cache_load(&cache, "entry", out, sizeof(out)), 16);
}

static void the_longest_unused_leave_when_room_is_wanted(void **state)
{
	static char bytes[3000];
	char key[16], path[256];

	for (int i = 0; i < 3; i++) {
		const struct timespec then[2] = {{1000 + i, 0}, {1000 + i, 0}};

		snprintf(key, sizeof(key), "entry-%d", i);
		cache_store(&cache, key, bytes, sizeof(bytes));
		path_of(path, sizeof(path), key);
		assert_int_equal(utimensat(AT_FDCWD, path, then, 0), 0);
	}
	assert_int_equal(cache_load(&cache, "entry-0", bytes, sizeof(bytes)), sizeof(bytes)); /* used: now entry-1 is the oldest */
	cache_store(&cache, "entry-3", bytes, sizeof(bytes));
	assert_int_equal(cache_load(&cache, "entry-1", NULL, 0), 0);
	assert_int_equal(cache_load(&cache, "entry-0", NULL, 0), sizeof(bytes));
	assert_int_equal(cache_load(&cache, "entry-2", NULL, 0), sizeof(bytes));
	assert_int_equal(cache_load(&cache, "entry-3", NULL, 0), sizeof(bytes));
	cache_store(&cache, "huge", bytes, 10001); /* more than there may be: it is not even read */
	assert_int_equal(cache_load(&cache, "huge", NULL, 0), 0);
	assert_int_equal(cache_load(&cache, "entry-3", NULL, 0), sizeof(bytes));
}

static void the_folder_is_the_user_s_own(void **state)
{
	struct cache c;

	setenv("XDG_CACHE_HOME", "/x/y", 1);
	cache_open(&c, NULL, 1);
	assert_string_equal(c.folder, "/x/y/sluice");
	setenv("XDG_CACHE_HOME", "relative", 1); /* to be ignored, says the standard */
	setenv("HOME", "/h", 1);
	cache_open(&c, NULL, 1);
	assert_string_equal(c.folder, "/h/.cache/sluice");
	unsetenv("XDG_CACHE_HOME");
	unsetenv("HOME");
	cache_open(&c, NULL, 1);
	assert_string_equal(c.folder, "");
	cache_store(&c, "a", "b", 1);
	assert_int_equal(cache_load(&c, "a", NULL, 0), 0);
}

/* Whoever reads while others write sees one or the other, whole. */
static void writers_at_once_leave_whole_entries(void **state)
{
	char a[2000], b[2000], out[2000];
	pid_t writer;

	memset(a, 'a', sizeof(a));
	memset(b, 'b', sizeof(b));
	cache_store(&cache, "both", a, sizeof(a));
	writer = fork();
	for (int i = 0; writer == 0 && i < 300; i++)
		cache_store(&cache, "both", i % 2 ? a : b, sizeof(a));
	if (writer == 0)
		_exit(0);
	assert_true(writer > 0);
	for (int i = 0; i < 300; i++) {
		assert_int_equal(cache_load(&cache, "both", out, sizeof(out)), sizeof(out));
		assert_memory_equal(out, out[0] == 'a' ? a : b, sizeof(out));
	}
	waitpid(writer, NULL, 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)
	const struct CMUnitTest tests[] = {
		TEST(what_is_kept_comes_back),
		TEST(names_that_lead_elsewhere_are_refused),
		TEST(a_damaged_entry_is_none),
		TEST(links_folders_and_pipes_are_no_entries),
		TEST(the_longest_unused_leave_when_room_is_wanted),
		TEST(writers_at_once_leave_whole_entries),
		TEST(the_folder_is_the_user_s_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
