/* lz4.h - an LZ4 block decoder that is faster than liblz4's on bit planes. Private to kernels/cpu.
 *
 * It takes only what the format allows, which is what LZ4_decompress_safe accepts but for offset 0 and a short match that reaches into the
 * last literals; whatever it does not take is for LZ4_decompress_safe to decide on. So lz4_block accepts and refuses what that does, with
 * the same bytes. */
#ifndef KERNELS_CPU_LZ4_H
#define KERNELS_CPU_LZ4_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LZ4_IN_SLACK 64u   /* bytes that may be read behind the input */
#define LZ4_OUT_SLACK 256u /* bytes that may be written behind the output */
#define LZ4_OUT_AHEAD 32u  /* bytes that may be read before the output, whatever they are */
#define LZ4_NEAR 64u       /* offsets up to here are served from a vector of the last bytes */
#define LZ4_NEAR_AVX2 32u  /* with AVX2 */
#define LZ4_ELSEWHERE 0xa0u

/* How the next 64 bytes come out of the last 64, by offset; LZ4_NEAR + 1 stands for all larger ones. */
struct lz4_patterns {
	uint8_t from_last[LZ4_NEAR + 2][64]; /* 64 - offset + i % offset; from 64 on: out of another vector */
	uint8_t phase[LZ4_NEAR + 1][128];    /* i % offset */
	uint8_t step[LZ4_NEAR + 1];          /* largest multiple of offset up to 64 */
	uint8_t index[LZ4_NEAR_AVX2 + 2][96]; /* the last 32 bytes and the next 64, out of the last 32; LZ4_ELSEWHERE where not from there */
};

void lz4_patterns_make(struct lz4_patterns *patterns);

/* True where `in` is a block of exactly size_bytes that the format allows; these are then in `out`. Needs the slacks. */
bool lz4_block_avx512(const struct lz4_patterns *patterns, const uint8_t *in, size_t len_bytes, uint8_t *out, size_t size_bytes);
bool lz4_block_avx2(const struct lz4_patterns *patterns, const uint8_t *in, size_t len_bytes, uint8_t *out, size_t size_bytes);

#endif
