/* frame_file.c - recorded frames read back: finds the image data in a file, and hands the frames out. See frame_file.h. */
#include "host/frame_file.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/frame_file_meta.h"
#include "host/frame_file_store.h"
#include "host/hdf5_filter.h"
#include "host/hdf5_get.h"

struct frame_file {
	struct stream_limits limits;
	hid_t file;
	struct frame_file_groups groups;
	struct frame_file_store *store;
	struct frame_file_info info;
	uint32_t *masks[STREAM_CHANNELS_MAX];
};

/* --- groups ---------------------------------------------------------------------------------------------------------------------- */

struct wanted_class {
	const char *class;
	char name[128];
};

static herr_t find_class(hid_t group, const char *name, const H5L_info_t *info, void *user)
{
	struct wanted_class *wanted = user;
	char class[64];
	herr_t found = 0;
	if (strlen(name) >= sizeof wanted->name || H5Oexists_by_name(group, name, H5P_DEFAULT) <= 0)
		return 0;
	hid_t object = H5Oopen(group, name, H5P_DEFAULT);
	if (object >= 0 && H5Iget_type(object) == H5I_GROUP && hdf5_get_attr_text(object, "NX_class", class, sizeof class) == 0 &&
	    !strcmp(class, wanted->class)) {
		strcpy(wanted->name, name);
		found = 1;
	}
	if (object >= 0)
		H5Oclose(object);
	return found;
}

/* The group of that name in parent, else the first of that class; "" where there is neither. */
static void find_group(hid_t file, const char *parent, const char *usual, const char *class, char *out, size_t out_bytes)
{
	struct wanted_class wanted = {class, ""};
	hsize_t at = 0;
	char path[512];
	out[0] = 0;
	snprintf(path, sizeof path, "%s/%s", parent, usual);
	if (hdf5_get_exists(file, path)) {
		if (strlen(path) < out_bytes)
			strcpy(out, path);
		return;
	}
	hid_t group = H5Gopen2(file, parent[0] ? parent : "/", H5P_DEFAULT);
	if (group < 0)
		return;
	if (H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, &at, find_class, &wanted) > 0 &&
	    (size_t)snprintf(path, sizeof path, "%s/%s", parent, wanted.name) < out_bytes)
		strcpy(out, path);
	H5Gclose(group);
}

void frame_file_groups_find(hid_t file, struct frame_file_groups *groups)
{
	memset(groups, 0, sizeof *groups);
	find_group(file, "", "entry", "NXentry", groups->entry, sizeof groups->entry);
	if (groups->entry[0])
		find_group(file, groups->entry, "instrument", "NXinstrument", groups->instrument, sizeof groups->instrument);
	if (groups->instrument[0])
		find_group(file, groups->instrument, "detector", "NXdetector", groups->detector, sizeof groups->detector);
}

/* --- the image data --------------------------------------------------------------------------------------------------------------- */

struct candidates {
	unsigned n_stacks, n_images;
	char stack[512], image[512];
};

/* A dataset that could hold frames: integers, two dimensions or more, and no table that NXmx keeps beside them. */
static herr_t consider(hid_t file, const char *name, const H5O_info_t *info, void *user)
{
	struct candidates *found = user;
	if (info->type != H5O_TYPE_DATASET || strlen(name) >= sizeof found->stack || strstr(name, "mask") || strstr(name, "flatfield"))
		return 0;
	hid_t dataset = H5Dopen2(file, name, H5P_DEFAULT);
	if (dataset < 0)
		return 0;
	hid_t type = H5Dget_type(dataset), space = H5Dget_space(dataset);
	int rank = space < 0 ? 0 : H5Sget_simple_extent_ndims(space);
	bool numbers = type >= 0 && (H5Tget_class(type) == H5T_INTEGER || H5Tget_class(type) == H5T_FLOAT);
	if (numbers && (rank == 3 || rank == 4) && found->n_stacks++ == 0)
		strcpy(found->stack, name);
	if (numbers && rank == 2 && found->n_images++ == 0)
		strcpy(found->image, name);
	if (type >= 0)
		H5Tclose(type);
	if (space >= 0)
		H5Sclose(space);
	H5Dclose(dataset);
	return 0;
}

static int open_only_one(struct frame_file *f, const char *path, const struct frame_file_words *words)
{
	struct candidates found = {0};
	H5Ovisit2(f->file, H5_INDEX_NAME, H5_ITER_INC, consider, &found, H5O_INFO_BASIC);
	if (found.n_stacks == 1 || (found.n_stacks == 0 && found.n_images == 1))
		return frame_file_store_open(&f->store, path, f->file, found.n_stacks ? found.stack : found.image, 0, &f->limits, words);
	if (found.n_stacks + found.n_images == 0)
		frame_file_say(words, "%s: no image data: neither /entry/data/data nor /entry/data/data_000001, and no other dataset that could be frames", path);
	else
		frame_file_say(words, "%s: no /entry/data/data, and %u datasets that could be frames (%s ...): which one is meant is not said", path,
			       found.n_stacks ? found.n_stacks : found.n_images, found.n_stacks ? found.stack : found.image);
	return -ENODATA;
}

