/* test_log.c - what the log says on standard error: levels, one line per message, nothing that steers a terminal, floods held back and counted. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/log.h"

static char said[1 << 20];
static int kept_stderr, file;

static int listen(void **state)
{
	char path[] = "/tmp/sluice-log-XXXXXX";

	kept_stderr = dup(STDERR_FILENO);
	file = mkstemp(path);
	unlink(path);
	log_set_level(LOG_INFO);
	return kept_stderr < 0 || file < 0 || dup2(file, STDERR_FILENO) < 0;
}

/* What was said since listen. */
static const char *heard(void)
{
	ssize_t n = pread(file, said, sizeof(said) - 1, 0);

	said[n > 0 ? n : 0] = '\0';
	return said;
}

static unsigned lines(const char *text)
{
	unsigned n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static int stop(void **state)
{
	dup2(kept_stderr, STDERR_FILENO);
	close(kept_stderr);
	close(file);
	return 0;
}

static void only_what_the_level_lets_through_is_said(void **state)
{
	log_line(LOG_DEBUG, "far too much");
	log_line(LOG_INFO, "good to know");
	log_set_level(LOG_ERROR);
	log_line(LOG_WARNING, "a little odd");
	log_line(LOG_ERROR, "it is %s", "broken");
	assert_int_equal(lines(heard()), 2);
	assert_non_null(strstr(heard(), " info: good to know\n"));
	assert_non_null(strstr(heard(), " error: it is broken\n"));
	assert_int_equal(log_level_from_name("debug"), LOG_DEBUG);
	assert_int_equal(log_level_from_name("loud"), -1);
}

static void texts_from_the_wire_cannot_steer_the_terminal(void **state)
{
	log_line(LOG_INFO, "series %s", "\x1b[2J\r\nerror: \x7f" "forged\a");
	assert_int_equal(lines(heard()), 1);
	for (const char *c = heard(); *c; c++)
		assert_true((unsigned char)*c >= 0x20 || *c == '\n');
	assert_null(strchr(heard(), 0x7f));
}

static void a_line_too_long_is_cut(void **state)
{
	char *text = malloc(5000);

	assert_non_null(text);
	memset(text, 'x', 4999);
	text[4999] = '\0';
	log_line(LOG_INFO, "%s", text);
	log_line(LOG_INFO, "next");
	assert_int_equal(lines(heard()), 2);
	assert_true(strlen(heard()) < 2000);
	free(text);
}

static void a_flood_is_one_line_and_its_number(void **state)
{
	struct log_limit limit = {0};

	for (int i = 0; i < 1000; i++)
		log_limited(&limit, LOG_WARNING, "damaged %d", i);
	assert_int_equal(lines(heard()), 1);
	assert_non_null(strstr(heard(), "damaged 0\n"));
	atomic_store(&limit.next_ns, 0); /* as if the interval had passed */
	log_limited(&limit, LOG_WARNING, "damaged again");
	assert_non_null(strstr(heard(), "damaged again (and 999 more like it)\n"));
	assert_int_equal(lines(heard()), 2);
	log_set_level(LOG_ERROR);
	log_limited(&limit, LOG_WARNING, "not at this level");
	assert_int_equal(atomic_load(&limit.held), 0); /* what is not to be said is not held back either */
}

static struct log_limit shared;

static void *flood(void *user)
{
	for (int i = 0; i < 5000; i++) {
		log_line(LOG_INFO, "thread %s says this", (const char *)user);
		log_limited(&shared, LOG_INFO, "shared");
	}
	return NULL;
}

static void lines_of_several_threads_do_not_mix(void **state)
{
	static const char *const names[] = {"one", "two"};
	pthread_t thread[2];
	unsigned whole = 0, limited = 0;
	char *line, *rest;

	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, flood, (void *)(uintptr_t)names[i]), 0);
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	heard();
	for (line = strtok_r(said, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		whole += strlen(line) > 13 && (!strcmp(line + 12, " info: thread one says this") || !strcmp(line + 12, " info: thread two says this"));
		limited += strstr(line, " info: shared") != NULL;
	}
	assert_int_equal(whole, 10000);
	assert_true(limited >= 1);
}

/* Somebody has stopped the terminal, or reads the pipe no more. */
static void nobody_who_does_not_read_is_waited_for(void **state)
{
	char rubbish[4096] = {0}, last[256] = {0};
	int ends[2];

	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	while (write(ends[1], rubbish, sizeof(rubbish)) > 0)
		;
	assert_int_equal(fcntl(ends[1], F_SETFL, 0), 0); /* from here on a write would wait for ever */
	dup2(ends[1], STDERR_FILENO);
	log_line(LOG_ERROR, "one");
	log_line(LOG_ERROR, "two");
	while (read(ends[0], rubbish, sizeof(rubbish)) > 0)
		;
	log_line(LOG_ERROR, "three");
	assert_true(read(ends[0], last, sizeof(last) - 1) > 0);
	assert_non_null(strstr(last, "error: three (2 lines before it that nobody took)"));
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, listen, stop)
	const struct CMUnitTest tests[] = {
		TEST(only_what_the_level_lets_through_is_said),
		TEST(texts_from_the_wire_cannot_steer_the_terminal),
		TEST(a_line_too_long_is_cut),
		TEST(a_flood_is_one_line_and_its_number),
		TEST(lines_of_several_threads_do_not_mix),
		TEST(nobody_who_does_not_read_is_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
