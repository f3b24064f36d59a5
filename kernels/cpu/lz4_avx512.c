/* lz4_avx512.c - LZ4 blocks with AVX-512 VBMI (kernels/cpu/lz4.h).
 *
 * Two thirds of the sequences in bit planes have no literal and most matches reach back less than 64 bytes, to bytes that were written a
 * moment ago: loading those again waits for the stores. So the last 64 bytes stay in a register, near matches permute it, and
 * whether a match is near is a matter of addresses, never of a branch. */
#ifdef __x86_64__
#include <immintrin.h>
#include <string.h>

#include "kernels/cpu/lz4.h"

/* Or the state of the decoder goes through memory. */
#define ALWAYS_INLINE inline __attribute__((always_inline))

static const uint8_t iota[192] __attribute__((aligned(64))) = {
#define EIGHT(n) n, n + 1, n + 2, n + 3, n + 4, n + 5, n + 6, n + 7
#define SIXTY_FOUR(n) EIGHT(n), EIGHT(n + 8), EIGHT(n + 16), EIGHT(n + 24), EIGHT(n + 32), EIGHT(n + 40), EIGHT(n + 48), EIGHT(n + 56)
	SIXTY_FOUR(0), SIXTY_FOUR(64)
};

struct state {
	const uint8_t *in;
	uint8_t *out;
	size_t in_at, in_len, out_at, out_len;
	__m512i last; /* the 64 bytes before out + out_at */
};

/* The last 64 bytes after n <= 64 more. */
static ALWAYS_INLINE __m512i push(__m512i last, __m512i more, size_t n)
{
	return _mm512_permutex2var_epi8(last, _mm512_loadu_si512(iota + n), more);
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

/* 15 literals or more. */
static ALWAYS_INLINE bool many_literals(struct state *s)
{
	const uint8_t *from;
	uint8_t *to = s->out + s->out_at;
	size_t n = 15, at = 0;
	__m512i v;

	if (!read_length(s, &n) || n > s->in_len - s->in_at || n > s->out_len - s->out_at)
		return false;
	from = s->in + s->in_at;
	do {
		v = _mm512_loadu_si512(from + at);
		_mm512_storeu_si512(to + at, v);
		at += 64;
	} while (at < n);
	s->last = n >= 64 ? _mm512_loadu_si512(from + n - 64) : push(s->last, v, n);
	s->in_at += n;
	s->out_at += n;
	return true;
}

static ALWAYS_INLINE void few_literals(struct state *s, size_t n)
{
	__m128i literals = _mm_loadu_si128((const __m128i *)(s->in + s->in_at));

	_mm_storeu_si128((__m128i *)(s->out + s->out_at), literals);
	s->last = push(s->last, _mm512_zextsi128_si512(literals), n);
	s->in_at += n;
	s->out_at += n;
}

/* What is left of a match of more than 64 bytes, the first 64 of which are v. Most that repeat a pattern end within three more stores; each
 * comparison saved is one that may be guessed wrong. Returns the last 64 bytes. */
static ALWAYS_INLINE __m512i long_match(uint8_t *out, const struct lz4_patterns *p, size_t offset, size_t n, __m512i v)
{
	size_t at, step;

	if (offset > LZ4_NEAR) {
		const uint8_t *from = out - offset;

		at = 64;
		do {
			_mm512_storeu_si512(out + at, _mm512_loadu_si512(from + at));
			at += 64;
		} while (at < n);
		return _mm512_loadu_si512(from + n - 64);
	}
	at = step = p->step[offset];
	do {
		_mm512_storeu_si512(out + at, v);
		_mm512_storeu_si512(out + at + step, v);
		_mm512_storeu_si512(out + at + 2 * step, v);
		at += 3 * step;
	} while (at < n);
	return _mm512_permutexvar_epi8(_mm512_loadu_si512(p->phase[offset] + (uint32_t)(n - 64) % (uint32_t)offset), v);
}

/* n bytes from `offset` back. Far ones are loaded, near ones permuted; one permutation of both serves, where for a near one the load goes
 * to where nothing was just written. Compilers would make a branch of the choice, which here were a coin toss. What the last 64 bytes
 * become is permuted from what they were, not from the match: that is one step less for the next sequence to wait for. */
static ALWAYS_INLINE void copy_match(struct state *s, const struct lz4_patterns *p, size_t offset, size_t n)
{
	uint8_t *out = s->out + s->out_at;
	const uint8_t *from = out - offset, *quiet = p->from_last[0];
	size_t row = LZ4_NEAR + 1;
	__m512i pattern, far, match;

	__asm__("cmp %4, %2\n\tcmovbe %2, %0\n\tcmovbe %3, %1" : "+r"(row), "+r"(from) : "r"(offset), "r"(quiet), "i"(LZ4_NEAR) : "cc");
	pattern = _mm512_load_si512(p->from_last[row]);
	far = _mm512_loadu_si512(from);
	match = _mm512_permutex2var_epi8(s->last, pattern, far);
	_mm512_storeu_si512(out, match);
	if (__builtin_expect(n > 64, 0))
		s->last = long_match(out, p, offset, n, match);
	else
		s->last = _mm512_permutex2var_epi8(s->last, push(_mm512_load_si512(iota), pattern, n), far);
	s->out_at += n;
}

#define LZ4_BLOCK lz4_block_avx512
#define LZ4_NOTHING_YET .last = _mm512_setzero_si512()
#include "kernels/cpu/lz4_body.inc"
#endif
