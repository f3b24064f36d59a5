/* api_frames.c - single frames: lists, results, pictures (api.h). What needs decoding becomes a job of the live lane. */
#include "pipeline/api.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const statuses[] = {"analysed", "unanalysed", "invalid"};

static json_t *head(const struct live_frame *f)
{
	const struct record *r = &f->channel[0].record;

	return json_pack("{s:I, s:I, s:I, s:I, s:f, s:b, s:b, s:s, s:s, s:o, s:o, s:o}", "id", (json_int_t)f->id, "run", (json_int_t)f->run, "series",
			 (json_int_t)f->series_id, "image", (json_int_t)f->image_id, "unix_s", (double)f->unix_ns / 1e9, "hit", (int)f->hit, "kept",
			 (int)f->kept, "status", statuses[f->status], "reason", f->reason, "n_spots", api_number(r->n_spots), "d_min",
			 api_number(r->d_min), "score", api_number(r->score));
}

json_t *api_frame_list(struct live *live)
{
	const struct live_frames *s = &live->frames;
	json_t *hits = json_array();

	for (unsigned i = s->n_hits; i-- > 0;)
		json_array_append_new(hits, head(s->hit[i]));
	return json_pack("{s:o, s:o, s:o}", "latest", s->latest ? json_integer((json_int_t)s->latest->id) : json_null(), "latest_hit",
			 s->n_hits ? json_integer((json_int_t)s->hit[s->n_hits - 1]->id) : json_null(), "hits", hits);
}

/* --- one frame --------------------------------------------------------------------------------------------------------- */

static json_t *rings(const struct live_scene *s)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < s->n_rings; i++)
		json_array_append_new(list, json_pack("{s:o, s:b, s:o, s:o}", "d", api_number(s->ring[i].d), "ice", (int)s->ring[i].ice, "x",
						      api_floats(s->ring[i].x, LIVE_RING_POINTS), "y", api_floats(s->ring[i].y, LIVE_RING_POINTS)));
	return list;
}

static json_t *geometry(const struct live_scene *s, bool with_rings)
{
	const struct geometry *g = &s->geometry;
	json_t *out;
	double x, y;

	if (!g->known)
		return json_null();
	geometry_beam_px(g, &x, &y);
	out = json_pack("{s:[o, o], s:o, s:[o, o], s:o}", "beam_px", api_number(x), api_number(y), "distance_mm", api_number(geometry_distance_mm(g)),
			"pixel_mm", api_number(g->pixel_x_mm), api_number(g->pixel_y_mm), "wavelength_angstrom", api_number(g->wavelength_angstrom));
	if (with_rings)
		json_object_set_new(out, "rings", rings(s));
	return out;
}

static json_t *channel_json(const struct live_channel *c, uint64_t mask_known)
{
	const struct live_scene *s = c->scene;
	json_t *out = json_pack("{s:s, s:I, s:I, s:i, s:I, s:s, s:I, s:o, s:o, s:I}", "name", c->name, "width", (json_int_t)c->pixels.width, "height",
				(json_int_t)c->pixels.height, "elem_bytes", (int)c->pixels.elem_bytes, "payload_bytes",
				(json_int_t)c->pixels.bytes.len, "engine", c->record.engine, "plan_version", (json_int_t)c->record.plan_version,
				"numbers", api_numbers(&c->record), "spots", api_spots(&c->record), "n_listed_spots",
				(json_int_t)c->record.n_listed_spots);

	json_object_set_new(out, "mask_version", json_integer(s ? (json_int_t)s->mask_version : 0));
	json_object_set_new(out, "saturation_value", s && s->saturation_value < INT64_MAX ? json_integer((json_int_t)s->saturation_value) : json_null());
	json_object_set_new(out, "geometry", s ? geometry(s, s->mask_version != mask_known) : json_null());
	return out;
}

json_t *api_frame(const struct live_frame *f, int channel, uint64_t mask_known)
{
	json_t *out = head(f), *channels = json_array();

	for (uint32_t i = 0; i < f->n_channels; i++)
		if (channel < 0 || (uint32_t)channel == i)
			json_array_append_new(channels, channel_json(&f->channel[i], mask_known));
	json_object_set_new(out, "channels", channels);
	return out;
}

/* Text columns: what every plotting program reads. */
static int radial_text(const struct live_channel *c, struct http_answer *out)
{
	const struct live_scene *s = c->scene;
	const struct record *r = &c->record;
	static const char *const units[] = {"q / (1/Angstrom)", "two_theta / degrees", "radius / mm"};
	char *text = NULL;
	size_t bytes;
	FILE *to;

	if (!s || !r->n_bins)
		return -ENOENT;
	to = open_memstream(&text, &bytes);
	if (!to)
		return -ENOMEM;
	fprintf(to, "# %s, q / (1/Angstrom), intensity / (counts/pixel), sigma / (counts/pixel), counts, pixels\n", units[s->unit]);
	for (uint32_t b = 0; b < r->n_bins; b++)
		fprintf(to, "%.9g %.9g %.7g %.7g %" PRIu64 " %u\n", s->axis[b], s->q[b], r->radial.intensity[b], r->radial.sigma[b],
			r->radial.bin_sum[b], r->radial.bin_count[b]);
	if (fclose(to)) {
		free(text);
		return -ENOMEM;
	}
	out->text = text;
	out->bytes = bytes;
	out->owned = true;
	return 0;
}

