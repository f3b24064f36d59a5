/* plugin.h - shared objects that are loaded when they are asked for, and that the program starts without.
 *
 * Looked for in the folder named by SLUICE_PLUGINS, else beside the program. What is loaded stays loaded: drivers do not like to leave. */
#ifndef HOST_PLUGIN_H
#define HOST_PLUGIN_H

#include <stddef.h>

/* The symbol of the shared object `file` ("sluice-cuda.so"), or NULL with the reason in words. where_from: how one comes by the file, in words. */
void *plugin_symbol(const char *file, const char *symbol, const char *where_from, char *why, size_t why_bytes);

#endif
