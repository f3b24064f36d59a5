/* nxmx_segment.c - kept frames into segments, compressed as they came. See nxmx_parts.h.
 *
 * A segment is written so that others may read it meanwhile (HDF5's SWMR): its tables are consistent on disk at every moment, also that of a kill. */
#include "host/nxmx_parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <lz4.h>

#include "host/hdf5_filter.h"
#include "host/hdf5_put.h"

#define HEAD_BYTES 16      /* lz4 framing: u64 total, u32 block, u32 length */
#define SEGMENTS_MAX 999999
#define RETRY_NS 1000000000u /* between two attempts on a disk that takes nothing */
#define GIVEN_UP_MAX 64      /* each is a file that stays open */

void nxmx_series_clear(struct nxmx_series *series)
{
	memset(series, 0, sizeof *series);
	series->file = series->data = series->ids = -1;
	series->lock = -1;
}

static uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int segment_path(const struct nxmx_series *series, char out[NXMX_PATH_MAX], bool part)
{
	char suffix[64];
	snprintf(suffix, sizeof suffix, "_data_%06u.h5%s", series->number, part ? ".part" : "");
	return nxmx_path(out, series->directory, series->stem, suffix);
}

/* --- making one --------------------------------------------------------------------------------------------------------------------------- */

static hid_t pixel_type(uint8_t elem_bytes)
{
	return elem_bytes == 1 ? H5T_STD_U8LE : elem_bytes == 2 ? H5T_STD_U16LE : H5T_STD_U32LE;
}

/* The filter's parameters as the detector's own file writer has them; the usual plugin would put its version in front. */
static int set_filter(hid_t layout, enum stream_codec codec, uint8_t shuffle_bytes)
{
	const unsigned parameters[5] = {0, 3, shuffle_bytes, 0, 2};
	if (codec == STREAM_CODEC_BSLZ4)
		return H5Pset_filter(layout, HDF5_FILTER_BSLZ4, H5Z_FLAG_MANDATORY, 5, parameters) < 0 ? -EIO : 0;
	if (codec == STREAM_CODEC_LZ4_FRAMED || codec == STREAM_CODEC_LZ4_RAW)
		return H5Pset_filter(layout, HDF5_FILTER_LZ4, H5Z_FLAG_MANDATORY, 0, NULL) < 0 ? -EIO : 0;
	return 0;
}

static hid_t make_data(struct nxmx_series *s, hid_t file)
{
	hsize_t dims[3] = {0, s->height, s->width}, max[3] = {H5S_UNLIMITED, s->height, s->width}, chunk[3] = {1, s->height, s->width};
	hid_t space = H5Screate_simple(3, dims, max), layout = H5Pcreate(H5P_DATASET_CREATE), access = H5Pcreate(H5P_DATASET_ACCESS), data = -1;
	H5Pset_chunk(layout, 3, chunk);
	/* Chunks go round the cache: none is needed. */
	H5Pset_chunk_cache(access, 0, 0, 0);
	if (set_filter(layout, s->codec, s->shuffle_bytes) == 0)
		data = H5Dcreate2(file, "/entry/data/data", pixel_type(s->elem_bytes), space, H5P_DEFAULT, layout, access);
	H5Pclose(access);
	H5Pclose(layout);
	H5Sclose(space);
	return data;
}

static hid_t make_ids(hid_t file)
{
	static const uint64_t no_id = NXMX_NO_ID;
	hsize_t dims = 0, max = H5S_UNLIMITED, chunk = NXMX_IDS;
	hid_t space = H5Screate_simple(1, &dims, &max), layout = H5Pcreate(H5P_DATASET_CREATE);
	H5Pset_chunk(layout, 1, &chunk);
	H5Pset_fill_value(layout, H5T_NATIVE_UINT64, &no_id);
	H5Pset_alloc_time(layout, H5D_ALLOC_TIME_EARLY);
	hid_t ids = H5Dcreate2(file, "/entry/data/image_id", H5T_STD_U64LE, space, H5P_DEFAULT, layout, H5P_DEFAULT);
	H5Pclose(layout);
	H5Sclose(space);
	return ids;
}

static int fill_segment(struct nxmx_series *s)
{
	struct hdf5_put put = {s->file, false};
	hdf5_put_attr_text(&put, "/", "default", "entry");
	hdf5_put_group(&put, "/entry", "NXentry");
	hdf5_put_attr_text(&put, "/entry", "default", "data");
	hdf5_put_group(&put, "/entry/data", "NXdata");
	hdf5_put_attr_text(&put, "/entry/data", "signal", "data");
	s->data = make_data(s, s->file);
	s->ids = make_ids(s->file);
	if (s->data < 0 || s->ids < 0 || put.failed)
		return -EIO;
	hdf5_put_attr_u64(&put, "/entry/data/data", "image_nr_low", s->n_kept + 1);
	hdf5_put_attr_u64(&put, "/entry/data/data", "image_nr_high", s->n_kept + 1);
	if (put.failed || H5Fflush(s->file, H5F_SCOPE_LOCAL) < 0 || H5Fstart_swmr_write(s->file) < 0)
		return -EIO;
	return 0;
}

