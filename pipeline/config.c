/* config.c - the table of all options, and the configuration read, printed and defaulted by it.
 *
 * For the commands and tests. Reads the configuration file and nothing else. */
#include "pipeline/config.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/options.h"
#include "host/tree.h"
#include "kernels/plan.h"
#include "pipeline/hit.h"

#define MEMBER_BYTES(type, member) sizeof(((type *)0)->member)
#define AT(member) .offset = offsetof(struct config, member), .size = MEMBER_BYTES(struct config, member)
#define RANGE(least, most) .min = (least), .max = (most)
#define ANNOUNCED .word = "announced", .word_value = NAN, .standard = "announced"

_Static_assert(sizeof(enum config_keep) == 4 && sizeof(enum config_when_blocked) == 4 && sizeof(enum config_overload) == 4,
	       "the option table writes enums as four bytes");

/* --- what a text must be ------------------------------------------------------------------------------------------------------- */

static int say(char *why, size_t why_bytes, const char *words)
{
	snprintf(why, why_bytes, "%s", words);
	return -EINVAL;
}

/* HOST:PORT; any_port: 0 and * are ports too (the system chooses). */
static bool is_host_port(const char *text, bool any_port)
{
	const char *colon = strrchr(text, ':');
	char *end;
	unsigned long port;

	if (!colon || colon == text || strchr(text, ' ') || strchr(text, '/'))
		return false;
	if (any_port && !strcmp(colon + 1, "*"))
		return true;
	if (strspn(colon + 1, "0123456789") != strlen(colon + 1) || !colon[1])
		return false;
	port = strtoul(colon + 1, &end, 10);
	return port <= 65535 && (port || any_port);
}

static int check_connect(const char *text, char *why, size_t why_bytes)
{
	if (!strncmp(text, "ipc://", 6) && text[6])
		return 0;
	if (!strncmp(text, "tcp://", 6) && text[6] != '*' && is_host_port(text + 6, false))
		return 0;
	return say(why, why_bytes, "is not tcp://HOST:PORT (1..65535) or ipc://PATH");
}

static int check_bind(const char *text, char *why, size_t why_bytes)
{
	if (!strcmp(text, "none") || (!strncmp(text, "ipc://", 6) && text[6]))
		return 0;
	if (!strncmp(text, "tcp://", 6) && is_host_port(text + 6, true))
		return 0;
	return say(why, why_bytes, "is not tcp://ADDRESS:PORT, tcp://*:PORT, ipc://PATH or none");
}

static int check_listen(const char *text, char *why, size_t why_bytes)
{
	if (!strcmp(text, "none") || (strcmp(strrchr(text, ':') ? strrchr(text, ':') : "", ":*") && is_host_port(text, true)))
		return 0;
	return say(why, why_bytes, "is not ADDRESS:PORT or none");
}

static int check_simplon(const char *text, char *why, size_t why_bytes)
{
	if (!strcmp(text, "none") || (!strncmp(text, "http://", 7) && text[7] && text[7] != '/' && !strchr(text, ' ')))
		return 0;
	return say(why, why_bytes, "is not http://HOST[:PORT][/PATH] or none");
}

static int check_hit(const char *text, char *why, size_t why_bytes)
{
	struct hit_rule rule;

	return hit_compile(&rule, text, why, why_bytes);
}

/* --- the table ----------------------------------------------------------------------------------------------------------------- */

static const char *const engines[] = { "reference", "cpu", "cuda", "opencl", "fpga", NULL };
static const char *const cpu_levels[] = { "auto", "scalar", "avx2", "avx512", "neon", NULL };
static const char *const radial_units[] = { "q", "two_theta", "radius", NULL };
static const char *const algorithms[] = { "dispersion", "dispersion_extended", "none", NULL };
static const char *const keeps[] = { "none", "full", NULL };                /* enum config_keep */
static const char *const when_blocked[] = { "drop", "wait", NULL };         /* enum config_when_blocked */
static const char *const overloads[] = { "shed", "wait", NULL };            /* enum config_overload */
static const char *const log_levels[] = { "error", "warning", "info", "debug", NULL };

