/* ledger.c - the terms' table, the equations and the printed form (ledger.h). */
#include "pipeline/ledger.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *name, *words;
	enum ledger_term parent;
} term_table[LEDGER_TERMS] = {
	[LEDGER_MESSAGES] = {"messages", "frames that arrived", LEDGER_TERMS},
	[LEDGER_RECEIVED] = {"received", "taken in", LEDGER_TERMS},
	[LEDGER_DUPLICATE] = {"duplicate", "came twice", LEDGER_TERMS},
	[LEDGER_LATE] = {"late", "came after the run was closed", LEDGER_TERMS},
	[LEDGER_UNREADABLE] = {"unreadable", "could not be taken apart", LEDGER_TERMS},
	[LEDGER_ANNOUNCED] = {"announced", "frames the run was to have", LEDGER_TERMS},
	[LEDGER_BEFORE_JOIN] = {"before_join", "went by before the node joined", LEDGER_TERMS},
	[LEDGER_MISSING] = {"missing", "never came", LEDGER_TERMS},
	[LEDGER_NOT_SENT] = {"not_sent", "above the last one that came", LEDGER_TERMS},
	[LEDGER_ANALYSED] = {"analysed", "analysed", LEDGER_TERMS},
	[LEDGER_UNANALYSED] = {"unanalysed", "passed without analysis", LEDGER_TERMS},
	[LEDGER_INVALID] = {"invalid", "damaged", LEDGER_TERMS},
	[LEDGER_HITS] = {"hits", "hits among the analysed", LEDGER_TERMS},
	[LEDGER_KEPT] = {"kept", "worth keeping by the policy", LEDGER_TERMS},
	[LEDGER_RELEASED] = {"released", "not kept", LEDGER_TERMS},
	[LEDGER_WRITTEN] = {"written", "in files", LEDGER_TERMS},
	[LEDGER_FAILED] = {"failed", "kept but not in files", LEDGER_TERMS},
	[LEDGER_SENT] = {"sent", "accepted by ZeroMQ for a consumer", LEDGER_TERMS},
	[LEDGER_UNSENT] = {"unsent", "kept but not sent on", LEDGER_TERMS},
	[LEDGER_LATE_CLOSED] = {"late.closed", "the run was closed", LEDGER_LATE},
	[LEDGER_LATE_RETIRED] = {"late.retired", "too far behind in the run", LEDGER_LATE},
	[LEDGER_NO_PLAN] = {"unanalysed.no_plan", "the plan was not ready in time", LEDGER_UNANALYSED},
	[LEDGER_PLAN_FAILED] = {"unanalysed.plan_failed", "no plan could be made", LEDGER_UNANALYSED},
	[LEDGER_OVERLOAD] = {"unanalysed.overload", "faster than the engines", LEDGER_UNANALYSED},
	[LEDGER_ENGINE_FAILED] = {"unanalysed.engine_failed", "every engine failed", LEDGER_UNANALYSED},
	[LEDGER_BAD_FRAMING] = {"invalid.bad_framing", "block lengths contradict the message", LEDGER_INVALID},
	[LEDGER_BAD_BLOCK] = {"invalid.bad_block", "a block does not decompress", LEDGER_INVALID},
	[LEDGER_SHAPE_DIFFERS] = {"invalid.shape_differs", "size or type differs from the run's", LEDGER_INVALID},
	[LEDGER_CHANNEL_UNKNOWN] = {"invalid.channel_unknown", "more channels than the node takes", LEDGER_INVALID},
	[LEDGER_DISK_FULL] = {"failed.disk_full", "the disk is full", LEDGER_FAILED},
	[LEDGER_IO_ERROR] = {"failed.io_error", "writing failed", LEDGER_FAILED},
	[LEDGER_BACKLOG] = {"failed.backlog", "the disk could not keep up", LEDGER_FAILED},
	[LEDGER_NO_FILE] = {"failed.no_file", "the file could not be made", LEDGER_FAILED},
	[LEDGER_NO_CONSUMER] = {"unsent.no_consumer", "nobody was connected", LEDGER_UNSENT},
	[LEDGER_QUEUE_FULL] = {"unsent.queue_full", "the consumer was too slow", LEDGER_UNSENT},
	[LEDGER_STALLED] = {"unsent.stalled", "the consumer stopped taking frames", LEDGER_UNSENT},
	[LEDGER_UNFIT] = {"unsent.unfit", "cannot be said in the stream's dialect", LEDGER_UNSENT},
	[LEDGER_RESULTS_UNWRITTEN] = {"results_unwritten", "results that are not in the file", LEDGER_TERMS},
	[LEDGER_CONSUMER_LEFT] = {"consumer_left", "consumers that left with frames under way (possible loss)", LEDGER_TERMS},
	[LEDGER_ENGINE_FALLBACK] = {"engine_fallback", "analysed by the next engine where one had failed", LEDGER_TERMS},
	[LEDGER_DETECTOR_DROPPED] = {"detector_dropped", "dropped by the detector, as it says itself", LEDGER_TERMS},
};

