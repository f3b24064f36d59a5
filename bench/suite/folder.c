/* folder.c - making, emptying, removing (folder.h). */
#include "bench/suite/folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int folder_make(char path[FOLDER_PATH_BYTES], const char *dir, char *message, size_t message_bytes)
{
	const char *temporary = getenv("TMPDIR");
	int rc = 0;

	if (!dir)
		dir = temporary && temporary[0] ? temporary : "/tmp";
	if (snprintf(path, FOLDER_PATH_BYTES, "%s/sluice-bench-XXXXXX", dir) >= FOLDER_PATH_BYTES)
		rc = -ENAMETOOLONG;
	else if (!mkdtemp(path))
		rc = -errno;
	if (rc < 0) {
		snprintf(message, message_bytes, "no folder can be made in %s: %s", dir, strerror(-rc));
		path[0] = '\0';
	}
	return rc;
}

void folder_empty(const char *path)
{
	DIR *folder = path[0] ? opendir(path) : NULL;
	struct dirent *entry;

	while (folder && (entry = readdir(folder)))
		unlinkat(dirfd(folder), entry->d_name, 0); /* . and .. refuse */
	if (folder)
		closedir(folder);
}

void folder_remove(char *path)
{
	folder_empty(path);
	if (path[0])
		rmdir(path);
	path[0] = '\0';
}
