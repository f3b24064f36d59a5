/* test_config.c - a configuration is read, refused, printed and read again as promised; needs a directory for small files. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/tree.h"
#include "pipeline/config.h"
#include "tests/support/random.h"

static char directory[64], file[96];
static struct config config; /* what the last load_text filled */
static char message[1024];

static void write_file(const char *path, const char *text, size_t len)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static int load_bytes(const char *text, size_t len)
{
	write_file(file, text, len);
	message[0] = 0;
	return config_load(&config, file, NULL, 0, message, sizeof message);
}

static int load_text(const char *text)
{
	return load_bytes(text, strlen(text));
}

static int load_set(const char *assignment)
{
	message[0] = 0;
	return config_load(&config, NULL, &assignment, 1, message, sizeof message);
}

static int set_up(void **state)
{
	strcpy(directory, "/tmp/test_config_XXXXXX");
	assert_non_null(mkdtemp(directory));
	snprintf(file, sizeof file, "%s/c.yaml", directory);
	return 0;
}

static int tear_down(void **state)
{
	unlink(file);
	return rmdir(directory);
}

/* --- what is taken ------------------------------------------------------------------------------------------------------------ */

static const char documented[] =
	"input:\n"
	"  - endpoint: tcp://127.0.0.1:31001     # the detector's PUSH socket; 9999 for Stream v1; entries of one `group` form one run\n"
	"engine: {order: [cuda, opencl, cpu], threads: auto}\n"
	"geometry: {}                            # overrides what the detector announces\n"
	"mask: {file: none, rectangles: []}      # added to the detector's own\n"
	"radial: {unit: q, bins: 1000, range: auto, polarisation: off}\n"
	"spots: {algorithm: dispersion, masked_is_background: false, max_minus_1_invalid: false, kernel: 3, sigma_background: 6, sigma_strong: 3, "
	"threshold: 0, min_pixels: 3, max_pixels: 1000}\n"
	"hit: {when: \"n_spots_range >= 10\", resolution_angstrom: [50, 1.5], channel: first}\n"
	"keep: {hits: full, misses: none, sample_misses: 0.01, unanalysed: full, invalid: full}\n"
	"output:\n"
	"  results: tcp://127.0.0.1:31010        # PUB; none to switch off\n"
	"  frames: none                          # PUSH, e.g. tcp://127.0.0.1:31011\n"
	"  when_blocked: drop\n"
	"  directory: none                       # where files go\n"
	"  frames_per_file: 1000\n"
	"http: {listen: 127.0.0.1:8090}\n";

static void the_documented_configuration_is_the_default_one(void **state)
{
	struct config defaults;

	config_defaults(&defaults);
	assert_int_equal(load_text(documented), 0);
	assert_memory_equal(&config, &defaults, sizeof config);
	assert_int_equal(load_text(""), 0);
	assert_memory_equal(&config, &defaults, sizeof config);
	assert_int_equal(config_check(&config, message, sizeof message), 0);
}

static void defaults_are_as_documented(void **state)
{
	config_defaults(&config);
	assert_int_equal(config.input.n, 1);
	assert_string_equal(config.input.entry[0].endpoint, "tcp://127.0.0.1:31001");
	assert_int_equal(config.engine.n_order, 3);
	assert_string_equal(config.engine.order[2], "cpu");
	assert_int_equal(config.engine.threads, 0);
	assert_true(isnan(config.geometry.distance_mm) && isnan(config.geometry.beam_y_px) && isnan(config.geometry.pixel_y_um));
	assert_true(config.radial.range_auto && !config.radial.polarisation_on);
	assert_int_equal(config.radial.sectors, 1);
	assert_int_equal(config.spots.kernel, 3);
	assert_true(config.spots.gain == 1);
	assert_true(config.hit.d_far == 50 && config.hit.d_near == 1.5);
	assert_true(config.keep.hits == KEEP_FULL && config.keep.misses == KEEP_NONE && config.keep.sample_misses == 0.01);
	assert_true(config.output.when_blocked == WHEN_BLOCKED_DROP && config.overload.analysis == OVERLOAD_SHED);
	assert_int_equal(config.run.quiet_after_end_ms, 2000);
	assert_int_equal(config.limits.max_message_mib, 512);
	assert_string_equal(config.http.listen, "127.0.0.1:8090");
}

