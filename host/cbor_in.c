/* cbor_in.c - the CBOR cursor: one head at a time from libcbor, an explicit stack for what must be skipped. */
#include "host/cbor_in.h"

#include <cbor.h>
#include <errno.h>

static struct cbor_in_item *set(void *context, enum cbor_in_kind kind, uint64_t value)
{
	struct cbor_in_item *item = context;
	*item = (struct cbor_in_item){.kind = kind, .value = value};
	return item;
}

static void on_uint8(void *c, uint8_t v) { set(c, CBOR_IN_UINT, v); }
static void on_uint16(void *c, uint16_t v) { set(c, CBOR_IN_UINT, v); }
static void on_uint32(void *c, uint32_t v) { set(c, CBOR_IN_UINT, v); }
static void on_uint64(void *c, uint64_t v) { set(c, CBOR_IN_UINT, v); }
static void on_negint8(void *c, uint8_t v) { set(c, CBOR_IN_NEGINT, v); }
static void on_negint16(void *c, uint16_t v) { set(c, CBOR_IN_NEGINT, v); }
static void on_negint32(void *c, uint32_t v) { set(c, CBOR_IN_NEGINT, v); }
static void on_negint64(void *c, uint64_t v) { set(c, CBOR_IN_NEGINT, v); }
static void on_bytes(void *c, cbor_data at, size_t len) { set(c, CBOR_IN_BYTES, 0)->bytes = (struct span){at, len}; }
static void on_text(void *c, cbor_data at, size_t len) { set(c, CBOR_IN_TEXT, 0)->bytes = (struct span){at, len}; }
static void on_bytes_start(void *c) { set(c, CBOR_IN_BYTES, 0)->indefinite = true; }
static void on_text_start(void *c) { set(c, CBOR_IN_TEXT, 0)->indefinite = true; }
static void on_array(void *c, size_t n) { set(c, CBOR_IN_ARRAY, n); }
static void on_array_start(void *c) { set(c, CBOR_IN_ARRAY, 0)->indefinite = true; }
static void on_map(void *c, size_t n) { set(c, CBOR_IN_MAP, n); }
static void on_map_start(void *c) { set(c, CBOR_IN_MAP, 0)->indefinite = true; }
static void on_tag(void *c, uint64_t v) { set(c, CBOR_IN_TAG, v); }
static void on_single(void *c, float v) { set(c, CBOR_IN_FLOAT, 0)->real = v; }
static void on_double(void *c, double v) { set(c, CBOR_IN_FLOAT, 0)->real = v; }
static void on_bool(void *c, bool v) { set(c, CBOR_IN_BOOL, v); }
static void on_null(void *c) { set(c, CBOR_IN_NULL, 0); }
static void on_break(void *c) { set(c, CBOR_IN_BREAK, 0); }

static const struct cbor_callbacks heads = {
	.uint8 = on_uint8, .uint16 = on_uint16, .uint32 = on_uint32, .uint64 = on_uint64,
	.negint8 = on_negint8, .negint16 = on_negint16, .negint32 = on_negint32, .negint64 = on_negint64,
	.byte_string = on_bytes, .byte_string_start = on_bytes_start, .string = on_text, .string_start = on_text_start,
	.array_start = on_array, .indef_array_start = on_array_start, .map_start = on_map, .indef_map_start = on_map_start,
	.tag = on_tag, .float2 = on_single, .float4 = on_single, .float8 = on_double,
	.boolean = on_bool, .null = on_null, .undefined = on_null, .indef_break = on_break,
};

struct cbor_in cbor_in_open(struct span bytes)
{
	return (struct cbor_in){bytes.at, bytes.at, bytes.at + bytes.len};
}

int cbor_in_next(struct cbor_in *in, struct cbor_in_item *item)
{
	if (in->at == in->end)
		return -EBADMSG;
	struct cbor_decoder_result result = cbor_stream_decode(in->at, (size_t)(in->end - in->at), &heads, item);
	if (result.status != CBOR_DECODER_FINISHED)
		return -EBADMSG;
	in->at += result.read;
	return 0;
}

/* One array, map, tag or chunked string that is being skipped. */
struct level {
	enum cbor_in_kind kind;
	bool indefinite;
	uint64_t left; /* items still to come in a definite one */
	bool half;     /* an indefinite map has a key without its value */
};

/* A head that opens a level of its own; false where its count cannot be true: every item takes a byte at least. */
static bool level_of(const struct cbor_in_item *item, uint64_t bytes_left, struct level *level)
{
	uint64_t left = item->kind == CBOR_IN_TAG ? 1 : item->value;
	if (left > bytes_left)
		return false;
	if (item->kind == CBOR_IN_MAP)
		left *= 2;
	*level = (struct level){.kind = item->kind, .indefinite = item->indefinite, .left = left};
	return left <= bytes_left;
}

static bool opens_level(const struct cbor_in_item *item)
{
	return item->kind == CBOR_IN_ARRAY || item->kind == CBOR_IN_MAP || item->kind == CBOR_IN_TAG || item->indefinite;
}

/* May this item stand here? Chunks of a string are strings of its kind; a break ends an indefinite level, and no half pair. */
static bool fits(const struct level *top, const struct cbor_in_item *item)
{
	if (item->kind == CBOR_IN_BREAK)
		return top && top->indefinite && !top->half;
	if (top && (top->kind == CBOR_IN_BYTES || top->kind == CBOR_IN_TEXT))
		return item->kind == top->kind && !item->indefinite;
	return true;
}

/* An item is complete: so may be the levels around it. Returns the new depth. */
static int complete(struct level *stack, int depth)
{
	while (depth > 0) {
		struct level *top = &stack[depth - 1];
		if (top->indefinite) {
			top->half = top->kind == CBOR_IN_MAP && !top->half;
			return depth;
		}
		if (--top->left > 0)
			return depth;
		depth--;
	}
	return 0;
}

int cbor_in_skip(struct cbor_in *in)
{
	struct level stack[CBOR_IN_DEPTH_MAX];
	int depth = 0;
	do {
		struct cbor_in_item item;
		if (cbor_in_next(in, &item) || !fits(depth ? &stack[depth - 1] : NULL, &item))
			return -EBADMSG;
		if (opens_level(&item)) {
			struct level level;
			if (!level_of(&item, (uint64_t)(in->end - in->at), &level))
				return -EBADMSG;
			if (level.indefinite || level.left > 0) {
				if (depth == CBOR_IN_DEPTH_MAX)
					return -ELOOP;
				stack[depth++] = level;
				continue;
			}
		} else if (item.kind == CBOR_IN_BREAK) {
			depth--;
		}
		depth = complete(stack, depth);
	} while (depth > 0);
	return 0;
}

struct cbor_in_seq cbor_in_seq(const struct cbor_in_item *head)
{
	return (struct cbor_in_seq){.left = head->value, .indefinite = head->indefinite};
}

int cbor_in_more(struct cbor_in *in, struct cbor_in_seq *seq)
{
	if (!seq->indefinite)
		return seq->left > 0 ? (seq->left--, 1) : 0;
	if (in->at == in->end)
		return -EBADMSG;
	if (*in->at != 0xff)
		return 1;
	in->at++;
	return 0;
}

bool cbor_in_is_one_item(struct span bytes)
{
	struct cbor_in in = cbor_in_open(bytes);
	return bytes.len > 0 && cbor_in_skip(&in) == 0 && in.at == in.end;
}
