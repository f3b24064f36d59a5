/* cases.h - the frames of the benchmark: made by the suite itself, the same on every machine, so that figures compare between sites.
 *
 * A name reads SIZE-DENSITY-TYPE: 16m-typical-u16. Sparse frames have 0.02 photons per pixel under the spots of a crystal, typical ones 0.5,
 * dense ones 5; powder has rings and no crystal, 50 photons per pixel and up to 150 on the rings. Bit-shuffled LZ4, or with -lz4 at the end of the
 * name plain LZ4 in frames. recorded-NAME are frames of a recorded file (recorded.h). */
#ifndef BENCH_SUITE_CASES_H
#define BENCH_SUITE_CASES_H

#include <stdbool.h>
#include <stddef.h>

#include "kernels/codec.h"
#include "kernels/plan.h"

struct bench_case {
	const char *name;
	const char *model;   /* of the simulated detector */
	double mean;         /* photons per pixel of the background */
	enum pixel_type type;
	unsigned frames;     /* distinct ones */
	bool quick;          /* part of --quick */
	bool powder;         /* rings instead of a crystal */
	enum codec codec;    /* CODEC_NONE, which nobody measures: CODEC_BSLZ4 */
	const char *file;    /* recorded frames are read from here; NULL: they are made */
};

extern const struct bench_case bench_cases[];
extern const size_t bench_cases_n;

struct bench_frame {
	uint8_t *bytes;
	struct payload payload;
	struct block_table table;
};

/* A case made ready: its frames, compressed, with their block tables, and the plan they are analysed by. */
struct bench_set {
	const struct bench_case *made_of;
	struct image_shape shape;
	struct plan_settings settings; /* that the plan is made of, with the detector's mask */
	uint32_t *mask;                /* as the start message announces it */
	struct plan *plan;
	unsigned n;
	struct bench_frame *frame;
	double compressed_bytes; /* mean per frame */
};

/* threads: that make the frames. -ENOMEM, -EINVAL with a message. */
int bench_set_open(struct bench_set **out, const struct bench_case *made_of, unsigned threads, char *message, size_t message_bytes);
void bench_set_close(struct bench_set **set);

/* For recorded.c: a frame's payload becomes the set's (bytes: malloc'ed, taken whatever the outcome). */
int bench_set_keep(struct bench_set *set, unsigned frame, uint8_t *bytes, size_t len, enum codec codec);
/* When all are there. */
void bench_set_weigh(struct bench_set *set);

#endif
