/* mask_file.h - a user's mask of pixels that are not to be used, from whatever file it is kept in.
 *
 * Told by their content: HDF5 (FILE.h5 or FILE.h5:/path/of/dataset), NumPy (.npy), PNG, TIFF, else raw bytes, one per pixel. A value that is not zero
 * means: do not use. Row 0 is the detector's first row. Of images with colours or transparency, any colour that is not black counts and transparency
 * does not. Every file is hostile: nothing is allocated beyond what the expected size needs. Not on the frame path; any thread (HDF5 locks itself). */
#ifndef HOST_MASK_FILE_H
#define HOST_MASK_FILE_H

#include <stddef.h>
#include <stdint.h>

/* Reads a mask of exactly width x height pixels (1..65535 each). *out: width * height bytes, 1: do not use, 0: use; malloc'ed, the caller's.
 * -ENOENT and other errno of opening; -EINVAL: not such a file or another size; -EBADMSG: damaged; -ENOMEM. message then says which file and why. */
int mask_file_read(uint8_t **out, const char *name, uint32_t width, uint32_t height, char *message, size_t message_bytes);

#endif
