/* stream_v1.h - what the files of the Stream v1 dialect share; for host/stream_v1*.c only. */
#ifndef HOST_STREAM_V1_H
#define HOST_STREAM_V1_H

#include <jansson.h>

#include "host/stream_dialect.h"

/* A detector's parts have a few hundred bytes, its configuration three thousand. */
#define PART_BYTES_MAX 16384
#define CONFIG_BYTES_MAX (1024 * 1024)

/* A message that is being read. */
struct stream_v1 {
	struct stream_message *out;
	const struct span *part;
	unsigned n_parts;
	const struct stream_limits *limits;
	bool strict;
};

/* Parses one part, an object, into *json (a new reference). */
enum stream_refusal stream_v1_load(struct stream_v1 *d, unsigned part, size_t max_bytes, json_t **json);
bool stream_v1_is_htype(const json_t *json, const char *htype);

/* A field's value (borrowed); NULL where it is absent or null. */
const json_t *stream_v1_get(const json_t *json, const char *key);

/* Each leaves *out as it is where the field is absent or null; need_ refuses that. Integers are taken for floats and the reverse. */
enum stream_refusal stream_v1_get_u64(struct stream_v1 *d, const json_t *json, const char *key, uint64_t *out);
enum stream_refusal stream_v1_need_u64(struct stream_v1 *d, const json_t *json, const char *key, uint64_t *out);
enum stream_refusal stream_v1_get_double(struct stream_v1 *d, const json_t *json, const char *key, double *out);
enum stream_refusal stream_v1_get_size(struct stream_v1 *d, const json_t *json, const char *key, double *out); /* not negative */
enum stream_refusal stream_v1_get_flag(struct stream_v1 *d, const json_t *json, const char *key, int *out);
enum stream_refusal stream_v1_get_text(struct stream_v1 *d, const json_t *json, const char *key, char out[STREAM_TEXT_MAX]);

enum stream_refusal stream_v1_bad_field(struct stream_v1 *d, const char *key, const char *expected);

#endif
