/* frame_file_store.c - one HDF5 dataset of frames: what is it, and its planes one by one. See frame_file_store.h. */
#include "host/frame_file_store.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/hdf5_filter.h"
#include "host/hdf5_get.h"

#define SIDE_MAX 65535
#define FRAMES_MAX ((uint64_t)1 << 40)
#define CHUNK_BYTES_MAX ((uint64_t)1 << 30)

void frame_file_say(const struct frame_file_words *words, const char *format, ...)
{
	va_list arguments;
	if (words->bytes == 0)
		return;
	va_start(arguments, format);
	vsnprintf(words->text, words->bytes, format, arguments);
	va_end(arguments);
}

/* --- what is it? ----------------------------------------------------------------------------------------------------------------- */

static int check_type(struct frame_file_store *store, const char *name, bool *little, const struct frame_file_words *words)
{
	hid_t type = H5Dget_type(store->dataset);
	H5T_class_t class = type < 0 ? H5T_NO_CLASS : H5Tget_class(type);
	size_t bytes = type < 0 ? 0 : H5Tget_size(type);
	bool is_signed = class == H5T_INTEGER && H5Tget_sign(type) != H5T_SGN_NONE;
	*little = bytes == 1 || (class == H5T_INTEGER && H5Tget_order(type) == H5T_ORDER_LE);
	if (type >= 0)
		H5Tclose(type);
	store->shape.elem_bytes = (uint8_t)bytes;
	if (class == H5T_INTEGER && !is_signed && (bytes == 1 || bytes == 2 || bytes == 4))
		return 0;
	if (is_signed)
		frame_file_say(words, "%s: %s holds signed %zu-bit pixels; only unsigned counts are analysed (what a negative value means differs between detectors)",
			       store->path, name, 8 * bytes);
	else if (class == H5T_FLOAT)
		frame_file_say(words, "%s: %s holds floating-point pixels; only unsigned integer counts are analysed", store->path, name);
	else
		frame_file_say(words, "%s: %s does not hold unsigned 8, 16 or 32 bit pixels", store->path, name);
	return -ENOTSUP;
}

static int check_shape(struct frame_file_store *store, const char *name, const struct stream_limits *limits, const struct frame_file_words *words)
{
	hsize_t dims[H5S_MAX_RANK];
	struct frame_file_shape *shape = &store->shape;
	hid_t space = H5Dget_space(store->dataset);
	int rank = space < 0 ? -1 : H5Sget_simple_extent_ndims(space);
	if (rank >= 0)
		H5Sget_simple_extent_dims(space, dims, NULL);
	if (space >= 0)
		H5Sclose(space);
	if (rank < 2 || rank > 4) {
		frame_file_say(words, "%s: %s has %d dimensions; frames have 2, 3 or 4", store->path, name, rank);
		return -EBADMSG;
	}
	uint64_t frames = rank > 2 ? dims[0] : 1, channels = rank > 3 ? dims[1] : 1, height = dims[rank - 2], width = dims[rank - 1];
	if (height == 0 || width == 0 || height > SIDE_MAX || width > SIDE_MAX || height * width > limits->max_pixels || frames > FRAMES_MAX) {
		frame_file_say(words, "%s: %s holds %llu frames of %llu x %llu pixels; beyond the limits (%llu pixels)", store->path, name,
			       (unsigned long long)frames, (unsigned long long)width, (unsigned long long)height, (unsigned long long)limits->max_pixels);
		return -E2BIG;
	}
	if (channels == 0 || channels > limits->max_channels || channels > STREAM_CHANNELS_MAX) {
		frame_file_say(words, "%s: %s holds %llu channels per frame; at most %u are taken", store->path, name, (unsigned long long)channels,
			       limits->max_channels);
		return -E2BIG;
	}
	shape->rank = rank;
	shape->n_frames = frames;
	shape->n_channels = (uint32_t)channels;
	shape->height = (uint32_t)height;
	shape->width = (uint32_t)width;
	return 0;
}

