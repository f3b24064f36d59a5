/* record.h - what the node says of every frame: the results message and the results in files.
 *
 * host/record.c turns these into CBOR for the PUB socket (one start, one message per frame and channel, one end per run, each with a running
 * number) and the file writer into HDF5. Field names on the wire are the member names here, and the tables of host/RECORD.md are made from
 * the comments, so every member has one. Arrays are columns, encoded as RFC 8746 typed arrays (little-endian: u16 69, u32 70, u64 71,
 * f32 85, f64 86). NaN is a NaN float. A message begins with "type" ("start", "result", "end") and "format" (RECORD_FORMAT). */
#ifndef HOST_RECORD_H
#define HOST_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/stream.h"

#define RECORD_FORMAT 1     /* raised when a field changes its meaning or goes; a new field does not raise it */
#define RECORD_TEXT_MAX 256 /* bytes of reason, engine and the like on the wire; longer text is cut */

enum record_status { RECORD_ANALYSED, RECORD_UNANALYSED, RECORD_INVALID };

/* Columns of the kept spots, n_listed_spots entries each, in the order of their first pixel. */
struct record_spots {
	double *x, *y;       /* centroid, pixels, centres at +0.5 */
	uint64_t *sum;       /* counts of the spot's strong pixels */
	uint32_t *n_px;      /* strong pixels of the spot */
	uint32_t *max;       /* counts of the highest pixel */
	float *d;            /* resolution, Angstrom; NaN without geometry */
};

struct record_radial {       /* n_bins entries each; the axis is in the start message */
	uint64_t *bin_sum;   /* counts in the bin, uncorrected */
	uint32_t *bin_count; /* valid pixels in the bin */
	float *intensity;    /* counts per pixel, solid angle (and polarisation) corrected; NaN where the bin is empty */
	float *sigma;        /* Poisson error of intensity, counts per pixel */
};

/* One frame and channel. */
struct record {
	uint64_t number;            /* running number of the results stream, from 0: a gap means that messages were lost on the way */
	uint64_t run;               /* the node's number of the run, from 1 */
	uint64_t series_id;         /* the detector's */
	char series_unique_id[STREAM_NAME_MAX]; /* the detector's; "" in Stream v1 */
	uint64_t image_id;          /* the detector's, from 0 */
	char channel[STREAM_NAME_MAX]; /* "threshold_1", "difference"; Stream v1: "default" */
	enum record_status status;  /* "analysed", "unanalysed" or "invalid"; numbers of the image hold for "analysed" only */
	const char *reason;         /* why it is not analysed; "" */
	const char *engine;         /* which engine analysed it; "" */
	uint64_t plan_version;      /* of the settings it was analysed with; 0: none */
	uint64_t received_unix_ns;  /* when the message was taken from the socket, nanoseconds of Unix time */
	double start_time_s;        /* the exposure's begin by the detector's clock, seconds; NaN if not given */
	double stop_time_s;         /* its end */
	double real_time_s;         /* time of counting, seconds; NaN if not given */
	uint32_t width, height;     /* pixels */
	uint8_t elem_bytes;         /* of a pixel: 1, 2 or 4 */
	uint64_t payload_bytes;     /* of the channel's image as it came, compressed */
	uint64_t sum;               /* counts of valid pixels */
	uint32_t n_valid;           /* pixels that count */
	uint32_t n_nodata;          /* pixels that are masked or hold no data */
	uint32_t n_saturated;       /* pixels above the saturation value */
	uint32_t max;               /* counts of the brightest valid pixel */
	uint32_t max_index;         /* its flat index, y * width + x */
	uint32_t n_strong;          /* strong pixels */
	uint32_t overflow;          /* 1: more strong pixels than the cap, 2: more spots than the cap; lists are empty then */
	double n_spots;             /* spots kept by the size filter; NaN: not known */
	double n_spots_ring_free;   /* of these, outside ice rings; NaN: not known */
	double n_spots_range;       /* of these, in the configured range of resolution; NaN: not known */
	double total_intensity;     /* counts in the spots outside ice rings */
	double total_signal;        /* counts in the spots above the frame's radial mean */
	double background;          /* mean over the configured range of q, counts per pixel */
	double d_min;               /* resolution limit by spot intensities, as DIALS estimates it, Angstrom; NaN: too few spots */
	double d_min_shells;        /* resolution limit by spots in shells, as DIALS' distl method 2, Angstrom; NaN: too few spots */
	double ice;                 /* how far the strongest ice ring stands above its surroundings, sigmas; NaN: not known */
	double score;               /* one number to rank frames by: signal over background in 20 shells; NaN: not known */
	bool hit;                   /* the verdict of the hit rule */
	bool kept;                  /* the storage policy keeps the frame */
	uint32_t n_bins;            /* 0: no radial integration */
	uint32_t n_listed_spots;    /* entries in spots */
	struct record_spots spots;  /* columns; empty where none are listed */
	struct record_radial radial; /* columns; empty without radial integration */
};

/* What is the same for the whole run. */
struct record_start {
	uint64_t number;            /* running number of the results stream, from 0 */
	uint64_t run;               /* the node's number of the run, from 1 */
	const struct stream_start *series; /* what the detector announced; null: joined late, nothing is known */
	uint64_t series_id;         /* the detector's */
	char series_unique_id[STREAM_NAME_MAX]; /* the detector's; "" in Stream v1 */
	const char *version;        /* of the program */
	const char *engine;         /* which engine analyses the run */
	const char *config;         /* the configuration used, YAML text */
	const char *radial_unit;    /* "q" (1/Angstrom), "two_theta" (degrees), "radius" (millimetres); "": no radial integration (NULL here) */
	const char *radial_off;     /* why there is none, in words; "" */
	uint32_t n_bins;            /* bins in all, n_radial * n_sectors; 0: no radial integration */
	uint32_t n_radial;          /* bins along the axis */
	uint32_t n_sectors;         /* azimuthal bins; 1: full circles */
	const double *radial_axis;  /* n_bins bin centres in radial_unit */
	const double *radial_q;     /* n_bins bin centres, 1/Angstrom */
	uint64_t unix_ns;           /* when the run began, nanoseconds of Unix time */
};

/* A term of the ledger. */
struct record_count {
	const char *name;           /* "received", "missing", "kept.released" ... */
	uint64_t value;             /* frames, or what the name says */
};

/* The last message of a run. */
struct record_end {
	uint64_t number;            /* running number of the results stream, from 0 */
	uint64_t run;               /* the node's number of the run, from 1 */
	uint64_t series_id;         /* the detector's */
	char series_unique_id[STREAM_NAME_MAX]; /* the detector's; "" in Stream v1 */
	const char *closed_by;      /* "end", "quiet", "next_start", "displaced" (too many were open), "shutdown" */
	bool balanced;              /* every equation of the ledger holds */
	const struct record_count *count; /* the ledger: every term's name and number */
	size_t n_counts;            /* entries in count; not on the wire */
	uint64_t unix_ns;           /* when the run was closed, nanoseconds of Unix time */
};

/* Encode; the length in bytes, or -ENOSPC. Bounds are exact enough to size a buffer once per run. */
int64_t record_encode(uint8_t *out, size_t cap, const struct record *record);
int64_t record_encode_start(uint8_t *out, size_t cap, const struct record_start *start);
int64_t record_encode_end(uint8_t *out, size_t cap, const struct record_end *end);
size_t record_bound(uint32_t n_bins, uint32_t n_spots);
size_t record_bound_start(const struct record_start *start);
size_t record_bound_end(const struct record_end *end);

#endif