static void every_form_of_a_value_is_taken(void **state)
{
	assert_int_equal(load_text("input: tcp://a:1\n"), 0);
	assert_string_equal(config.input.entry[0].endpoint, "tcp://a:1");
	assert_int_equal(load_text("input: {endpoint: ipc:///run/x, group: g, shared: yes, simplon: http://dcu}\n"), 0);
	assert_true(config.input.n == 1 && config.input.entry[0].shared);
	assert_int_equal(load_text("input: [tcp://a:1, {endpoint: tcp://b:2}]\n"), 0);
	assert_true(config.input.n == 2 && !strcmp(config.input.entry[1].simplon, "none"));
	assert_int_equal(load_text("geometry: {pixel_um: 75, beam_px: [1.5, -2e1]}\n"), 0);
	assert_true(config.geometry.pixel_x_um == 75 && config.geometry.pixel_y_um == 75 && config.geometry.beam_y_px == -20);
	assert_int_equal(load_text("geometry:\n  pixel_um: [75, 172]\nmask:\n"), 0);
	assert_true(config.geometry.pixel_y_um == 172);
	assert_int_equal(load_text("radial: {polarisation: 0.99, range: [0.1, 3]}\n"), 0);
	assert_true(config.radial.polarisation_on && config.radial.polarisation == 0.99 && !config.radial.range_auto && config.radial.range_max == 3);
	assert_int_equal(load_text("mask: {rectangles: [[1, 2, 3, 4], {x: 5, y: 6, width: 7, height: 8}]}\nengine: {order: cpu, threads: 4}\n"), 0);
	assert_true(config.mask.n_rectangles == 2 && config.mask.rectangle[0].height == 4 && config.mask.rectangle[1].x == 5);
	assert_true(config.engine.n_order == 1 && config.engine.threads == 4);
	assert_int_equal(load_text("mask: {rectangles: [1, 2, 3, 4]}\n"), 0);
	assert_true(config.mask.n_rectangles == 1 && config.mask.rectangle[0].y == 2);
	assert_int_equal(load_text("hit:\n  when: >\n    n_spots >= 10\n    and d_min < 4\n"), 0);
	assert_string_equal(config.hit.when, "n_spots >= 10 and d_min < 4");
	assert_int_equal(load_text("\xEF\xBB\xBFmachine: {huge_pages: OFF}\n"), 0);
	assert_false(config.machine.huge_pages);
}

static void assignments_reach_every_place(void **state)
{
	const char *sets[] = { "spots.kernel=4", "input.0.endpoint=tcp://a:1", "input.1.endpoint=tcp://b:2", "input.1.group=g", "hit.when=!(ice > 5) and n_spots >= 1",
			       "radial={bins: 10, unit: radius}", "mask.rectangles.0=[1, 2, 3, 4]", "output.results=tcp://*:1", "input.0.group=", "log.level='debug'" };

	assert_int_equal(config_load(&config, NULL, sets, sizeof sets / sizeof *sets, message, sizeof message), 0);
	assert_int_equal(config.spots.kernel, 4);
	assert_true(config.input.n == 2 && !strcmp(config.input.entry[1].group, "g"));
	assert_string_equal(config.input.entry[0].endpoint, "tcp://a:1");
	assert_string_equal(config.hit.when, "!(ice > 5) and n_spots >= 1");
	assert_true(config.radial.bins == 10 && !strcmp(config.radial.unit, "radius"));
	assert_true(config.mask.n_rectangles == 1 && config.mask.rectangle[0].width == 3);
	assert_string_equal(config.output.results, "tcp://*:1");
	assert_string_equal(config.log.level, "debug");
	assert_int_equal(config_set(&config, "spots.kernel=5", message, sizeof message), 0);
	assert_true(config.spots.kernel == 5 && config.radial.bins == 10);
	assert_int_equal(config_set(&config, "spots.kernel=7", message, sizeof message), -EINVAL);
	assert_int_equal(config.spots.kernel, 5);
}

