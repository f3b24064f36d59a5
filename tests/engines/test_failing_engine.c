/* test_failing_engine.c - an engine that fails while running is passed over for the next one; where none is left, frames pass unanalysed and are
 * kept. The engine that fails here is the reference with a fault in one of its functions. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/driven_node.h"

#define FRAMES 120

static _Atomic unsigned submitted; /* a mere count */
static unsigned good_ones;         /* before it fails; set before the node starts */

static int submit_fails(struct engine_queue *queue, const struct engine_plan *plan, struct engine_item *items, uint32_t n)
{
	return atomic_fetch_add(&submitted, 1) < good_ones ? engine_reference.submit(queue, plan, items, n) : -EIO;
}

static int wait_fails(struct engine_queue *queue)
{
	return -ETIMEDOUT;
}

/* The batch went through, the frame did not, and not for the frame's own fault; what lies in the outputs is rubbish. */
static int item_fails(struct engine_queue *queue, const struct engine_plan *plan, struct engine_item *items, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		memset(items[i].result, 0x55, sizeof(*items[i].result));
		items[i].status = -EFAULT;
	}
	return 0;
}

static int plan_refused(struct engine_context *context, struct engine_plan **out, const struct plan *plan)
{
	*out = NULL;
	return -ENOTSUP;
}

static int open_fails(struct engine_context **out, const struct engine_config *config)
{
	*out = NULL;
	return -ENOMEM;
}

struct seen {
	unsigned analysed, by_cpu, by_faulty, engine_failed, plan_failed, kept, hits, wrong;
};

/* Called by the publish lane alone; read when the node is closed. */
static void on_record(void *user, const struct node *node, const struct record *r, uint32_t channel, const uint32_t *strong)
{
	struct seen *s = user;

	s->kept += r->kept;
	s->hits += r->hit;
	if (r->status != RECORD_ANALYSED) {
		s->engine_failed += !strcmp(r->reason, "engine_failed");
		s->plan_failed += !strcmp(r->reason, "plan_failed");
		s->wrong += r->n_strong || r->sum || r->n_valid || r->hit || r->n_listed_spots || r->n_bins;
		return;
	}
	s->analysed++;
	s->by_cpu += !strcmp(r->engine, "cpu");
	s->by_faulty += !strcmp(r->engine, "faulty");
	s->wrong += r->n_valid + r->n_nodata != r->width * r->height;
}

static struct seen run_with(const struct engine *const *engines)
{
	static const char *const sets[] = {"overload.analysis=wait", "engine.threads=2", "keep.sample_misses=0", NULL};
	static const char *const options[] = {"--size", "300x220", "--cell", "20,25,30,90,90,90", "--pool", "20", "--threads", "1", "--frames", "120",
					      "--rate", "max", NULL};
	struct driven_node driven;
	struct seen seen = {0};
	char broken[160];

	atomic_store(&submitted, 0);
	driven_node_open(&driven, (struct node_cfg){.engines = engines, .on_record = on_record, .on_record_user = &seen}, sets);
	driven_node_send(&driven, options);
	driven_node_wait(&driven, 1);
	node_drain(driven.node);
	assert_true(ledger_check(&driven.node->total, driven.node->sinks, broken, sizeof(broken)));
	assert_int_equal(ledger_get(&driven.node->total, LEDGER_RECEIVED), FRAMES);
	assert_int_equal(ledger_get(&driven.node->total, LEDGER_ENGINE_FAILED), seen.engine_failed);
	assert_int_equal(ledger_get(&driven.node->total, LEDGER_PLAN_FAILED), seen.plan_failed);
	assert_int_equal(ledger_get(&driven.node->total, LEDGER_ANALYSED), seen.analysed);
	driven_node_close(&driven);
	assert_int_equal(seen.wrong, 0);
	return seen;
}

static struct engine faulty(void)
{
	struct engine engine = engine_reference;

	engine.name = "faulty";
	return engine;
}

static void assert_cpu_did_it_all(const struct engine *first)
{
	const struct engine *const engines[] = {first, &engine_cpu, NULL}, *const sound[] = {&engine_cpu, NULL};
	struct seen seen = run_with(engines), alone = run_with(sound);

	assert_int_equal(seen.analysed, FRAMES);
	assert_int_equal(seen.by_cpu, FRAMES);
	assert_true(alone.hits > 0);
	assert_int_equal(seen.hits, alone.hits);
}

static void the_next_engine_takes_over(void **state)
{
	struct engine engine = faulty();

	good_ones = 0;
	engine.submit = submit_fails;
	assert_cpu_did_it_all(&engine);
	engine = faulty();
	engine.wait = wait_fails;
	assert_cpu_did_it_all(&engine);
	engine = faulty();
	engine.submit = item_fails;
	assert_cpu_did_it_all(&engine);
}

static void an_engine_that_takes_no_plan_or_cannot_be_opened_is_passed_over(void **state)
{
	struct engine engine = faulty();

	engine.plan_load = plan_refused;
	assert_cpu_did_it_all(&engine);
	engine = faulty();
	engine.open = open_fails;
	assert_cpu_did_it_all(&engine);
}

static void one_that_fails_in_the_middle_of_a_run_costs_nothing(void **state)
{
	struct engine engine = faulty();
	const struct engine *const engines[] = {&engine, &engine_cpu, NULL};
	struct seen seen;

	good_ones = 50;
	engine.submit = submit_fails;
	seen = run_with(engines);
	assert_int_equal(seen.by_faulty, 50);
	assert_int_equal(seen.by_cpu, FRAMES - 50);
}

static void with_none_left_frames_pass_unanalysed_and_are_kept(void **state)
{
	struct engine engine = faulty(), second = faulty();
	const struct engine *const engines[] = {&engine, &second, NULL};
	struct seen seen;

	good_ones = 30;
	engine.submit = submit_fails;
	second.submit = item_fails;
	seen = run_with(engines);
	assert_int_equal(seen.analysed, 30);
	assert_int_equal(seen.engine_failed, FRAMES - 30);
	assert_int_equal(seen.kept, FRAMES - 30 + seen.hits);
}

static void where_no_engine_takes_the_plan_there_is_none(void **state)
{
	struct engine engine = faulty();
	const struct engine *const engines[] = {&engine, NULL};
	struct seen seen;

	engine.plan_load = plan_refused;
	seen = run_with(engines);
	assert_int_equal(seen.plan_failed, FRAMES);
	assert_int_equal(seen.kept, FRAMES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_next_engine_takes_over),
		cmocka_unit_test(an_engine_that_takes_no_plan_or_cannot_be_opened_is_passed_over),
		cmocka_unit_test(one_that_fails_in_the_middle_of_a_run_costs_nothing),
		cmocka_unit_test(with_none_left_frames_pass_unanalysed_and_are_kept),
		cmocka_unit_test(where_no_engine_takes_the_plan_there_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
