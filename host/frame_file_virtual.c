/* frame_file_virtual.c - which file and plane a frame of a joined dataset lies in: virtual datasets and links resolved.
 *
 * HDF5 could read a virtual dataset itself, but it would decompress, and it gives zeros where a source file is missing. See frame_file_store.h. */
#include "host/frame_file_store.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PIECES_MAX (1u << 20)

static bool is_regular_file(const char *path)
{
	struct stat s;
	return stat(path, &s) == 0 && S_ISREG(s.st_mode);
}

int frame_file_resolve(char out[FRAME_FILE_PATH_MAX], const char *path, const char *name)
{
	const char *slash = strrchr(path, '/'), *base = strrchr(name, '/');
	int dir = slash ? (int)(slash - path) + 1 : 0;
	if (strlen(path) + strlen(name) + 2 > FRAME_FILE_PATH_MAX)
		return -ENAMETOOLONG;
	if (!strcmp(name, ".")) {
		strcpy(out, path);
		return 0;
	}
	/* A directory that was moved as a whole keeps its files side by side, whatever the links say. */
	memcpy(out, path, (size_t)dir);
	strcpy(out + dir, base ? base + 1 : name);
	if (base && is_regular_file(out)) {
		char beside[FRAME_FILE_PATH_MAX];
		strcpy(beside, out);
		strcpy(out + (name[0] == '/' ? 0 : dir), name);
		if (!is_regular_file(out))
			strcpy(out, beside);
		return 0;
	}
	strcpy(out + (name[0] == '/' ? 0 : dir), name);
	return is_regular_file(out) ? 0 : -ENOENT;
}

static uint64_t planes_in(const struct frame_file_planes *p, int d)
{
	return p->count[d] * p->block[d];
}

/* The selection of whole planes that space holds; false where it is none. n_planes: what a selection without end reaches to. */
static bool planes_of(hid_t space, const struct frame_file_shape *shape, uint64_t n_planes, struct frame_file_planes *p)
{
	hsize_t dims[4], start[4], stride[4], count[4], block[4];
	int rank = H5Sget_simple_extent_ndims(space);
	if (rank < 2 || rank > 4 || H5Sget_simple_extent_dims(space, dims, NULL) != rank)
		return false;
	H5S_sel_type type = H5Sget_select_type(space);
	for (int d = 0; d < rank; d++) {
		start[d] = 0;
		stride[d] = count[d] = 1;
		block[d] = dims[d];
	}
	if (type != H5S_SEL_ALL &&
	    (type != H5S_SEL_HYPERSLABS || H5Sis_regular_hyperslab(space) <= 0 || H5Sget_regular_hyperslab(space, start, stride, count, block) < 0))
		return false;
	/* A selection without end holds what there is now. */
	if (block[0] == H5S_UNLIMITED && rank > 2 && n_planes > start[0])
		block[0] = n_planes - start[0];
	if (count[0] == H5S_UNLIMITED && rank > 2 && n_planes > start[0] && stride[0] && stride[0] >= block[0])
		count[0] = (n_planes - start[0] + stride[0] - block[0]) / stride[0];
	for (int d = 0; d < rank; d++) {
		if (count[d] == 0 || block[d] == 0 || count[d] > INT_MAX || block[d] > INT_MAX || stride[d] > INT_MAX || start[d] > INT_MAX)
			return false;
		if (d >= rank - 2) {
			uint64_t want = d == rank - 1 ? shape->width : shape->height;
			/* Not the extent: of a source it is whatever was known when the mapping was made. */
			if (start[d] != 0 || count[d] * block[d] != want || (count[d] > 1 && stride[d] != block[d]))
				return false;
		}
	}
	for (int d = 0; d < 2; d++) {
		bool has = d < rank - 2;
		p->start[d] = has ? start[d] : 0;
		p->stride[d] = has && stride[d] ? stride[d] : 1;
		p->count[d] = has ? count[d] : 1;
		p->block[d] = has ? block[d] : 1;
		if (p->count[d] > 1 && p->stride[d] < p->block[d])
			return false;
	}
	return true;
}

