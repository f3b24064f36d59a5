/* report.c - lines, tables and JSON (report.h). */
#include "pipeline/report.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "host/clock.h"

#define TABLE_BYTES 16384

static double per_second(uint64_t now, uint64_t before, uint64_t ns)
{
	return ns ? (double)(now - before) * 1e9 / (double)ns : 0;
}

/* Every loss that is not zero stands out by name. */
static size_t losses(const struct ledger *l, char *line, size_t bytes)
{
	size_t at = 0;

	line[0] = '\0';
	for (enum ledger_term t = 0; t < LEDGER_TERMS && at < bytes - 40; t++)
		if (ledger_is_loss(t) && ledger_get(l, t))
			at += (size_t)snprintf(line + at, bytes - at, "  %s %" PRIu64, ledger_name(t), ledger_get(l, t));
	return at;
}

void report_status(struct node *node, struct report_rate *rate, char *line, size_t line_bytes)
{
	const struct ledger *l = &node->total;
	uint64_t received = ledger_get(l, LEDGER_RECEIVED), analysed = ledger_get(l, LEDGER_ANALYSED), hits = ledger_get(l, LEDGER_HITS);
	uint64_t bytes = atomic_load_explicit(&node->bytes_received, memory_order_relaxed);
	uint64_t written = atomic_load_explicit(&node->bytes_written, memory_order_relaxed);
	uint64_t now_ns = clock_monotonic_ns(), passed_ns = rate->ns ? now_ns - rate->ns : 0;
	char lost[256], disk[48] = "";

	losses(l, lost, sizeof(lost));
	if (!atomic_load_explicit(&node->current_run, memory_order_relaxed)) {
		snprintf(line, line_bytes, "%s, no run yet%s", atomic_load_explicit(&node->connected, memory_order_relaxed) ?
			 "connected to the detector" : "waiting for the detector", lost);
		rate->ns = now_ns;
		return;
	}
	if (node->sinks.files)
		snprintf(disk, sizeof(disk), "  disk %.0f MB/s", per_second(written, rate->written_bytes, passed_ns) / 1e6);
	snprintf(line, line_bytes, "run %" PRIu64 "  %8.1f frames/s %8.1f MB/s  received %" PRIu64 "  analysed %" PRIu64 "  hits %" PRIu64
		 " (%.1f %%)%s  latency p50 %.2f ms p99 %.2f ms%s", atomic_load_explicit(&node->current_run, memory_order_relaxed),
		 per_second(received, rate->received, passed_ns), per_second(bytes, rate->bytes, passed_ns) / 1e6, received, analysed, hits,
		 analysed ? 100.0 * (double)hits / (double)analysed : 0, disk, (double)latency_percentile(&node->latency, 0.5) / 1e6,
		 (double)latency_percentile(&node->latency, 0.99) / 1e6, lost);
	*rate = (struct report_rate){now_ns, received, bytes, written};
}

static const char *closed_words(const char *closed_by)
{
	if (!strcmp(closed_by, "end"))
		return "its end message";
	if (!strcmp(closed_by, "quiet"))
		return "silence: no end message came";
	if (!strcmp(closed_by, "next_start"))
		return "the start of the next run: no end message came";
	if (!strcmp(closed_by, "displaced"))
		return "too many runs that were open at once";
	return "the node's own end";
}

void report_run(FILE *to, const struct node *node, const struct run *run)
{
	static const double percents[] = {0.5, 0.95, 0.99};
	double seconds = (double)(run->last_frame_ns - run->first_frame_ns) / 1e9;
	uint64_t received = ledger_get(&run->ledger, LEDGER_RECEIVED);
	char table[TABLE_BYTES];

	ledger_print(&run->ledger, node->sinks, run->shared, table, sizeof(table));
	flockfile(to);
	fprintf(to, "\nrun %" PRIu64 ", series %" PRIu64 "%s%s%s, closed by %s\n", run->number, run->identity.series_id,
		run->identity.series_unique_id[0] ? " (" : "", run->identity.series_unique_id, run->identity.series_unique_id[0] ? ")" : "",
		closed_words(run->closed_by));
	if (received > 1 && seconds > 0)
		fprintf(to, "  %.1f frames/s, %.1f MB/s over %.2f s\n", (double)(received - 1) / seconds, (double)run->bytes / 1e6 / seconds, seconds);
	fprintf(to, "  latency from receiving to result");
	for (size_t i = 0; i < 3; i++)
		fprintf(to, "  p%.0f %.2f ms", percents[i] * 100, (double)latency_percentile(&run->latency, percents[i]) / 1e6);
	fprintf(to, "  max %.2f ms\n%s", (double)atomic_load_explicit(&run->latency.max_ns, memory_order_relaxed) / 1e6, table);
	fflush(to);
	funlockfile(to);
}

void report_total(FILE *to, const struct node *node)
{
	char table[TABLE_BYTES];

	ledger_print(&node->total, node->sinks, false, table, sizeof(table));
	fprintf(to, "\nall runs: %" PRIu64 "\n%s", atomic_load_explicit(&node->runs_done, memory_order_acquire), table);
	fflush(to);
}

