/* page.h - the screen: host/page.html, built into the program. It asks /api/status of whoever serves it. */
#ifndef HOST_PAGE_H
#define HOST_PAGE_H

#include <stddef.h>

extern const char page_html[]; /* not terminated */
extern const size_t page_html_bytes;

#endif
