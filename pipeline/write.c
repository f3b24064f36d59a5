/* write.c - the step that puts kept frames and all results into files; a lane of its own, so that no disk ever holds up receiving. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "host/clock.h"
#include "host/log.h"
#include "host/nxmx_writer.h"
#include "pipeline/plans.h"
#include "pipeline/receive.h"
#include "pipeline/records.h"
#include "pipeline/series.h"

#define TICK_NS 100000000u
#define RETRY_NS 2000000000u
#define FLUSH_MS 500

struct file {
	struct run *run;             /* NULL: place free */
	struct nxmx_writer *writer;  /* NULL: could not be made */
	uint64_t retry_ns;
	uint64_t told[STREAM_CHANNELS_MAX]; /* the plan_version whose settings the file has, by channel */
};

struct write {
	struct file file[RUNS_OPEN_MAX];
	uint64_t next_tick_ns;
	struct log_limit failed;
};

static int write_open(struct lane *lane, char *message, size_t message_bytes)
{
	lane->state = calloc(1, sizeof(struct write));
	return lane->state ? 0 : -ENOMEM;
}

static void name_of(const struct node *node, const struct run *run, char *name, size_t bytes)
{
	if (node->cfg.name)
		snprintf(name, bytes, "%s", node->cfg.name);
	else
		snprintf(name, bytes, "series_%" PRIu64, run->identity.series_id);
}

/* The settings that the run began with. */
static const struct settings *start_settings(const struct node *node, const struct run *run)
{
	const struct run_channel *first = &run->channel[0];

	if (atomic_load_explicit(&first->plan_state, memory_order_acquire) == PLAN_READY)
		return first->plan->settings;
	return settings_newest(&node->settings);
}

static int make_file(struct node *node, struct file *file, struct run *run, char *message, size_t message_bytes)
{
	const uint8_t *masks[STREAM_CHANNELS_MAX] = {0};
	struct stream_start *series = malloc(sizeof(*series));
	struct record_start start;
	char name[256];
	struct nxmx_cfg cfg = {
		.directory = node->config.output.directory, .name = name, .frames_per_file = node->config.output.frames_per_file,
		.segment_age_s = node->config.output.segment_age_s, .flush_interval_ms = FLUSH_MS,
		.reserve_bytes = (uint64_t)node->config.output.reserve_mib << 20, .config = start_settings(node, run)->text, .version = node->cfg.version,
	};
	int rc;

	if (!series)
		return -ENOMEM;
	name_of(node, run, name, sizeof(name));
	series_effective(series, &node->config, run);
	records_start(node, run, &start);
	start.series = series;
	for (uint32_t c = 0; c < series->n_channels; c++)
		if (atomic_load_explicit(&run->channel[c].plan_state, memory_order_acquire) == PLAN_READY)
			masks[c] = run->channel[c].plan->plan->mask;
	rc = nxmx_open(&file->writer, &cfg, series, masks, &start, message, message_bytes);
	free(series);
	return rc;
}

/* The run's file, made with its first frame; one that cannot be made is tried again from time to time. */
static struct file *file_of(struct lane *lane, struct run *run)
{
	struct write *w = lane->state;
	struct file *file = &w->file[run - lane->node->runs.run];
	uint64_t now_ns = clock_monotonic_ns();
	char message[512] = "";

	if (file->writer || (file->run == run && now_ns < file->retry_ns))
		return file;
	file->run = run;
	file->retry_ns = now_ns + RETRY_NS;
	if (make_file(lane->node, file, run, message, sizeof(message)) < 0)
		log_line(LOG_ERROR, "run %" PRIu64 ": its files cannot be made: %s", run->number, message);
	return file;
}

static enum ledger_term reason_of(int error)
{
	return error == -ENOSPC || error == -EDQUOT ? LEDGER_DISK_FULL : LEDGER_IO_ERROR;
}

/* All channels of a frame; it is written when all of them are. */
static int write_image(struct node *node, struct nxmx_writer *writer, struct slot *slot)
{
	const struct stream_image *image = &slot->decoded.image;
	uint64_t bytes = 0;
	int rc = 0;

	for (uint32_t i = 0; i < image->n_channels && rc == 0; i++)
		rc = nxmx_frame(writer, slot->run_channel[i], image->image_id, &image->channel[i].pixels, &bytes);
	atomic_fetch_add_explicit(&node->bytes_written, bytes, memory_order_relaxed);
	return rc;
}