static bool is_refusal(enum ledger_term term)
{
	return term >= LEDGER_UNREADABLE_REASON && term < LEDGER_UNREADABLE_REASON + STREAM_REFUSALS;
}

enum ledger_term ledger_parent(enum ledger_term term)
{
	return is_refusal(term) ? LEDGER_UNREADABLE : term_table[term].parent;
}

const char *ledger_name(enum ledger_term term)
{
	static const char *const names[STREAM_REFUSALS] = {
		[STREAM_OK] = "unreadable.ok",
		[STREAM_NOT_A_STREAM] = "unreadable.not_a_stream",
		[STREAM_BAD_JSON] = "unreadable.bad_json",
		[STREAM_BAD_CBOR] = "unreadable.bad_cbor",
		[STREAM_BETA_DIALECT] = "unreadable.beta_dialect",
		[STREAM_MISSING_FIELD] = "unreadable.missing_field",
		[STREAM_BAD_FIELD] = "unreadable.bad_field",
		[STREAM_BAD_PARTS] = "unreadable.bad_parts",
		[STREAM_BAD_SHAPE] = "unreadable.bad_shape",
		[STREAM_BAD_TYPE] = "unreadable.bad_type",
		[STREAM_BAD_ENCODING] = "unreadable.bad_encoding",
		[STREAM_BAD_SIZE] = "unreadable.bad_size",
		[STREAM_TOO_LARGE] = "unreadable.too_large",
	};

	return is_refusal(term) ? names[term - LEDGER_UNREADABLE_REASON] : term_table[term].name;
}

const char *ledger_words(enum ledger_term term)
{
	return is_refusal(term) ? stream_refusal_words((enum stream_refusal)(term - LEDGER_UNREADABLE_REASON)) : term_table[term].words;
}

bool ledger_is_loss(enum ledger_term term)
{
	switch (term) {
	case LEDGER_DUPLICATE:
	case LEDGER_LATE:
	case LEDGER_UNREADABLE:
	case LEDGER_MISSING:
	case LEDGER_UNANALYSED:
	case LEDGER_INVALID:
	case LEDGER_FAILED:
	case LEDGER_UNSENT:
	case LEDGER_RESULTS_UNWRITTEN:
	case LEDGER_CONSUMER_LEFT:
	case LEDGER_DETECTOR_DROPPED:
		return true;
	default:
		return false;
	}
}

void ledger_add(struct ledger *ledger, enum ledger_term term, uint64_t n)
{
	atomic_fetch_add_explicit(&ledger->count[term], n, memory_order_relaxed);
	if (ledger->total)
		atomic_fetch_add_explicit(&ledger->total->count[term], n, memory_order_relaxed);
}

void ledger_add_reason(struct ledger *ledger, enum ledger_term reason)
{
	ledger_add(ledger, reason, 1);
	ledger_add(ledger, ledger_parent(reason), 1);
}

uint64_t ledger_get(const struct ledger *ledger, enum ledger_term term)
{
	return atomic_load_explicit(&ledger->count[term], memory_order_relaxed);
}

struct equation {
	enum ledger_term left, right[4];
	unsigned n;
	int sink; /* 0: always, 1: files, 2: frames */
};

static const struct equation equations[] = {
	{LEDGER_MESSAGES, {LEDGER_RECEIVED, LEDGER_DUPLICATE, LEDGER_LATE, LEDGER_UNREADABLE}, 4, 0},
	{LEDGER_ANNOUNCED, {LEDGER_BEFORE_JOIN, LEDGER_RECEIVED, LEDGER_MISSING, LEDGER_NOT_SENT}, 4, 0},
	{LEDGER_RECEIVED, {LEDGER_ANALYSED, LEDGER_UNANALYSED, LEDGER_INVALID}, 3, 0},
	{LEDGER_RECEIVED, {LEDGER_KEPT, LEDGER_RELEASED}, 2, 0},
	{LEDGER_KEPT, {LEDGER_WRITTEN, LEDGER_FAILED}, 2, 1},
	{LEDGER_KEPT, {LEDGER_SENT, LEDGER_UNSENT}, 2, 2},
};
#define N_EQUATIONS (sizeof(equations) / sizeof(equations[0]))

