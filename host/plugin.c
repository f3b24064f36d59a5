/* plugin.c - dlopen behind plugin.h. */
#include "host/plugin.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The folder without its last slash; 0, or -1: unknown. */
static int folder_of_program(char *folder, size_t bytes)
{
	ssize_t n = readlink("/proc/self/exe", folder, bytes - 1);
	char *slash;

	if (n <= 0)
		return -1;
	folder[n] = '\0';
	slash = strrchr(folder, '/');
	if (!slash)
		return -1;
	*slash = '\0';
	return 0;
}

void *plugin_symbol(const char *file, const char *symbol, const char *where_from, char *why, size_t why_bytes)
{
	char folder[PATH_MAX], path[PATH_MAX + 64];
	const char *named = getenv("SLUICE_PLUGINS");
	void *object, *found;

	if (named && named[0])
		snprintf(folder, sizeof(folder), "%s", named);
	else if (folder_of_program(folder, sizeof(folder)) < 0)
		snprintf(folder, sizeof(folder), ".");
	snprintf(path, sizeof(path), "%s/%s", folder, file);
	if (access(path, F_OK) != 0) {
		snprintf(why, why_bytes, "there is no %s in %.150s; %s", file, folder, where_from);
		return NULL;
	}
	object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	found = object ? dlsym(object, symbol) : NULL;
	if (!found) {
		const char *said = dlerror();

		snprintf(why, why_bytes, "%s cannot be loaded: %.180s", file, said ? said : "it lacks what it should have");
		if (object)
			dlclose(object);
	}
	return found;
}
