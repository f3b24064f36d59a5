/* hdf5_filter.c - bslz4 and lz4 for HDF5's own pipeline. Layouts: fact sheet A.7 and A.8. See hdf5_filter.h.
 *
 * Plain and slow on purpose: the way of the frames goes round it (chunks are read and written as they are). */
#include "host/hdf5_filter.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <hdf5.h>
#include <lz4.h>

#define HEAD_BYTES 12
#define CHUNK_BYTES_MAX (1u << 30)
#define CHUNKS_MAX 65536 /* of one read: smaller ones are a way to waste time */

static _Thread_local size_t expected; /* bytes of a chunk of the dataset that is being read */

int hdf5_filter_stored(hid_t dataset, const hsize_t *at, bool filtered, uint64_t *bytes)
{
	hsize_t stored = 0;
	unsigned left_out;
	haddr_t place = HADDR_UNDEF;
	if (filtered ? H5Dget_chunk_storage_size(dataset, at, &stored) < 0 : H5Dget_chunk_info_by_coord(dataset, at, &left_out, &place, &stored) < 0)
		stored = 0;
	*bytes = !filtered && place == HADDR_UNDEF ? 0 : stored;
	return *bytes ? 0 : -ENOENT;
}

/* One chunk as it lies in the file: 0 where HDF5 may decode it. */
static int check_chunk(hid_t dataset, const hsize_t *at, size_t chunk_bytes, bool filtered)
{
	uint64_t bytes;
	uint32_t left_out = 0;
	if (hdf5_filter_stored(dataset, at, filtered, &bytes) || bytes == chunk_bytes)
		return 0; /* none, which reads as the fill value, or long enough whatever it is */
	if (!filtered || bytes > 2 * chunk_bytes + 4096)
		return -EBADMSG;
	void *raw = malloc(bytes);
	if (!raw)
		return -ENOMEM;
	int rc = H5Dread_chunk(dataset, H5P_DEFAULT, at, &left_out, raw) < 0 || left_out ? -EBADMSG : 0;
	free(raw);
	return rc;
}

/* All chunks that a region touches, the last dimension fastest. */
static int check_chunks(hid_t dataset, int rank, const hsize_t *chunk, const hsize_t *at, const hsize_t *count, size_t chunk_bytes,
			bool filtered)
{
	hsize_t first[H5S_MAX_RANK], corner[H5S_MAX_RANK];
	uint64_t n = 1;
	for (int d = 0; d < rank; d++) {
		corner[d] = first[d] = at[d] / chunk[d] * chunk[d];
		n *= count[d] ? (at[d] + count[d] - 1) / chunk[d] - at[d] / chunk[d] + 1 : 0;
		if (n > CHUNKS_MAX)
			return -EBADMSG;
	}
	for (; n; n--) {
		int rc = check_chunk(dataset, corner, chunk_bytes, filtered);
		if (rc)
			return rc;
		for (int d = rank - 1; d >= 0; d--) {
			corner[d] += chunk[d];
			if (corner[d] < at[d] + count[d])
				break;
			corner[d] = first[d];
		}
	}
	return 0;
}

int hdf5_filter_begin(hid_t dataset, const hsize_t *at, const hsize_t *count)
{
	hsize_t chunk[H5S_MAX_RANK];
	hid_t layout = H5Dget_create_plist(dataset), type = H5Dget_type(dataset);
	size_t bytes = type < 0 ? 0 : H5Tget_size(type);
	int rc = 0, rank = layout < 0 || H5Pget_layout(layout) != H5D_CHUNKED ? 0 : H5Pget_chunk(layout, H5S_MAX_RANK, chunk);
	bool filtered = rank > 0 && H5Pget_nfilters(layout) != 0;
	expected = 0;
	for (int d = 0; d < rank && rc == 0; d++) {
		rc = chunk[d] == 0 || bytes > CHUNK_BYTES_MAX / chunk[d] ? -EBADMSG : 0;
		bytes *= chunk[d];
	}
	if (rc == 0 && rank > 0)
		rc = check_chunks(dataset, rank, chunk, at, count, bytes, filtered);
	if (rc == 0 && filtered)
		expected = bytes;
	if (layout >= 0)
		H5Pclose(layout);
	if (type >= 0)
		H5Tclose(type);
	return rc;
}

void hdf5_filter_end(void)
{
	expected = 0;
}

static uint64_t get_be(const uint8_t *p, unsigned bytes)
{
	uint64_t v = 0;
	for (unsigned i = 0; i < bytes; i++)
		v = v << 8 | p[i];
	return v;
}

struct stream {
	const uint8_t *at, *end;
	uint8_t *out;
	size_t total, block; /* bytes */
	uint8_t *scratch;    /* block bytes */
};

