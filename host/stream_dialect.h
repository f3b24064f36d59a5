/* stream_dialect.h - what the two dialects of host/stream share; for host/stream*.c only. */
#ifndef HOST_STREAM_DIALECT_H
#define HOST_STREAM_DIALECT_H

#include "host/stream.h"

/* Each takes a message that stream_decode recognised as its own; out is zeroed and knows its dialect. */
enum stream_refusal stream_v1_decode(struct stream_message *out, const struct span *parts, unsigned n_parts,
				     const struct stream_limits *limits);
enum stream_refusal stream_v2_decode(struct stream_message *out, struct span message, const struct stream_limits *limits);

/* Writes the words into out->detail, printable whatever the message held, and returns the refusal. */
enum stream_refusal stream_refuse(struct stream_message *out, enum stream_refusal refusal, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Checks an array's size against the limits and its payload's length against its size and codec; elem_bytes and codec are set. */
enum stream_refusal stream_check_array(struct stream_message *out, const char *what, const struct stream_array *array,
				       const struct stream_limits *limits);

/* Bytes of the array when uncompressed. */
uint64_t stream_array_bytes(const struct stream_array *array);

/* UTF-8 without NUL and control characters below space, tab and line ends apart. */
bool stream_text_valid(struct span text);
/* Copies text, cut between characters where it does not fit. */
void stream_text_copy(char *out, size_t cap, struct span text);
/* Copies what identifies something: refuses the empty, the too long and control characters. */
bool stream_name_copy(char out[STREAM_NAME_MAX], struct span text);

/* "uint16" to 2; 0: not a pixel type of ours. */
uint8_t stream_type_bytes(const char *name);
const char *stream_type_name(uint8_t elem_bytes);

#endif
