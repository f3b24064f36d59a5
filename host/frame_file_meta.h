/* frame_file_meta.h - what an NXmx file or an EIGER-style master says of its detector, as a stream_start.
 *
 * For frame_file.c only. Takes what is there, in whatever unit; what is absent or unreadable stays unknown. */
#ifndef HOST_FRAME_FILE_META_H
#define HOST_FRAME_FILE_META_H

#include <hdf5.h>

#include "host/frame_file_store.h"
#include "host/stream.h"

/* Groups that everything is looked up in: paths, "" where there is none. */
struct frame_file_groups {
	char entry[256], instrument[256], detector[256];
};

/* Finds the NXentry, NXinstrument and NXdetector (by their usual names, else by NX_class). */
void frame_file_groups_find(hid_t file, struct frame_file_groups *groups);

/* dataset "data" or group: where the frames are, for channel names. masks: malloc'ed here, one per channel at most, the caller's.
 * start->width, height, elem_bytes, n_images and n_channels must be set. -EBADMSG with words for a mask that does not fit. */
int frame_file_meta_read(hid_t file, const struct frame_file_groups *groups, struct stream_start *start, uint32_t *masks[STREAM_CHANNELS_MAX],
			 const struct frame_file_words *words);

/* Placement from the module's pixel vectors and the chain of transformations they depend on; false where there is none or it makes no sense. */
bool frame_file_axes_read(hid_t file, const struct frame_file_groups *groups, struct stream_start *start);

#endif
