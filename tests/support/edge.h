/* edge.h - for tests of what reads hostile bytes: memory that ends where a page ends behind which there is none, so that the first byte read
 * past it ends the test, on every machine and without a sanitizer. */
#ifndef TESTS_SUPPORT_EDGE_H
#define TESTS_SUPPORT_EDGE_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* Bytes in whole pages, and one more. */
static inline size_t edge_mapped(size_t bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (bytes + page - 1) / page * page + page;
}

static inline void *edge_alloc(size_t bytes)
{
	size_t mapped = edge_mapped(bytes), page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *at = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED || mprotect(at + mapped - page, page, PROT_NONE))
		abort();
	return at + mapped - page - bytes;
}

static inline void edge_free(void *at, size_t bytes)
{
	size_t mapped = edge_mapped(bytes), page = (size_t)sysconf(_SC_PAGESIZE);

	munmap((uint8_t *)at + bytes + page - mapped, mapped);
}

#endif
