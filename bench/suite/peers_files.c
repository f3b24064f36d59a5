/* peers_files.c - writing and removing (peers_files.h). */
#include "bench/suite/peers_files.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/suite/folder.h"
#include "kernels/geometry.h"

#define PATH_BYTES 1024

static int write_file(const struct peers_files *files, const char *name, const void *bytes, size_t n)
{
	char path[PATH_BYTES];
	FILE *f;
	int rc = 0;

	snprintf(path, sizeof(path), "%s/%s", files->directory, name);
	f = fopen(path, "wb");
	if (!f)
		return -errno;
	if (fwrite(bytes, 1, n, f) != n)
		rc = -errno;
	if (fclose(f) != 0 && rc == 0)
		rc = -errno;
	return rc;
}

static json_t *geometry_json(const struct geometry *g)
{
	double x, y;

	if (!g->known)
		return json_null();
	geometry_beam_px(g, &x, &y);
	return json_pack("{s:f, s:f, s:f, s:f, s:f, s:f}", "distance_m", geometry_distance_mm(g) / 1e3, "beam_x_px", x, "beam_y_px", y, "pixel_x_m",
			 g->pixel_x_mm / 1e3, "pixel_y_m", g->pixel_y_mm / 1e3, "wavelength_m", g->wavelength_angstrom * 1e-10);
}

static int write_case(const struct peers_files *files, const struct bench_set *set, unsigned rounds, double seconds)
{
	const struct plan_settings *s = &set->settings;
	json_t *o = json_pack("{s:s, s:i, s:i, s:i, s:i, s:I, s:i, s:f, s:o}", "case", set->made_of->name, "width", (int)set->shape.width, "height",
			      (int)set->shape.height, "pixel_bytes", (int)pixel_bytes(set->shape.type), "frames", (int)set->n, "invalid_from",
			      (json_int_t)set->plan->invalid_from, "rounds", (int)rounds, "seconds", seconds, "geometry", geometry_json(&s->geometry));
	json_t *analysis = json_pack("{s:i, s:i, s:f, s:f, s:i, s:i}", "radial_bins", (int)s->radial_bins, "kernel", (int)s->kernel, "sigma_background",
				     s->sigma_background, "sigma_strong", s->sigma_strong, "threshold", (int)s->threshold, "min_count",
				     (int)s->min_count);
	char *text = o && analysis && json_object_update(o, analysis) == 0 ? json_dumps(o, JSON_INDENT(1)) : NULL;
	int rc = text ? write_file(files, "case.json", text, strlen(text)) : -ENOMEM;

	free(text);
	json_decref(analysis);
	json_decref(o);
	return rc;
}

static int write_frames(const struct peers_files *files, const struct bench_set *set)
{
	size_t bytes = image_bytes(&set->shape);
	void *image = malloc(bytes);
	int rc = image ? 0 : -ENOMEM;

	for (unsigned i = 0; rc == 0 && i < set->n; i++) {
		char name[32];

		rc = codec_decode(&set->frame[i].payload, &set->shape, image);
		snprintf(name, sizeof(name), "frame_%03u.raw", i);
		if (rc == 0)
			rc = write_file(files, name, image, bytes);
		snprintf(name, sizeof(name), "frame_%03u.bslz4", i);
		if (rc == 0)
			rc = write_file(files, name, set->frame[i].bytes, set->frame[i].payload.len_bytes);
	}
	free(image);
	return rc;
}

int peers_files_write(struct peers_files *files, const struct bench_set *set, unsigned rounds, double seconds, char *message, size_t message_bytes)
{
	char why[256] = "";
	int rc = folder_make(files->directory, NULL, why, sizeof(why));

	if (rc < 0) {
		snprintf(message, message_bytes, "the peers' frames: %s", why);
		return rc;
	}
	rc = write_case(files, set, rounds, seconds);
	if (rc == 0)
		rc = write_file(files, "mask.raw", set->plan->mask, (size_t)set->shape.width * set->shape.height);
	if (rc == 0)
		rc = write_frames(files, set);
	if (rc < 0) {
		snprintf(message, message_bytes, "the peers' frames cannot be written to %s: %s", files->directory, strerror(-rc));
		peers_files_remove(files);
	}
	return rc;
}

void peers_files_remove(struct peers_files *files)
{
	folder_remove(files->directory);
}