/* --- parameters -------------------------------------------------------------------------------------------------------- */

/* A whole number up to most, else the standard where it is not there; false: it is something else. */
static bool whole(const char *query, const char *name, uint32_t standard, uint32_t most, uint32_t *out)
{
	char text[16], *end;
	unsigned long long v;

	*out = standard;
	if (!api_parameter(query, name, text, sizeof(text)))
		return true;
	if (!text[0] || strspn(text, "0123456789") != strlen(text))
		return false;
	v = strtoull(text, &end, 10);
	*out = (uint32_t)v;
	return v <= most;
}

bool api_view(const char *query, struct live_view *v, char *why, size_t why_bytes)
{
	char text[64];
	int n = 0;

	*v = (struct live_view){.whole = true};
	snprintf(why, why_bytes, "channel and bin are whole numbers, bin at most 64");
	if (!whole(query, "channel", 0, STREAM_CHANNELS_MAX - 1, &v->channel) || !whole(query, "bin", 0, 64, &v->bin))
		return false;
	if (!api_parameter(query, "region", text, sizeof(text)))
		return true;
	v->whole = false;
	snprintf(why, why_bytes, "region is x,y,width,height in whole pixels");
	return strspn(text, "0123456789,") == strlen(text) && sscanf(text, "%5u,%5u,%5u,%5u%n", &v->x, &v->y, &v->width, &v->height, &n) == 4 &&
	       !text[n] && v->width && v->height;
}

static bool picture_parameters(const char *query, struct live_job *job)
{
	char scale[16] = "sqrt";
	uint32_t low, high;

	api_parameter(query, "scale", scale, sizeof(scale));
	job->scale = !strcmp(scale, "linear") ? LIVE_LINEAR : !strcmp(scale, "log") ? LIVE_LOG : LIVE_SQRT;
	if (!whole(query, "low", 0, UINT32_MAX, &low) || !whole(query, "high", 0, UINT32_MAX, &high))
		return false;
	job->limits = high > low;
	job->low = low;
	job->high = high;
	return job->scale != LIVE_SQRT || !strcmp(scale, "sqrt");
}

/* --- paths: /api/frames... --------------------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	enum live_task task;
} pictures[] = {{"image.png", LIVE_PNG}, {"image.tif", LIVE_TIFF}, {"image.raw", LIVE_TILE}, {"mask.raw", LIVE_MASK}};

/* Takes over the hold on the frame. */
static int ask_picture(struct api *api, const struct http_request *request, struct live_frame *frame, enum live_task task, struct http_answer *out)
{
	struct live_job *job = calloc(1, sizeof(*job));
	char why[96] = "scale is linear, sqrt or log; low and high are counts";
	bool fine;

	if (!job) {
		lock_take(&api->live->lock);
		live_frame_drop(frame);
		lock_leave(&api->live->lock);
		return -ENOMEM;
	}
	job->frame = frame;
	job->task = task;
	job->ticket = request->ticket;
	fine = picture_parameters(request->query, job) && api_view(request->query, &job->view, why, sizeof(why));
	if (!fine) {
		live_job_free(api->live, job);
		return api_mistake(out, 400, why);
	}
	if (task == LIVE_TIFF) {
		job->view.exact = true;
		job->view.bin = job->view.bin ? job->view.bin : 1;
	}
	live_ask(api->live, job);
	return HTTP_LATER;
}

/* Says what is known without decoding. Under the lock. */
static int describe(const struct live_frame *frame, const char *what, const char *query, struct http_answer *out)
{
	uint32_t channel;

	if (!*what)
		return api_give(out, api_frame(frame, -1, 0));
	if (strcmp(what, "radial.txt") || !whole(query, "channel", 0, frame->n_channels - 1, &channel))
		return -ENOENT;
	return radial_text(&frame->channel[channel], out);
}

int api_frames(struct api *api, const struct http_request *request, const char *rest, struct http_answer *out)
{
	struct live *live = api->live;
	struct live_frame *frame;
	char name[24] = "";
	size_t n;
	int rc;

	if (request->post)
		return -EPERM;
	if (*rest == '/')
		rest++;
	n = strcspn(rest, "/");
	if (n >= sizeof(name))
		return -ENOENT;
	memcpy(name, rest, n);
	rest += n + (rest[n] == '/');
	lock_take(&live->lock);
	if (!name[0]) {
		rc = api_give(out, api_frame_list(live));
		lock_leave(&live->lock);
		return rc;
	}
	frame = live_frames_find(&live->frames, name);
	lock_leave(&live->lock);
	if (!frame)
		return -ENOENT;
	for (unsigned i = 0; i < sizeof(pictures) / sizeof(pictures[0]); i++)
		if (!strcmp(rest, pictures[i].name))
			return ask_picture(api, request, frame, pictures[i].task, out);
	lock_take(&live->lock);
	rc = describe(frame, rest, request->query, out);
	live_frame_drop(frame);
	lock_leave(&live->lock);
	return rc;
}
