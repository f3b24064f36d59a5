/* cbor_out.c - CBOR into a buffer that may be too small: what does not fit is counted, never written. */
#include "host/cbor_out.h"

#include <cbor.h>
#include <errno.h>
#include <string.h>

#define HEAD_MAX 9

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "typed arrays are copied as they lie in memory");

struct cbor_out cbor_out_open(uint8_t *at, size_t cap)
{
	return (struct cbor_out){.at = at, .cap = cap};
}

int64_t cbor_out_close(const struct cbor_out *out)
{
	return out->len <= out->cap ? (int64_t)out->len : -ENOSPC;
}

static void put(struct cbor_out *out, const void *bytes, size_t len)
{
	if (len > 0 && out->len <= out->cap && len <= out->cap - out->len)
		memcpy(out->at + out->len, bytes, len);
	out->len += len;
}

void cbor_out_uint(struct cbor_out *out, uint64_t value)
{
	unsigned char head[HEAD_MAX];
	put(out, head, cbor_encode_uint(value, head, sizeof head));
}

void cbor_out_int(struct cbor_out *out, int64_t value)
{
	unsigned char head[HEAD_MAX];
	if (value >= 0)
		cbor_out_uint(out, (uint64_t)value);
	else
		put(out, head, cbor_encode_negint((uint64_t)(-1 - value), head, sizeof head));
}

void cbor_out_null(struct cbor_out *out)
{
	unsigned char head[HEAD_MAX];
	put(out, head, cbor_encode_null(head, sizeof head));
}

void cbor_out_bool(struct cbor_out *out, bool value)
{
	unsigned char head[HEAD_MAX];
	put(out, head, cbor_encode_bool(value, head, sizeof head));
}

void cbor_out_double(struct cbor_out *out, double value)
{
	unsigned char head[HEAD_MAX];
	put(out, head, cbor_encode_double(value, head, sizeof head));
}

void cbor_out_text_span(struct cbor_out *out, struct span text)
{
	unsigned char head[HEAD_MAX];
	put(out, head, cbor_encode_string_start(text.len, head, sizeof head));
	put(out, text.at, text.len);
}

void cbor_out_text(struct cbor_out *out, const char *text)
{
	cbor_out_text_span(out, (struct span){(const uint8_t *)text, strlen(text)});
}

void cbor_out_map(struct cbor_out *out, uint64_t n_pairs)
{
	unsigned char head[HEAD_MAX];
	put(out, head, cbor_encode_map_start(n_pairs, head, sizeof head));
}

void cbor_out_list(struct cbor_out *out, uint64_t n)
{
	unsigned char head[HEAD_MAX];
	put(out, head, cbor_encode_array_start(n, head, sizeof head));
}

void cbor_out_tag(struct cbor_out *out, uint64_t tag)
{
	unsigned char head[HEAD_MAX];
	put(out, head, cbor_encode_tag(tag, head, sizeof head));
}

void cbor_out_bytes(struct cbor_out *out, struct span bytes)
{
	unsigned char head[HEAD_MAX];
	put(out, head, cbor_encode_bytestring_start(bytes.len, head, sizeof head));
	put(out, bytes.at, bytes.len);
}

void cbor_out_raw(struct cbor_out *out, struct span item)
{
	put(out, item.at, item.len);
}

static size_t element_bytes(enum cbor_out_array type)
{
	switch (type) {
	case CBOR_OUT_U8:
		return 1;
	case CBOR_OUT_U16:
		return 2;
	case CBOR_OUT_U64:
	case CBOR_OUT_F64:
		return 8;
	default:
		return 4;
	}
}

void cbor_out_array(struct cbor_out *out, enum cbor_out_array type, const void *element, uint64_t n)
{
	cbor_out_tag(out, type);
	cbor_out_bytes(out, (struct span){element, n * element_bytes(type)});
}

void cbor_out_key(struct cbor_out *out, const char *key)
{
	out->entries++;
	cbor_out_text(out, key);
}
