/* test_fpga_failing.c - what the log says when the engine fpga fails in a node: which of the card's ports, or the watchdog. Not the detector's damaged frames, of
 * which there are some before. The units are plain C. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/lanes_run.h"
#include "tests/support/plain_card.h"

#define FRAMES 60
#define SELF_TEST_JOBS 6u

static const struct engine *const fpga_then_cpu[] = {&engine_fpga_plain, &engine_cpu, NULL};
static const char *const sets[] = {"engine.opencl_cpu=on", "engine.max_batch=1", NULL}; /* plain C is the processor's */
static const char *const damaged[] = {"--damage", "40%", "--seed", "7", NULL};
static char said[1 << 16];

/* A run with units that lie after 20 frames; what was said meanwhile is in `said`. */
static void run_and_listen(enum plain_lie lie, struct lanes_seen *seen)
{
	char path[] = "/tmp/sluice-said-XXXXXX";
	int kept = dup(STDERR_FILENO), file = mkstemp(path);
	ssize_t n;

	assert_true(kept >= 0 && file >= 0);
	unlink(path);
	plain_card = (struct plain_card){.n_narrow = 1, .n_wide = 1, .lie = lie, .after = SELF_TEST_JOBS + 20};
	fflush(stderr);
	dup2(file, STDERR_FILENO);
	lanes_run(seen, FRAMES, fpga_then_cpu, sets, damaged);
	fflush(stderr);
	dup2(kept, STDERR_FILENO);
	n = pread(file, said, sizeof said - 1, 0);
	said[n > 0 ? n : 0] = '\0';
	close(kept);
	close(file);
}

static void assert_told(enum plain_lie lie, const char *words)
{
	static struct lanes_seen seen;

	run_and_listen(lie, &seen);
	assert_true(seen.invalid > 0);
	assert_true(seen.fallback > 0);
	assert_int_equal(seen.engine_failed, 0);
	if (!strstr(said, words) || !strstr(said, "engine fpga 0 failed on frame ") || strstr(said, "decode"))
		fail_msg("no '%s' in:\n%s", words, said);
}

static void the_log_says_which_port_failed(void **state)
{
	assert_told(PLAIN_PORT, "(Input/output error; errors: table 3) and is used no more");
	assert_told(PLAIN_ANSWER, "(Input/output error; errors: record_writer 1) and is used no more");
}

static void the_log_says_that_the_watchdog_ended_it(void **state)
{
	assert_told(PLAIN_WATCHDOG, "(Input/output error; errors: control 1) and is used no more");
}

/* What nobody counts is nobody's. */
static void a_wrong_record_names_no_stage(void **state)
{
	assert_told(PLAIN_MAX, "(Input/output error) and is used no more");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_log_says_which_port_failed),
		cmocka_unit_test(the_log_says_that_the_watchdog_ended_it),
		cmocka_unit_test(a_wrong_record_names_no_stage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