static void paths_of_a_file_are_relative_to_it(void **state)
{
	char expected[CONFIG_TEXT_MAX];

	assert_int_equal(load_text("mask: {file: sub/m.h5:/mask}\ngeometry: {poni: /abs.poni}\noutput: {directory: out}\n"), 0);
	snprintf(expected, sizeof expected, "%s/sub/m.h5:/mask", directory);
	assert_string_equal(config.mask.file, expected);
	assert_string_equal(config.geometry.poni, "/abs.poni");
	assert_string_equal(config.output.directory, "out");
	assert_int_equal(load_set("mask.file=sub/m.png"), 0);
	assert_string_equal(config.mask.file, "sub/m.png");
}

/* --- what is refused, and how ------------------------------------------------------------------------------------------------- */

static const struct {
	const char *text, *words; /* words: the message after "FILE:" */
} refused[] = {
	{ "spots:\n  kernal: 3\n", "2: key 'spots.kernal': no such key; did you mean 'spots.kernel'?" },
	{ "\nspots: {kernel: 9}\n", "2: spots.kernel: 9 is out of range, allowed 1..6" },
	{ "spots:\n\n  kernel: -1\n", "3: spots.kernel: -1 is out of range, allowed 1..6" },
	{ "spots: {kernel: three}\n", "1: spots.kernel: 'three' is not a whole number, allowed 1..6" },
	{ "spots: {kernel: 3.0}\n", "1: spots.kernel: '3.0' is not a whole number, allowed 1..6" },
	{ "spots: {kernel: \"3\"}\n", "1: spots.kernel: '3' is not a whole number, allowed 1..6" },
	{ "spots: {kernel: [3]}\n", "1: spots.kernel: a list is not a whole number, allowed 1..6" },
	{ "spots: {kernel: }\n", "1: spots.kernel: no value is not a whole number, allowed 1..6" },
	{ "spots: {threshold: 4294967296}\n", "1: spots.threshold: 4294967296 is out of range, allowed 0..4294967295" },
	{ "spots: {gain: 0x10}\n", "1: spots.gain: '0x10' is not a number, allowed 0.01..100" },
	{ "spots: {gain: .nan}\n", "1: spots.gain: '.nan' is not a number, allowed 0.01..100" },
	{ "spots: {gain: 1e999}\n", "1: spots.gain: '1e999' is not a number, allowed 0.01..100" },
	{ "spots: {max_minus_1_invalid: 1}\n", "1: spots.max_minus_1_invalid: '1' is neither on nor off, allowed on, off" },
	{ "kernel: 3\n", "1: key 'kernel': no such key; did you mean 'spots.kernel'?" },
	{ "sopts: {kernel: 3}\n", "1: key 'sopts': no such key; did you mean 'spots'?" },
	{ "xyzzyplugh: 3\n", "1: key 'xyzzyplugh': no such key" },
	{ "spots.kernel: 3\n", "1: key 'spots.kernel': keys with dots are for --set; in a file one map stands in the other" },
	{ "spots: 3\n", "1: spots: a map of keys and values is wanted" },
	{ "- 3\n", "1: the configuration: a map of keys and values is wanted" },
	{ "engine: {order: [cpu, gpu]}\n", "1: engine.order: 'gpu' is not one of reference, cpu, cuda, opencl, fpga" },
	{ "engine: {order: [cpu, cpu]}\n", "1: engine.order: 'cpu' stands twice" },
	{ "engine: {order: []}\n", "1: engine.order: a list without an entry, allowed a list of reference, cpu, cuda, opencl, fpga" },
	{ "engine: {fpga_stall_percent: 91}\n", "1: engine.fpga_stall_percent: 91 is out of range, allowed 0..90" },
	{ "engine: {fpga_clock_mhz: 0}\n", "1: engine.fpga_clock_mhz: 0 is out of range, allowed 1..1000" },
	{ "engine: {threads: 0}\n", "1: engine.threads: 0 is out of range, allowed auto or 1..1024" },
	{ "keep: {hits: yes}\n", "1: keep.hits: 'yes' is not one of none, full" },
	{ "radial: {range: [1]}\n", "1: radial.range: a list is not a pair of numbers, allowed auto or [a, b] in 0..1000000" },
	{ "input: []\n", "1: input: the list is empty, at least one entry is wanted" },
	{ "input:\n  - group: a\n", "2: input.0: 'endpoint' is missing" },
	{ "input:\n  - endpont: a\n", "2: key 'input.0.endpont': no such key; did you mean 'input.0.endpoint'?" },
	{ "input: [tcp://*:1]\n", "1: input.0.endpoint: 'tcp://*:1': is not tcp://HOST:PORT (1..65535) or ipc://PATH" },
	{ "mask: {rectangles: [[1, 2, 3]]}\n", "1: mask.rectangles.0: a list is not such an entry, allowed up to 64 entries {x, y, width, height}" },
	{ "mask: {rectangles: [[1, 2, 3, 0]]}\n", "1: mask.rectangles.0.height: 0 is out of range, allowed 1..65535" },
	{ "output: {directory: \"\"}\n", "1: output.directory: no value; 'none' switches it off" },
	{ "output: {directory: \"a\\tb\"}\n", "1: output.directory: 'a?b' is no line of UTF-8 text (control character, line break or stray byte)" },
	{ "output: {directory: \"a\\Lb\"}\n", "1: output.directory: 'a\xe2\x80\xa8" "b' is no line of UTF-8 text (control character, line break or stray byte)" },
	{ "output: {directory: \"a\\Nb\"}\n", "1: output.directory: 'a\xc2\x85" "b' is no line of UTF-8 text (control character, line break or stray byte)" },
	{ "output: {directory: \"a\\uFEFFb\"}\n", "1: output.directory: 'a\xef\xbb\xbf" "b' is no line of UTF-8 text (control character, line break or stray byte)" },
	{ "output: {directory: [a]}\n", "1: output.directory: a list where a text is wanted, allowed a text of up to 511 bytes" },
	{ "input: [{endpoint: tcp://a:1, simplon: dcu}]\n", "1: input.0.simplon: 'dcu': is not http://HOST[:PORT][/PATH] or none" },
	{ "http: {listen: 8090}\n", "1: http.listen: '8090': is not ADDRESS:PORT or none" },
	{ "log: {level: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\xc3\xa9yz}\n",
	  "1: log.level: 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...' is not one of error, warning, info, debug" },
	{ "hit: {when: n_spot > 3}\n", "1: hit.when: 'n_spot > 3': column 1: no score is called 'n_spot'; did you mean 'n_spots'?" },
	{ "spots: {}\n\nspots: {}\n", "3: key 'spots' stands twice, first on line 1" },
	{ "spots:\n\tkernel: 3\n", "2: a tab in the indentation: YAML takes spaces only" },
	{ "spots: &a {}\n", "1: '&a': anchors are not taken (a text that begins with & needs quotes)" },
	{ "spots: *a\n", "1: '*a': aliases are not taken (a text that begins with * needs quotes)" },
	{ "log: {level: !!str info}\n", "1: 'tag:yaml.org,2002:str': tags are not taken (a text that begins with ! needs quotes)" },
	{ "log: {}\n---\nlog: {}\n", "2: a second document begins" },
	{ "log: {level: info\n", "2: not YAML: did not find expected ',' or '}', while parsing a flow mapping (line 1)" },
	{ "log: \xff\n", "1: not readable as UTF-8 text: invalid leading UTF-8 octet" },
	{ "? [a]\n: 1\n", "1: a list or map stands where a key should be" },
	{ "[[[[[[[[[[", "1: nested more than 8 deep" },
};

