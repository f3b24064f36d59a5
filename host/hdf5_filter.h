/* hdf5_filter.h - bslz4 (32008) and lz4 (32004) as HDF5 filters of our own.
 *
 * Datasets cannot be created with a filter that HDF5 does not know, and the usual plugin rewrites the parameters; these take them as given. They decode,
 * for data whose chunks are not whole frames; they never encode, because frames come encoded. No plugin has to be installed. */
#ifndef HOST_HDF5_FILTER_H
#define HOST_HDF5_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include <hdf5.h>

#define HDF5_FILTER_LZ4 32004
#define HDF5_FILTER_BSLZ4 32008

/* Before and after a read (H5Dread) of a region of a dataset from a file that is not trusted. HDF5 takes a filter's output, and a chunk whose filters were
 * left out, for as long as a chunk must be, and reads beyond the end of shorter ones. begin refuses such chunks (-EBADMSG), and tells our own filters what
 * must come out of them; without it they refuse. at and count: the region, in the dataset's dimensions. */
int hdf5_filter_begin(hid_t dataset, const hsize_t *at, const hsize_t *count);
void hdf5_filter_end(void);

/* Bytes of the chunk at a corner, as the file's index has them: what H5Dread_chunk will write, whatever the buffer. -ENOENT where there is none. Of data
 * without a filter HDF5 tells the nominal length, and reads the one in the index all the same; finding that one takes a walk through the index. */
int hdf5_filter_stored(hid_t dataset, const hsize_t *at, bool filtered, uint64_t *bytes);

/* Once per process, from any thread, as often as one likes. 0, or -EIO. */
int hdf5_filter_register(void);

#endif
