/* cbor_out.h - writes CBOR into a buffer: for the wire formats and the results stream. Heads are encoded by libcbor.
 *
 * The length is counted also where the buffer is full, and of a buffer of no bytes at all: a dry run of the code that writes a message is
 * its exact bound. Bytes of an array are copied in one piece, and not touched in a dry run. */
#ifndef HOST_CBOR_OUT_H
#define HOST_CBOR_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/span.h"

/* RFC 8746 tags of the typed arrays we write, little-endian. */
enum cbor_out_array {
	CBOR_OUT_U8 = 64,
	CBOR_OUT_U16 = 69,
	CBOR_OUT_U32 = 70,
	CBOR_OUT_U64 = 71,
	CBOR_OUT_F32 = 85,
	CBOR_OUT_F64 = 86
};

struct cbor_out {
	uint8_t *at;
	size_t cap;
	size_t len;       /* of what was written, or would have been */
	uint64_t entries; /* of the outermost map, counted by cbor_out_key */
};

struct cbor_out cbor_out_open(uint8_t *at, size_t cap);

/* The message's length, or -ENOSPC where it did not fit. */
int64_t cbor_out_close(const struct cbor_out *out);

void cbor_out_uint(struct cbor_out *out, uint64_t value);
void cbor_out_int(struct cbor_out *out, int64_t value);
void cbor_out_null(struct cbor_out *out);
void cbor_out_bool(struct cbor_out *out, bool value);
void cbor_out_double(struct cbor_out *out, double value); /* always eight bytes, also where it is a whole number */
void cbor_out_text(struct cbor_out *out, const char *text);
void cbor_out_text_span(struct cbor_out *out, struct span text);
void cbor_out_map(struct cbor_out *out, uint64_t n_pairs);
void cbor_out_list(struct cbor_out *out, uint64_t n);
void cbor_out_tag(struct cbor_out *out, uint64_t tag);
void cbor_out_bytes(struct cbor_out *out, struct span bytes);
void cbor_out_raw(struct cbor_out *out, struct span item); /* an item that is encoded already */
void cbor_out_array(struct cbor_out *out, enum cbor_out_array type, const void *element, uint64_t n);

/* A key of the outermost map, whose number of entries is not known when it is opened. */
void cbor_out_key(struct cbor_out *out, const char *key);

#endif