static void mistakes_in_a_file_are_told_in_words(void **state)
{
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		char expected[1024];
		struct config before;

		memset(&config, (int)i, sizeof config);
		before = config;
		snprintf(expected, sizeof expected, "%s:%s", file, refused[i].words);
		assert_int_equal(load_text(refused[i].text), -EINVAL);
		assert_string_equal(message, expected);
		assert_memory_equal(&config, &before, sizeof config);
	}
}

static void mistakes_in_an_assignment_are_told_in_words(void **state)
{
	static const struct {
		const char *set, *words;
	} wrong[] = {
		{ "engine.order=gpu", "--set engine.order: 'gpu' is not one of reference, cpu, cuda, opencl, fpga" },
		{ "spots.kernel", "--set spots.kernel: KEY=VALUE is wanted" },
		{ "=3", "--set =3: KEY=VALUE is wanted" },
		{ "spots.kernel=", "--set spots.kernel: no value after '='" },
		{ "http.listen=", "--set http.listen: no value; 'none' switches it off" },
		{ "output.frames=", "--set output.frames: no value; 'none' switches it off" },
		{ "input.0.endpoint=", "--set input.0.endpoint: no value: is not tcp://HOST:PORT (1..65535) or ipc://PATH" },
		{ "hit.when=", "--set hit.when: no value; the default is 'n_spots_range >= 10'" },
		{ "spots.kernel=7", "--set spots.kernel: 7 is out of range, allowed 1..6" },
		{ "spots.kernal=3", "--set key 'spots.kernal': no such key; did you mean 'spots.kernel'?" },
		{ "input.1.group=a", "--set input.1.group: entry 1 is new, give all of it: input.1={...}" },
		{ "input.2.endpoint=tcp://a:1", "--set input.2.endpoint: there are 1 entries (from 0, at most 16), so no number 2" },
		{ "input.99999999999999999999.endpoint=a", "--set input.99999999999999999999.endpoint: there are 1 entries (from 0, at most 16), so no number 18446744073709551615" },
		{ "input.0.endpont=a", "--set key 'input.0.endpont': no such key; did you mean 'input.0.endpoint'?" },
		{ "input.0x=a", "--set key 'input.0x': no such key" },
		{ "spots={kernel: 0}", "--set spots.kernel: 0 is out of range, allowed 1..6" },
		{ "spots={kernel: 0", "--set spots: not YAML: did not find expected ',' or '}', while parsing a flow mapping (line 1)" },
	};

	static const char *const no_text[] = { "\xae", "\xc3", "\xc3(", "\xc1\x81", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\xe2\x82", "a\nb", "\x7f" };
	static const char *const text[] = { "\xc3\xa9", "\xe2\x84\xab", "\xf0\x9f\x92\x8e", "a b", "~" };
	char set[64];

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		assert_int_equal(load_set(wrong[i].set), -EINVAL);
		assert_string_equal(message, wrong[i].words);
	}
	for (size_t i = 0; i < sizeof no_text / sizeof *no_text; i++) {
		snprintf(set, sizeof set, "hit.channel=%s", no_text[i]);
		assert_int_equal(load_set(set), -EINVAL);
		assert_non_null(strstr(message, "is no line of UTF-8 text"));
	}
	for (size_t i = 0; i < sizeof text / sizeof *text; i++) {
		snprintf(set, sizeof set, "hit.channel=%s", text[i]);
		assert_int_equal(load_set(set), 0);
		assert_string_equal(config.hit.channel, text[i]);
	}
}