/* close: false for a file that HDF5 could not flush. Closing it would fail half-way, and the library would crash over the remains at its next turn; it stays
 * open instead, for good. */
static void abandon(struct nxmx_series *s, bool close)
{
	if (s->file >= 0 && close)
		H5Fclose(s->file);
	s->file = s->data = s->ids = -1;
	s->n_frames = s->n_ids_written = 0;
	s->n_pending = 0;
	s->dirty = false;
}

/* Makes the file of the next number that nobody has: what is there is never overwritten, whoever left it. */
static int make_file(struct nxmx_series *s, char path[NXMX_PATH_MAX])
{
	hid_t how = hdf5_put_access();
	int rc = how < 0 ? -ENOMEM : 0;
	while (rc == 0 && s->file < 0) {
		s->number++;
		if (s->number > SEGMENTS_MAX)
			rc = -EOVERFLOW;
		else if ((rc = segment_path(s, path, false)) || nxmx_exists(path))
			continue;
		else if ((rc = segment_path(s, path, true)) || nxmx_exists(path))
			continue;
		else if ((s->file = H5Fcreate(path, H5F_ACC_EXCL, H5P_DEFAULT, how)) < 0)
			rc = -EIO;
	}
	if (how >= 0)
		H5Pclose(how);
	return rc;
}

static int begin_segment(struct nxmx_series *s, enum stream_codec codec, uint8_t shuffle_bytes)
{
	char path[NXMX_PATH_MAX];
	unsigned number = s->number;
	s->codec = codec;
	s->shuffle_bytes = shuffle_bytes;
	int rc = make_file(s, path);
	if (rc == 0)
		rc = fill_segment(s);
	if (rc == 0)
		return 0;
	if (s->file >= 0) {
		bool flushed = H5Fflush(s->file, H5F_SCOPE_LOCAL) >= 0;
		abandon(s, flushed);
		unlink(path);
		s->n_given_up += !flushed;
	}
	s->number = number;
	s->refused_until_ns = now_ns() + RETRY_NS;
	return rc;
}

/* --- headerless lz4 ----------------------------------------------------------------------------------------------------------------------- */

static void put_be(uint8_t *p, uint64_t v, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		p[i] = (uint8_t)(v >> 8 * (bytes - 1 - i));
}

/* Gives one LZ4 block the head that HDF5 readers need. A block as long as the frame would be taken for pixels as they are, so that is what it becomes. */
static int frame_raw_lz4(struct nxmx_series *s, const struct span *block, struct span *out)
{
	size_t total = (size_t)s->width * s->height * s->elem_bytes, need = HEAD_BYTES + (block->len > total ? block->len : total);
	if (total > LZ4_MAX_INPUT_SIZE || block->len > INT32_MAX)
		return -E2BIG;
	if (need > s->framed_bytes) {
		uint8_t *more = realloc(s->framed, need);
		if (!more)
			return -ENOMEM;
		s->framed = more;
		s->framed_bytes = need;
	}
	put_be(s->framed, total, 8);
	put_be(s->framed + 8, total, 4);
	put_be(s->framed + 12, block->len, 4);
	if (block->len != total)
		memcpy(s->framed + HEAD_BYTES, block->at, block->len);
	else if (LZ4_decompress_safe((const char *)block->at, (char *)s->framed + HEAD_BYTES, (int)block->len, (int)total) != (int)total)
		return -EBADMSG;
	out->at = s->framed;
	out->len = HEAD_BYTES + block->len;
	return 0;
}

/* --- appending ---------------------------------------------------------------------------------------------------------------------------- */

static int write_ids(struct nxmx_series *s)
{
	if (s->n_pending == 0)
		return 0;
	hsize_t at = s->n_ids_written, n = s->n_pending, dims = at + n;
	if (H5Dset_extent(s->ids, &dims) < 0)
		return -EIO;
	hid_t file = H5Dget_space(s->ids), memory = H5Screate_simple(1, &n, NULL);
	bool good = H5Sselect_hyperslab(file, H5S_SELECT_SET, &at, NULL, &n, NULL) >= 0 &&
		    H5Dwrite(s->ids, H5T_NATIVE_UINT64, memory, file, H5P_DEFAULT, s->pending) >= 0;
	H5Sclose(file);
	H5Sclose(memory);
	if (!good)
		return -EIO;
	s->n_ids_written = dims;
	s->n_pending = 0;
	return 0;
}

/* How many frames the segment holds, as the detector's own file writer says it: an attribute that exists may change while others read. */
static int write_image_nr_high(struct nxmx_series *s)
{
	uint64_t high = s->n_kept;
	hid_t attribute = H5Aopen(s->data, "image_nr_high", H5P_DEFAULT);
	int rc = attribute < 0 || H5Awrite(attribute, H5T_NATIVE_UINT64, &high) < 0 ? -EIO : 0;
	if (attribute >= 0)
		H5Aclose(attribute);
	return rc;
}

