/* stream_v2.h - what the files of the Stream v2 dialect share; for host/stream_v2*.c only. */
#ifndef HOST_STREAM_V2_H
#define HOST_STREAM_V2_H

#include "host/cbor_in.h"
#include "host/stream_dialect.h"

/* CBOR tags of the dialect (RFC 8949, RFC 8746; compression: the vendor's registration). */
#define TAG_DATE 0
#define TAG_RATIONAL 30
#define TAG_MULTI_DIM 40
#define TAG_U8 64
#define TAG_U8_CLAMPED 68
#define TAG_U16 69
#define TAG_U32 70
#define TAG_F32 85
#define TAG_COMPRESSED 56500
#define TAG_MAGIC 55799

/* A message that is being read. */
struct stream_v2 {
	struct cbor_in in;
	struct stream_message *out;
	const struct stream_limits *limits;
	bool strict; /* until something is met that a strict client refuses */
};

enum stream_v2_use { STREAM_V2_PIXELS, STREAM_V2_MASK, STREAM_V2_FLATFIELD };

/* Readers of one value each. The cursor stands before it and the value is well-formed; key names it in a refusal; target is the member
 * it goes to, which a null leaves as it is. */
typedef enum stream_refusal stream_v2_reader(struct stream_v2 *d, const char *key, void *target);

stream_v2_reader stream_v2_read_u64;
stream_v2_reader stream_v2_read_id;        /* uint64_t; null is a missing field */
stream_v2_reader stream_v2_read_side;      /* uint32_t */
stream_v2_reader stream_v2_read_float;     /* double, finite */
stream_v2_reader stream_v2_read_size;      /* double, finite, not negative */
stream_v2_reader stream_v2_read_flag;      /* int: 0, 1 */
stream_v2_reader stream_v2_read_text;      /* char[STREAM_TEXT_MAX] */
stream_v2_reader stream_v2_read_date;      /* char[STREAM_TEXT_MAX] */
stream_v2_reader stream_v2_read_unique_id; /* char[STREAM_NAME_MAX] */
stream_v2_reader stream_v2_read_rational;  /* struct stream_time */
stream_v2_reader stream_v2_read_any;       /* struct span: the value's bytes */

/* An image or table with tag 40, checked against the limits. A table in another form leaves *array empty. */
enum stream_refusal stream_v2_read_array(struct stream_v2 *d, const char *what, enum stream_v2_use use, struct stream_array *array);

/* Opens an array or map that may be null (*absent). */
enum stream_refusal stream_v2_open_seq(struct stream_v2 *d, const char *key, enum cbor_in_kind kind, struct cbor_in_seq *seq, bool *absent);
/* A map's key or an array's element as a name. */
enum stream_refusal stream_v2_read_key(struct stream_v2 *d, const char *what, char out[STREAM_NAME_MAX]);
/* The text whose head was read, its chunks joined, cut between characters where cap is too small; false: not valid text. */
bool stream_v2_text(struct stream_v2 *d, const struct cbor_in_item *head, char *out, size_t cap, size_t *len);

enum stream_refusal stream_v2_bad_cbor(struct stream_v2 *d, int error);
enum stream_refusal stream_v2_bad_field(struct stream_v2 *d, const char *key, const char *expected);

#endif
