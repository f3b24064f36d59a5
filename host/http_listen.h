/* http_listen.h - where host/http.c listens: an address in the configuration's form becomes sockets. Used by host/http.c alone. */
#ifndef HOST_HTTP_LISTEN_H
#define HOST_HTTP_LISTEN_H

#include <stdbool.h>
#include <stddef.h>

#define HTTP_LISTENERS_MAX 4

struct http_listen {
	unsigned n;
	int fd[HTTP_LISTENERS_MAX]; /* not blocking */
	bool loopback;              /* nobody but this machine can reach them */
	char where[160];            /* host and port for a browser here */
};

/* ADDRESS:PORT, [V6ADDRESS]:PORT, NAME:PORT or *:PORT; port 0: the system chooses. -EINVAL: none of these; -EADDRINUSE and others: it cannot be
 * had; with a message in words. */
int http_listen_open(struct http_listen *out, const char *where, char *message, size_t message_bytes);
void http_listen_close(struct http_listen *listen);

/* Is it a name of this machine's loopback, with or without a port? As it stands in a Host header. */
bool http_listen_is_loopback(const char *authority);
/* The name in it, without brackets and port; false: it makes no sense. */
bool http_listen_host(const char *authority, char *host, size_t host_bytes);

#endif
