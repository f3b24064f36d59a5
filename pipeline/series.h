/* series.h - what is true of a run's series: what the detector announced, with the configuration's word over it. */
#ifndef PIPELINE_SERIES_H
#define PIPELINE_SERIES_H

#include "host/stream.h"
#include "kernels/geometry.h"
#include "pipeline/config.h"
#include "pipeline/run.h"

/* What was announced, or nothing, overridden by the configuration. Spans point into the run's start message. */
void series_announced(struct stream_start *out, const struct config *config, const struct run *run);
/* The same completed by what the frames showed: the series as it is to be said in files. */
void series_effective(struct stream_start *out, const struct config *config, const struct run *run);
/* Its geometry. *why: "" or why it is not known, in words. poni: the text of the configured file, or NULL. */
void series_geometry(struct geometry *out, const struct stream_start *series, const char *poni, const char **why);

#endif
