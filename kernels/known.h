/* known.h - made frames for engines that test themselves before they are trusted with any, and the comparison of what comes back with what the
 * reference says. Touches what it is given only. */
#ifndef KERNELS_KNOWN_H
#define KERNELS_KNOWN_H

#include "kernels/engine.h"

/* A number that follows from *seed alone, which goes on; not 0 to begin with. The same on every machine. */
uint32_t known_next(uint32_t *seed);

/* Few counts, some spots of 3 x 3 pixels, some pixels that say nothing: image_bytes(shape) bytes. */
void known_image(const struct image_shape *shape, uint32_t *seed, uint8_t *pixels);

/* A mask of image_pixels(shape) bytes that refuses one pixel in thirty. */
void known_mask(const struct image_shape *shape, uint32_t *seed, uint8_t *mask);

/* Whether two items hold the same answer: results, bins of the plan, and as much of the lists as `truth` has. Both wanted everything. */
bool known_is_alike(const struct engine_item *item, const struct engine_item *truth, uint32_t n_bins);

#endif