static void what_no_single_key_shows_is_checked(void **state)
{
	static const struct {
		const char *set, *words;
	} wrong[] = {
		{ "radial.range=[3, 2]", "radial.range: [3, 2]: the first must be the smaller" },
		{ "radial={bins: 4096, sectors: 16}", "radial.sectors: 16 sectors of 4096 bins are more than 65534 bins" },
		{ "spots={min_pixels: 5, max_pixels: 4}", "spots.min_pixels: 5 is more than spots.max_pixels, 4" },
		{ "hit.resolution_angstrom=[1.5, 50]", "hit.resolution_angstrom: [1.5, 50]: the first must be the larger" },
		{ "hit.background_q=[2, 2]", "hit.background_q: [2, 2]: the first must be the smaller" },
		{ "input=[tcp://a:1, tcp://a:1]", "input.1.endpoint: tcp://a:1 is that of input.0 too; each frame reaches only one of them" },
		{ "output.frames=tcp://127.0.0.1:31010", "output.frames: tcp://127.0.0.1:31010 is that of output.results too" },
		{ "output.frames=tcp://127.0.0.1:31001", "output.frames: tcp://127.0.0.1:31001 is that of input.0.endpoint too" },
		{ "mask.file=/nowhere/m.h5:/x", "mask.file: /nowhere/m.h5: No such file or directory" },
		{ "geometry.poni=/nowhere.poni", "geometry.poni: /nowhere.poni: No such file or directory" },
		{ "geometry={poni: /etc/passwd, distance_mm: 3}", "geometry.distance_mm: geometry.poni gives it already; keep one of them" },
		{ "geometry={poni: /etc/passwd, beam_px: [1, 2]}", "geometry.beam_px: geometry.poni gives it already; keep one of them" },
		{ "geometry.poni=/dev/null", "geometry.poni: /dev/null is not a file" },
		{ "input=[{endpoint: 'tcp://a:1', group: g}, {endpoint: 'tcp://a:2', group: g, shared: on}]", "input.1.shared: entries of group 'g' differ" },
		{ "output.results=tcp://127.0.0.1:31001", "output.results: tcp://127.0.0.1:31001 is that of input.0.endpoint too" },
		{ "output.directory=/dev/null/here", "output.directory: /dev/null/here: Not a directory" },
		{ "output.directory=/nowhere/here", "output.directory: /nowhere/here is not there and cannot be made in /nowhere: No such file or directory" },
		{ "output.directory=/dev/null", "output.directory: /dev/null is not a directory" },
		{ "machine.sysfs=/nowhere", "machine.sysfs: /nowhere is not a directory" },
		{ "limits.max_message_mib=4000", "limits.max_message_mib: 4000 is more than machine.budget_mib, 2048: such a message would find no room" },
	};

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		assert_int_equal(load_set(wrong[i].set), 0);
		assert_int_equal(config_check(&config, message, sizeof message), -EINVAL);
		assert_string_equal(message, wrong[i].words);
	}
	assert_int_equal(load_set("output={directory: /tmp/, frames: 'tcp://127.0.0.1:*'}"), 0);
	assert_int_equal(config_check(&config, message, sizeof message), 0);
	assert_int_equal(load_set("output.directory=/tmp/to_be_made_by_the_node//"), 0);
	assert_int_equal(config_check(&config, message, sizeof message), 0);
	strcpy(config.hit.when, "n_spots"); /* not by way of the table */
	assert_int_equal(config_check(&config, message, sizeof message), -EINVAL);
	assert_non_null(strstr(message, "hit.when: 'n_spots': column 1: a condition is wanted"));
}

