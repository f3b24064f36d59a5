/* http_guard.c - names, origins, tokens and passwords (http_guard.h). */
#include "host/http_guard.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <libwebsockets.h>

#include "host/http_listen.h"
#include "host/text_file.h"

#define SECRETS_MAX_BYTES 16384
#define TOKEN_BYTES 24

/* --- names ------------------------------------------------------------------------------------------------------------- */

static void learn_own_names(struct http_guard *g)
{
	struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_CANONNAME}, *found = NULL;

	if (gethostname(g->own[0], sizeof(g->own[0]) - 1) < 0)
		g->own[0][0] = '\0';
	if (g->own[0][0] && !getaddrinfo(g->own[0], NULL, &hints, &found) && found->ai_canonname)
		snprintf(g->own[1], sizeof(g->own[1]), "%s", found->ai_canonname);
	if (found)
		freeaddrinfo(found);
}

static bool in_list(const char *list, const char *name)
{
	size_t n = strlen(name);

	while (*list) {
		size_t skip = strspn(list, ", "), len = strcspn(list + skip, ", ");

		if (len == n && !strncasecmp(list + skip, name, n))
			return true;
		list += skip + len;
	}
	return false;
}

static bool is_address(const char *host)
{
	struct in_addr v4;
	struct in6_addr v6;

	return inet_pton(AF_INET, host, &v4) == 1 || inet_pton(AF_INET6, host, &v6) == 1;
}

bool http_guard_host(const struct http_guard *g, const char *host)
{
	char name[256];

	if (http_listen_is_loopback(host))
		return true;
	if (g->loopback || !http_listen_host(host, name, sizeof(name)))
		return false;
	return is_address(name) || (g->own[0][0] && !strcasecmp(name, g->own[0])) || (g->own[1][0] && !strcasecmp(name, g->own[1])) ||
	       in_list(g->names, name);
}

bool http_guard_origin(const struct http_guard *g, const char *origin, const char *host)
{
	const char *scheme = g->tls ? "https://" : "http://";

	return !*origin || (!strncmp(origin, scheme, strlen(scheme)) && !strcasecmp(origin + strlen(scheme), host));
}

/* --- secrets ----------------------------------------------------------------------------------------------------------- */

/* In a time that says nothing of where they differ. */
static bool same_secret(const char *a, size_t a_bytes, const char *b, size_t b_bytes)
{
	unsigned char differ = a_bytes != b_bytes;

	for (size_t i = 0; i < a_bytes; i++)
		differ |= (unsigned char)(a[i] ^ (b_bytes ? b[i % b_bytes] : 0));
	return !differ;
}

static bool password_fits(const struct http_guard *g, const char *authorization)
{
	char given[512];
	const char *line = g->passwords;
	bool fits = false;
	int n;

	if (strncasecmp(authorization, "Basic ", 6))
		return false;
	n = lws_b64_decode_string(authorization + 6, given, sizeof(given) - 1);
	if (n <= 0)
		return false;
	while (*line) {
		size_t len = strcspn(line, "\r\n");

		if (len && memchr(line, ':', len))
			fits |= same_secret(given, (size_t)n, line, len);
		line += len + strspn(line + len, "\r\n");
	}
	return fits;
}

bool http_guard_reads(const struct http_guard *g, const char *authorization)
{
	return !g->passwords || password_fits(g, authorization);
}

bool http_guard_changes(const struct http_guard *g, const char *authorization)
{
	if (g->passwords)
		return password_fits(g, authorization);
	if (!g->with_token)
		return true;
	return !strncasecmp(authorization, "Bearer ", 7) &&
	       same_secret(authorization + 7, strlen(authorization + 7), g->token, strlen(g->token));
}

/* --- files ------------------------------------------------------------------------------------------------------------- */

/* Secrets that everybody here can read are none. */
static int read_secret(char **out, const char *path, char *message, size_t message_bytes)
{
	struct stat st;

	if (stat(path, &st) == 0 && st.st_mode & (S_IRWXG | S_IRWXO)) {
		snprintf(message, message_bytes, "%s can be read by others than its owner; chmod 600 it", path);
		return -EINVAL;
	}
	return text_file_read(out, path, SECRETS_MAX_BYTES, message, message_bytes) < 0 ? -EINVAL : 0;
}

static int configured_token(struct http_guard *g, const char *path, char *message, size_t message_bytes)
{
	char *text = NULL;
	int rc = read_secret(&text, path, message, message_bytes);
	size_t n;

	if (rc < 0)
		return rc;
	n = strcspn(text, "\r\n");
	if (n < 8 || n >= sizeof(g->token)) {
		snprintf(message, message_bytes, "%s: its first line is to be a token of 8 to %zu characters", path, sizeof(g->token) - 1);
		rc = -EINVAL;
	} else {
		memcpy(g->token, text, n);
		g->token[n] = '\0';
		snprintf(g->token_file, sizeof(g->token_file), "%s", path);
	}
	free(text);
	return rc;
}

/* Where only its owner looks: what systemd or the desktop gives, else the place for everybody under a name that nobody can have taken. */
static int token_place(struct http_guard *g, const char *port)
{
	const char *folder = getenv("RUNTIME_DIRECTORY");

	if (!folder || !*folder)
		folder = getenv("XDG_RUNTIME_DIR");
	if (folder && *folder) {
		snprintf(g->token_file, sizeof(g->token_file), "%s/sluice-%s.token", folder, port);
		unlink(g->token_file);
		return open(g->token_file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	}
	snprintf(g->token_file, sizeof(g->token_file), "/tmp/sluice-%s-XXXXXX", port);
	return mkostemp(g->token_file, O_CLOEXEC);
}

static int make_token(struct http_guard *g, const char *port, char *message, size_t message_bytes)
{
	unsigned char random[TOKEN_BYTES];
	size_t n = sizeof(random) * 2;
	bool written = false;
	int fd = -1;

	if (getrandom(random, sizeof(random), 0) == sizeof(random)) {
		for (size_t i = 0; i < sizeof(random); i++)
			snprintf(g->token + 2 * i, 3, "%02x", random[i]);
		fd = token_place(g, port);
	}
	if (fd >= 0) {
		g->made_token = true;
		written = write(fd, g->token, n) == (ssize_t)n && write(fd, "\n", 1) == 1;
		close(fd);
	}
	if (written)
		return 0;
	snprintf(message, message_bytes, "no token for changes can be put into %s (http.token_file)", g->token_file);
	return -EIO;
}

int http_guard_open(struct http_guard *g, const struct http_guard_cfg *cfg, char *message, size_t message_bytes)
{
	*g = (struct http_guard){.loopback = cfg->loopback, .tls = cfg->tls, .names = cfg->names ? cfg->names : ""};
	if (!g->loopback)
		learn_own_names(g);
	if (cfg->password_file)
		return read_secret(&g->passwords, cfg->password_file, message, message_bytes);
	g->with_token = !g->loopback || cfg->token_file;
	if (!g->with_token)
		return 0;
	if (cfg->token_file)
		return configured_token(g, cfg->token_file, message, message_bytes);
	return make_token(g, cfg->port, message, message_bytes);
}

void http_guard_close(struct http_guard *g)
{
	if (g->made_token)
		unlink(g->token_file);
	free(g->passwords);
	*g = (struct http_guard){0};
}
