/* http_listen.c - addresses, and the sockets that listen there (http_listen.h). */
#include "host/http_listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 64

/* --- names ------------------------------------------------------------------------------------------------------------- */

static bool is_loopback_host(const char *host)
{
	struct in_addr v4;
	struct in6_addr v6;

	if (!strcasecmp(host, "localhost"))
		return true;
	if (inet_pton(AF_INET, host, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == 127;
	return inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

/* Takes "HOST", "HOST:PORT" or "[V6]:PORT" apart; port "" where there is none. False: it is none of these. */
static bool split(const char *authority, char *host, size_t host_bytes, char *port, size_t port_bytes)
{
	bool bracket = authority[0] == '[';
	const char *begin = authority + bracket, *end = bracket ? strchr(begin, ']') : strrchr(begin, ':'), *rest;
	size_t len = end ? (size_t)(end - begin) : strlen(begin);

	if ((bracket && !end) || len == 0 || len >= host_bytes)
		return false;
	memcpy(host, begin, len);
	host[len] = '\0';
	rest = begin + len + bracket;
	if (*rest && (*rest != ':' || strspn(rest + 1, "0123456789") != strlen(rest + 1) || strlen(rest + 1) >= port_bytes))
		return false;
	strcpy(port, *rest ? rest + 1 : "");
	return true;
}

bool http_listen_is_loopback(const char *authority)
{
	char host[128], port[6];

	return split(authority, host, sizeof(host), port, sizeof(port)) && is_loopback_host(host);
}

bool http_listen_host(const char *authority, char *host, size_t host_bytes)
{
	char port[6];

	return split(authority, host, host_bytes, port, sizeof(port));
}

/* --- the sockets that listen ------------------------------------------------------------------------------------------- */

static bool is_loopback_address(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET)
		return ntohl(((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr) >> 24 == 127;
	return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr);
}

static int listen_at(struct http_listen *l, const struct addrinfo *a)
{
	int fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1, rc;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (a->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	if (bind(fd, a->ai_addr, a->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0) {
		rc = -errno;
		close(fd);
		return rc;
	}
	l->loopback &= is_loopback_address(a->ai_addr);
	l->fd[l->n++] = fd;
	return 0;
}

/* Tables of names may give an address twice. */
static bool came_before(const struct addrinfo *first, const struct addrinfo *a)
{
	for (; first != a; first = first->ai_next)
		if (first->ai_addrlen == a->ai_addrlen && !memcmp(first->ai_addr, a->ai_addr, a->ai_addrlen))
			return true;
	return false;
}

static void note_where(struct http_listen *l, const char *host)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);
	unsigned port = 0;

	if (getsockname(l->fd[0], (struct sockaddr *)&address, &len) == 0)
		port = ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port : ((struct sockaddr_in *)&address)->sin_port);
	if (!strcmp(host, "*") || !strcmp(host, "0.0.0.0") || !strcmp(host, "::"))
		host = "localhost";
	snprintf(l->where, sizeof(l->where), strchr(host, ':') ? "[%s]:%u" : "%s:%u", host, port);
}

/* Every address that the name stands for; one that the machine does not have (IPv6 switched off) is no error while there is another. */
int http_listen_open(struct http_listen *l, const char *where, char *message, size_t message_bytes)
{
	struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV}, *found, *a;
	char host[128], port[6];
	int rc = -EADDRNOTAVAIL, why = 0;

	*l = (struct http_listen){.loopback = true};
	if (!split(where, host, sizeof(host), port, sizeof(port)) || (why = getaddrinfo(strcmp(host, "*") ? host : NULL, port, &hints, &found))) {
		snprintf(message, message_bytes, "%s: %s", where, why ? gai_strerror(why) : "not ADDRESS:PORT");
		return -EINVAL;
	}
	for (a = found; a && l->n < HTTP_LISTENERS_MAX && rc != -EADDRINUSE; a = a->ai_next) {
		if (came_before(found, a))
			continue;
		rc = listen_at(l, a);
		if (!strcmp(port, "0") && rc == 0)
			break; /* one port, not one per address */
	}
	freeaddrinfo(found);
	if (!l->n || rc == -EADDRINUSE) {
		snprintf(message, message_bytes, "%s: %s", where, rc == -EADDRINUSE ? "another program listens there already" : strerror(-rc));
		return rc;
	}
	note_where(l, host);
	return 0;
}

void http_listen_close(struct http_listen *l)
{
	while (l->n)
		close(l->fd[--l->n]);
}
