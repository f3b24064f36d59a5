/* replay_capture.h - sends captured messages as they are: a folder of files MESSAGE.PART (0000.0, 0000.1, 0001.0, ...). For main.c. */
#ifndef BENCH_DETECTOR_REPLAY_CAPTURE_H
#define BENCH_DETECTOR_REPLAY_CAPTURE_H

#include "bench/detector/sender.h"

struct capture;

/* Reads the folder into memory. -EINVAL with a message: no such folder, no such files. */
int capture_open(struct capture **out, const char *folder, char *message, size_t message_bytes);
void capture_close(struct capture **capture);
uint64_t capture_bytes(const struct capture *capture);

/* Sends every message, rate_hz a second (0: as fast as they are taken), round robin. Errors as sender_send's. */
int capture_send(const struct capture *capture, struct sender *sender, double rate_hz);

#endif
