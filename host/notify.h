/* notify.h - tells the program's supervisor (systemd, Type=notify) that it is ready, lives, or stops. Does nothing where there is none. */
#ifndef HOST_NOTIFY_H
#define HOST_NOTIFY_H

#include <stdint.h>

/* One or more lines NAME=VALUE, as sd_notify(3) has them: "READY=1", "WATCHDOG=1", "STOPPING=1", "STATUS=...". 0; -ENOENT: nobody wants to know. */
int notify_supervisor(const char *lines);
/* How long the supervisor waits for a sign of life, in microseconds; 0: it wants none. */
uint64_t notify_watchdog_us(void);

#endif