#define INPUT_AT(member) .offset = offsetof(struct config_input, member), .size = MEMBER_BYTES(struct config_input, member)
static const struct options_row input_options[] = {
	{ "endpoint", OPTION_TEXT, INPUT_AT(endpoint), .check = check_connect,
	  .help = "the detector's PUSH socket; port 31001 for Stream v2, 9999 for Stream v1" },
	{ "group", OPTION_TEXT, INPUT_AT(group), .may_be_empty = true, .standard = "\"\"",
	  .help = "entries of one group form one run; \"\": a group by itself" },
	{ "shared", OPTION_BOOL, INPUT_AT(shared), .standard = "off",
	  .help = "other receivers pull from the same socket: gaps are counted as elsewhere, not missing" },
	{ "simplon", OPTION_TEXT, INPUT_AT(simplon), .check = check_simplon, .standard = "none",
	  .help = "the detector's REST interface, http://HOST, to ask for its dropped counter; or none" },
	{ 0 },
};

#define RECTANGLE_AT(member) OPTION_U32, .offset = offsetof(struct config_rectangle, member), .size = 4
static const struct options_row rectangle_options[] = {
	{ "x", RECTANGLE_AT(x), RANGE(0, 65534), .unit = "pixels", .help = "left column" },
	{ "y", RECTANGLE_AT(y), RANGE(0, 65534), .unit = "pixels", .help = "top row" },
	{ "width", RECTANGLE_AT(width), RANGE(1, 65535), .unit = "pixels", .help = "columns" },
	{ "height", RECTANGLE_AT(height), RANGE(1, 65535), .unit = "pixels", .help = "rows" },
	{ 0 },
};