/* A segment that cannot be written to is given up: its tables still go to disk if they can, what was flushed stays readable in any case, recovery
 * finishes it, and the next frame begins another. */
static int give_up(struct nxmx_series *s)
{
	int error = errno == ENOSPC || errno == EDQUOT ? -ENOSPC : -EIO;
	hsize_t dims[3] = {s->n_frames, s->height, s->width};
	if (s->n_frames == 0)
		s->refused_until_ns = now_ns() + RETRY_NS;
	H5Dset_extent(s->data, dims);
	write_ids(s);
	bool flushed = H5Fflush(s->file, H5F_SCOPE_LOCAL) >= 0;
	s->n_given_up += !flushed;
	s->n_kept -= s->n_frames;
	abandon(s, flushed);
	return error;
}

static int write_frame(struct nxmx_series *s, uint64_t image_id, const struct span *bytes)
{
	hsize_t dims[3] = {s->n_frames + 1, s->height, s->width}, at[3] = {s->n_frames, 0, 0};
	errno = 0;
	if (H5Dset_extent(s->data, dims) < 0 || H5Dwrite_chunk(s->data, H5P_DEFAULT, 0, at, bytes->len, bytes->at) < 0)
		return give_up(s);
	if (s->n_frames == 0)
		s->first_ns = now_ns();
	s->pending[s->n_pending++] = image_id;
	s->n_frames++;
	s->n_kept++;
	s->dirty = true;
	/* The first number of a chunk makes room for all of it, so that a disk that fills up does not take the numbers of frames that are there. */
	return (s->n_frames - 1) % NXMX_IDS == 0 && write_ids(s) ? give_up(s) : 0;
}

int nxmx_series_append(struct nxmx_series *s, uint64_t image_id, const struct stream_array *pixels, uint64_t *bytes_written)
{
	struct span bytes = pixels->bytes;
	if (pixels->width != s->width || pixels->height != s->height || pixels->elem_bytes != s->elem_bytes || pixels->is_float || bytes.len == 0 ||
	    bytes.len > UINT32_MAX || (pixels->codec == STREAM_CODEC_NONE && bytes.len != (size_t)s->width * s->height * s->elem_bytes))
		return -EINVAL;
	enum stream_codec codec = pixels->codec;
	uint8_t shuffle = codec == STREAM_CODEC_BSLZ4 ? pixels->shuffle_bytes : 0;
	int rc = codec == STREAM_CODEC_LZ4_RAW ? frame_raw_lz4(s, &pixels->bytes, &bytes) : 0;
	if (codec == STREAM_CODEC_LZ4_RAW)
		codec = STREAM_CODEC_LZ4_FRAMED;
	if (rc == 0)
		rc = nxmx_space_check(s->directory, s->reserve_bytes, bytes.len);
	/* One dataset has one filter. */
	if (rc == 0 && s->file >= 0 && (codec != s->codec || shuffle != s->shuffle_bytes))
		rc = nxmx_series_finish(s);
	if (rc == 0 && s->file < 0 && (s->n_given_up > GIVEN_UP_MAX || now_ns() < s->refused_until_ns))
		rc = -EIO;
	if (rc == 0 && s->file < 0)
		rc = begin_segment(s, codec, shuffle);
	if (rc == 0)
		rc = write_frame(s, image_id, &bytes);
	if (rc)
		return rc;
	*bytes_written += bytes.len;
	return s->frames_per_file && s->n_frames >= s->frames_per_file ? nxmx_series_finish(s) : 0;
}

int nxmx_series_flush(struct nxmx_series *s)
{
	if (s->file < 0 || !s->dirty)
		return 0;
	errno = 0;
	if (write_ids(s) || write_image_nr_high(s) || H5Fflush(s->file, H5F_SCOPE_LOCAL) < 0)
		return give_up(s);
	s->dirty = false;
	return nxmx_sync_open(s->file);
}

int nxmx_series_finish(struct nxmx_series *s)
{
	char from[NXMX_PATH_MAX], to[NXMX_PATH_MAX];
	if (s->file < 0)
		return 0;
	errno = 0;
	if (write_ids(s) || write_image_nr_high(s) || H5Fflush(s->file, H5F_SCOPE_LOCAL) < 0)
		return give_up(s);
	s->dirty = false;
	bool closed = H5Fclose(s->file) >= 0;
	s->file = -1;
	abandon(s, false);
	if (!closed || segment_path(s, from, true) || segment_path(s, to, false))
		return -EIO;
	s->grown = true;
	return nxmx_rename(s->directory, from, to);
}

void nxmx_series_release(struct nxmx_series *s)
{
	free(s->framed);
	s->framed = NULL;
	s->framed_bytes = 0;
	if (s->lock >= 0)
		close(s->lock);
	s->lock = -1;
}
