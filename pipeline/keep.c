/* keep.c - the reproducible random sample of misses. Pure. */
#include "pipeline/keep.h"

static uint64_t mix(uint64_t z)
{
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static uint64_t hash_text(const char *text)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 0x100000001b3u;
	return h;
}

bool keep_sample(const char *unique_id, uint64_t series_id, uint64_t image_id, double fraction)
{
	uint64_t run = unique_id[0] ? hash_text(unique_id) : mix(series_id);
	uint64_t lot = mix(run + 0x9e3779b97f4a7c15u * (image_id + 1));

	return (double)(lot >> 11) * 0x1p-53 < fraction;
}