/* Elements of elem bytes from their bit planes: n a multiple of 8. */
static void unshuffle(uint8_t *out, const uint8_t *planes, size_t n, unsigned elem)
{
	memset(out, 0, n * elem);
	for (unsigned p = 0; p < 8 * elem; p++) {
		const uint8_t *plane = planes + p * (n / 8);
		for (size_t i = 0; i < n; i++)
			out[i * elem + p / 8] |= (uint8_t)((plane[i / 8] >> (i % 8) & 1) << (p % 8));
	}
}

/* The next block's compressed bytes; false where they reach beyond the end. */
static bool next_block(struct stream *s, const uint8_t **bytes, size_t *len)
{
	if (s->end - s->at < 4)
		return false;
	*len = (size_t)get_be(s->at, 4);
	*bytes = s->at + 4;
	if (*len == 0 || *len > (size_t)(s->end - *bytes))
		return false;
	s->at = *bytes + *len;
	return true;
}

static bool decode_bslz4(struct stream *s, unsigned elem)
{
	size_t left = s->total / elem, per_block = s->block / elem, done = 0;
	while (left >= 8) {
		size_t n = left < per_block ? left / 8 * 8 : per_block, len;
		const uint8_t *bytes;
		if (!next_block(s, &bytes, &len) ||
		    LZ4_decompress_safe((const char *)bytes, (char *)s->scratch, (int)len, (int)(n * elem)) != (int)(n * elem))
			return false;
		unshuffle(s->out + done, s->scratch, n, elem);
		done += n * elem;
		left -= n;
	}
	if ((size_t)(s->end - s->at) != left * elem)
		return false;
	memcpy(s->out + done, s->at, left * elem);
	return true;
}

static bool decode_lz4(struct stream *s)
{
	for (size_t done = 0; done < s->total;) {
		size_t n = s->total - done < s->block ? s->total - done : s->block, len;
		const uint8_t *bytes;
		if (!next_block(s, &bytes, &len))
			return false;
		if (len == n)
			memcpy(s->out + done, bytes, n);
		else if (len > INT32_MAX || LZ4_decompress_safe((const char *)bytes, (char *)s->out + done, (int)len, (int)n) != (int)n)
			return false;
		done += n;
	}
	return s->at == s->end;
}

/* Head and buffers; false where the head lies. */
static bool begin(struct stream *s, const uint8_t *in, size_t len, unsigned elem)
{
	memset(s, 0, sizeof *s);
	if (len < HEAD_BYTES)
		return false;
	uint64_t total = get_be(in, 8), block = get_be(in + 8, 4);
	if (total == 0 || total != expected || total % elem)
		return false;
	if (block == 0)
		block = 8192;
	if (block > total)
		block = (total + 8 * elem - 1) / (8 * elem) * (8 * elem);
	if (block % elem)
		return false;
	s->at = in + HEAD_BYTES;
	s->end = in + len;
	s->total = total;
	s->block = block;
	s->out = H5allocate_memory(total, false);
	s->scratch = malloc(block);
	return s->out && s->scratch;
}

/* HDF5's filter function: gives back the new length, 0 for a failure, in which case *buf is left as it was. */
static size_t decode(size_t len, size_t *buf_size, void **buf, unsigned elem, bool shuffled)
{
	struct stream s;
	bool good = begin(&s, *buf, len, elem) && (!shuffled || s.block / elem % 8 == 0) && (shuffled ? decode_bslz4(&s, elem) : decode_lz4(&s));
	free(s.scratch);
	if (!good) {
		H5free_memory(s.out);
		return 0;
	}
	H5free_memory(*buf);
	*buf = s.out;
	*buf_size = s.total;
	return s.total;
}

static size_t bslz4(unsigned flags, size_t n_values, const unsigned values[], size_t len, size_t *buf_size, void **buf)
{
	bool lz4 = n_values >= 5 && values[4] == 2;
	bool elem = n_values >= 3 && (values[2] == 1 || values[2] == 2 || values[2] == 4 || values[2] == 8);
	if (!(flags & H5Z_FLAG_REVERSE) || !lz4 || !elem)
		return 0;
	return decode(len, buf_size, buf, values[2], true);
}

static size_t lz4(unsigned flags, size_t n_values, const unsigned values[], size_t len, size_t *buf_size, void **buf)
{
	return flags & H5Z_FLAG_REVERSE ? decode(len, buf_size, buf, 1, false) : 0;
}

static int registered = -EIO;

static void register_both(void)
{
	static const H5Z_class2_t classes[] = {
		{H5Z_CLASS_T_VERS, HDF5_FILTER_BSLZ4, 1, 1, "bitshuffle and lz4", NULL, NULL, bslz4},
		{H5Z_CLASS_T_VERS, HDF5_FILTER_LZ4, 1, 1, "lz4", NULL, NULL, lz4},
	};
	if (H5Zregister(&classes[0]) >= 0 && H5Zregister(&classes[1]) >= 0)
		registered = 0;
}

int hdf5_filter_register(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, register_both);
	return registered;
}
