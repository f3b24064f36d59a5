/* nxmx_space.c - paths, syncing and free space for the file writer. See nxmx_parts.h. */
#include "host/nxmx_parts.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

int nxmx_path(char out[NXMX_PATH_MAX], const char *directory, const char *stem, const char *suffix)
{
	int n = snprintf(out, NXMX_PATH_MAX, "%s/%s%s", directory, stem, suffix);
	return n < 0 || n >= NXMX_PATH_MAX ? -ENAMETOOLONG : 0;
}

bool nxmx_exists(const char *path)
{
	struct stat s;
	return lstat(path, &s) == 0;
}

int nxmx_make_directory(const char *path)
{
	char part[NXMX_PATH_MAX];
	size_t len = strlen(path);
	struct stat s;
	if (len == 0 || len >= sizeof part)
		return len ? -ENAMETOOLONG : -ENOENT;
	for (size_t i = 1; i <= len; i++) {
		if (path[i] != '/' && path[i] != 0)
			continue;
		memcpy(part, path, i);
		part[i] = 0;
		if (mkdir(part, 0777) && errno != EEXIST)
			return -errno;
	}
	if (stat(path, &s))
		return -errno;
	return S_ISDIR(s.st_mode) ? 0 : -ENOTDIR;
}

void nxmx_sanitise(char *out, size_t out_bytes, const char *name)
{
	size_t n = 0;
	for (; name[n] && n + 1 < out_bytes; n++) {
		unsigned char c = (unsigned char)name[n];
		bool fine = c < 0x80 && (isalnum(c) || strchr("._+-", c));
		out[n] = fine && !(n == 0 && c == '.') ? (char)c : '_';
	}
	out[n] = 0;
	if (n == 0)
		snprintf(out, out_bytes, "run");
}

int nxmx_sync_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int rc = fsync(fd) ? -errno : 0;
	close(fd);
	return rc;
}

int nxmx_rename(const char *directory, const char *from, const char *to)
{
	int rc = nxmx_sync_file(from);
	if (rc == 0 && rename(from, to))
		rc = -errno;
	/* Some file systems cannot sync a directory: the name is there all the same. */
	if (rc == 0)
		nxmx_sync_file(directory);
	return rc;
}

int nxmx_space_check(const char *directory, uint64_t reserve, uint64_t wanted)
{
	struct statvfs s;
	if (statvfs(directory, &s))
		return -errno;
	uint64_t left = (uint64_t)s.f_bavail * s.f_frsize;
	return left < wanted + NXMX_SLACK_BYTES || left - wanted - NXMX_SLACK_BYTES < reserve ? -ENOSPC : 0;
}

int nxmx_sync_open(hid_t file)
{
	int *fd = NULL;
	if (H5Fget_vfd_handle(file, H5P_DEFAULT, (void **)&fd) < 0 || !fd)
		return -EIO;
	return fdatasync(*fd) ? -errno : 0;
}
