/* record.h - what the node says of every frame: the results message and the results in files.
 *
 * host/record.c turns these into CBOR for the PUB socket (one start, one message per frame and channel, one end per run, each with a running
 * number) and the file writer into HDF5. Field names on the wire are the member names here; the README's table is made from the comments.
 * Arrays are columns, encoded as RFC 8746 typed arrays (little-endian: u16 69, u32 70, u64 71, f32 85, f64 86). NaN is a NaN float. */
#ifndef HOST_RECORD_H
#define HOST_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/stream.h"

enum record_status { RECORD_ANALYSED, RECORD_UNANALYSED, RECORD_INVALID };

/* Columns of the kept spots, n_spots entries each, in the order of their first pixel. */
struct record_spots {
	double *x, *y;       /* centroid, pixels, centres at +0.5 */
	uint64_t *sum;       /* counts */
	uint32_t *n_px;      /* pixels */
	uint32_t *max;       /* counts of the highest pixel */
	float *d;            /* resolution, Angstrom; NaN without geometry */
};

struct record_radial {       /* n_bins entries each; the axis is in the start message */
	uint64_t *bin_sum;   /* counts */
	uint32_t *bin_count; /* valid pixels */
	float *intensity;    /* counts per pixel, solid angle (and polarisation) corrected; NaN where the bin is empty */
	float *sigma;        /* Poisson */
};

/* One frame and channel. */
struct record {
	uint64_t number;            /* running number of the results stream, from 0: a gap means that messages were lost on the way */
	uint64_t run;               /* the node's number of the run, from 1 */
	uint64_t series_id;
	char series_unique_id[STREAM_NAME_MAX];
	uint64_t image_id;          /* the detector's, from 0 */
	char channel[STREAM_NAME_MAX];
	enum record_status status;  /* text on the wire: analysed, unanalysed, invalid */
	const char *reason;         /* why it is not analysed; "" */
	const char *engine;         /* which engine analysed it; "" */
	uint64_t plan_version;      /* of the settings it was analysed with; 0: none */
	uint64_t received_unix_ns;  /* when zmq_msg_recv returned */
	double start_time_s, stop_time_s, real_time_s; /* the detector's, relative to the series' date; NaN if not given */
	uint32_t width, height;     /* pixels */
	uint8_t elem_bytes;
	uint64_t payload_bytes;     /* compressed */
	uint64_t sum;               /* counts of valid pixels */
	uint32_t n_valid, n_nodata, n_saturated; /* pixels */
	uint32_t max, max_index;    /* largest valid value, its flat index y * width + x */
	uint32_t n_strong;          /* pixels */
	uint32_t overflow;          /* 1: more strong pixels than the cap, 2: more spots than the cap; lists are empty then */
	double n_spots, n_spots_ring_free, n_spots_range; /* NaN: not known */
	double total_intensity, total_signal; /* counts */
	double background;          /* counts per pixel */
	double d_min, d_min_shells; /* Angstrom */
	double ice;                 /* sigmas */
	double score;
	bool hit, kept;
	uint32_t n_bins;            /* 0: no radial integration */
	uint32_t n_listed_spots;    /* entries in spots */
	struct record_spots spots;
	struct record_radial radial;
};

/* What is the same for the whole run. */
struct record_start {
	uint64_t number, run;
	const struct stream_start *series; /* NULL: joined late */
	uint64_t series_id;
	char series_unique_id[STREAM_NAME_MAX];
	const char *version;        /* of the program */
	const char *engine;
	const char *config;         /* the configuration used, YAML text */
	const char *radial_unit;    /* "q", "two_theta", "radius"; NULL: no radial integration, reason in radial_off */
	const char *radial_off;     /* why there is none, in words; "" */
	uint32_t n_bins, n_radial, n_sectors;
	const double *radial_axis;  /* n_bins bin centres in the unit */
	const double *radial_q;     /* n_bins, 1/Angstrom */
	uint64_t unix_ns;
};

struct record_count {
	const char *name;           /* "received", "missing", "kept.released" ... */
	uint64_t value;
};

struct record_end {
	uint64_t number, run;
	uint64_t series_id;
	char series_unique_id[STREAM_NAME_MAX];
	const char *closed_by;      /* "end", "quiet", "next_start", "shutdown" */
	bool balanced;              /* every equation of the ledger holds */
	const struct record_count *count; /* the ledger, every term */
	size_t n_counts;
	uint64_t unix_ns;
};

/* Encode; the length in bytes, or -ENOSPC. Bounds are exact enough to size a buffer once per run. */
int64_t record_encode(uint8_t *out, size_t cap, const struct record *record);
int64_t record_encode_start(uint8_t *out, size_t cap, const struct record_start *start);
int64_t record_encode_end(uint8_t *out, size_t cap, const struct record_end *end);
size_t record_bound(uint32_t n_bins, uint32_t n_spots);
size_t record_bound_start(const struct record_start *start);
size_t record_bound_end(const struct record_end *end);

#endif
