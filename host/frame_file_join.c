/* frame_file_join.c - an EIGER-style master's data_000001, data_000002 ... joined into one store, and the frames' original numbers.
 * See frame_file_store.h. */
#include "host/frame_file_store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/hdf5_filter.h"
#include "host/hdf5_get.h"

#define LINKS_MAX 100000

struct names {
	char (*name)[64];
	size_t n, room;
	bool failed;
};

static herr_t collect(hid_t group, const char *name, const H5L_info_t *info, void *user)
{
	struct names *names = user;
	if (strncmp(name, "data_", 5) || strspn(name + 5, "0123456789") != strlen(name + 5) || !name[5] || strlen(name) >= sizeof *names->name)
		return 0;
	if (names->n == names->room) {
		size_t room = names->room ? 2 * names->room : 64;
		void *more = room > LINKS_MAX ? NULL : realloc(names->name, room * sizeof *names->name);
		if (!more) {
			names->failed = true;
			return -1;
		}
		names->name = more;
		names->room = room;
	}
	strcpy(names->name[names->n++], name);
	return 0;
}

static int by_number(const void *a, const void *b)
{
	unsigned long long x = strtoull((const char *)a + 5, NULL, 10), y = strtoull((const char *)b + 5, NULL, 10);
	return x < y ? -1 : x > y;
}

/* Where a link leads: file and dataset of an external one, else the link itself. */
static int follow(hid_t group, const char *name, struct frame_file_piece *piece)
{
	H5L_info_t info;
	char path[1024], *value;
	const char *file, *object;
	if (H5Lget_info(group, name, &info, H5P_DEFAULT) < 0)
		return -EBADMSG;
	if (info.type != H5L_TYPE_EXTERNAL) {
		ssize_t len = H5Iget_name(group, path, sizeof path);
		if (len <= 0 || (size_t)len + strlen(name) + 2 > sizeof path)
			return -EBADMSG;
		sprintf(path + len, "/%s", name);
		piece->file = strdup(".");
		piece->dataset = strdup(path);
		return piece->file && piece->dataset ? 0 : -ENOMEM;
	}
	if (info.u.val_size < 3 || info.u.val_size > 2 * FRAME_FILE_PATH_MAX || !(value = malloc(info.u.val_size)))
		return -EBADMSG;
	int rc = -EBADMSG;
	if (H5Lget_val(group, name, value, info.u.val_size, H5P_DEFAULT) >= 0 &&
	    H5Lunpack_elink_val(value, info.u.val_size, NULL, &file, &object) >= 0 && strlen(file) < FRAME_FILE_PATH_MAX / 2) {
		piece->file = strdup(file);
		piece->dataset = strdup(object);
		rc = piece->file && piece->dataset ? 0 : -ENOMEM;
	}
	free(value);
	return rc;
}

/* What the joining learns from one piece after the other. */
struct joining {
	uint64_t next, largest, next_nr;
	bool numbered, have_ids;
	size_t n_present;
};

/* Looks into piece k: its number of frames goes into the piece. A missing file is no error here; words say which. */
static int measure(struct frame_file_store *store, size_t k, struct joining *joining, const struct stream_limits *limits,
		   const struct frame_file_words *words)
{
	char path[FRAME_FILE_PATH_MAX];
	struct frame_file_piece *piece = &store->piece[k];
	struct frame_file_store *there = NULL;
	int rc = frame_file_resolve(path, store->path, piece->file);
	if (rc == -ENOENT) {
		piece->missing = true;
		frame_file_say(words, "%s: a link leads to %s, which is missing", store->path, path);
		return 0;
	}
	if (rc == 0)
		rc = frame_file_store_open(&there, path, -1, piece->dataset, store->depth + 1, limits, words);
	if (rc)
		return rc;
	if (joining->n_present == 0) {
		store->shape = there->shape;
	} else if (there->shape.width != store->shape.width || there->shape.height != store->shape.height ||
		   there->shape.elem_bytes != store->shape.elem_bytes || there->shape.n_channels != store->shape.n_channels) {
		frame_file_say(words, "%s: frames of another size or type than in the files before", path);
		rc = -EBADMSG;
	}
	if (there->ids < 0)
		joining->have_ids = false;
	if (there->image_nr_low == 0 || there->image_nr_low < joining->next_nr)
		joining->numbered = false;
	joining->next_nr = there->image_nr_low + there->shape.n_frames;
	piece->there.count[0] = there->shape.n_frames;
	piece->there.count[1] = there->shape.n_channels;
	if (there->shape.n_frames > joining->largest)
		joining->largest = there->shape.n_frames;
	joining->n_present++;
	frame_file_store_close(&there);
	return rc;
}

