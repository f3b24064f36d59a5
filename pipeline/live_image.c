/* live_image.c - frames decoded and binned for the screen (live.h). The last frame decoded is kept: zooming and moving cost no decoding. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/live.h"
#include "pipeline/work.h"

#define SIDE_AIM 1024 /* pixels of the longer side where the bin is automatic */
#define BIN_MAX 64
#define HEAD_BYTES 48
#define STEPS 65536

int live_decode(struct live *live, const struct live_frame *f, uint32_t channel)
{
	struct live_decoded *d = &live->decoded;
	const struct stream_array *a = &f->channel[channel].pixels;
	struct image_shape shape = {a->width, a->height, a->elem_bytes == 1 ? PIXEL_U8 : a->elem_bytes == 2 ? PIXEL_U16 : PIXEL_U32};
	struct payload payload = stage_payload(a);
	int rc;

	if (d->frame == f->id && d->channel == channel)
		return 0;
	if (image_bytes(&shape) > d->room) {
		void *more = realloc(d->pixels, image_bytes(&shape));

		if (!more)
			return -ENOMEM;
		d->pixels = more;
		d->room = image_bytes(&shape);
	}
	d->frame = 0;
	rc = codec_decode(&payload, &shape, d->pixels);
	if (rc < 0)
		return rc;
	d->frame = f->id;
	d->channel = channel;
	d->shape = shape;
	return 0;
}

/* --- binning ----------------------------------------------------------------------------------------------------------- */

/* A row of output: the largest valid pixel of each bin x bin. "No data" is the type's largest value, so v + 1 wraps it to 0 and makes it the least.
 * First down the columns, which the compiler does many at a time, then along the row. */
#define BIN_ROW(NAME, TYPE)                                                                                                                   \
	static void NAME(void *to, const void *from, void *scratch, const struct live_tile *t, size_t stride, uint32_t in_width, uint32_t rows) \
	{                                                                                                                                     \
		TYPE *restrict most = scratch, *restrict out = to;                                                                            \
		const TYPE *restrict in = from;                                                                                               \
		for (uint32_t x = 0; x < in_width; x++)                                                                                       \
			most[x] = (TYPE)(in[x] + 1);                                                                                          \
		for (uint32_t r = 1; r < rows; r++)                                                                                           \
			for (uint32_t x = 0; x < in_width; x++) {                                                                             \
				TYPE v = (TYPE)(in[r * stride + x] + 1);                                                                      \
				most[x] = v > most[x] ? v : most[x];                                                                          \
			}                                                                                                                     \
		for (uint32_t x = 0, at = 0; x < t->width; x++) {                                                                             \
			uint32_t end = at + t->bin < in_width ? at + t->bin : in_width;                                                       \
			TYPE v = 0;                                                                                                           \
			for (; at < end; at++)                                                                                                \
				v = most[at] > v ? most[at] : v;                                                                              \
			out[x] = (TYPE)(v - 1);                                                                                               \
		}                                                                                                                             \
	}
BIN_ROW(bin_row_8, uint8_t)
BIN_ROW(bin_row_16, uint16_t)
BIN_ROW(bin_row_32, uint32_t)

static int bin_rows(struct live_tile *t, const struct live_decoded *d, uint32_t in_width, uint32_t in_height)
{
	static void (*const rows_of[])(void *, const void *, void *, const struct live_tile *, size_t, uint32_t, uint32_t) = {
		[PIXEL_U8] = bin_row_8, [PIXEL_U16] = bin_row_16, [PIXEL_U32] = bin_row_32,
	};
	void *scratch = malloc((size_t)in_width << t->type);

	if (!scratch)
		return -ENOMEM;
	for (uint32_t y = 0; y < t->height; y++) {
		uint32_t first = y * t->bin, rows = first + t->bin < in_height ? t->bin : in_height - first;
		size_t from = (size_t)(t->y + first) * d->shape.width + t->x, to = (size_t)y * t->width;

		rows_of[t->type]((char *)t->pixels + (to << t->type), (const char *)d->pixels + (from << t->type), scratch, t, d->shape.width,
				 in_width, rows);
	}
	free(scratch);
	return 0;
}

/* --- what the screen needs to know of it ------------------------------------------------------------------------------- */

static uint32_t pixel(const struct live_tile *t, size_t i)
{
	return t->type == PIXEL_U8 ? ((const uint8_t *)t->pixels)[i] : t->type == PIXEL_U16 ? ((const uint16_t *)t->pixels)[i] :
	       ((const uint32_t *)t->pixels)[i];
}

static uint32_t percentile(const uint32_t *count, uint64_t n, double fraction)
{
	uint64_t wanted = (uint64_t)((double)n * fraction), below = 0;
	uint32_t v = 0;

	while (v + 1 < STEPS && (below += count[v]) <= wanted)
		v++;
	return v;
}

/* Values from 65535 on count as that in the percentiles, which nobody needs finer. */
static int look(struct live_tile *t)
{
	uint32_t *count = calloc(STEPS, sizeof(*count)), none = pixel_max(t->type);
	size_t n = (size_t)t->width * t->height;
	uint64_t valid = 0;

	if (!count)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		uint32_t v = pixel(t, i);

		if (v == none)
			continue;
		valid++;
		count[v < STEPS ? v : STEPS - 1]++;
		t->max = v > t->max ? v : t->max;
	}
	t->low = valid ? percentile(count, valid, 0.01) : 0;
	t->high = valid ? percentile(count, valid, 0.999) : 0;
	free(count);
	return 0;
}