static void hostile_files_are_refused(void **state)
{
	size_t big = TREE_BYTES_MAX + 1;
	char *text = malloc(big + 1), expected[256];

	memset(text, '#', big);
	assert_int_equal(load_bytes(text, big), -EINVAL);
	snprintf(expected, sizeof expected, "%s: larger than 1048576 bytes, this is no configuration", file);
	assert_string_equal(message, expected);
	for (size_t i = 0; i + 1 < TREE_BYTES_MAX; i += 2)
		memcpy(text + i, "a,", 2);
	memcpy(text, "a: [", 4);
	assert_int_equal(load_bytes(text, TREE_BYTES_MAX), -EINVAL);
	assert_non_null(strstr(message, ":1: more than 2048 values"));
	memset(text, '[', TREE_BYTES_MAX);
	assert_int_equal(load_bytes(text, TREE_BYTES_MAX), -EINVAL);
	assert_int_equal(load_bytes("log: {}\n\0", 9), -EINVAL);
	assert_non_null(strstr(message, ":2: a NUL byte, this is no text"));
	assert_int_equal(load_text("log: {level: \"a\\0b\"}\n"), -EINVAL);
	assert_non_null(strstr(message, ":1: a text holds a NUL byte"));
	strcpy(text, "output: {directory: ");
	memset(text + 20, 'd', CONFIG_TEXT_MAX);
	strcpy(text + 20 + CONFIG_TEXT_MAX, "}");
	assert_int_equal(load_text(text), -EINVAL);
	assert_non_null(strstr(message, "output.directory: 512 bytes, longer than the 511 allowed"));
	free(text);
	assert_int_equal(config_load(&config, directory, NULL, 0, message, sizeof message), -EINVAL);
	assert_non_null(strstr(message, "cannot be read: Is a directory"));
	assert_int_equal(config_load(&config, "/nowhere.yaml", NULL, 0, message, sizeof message), -EINVAL);
	assert_string_equal(message, "/nowhere.yaml: cannot be read: No such file or directory");
}

