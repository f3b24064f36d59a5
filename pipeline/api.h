/* api.h - the answers over HTTP and WebSocket, put together as JSON (host/api.yaml). For the serve lane; what is the screen's is read under its lock. */
#ifndef PIPELINE_API_H
#define PIPELINE_API_H

#include <jansson.h>

#include "host/http.h"
#include "pipeline/live.h"

/* --- api_json.c: the words ------------------------------------------------------------------------------------------------------- */

json_t *api_number(double value);                 /* null where it is not finite; six digits, which is what a screen can use */
json_t *api_numbers(const struct record *record); /* what was concluded from a frame */
json_t *api_spots(const struct record *record);
json_t *api_floats(const float *values, uint32_t n);
json_t *api_doubles(const double *values, uint32_t n);
/* The answer out of a JSON value, which it takes over. -ENOMEM where that is NULL. */
int api_give(struct http_answer *out, json_t *root);
struct http_blob *api_blob(json_t *root);         /* a WebSocket's text; takes root over; NULL: not enough memory */
/* {"ok": false, "message": ...} with a status. */
int api_mistake(struct http_answer *out, int status, const char *message);
/* A parameter of the query with escapes resolved; false: it is not there, or too long. */
bool api_parameter(const char *query, const char *name, char *value, size_t bytes);

/* --- what there is ---------------------------------------------------------------------------------------------------------------- */

struct api {
	struct node *node;
	struct live *live;
	struct http *http;
	struct screens *screens;
	uint64_t next_monitor_id;                 /* the frame that the monitor's next gave out last */
	struct { uint64_t ticket, until_ns; } waiting[16]; /* for the monitor's next */
};

/* api_status.c */
json_t *api_status(struct api *api, bool brief);  /* brief: the ledger as {term: [total, run]} */
json_t *api_runs(struct api *api);
json_t *api_engines(struct api *api);
/* api_frames.c */
json_t *api_frame_list(struct live *live);
json_t *api_frame(const struct live_frame *frame, int channel, uint64_t mask_known); /* channel -1: all; rings only where mask_known is another */
int api_frames(struct api *api, const struct http_request *request, const char *rest, struct http_answer *out);
bool api_view(const char *query, struct live_view *view, char *why, size_t why_bytes);
/* api_monitor.c: the latest frame as DECTRIS' monitor gives it */
int api_monitor(struct api *api, const struct http_request *request, const char *rest, struct http_answer *out);
void api_monitor_turn(struct api *api);           /* answers those who wait for the next one */
/* api_curves.c: what changed after round; 0: everything. NULL where nothing did */
json_t *api_history(struct live *live, uint64_t round, uint64_t second);
json_t *api_radial(struct live *live, bool with_axis);
json_t *api_waterfall(struct live *live, uint32_t from, bool with_axis);
json_t *api_peakogram(struct live *live);
json_t *api_map(struct live *live);
int api_radial_text(struct live *live, struct http_answer *out);
int api_map_values(struct live *live, const char *query, struct http_answer *out);
/* api_config.c */
int api_config(struct api *api, const struct http_request *request, const char *rest, struct http_answer *out);
int api_trial(struct api *api, const struct http_request *request, struct http_answer *out);
json_t *api_options(struct node *node);
json_t *api_versions(struct node *node);

/* screens.c: the WebSockets */
int screens_open(struct screens **out, struct api *api);
void screens_close(struct screens **screens);
void screens_event(void *user, uint64_t client, enum http_event event, const char *text, size_t bytes);
void screens_turn(struct screens *screens);       /* often: gives each what is new, when it is ready */
void screens_job_done(struct screens *screens, struct live_job *job);
unsigned screens_count(const struct screens *screens);

#endif