/* Which codec the filter pipeline of a dataset is, -1 where only HDF5 itself undoes it; -ENOTSUP with words where nobody does. */
static int codec_of(struct frame_file_store *store, hid_t layout, const char *name, const struct frame_file_words *words)
{
	int n = H5Pget_nfilters(layout);
	if (n == 0)
		return STREAM_CODEC_NONE;
	for (int i = 0; i < n; i++) {
		unsigned flags, values[16] = {0};
		size_t n_values = 16;
		char label[64] = "";
		H5Z_filter_t id = H5Pget_filter2(layout, (unsigned)i, &flags, &n_values, values, sizeof label, label, NULL);
		if (id == HDF5_FILTER_LZ4 && n == 1)
			return STREAM_CODEC_LZ4_FRAMED;
		if (id == HDF5_FILTER_BSLZ4 && (n_values < 5 || values[4] != 2)) {
			frame_file_say(words, "%s: %s is bit-shuffled with compression %u; only LZ4 (2) is known", store->path, name,
				       n_values < 5 ? 0 : values[4]);
			return -ENOTSUP;
		}
		if (id == HDF5_FILTER_BSLZ4 && n == 1) {
			store->shuffle_bytes = (uint8_t)values[2];
			return values[2] == 1 || values[2] == 2 || values[2] == 4 ? STREAM_CODEC_BSLZ4 : -1;
		}
		if (id < 0 || H5Zfilter_avail(id) <= 0) {
			frame_file_say(words, "%s: %s is compressed with HDF5 filter %d (%s), which is not installed; HDF5_PLUGIN_PATH may name where it is",
				       store->path, name, (int)id, label);
			return -ENOTSUP;
		}
	}
	return -1;
}

static int check_chunks(struct frame_file_store *store, hid_t layout, const char *name, bool little, const struct frame_file_words *words)
{
	const struct frame_file_shape *s = &store->shape;
	hsize_t chunk[4] = {0};
	if (H5Pget_chunk(layout, 4, chunk) != s->rank)
		return -EBADMSG;
	uint64_t bytes = s->elem_bytes;
	bool frame_each = true;
	for (int d = 0; d < s->rank; d++) {
		if (chunk[d] == 0 || chunk[d] > CHUNK_BYTES_MAX / bytes) {
			frame_file_say(words, "%s: %s has chunks of more than 1 GiB", store->path, name);
			return -E2BIG;
		}
		bytes *= chunk[d];
		frame_each = frame_each && chunk[d] == (d == s->rank - 1 ? s->width : d == s->rank - 2 ? s->height : 1);
	}
	int codec = codec_of(store, layout, name, words);
	if (codec == -ENOTSUP)
		return codec;
	store->direct = frame_each && little && codec >= 0;
	store->codec = codec >= 0 ? (enum stream_codec)codec : STREAM_CODEC_NONE;
	return 0;
}

static int check_layout(struct frame_file_store *store, const char *name, bool little, const struct frame_file_words *words)
{
	hid_t layout = H5Dget_create_plist(store->dataset);
	H5D_layout_t kind = layout < 0 ? H5D_LAYOUT_ERROR : H5Pget_layout(layout);
	int rc = 0;
	if (kind == H5D_CHUNKED) {
		rc = check_chunks(store, layout, name, little, words);
	} else if (kind == H5D_VIRTUAL) {
		rc = frame_file_virtual_pieces(store, layout, words);
		if (rc == 0) {
			frame_file_say(words, "%s: the virtual dataset %s is not made of whole frames of named files", store->path, name);
			rc = -ENOTSUP;
		} else if (rc > 0) {
			rc = 0;
		}
	} else if (kind == H5D_CONTIGUOUS && H5Pget_external_count(layout) > 0) {
		frame_file_say(words, "%s: the pixels of %s lie in raw files outside; not read", store->path, name);
		rc = -ENOTSUP;
	} else if (kind < 0) {
		rc = -EBADMSG;
	}
	if (layout >= 0)
		H5Pclose(layout);
	return rc;
}

/* --- open and close -------------------------------------------------------------------------------------------------------------- */

/* Room for two chunks of several frames, so that their frames are not decompressed again and again. */
static hid_t open_dataset(hid_t file, const char *name)
{
	if (!hdf5_get_exists(file, name))
		return -1;
	hid_t access = H5Pcreate(H5P_DATASET_ACCESS);
	H5Pset_chunk_cache(access, 521, 64u << 20, 1.0);
	hid_t dataset = H5Dopen2(file, name, access);
	H5Pclose(access);
	return dataset;
}

static struct frame_file_store *new_store(const char *path, unsigned depth)
{
	struct frame_file_store *store = calloc(1, sizeof *store);
	if (!store)
		return NULL;
	store->file = store->dataset = store->ids = -1;
	store->depth = depth;
	store->path = strdup(path);
	if (!store->path) {
		free(store);
		return NULL;
	}
	return store;
}

static void read_image_nr(struct frame_file_store *store)
{
	double low;
	if (hdf5_get_attr_numbers(store->dataset, "image_nr_low", &low, 1) == 0 && low >= 1 && low < 9e15)
		store->image_nr_low = (uint64_t)low;
}

