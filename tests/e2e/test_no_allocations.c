/* test_no_allocations.c - once a run is under way, no code of ours on the frame path asks for memory: not in receiving, admitting, analysing, publishing
 * or sending on, whatever the frame - hit, miss, damaged, twice, unreadable, from a strict or a sloppy hand.
 *
 * How it is seen: malloc, calloc, realloc and aligned_alloc of this program are replaced (bench/suite/allocations.c) by ones that count by caller. A call is
 * ours when its return address lies in the program, into which all of our code and no library is linked; calls that libzmq or jansson make for
 * themselves are counted apart and are no failure. Counting begins when a first part of the run has passed - what is made once, at the start of a run,
 * may allocate. posix_memalign and mmap are not used on the path by anybody; strdup and the like, which libc would be the caller of, stand
 * in what reads configurations and files alone. The reference engine, which nobody runs for its speed, is not asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "bench/suite/allocations.c"

#if !ALLOCATIONS_COUNTED
int main(void)
{
	puts("skipped: built with a sanitizer, which has a malloc of its own");
	return 77;
}
#else

#include <sys/prctl.h>
#include <time.h>

#include "tests/support/device_engine.h"
#include "tests/support/driven_node.h"

#define FRAMES_TEXT "600"
#define FRAMES 600
#define COUNTED_FROM 200

struct watch {
	struct allocations begun, last;
	unsigned counted;
};

/* Called by the publish lane. */
static void on_record(void *user, const struct node *node, const struct record *record, uint32_t channel, const uint32_t *strong)
{
	struct watch *w = user;

	if (record->image_id < COUNTED_FROM)
		return;
	allocations_read(&w->last);
	if (!w->counted++)
		w->begun = w->last;
}

/* Returns how many frames passed unanalysed. */
static uint64_t assert_none(const char *const *sets, const char *const *options, const struct engine *engine)
{
	const struct engine *const engines[] = {engine, NULL};
	uint64_t unanalysed;
	struct driven_node driven;
	struct watch w = {.counted = 0};

	driven_node_open(&driven, (struct node_cfg){.engines = engines, .on_record = on_record, .on_record_user = &w}, sets);
	driven_node_send(&driven, options);
	driven_node_wait(&driven, 1);
	unanalysed = ledger_get(&driven.node->total, LEDGER_UNANALYSED);
	driven_node_close(&driven);
	assert_true(w.counted > FRAMES / 2);
	assert_true(w.last.ours + w.last.libraries > 0); /* the counting itself works: something was asked for on these threads */
	assert_int_equal(w.last.ours - w.begun.ours, 0);
	return unanalysed;
}

#define SMALL "--size", "300x220", "--cell", "20,25,30,90,90,90", "--pool", "40", "--threads", "1", "--frames", FRAMES_TEXT
#define FAULTS "--drop", "2%", "--duplicate", "2%", "--reorder", "2%", "--damage", "2%", "--truncate", "2%", "--cut", "2%", "--garbage", "2%"

static void a_stream_v2_run_asks_for_nothing(void **state)
{
	static const char *const sets[] = {"overload.analysis=wait", "engine.threads=2", "output.results=tcp://127.0.0.1:*", NULL};
	static const char *const options[] = {SMALL, "--rate", "2000", FAULTS, NULL};

	assert_none(sets, options, &engine_cpu);
}

static void a_stream_v1_run_asks_for_nothing(void **state)
{
	static const char *const sets[] = {"overload.analysis=wait", "engine.threads=2", "output.results=tcp://127.0.0.1:*", NULL};
	static const char *const options[] = {SMALL, "--rate", "2000", "--protocol", "v1", FAULTS, NULL};

	assert_none(sets, options, &engine_cpu);
}

static void sending_on_asks_for_nothing(void **state)
{
	static const char *const sets[] = {"overload.analysis=wait", "keep.misses=full", "output.results=tcp://127.0.0.1:*",
					   "output.frames=tcp://127.0.0.1:*", "output.start_wait_ms=100", NULL};
	static const char *const options[] = {SMALL, "--rate", "2000", "--channels", "threshold_1,threshold_2", NULL};

	assert_none(sets, options, &engine_cpu);
}

static void feeding_devices_asks_for_nothing(void **state)
{
	static const char *const sets[] = {"overload.analysis=wait", "engine.queues_per_device=2", "output.results=tcp://127.0.0.1:*", NULL};
	static const char *const options[] = {SMALL, "--rate", "2000", "--channels", "threshold_1,threshold_2", FAULTS, NULL};

	device_engine_reset(2);
	device_engine.inner = &engine_cpu;
	device_engine.device[0].slow_us = device_engine.device[1].slow_us = 3000; /* so that frames go together */
	assert_none(sets, options, &engine_device);
	assert_true(device_engine.device[0].largest_batch > 1);
}

static int submit_slowly(struct engine_queue *queue, const struct engine_plan *plan, struct engine_item *items, uint32_t n)
{
	nanosleep(&(struct timespec){0, 5000000}, NULL);
	return engine_cpu.submit(queue, plan, items, n);
}

static void passing_unanalysed_asks_for_nothing(void **state)
{
	static const char *const sets[] = {"overload.analysis=shed", "engine.threads=1", "machine.slots=16", NULL};
	static const char *const options[] = {SMALL, "--rate", "1000", NULL};
	struct engine slow = engine_cpu;

	slow.submit = submit_slowly;
	assert_true(assert_none(sets, options, &slow) > FRAMES / 4);
}

static void handing_frames_to_the_writer_asks_for_nothing(void **state)
{
	char folder[] = "/tmp/sluice-files-XXXXXX", directory[64], remove[96];
	const char *const sets[] = {"overload.analysis=wait", "keep.misses=full", directory, NULL};
	static const char *const options[] = {SMALL, "--rate", "2000", NULL};

	assert_non_null(mkdtemp(folder));
	snprintf(directory, sizeof(directory), "output.directory=%s", folder);
	assert_none(sets, options, &engine_cpu);
	snprintf(remove, sizeof(remove), "rm -r %s", folder);
	assert_int_equal(system(remove), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stream_v2_run_asks_for_nothing),
		cmocka_unit_test(a_stream_v1_run_asks_for_nothing),
		cmocka_unit_test(sending_on_asks_for_nothing),
		cmocka_unit_test(feeding_devices_asks_for_nothing),
		cmocka_unit_test(passing_unanalysed_asks_for_nothing),
		cmocka_unit_test(handing_frames_to_the_writer_asks_for_nothing),
	};

	prctl(PR_SET_NAME, "sluice-test"); /* a thread that asks while it still bears its parent's name is then known not to have its own yet */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
#endif
