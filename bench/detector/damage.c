/* damage.c - see damage.h. */
#include "bench/detector/damage.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/detector/pool.h"
#include "bench/detector/random.h"
#include "kernels/codec.h"

#define ATTEMPTS 64
#define LAST_RESORT 48
#define HEAD_BYTES 12 /* of the framed payloads: spared, so that the damage lies inside blocks and their lengths */

/* Damage of growing size: one byte at first, then whole runs (where pixels are random, most bytes are literals and any change of them decodes),
 * at last the first block's length. */
static void change(uint8_t *bytes, size_t len, unsigned attempt, struct random_stream *random)
{
	size_t first = len > 4 * HEAD_BYTES ? HEAD_BYTES : 0, run = 1 + attempt * attempt / 8;
	size_t at = first + (size_t)(random_next_unit(random) * (double)(len - first));

	if (attempt >= LAST_RESORT)
		at = first;
	for (size_t i = 0; i < run && at + i < len; i++)
		bytes[at + i] ^= (uint8_t)(1 + (random_next(random) >> 32) % 255);
}

int damage_payload(uint8_t **copy, bool *undecodable, const struct stream_channel *channel, uint64_t key)
{
	const struct stream_array *a = &channel->pixels;
	struct image_shape shape = { a->width, a->height, a->elem_bytes == 1 ? PIXEL_U8 : a->elem_bytes == 2 ? PIXEL_U16 : PIXEL_U32 };
	struct random_stream random;
	uint8_t *pixels = malloc(image_bytes(&shape));

	*copy = malloc(a->bytes.len + 1);
	*undecodable = false;
	if (!pixels || !*copy || !a->bytes.len) {
		free(pixels);
		free(*copy);
		*copy = NULL;
		return -ENOMEM;
	}
	random_start(&random, key);
	memcpy(*copy, a->bytes.at, a->bytes.len);
	for (unsigned i = 0; i < ATTEMPTS && !*undecodable; i++) {
		struct payload payload = { *copy, a->bytes.len, pool_codec(a->codec), a->shuffle_bytes };

		change(*copy, a->bytes.len, i, &random);
		*undecodable = codec_decode(&payload, &shape, pixels) != 0;
	}
	free(pixels);
	return 0;
}
