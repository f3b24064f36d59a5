/* parcels.h - the queue of kept frames between publish and forward: messages under a budget of bytes. One producer, one consumer. */
#ifndef PIPELINE_PARCELS_H
#define PIPELINE_PARCELS_H

#include <stdbool.h>
#include <stdint.h>

#include "host/message.h"

struct run;

enum parcel_kind { PARCEL_START, PARCEL_FRAME, PARCEL_END, PARCEL_CLOSE }; /* CLOSE: no message; the run is over */

struct parcel {
	enum parcel_kind kind;
	struct run *run;
	uint64_t put_ns;
	struct message message;
};

struct parcels;

int parcels_open(struct parcels **out, uint32_t max_parcels, uint64_t max_bytes);
void parcels_close(struct parcels **parcels);
/* Room for one more frame of that size? Always for a first one, however large. Producer only. */
bool parcels_room(struct parcels *parcels, uint64_t bytes);
/* Bytes in it, and how many there may be; from any thread. */
uint64_t parcels_bytes(const struct parcels *parcels, uint64_t *max_bytes);
/* The place to fill; NULL: none free. Then parcels_put. Producer only. */
struct parcel *parcels_next(struct parcels *parcels);
void parcels_put(struct parcels *parcels);
/* The oldest one, which stays until parcels_done; NULL: none. Consumer only. */
struct parcel *parcels_first(struct parcels *parcels);
void parcels_done(struct parcels *parcels, uint64_t bytes);

#endif