static char *take_name(hid_t layout, size_t i, ssize_t (*get)(hid_t, size_t, char *, size_t))
{
	ssize_t len = get(layout, i, NULL, 0);
	if (len <= 0 || len >= FRAME_FILE_PATH_MAX / 2)
		return NULL;
	char *name = malloc((size_t)len + 1);
	if (name && get(layout, i, name, (size_t)len + 1) != len) {
		free(name);
		name = NULL;
	}
	return name;
}

/* One mapping as a piece. 1: done; 0: not of whole planes. */
static int take_piece(struct frame_file_store *store, hid_t layout, size_t i, struct frame_file_piece *piece)
{
	hid_t here = H5Pget_virtual_vspace(layout, i), there = H5Pget_virtual_srcspace(layout, i);
	bool whole = here >= 0 && there >= 0 && planes_of(here, &store->shape, store->shape.n_frames, &piece->here);
	uint64_t n = whole ? planes_in(&piece->here, 0) * planes_in(&piece->here, 1) : 0;
	/* Of a source that is taken as a whole the file does not keep the extent: its planes are counted through. */
	piece->whole = whole && there >= 0 && H5Sget_select_type(there) == H5S_SEL_ALL;
	if (piece->whole)
		piece->there = (struct frame_file_planes){{0, 0}, {1, 1}, {n, 1}, {1, 1}};
	else
		whole = whole && planes_of(there, &store->shape, n, &piece->there);
	if (here >= 0)
		H5Sclose(here);
	if (there >= 0)
		H5Sclose(there);
	if (!whole || n != planes_in(&piece->there, 0) * planes_in(&piece->there, 1))
		return 0;
	piece->file = take_name(layout, i, H5Pget_virtual_filename);
	piece->dataset = take_name(layout, i, H5Pget_virtual_dsetname);
	return piece->file && piece->dataset && !strchr(piece->file, '%') && !strchr(piece->dataset, '%') ? 1 : 0;
}

int frame_file_virtual_pieces(struct frame_file_store *store, hid_t layout, const struct frame_file_words *words)
{
	size_t n = 0;
	if (H5Pget_virtual_count(layout, &n) < 0 || n == 0 || n > PIECES_MAX) {
		frame_file_say(words, "%s: a virtual dataset of %zu pieces", store->path, n);
		return -EBADMSG;
	}
	store->piece = calloc(n, sizeof *store->piece);
	if (!store->piece)
		return -ENOMEM;
	store->n_pieces = n;
	for (size_t i = 0; i < n; i++)
		if (take_piece(store, layout, i, &store->piece[i]) == 0)
			return 0;
	return 1;
}

/* Index of a coordinate in one dimension of a selection; false where it is not in it. */
static bool index_of(const struct frame_file_planes *p, int d, uint64_t at, uint64_t *k)
{
	if (at < p->start[d])
		return false;
	uint64_t q = (at - p->start[d]) / p->stride[d], r = (at - p->start[d]) % p->stride[d];
	if (p->count[d] == 1) {
		q = 0;
		r = at - p->start[d];
	}
	if (q >= p->count[d] || r >= p->block[d])
		return false;
	*k = q * p->block[d] + r;
	return true;
}

static uint64_t place_of(const struct frame_file_planes *p, int d, uint64_t k)
{
	return p->start[d] + k / p->block[d] * p->stride[d] + k % p->block[d];
}

int frame_file_find(struct frame_file_store *store, uint64_t frame, uint32_t channel, size_t *piece, uint64_t *there_frame, uint32_t *there_channel)
{
	/* Frames are mostly asked for in order: begin where the last one was. */
	for (size_t i = 0; i < store->n_pieces; i++) {
		size_t at = (store->last_piece + i) % store->n_pieces;
		const struct frame_file_piece *p = &store->piece[at];
		uint64_t k0, k1;
		if (!index_of(&p->here, 0, frame, &k0) || !index_of(&p->here, 1, channel, &k1))
			continue;
		uint64_t k = k0 * planes_in(&p->here, 1) + k1, n1 = planes_in(&p->there, 1);
		*piece = store->last_piece = at;
		*there_frame = place_of(&p->there, 0, k / n1);
		*there_channel = (uint32_t)place_of(&p->there, 1, k % n1);
		return 0;
	}
	return -ENOENT;
}