static const struct options_row table[] = {
	{ "input", OPTION_ITEMS, .offset = offsetof(struct config, input.entry), .size = sizeof(struct config_input),
	  .count = offsetof(struct config, input.n), .max_items = CONFIG_INPUTS_MAX, .items = input_options, .single = true,
	  .standard = "[{endpoint: tcp://127.0.0.1:31001}]", .help = "one entry per connection to a detector" },

	{ "engine", OPTION_SECTION, .help = "what analyses the frames" },
	{ "engine.order", OPTION_CHOICES, .offset = offsetof(struct config, engine.order), .size = 16, .max_items = CONFIG_ENGINES_MAX,
	  .count = offsetof(struct config, engine.n_order), .choices = engines, .standard = "[cuda, opencl, cpu]", .help = "engines to try, best first" },
	{ "engine.threads", OPTION_U32, AT(engine.threads), RANGE(1, 1024), .word = "auto", .standard = "auto",
	  .help = "that analyse; auto: what receiving and writing leave free" },
	{ "engine.cpu_level", OPTION_CHOICE, AT(engine.cpu_level), .choices = cpu_levels, .standard = "auto",
	  .help = "highest instruction set the cpu engine uses" },
	{ "engine.queues_per_device", OPTION_U32, AT(engine.queues_per_device), RANGE(1, 16), .standard = "4",
	  .help = "threads that feed each device, so that one's copies overlap another's kernels" },
	{ "engine.max_batch", OPTION_U32, AT(engine.max_batch), RANGE(1, 256), .standard = "128", .unit = "images",
	  .help = "that wait go to a device together; it never waits for more" },
	{ "engine.device_memory_mib", OPTION_U32, AT(engine.device_memory_mib), RANGE(64, 1 << 20), .word = "auto", .standard = "auto", .unit = "MiB",
	  .help = "of each device's memory; auto: what it has" },
	{ "engine.slab_mib", OPTION_U32, AT(engine.slab_mib), RANGE(1, 1 << 20), .standard = "512", .unit = "MiB",
	  .help = "page-locked for each device; frames without room go to the next engine" },
	{ "engine.opencl_cpu", OPTION_BOOL, AT(engine.opencl_cpu), .standard = "off",
	  .help = "let OpenCL use the processor too, which the cpu engine uses better" },
	{ "engine.fpga_image", OPTION_PATH, AT(engine.fpga_image), .standard = "none", .help = "the .xclbin that FPGA cards are loaded with; or none" },
	{ "engine.fpga_simulated", OPTION_BOOL, AT(engine.fpga_simulated), .standard = "off",
	  .help = "let the simulated FPGA analyse too, thousands of times slower" },
	{ "engine.fpga_clock_mhz", OPTION_U32, AT(engine.fpga_clock_mhz), RANGE(1, 1000), .standard = "250", .unit = "MHz",
	  .help = "assumed of the simulated FPGA and of cards, which do not tell it" },
	{ "engine.fpga_latency_clocks", OPTION_U32, AT(engine.fpga_latency_clocks), RANGE(1, 10000), .standard = "128", .unit = "clocks",
	  .help = "of the simulated card's memory" },
	{ "engine.fpga_stall_percent", OPTION_U32, AT(engine.fpga_stall_percent), RANGE(0, 90), .standard = "0", .unit = "%",
	  .help = "of clocks in which a port of that memory does nothing, at random" },

	{ "geometry", OPTION_SECTION, .help = "overrides what the detector announces" },
	{ "geometry.distance_mm", OPTION_DOUBLE, AT(geometry.distance_mm), RANGE(0.1, 1e6), ANNOUNCED, .unit = "mm", .help = "sample to detector" },
	{ "geometry.beam_px", OPTION_PAIR, AT(geometry.beam_x_px), RANGE(-1e5, 1e5), ANNOUNCED, .unit = "pixels",
	  .help = "where the beam hits, pixel centres at +0.5" },
	{ "geometry.pixel_um", OPTION_PAIR, AT(geometry.pixel_x_um), RANGE(0.1, 1e4), ANNOUNCED, .single = true, .unit = "micrometres", .help = "pixel size, or [x, y]" },
	{ "geometry.wavelength_angstrom", OPTION_DOUBLE, AT(geometry.wavelength_angstrom), RANGE(1e-3, 1e3), ANNOUNCED, .unit = "Angstrom",
	  .help = "of the beam" },
	{ "geometry.poni", OPTION_PATH, AT(geometry.poni), .standard = "none", .help = "pyFAI calibration file; instead of distance and beam; or none" },

	{ "mask", OPTION_SECTION, .help = "pixels not to be used, besides those of the detector's own mask" },
	{ "mask.file", OPTION_PATH, AT(mask.file), .standard = "none",
	  .help = "FILE.h5[:/path], .npy, .png, .tif or raw bytes; non-zero: do not use; or none" },
	{ "mask.rectangles", OPTION_ITEMS, .offset = offsetof(struct config, mask.rectangle), .size = sizeof(struct config_rectangle),
	  .count = offsetof(struct config, mask.n_rectangles), .max_items = CONFIG_RECTANGLES_MAX, .items = rectangle_options,
	  .may_be_empty = true, .standard = "[]", .unit = "pixels", .help = "not to be used: a list of [x, y, width, height]" },

	{ "radial", OPTION_SECTION, .help = "radial integration" },
	{ "radial.unit", OPTION_CHOICE, AT(radial.unit), .choices = radial_units, .standard = "q",
	  .help = "axis, in 1/Angstrom, degrees or mm" },
	{ "radial.bins", OPTION_U32, AT(radial.bins), RANGE(1, 4096), .standard = "1000", .help = "radial bins" },
	{ "radial.sectors", OPTION_U32, AT(radial.sectors), RANGE(1, 360), .standard = "1", .help = "azimuthal sectors; 1: the whole circle" },
	{ "radial.range", OPTION_PAIR, AT(radial.range_min), RANGE(0, 1e6), .word = "auto", .flag = offsetof(struct config, radial.range_auto),
	  .flag_at_word = true, .standard = "auto", .help = "[min, max] in the unit; auto: what the detector covers" },
	{ "radial.polarisation", OPTION_DOUBLE, AT(radial.polarisation), RANGE(-1, 1), .word = "off", .standard = "off",
	  .flag = offsetof(struct config, radial.polarisation_on), .flag_at_word = false, .help = "polarisation factor to correct for" },

	{ "spots", OPTION_SECTION, .help = "strong pixels and spots" },
	{ "spots.algorithm", OPTION_CHOICE, AT(spots.algorithm), .choices = algorithms, .standard = "dispersion", .help = "as DIALS has them" },
	{ "spots.masked_is_background", OPTION_BOOL, AT(spots.masked_is_background), .standard = "off",
	  .help = "dispersion_extended: invalid pixels count as background (DIALS up to 3.12)" },
	{ "spots.max_minus_1_invalid", OPTION_BOOL, AT(spots.max_minus_1_invalid), .standard = "off",
	  .help = "the type's largest value less one means no data too" },
	{ "spots.kernel", OPTION_U32, AT(spots.kernel), RANGE(1, PLAN_K_MAX), .standard = "3", .unit = "pixels", .help = "k of the window, which is 2k+1 wide" },
	{ "spots.sigma_background", OPTION_DOUBLE, AT(spots.sigma_background), RANGE(0, 100), .standard = "6", .unit = "sigmas",
	  .help = "how far a window must be from flat background" },
	{ "spots.sigma_strong", OPTION_DOUBLE, AT(spots.sigma_strong), RANGE(0, 100), .standard = "3", .unit = "sigmas",
	  .help = "how far a pixel must stand out of its window" },
	{ "spots.gain", OPTION_DOUBLE, AT(spots.gain), RANGE(0.01, 100), .standard = "1", .unit = "counts per photon", .help = "of the detector" },
	{ "spots.threshold", OPTION_U32, AT(spots.threshold), RANGE(0, UINT32_MAX), .standard = "0", .unit = "counts", .help = "a strong pixel has more" },
	{ "spots.eight_neighbours", OPTION_BOOL, AT(spots.eight_neighbours), .standard = "off", .help = "pixels that touch at a corner belong to one spot" },
	{ "spots.min_pixels", OPTION_U32, AT(spots.min_pixels), RANGE(1, 1000000), .standard = "3", .unit = "pixels", .help = "a smaller spot is dropped" },
	{ "spots.max_pixels", OPTION_U32, AT(spots.max_pixels), RANGE(1, 1000000), .standard = "1000", .unit = "pixels", .help = "a larger spot is dropped" },
	{ "spots.max_spots", OPTION_U32, AT(spots.max_spots), RANGE(1, 1 << 20), .standard = "65536",
	  .help = "a frame with more has no list of spots, which its result says" },
	{ "spots.max_strong", OPTION_U32, AT(spots.max_strong), RANGE(1, 1 << 24), .standard = "1048576", .unit = "pixels",
	  .help = "a frame with more strong ones has no lists, which its result says" },

	{ "hit", OPTION_SECTION, .help = "which frames are hits" },
	{ "hit.when", OPTION_TEXT, AT(hit.when), .check = check_hit, .standard = "n_spots_range >= 10",
	  .help = "rule over a frame's scores: and, or, not, comparisons, + - * /" },
	{ "hit.resolution_angstrom", OPTION_PAIR, AT(hit.d_far), RANGE(0.1, 1e5), .standard = "[50, 1.5]", .unit = "Angstrom",
	  .help = "[low, high] resolution limits of n_spots_range and score" },
	{ "hit.background_q", OPTION_PAIR, AT(hit.background_q_min), RANGE(0, 1e3), .standard = "[1, 2.5]", .unit = "1/Angstrom",
	  .help = "where the score background is taken" },
	{ "hit.channel", OPTION_TEXT, AT(hit.channel), .standard = "first", .help = "channel that decides: first, any or a channel's name" },

	{ "keep", OPTION_SECTION, .help = "which frames are stored and passed on" },
	{ "keep.hits", OPTION_ENUM, AT(keep.hits), .choices = keeps, .standard = "full", .help = "frames that are hits" },
	{ "keep.misses", OPTION_ENUM, AT(keep.misses), .choices = keeps, .standard = "none", .help = "frames that are none" },
	{ "keep.sample_misses", OPTION_DOUBLE, AT(keep.sample_misses), RANGE(0, 1), .standard = "0.01",
	  .help = "fraction of the misses kept all the same, the same ones on every node" },
	{ "keep.unanalysed", OPTION_ENUM, AT(keep.unanalysed), .choices = keeps, .standard = "full", .help = "frames that could not be analysed in time" },
	{ "keep.invalid", OPTION_ENUM, AT(keep.invalid), .choices = keeps, .standard = "full", .help = "frames whose pixels are damaged" },

	{ "output", OPTION_SECTION, .help = "where results, frames and files go" },
	{ "output.results", OPTION_TEXT, AT(output.results), .check = check_bind, .standard = "tcp://127.0.0.1:31010", .help = "PUB socket for results; or none" },
	{ "output.frames", OPTION_TEXT, AT(output.frames), .check = check_bind, .standard = "none",
	  .help = "PUSH socket for kept frames, e.g. tcp://127.0.0.1:31011; or none" },
	{ "output.when_blocked", OPTION_ENUM, AT(output.when_blocked), .choices = when_blocked, .standard = "drop",
	  .help = "frames out when nobody takes them; wait holds up the detector" },
	{ "output.directory", OPTION_TEXT, AT(output.directory), .standard = "none", .help = "where files go; or none" },
	{ "output.frames_per_file", OPTION_U32, AT(output.frames_per_file), RANGE(1, 1000000), .standard = "1000", .unit = "frames",
	  .help = "a data file holds at most" },
	{ "output.segment_age_s", OPTION_U32, AT(output.segment_age_s), RANGE(1, 86400), .standard = "60", .unit = "s", .help = "a data file is closed at this age" },
	{ "output.frames_queue_mib", OPTION_U32, AT(output.frames_queue_mib), RANGE(1, 1 << 20), .standard = "512", .unit = "MiB",
	  .help = "kept frames waiting for their consumer" },
	{ "output.results_queue", OPTION_U32, AT(output.results_queue), RANGE(1, 10000000), .standard = "10000", .unit = "messages",
	  .help = "results waiting for each subscriber" },
	{ "output.start_wait_ms", OPTION_U32, AT(output.start_wait_ms), RANGE(0, 600000), .standard = "5000", .unit = "ms",
	  .help = "how long a run's start waits for the first consumer of frames" },
	{ "output.write_queue_mib", OPTION_U32, AT(output.write_queue_mib), RANGE(1, 1 << 20), .standard = "1024", .unit = "MiB",
	  .help = "frames waiting for the disk; beyond that they count as failed" },
	{ "output.reserve_mib", OPTION_U32, AT(output.reserve_mib), RANGE(0, 1 << 24), .standard = "256", .unit = "MiB", .help = "left free on the disk" },

	{ "http", OPTION_SECTION, .help = "control, metrics and the live page" },
	{ "http.listen", OPTION_TEXT, AT(http.listen), .check = check_listen, .standard = "127.0.0.1:8090", .help = "ADDRESS:PORT; or none" },

	{ "http.names", OPTION_TEXT, AT(http.names), .may_be_empty = true, .standard = "\"\"",
	  .help = "what else people call this machine by, A, B ...; it knows its own names" },
	{ "http.token_file", OPTION_PATH, AT(http.token_file), .standard = "none",
	  .help = "holds the token that changes need where others can reach the address; none: one is made" },
	{ "http.certificate", OPTION_PATH, AT(http.certificate), .standard = "none", .help = "PEM file: with it and its key everything is https; or none" },
	{ "http.key", OPTION_PATH, AT(http.key), .standard = "none", .help = "the certificate's key, PEM file; or none" },
	{ "http.password_file", OPTION_PATH, AT(http.password_file), .standard = "none",
	  .help = "lines of NAME:PASSWORD, one of which everybody has to give; or none" },
	{ "http.hold_mib", OPTION_U32, AT(http.hold_mib), RANGE(16, 1 << 20), .standard = "256", .unit = "MiB", .help = "latest frames and hits held for the screen" },

	{ "scan", OPTION_SECTION, .help = "the grid of a scan, for its map on the screen" },
	{ "scan.rows", OPTION_U32, AT(scan.rows), RANGE(1, 100000), .word = "auto", .standard = "auto", .help = "lines; auto: guessed from the announced count" },
	{ "scan.columns", OPTION_U32, AT(scan.columns), RANGE(1, 100000), .word = "auto", .standard = "auto", .help = "frames of a line; auto: guessed from the announced count" },
	{ "scan.snake", OPTION_BOOL, AT(scan.snake), .standard = "off", .help = "every second line is scanned backwards" },

	{ "run", OPTION_SECTION, .help = "when a run is over" },
	{ "run.quiet_after_end_ms", OPTION_U32, AT(run.quiet_after_end_ms), RANGE(0, 3600000), .standard = "2000", .unit = "ms",
	  .help = "silence after the end message until frames are given up" },
	{ "run.quiet_ms", OPTION_U32, AT(run.quiet_ms), RANGE(1, 86400000), .standard = "30000", .unit = "ms", .help = "silence without an end message until the run is closed" },
	{ "run.plan_timeout_ms", OPTION_U32, AT(run.plan_timeout_ms), RANGE(1, 600000), .standard = "10000", .unit = "ms",
	  .help = "frames wait this long for the analysis to be prepared" },
	{ "run.remembered", OPTION_U32, AT(run.remembered), RANGE(1, 4096), .standard = "64", .unit = "runs", .help = "closed ones whose late frames are still known" },

	{ "overload", OPTION_SECTION, .help = "when frames come faster than they can be analysed" },
	{ "overload.analysis", OPTION_ENUM, AT(overload.analysis), .choices = overloads, .standard = "shed",
	  .help = "shed: frames pass unanalysed; wait: the detector is held up" },

	{ "machine", OPTION_SECTION, .help = "memory and processors" },
	{ "machine.slots", OPTION_U32, AT(machine.slots), RANGE(2, 1 << 20), .word = "auto", .standard = "auto", .help = "frames in flight; auto: 2048, more with many threads" },
	{ "machine.budget_mib", OPTION_U32, AT(machine.budget_mib), RANGE(16, 1 << 24), .standard = "2048", .unit = "MiB", .help = "frames in flight, all together" },
	{ "machine.huge_pages", OPTION_BOOL, AT(machine.huge_pages), .standard = "on", .help = "use huge pages where the system grants them" },
	{ "machine.pin_threads", OPTION_BOOL, AT(machine.pin_threads), .standard = "on", .help = "receiving and analysing threads stay on one processor each, where there are at least four" },
	{ "machine.sysfs", OPTION_TEXT, AT(machine.sysfs), .standard = "/sys", .help = "where the system describes its hardware" },

	{ "limits", OPTION_SECTION, .help = "what is refused as too large" },
	{ "limits.max_message_mib", OPTION_U32, AT(limits.max_message_mib), RANGE(1, 4095), .standard = "512", .unit = "MiB", .help = "one message" },
	{ "limits.max_megapixels", OPTION_U32, AT(limits.max_megapixels), RANGE(1, 4096), .standard = "64", .unit = "megapixels", .help = "one channel of a frame" },
	{ "limits.max_channels", OPTION_U32, AT(limits.max_channels), RANGE(1, 8), .standard = "8", .unit = "channels", .help = "of a frame" },
	{ "limits.receive_queue_mib", OPTION_U32, AT(limits.receive_queue_mib), RANGE(1, 1 << 20), .standard = "512", .unit = "MiB",
	  .help = "messages waiting in the receiving socket" },

	{ "log", OPTION_SECTION, .help = "what is said on standard error" },
	{ "log.level", OPTION_CHOICE, AT(log.level), .choices = log_levels, .standard = "info", .help = "how much" },
	{ 0 },
};