static int open_joined(struct frame_file *f, const char *path, const struct frame_file_words *words)
{
	char name[512];
	uint64_t n_images = 0, n_triggers = 1;
	snprintf(name, sizeof name, "%s/detectorSpecific/nimages", f->groups.detector);
	hdf5_get_u64(f->file, name, &n_images);
	snprintf(name, sizeof name, "%s/detectorSpecific/ntrigger", f->groups.detector);
	if (hdf5_get_u64(f->file, name, &n_triggers) || n_triggers == 0)
		n_triggers = 1;
	snprintf(name, sizeof name, "%s/data", f->groups.entry);
	hid_t group = H5Gopen2(f->file, name, H5P_DEFAULT);
	if (group < 0)
		return -ENOENT;
	int rc = frame_file_store_join(&f->store, path, group, n_images > UINT32_MAX || n_triggers > UINT32_MAX ? 0 : n_images * n_triggers,
				       &f->limits, words);
	H5Gclose(group);
	return rc;
}

/* The places that the formats define, one after the other; the words of the first failure that is more than absence stand. */
static int open_data(struct frame_file *f, const char *path, const struct frame_file_words *words)
{
	char name[512];
	int rc = -ENOENT;
	snprintf(name, sizeof name, "%s/data/data", f->groups.entry);
	if (f->groups.entry[0] && hdf5_get_exists(f->file, name))
		return frame_file_store_open(&f->store, path, f->file, name, 0, &f->limits, words);
	if (f->groups.entry[0])
		rc = open_joined(f, path, words);
	if (rc == 0 || words->text[0])
		return rc;
	snprintf(name, sizeof name, "%s/data", f->groups.detector);
	if (f->groups.detector[0] && hdf5_get_exists(f->file, name))
		return frame_file_store_open(&f->store, path, f->file, name, 0, &f->limits, words);
	snprintf(name, sizeof name, "%s/data/data", f->groups.entry);
	if (f->groups.entry[0] && H5Lexists(f->file, name, H5P_DEFAULT) > 0) {
		frame_file_say(words, "%s: the link %s leads nowhere", path, name);
		return -ENOENT;
	}
	return open_only_one(f, path, words);
}

/* --- public ---------------------------------------------------------------------------------------------------------------------- */

static void fill_info(struct frame_file *f)
{
	const struct frame_file_shape *s = &f->store->shape;
	struct stream_start *start = &f->info.start;
	uint64_t raw = (uint64_t)s->width * s->height * s->elem_bytes;
	f->info.n_frames = s->n_frames;
	f->info.n_channels = s->n_channels;
	/* What cannot be compressed grows, the more the smaller the blocks are: by a ninth at 64 bytes, never to twice at any sensible size. */
	f->info.max_payload_bytes = 2 * raw + 4096;
	stream_start_clear(start);
	start->width = s->width;
	start->height = s->height;
	start->elem_bytes = s->elem_bytes;
	start->n_images = s->n_frames;
	start->n_images_known = true;
	start->n_channels = s->n_channels;
}

int frame_file_open(struct frame_file **out, const char *path, const struct stream_limits *limits, char *message, size_t message_bytes)
{
	char spare[1];
	struct frame_file_words words = {message_bytes ? message : spare, message_bytes ? message_bytes : sizeof spare};
	struct frame_file *f = calloc(1, sizeof *f);
	*out = NULL;
	words.text[0] = 0;
	if (!f)
		return -ENOMEM;
	f->file = -1;
	f->limits = *limits;
	hdf5_get_quiet();
	int rc = hdf5_filter_register();
	if (rc == 0 && (rc = hdf5_get_file(&f->file, path)))
		frame_file_say(&words, "%s: %s", path, rc == -EBADMSG ? "not an HDF5 file, or a damaged one" : rc == -EINVAL ? "not a file" : strerror(-rc));
	if (rc)
		goto fail;
	frame_file_groups_find(f->file, &f->groups);
	if ((rc = open_data(f, path, &words)))
		goto fail;
	fill_info(f);
	if ((rc = frame_file_meta_read(f->file, &f->groups, &f->info.start, f->masks, &words)))
		goto fail;
	words.text[0] = 0;
	*out = f;
	return 0;
fail:
	if (!words.text[0])
		frame_file_say(&words, "%s: %s", path, strerror(-rc));
	frame_file_close(&f);
	return rc;
}

const struct frame_file_info *frame_file_info(const struct frame_file *file)
{
	return &file->info;
}

int frame_file_read(struct frame_file *f, uint64_t i, uint32_t c, uint8_t *buffer, size_t cap, struct stream_channel *channel, uint64_t *image_id,
		    char *message, size_t message_bytes)
{
	char spare[1];
	struct frame_file_words words = {message_bytes ? message : spare, message_bytes ? message_bytes : sizeof spare};
	struct frame_file_plane plane;
	words.text[0] = 0;
	hdf5_get_quiet();
	int rc = frame_file_store_read(f->store, i, c, &f->limits, buffer, cap, &plane, &words);
	*image_id = rc == 0 && plane.has_id ? plane.id : i;
	if (rc)
		return rc;
	const struct frame_file_shape *s = &f->store->shape;
	memset(channel, 0, sizeof *channel);
	snprintf(channel->name, sizeof channel->name, "%s", f->info.start.channel[c].name);
	channel->pixels = (struct stream_array){
		.bytes = {buffer, plane.len}, .width = s->width, .height = s->height, .elem_bytes = s->elem_bytes, .codec = plane.codec,
		.shuffle_bytes = plane.shuffle_bytes,
	};
	return 0;
}

void frame_file_close(struct frame_file **pointer)
{
	struct frame_file *f = *pointer;
	*pointer = NULL;
	if (!f)
		return;
	hdf5_get_quiet();
	frame_file_store_close(&f->store);
	for (size_t c = 0; c < STREAM_CHANNELS_MAX; c++)
		free(f->masks[c]);
	if (f->file >= 0)
		H5Fclose(f->file);
	free(f);
}