/* --- JSON -------------------------------------------------------------------------------------------------------------- */

int report_with_from_text(const char *text, unsigned *with)
{
	static const struct { const char *name; unsigned bit; } names[] = {{"strong", REPORT_STRONG}, {"spots", REPORT_SPOTS}, {"radial", REPORT_RADIAL}};
	const char *at = text;

	*with = 0;
	while (*at) {
		size_t len = strcspn(at, ","), i = 0;

		while (i < 3 && !(strlen(names[i].name) == len && !strncmp(at, names[i].name, len)))
			i++;
		if (i == 3)
			return -EINVAL;
		*with |= names[i].bit;
		at += len + (at[len] == ',');
	}
	return *with ? 0 : -EINVAL;
}

static void number(FILE *to, const char *name, double value)
{
	if (isfinite(value))
		fprintf(to, ",\"%s\":%.15g", name, value);
	else
		fprintf(to, ",\"%s\":null", name);
}

static void list(FILE *to, const char *name, const double *values, uint32_t n)
{
	fprintf(to, ",\"%s\":[", name);
	for (uint32_t i = 0; i < n; i++)
		fprintf(to, "%s%.12g", i ? "," : "", values[i]);
	fputc(']', to);
}

static void list_f32(FILE *to, const char *name, const float *values, uint32_t n)
{
	fprintf(to, ",\"%s\":[", name);
	for (uint32_t i = 0; i < n; i++)
		if (isfinite(values[i]))
			fprintf(to, "%s%.9g", i ? "," : "", (double)values[i]);
		else
			fprintf(to, "%snull", i ? "," : "");
	fputc(']', to);
}

static void totals(FILE *to, const struct record *r)
{
	if (r->status == RECORD_ANALYSED)
		fprintf(to, ",\"n_valid\":%u,\"n_nodata\":%u,\"n_saturated\":%u,\"sum\":%" PRIu64 ",\"max\":%u,\"n_strong\":%u", r->n_valid,
			r->n_nodata, r->n_saturated, r->sum, r->max, r->n_strong);
	else
		fputs(",\"n_valid\":null,\"n_nodata\":null,\"n_saturated\":null,\"sum\":null,\"max\":null,\"n_strong\":null", to);
}

static void radial(FILE *to, const struct record *r, const double *q)
{
	list(to, "q", q, q ? r->n_bins : 0);
	fputs(",\"bin_sum\":[", to);
	for (uint32_t i = 0; i < r->n_bins; i++)
		fprintf(to, "%s%" PRIu64, i ? "," : "", r->radial.bin_sum[i]);
	fputs("],\"bin_count\":[", to);
	for (uint32_t i = 0; i < r->n_bins; i++)
		fprintf(to, "%s%u", i ? "," : "", r->radial.bin_count[i]);
	fputc(']', to);
	list_f32(to, "intensity", r->radial.intensity, r->n_bins);
	list_f32(to, "sigma", r->radial.sigma, r->n_bins);
}

void report_json(FILE *to, const struct record *r, uint32_t channel, const double *q, const uint32_t *strong, unsigned with)
{
	static const char *const status[] = {"analysed", "unanalysed", "invalid"};
	bool analysed = r->status == RECORD_ANALYSED;

	fprintf(to, "{\"frame\":%" PRIu64 ",\"channel\":%u,\"width\":%u,\"height\":%u", r->image_id, channel, r->width, r->height);
	totals(to, r);
	number(to, "n_spots", r->n_spots);
	number(to, "d_min", r->d_min);
	number(to, "ice", r->ice);
	number(to, "background", r->background);
	number(to, "score", r->score);
	fprintf(to, ",\"hit\":%s", r->hit ? "true" : "false");
	number(to, "n_spots_ring_free", r->n_spots_ring_free);
	number(to, "n_spots_range", r->n_spots_range);
	number(to, "total_intensity", r->total_intensity);
	number(to, "total_signal", r->total_signal);
	number(to, "d_min_shells", r->d_min_shells);
	fprintf(to, ",\"status\":\"%s\",\"reason\":\"%s\",\"overflow\":%u", status[r->status], r->reason, r->overflow);
	if (with & REPORT_STRONG) {
		uint32_t n = analysed && strong && !(r->overflow & 1) ? r->n_strong : 0;

		fputs(",\"strong\":[", to);
		for (uint32_t i = 0; i < n; i++)
			fprintf(to, "%s%u", i ? "," : "", strong[i]);
		fputc(']', to);
	}
	if (with & REPORT_SPOTS) {
		fputs(",\"spots\":[", to);
		for (uint32_t i = 0; i < r->n_listed_spots; i++)
			fprintf(to, "%s[%.12g,%.12g,%" PRIu64 ",%u]", i ? "," : "", r->spots.x[i], r->spots.y[i], r->spots.sum[i], r->spots.n_px[i]);
		fputc(']', to);
	}
	if (with & REPORT_RADIAL)
		radial(to, r, q);
	fputs("}\n", to);
}