/* Frames of a missing file are as many as the fullest one has, as far as the series was to go: each of them is then an error of its own. */
static void lay_out(struct frame_file_store *store, struct joining *joining, uint64_t n_announced)
{
	for (size_t k = 0; k < store->n_pieces; k++) {
		struct frame_file_piece *p = &store->piece[k];
		uint64_t n = p->there.count[0];
		if (p->missing) {
			n = joining->largest;
			if (n_announced && n > n_announced - (joining->next < n_announced ? joining->next : n_announced))
				n = n_announced - (joining->next < n_announced ? joining->next : n_announced);
		}
		p->there.count[0] = n;
		p->there.count[1] = store->shape.n_channels;
		for (int d = 0; d < 2; d++)
			p->there.block[d] = p->there.stride[d] = 1;
		p->here = p->there;
		p->here.start[0] = joining->next;
		joining->next += n;
	}
	store->shape.n_frames = joining->next;
	store->pieces_have_ids = joining->have_ids || joining->numbered;
}

int frame_file_store_join(struct frame_file_store **out, const char *path, hid_t group, uint64_t n_announced, const struct stream_limits *limits,
			  const struct frame_file_words *words)
{
	struct names names = {0};
	struct joining joining = {.numbered = true, .have_ids = true, .next_nr = 1};
	hsize_t at = 0;
	int rc = -ENOENT;
	*out = NULL;
	struct frame_file_store *store = calloc(1, sizeof *store);
	if (!store)
		return -ENOMEM;
	store->file = store->dataset = store->ids = -1;
	store->path = strdup(path);
	if (!store->path || H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, &at, collect, &names) < 0 || names.failed) {
		rc = -ENOMEM;
		goto fail;
	}
	if (names.n == 0)
		goto fail;
	qsort(names.name, names.n, sizeof *names.name, by_number);
	store->piece = calloc(names.n, sizeof *store->piece);
	rc = store->piece ? 0 : -ENOMEM;
	store->n_pieces = store->piece ? names.n : 0;
	for (size_t k = 0; rc == 0 && k < names.n; k++)
		if ((rc = follow(group, names.name[k], &store->piece[k])) == 0)
			rc = measure(store, k, &joining, limits, words);
	if (rc == 0 && joining.n_present == 0)
		rc = -ENOENT;
	if (rc)
		goto fail;
	lay_out(store, &joining, n_announced);
	free(names.name);
	*out = store;
	return 0;
fail:
	if (rc == -EBADMSG && words->bytes && !words->text[0])
		frame_file_say(words, "%s: a link to data that cannot be followed", path);
	free(names.name);
	frame_file_store_close(&store);
	return rc;
}

/* --- original numbers ------------------------------------------------------------------------------------------------------------- */

bool frame_file_ids_open(struct frame_file_store *store, const char *dataset)
{
	static const char *const names[] = {"image_id", "frame_number"};
	char path[1024];
	const char *slash = strrchr(dataset, '/');
	int dir = slash ? (int)(slash - dataset) + 1 : 0;
	for (size_t i = 0; i < 2 && store->ids < 0; i++) {
		uint64_t length;
		if ((size_t)snprintf(path, sizeof path, "%.*s%s", dir, dataset, names[i]) >= sizeof path ||
		    hdf5_get_length(store->file, path, &length) || length != store->shape.n_frames)
			continue;
		store->ids = hdf5_get_dataset(store->file, path);
		hid_t type = H5Dget_type(store->ids), space = H5Dget_space(store->ids);
		bool good = type >= 0 && space >= 0 && H5Tget_class(type) == H5T_INTEGER && H5Sget_simple_extent_ndims(space) == 1;
		if (type >= 0)
			H5Tclose(type);
		if (space >= 0)
			H5Sclose(space);
		if (!good) {
			H5Dclose(store->ids);
			store->ids = -1;
		}
		store->n_ids = length;
	}
	return store->ids >= 0;
}

static bool ids_fetch(struct frame_file_store *store, uint64_t frame)
{
	hsize_t start = frame / FRAME_FILE_IDS * FRAME_FILE_IDS, n = store->n_ids - start;
	if (n > FRAME_FILE_IDS)
		n = FRAME_FILE_IDS;
	hid_t file = H5Dget_space(store->ids), memory = H5Screate_simple(1, &n, NULL);
	bool good = file >= 0 && memory >= 0 && hdf5_filter_begin(store->ids, &start, &n) == 0 && H5Sselect_hyperslab(file, H5S_SELECT_SET, &start, NULL, &n, NULL) >= 0 &&
		    H5Dread(store->ids, H5T_NATIVE_UINT64, memory, file, H5P_DEFAULT, store->cached) >= 0;
	hdf5_filter_end();
	if (file >= 0)
		H5Sclose(file);
	if (memory >= 0)
		H5Sclose(memory);
	store->first_cached = start;
	store->n_cached = good ? n : 0;
	return good;
}

bool frame_file_ids_get(struct frame_file_store *store, uint64_t frame, uint64_t *id)
{
	if (store->ids >= 0 && frame < store->n_ids) {
		if ((frame < store->first_cached || frame - store->first_cached >= store->n_cached) && !ids_fetch(store, frame))
			return false;
		*id = store->cached[frame - store->first_cached];
		return true;
	}
	if (store->image_nr_low == 0)
		return false;
	*id = store->image_nr_low - 1 + frame;
	return true;
}
