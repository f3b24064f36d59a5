/* nxmx_parts.h - what the writer consists of: segments, masters, the results file, recovery. For nxmx_*.c only.
 *
 * Every channel is a series of its own with a STEM (the run's name, or name_channel where there are several): STEM_master.h5.part is the template, everything
 * but the frames, written and synced at the start and locked (flock) while the run lasts; STEM_data_000001.h5.part ... are segments; STEM_master.h5 is the
 * template's copy plus links to the finished segments. Thus a killed run leaves nothing that nxmx_recover cannot put together. */
#ifndef HOST_NXMX_PARTS_H
#define HOST_NXMX_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include <hdf5.h>

#include "host/nxmx_writer.h"

#define NXMX_PATH_MAX 4096
#define NXMX_STEM_MAX 256
#define NXMX_SLACK_BYTES (1u << 20) /* of free space that HDF5's own tables may need between two checks */

/* --- nxmx_space.c: paths, syncing, free space -------------------------------------------------------------------------------------------- */

/* "%s/%s%s" into a buffer of NXMX_PATH_MAX; -ENAMETOOLONG. */
int nxmx_path(char out[NXMX_PATH_MAX], const char *directory, const char *stem, const char *suffix);
bool nxmx_exists(const char *path);
int nxmx_make_directory(const char *path);
/* Only letters, digits and ._+- remain, never hidden, never empty. */
void nxmx_sanitise(char *out, size_t out_bytes, const char *name);
int nxmx_sync_file(const char *path);
/* Syncs a finished file, gives it its name, syncs the directory. */
int nxmx_rename(const char *directory, const char *from, const char *to);
/* -ENOSPC where less than reserve + wanted + slack bytes are free. */
int nxmx_space_check(const char *directory, uint64_t reserve, uint64_t wanted);
/* Starts a fdatasync of an open HDF5 file. */
int nxmx_sync_open(hid_t file);

/* --- nxmx_segment.c ----------------------------------------------------------------------------------------------------------------------- */

#define NXMX_IDS 1024 /* original numbers gathered before they are written; also the chunk of their dataset */
#define NXMX_NO_ID UINT64_MAX /* what is read where a number never reached the disk */

struct nxmx_series {
	const char *directory;
	char stem[NXMX_STEM_MAX];
	uint32_t width, height;
	uint8_t elem_bytes;
	uint32_t frames_per_file;
	uint64_t reserve_bytes;
	unsigned number;         /* of the segment that is open, or of the last one */
	hid_t file, data, ids;   /* -1: no segment is open */
	enum stream_codec codec;
	uint8_t shuffle_bytes;
	uint64_t n_frames;       /* in the open segment */
	uint64_t n_ids_written;
	uint32_t n_pending;
	uint64_t pending[NXMX_IDS];
	uint64_t n_kept;         /* in all segments */
	uint64_t first_ns;       /* when the open segment's first frame came */
	bool dirty;              /* something was appended since the last flush */
	uint64_t refused_until_ns; /* no new segment before: the disk took nothing */
	uint32_t n_given_up;     /* files that could not even be closed */
	bool grown;              /* a segment was finished since the master was published */
	uint8_t *framed;         /* one frame of headerless lz4 with its head */
	size_t framed_bytes;
	int lock;                /* the template's descriptor, locked; -1 */
};

void nxmx_series_clear(struct nxmx_series *series);
int nxmx_series_append(struct nxmx_series *series, uint64_t image_id, const struct stream_array *pixels, uint64_t *bytes_written);
int nxmx_series_flush(struct nxmx_series *series);
/* Closes the open segment, if any, syncs and renames it. */
int nxmx_series_finish(struct nxmx_series *series);
void nxmx_series_release(struct nxmx_series *series);

/* --- nxmx_master.c, nxmx_publish.c -------------------------------------------------------------------------------------------------------- */

struct nxmx_master_cfg {
	const char *directory, *stem, *config, *version;
	const struct stream_start *start;
	uint32_t channel;
	const uint8_t *mask;       /* used for analysis, 1 = use; NULL: unknown */
};

/* Writes STEM_master.h5.part. */
int nxmx_master_template(const struct nxmx_master_cfg *cfg);
/* STEM_master.h5 from the template and the finished segments. 1: published; 0: there are no frames; -errno. */
int nxmx_publish(const char *directory, const char *stem);

/* STEM's segments that a killed process, or a failing disk, left unfinished: cut to what is whole, renamed (nxmx_recover.c). say may be NULL. */
int nxmx_mend_segments(const char *directory, const char *stem, void (*say)(void *user, const char *line), void *user);

/* --- nxmx_versions.c ------------------------------------------------------------------------------------------------------------------------- */

struct hdf5_put;

#define NXMX_VERSIONS_COLUMNS 6

struct nxmx_versions {
	hid_t dataset[NXMX_VERSIONS_COLUMNS];
	uint64_t n; /* rows */
};

/* Makes the empty table, before the file is written while others read it. */
int nxmx_versions_make(struct nxmx_versions *versions, struct hdf5_put *put);
int nxmx_versions_add(struct nxmx_versions *versions, const struct nxmx_version *version);

/* --- nxmx_results.c -------------------------------------------------------------------------------------------------------------------------- */

struct nxmx_results;

struct nxmx_results_cfg {
	const char *directory, *name, *config, *version;
	const struct stream_start *start;
	const struct record_start *record_start; /* may be NULL */
	uint64_t reserve_bytes;
	uint32_t n_channels;
	char channel[STREAM_CHANNELS_MAX][STREAM_NAME_MAX];
};

/* Makes NAME_results.h5.part; -EEXIST where it is there already. */
int nxmx_results_open(struct nxmx_results **out, const struct nxmx_results_cfg *cfg);
int nxmx_results_append(struct nxmx_results *results, uint32_t channel, const struct record *record);
int nxmx_results_version(struct nxmx_results *results, const struct nxmx_version *version);
int nxmx_results_flush(struct nxmx_results *results);
/* Throws away what is gathered and could not be written; returns the rows, of the channel that has most of them. */
uint64_t nxmx_results_give_up(struct nxmx_results *results);
int nxmx_results_close(struct nxmx_results **results, const struct record_end *end);
/* Cuts the columns of a file that a killed process left to one length. The file is open for writing. */
int nxmx_results_mend(hid_t file, uint64_t *n_rows);

/* --- shared by master, segments and results -------------------------------------------------------------------------------------------------- */

void nxmx_put_process(struct hdf5_put *put, const char *version, const char *config);

#endif
