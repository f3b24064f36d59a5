/* write_bench.c - the file writer and write(2), in turns (write_bench.h). */
#include "bench/suite/write_bench.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bench/suite/folder.h"
#include "bench/suite/measure.h"
#include "bench/suite/plain_write.h"
#include "host/clock.h"
#include "host/nxmx_writer.h"

#define ROUNDS 7
#define QUICK_ROUNDS 1
#define FILE_BYTES 128e6       /* of a round, about */
#define QUICK_FILE_BYTES 2e6
#define FRAMES_MAX 20000u
#define FRAMES_OF_SET_MAX 64

bool write_bench_wants(const struct bench_case *c)
{
	return !strcmp(c->name, "16m-typical-u16") || !strcmp(c->name, "1m-typical-u16") || !strcmp(c->name, "arina-typical-u16");
}

struct writing {
	const struct bench_set *set;
	char folder[FOLDER_PATH_BYTES];
	unsigned frames;           /* of a round */
	struct plain_piece piece[FRAMES_OF_SET_MAX];
	double ms[2][ROUNDS];      /* per frame: plain, nxmx */
};

static struct stream_array array_of(const struct bench_set *set, const struct payload *p)
{
	static const enum stream_codec codecs[] = {
		[CODEC_NONE] = STREAM_CODEC_NONE, [CODEC_BSLZ4] = STREAM_CODEC_BSLZ4,
		[CODEC_LZ4_FRAMED] = STREAM_CODEC_LZ4_FRAMED, [CODEC_LZ4_RAW] = STREAM_CODEC_LZ4_RAW,
	};

	return (struct stream_array){
		.bytes = {p->bytes, p->len_bytes}, .width = set->shape.width, .height = set->shape.height, .elem_bytes = (uint8_t)pixel_bytes(set->shape.type),
		.codec = codecs[p->codec], .shuffle_bytes = p->shuffle_bytes,
	};
}

static int write_nxmx(struct writing *w)
{
	const struct nxmx_cfg cfg = {.directory = w->folder, .name = "run", .frames_per_file = 1000, .flush_interval_ms = 500, .config = "", .version = "bench"};
	struct nxmx_writer *writer = NULL;
	struct stream_start start;
	uint64_t bytes = 0;
	char message[256];
	int rc, closed;

	stream_start_clear(&start);
	start.width = w->set->shape.width;
	start.height = w->set->shape.height;
	start.elem_bytes = (uint8_t)pixel_bytes(w->set->shape.type);
	start.n_channels = 1;
	rc = nxmx_open(&writer, &cfg, &start, NULL, NULL, message, sizeof(message));
	for (unsigned i = 0; rc == 0 && i < w->frames; i++) {
		struct stream_array pixels = array_of(w->set, &w->set->frame[i % w->set->n].payload);

		rc = nxmx_frame(writer, 0, i, &pixels, &bytes);
		if (rc == 0)
			rc = nxmx_tick(writer, clock_monotonic_ns());
	}
	closed = nxmx_close(&writer, NULL);
	return rc < 0 ? rc : closed;
}

static int take_turns(struct writing *w, unsigned rounds)
{
	int rc = 0;

	for (unsigned r = 0; r < rounds && rc == 0; r++)
		for (unsigned who = 0; who < 2 && rc == 0; who++) {
			uint64_t begun_ns = clock_monotonic_ns();

			rc = who ? write_nxmx(w) : plain_write(w->folder, w->piece, w->set->n, w->frames);
			w->ms[who][r] = (double)(clock_monotonic_ns() - begun_ns) / 1e6 / w->frames;
			folder_empty(w->folder);
		}
	return rc;
}

static void say(const struct suite *suite, struct writing *w, unsigned rounds)
{
	static const char *const names[] = {"floor-write", "nxmx"};
	double floor_ms = 0;
	char name[64];

	snprintf(name, sizeof(name), "files-%s", w->set->made_of->name);
	for (unsigned who = 0; who < 2; who++) {
		struct contender c = {0};

		measure_conclude(&c, w->ms[who], rounds);
		floor_ms = who ? floor_ms : c.ms;
		suite_print(suite, &(struct bench_line){
			.case_name = name, .engine = names[who], .level = "", .device = "", .threads = 1, .batch = 1, .frames = rounds * w->frames,
			.ms_per_frame = c.ms, .frames_per_s = 1000 / c.ms, .floor_ms = floor_ms, .spread = c.spread,
			.mb_per_frame = w->set->compressed_bytes / 1e6,
		});
	}
}

int write_bench_run(const struct suite *suite, const struct bench_set *set)
{
	unsigned rounds = suite->cfg.quick ? QUICK_ROUNDS : ROUNDS;
	double frames = (suite->cfg.quick ? QUICK_FILE_BYTES : FILE_BYTES) / set->compressed_bytes;
	struct writing w = {.set = set, .frames = frames > FRAMES_MAX ? FRAMES_MAX : frames < 2 ? 2 : (unsigned)frames};
	char message[256] = "";
	int rc = set->n <= FRAMES_OF_SET_MAX ? folder_make(w.folder, suite->cfg.write_into, message, sizeof(message)) : -E2BIG;

	for (unsigned i = 0; rc == 0 && i < set->n; i++)
		w.piece[i] = (struct plain_piece){set->frame[i].bytes, set->frame[i].payload.len_bytes};
	if (rc == 0)
		rc = take_turns(&w, rounds);
	folder_remove(w.folder);
	if (rc == 0)
		say(suite, &w, rounds);
	else
		fprintf(stderr, "sluice-bench: case %s: files: %s\n", set->made_of->name, message[0] ? message : strerror(-rc));
	return rc;
}
