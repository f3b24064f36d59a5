/* memory.c - mmap, madvise and mbind behind memory.h. */
#include "host/memory.h"

#include <errno.h>
#include <numa.h>
#include <stdint.h>
#include <sys/mman.h>

#define HUGE ((size_t)2 << 20)

int memory_open(struct memory *out, size_t bytes, int node, bool huge)
{
	size_t rounded = (bytes + HUGE - 1) & ~(HUGE - 1);
	uint8_t *at, *aligned;
	size_t before;

	*out = (struct memory){0};
	if (rounded < bytes || !rounded || rounded > SIZE_MAX / 2)
		return -ENOMEM;
	at = mmap(NULL, rounded + HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (at == MAP_FAILED)
		return -ENOMEM;
	aligned = (uint8_t *)(((uintptr_t)at + HUGE - 1) & ~(uintptr_t)(HUGE - 1));
	before = (size_t)(aligned - at);
	if (before)
		munmap(at, before);
	if (before < HUGE)
		munmap(aligned + rounded, HUGE - before);
	if (node >= 0 && numa_available() >= 0 && numa_max_node() > 0)
		numa_tonode_memory(aligned, rounded, node);
	*out = (struct memory){aligned, rounded, huge && madvise(aligned, rounded, MADV_HUGEPAGE) == 0};
	return 0;
}

void memory_close(struct memory *memory)
{
	if (memory->at)
		munmap(memory->at, memory->bytes);
	*memory = (struct memory){0};
}
