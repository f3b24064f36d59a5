/* http.h - answers GET and HEAD with whole texts, for whoever asks: browsers, scripts, Prometheus. Knows nothing of what it serves.
 *
 * One thread opens, one serves (it alone calls http_serve), one closes when that has ended. A client can harm nobody else: requests and
 * connections are bounded, who does not ask in time or does not read is dropped, and when all places are taken the longest idle one goes.
 * Where the address is one of this machine's loopback, requests for any other name are refused, so that no web page that a browser here
 * has open can read along by letting its own name point to this machine. */
#ifndef HOST_HTTP_H
#define HOST_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#define HTTP_PATH_MAX 256

struct http;

struct http_answer {
	int status;        /* 200 unless changed */
	const char *type;  /* media type; plain text unless changed */
	const char *text;
	size_t bytes;
	bool owned;        /* text was malloc'ed; http frees it */
};

/* Called by http_serve for every proper request; path begins with '/', without the query. 0; -ENOENT: there is nothing under that path; any
 * other -errno: it cannot be had now. */
typedef int http_answer_fn(void *user, const char *path, struct http_answer *out);

struct http_cfg {
	const char *listen;           /* ADDRESS:PORT, [V6ADDRESS]:PORT, NAME:PORT or *:PORT; port 0: the system chooses */
	http_answer_fn *answer;
	void *user;
};

/* -EINVAL: the address makes no sense; -EADDRINUSE and others: it cannot be had; with a message in words. */
int http_open(struct http **out, const struct http_cfg *cfg, char *message, size_t message_bytes);
/* Where it listens, as host and port for a browser here: "127.0.0.1:8090". */
const char *http_where(const struct http *http);
/* Serves everybody who wants something; returns after wait_ms at the latest when nobody does. */
void http_serve(struct http *http, unsigned wait_ms);
void http_close(struct http **http);

#endif
