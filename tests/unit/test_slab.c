/* test_slab.c - a slab is filled to its end and never beyond, whatever sizes the slab, payloads and tables have. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernels/codec.h"
#include "pipeline/slab.h"
#include "tests/support/random.h"

static int pin(struct engine_context *context, void *at, size_t bytes)
{
	return 0;
}

static void unpin(struct engine_context *context, void *at, size_t bytes)
{
}

static const struct engine engine = {.name = "slab", .pin = pin, .unpin = unpin};
static struct engines_entry device = {.engine = &engine};

/* Puts copies of one payload in until there is no room; all of them lie within the slab, one behind the other. How many. */
static unsigned fill(struct slab *slab, const struct payload *payload, const struct image_shape *shape)
{
	const uint8_t *begin = slab->memory.at, *end = begin;
	struct block_table table;
	unsigned n = 0;

	for (; n < 10000; n++) {
		struct payload mine = *payload;
		int rc = slab_put(slab, &mine, &table, shape);

		assert_true(slab->used_bytes <= slab->bytes);
		if (rc < 0) {
			assert_int_equal(rc, -ENOSPC);
			assert_ptr_equal(mine.bytes, payload->bytes);
			return n;
		}
		assert_true(mine.bytes >= end);
		assert_memory_equal(mine.bytes, payload->bytes, payload->len_bytes);
		end = begin + slab->used_bytes;
		assert_true(mine.bytes + mine.len_bytes <= end);
		assert_true((const uint8_t *)(table.offset + table.n_blocks + 1) <= end);
	}
	return n;
}

static void nothing_is_put_behind_the_end(void **state)
{
	static const struct image_shape shape = {64, 48, PIXEL_U16};
	struct random r;
	uint8_t pixels[64 * 48 * 2], packed[4 * sizeof(pixels)];

	random_seed(&r);
	for (size_t i = 0; i < sizeof(pixels); i++)
		pixels[i] = (uint8_t)random_below(&r, 4);
	for (size_t more = 0; more < 300; more++) {
		size_t bytes = 3 * sizeof(pixels) + more;
		struct slab slab = {0};
		const struct slab_cfg cfg = {.device = &device, .max_bytes = bytes, .numa_node = -1};
		struct payload payload = {pixels, sizeof(pixels), CODEC_NONE, 0};
		size_t len = sizeof(packed);

		assert_int_equal(slab_fit(&slab, &cfg, SIZE_MAX), 0);
		assert_int_equal(slab.bytes, bytes);
		assert_int_equal(fill(&slab, &payload, &shape), more < 3 * 64 ? 2 : 3);
		assert_int_equal(slab_fit(&slab, &cfg, SIZE_MAX), 0);
		assert_int_equal(codec_encode(CODEC_BSLZ4, &shape, 256u << random_below(&r, 5), pixels, packed, &len), 0);
		payload = (struct payload){packed, len, CODEC_BSLZ4, 2};
		assert_true(fill(&slab, &payload, &shape) >= 2);
		slab_close(&slab, &device);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_is_put_behind_the_end)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
