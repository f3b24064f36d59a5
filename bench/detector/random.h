/* random.h - random numbers that depend on nothing but their key.
 *
 * For everything the simulated detector decides: the same seed gives the same frames, faults and orientations on every machine and with any
 * number of threads, because each thing draws from a stream keyed by what it is (seed, purpose, number) and not by when it is made.
 * random_hash is SplitMix64's finaliser over the key (Steele, Lea, Flood 2014), the stream is xoshiro256++ (Blackman, Vigna 2019). */
#ifndef BENCH_DETECTOR_RANDOM_H
#define BENCH_DETECTOR_RANDOM_H

#include <stdint.h>

/* What a number is drawn for; part of the key so that no two purposes share numbers. */
enum random_purpose {
	RANDOM_FRAME, RANDOM_ORIENTATION, RANDOM_STRUCTURE, RANDOM_PIXELS, RANDOM_SPOTS, RANDOM_CHANNEL, RANDOM_HIT, RANDOM_FAULT, RANDOM_DAMAGE,
	RANDOM_IDENTITY, RANDOM_FLATFIELD
};

static inline uint64_t random_mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15u;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

static inline uint64_t random_hash(uint64_t seed, enum random_purpose purpose, uint64_t a, uint64_t b)
{
	return random_mix(random_mix(random_mix(random_mix(seed) ^ (uint64_t)purpose) ^ a) ^ b);
}

/* Uniform in [0, 1), 53 bits. */
static inline double random_unit(uint64_t bits)
{
	return (double)(bits >> 11) * 0x1p-53;
}

struct random_stream {
	uint64_t s[4];
};

static inline void random_start(struct random_stream *r, uint64_t key)
{
	for (int i = 0; i < 4; i++)
		r->s[i] = key = random_mix(key);
}

static inline uint64_t random_rotl(uint64_t x, int k)
{
	return (x << k) | (x >> (64 - k));
}

static inline uint64_t random_next(struct random_stream *r)
{
	uint64_t *s = r->s, result = random_rotl(s[0] + s[3], 23) + s[0], t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = random_rotl(s[3], 45);
	return result;
}

static inline double random_next_unit(struct random_stream *r)
{
	return random_unit(random_next(r));
}

#endif
