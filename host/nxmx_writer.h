/* nxmx_writer.h - a run's kept frames and all its results as HDF5 (NXmx) files.
 *
 * In DIRECTORY, for a run called NAME: NAME_master.h5 (NXmx), NAME_data_000001.h5 ... (segments with the original compressed chunks); with several channels
 * NAME_CHANNEL_master.h5 and NAME_CHANNEL_data_000001.h5 ... each; NAME_results.h5 (results of ALL frames). All are written as .part and renamed once they are
 * closed and synced; nxmx_recover makes what a killed process left readable. The master appears with the first finished segments and grows; a run of which
 * nothing was kept has none. A value that readers insist on and nobody knows is assumed, and marked by an attribute `assumed`.
 * One thread calls all functions of one writer. A full disk or a failing write is an error of that frame (-ENOSPC, -EIO), never the end: the writer goes on
 * with the next frame and tries again. Where a disk fails in the middle of a segment, that segment stays a .part, which nxmx_recover finishes. */
#ifndef HOST_NXMX_WRITER_H
#define HOST_NXMX_WRITER_H

#include "host/record.h"
#include "host/stream.h"

struct nxmx_writer;

struct nxmx_cfg {
	const char *directory;      /* made where it does not exist */
	const char *name;           /* e.g. "series_71"; a name that is taken gets _2, _3 ... */
	uint32_t frames_per_file;   /* a segment is closed at this count ... */
	uint32_t segment_age_s;     /* ... or when its first frame is this old; 0: count only */
	uint32_t flush_interval_ms; /* frames older than this are on their way to disk and readable; default 500 */
	uint64_t reserve_bytes;     /* keep this much of the file system free: below it frames fail with -ENOSPC */
	const char *config;         /* the configuration used, kept in the files */
	const char *version;        /* of the program */
};

/* start: what is known of the series (NULL members rules as in stream_start); width, height, elem_bytes and channels must be set. masks: per channel the
 * mask actually used for analysis (width * height bytes, 1 = use; NULL: unknown). record_start: radial axis etc. (spans and pointers copied). */
int nxmx_open(struct nxmx_writer **out, const struct nxmx_cfg *cfg, const struct stream_start *start, const uint8_t *const *masks,
	      const struct record_start *record_start, char *message, size_t message_bytes);

/* Appends one channel of a kept frame, bytes unchanged (headerless lz4 gets the head that HDF5 readers need). bytes_written: added to for the write rate. */
int nxmx_frame(struct nxmx_writer *writer, uint32_t channel, uint64_t image_id, const struct stream_array *pixels, uint64_t *bytes_written);

/* Appends one result; any frame, kept or not, in the order of arrival. */
int nxmx_result(struct nxmx_writer *writer, uint32_t channel, const struct record *record);

/* Settings that results are made with, by their plan_version. */
struct nxmx_version {
	uint64_t plan_version, settings_version, unix_ns;
	const char *channel, *changes, *config;
};
/* To be called before the first result of every plan_version. */
int nxmx_version(struct nxmx_writer *writer, const struct nxmx_version *version);

/* To be called often (at least every flush interval): flushes, syncs, closes old segments. now_ns: monotonic. */
int nxmx_tick(struct nxmx_writer *writer, uint64_t now_ns);

/* The last flush of results before the end: returns of how many frames they found no room and are lost, so that the ledger given to nxmx_close says so. */
uint64_t nxmx_settle(struct nxmx_writer *writer);

/* Finishes segments, masters and results; end holds the ledger (may be NULL after a failure). Takes NULL and half-built objects. */
int nxmx_close(struct nxmx_writer **writer, const struct record_end *end);

/* `sluice recover`: in a directory, makes every .part left by a killed process readable, renames it, and writes the missing or outdated masters.
 * say is called with one line in words per file. */
int nxmx_recover(const char *directory, void (*say)(void *user, const char *line), void *user);

#endif
