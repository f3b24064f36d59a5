/* test_no_copies.c - the CPU engine is handed the compressed pixels where the network put them: every payload it gets lies within the very message that
 * was received, whatever the dialect, and that message goes on to its consumers and to the writer as it is.
 *
 * An engine in front of the CPU's notes where each item's payload lies; when the frame's result is let out, its slot still holds the message. How many
 * bytes our code copies otherwise is counted by sluice-bench --node and looked at in test_bench.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "host/message.h"
#include "tests/support/driven_node.h"

#define FRAMES_TEXT "120"
#define FRAMES 120
#define NOTED_MAX 1024

/* What the engine was given, by the address of the result it was to fill, which is the slot's own. */
static struct {
	pthread_mutex_t lock;
	unsigned n;
	struct { const struct result *result; const uint8_t *bytes; size_t len; } given[NOTED_MAX];
} noted = {.lock = PTHREAD_MUTEX_INITIALIZER};

static int submit_noting(struct engine_queue *queue, const struct engine_plan *plan, struct engine_item *items, uint32_t n)
{
	pthread_mutex_lock(&noted.lock);
	for (uint32_t k = 0; k < n; k++) {
		unsigned i = 0;

		while (i < noted.n && noted.given[i].result != items[k].result)
			i++;
		if (i == NOTED_MAX)
			continue;
		noted.n += i == noted.n;
		noted.given[i].result = items[k].result;
		noted.given[i].bytes = items[k].payload.bytes;
		noted.given[i].len = items[k].payload.len_bytes;
	}
	pthread_mutex_unlock(&noted.lock);
	return engine_cpu.submit(queue, plan, items, n);
}

struct seen {
	unsigned within, elsewhere;
};

static bool lies_within(struct slot *slot, const uint8_t *at, size_t len)
{
	struct span spans[STREAM_PARTS_MAX];

	message_spans(&slot->message, spans);
	for (unsigned i = 0; i < slot->message.n_parts; i++)
		if (at >= spans[i].at && at + len <= spans[i].at + spans[i].len)
			return true;
	return false;
}

/* Called by publish, whose the slot is at that time. */
static void on_record(void *user, const struct node *node, const struct record *record, uint32_t channel, const uint32_t *strong)
{
	const struct outcome *outcome = (const void *)((const char *)record - offsetof(struct outcome, record));
	uint64_t slot = (uint64_t)((const char *)record - (const char *)node->pool.slot) / sizeof(struct slot);
	struct seen *seen = user;

	(void)channel;
	(void)strong;
	pthread_mutex_lock(&noted.lock);
	for (unsigned i = 0; i < noted.n; i++)
		if (noted.given[i].result == &outcome->result) {
			if (lies_within(&node->pool.slot[slot], noted.given[i].bytes, noted.given[i].len))
				seen->within++;
			else
				seen->elsewhere++;
		}
	pthread_mutex_unlock(&noted.lock);
}

static void assert_in_place(const char *const *sets, const char *const *options, unsigned channels)
{
	struct engine noting = engine_cpu;
	const struct engine *const engines[] = {&noting, NULL};
	struct driven_node driven;
	struct seen seen = {0};

	noting.submit = submit_noting;
	noted.n = 0;
	driven_node_open(&driven, (struct node_cfg){.engines = engines, .on_record = on_record, .on_record_user = &seen}, sets);
	driven_node_send(&driven, options);
	driven_node_wait(&driven, 1);
	driven_node_close(&driven);
	assert_int_equal(seen.elsewhere, 0);
	assert_int_equal(seen.within, FRAMES * channels);
}

#define FRAME "--size", "520x480", "--cell", "20,25,30,90,90,90", "--pool", "8", "--threads", "1", "--frames", FRAMES_TEXT, "--rate", "400"

static void pixels_of_stream_v2_stay_where_they_came(void **state)
{
	static const char *const sets[] = {"overload.analysis=wait", "engine.threads=2", NULL};
	static const char *const options[] = {FRAME, "--channels", "threshold_1,threshold_2", NULL};

	assert_in_place(sets, options, 2);
}

static void pixels_of_stream_v1_stay_where_they_came(void **state)
{
	static const char *const sets[] = {"overload.analysis=wait", "engine.threads=2", NULL};
	static const char *const options[] = {FRAME, "--protocol", "v1", NULL};

	assert_in_place(sets, options, 1);
}

static void uncompressed_pixels_stay_where_they_came(void **state)
{
	static const char *const sets[] = {"overload.analysis=wait", NULL};
	static const char *const options[] = {FRAME, "--codec", "none", NULL};

	assert_in_place(sets, options, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pixels_of_stream_v2_stay_where_they_came),
		cmocka_unit_test(pixels_of_stream_v1_stay_where_they_came),
		cmocka_unit_test(uncompressed_pixels_stay_where_they_came),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