/* --- the doors ----------------------------------------------------------------------------------------------------------------- */

const struct options_row *config_options(void)
{
	return table;
}

void config_defaults(struct config *config)
{
	memset(config, 0, sizeof *config);
	options_defaults(table, config);
}

/* Reads a whole file of bounded size; malloc'ed. */
static int read_file(const char *path, char **out, size_t *len, char *message, size_t message_bytes)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), error = 0;
	char *text = malloc(TREE_BYTES_MAX + 1);
	ssize_t n = 0;

	*len = 0;
	if (fd < 0 || !text)
		error = errno;
	while (!error && *len <= TREE_BYTES_MAX && (n = read(fd, text + *len, TREE_BYTES_MAX + 1 - *len)) != 0) {
		if (n < 0 && errno != EINTR)
			error = errno;
		*len += n > 0 ? (size_t)n : 0;
	}
	if (fd >= 0)
		close(fd);
	if (error) {
		snprintf(message, message_bytes, "%s: cannot be read: %s", path, strerror(error));
		free(text);
		return -EINVAL;
	}
	*out = text;
	return 0;
}

static int load_file(struct config *config, const char *path, char *message, size_t message_bytes)
{
	const char *slash = strrchr(path, '/');
	char *directory = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup("");
	char *text = NULL;
	size_t len = 0;
	int error = directory ? read_file(path, &text, &len, message, message_bytes) : say(message, message_bytes, "out of memory");

	if (!error)
		error = options_read(table, config, text, len, path, directory, message, message_bytes);
	free(directory);
	free(text);
	return error;
}

