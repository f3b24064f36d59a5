/* parcel.h - messages as the detector sends them, made from settings and pool entries.
 *
 * For series.c. The pixels of an intact frame are lent to ZeroMQ, not copied; a parcel is a struct message of host. */
#ifndef BENCH_DETECTOR_PARCEL_H
#define BENCH_DETECTOR_PARCEL_H

#include "bench/detector/pool.h"
#include "host/message.h"

/* out must be empty. 0, -ENOMEM, or what stream.h's emitters return. */
int parcel_start(struct message *out, const struct settings *settings, const struct stream_start *start);
int parcel_end(struct message *out, const struct settings *settings, const struct stream_end *end);

/* An intact image: image's channels are those of entry. Stream v2 writes the head into the entry, so nothing of it may be in flight. */
int parcel_image(struct message *out, const struct settings *settings, const struct stream_image *image, struct pool_entry *entry);
/* Any image, its bytes copied. */
int parcel_image_copy(struct message *out, const struct settings *settings, const struct stream_image *image);

/* Takes away the end of the part that holds the pixels. share: what is left, 0 to 1. */
int parcel_cut(struct message *message, double share);
/* Bytes that no receiver can make sense of; zeros where nonsense is false. */
int parcel_nonsense(struct message *out, size_t bytes, uint64_t key, bool nonsense);

/* A text as CBOR, for user_data of Stream v2. Returns its length; out: room for the text and 3 bytes, text: at most 255 bytes. */
size_t parcel_cbor_text(uint8_t *out, const char *text);

#endif
