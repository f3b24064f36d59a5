/* known.c - frames for self-tests, and their comparison (known.h). */
#include "kernels/known.h"

#include <string.h>

uint32_t known_next(uint32_t *seed)
{
	*seed ^= *seed << 13; /* xorshift (Marsaglia 2003) */
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

void known_image(const struct image_shape *shape, uint32_t *seed, uint8_t *pixels)
{
	for (uint32_t i = 0; i < image_pixels(shape); i++) {
		uint32_t x = i % shape->width, y = i / shape->width, v = known_next(seed) % 3;

		if (x % 17 < 3 && y % 9 < 3)
			v += 20 + known_next(seed) % (shape->type == PIXEL_U8 ? 100 : 5000);
		if (known_next(seed) % 100 == 0)
			v = pixel_max(shape->type) - known_next(seed) % 2;
		memcpy(pixels + ((size_t)i << shape->type), &v, pixel_bytes(shape->type)); /* little-endian */
	}
}

void known_mask(const struct image_shape *shape, uint32_t *seed, uint8_t *mask)
{
	memset(mask, 0, image_pixels(shape));
	for (uint32_t i = 0; i < image_pixels(shape); i += 1 + known_next(seed) % 60)
		mask[i] = 1;
}

bool known_is_alike(const struct engine_item *item, const struct engine_item *truth, uint32_t n_bins)
{
	for (uint32_t i = 0; i < truth->result->n_spots; i++) /* members alone: what lies between them is nobody's */
		if (memcmp(&item->spots[i], &truth->spots[i], offsetof(struct spot, y_max) + sizeof item->spots[i].y_max))
			return false;
	return !memcmp(item->result, truth->result, sizeof *item->result) && !memcmp(item->bin_sum, truth->bin_sum, n_bins * sizeof *item->bin_sum) &&
	       !memcmp(item->bin_count, truth->bin_count, n_bins * sizeof *item->bin_count) &&
	       !memcmp(item->strong, truth->strong, truth->result->n_strong * sizeof *item->strong);
}
