/* keep.h - the reproducible random sample of misses.
 *
 * A frame's lot is a hash of its run and number, so every node, and every later pass over the same run, keeps the same frames; those kept at a
 * smaller fraction are among those kept at a larger one. Pure. */
#ifndef PIPELINE_KEEP_H
#define PIPELINE_KEEP_H

#include <stdbool.h>
#include <stdint.h>

/* Whether a miss is in the sample. unique_id: the series_unique_id; where it is "" (Stream v1 has none), series_id stands for it. fraction: 0 none,
 * 1 all. The hash, all in 64 bits: h = 0xcbf29ce484222325; for every byte of unique_id h = (h xor byte) * 0x100000001b3 (FNV-1a), or h = mix(series_id) where there is
 * none; lot = mix(h + 0x9e3779b97f4a7c15 * (image_id + 1)), where mix is the finaliser of splitmix64 (Steele, Lea, Flood 2014). The frame is kept if
 * (lot >> 11) / 2^53 < fraction. */
bool keep_sample(const char *unique_id, uint64_t series_id, uint64_t image_id, double fraction);

#endif
