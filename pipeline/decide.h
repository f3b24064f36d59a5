/* decide.h - the storage policy, as a function. */
#ifndef PIPELINE_DECIDE_H
#define PIPELINE_DECIDE_H

#include <stdbool.h>

#include "host/record.h"
#include "host/stream.h"
#include "pipeline/config.h"

bool decide_keep(const struct config *config, enum record_status status, bool hit, const struct stream_image *image);

#endif