static void damaged_files_are_read_or_refused(void **state)
{
	struct random r;
	char *whole, *text;
	size_t len;

	random_seed(&r);
	config_defaults(&config);
	whole = config_print(&config, false);
	len = strlen(whole);
	text = malloc(len);
	for (int i = 0; i < 300; i++) {
		int error;

		memcpy(text, whole, len);
		for (uint32_t n = random_below(&r, 4); n; n--)
			text[random_below(&r, (uint32_t)len)] = (char)random_u64(&r);
		error = load_bytes(text, random_below(&r, (uint32_t)len + 1));
		assert_true(error == 0 || (error == -EINVAL && message[0]));
	}
	free(text);
	free(whole);
}

/* --- printed and read again --------------------------------------------------------------------------------------------------- */

static void random_text(struct random *r, char *out, size_t bytes)
{
	static const char *const pieces[] = { "a", "Z9", " ", "\"", "\\", "#", ": ", "- ", "{", "]", "\xc3\xa9", "\xe2\x84\xab", "'", "none", "off", "%", "*", "&", "!", "12", ".", "~" };
	size_t n = 1 + random_below(r, (uint32_t)bytes - 8);

	memset(out, 0, bytes);
	strcpy(out, "/"); /* an absolute path stays as it is */
	while (strlen(out) < n)
		strcat(out, pieces[random_below(r, sizeof pieces / sizeof *pieces)]);
}

static double random_between(struct random *r, double least, double most)
{
	double x = least + (most - least) * ((double)(random_u64(r) >> 11) / 9007199254740992.0);

	return random_below(r, 4) ? x : random_below(r, 2) ? least : most;
}

static void random_inputs(struct random *r, struct config *c)
{
	memset(&c->input, 0, sizeof c->input);
	c->input.n = 1 + random_below(r, CONFIG_INPUTS_MAX);
	for (uint32_t i = 0; i < c->input.n; i++) {
		struct config_input *entry = &c->input.entry[i];

		snprintf(entry->endpoint, sizeof entry->endpoint, "tcp://host%u:%u", i, 1 + random_below(r, 65535));
		if (random_below(r, 2))
			random_text(r, entry->group, sizeof entry->group);
		entry->shared = random_below(r, 2);
		snprintf(entry->simplon, sizeof entry->simplon, "%s", random_below(r, 2) ? "none" : "http://a.b:80/stream/api/1.8.0");
	}
}

