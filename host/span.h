/* span.h - some bytes that belong to somebody else. */
#ifndef HOST_SPAN_H
#define HOST_SPAN_H

#include <stddef.h>
#include <stdint.h>

struct span {
	const uint8_t *at;
	size_t len;
};

#endif
