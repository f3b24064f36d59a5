/* cbor_in.h - a cursor over CBOR bytes from outside: for the wire formats; knows nothing of what the items mean.
 *
 * Item heads are decoded by libcbor's streaming decoder, which neither copies nor allocates; this adds bounds, nesting and well-formedness.
 * A cursor only moves forward and never past its end; it may be copied to remember a place. No state is kept elsewhere: any thread. */
#ifndef HOST_CBOR_IN_H
#define HOST_CBOR_IN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/span.h"

#define CBOR_IN_DEPTH_MAX 32 /* arrays, maps and tags within each other */

enum cbor_in_kind {
	CBOR_IN_UINT,
	CBOR_IN_NEGINT, /* the number is -1 - value */
	CBOR_IN_FLOAT,  /* of any width: real */
	CBOR_IN_BOOL,
	CBOR_IN_NULL,   /* null and undefined */
	CBOR_IN_BYTES,
	CBOR_IN_TEXT,
	CBOR_IN_ARRAY,
	CBOR_IN_MAP,
	CBOR_IN_TAG,
	CBOR_IN_BREAK
};

/* The head of one item; for strings of definite length their bytes too. */
struct cbor_in_item {
	enum cbor_in_kind kind;
	bool indefinite;   /* strings, arrays, maps: ended by a break */
	uint64_t value;    /* uint, negint, tag, bool; number of elements (array) or pairs (map) */
	double real;       /* float */
	struct span bytes; /* bytes, text of definite length */
};

struct cbor_in {
	const uint8_t *start, *at, *end;
};

/* What is left of an array or map whose head was read. */
struct cbor_in_seq {
	uint64_t left;
	bool indefinite;
};

struct cbor_in cbor_in_open(struct span bytes);

/* The next head. 0, or -EBADMSG where the bytes end or are no CBOR (the cursor stays). */
int cbor_in_next(struct cbor_in *in, struct cbor_in_item *item);

/* Steps over one whole item and checks that all of it is well-formed. 0, -EBADMSG, or -ELOOP where it is nested too deep. */
int cbor_in_skip(struct cbor_in *in);

/* 1: one more element (a map's pair) follows; 0: the end, its break consumed; -EBADMSG: the bytes end. */
struct cbor_in_seq cbor_in_seq(const struct cbor_in_item *head);
int cbor_in_more(struct cbor_in *in, struct cbor_in_seq *seq);

/* True where the bytes are exactly one well-formed item. */
bool cbor_in_is_one_item(struct span bytes);

#endif