static void random_config(struct random *r, struct config *c)
{
	static const char *const names[] = { "reference", "cpu", "cuda", "opencl", "fpga" };

	config_defaults(c);
	random_inputs(r, c);
	memset(c->engine.order, 0, sizeof c->engine.order);
	c->engine.n_order = 1 + random_below(r, 5);
	for (uint32_t i = 0; i < c->engine.n_order; i++)
		strcpy(c->engine.order[i], names[i]);
	c->engine.threads = random_below(r, 1025);
	c->engine.fpga_simulated = random_below(r, 2);
	c->engine.fpga_clock_mhz = 1 + random_below(r, 1000);
	c->engine.fpga_latency_clocks = 1 + random_below(r, 10000);
	c->engine.fpga_stall_percent = random_below(r, 91);
	random_text(r, c->engine.fpga_image, sizeof c->engine.fpga_image);
	if (random_below(r, 2))
		c->geometry.distance_mm = random_between(r, 0.1, 1e6);
	if (random_below(r, 2)) {
		c->geometry.beam_x_px = random_between(r, -1e5, 1e5);
		c->geometry.beam_y_px = random_between(r, -1e5, 1e5);
		c->geometry.pixel_x_um = random_between(r, 0.1, 1e4);
		c->geometry.pixel_y_um = random_between(r, 0.1, 1e4);
	}
	random_text(r, c->geometry.poni, sizeof c->geometry.poni);
	random_text(r, c->mask.file, sizeof c->mask.file);
	c->mask.n_rectangles = random_below(r, CONFIG_RECTANGLES_MAX + 1);
	for (uint32_t i = 0; i < c->mask.n_rectangles; i++)
		c->mask.rectangle[i] = (struct config_rectangle){ random_below(r, 65535), random_below(r, 65535), 1 + random_below(r, 65535), 1 + random_below(r, 65535) };
	c->radial.range_auto = random_below(r, 2);
	c->radial.range_min = c->radial.range_auto ? 0 : random_between(r, 0, 1e6);
	c->radial.range_max = c->radial.range_auto ? 0 : random_between(r, 0, 1e6);
	c->radial.polarisation_on = random_below(r, 2);
	c->radial.polarisation = c->radial.polarisation_on ? random_between(r, -1, 1) : 0;
	c->spots.gain = random_between(r, 0.01, 100);
	c->spots.threshold = (uint32_t)random_u64(r);
	c->spots.masked_is_background = random_below(r, 2);
	c->hit.background_q_min = random_between(r, 0, 1e3);
	random_text(r, c->hit.channel, sizeof c->hit.channel);
	c->keep.misses = random_below(r, 2);
	c->keep.sample_misses = random_between(r, 0, 1);
	c->output.when_blocked = random_below(r, 2);
	random_text(r, c->output.directory, sizeof c->output.directory);
	c->machine.slots = random_below(r, 2) ? 0 : 2 + random_below(r, 1000);
}

static void any_configuration_reads_back_as_it_was_printed(void **state)
{
	struct random r;
	struct config *given = malloc(sizeof *given);

	random_seed(&r);
	for (int i = 0; i < 200; i++) {
		char *text;

		random_config(&r, given);
		text = config_print(given, i & 1);
		assert_non_null(text);
		if (load_text(text))
			fail_msg("%s in\n%s", message, text);
		assert_memory_equal(&config, given, sizeof config);
		free(text);
	}
	free(given);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_documented_configuration_is_the_default_one),
		cmocka_unit_test(defaults_are_as_documented),
		cmocka_unit_test(every_form_of_a_value_is_taken),
		cmocka_unit_test(assignments_reach_every_place),
		cmocka_unit_test(paths_of_a_file_are_relative_to_it),
		cmocka_unit_test(mistakes_in_a_file_are_told_in_words),
		cmocka_unit_test(mistakes_in_an_assignment_are_told_in_words),
		cmocka_unit_test(what_no_single_key_shows_is_checked),
		cmocka_unit_test(hostile_files_are_refused),
		cmocka_unit_test(damaged_files_are_read_or_refused),
		cmocka_unit_test(any_configuration_reads_back_as_it_was_printed),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
