/* damage.h - payloads that no longer decode. For series.c; pure but for its memory. */
#ifndef BENCH_DETECTOR_DAMAGE_H
#define BENCH_DETECTOR_DAMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "host/stream.h"

/* Copies a channel's payload and changes bytes of it until codec_decode refuses it. *copy is malloc'd (the caller frees it), as long as the
 * original. *undecodable: it is refused; false where no attempt was (uncompressed pixels, hardly else). -ENOMEM. */
int damage_payload(uint8_t **copy, bool *undecodable, const struct stream_channel *channel, uint64_t key);

#endif
