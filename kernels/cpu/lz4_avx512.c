/* lz4_avx512.c - LZ4 blocks with AVX-512 VBMI (kernels/cpu/lz4.h).
 *
 * Two thirds of the sequences in bit planes have no literal and most matches reach back less than 64 bytes, to bytes that were written a
 * moment ago: loading those again waits for the stores. So the last 64 bytes stay in a register, near matches permute it, and
 * whether a match is near is a matter of addresses, never of a branch. */
#ifdef __x86_64__
#include <immintrin.h>
#include <string.h>

#include "kernels/cpu/lz4.h"

#define LAST_LITERALS 5u /* the format: a match ends before these, */
#define MATCH_LIMIT 12u  /* and begins before these */
#define IN_LIMIT 8u      /* an offset, a token and the last literals */

/* Or the state of the decoder goes through memory. */
#define ALWAYS_INLINE inline __attribute__((always_inline))

static const uint8_t iota[192] __attribute__((aligned(64))) = {
#define EIGHT(n) n, n + 1, n + 2, n + 3, n + 4, n + 5, n + 6, n + 7
#define SIXTY_FOUR(n) EIGHT(n), EIGHT(n + 8), EIGHT(n + 16), EIGHT(n + 24), EIGHT(n + 32), EIGHT(n + 40), EIGHT(n + 48), EIGHT(n + 56)
	SIXTY_FOUR(0), SIXTY_FOUR(64)
};

struct state {
	const uint8_t *in, *in_end;
	uint8_t *out, *out_end;
	__m512i last; /* the 64 bytes before out */
};

/* The last 64 bytes after n <= 64 more. */
static inline __m512i push(__m512i last, __m512i more, size_t n)
{
	return _mm512_permutex2var_epi8(last, _mm512_loadu_si512(iota + n), more);
}

/* Adds length bytes up to one that is not 255. */
static ALWAYS_INLINE bool read_length(struct state *s, size_t *length)
{
	uint8_t more;

	do {
		if (s->in >= s->in_end)
			return false;
		more = *s->in++;
		*length += more;
	} while (more == 255);
	return true;
}

/* 15 literals or more. */
static ALWAYS_INLINE bool many_literals(struct state *s)
{
	size_t n = 15, at = 0;
	__m512i v;

	if (!read_length(s, &n) || n > (size_t)(s->in_end - s->in) || n > (size_t)(s->out_end - s->out))
		return false;
	do {
		v = _mm512_loadu_si512(s->in + at);
		_mm512_storeu_si512(s->out + at, v);
		at += 64;
	} while (at < n);
	s->last = n >= 64 ? _mm512_loadu_si512(s->in + n - 64) : push(s->last, v, n);
	s->in += n;
	s->out += n;
	return true;
}

/* What is left of a match of more than 64 bytes, the first 64 of which are v. */
static ALWAYS_INLINE void long_match(struct state *s, const struct lz4_patterns *p, size_t offset, size_t n, __m512i v)
{
	if (offset > LZ4_NEAR) {
		const uint8_t *from = s->out - offset;

		for (size_t at = 64; at < n; at += 64)
			_mm512_storeu_si512(s->out + at, _mm512_loadu_si512(from + at));
		s->last = _mm512_loadu_si512(from + n - 64);
		return;
	}
	for (size_t at = p->step[offset]; at < n; at += p->step[offset])
		_mm512_storeu_si512(s->out + at, v);
	s->last = _mm512_permutexvar_epi8(_mm512_loadu_si512(p->phase[offset] + (uint32_t)(n - 64) % (uint32_t)offset), v);
}

/* A compiler that sees where a mask comes from may make a branch of it, which here would be a coin toss. */
static inline int64_t hidden(int64_t mask)
{
	__asm__("" : "+r"(mask));
	return mask;
}

/* n bytes from `offset` back. Far ones are loaded, near ones permuted; one permutation of both serves, where for a near one the load goes
 * to where nothing was just written. */
static ALWAYS_INLINE void copy_match(struct state *s, const struct lz4_patterns *p, size_t offset, size_t n)
{
	int64_t far = hidden(((int64_t)LZ4_NEAR - (int64_t)offset) >> 63);
	const uint8_t *quiet = p->from_last[0];
	const uint8_t *from = quiet + (((s->out - quiet) - (int64_t)offset) & far);
	const uint8_t *pattern = p->from_last[offset + ((LZ4_NEAR + 1 - offset) & (uint64_t)far)];
	__m512i v = _mm512_permutex2var_epi8(s->last, _mm512_load_si512(pattern), _mm512_loadu_si512(from));

	_mm512_storeu_si512(s->out, v);
	if (__builtin_expect(n > 64, 0))
		long_match(s, p, offset, n, v);
	else
		s->last = push(s->last, v, n);
	s->out += n;
}

bool lz4_block_avx512(const struct lz4_patterns *p, const uint8_t *in, size_t len, uint8_t *out, size_t size)
{
	struct state s = {in, in + len, out, out + size, _mm512_setzero_si512()};
	const uint8_t *in_limit = in + (len > IN_LIMIT ? len - IN_LIMIT : 0), *out_limit;

	if (len == 0 || size < MATCH_LIMIT)
		return false;
	out_limit = out + size - MATCH_LIMIT;
	for (;;) {
		size_t token = *s.in++, n_literals = token >> 4, n_match = (token & 15) + 4, offset;
		uint16_t word;
		int64_t more;

		if (__builtin_expect(n_literals == 15, 0)) {
			if (!many_literals(&s))
				return false;
		} else {
			__m128i literals = _mm_loadu_si128((const __m128i *)s.in);

			_mm_storeu_si128((__m128i *)s.out, literals);
			s.last = push(s.last, _mm512_zextsi128_si512(literals), n_literals);
			s.in += n_literals;
			s.out += n_literals;
		}
		if (s.in > in_limit || s.out > out_limit)
			return s.in == s.in_end && s.out == s.out_end;
		memcpy(&word, s.in, sizeof word);
		offset = word;
		s.in += 2;
		more = hidden(-(int64_t)(n_match == 19)); /* mostly one byte more, or none */
		n_match += *s.in & more;
		s.in -= more;
		if (__builtin_expect(n_match == 19 + 255, 0) && !read_length(&s, &n_match))
			return false;
		if (offset - 1 >= (size_t)(s.out - out) || n_match > (size_t)(s.out_end - s.out) - LAST_LITERALS)
			return false;
		copy_match(&s, p, offset, n_match);
	}
}
#endif