/* Half the bytes where the values allow it. */
static void narrow(struct live_tile *t)
{
	size_t n = (size_t)t->width * t->height;
	uint32_t *from = t->pixels;
	uint16_t *to = t->pixels;

	if (t->type != PIXEL_U32 || t->max >= 0xffff)
		return;
	for (size_t i = 0; i < n; i++) {
		uint32_t v; /* in place: read before it is written over */

		memcpy(&v, from + i, sizeof(v));
		v = v == 0xffffffffu ? 0xffffu : v;
		memcpy((char *)to + 2 * i, &(uint16_t){(uint16_t)v}, 2);
	}
	t->type = PIXEL_U16;
}

/* --- tiles ------------------------------------------------------------------------------------------------------------- */

/* Sets the tile's place and size and takes its memory; the region's own size in pixels goes to *in_width and *in_height. */
static int lay_out(struct live_tile *t, const struct live_view *v, const struct image_shape *shape, uint32_t *in_width, uint32_t *in_height)
{
	uint32_t longer;

	*in_width = v->whole ? shape->width : v->width;
	*in_height = v->whole ? shape->height : v->height;
	t->x = v->whole ? 0 : v->x;
	t->y = v->whole ? 0 : v->y;
	if (t->x >= shape->width || t->y >= shape->height || !*in_width || !*in_height || v->bin > BIN_MAX)
		return -EINVAL;
	*in_width = *in_width < shape->width - t->x ? *in_width : shape->width - t->x;
	*in_height = *in_height < shape->height - t->y ? *in_height : shape->height - t->y;
	longer = *in_width > *in_height ? *in_width : *in_height;
	t->bin = v->bin ? v->bin : (longer + SIDE_AIM - 1) / SIDE_AIM;
	while (v->most_pixels && (uint64_t)(*in_width / t->bin + 2) * (*in_height / t->bin + 2) > v->most_pixels)
		t->bin++;
	*in_width += t->x % t->bin; /* begins where a bin does */
	*in_height += t->y % t->bin;
	t->x -= t->x % t->bin;
	t->y -= t->y % t->bin;
	t->width = (*in_width + t->bin - 1) / t->bin;
	t->height = (*in_height + t->bin - 1) / t->bin;
	t->type = shape->type;
	t->pixels = malloc(((size_t)t->width * t->height) << t->type);
	return t->pixels ? 0 : -ENOMEM;
}

int live_tile(struct live *live, const struct live_frame *f, const struct live_view *v, struct live_tile *t)
{
	uint32_t in_width, in_height;
	int rc = v->channel < f->n_channels ? live_decode(live, f, v->channel) : -ENOENT;

	*t = (struct live_tile){.id = f->id, .hit = f->hit};
	if (rc == 0)
		rc = lay_out(t, v, &live->decoded.shape, &in_width, &in_height);
	if (rc < 0)
		return rc;
	rc = bin_rows(t, &live->decoded, in_width, in_height);
	if (rc == 0)
		rc = look(t);
	if (rc == 0 && !v->exact)
		narrow(t);
	if (rc < 0)
		free(t->pixels);
	return rc;
}

static bool any_used(const struct live_scene *s, const struct live_tile *t, uint32_t x, uint32_t y)
{
	uint32_t x_end = t->x + (x + 1) * t->bin, y_end = t->y + (y + 1) * t->bin;

	for (uint32_t v = t->y + y * t->bin; v < y_end && v < s->shape.height; v++)
		for (uint32_t u = t->x + x * t->bin; u < x_end && u < s->shape.width; u++) {
			size_t i = (size_t)v * s->shape.width + u;

			if (s->mask[i / 8] >> i % 8 & 1)
				return true;
		}
	return false;
}

int live_mask_tile(const struct live_frame *f, const struct live_view *v, struct live_tile *t)
{
	const struct live_scene *s = v->channel < f->n_channels ? f->channel[v->channel].scene : NULL;
	uint32_t in_width, in_height;
	struct image_shape shape;
	int rc;

	*t = (struct live_tile){.id = f->id, .hit = f->hit, .high = 1, .max = 1};
	if (!s)
		return -ENOENT;
	shape = (struct image_shape){s->shape.width, s->shape.height, PIXEL_U8};
	rc = lay_out(t, v, &shape, &in_width, &in_height);
	if (rc < 0)
		return rc;
	for (uint32_t y = 0; y < t->height; y++)
		for (uint32_t x = 0; x < t->width; x++)
			((uint8_t *)t->pixels)[(size_t)y * t->width + x] = any_used(s, t, x, y);
	return 0;
}

static void put(unsigned char *at, uint64_t v, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		at[i] = (unsigned char)(v >> 8 * i);
}

struct http_blob *live_tile_blob(const struct live_tile *t)
{
	size_t bytes = ((size_t)t->width * t->height) << t->type;
	struct http_blob *blob = http_blob_make(HEAD_BYTES + bytes);
	const uint32_t words[] = {t->x, t->y, t->bin, t->width, t->height, t->low, t->high, t->max};

	if (!blob)
		return NULL;
	blob->binary = true;
	memcpy(blob->at, "SLT1", 4);
	put(blob->at + 4, HEAD_BYTES, 2);
	blob->at[6] = (unsigned char)t->type;
	blob->at[7] = t->hit;
	put(blob->at + 8, t->id, 8);
	for (unsigned i = 0; i < 8; i++)
		put(blob->at + 16 + 4 * i, words[i], 4);
	memcpy(blob->at + HEAD_BYTES, t->pixels, bytes);
	return blob;
}
