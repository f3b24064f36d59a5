/* rest.c - see rest.h. */
#include "bench/detector/rest.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/thread.h"

#define REQUEST_MAX 4096
#define CLIENT_PATIENCE_S 2

struct rest {
	int listener;
	struct thread thread;
	const _Atomic uint64_t *dropped;
};

/* The request's path is /stream/api/<version>/status/<item>? */
static int asks_for(const char *request, const char *item)
{
	char method[8], path[256], tail[64];

	if (sscanf(request, "%7s %255s", method, path) != 2 || strcmp(method, "GET"))
		return 0;
	return sscanf(path, "/stream/api/%*[^/]/status/%63s", tail) == 1 && !strcmp(tail, item);
}

/* Reads up to the empty line that ends the head, or as much as there is room for. */
static void read_request(int client, char *request, size_t n)
{
	size_t have = 0;

	request[0] = 0;
	while (have < n - 1 && !strstr(request, "\r\n\r\n")) {
		ssize_t got = recv(client, request + have, n - 1 - have, 0);

		if (got <= 0)
			break;
		have += (size_t)got;
		request[have] = 0;
	}
}

static void answer(const struct rest *s, int client)
{
	char request[REQUEST_MAX], body[256] = "", reply[512];
	const char *status = "200 OK";
	int len;

	read_request(client, request, sizeof request);
	if (asks_for(request, "dropped"))
		snprintf(body, sizeof body, "{\"access_mode\": \"r\", \"value\": %llu, \"value_type\": \"uint\"}",
			 (unsigned long long)atomic_load_explicit(s->dropped, memory_order_relaxed));
	else if (asks_for(request, "state"))
		snprintf(body, sizeof body, "{\"access_mode\": \"r\", \"value\": \"ready\", \"value_type\": \"string\"}");
	else
		status = "404 Not Found";
	len = snprintf(reply, sizeof reply, "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
		       status, strlen(body), body);
	send(client, reply, (size_t)len, MSG_NOSIGNAL);
}

static void *serve(void *user)
{
	struct rest *s = user;
	struct timeval patience = { CLIENT_PATIENCE_S, 0 };

	for (;;) {
		int client = accept(s->listener, NULL, NULL);

		if (client < 0 && (errno == EINTR || errno == ECONNABORTED))
			continue;
		if (client < 0) /* shut down by rest_close */
			return NULL;
		setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
		setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
		answer(s, client);
		close(client);
	}
}

int rest_open(struct rest **out, uint32_t port, const _Atomic uint64_t *dropped)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct rest *s = calloc(1, sizeof *s);
	int error = -ENOMEM, yes = 1;

	*out = NULL;
	if (!s)
		return -ENOMEM;
	s->dropped = dropped;
	s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s->listener < 0 || setsockopt(s->listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) ||
	    bind(s->listener, (struct sockaddr *)&address, sizeof address) || listen(s->listener, 16)) {
		error = -errno;
		goto fail;
	}
	error = thread_start(&s->thread, "simplon", NULL, 0, serve, s);
	if (error)
		goto fail;
	*out = s;
	return 0;
fail:
	rest_close(&s);
	return error;
}

void rest_close(struct rest **rest)
{
	struct rest *s = *rest;

	if (!s)
		return;
	if (s->listener >= 0)
		shutdown(s->listener, SHUT_RDWR); /* wakes accept */
	thread_join(&s->thread);
	if (s->listener >= 0)
		close(s->listener);
	free(s);
	*rest = NULL;
}
