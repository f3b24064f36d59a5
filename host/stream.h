/* stream.h - the detector's messages taken apart and put together: Stream v1 (JSON multipart) and Stream v2 (CBOR).
 *
 * Decoding never copies pixels or tables: every span points into the message it was decoded from and lives as long as that. It never
 * trusts a byte, bounds every size by struct stream_limits, and refuses with a reason that is counted. Lenient in what it takes, as
 * real detectors and simulators differ; strict in what it emits (fact sheet B.6). The frame path's functions keep no state and our code
 * in them allocates nothing (jansson does, for Stream v1). All strings are NUL-terminated UTF-8, bounded; a longer one is refused as
 * BAD_FIELD where it identifies something, else cut. Facts: detector_streams.md parts A and B. */
#ifndef HOST_STREAM_H
#define HOST_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "host/span.h"

#define STREAM_CHANNELS_MAX 8
#define STREAM_PARTS_MAX 16
#define STREAM_NAME_MAX 64   /* channel names, series_unique_id, with the NUL */
#define STREAM_TEXT_MAX 128  /* descriptions, dates */
#define STREAM_AXES_MAX 6

enum stream_dialect { STREAM_UNKNOWN, STREAM_V1, STREAM_V2 };
enum stream_kind { STREAM_START, STREAM_IMAGE, STREAM_END };
enum stream_codec { STREAM_CODEC_NONE, STREAM_CODEC_BSLZ4, STREAM_CODEC_LZ4_FRAMED, STREAM_CODEC_LZ4_RAW };

/* Why a message was refused: each is counted apart. */
enum stream_refusal {
	STREAM_OK,
	STREAM_NOT_A_STREAM,   /* neither JSON with an htype nor a CBOR map with a type */
	STREAM_BAD_JSON,
	STREAM_BAD_CBOR,       /* truncated, malformed, trailing bytes, nested too deep */
	STREAM_BETA_DIALECT,   /* the unsupported pre-release Stream v2 of 2020/2021 */
	STREAM_MISSING_FIELD,
	STREAM_BAD_FIELD,      /* wrong type, out of range, negative, not finite */
	STREAM_BAD_PARTS,      /* number or order of message parts */
	STREAM_BAD_SHAPE,      /* zero, absurd, or not two-dimensional */
	STREAM_BAD_TYPE,       /* not u8, u16 or u32 */
	STREAM_BAD_ENCODING,   /* unknown compression, big-endian */
	STREAM_BAD_SIZE,       /* the payload's length contradicts what the message says of it */
	STREAM_TOO_LARGE,      /* beyond the configured limits */
	STREAM_REFUSALS
};
const char *stream_refusal_words(enum stream_refusal refusal); /* for people; scripts read the ledger's names */

struct stream_limits {
	uint64_t max_pixels;      /* per channel */
	uint32_t max_channels;    /* 1..STREAM_CHANNELS_MAX */
};

/* A two-dimensional array on the wire, perhaps compressed. height and width are rows and columns, whatever the dialect's order. */
struct stream_array {
	struct span bytes;        /* as they came */
	uint32_t width, height;
	uint8_t elem_bytes;       /* 1, 2, 4 */
	bool is_float;            /* float32; else unsigned */
	enum stream_codec codec;
	uint8_t shuffle_bytes;    /* bslz4: width of the shuffle */
};

struct stream_channel {
	char name[STREAM_NAME_MAX];   /* "threshold_1"; Stream v1: "default" */
	struct stream_array pixels;
};

/* Seconds as the detector gives them: value = num / den (Stream v1: den 1000000000). den 0: absent. */
struct stream_time {
	uint64_t num, den;
};

struct stream_image {
	uint64_t series_id;
	char series_unique_id[STREAM_NAME_MAX]; /* "" in Stream v1 */
	uint64_t image_id;                      /* from 0 */
	struct stream_time real_time, start_time, stop_time;
	char series_date[STREAM_TEXT_MAX];      /* v2; "" if absent */
	struct span user_data;                  /* v2: raw CBOR; v1: the image appendix; len 0: absent */
	uint32_t n_channels;
	struct stream_channel channel[STREAM_CHANNELS_MAX];
	bool strict;                            /* may be forwarded unchanged to a strict client */
};

struct stream_end {
	uint64_t series_id;
	char series_unique_id[STREAM_NAME_MAX];
	bool strict;
};

struct stream_axis { /* omega, chi, phi, kappa, two_theta: degrees */
	char name[16];
	double start, increment;
};

struct stream_start_channel {
	char name[STREAM_NAME_MAX];
	double threshold_energy_ev;    /* NaN: none (difference) */
	struct stream_array pixel_mask;/* bytes.len 0: none; u32, non-zero = do not use (bits: fact sheet C.1) */
	struct stream_array flatfield; /* bytes.len 0: none; float32 */
};