/* A version that could not be told is told with the next frame. */
static void tell_versions(struct file *file, const struct slot *slot)
{
	for (uint32_t i = 0; i < slot->decoded.image.n_channels; i++) {
		const struct outcome *o = &slot->outcome[i];
		const struct settings *s = o->settings;
		uint64_t *told = &file->told[slot->run_channel[i]];

		if (o->status != RECORD_ANALYSED || !s || *told == o->record.plan_version)
			continue;
		if (nxmx_version(file->writer, &(struct nxmx_version){o->record.plan_version, s->version, s->unix_ns, o->record.channel, s->changes, s->text}) == 0)
			*told = o->record.plan_version;
	}
}

static void write_frame(struct lane *lane, struct slot *slot)
{
	struct write *w = lane->state;
	struct run *run = slot->run;
	struct nxmx_writer *writer = file_of(lane, run)->writer;
	bool listed = writer != NULL;
	int rc = 0;

	if (writer)
		tell_versions(file_of(lane, run), slot);
	for (uint32_t i = 0; writer && i < slot->decoded.image.n_channels; i++)
		listed &= nxmx_result(writer, slot->run_channel[i], &slot->outcome[i].record) == 0;
	if (!listed)
		ledger_add(&run->ledger, LEDGER_RESULTS_UNWRITTEN, 1);
	if (!slot->write_payload)
		return;
	if (!writer) {
		ledger_add_reason(&run->ledger, LEDGER_NO_FILE);
		return;
	}
	rc = write_image(lane->node, writer, slot);
	if (rc == 0) {
		ledger_add(&run->ledger, LEDGER_WRITTEN, 1);
		return;
	}
	ledger_add_reason(&run->ledger, reason_of(rc));
	log_limited(&w->failed, LOG_ERROR, "frame %" PRIu64 " is not written: %s", slot->decoded.image.image_id, strerror(-rc));
}

static void finish_file(struct lane *lane, struct run *run)
{
	struct file *file = &((struct write *)lane->state)->file[run - lane->node->runs.run];
	struct record_count counts[LEDGER_TERMS];
	struct record_end end;
	int rc;

	if (file->writer)
		ledger_add(&run->ledger, LEDGER_RESULTS_UNWRITTEN, nxmx_settle(file->writer));
	records_end(lane->node, run, &end, counts);
	rc = nxmx_close(&file->writer, &end);
	if (rc < 0)
		log_line(LOG_ERROR, "run %" PRIu64 ": its files could not be finished: %s", run->number, strerror(-rc));
	file->writer = NULL;
	file->run = NULL;
	memset(file->told, 0, sizeof(file->told));
	file->retry_ns = 0;
	atomic_store_explicit(&run->files_done, true, memory_order_release);
	bell_ring(&lane->node->publish->bell);
}

static void tick(struct write *w, uint64_t now_ns)
{
	if (now_ns < w->next_tick_ns)
		return;
	w->next_tick_ns = now_ns + TICK_NS;
	for (unsigned i = 0; i < RUNS_OPEN_MAX; i++)
		if (w->file[i].writer)
			nxmx_tick(w->file[i].writer, now_ns);
}

static bool write_turn(struct lane *lane)
{
	struct node *node = lane->node;
	struct slot *slot;
	uint32_t index;

	tick(lane->state, clock_monotonic_ns());
	if (!ring_pop(&node->to_write, &index))
		return false;
	slot = node_slot(node, index);
	if (slot->kind == SLOT_RUN_CLOSE) {
		finish_file(lane, slot->run);
		return true;
	}
	write_frame(lane, slot);
	ring_push(&node->written, index);
	bell_ring(&node->publish->bell);
	return true;
}

static void write_close(struct lane *lane)
{
	struct write *w = lane->state;

	for (unsigned i = 0; w && i < RUNS_OPEN_MAX; i++)
		nxmx_close(&w->file[i].writer, NULL);
	free(w);
	lane->state = NULL;
}

const struct lane_spec write_lane = {
	.name = "write", .kind = LANE_WRITE, .open = write_open, .turn = write_turn, .close = write_close, .idle_us = 50000,
	.does = "writes kept frames and all results to HDF5",
};
