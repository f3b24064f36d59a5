/* frame_file_store.h - one HDF5 dataset of frames, or several that are joined (virtual dataset, external links), read plane by plane.
 *
 * For frame_file.c only. A store that is joined consists of pieces; each names the file, the dataset and the planes it stands for, and its own store is
 * opened when a frame of it is wanted. Every word in a file is checked before it is used. */
#ifndef HOST_FRAME_FILE_STORE_H
#define HOST_FRAME_FILE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include <hdf5.h>

#include "host/stream.h"

#define FRAME_FILE_PATH_MAX 4096
#define FRAME_FILE_DEPTH_MAX 6 /* virtual datasets of virtual datasets: deeper is a loop */
#define FRAME_FILE_OPEN_MAX 8  /* stores of pieces kept open, per joined store */
#define FRAME_FILE_IDS 1024    /* original numbers read at once */

/* Where a message in words goes. */
struct frame_file_words {
	char *text;
	size_t bytes;
};
void frame_file_say(const struct frame_file_words *words, const char *format, ...) __attribute__((format(printf, 2, 3)));

struct frame_file_shape {
	int rank;            /* 2: one frame; 3: frames; 4: frames and channels */
	uint64_t n_frames;
	uint32_t n_channels, height, width;
	uint8_t elem_bytes;
};

/* The dimensions before the last two as a regular selection: index k of dimension d lies at start + k / block * stride + k % block. */
struct frame_file_planes {
	uint64_t start[2], stride[2], count[2], block[2];
};

struct frame_file_piece {
	struct frame_file_planes here, there;
	char *file, *dataset;    /* file: as the link says; "." the same file */
	bool missing;
	bool whole;              /* all of the other dataset: there counts planes, whichever its dimensions are */
};

struct frame_file_open_piece {
	struct frame_file_store *store;
	size_t piece;
	uint64_t used;
};

struct frame_file_store {
	char *path;              /* of the file */
	hid_t file, dataset, ids;
	struct frame_file_shape shape;
	unsigned depth;
	bool direct;             /* a chunk is a frame, in a codec that we hand out */
	enum stream_codec codec; /* of the chunks */
	uint8_t shuffle_bytes;
	struct frame_file_piece *piece;
	size_t n_pieces, last_piece;
	struct frame_file_open_piece open[FRAME_FILE_OPEN_MAX];
	uint64_t clock;
	bool pieces_have_ids;    /* the original numbers are beside the pieces' own data */
	uint64_t image_nr_low;   /* 1-based number of the first frame; 0: not said */
	uint64_t n_ids, first_cached, n_cached;
	uint64_t cached[FRAME_FILE_IDS];
};

/* One plane as it was read. */
struct frame_file_plane {
	size_t len;
	enum stream_codec codec;
	uint8_t shuffle_bytes;
	bool has_id;
	uint64_t id;
};

/* Opens dataset of the file at path (file >= 0: already open, stays the caller's). -errno with words. */
int frame_file_store_open(struct frame_file_store **out, const char *path, hid_t file, const char *dataset, unsigned depth,
			  const struct stream_limits *limits, const struct frame_file_words *words);

/* Joins the datasets data_000001 ... of group into one store. */
int frame_file_store_join(struct frame_file_store **out, const char *path, hid_t group, uint64_t n_announced, const struct stream_limits *limits,
			  const struct frame_file_words *words);

int frame_file_store_read(struct frame_file_store *store, uint64_t frame, uint32_t channel, const struct stream_limits *limits, uint8_t *buffer,
			  size_t cap, struct frame_file_plane *plane, const struct frame_file_words *words);
void frame_file_store_close(struct frame_file_store **store);

/* The pieces of a virtual dataset (frame_file_virtual.c). 1: there are pieces; 0: mapped in a way that only HDF5 itself resolves. */
int frame_file_virtual_pieces(struct frame_file_store *store, hid_t layout, const struct frame_file_words *words);

/* Full path of a file that a link or a mapping in the file at path names; -ENOENT where there is none (out then holds the likeliest). */
int frame_file_resolve(char out[FRAME_FILE_PATH_MAX], const char *path, const char *name);

/* The piece that holds a plane, and the plane's place in it; -ENOENT where nothing is mapped. */
int frame_file_find(struct frame_file_store *store, uint64_t frame, uint32_t channel, size_t *piece, uint64_t *there_frame, uint32_t *there_channel);

/* Original number of a frame from the dataset beside the data. false: the file keeps none. */
bool frame_file_ids_open(struct frame_file_store *store, const char *dataset);
bool frame_file_ids_get(struct frame_file_store *store, uint64_t frame, uint64_t *id);

#endif