int config_load(struct config *config, const char *path, const char *const *sets, size_t n_sets, char *message, size_t message_bytes)
{
	struct config *fresh = malloc(sizeof *fresh); /* so that a refused configuration changes nothing */
	int error = 0;

	if (!fresh)
		return say(message, message_bytes, "out of memory");
	config_defaults(fresh);
	if (path)
		error = load_file(fresh, path, message, message_bytes);
	for (size_t i = 0; !error && i < n_sets; i++)
		error = options_assign(table, fresh, sets[i], message, message_bytes);
	if (!error)
		*config = *fresh;
	free(fresh);
	return error;
}

int config_set(struct config *config, const char *assignment, char *message, size_t message_bytes)
{
	struct config *fresh = malloc(sizeof *fresh);
	int error;

	if (!fresh)
		return say(message, message_bytes, "out of memory");
	*fresh = *config;
	error = options_assign(table, fresh, assignment, message, message_bytes);
	if (!error)
		*config = *fresh;
	free(fresh);
	return error;
}

static const char head[] =
	"# The reference configuration of Sluice: every option with its default. A configuration file needs to name only what it changes;\n"
	"# `sluice check FILE` says whether it can be used, and --set KEY=VALUE (e.g. --set spots.kernel=4) overrides it on the command line.\n";

char *config_print(const struct config *config, bool with_comments)
{
	char *text = options_print(table, config, with_comments), *whole;
	size_t bytes;

	if (!text || !with_comments)
		return text;
	bytes = sizeof head + strlen(text);
	whole = malloc(bytes);
	if (whole)
		snprintf(whole, bytes, "%s%s", head, text);
	free(text);
	return whole;
}
