/* recorded.h - the recorded frames and what other programs made of them, for tests that compare with the outside world.
 *
 * Reads <data>/frames/NAME.h5 (NXmx, one bslz4 chunk per frame) by direct chunk reads, and <data>/frames/reference/NAME.h5. <data> is the
 * environment's SLUICE_DATA, else <SLUICE_SOURCE>/../shared/data. Absent data is a skip, damaged data a failure: everything here ends the
 * test with a message where a file that is there cannot be read. */
#ifndef TESTS_SUPPORT_RECORDED_H
#define TESTS_SUPPORT_RECORDED_H

#include <hdf5.h>

#include "kernels/engine.h"
#include "kernels/plan.h"

/* A file of frames. Release with recorded_close. */
struct recorded {
	hid_t file, dataset, reference; /* reference: the file of the same name beside */
	struct image_shape shape;
	uint32_t n_frames;
	uint32_t *mask;                 /* non-zero: do not use */
	struct geometry geometry;       /* as the reference file's attributes state it; known = false where they do not */
};

/* The folder that holds the frames; NULL where there is none (why, in words, at *reason). */
const char *recorded_folder(const char **reason);

/* Prints why the data is absent and ends the program with 77 if so; does nothing where it is there. */
void recorded_require(void);

struct recorded *recorded_open(const char *name);
void recorded_close(struct recorded **recorded);

/* A frame's compressed bytes as they lie in the file; free() them. */
uint8_t *recorded_payload(const struct recorded *recorded, uint32_t frame, struct payload *payload);

/* The settings that the references were made with, for this file. */
void recorded_settings(const struct recorded *recorded, struct plan_settings *settings);

/* A dataset of the reference file's group frame_NNN as doubles; free() it. NULL where there is no such dataset. columns: of a 2-D one, else 1. */
double *recorded_reference(const struct recorded *recorded, uint32_t frame, const char *name, size_t *rows, size_t *columns);

/* A number attribute of frame_NNN, as a double. Returns false where there is none. */
bool recorded_attribute(const struct recorded *recorded, uint32_t frame, const char *name, double *value);

/* The text of a file under frames/; free() it. */
char *recorded_text(const char *path_under_frames);

#endif
