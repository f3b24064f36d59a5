/* decide.h - the storage policy, as a function. */
#ifndef PIPELINE_DECIDE_H
#define PIPELINE_DECIDE_H

#include <stdbool.h>

#include "host/record.h"
#include "host/stream.h"
#include "kernels/score.h"
#include "pipeline/config.h"
#include "pipeline/hit.h"

/* Does the hit rule hold for these scores? */
bool decide_hit(const struct hit_rule *rule, const struct score *score, const struct result *result);
bool decide_keep(const struct config *config, enum record_status status, bool hit, const struct stream_image *image);

#endif