static bool applies(const struct equation *e, struct ledger_sinks sinks)
{
	return e->sink == 0 || (e->sink == 1 && sinks.files) || (e->sink == 2 && sinks.frames);
}

bool ledger_check(const struct ledger *ledger, struct ledger_sinks sinks, char *broken, size_t broken_bytes)
{
	for (size_t i = 0; i < N_EQUATIONS; i++) {
		const struct equation *e = &equations[i];
		uint64_t sum = 0;

		for (unsigned k = 0; k < e->n; k++)
			sum += ledger_get(ledger, e->right[k]);
		if (!applies(e, sinks) || sum == ledger_get(ledger, e->left))
			continue;
		snprintf(broken, broken_bytes, "%s is %" PRIu64 ", its parts add up to %" PRIu64, ledger_name(e->left),
			 ledger_get(ledger, e->left), sum);
		return false;
	}
	for (enum ledger_term t = 0; t < LEDGER_TERMS; t++) { /* every reason has a term, and together they are it */
		uint64_t sum = 0;
		bool any = false;

		for (enum ledger_term r = 0; r < LEDGER_TERMS; r++)
			if (ledger_parent(r) == t) {
				sum += ledger_get(ledger, r);
				any = true;
			}
		if (any && sum != ledger_get(ledger, t)) {
			snprintf(broken, broken_bytes, "%s is %" PRIu64 ", its reasons add up to %" PRIu64, ledger_name(t),
				 ledger_get(ledger, t), sum);
			return false;
		}
	}
	if (broken_bytes)
		broken[0] = '\0';
	return true;
}

static const char *shown_name(enum ledger_term term, bool shared)
{
	return shared && term == LEDGER_MISSING ? "elsewhere" : ledger_name(term);
}

size_t ledger_list(const struct ledger *ledger, bool shared, struct record_count *counts)
{
	size_t n = 0;

	for (enum ledger_term t = 0; t < LEDGER_TERMS; t++)
		if (t != LEDGER_UNREADABLE_REASON) /* "ok" is no refusal */
			counts[n++] = (struct record_count){shown_name(t, shared), ledger_get(ledger, t)};
	return n;
}

static void put(char *text, size_t bytes, size_t *at, const char *format, ...) __attribute__((format(printf, 4, 5)));
static void put(char *text, size_t bytes, size_t *at, const char *format, ...)
{
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vsnprintf(text + *at, bytes - *at, format, arguments);
	va_end(arguments);
	if (n > 0)
		*at = *at + (size_t)n < bytes ? *at + (size_t)n : bytes - 1;
}

static void put_reasons(const struct ledger *ledger, enum ledger_term term, char *text, size_t bytes, size_t *at)
{
	for (enum ledger_term r = 0; r < LEDGER_TERMS; r++)
		if (ledger_parent(r) == term && ledger_get(ledger, r))
			put(text, bytes, at, "      %-24s %12" PRIu64 "   %s\n", strchr(ledger_name(r), '.') + 1, ledger_get(ledger, r),
			    ledger_words(r));
}

size_t ledger_print(const struct ledger *ledger, struct ledger_sinks sinks, bool shared, char *text, size_t text_bytes)
{
	size_t at = 0;
	char broken[160];

	for (size_t i = 0; i < N_EQUATIONS; i++) {
		const struct equation *e = &equations[i];

		if (!applies(e, sinks))
			continue;
		put(text, text_bytes, &at, "  %-14s %12" PRIu64 "  =", ledger_name(e->left), ledger_get(ledger, e->left));
		for (unsigned k = 0; k < e->n; k++)
			put(text, text_bytes, &at, "%s %s %" PRIu64, k ? " +" : "", shown_name(e->right[k], shared),
			    ledger_get(ledger, e->right[k]));
		put(text, text_bytes, &at, "\n");
		for (unsigned k = 0; k < e->n; k++)
			put_reasons(ledger, e->right[k], text, text_bytes, &at);
	}
	put(text, text_bytes, &at, "  %-14s %12" PRIu64 "\n", "hits", ledger_get(ledger, LEDGER_HITS));
	for (enum ledger_term t = LEDGER_RESULTS_UNWRITTEN; t <= LEDGER_DETECTOR_DROPPED; t++)
		if (ledger_get(ledger, t))
			put(text, text_bytes, &at, "  %-14s %12" PRIu64 "   %s\n", ledger_name(t), ledger_get(ledger, t), ledger_words(t));
	if (ledger_check(ledger, sinks, broken, sizeof(broken)))
		put(text, text_bytes, &at, "  balanced: every frame is accounted for\n");
	else
		put(text, text_bytes, &at, "  NOT BALANCED: %s\n", broken);
	return at;
}
