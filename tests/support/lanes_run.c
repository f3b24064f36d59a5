/* lanes_run.c - see lanes_run.h. */
#include "tests/support/lanes_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pipeline/devices.h"

#define SETS_MAX 12
#define OPTIONS_MAX 24

static uint32_t sum_of_bins(const struct record *r)
{
	uint32_t h = 0;

	for (uint32_t b = 0; b < r->n_bins; b++)
		h = h * 31 + (uint32_t)r->radial.bin_sum[b] + r->radial.bin_count[b];
	return h;
}

static void on_record(void *user, const struct node *node, const struct record *r, uint32_t channel, const uint32_t *strong)
{
	struct lanes_seen *s = user;

	s->disordered += s->records && r->image_id < s->last;
	s->last = r->image_id;
	s->records++;
	s->invalid += r->status == RECORD_INVALID;
	s->engine_failed += r->status == RECORD_UNANALYSED && !strcmp(r->reason, "engine_failed");
	s->overload += r->status == RECORD_UNANALYSED && !strcmp(r->reason, "overload");
	if (r->status != RECORD_ANALYSED)
		return;
	s->analysed++;
	s->by_cpu += !strcmp(r->engine, "cpu");
	s->by_others += strcmp(r->engine, "cpu") != 0;
	s->of[r->image_id][channel].sum = r->sum;
	s->of[r->image_id][channel].n_strong = r->n_strong;
	s->of[r->image_id][channel].n_spots = r->n_listed_spots;
	s->of[r->image_id][channel].bins = sum_of_bins(r);
}

static void join(const char **all, size_t max, const char *const *usual, const char *const *further)
{
	size_t n = 0;

	while (*usual)
		all[n++] = *usual++;
	while (*further && n < max - 1)
		all[n++] = *further++;
	assert_null(*further);
	all[n] = NULL;
}

static void note_end(struct lanes_seen *seen, struct node *node)
{
	char broken[160];
	json_t *devices = devices_json(node);

	assert_true(ledger_check(&node->total, node->sinks, broken, sizeof(broken)));
	seen->received = ledger_get(&node->total, LEDGER_RECEIVED);
	seen->ended_analysed = ledger_get(&node->total, LEDGER_ANALYSED);
	seen->fallback = ledger_get(&node->total, LEDGER_ENGINE_FALLBACK);
	seen->devices[json_dumpb(devices, seen->devices, sizeof(seen->devices) - 1, JSON_COMPACT)] = '\0';
	json_decref(devices);
}

void lanes_run(struct lanes_seen *seen, unsigned frames, const struct engine *const *engines, const char *const *sets, const char *const *options)
{
	static const char *const usual_sets[] = {"overload.analysis=wait", "engine.threads=2", "limits.max_megapixels=1", "keep.sample_misses=0", NULL};
	char n_frames[16];
	const char *const usual_options[] = {"--size", "200x190", "--cell", "20,25,30,90,90,90", "--pool", "20", "--threads", "1", "--frames", n_frames,
					     "--rate", "max", NULL};
	const char *all_sets[SETS_MAX], *all_options[OPTIONS_MAX];
	struct driven_node driven;

	*seen = (struct lanes_seen){0};
	assert_true(frames <= LANES_FRAMES_MAX);
	snprintf(n_frames, sizeof(n_frames), "%u", frames);
	join(all_sets, SETS_MAX, usual_sets, sets);
	join(all_options, OPTIONS_MAX, usual_options, options);
	driven_node_open(&driven, (struct node_cfg){.engines = engines, .on_record = on_record, .on_record_user = seen}, all_sets);
	driven_node_send(&driven, all_options);
	driven_node_wait(&driven, 1);
	node_drain(driven.node);
	note_end(seen, driven.node);
	driven_node_close(&driven);
	assert_int_equal(seen->disordered, 0);
	assert_true(device_engine_all_closed());
	for (unsigned d = 0; d < DEVICE_ENGINE_DEVICES; d++)
		assert_int_equal(device_engine.device[d].astray, 0);
}

void lanes_assert_as_from_cpu(const struct lanes_seen *seen, unsigned frames, const char *const *options)
{
	static const struct engine *const cpu_alone[] = {&engine_cpu, NULL};
	static const char *const no_sets[] = {NULL};
	static struct lanes_seen cpu;

	lanes_run(&cpu, frames, cpu_alone, no_sets, options);
	assert_true(cpu.of[0][0].sum > 0);
	assert_memory_equal(seen->of, cpu.of, sizeof(cpu.of));
	assert_int_equal(seen->analysed, cpu.analysed);
	assert_int_equal(seen->invalid, cpu.invalid);
}