int frame_file_store_open(struct frame_file_store **out, const char *path, hid_t file, const char *dataset, unsigned depth,
			  const struct stream_limits *limits, const struct frame_file_words *words)
{
	bool little;
	int rc = -ENOMEM;
	*out = NULL;
	struct frame_file_store *store = new_store(path, depth);
	if (!store)
		return -ENOMEM;
	if (depth > FRAME_FILE_DEPTH_MAX) {
		frame_file_say(words, "%s: virtual datasets that lead to each other more than %d deep", path, FRAME_FILE_DEPTH_MAX);
		rc = -ELOOP;
		goto fail;
	}
	rc = 0;
	if (file >= 0)
		store->file = H5Iinc_ref(file) > 0 ? file : -1;
	else
		rc = hdf5_get_file(&store->file, path);
	if (rc || store->file < 0) {
		frame_file_say(words, "%s: %s", path, rc == -EBADMSG ? "not an HDF5 file" : strerror(-rc));
		goto fail;
	}
	store->dataset = open_dataset(store->file, dataset);
	rc = store->dataset < 0 ? -ENOENT : 0;
	if (rc) {
		frame_file_say(words, "%s: there is no dataset %s", path, dataset);
		goto fail;
	}
	if ((rc = check_type(store, dataset, &little, words)) || (rc = check_shape(store, dataset, limits, words)) ||
	    (rc = check_layout(store, dataset, little, words)))
		goto fail;
	read_image_nr(store);
	frame_file_ids_open(store, dataset);
	*out = store;
	return 0;
fail:
	frame_file_store_close(&store);
	return rc ? rc : -EBADMSG;
}

void frame_file_store_close(struct frame_file_store **pointer)
{
	struct frame_file_store *store = *pointer;
	*pointer = NULL;
	if (!store)
		return;
	for (size_t i = 0; i < FRAME_FILE_OPEN_MAX; i++)
		frame_file_store_close(&store->open[i].store);
	for (size_t i = 0; i < store->n_pieces; i++) {
		free(store->piece[i].file);
		free(store->piece[i].dataset);
	}
	free(store->piece);
	if (store->ids >= 0)
		H5Dclose(store->ids);
	if (store->dataset >= 0)
		H5Dclose(store->dataset);
	if (store->file >= 0)
		H5Idec_ref(store->file);
	free(store->path);
	free(store);
}

/* --- planes ---------------------------------------------------------------------------------------------------------------------- */

static int read_chunk(struct frame_file_store *store, const hsize_t at[4], uint8_t *buffer, size_t cap, struct frame_file_plane *plane,
		      const struct frame_file_words *words)
{
	uint64_t bytes = 0;
	uint32_t mask = 0;
	size_t raw = (size_t)store->shape.width * store->shape.height * store->shape.elem_bytes;
	if (hdf5_filter_stored(store->dataset, at, store->codec != STREAM_CODEC_NONE, &bytes)) {
		frame_file_say(words, "%s: frame %llu was never written", store->path, (unsigned long long)(store->shape.rank > 2 ? at[0] : 0));
		return -EBADMSG;
	}
	if (bytes > cap) {
		frame_file_say(words, "%s: a chunk of %llu bytes for a frame of %zu", store->path, (unsigned long long)bytes, raw);
		return -EBADMSG;
	}
	if (H5Dread_chunk(store->dataset, H5P_DEFAULT, at, &mask, buffer) < 0) {
		frame_file_say(words, "%s: frame %llu cannot be read", store->path, (unsigned long long)at[0]);
		return -EIO;
	}
	/* A set bit says that the filter was left out for this chunk. */
	plane->codec = mask & 1 ? STREAM_CODEC_NONE : store->codec;
	plane->shuffle_bytes = plane->codec == STREAM_CODEC_BSLZ4 ? store->shuffle_bytes : 0;
	plane->len = bytes;
	if (plane->codec == STREAM_CODEC_NONE && bytes != raw) {
		frame_file_say(words, "%s: frame %llu has %llu bytes instead of %zu", store->path, (unsigned long long)at[0], (unsigned long long)bytes, raw);
		return -EBADMSG;
	}
	return 0;
}

static int read_decoded(struct frame_file_store *store, const hsize_t at[4], uint8_t *buffer, size_t cap, struct frame_file_plane *plane,
			const struct frame_file_words *words)
{
	const struct frame_file_shape *s = &store->shape;
	hid_t type = s->elem_bytes == 1 ? H5T_STD_U8LE : s->elem_bytes == 2 ? H5T_STD_U16LE : H5T_STD_U32LE;
	hsize_t count[4] = {1, 1, 1, 1};
	size_t raw = (size_t)s->width * s->height * s->elem_bytes;
	if (raw > cap)
		return -ENOSPC;
	count[s->rank - 2] = s->height;
	count[s->rank - 1] = s->width;
	hid_t space = H5Dget_space(store->dataset), memory = H5Screate_simple(s->rank, count, NULL);
	bool good = hdf5_filter_begin(store->dataset, at, count) == 0 && space >= 0 && memory >= 0 && H5Sselect_hyperslab(space, H5S_SELECT_SET, at, NULL, count, NULL) >= 0 &&
		    H5Dread(store->dataset, type, memory, space, H5P_DEFAULT, buffer) >= 0;
	hdf5_filter_end();
	if (space >= 0)
		H5Sclose(space);
	if (memory >= 0)
		H5Sclose(memory);
	if (!good) {
		frame_file_say(words, "%s: frame %llu cannot be read or decompressed", store->path, (unsigned long long)(s->rank > 2 ? at[0] : 0));
		return -EIO;
	}
	plane->codec = STREAM_CODEC_NONE;
	plane->shuffle_bytes = 0;
	plane->len = raw;
	return 0;
}

