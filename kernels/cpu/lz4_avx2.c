/* lz4_avx2.c - LZ4 blocks with AVX2 (kernels/cpu/lz4.h). Writes its output and the slack behind it only.
 *
 * The way of lz4_avx512.c: bytes that were written a moment ago are not loaded again, which would wait for the stores; the last 32 stay in
 * registers, near matches permute them, and whether a match is near is never a branch. AVX2 permutes within 16 bytes only, so
 * the 32 are two vectors, each with its 16 bytes in both halves: what is picked from them has nothing to cross. */
#ifdef __x86_64__
#include <immintrin.h>
#include <string.h>

#include "kernels/cpu/lz4.h"

/* Or the state of the decoder goes through memory. */
#define ALWAYS_INLINE inline __attribute__((always_inline))

struct state {
	const uint8_t *in;
	uint8_t *out;
	size_t in_at, in_len, out_at, out_len;
	__m256i a, b; /* the 32 bytes before out + out_at: the first 16, twice, and the last 16, twice */
};

/* Loaded from 16 + n on: byte n of a vector and those after it, then zeros; from n on: 16 - n zeros and the first bytes. */
static const uint8_t window[48] __attribute__((aligned(16))) = {
#define EIGHT(n) n, n + 1, n + 2, n + 3, n + 4, n + 5, n + 6, n + 7
#define NONES 128, 128, 128, 128, 128, 128, 128, 128
	NONES, NONES, EIGHT(0), EIGHT(8), NONES, NONES
};

/* Where near matches load from: nothing was just written here. Zeros, around which a short match may begin anywhere. */
static const uint8_t quiet[128];

static ALWAYS_INLINE __m256i twice(const uint8_t *at)
{
	return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)at));
}

static ALWAYS_INLINE __m256i load(const uint8_t *at)
{
	return _mm256_loadu_si256((const __m256i *)at);
}

static ALWAYS_INLINE void store(uint8_t *at, __m256i v)
{
	_mm256_storeu_si256((__m256i *)at, v);
}

/* Bytes of the last 32 by their index; 0 where that is LZ4_ELSEWHERE. */
static ALWAYS_INLINE __m256i pick(__m256i a, __m256i b, __m256i index)
{
	__m256i of_a = _mm256_shuffle_epi8(a, _mm256_adds_epu8(index, _mm256_set1_epi8(0x70)));
	__m256i of_b = _mm256_shuffle_epi8(b, _mm256_sub_epi8(index, _mm256_set1_epi8(16)));

	return _mm256_or_si256(of_a, of_b);
}

/* Adds length bytes up to one that is not 255. */
static ALWAYS_INLINE bool read_length(struct state *s, size_t *length)
{
	uint8_t more;

	do {
		if (s->in_at >= s->in_len)
			return false;
		more = s->in[s->in_at++];
		*length += more;
	} while (more == 255);
	return true;
}

/* n <= 16 bytes, twice in `more`, become the last. */
static ALWAYS_INLINE void push(struct state *s, __m256i more, size_t n)
{
	__m256i rest = twice(window + 16 + n), next = twice(window + n);

	s->a = _mm256_or_si256(_mm256_shuffle_epi8(s->a, rest), _mm256_shuffle_epi8(s->b, next));
	s->b = _mm256_or_si256(_mm256_shuffle_epi8(s->b, rest), _mm256_shuffle_epi8(more, next));
}

/* 15 literals or more. */
static ALWAYS_INLINE bool many_literals(struct state *s)
{
	const uint8_t *from;
	uint8_t *to = s->out + s->out_at;
	size_t n = 15, at = 0;

	if (!read_length(s, &n) || n > s->in_len - s->in_at || n > s->out_len - s->out_at)
		return false;
	from = s->in + s->in_at;
	do {
		store(to + at, load(from + at));
		at += 32;
	} while (at < n);
	if (n >= 32) {
		s->a = twice(from + n - 32);
		s->b = twice(from + n - 16);
	} else {
		push(s, twice(from), n < 16 ? n : 16);
		if (n > 16)
			push(s, twice(from + 16), n - 16);
	}
	s->in_at += n;
	s->out_at += n;
	return true;
}

static ALWAYS_INLINE void few_literals(struct state *s, size_t n)
{
	__m256i literals = twice(s->in + s->in_at);

	_mm_storeu_si128((__m128i *)(s->out + s->out_at), _mm256_castsi256_si128(literals));
	push(s, literals, n);
	s->in_at += n;
	s->out_at += n;
}

/* What is left of a match of more than 64 bytes, the first 64 of which are v and w. Each comparison saved is one that may be guessed wrong. */
static ALWAYS_INLINE void long_match(uint8_t *out, const struct lz4_patterns *p, size_t offset, size_t n, __m256i v, __m256i w)
{
	size_t at = 64, step;

	if (offset > LZ4_NEAR_AVX2) {
		const uint8_t *from = out - offset;

		do {
			store(out + at, load(from + at));
			store(out + at + 32, load(from + at + 32));
			at += 64;
		} while (at < n);
		return;
	}
	at = step = p->step[offset];
	do {
		store(out + at, v);
		store(out + at + 32, w);
		store(out + at + step, v);
		store(out + at + step + 32, w);
		store(out + at + 2 * step, v);
		store(out + at + 2 * step + 32, w);
		at += 3 * step;
	} while (at < n);
}

/* n bytes from `offset` back. Far ones are loaded, near ones picked from the last 32; the other of the two yields zeros. Compilers would
 * make a branch of the choice, which here were a coin toss. What the last bytes become is picked from what they were, not from the
 * match, and of a long match that repeats a pattern by where in it the end lies: nothing waits for stores. */
static ALWAYS_INLINE void copy_match(struct state *s, const struct lz4_patterns *p, size_t offset, size_t n)
{
	uint8_t *out = s->out + s->out_at;
	const uint8_t *from = out - offset, *still = quiet + 32, *index, *tail;
	size_t row = LZ4_NEAR_AVX2 + 1, end = n;
	__m256i v, w, a, b;

	__asm__("cmp %4, %2\n\tcmovbe %2, %0\n\tcmovbe %3, %1" : "+r"(row), "+r"(from) : "r"(offset), "r"(still), "i"(LZ4_NEAR_AVX2) : "cc");
	index = p->index[row];
	v = _mm256_or_si256(pick(s->a, s->b, load(index + 32)), load(from));
	store(out, v);
	w = _mm256_or_si256(pick(s->a, s->b, load(index + 64)), load(from + 32));
	store(out + 32, w);
	tail = from + n - 32;
	if (__builtin_expect(n > 64, 0)) {
		long_match(out, p, offset, n, v, w);
		end = 64;
		if (offset <= LZ4_NEAR_AVX2) {
			end = 32 + (uint32_t)(n - 32) % (uint32_t)offset;
			tail = quiet;
		}
	}
	a = twice(index + end);
	b = twice(index + end + 16);
	v = _mm256_blendv_epi8(pick(s->a, s->b, a), twice(tail), a);
	s->b = _mm256_blendv_epi8(pick(s->a, s->b, b), twice(tail + 16), b);
	s->a = v;
	s->out_at += n;
}

#define LZ4_BLOCK lz4_block_avx2
#define LZ4_NOTHING_YET .a = _mm256_setzero_si256(), .b = _mm256_setzero_si256()
#include "kernels/cpu/lz4_body.inc"
#endif
