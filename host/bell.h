/* bell.h - lets a thread sleep until another one has put something into one of its rings.
 *
 * The sleeper: ticket = bell_listen(); look into every ring; nothing there: bell_wait(ticket). The other side: push, then
 * bell_ring. No wake-up is lost, because a ring after bell_listen changes the ticket. A ring costs one atomic addition, and a
 * system call only when somebody sleeps. */
#ifndef HOST_BELL_H
#define HOST_BELL_H

#include <stdatomic.h>
#include <stdint.h>

struct bell {
	_Alignas(64) _Atomic uint32_t count; /* rung, release; pairs with the acquire in bell_listen */
	_Atomic uint32_t sleepers;           /* seq_cst with count: either the ringer sees the sleeper or the sleeper the new count */
};

void bell_ring(struct bell *bell);
uint32_t bell_listen(struct bell *bell);
/* Returns when the bell has been rung since the ticket was taken, after timeout_us, or for no reason. */
void bell_wait(struct bell *bell, uint32_t ticket, uint32_t timeout_us);

#endif