/* Everything known of a run before its first frame. Numbers that were not given are NaN (double) or 0 (integers, stated otherwise). */
struct stream_start {
	enum stream_dialect dialect;   /* it was announced in */
	uint64_t series_id;
	char series_unique_id[STREAM_NAME_MAX];
	char arm_date[STREAM_TEXT_MAX];/* as the detector writes it: ISO 8601, mostly with a time zone; "" not known */
	uint64_t n_images;             /* of the whole series, all triggers; 0: not known (see n_images_known) */
	bool n_images_known;           /* the series' length was announced */
	uint32_t width, height;        /* of an image, pixels; 0: not known before the first image */
	uint8_t elem_bytes;            /* of a pixel: 1, 2, 4; 0: not known before the first image */
	double beam_x_px, beam_y_px;   /* direct beam on the detector, pixels from the first pixel's corner */
	double distance_m;             /* metres: v1 detector_distance, v2 the magnitude of detector_translation[2], whose sign is the beamline's */
	double translation_m[3];       /* of the detector in the laboratory, metres */
	double pixel_x_m, pixel_y_m;   /* size of a pixel, metres */
	double wavelength_angstrom, energy_ev; /* of the beam: Angstrom, eV */
	double count_time_s;           /* exposure of a frame, seconds */
	double frame_time_s;           /* from frame to frame, seconds */
	double sensor_thickness_m;     /* metres */
	char sensor_material[STREAM_TEXT_MAX]; /* "Si", "CdTe" */
	char detector_description[STREAM_TEXT_MAX], detector_serial[STREAM_TEXT_MAX]; /* as the detector names itself */
	char firmware[STREAM_TEXT_MAX];/* v1 only */
	uint64_t saturation_value;     /* counts: v2 saturation_value, v1 countrate_correction_count_cutoff; 2^64 - 1: not known */
	uint32_t bit_depth_readout, bit_depth_image; /* bits; v1 only */
	int countrate_correction, flatfield_correction, mask_applied, virtual_interpolation; /* already applied: 1, not: 0, not known: -1 */
	char trigger_mode[STREAM_TEXT_MAX]; /* "ints", "exts" ...; v1 only */
	uint32_t n_axes;               /* entries in axis */
	struct stream_axis axis[STREAM_AXES_MAX]; /* of the goniometer, degrees: start, and increment per frame */
	uint32_t n_channels;           /* 0: not known before the first image (v1: 1, "default") */
	struct stream_start_channel channel[STREAM_CHANNELS_MAX]; /* name, threshold energy (eV; NaN: none), tables */
	struct span countrate_table;   /* v2: u32 LE; v1: float32 pairs; opaque */
	struct span user_data;         /* v2: raw CBOR; v1: the header appendix */
	struct span v1_config;         /* v1: the JSON text of part 2 */
	bool strict;
	/* Exact placement, where a file states it (NXmx vectors, metres, unit vectors, McStas frame: z along the beam). */
	bool has_axes;
	double origin_m[3], fast[3], slow[3]; /* origin: corner of pixel (0, 0) */
};

struct stream_message {
	enum stream_dialect dialect;
	enum stream_kind kind;
	union {
		struct stream_start start;
		struct stream_image image;
		struct stream_end end;
	};
	char detail[160]; /* after a refusal: which field or offset, in words */
};

/* Takes one ZeroMQ message apart, recognised by its own form. */
enum stream_refusal stream_decode(struct stream_message *out, const struct span *parts, unsigned n_parts,
				  const struct stream_limits *limits);

/* All fields absent: NaN, 0, UINT64_MAX, -1, "". Sets up a stream_start to be filled. */
void stream_start_clear(struct stream_start *start);

/* --- emitting: always strict, byte order of keys as the detector's own ------------------------------------------------------- */

/* Stream v2. Returns the message's length, or -ENOSPC where out is too small, -EINVAL where the struct cannot be said in the dialect.
 * Pass cap from stream_v2_bound. Absent optional numbers are left out where the dialect allows it, else given the detector's neutral value. */
int64_t stream_v2_emit_start(uint8_t *out, size_t cap, const struct stream_start *start);
int64_t stream_v2_emit_image(uint8_t *out, size_t cap, const struct stream_image *image);
int64_t stream_v2_emit_end(uint8_t *out, size_t cap, const struct stream_end *end);
/* The image message in pieces, for a sender whose payloads already lie in memory: its head is everything before the first channel; the channels,
 * each ending in its payload, follow in order. Head and channels together are what stream_v2_emit_image writes. */
int64_t stream_v2_emit_image_head(uint8_t *out, size_t cap, const struct stream_image *image);
int64_t stream_v2_emit_image_channel(uint8_t *out, size_t cap, const struct stream_channel *channel);
size_t stream_v2_bound_start(const struct stream_start *start);
size_t stream_v2_bound_image(const struct stream_image *image);

/* Stream v1: several parts. text holds the JSON parts that were made; part[] spans point into it or to the struct's own spans
 * (payload, tables). header_detail: 0 none, 1 basic, 2 all. The hash is the md5 of part 2 (fact sheet A.3).
 * 0, -ENOSPC where text is too small, -EINVAL where the struct cannot be said: several channels, framed lz4, a compressed table. */
#define STREAM_V1_TEXT_MAX 16384 /* enough for the text of any message */
struct stream_parts {
	struct span part[STREAM_PARTS_MAX];
	unsigned n_parts;
};
int stream_v1_emit_start(struct stream_parts *out, char *text, size_t text_cap, const struct stream_start *start, int header_detail);
int stream_v1_emit_image(struct stream_parts *out, char *text, size_t text_cap, const struct stream_image *image);
int stream_v1_emit_end(struct stream_parts *out, char *text, size_t text_cap, const struct stream_end *end);

#endif
