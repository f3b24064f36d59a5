/* page.h - what is served as it stands, built into the program: the screen (host/page/, put together by host/page/bundle.cmake) and the description of the API (host/api.yaml). */
#ifndef HOST_PAGE_H
#define HOST_PAGE_H

#include <stddef.h>

/* Neither is terminated. */
extern const char page_html[];
extern const size_t page_html_bytes;
extern const char api_yaml[];
extern const size_t api_yaml_bytes;

#endif
