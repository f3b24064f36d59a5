/* frame_file.h - recorded frames read back from HDF5: NXmx files, EIGER-style masters (links or VDS), plain data files.
 *
 * Compressed chunks are read directly, as the detector wrote them; what cannot be read that way (other filters, contiguous data, chunks of several
 * frames) is decoded by HDF5 and handed out uncompressed. One thread at a time; every file is hostile. */
#ifndef HOST_FRAME_FILE_H
#define HOST_FRAME_FILE_H

#include "host/stream.h"

struct frame_file;

struct frame_file_info {
	uint64_t n_frames;       /* frames (each with n_channels channels) */
	uint32_t n_channels;     /* 1 for 3-D data, the second dimension of 4-D data */
	uint64_t max_payload_bytes; /* upper bound of one channel's bytes from frame_file_read */
	struct stream_start start;  /* as much as the file says; spans point into memory of the frame_file */
};

/* Opens FILE. -errno with a message in words: not HDF5, no image data found, signed or float pixels, a broken link and which file is missing. */
int frame_file_open(struct frame_file **out, const char *path, const struct stream_limits *limits, char *message, size_t message_bytes);
const struct frame_file_info *frame_file_info(const struct frame_file *file);

/* Reads frame i of channel c into buffer (cap bytes) and describes it in channel (spans into buffer). image_id gets the original frame number
 * where the file keeps them, else i. -EIO/-EBADMSG with a message for this frame only: the others can still be read. */
int frame_file_read(struct frame_file *file, uint64_t i, uint32_t c, uint8_t *buffer, size_t cap, struct stream_channel *channel,
		    uint64_t *image_id, char *message, size_t message_bytes);
void frame_file_close(struct frame_file **file);

#endif
