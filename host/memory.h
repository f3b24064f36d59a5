/* memory.h - large ranges of memory near a NUMA node, in huge pages where the system grants them.
 *
 * Only address space is taken at once: a page costs memory when it is first written. */
#ifndef HOST_MEMORY_H
#define HOST_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

struct memory {
	void *at;
	size_t bytes;
	bool huge;  /* transparent huge pages were asked for and granted */
};

/* node -1: wherever. -ENOMEM. The range is zero, aligned to 2 MiB. */
int memory_open(struct memory *out, size_t bytes, int node, bool huge);
void memory_close(struct memory *memory); /* takes a zeroed one */

#endif