/* The store of a piece, opened if need be in place of the one that was used longest ago. */
static int open_piece(struct frame_file_store *store, size_t i, const struct stream_limits *limits, struct frame_file_store **out,
		      const struct frame_file_words *words)
{
	char path[FRAME_FILE_PATH_MAX];
	const struct frame_file_piece *piece = &store->piece[i];
	struct frame_file_open_piece *oldest = &store->open[0];
	for (size_t k = 0; k < FRAME_FILE_OPEN_MAX; k++) {
		struct frame_file_open_piece *o = &store->open[k];
		const struct frame_file_piece *p = &store->piece[o->piece];
		if (o->store && (o->piece == i || (!strcmp(p->file, piece->file) && !strcmp(p->dataset, piece->dataset)))) {
			o->used = ++store->clock;
			*out = o->store;
			return 0;
		}
		if (o->used < oldest->used)
			oldest = o;
	}
	frame_file_store_close(&oldest->store);
	int rc = frame_file_resolve(path, store->path, piece->file);
	if (rc) {
		frame_file_say(words, "%s: its frames lie in %s, which is missing", store->path, rc == -ENOENT ? path : piece->file);
		return rc;
	}
	rc = frame_file_store_open(&oldest->store, path, -1, piece->dataset, store->depth + 1, limits, words);
	if (rc)
		return rc;
	const struct frame_file_shape *a = &store->shape, *b = &oldest->store->shape;
	if (a->height != b->height || a->width != b->width || a->elem_bytes != b->elem_bytes) {
		frame_file_say(words, "%s: its frames are %u x %u of %u bytes, those of %s %u x %u of %u", store->path, a->width, a->height,
			       a->elem_bytes, path, b->width, b->height, b->elem_bytes);
		frame_file_store_close(&oldest->store);
		return -EBADMSG;
	}
	oldest->piece = i;
	oldest->used = ++store->clock;
	*out = oldest->store;
	return 0;
}

static int read_piece(struct frame_file_store *store, uint64_t frame, uint32_t channel, const struct stream_limits *limits, uint8_t *buffer,
		      size_t cap, struct frame_file_plane *plane, const struct frame_file_words *words)
{
	size_t piece;
	uint64_t there_frame;
	uint32_t there_channel;
	struct frame_file_store *there;
	if (frame_file_find(store, frame, channel, &piece, &there_frame, &there_channel)) {
		frame_file_say(words, "%s: nothing is mapped to frame %llu", store->path, (unsigned long long)frame);
		return -EBADMSG;
	}
	int rc = open_piece(store, piece, limits, &there, words);
	if (rc)
		return rc;
	if (store->piece[piece].whole) {
		there_channel = (uint32_t)(there_frame % there->shape.n_channels);
		there_frame /= there->shape.n_channels;
	}
	rc = frame_file_store_read(there, there_frame, there_channel, limits, buffer, cap, plane, words);
	if (!store->pieces_have_ids)
		plane->has_id = false;
	return rc;
}

int frame_file_store_read(struct frame_file_store *store, uint64_t frame, uint32_t channel, const struct stream_limits *limits, uint8_t *buffer,
			  size_t cap, struct frame_file_plane *plane, const struct frame_file_words *words)
{
	const struct frame_file_shape *s = &store->shape;
	int rc;
	if (frame >= s->n_frames || channel >= s->n_channels) {
		frame_file_say(words, "%s: there is no frame %llu, channel %u: %llu frames", store->path, (unsigned long long)frame, channel,
			       (unsigned long long)s->n_frames);
		return -EBADMSG;
	}
	hsize_t at[4] = {0};
	if (s->rank > 2)
		at[0] = frame;
	if (s->rank > 3)
		at[1] = channel;
	memset(plane, 0, sizeof *plane);
	if (store->n_pieces)
		rc = read_piece(store, frame, channel, limits, buffer, cap, plane, words);
	else if (store->direct)
		rc = read_chunk(store, at, buffer, cap, plane, words);
	else
		rc = read_decoded(store, at, buffer, cap, plane, words);
	if (rc == 0 && frame_file_ids_get(store, frame, &plane->id))
		plane->has_id = true;
	return rc;
}
