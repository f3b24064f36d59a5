/* models.h - which detectors the simulator can be: sizes, modules, gaps, pixels, and their masks.
 *
 * For options.c (names) and render.c (masks). Plain tables; sources: the makers' published formats. */
#ifndef BENCH_DETECTOR_MODELS_H
#define BENCH_DETECTOR_MODELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct model {
	const char *name;           /* as on the command line */
	const char *description;    /* as the detector announces itself */
	uint32_t width, height;     /* pixels, gaps included */
	uint32_t module_width, module_height; /* active pixels of a module; 0: one piece, no gaps */
	uint32_t gap_x, gap_y;      /* pixels between modules */
	double pixel_um;
	bool electrons;             /* an electron detector: other defaults for wavelength and cell */
};

extern const struct model models[];
extern const size_t models_n;

/* NULL where there is none; upper and lower case are the same. */
const struct model *model_find(const char *name);

/* Bits of a pixel mask, as detectors set them. */
#define MASK_GAP 1u
#define MASK_DEAD 2u

/* mask: width * height words. Sets MASK_GAP between the modules, all else 0. */
void model_gaps(const struct model *model, uint32_t *mask);

#endif
