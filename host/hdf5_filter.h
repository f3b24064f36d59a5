/* hdf5_filter.h - bslz4 (32008) and lz4 (32004) as HDF5 filters of our own.
 *
 * Datasets cannot be created with a filter that HDF5 does not know, and the usual plugin rewrites the parameters; these take them as given. They decode,
 * for data whose chunks are not whole frames; they never encode, because frames come encoded. No plugin has to be installed. */
#ifndef HOST_HDF5_FILTER_H
#define HOST_HDF5_FILTER_H

#define HDF5_FILTER_LZ4 32004
#define HDF5_FILTER_BSLZ4 32008

/* Once per process, from any thread, as often as one likes. 0, or -EIO. */
int hdf5_filter_register(void);

#endif
