/* http.h - a small HTTP and WebSocket server, for browsers, scripts and Prometheus. Knows nothing of what it serves.
 *
 * One thread opens, one serves (it alone calls every function here but http_wake), one closes when that has ended. A client can harm nobody else:
 * requests and connections are bounded, who does not ask in time or does not read is dropped, and when all places are taken the longest idle one goes.
 * Who may ask: where the address is one of this machine's loopback, requests for any other name are refused, elsewhere requests for names that are not
 * this machine's, so that no web page that a browser here has open can read along by letting its own name point to this machine. POST and WebSocket
 * are refused to pages of others; POST needs a token wherever others than this machine can reach the address. */
#ifndef HOST_HTTP_H
#define HOST_HTTP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_PATH_MAX 256
#define HTTP_QUERY_MAX 512
#define HTTP_BODY_MAX 65536
#define HTTP_SAID_MAX 4096 /* of a message from a WebSocket */
#define HTTP_LATER 1

struct http;

/* Bytes that several clients may be given. Made and held by any thread; not changed once a client has it. */
struct http_blob {
	_Atomic uint32_t refs;
	bool binary;       /* a WebSocket's kind of message */
	size_t bytes;
	unsigned char *at;
};
struct http_blob *http_blob_make(size_t bytes); /* one hold; NULL: not enough memory */
struct http_blob *http_blob_hold(struct http_blob *blob);
void http_blob_drop(struct http_blob *blob);    /* takes NULL */

struct http_request {
	const char *path;  /* begins with '/' */
	const char *query; /* what follows the '?', as it came, without escapes resolved; "" */
	bool post;         /* GET and HEAD look the same */
	const char *body;  /* of a POST; NUL behind it */
	size_t body_bytes;
	uint64_t ticket;   /* for http_reply */
};

struct http_answer {
	int status;        /* 200 unless changed */
	const char *type;  /* media type; plain text unless changed */
	const char *text;
	size_t bytes;
	bool owned;        /* text was malloc'ed; http frees it */
	struct http_blob *blob; /* instead of text: one hold on it, which http drops */
};

/* Called by http_serve for every proper request. 0; HTTP_LATER: http_reply will be called; -ENOENT: there is nothing under that path; -EPERM: not by this
 * method; any other -errno: it cannot be had now. */
typedef int http_answer_fn(void *user, const struct http_request *request, struct http_answer *out);

enum http_event { HTTP_OPENED, HTTP_SAID, HTTP_CLOSED };
/* Called by http_serve for WebSockets. text: of HTTP_SAID, NUL behind it. */
typedef void http_socket_fn(void *user, uint64_t client, enum http_event event, const char *text, size_t bytes);

/* All texts live as long as the server. */
struct http_cfg {
	const char *listen;           /* ADDRESS:PORT, [V6ADDRESS]:PORT, NAME:PORT or *:PORT; port 0: the system chooses */
	const char *names;            /* others that people call this machine by, separated by commas; "" */
	const char *token_file;       /* holds the token; NULL: one is made and put into a file that http_token_file names */
	const char *certificate, *key;/* PEM files for TLS; NULL: none */
	const char *password_file;    /* lines of NAME:PASSWORD, one of which everybody has to give; NULL: none */
	const char *socket_path;      /* where the WebSocket is; NULL: nowhere */
	const char *socket_protocol;
	http_answer_fn *answer;
	http_socket_fn *socket;
	void *user;
};

/* -EINVAL: the address makes no sense, a file cannot be used; -EADDRINUSE and others: it cannot be had; with a message in words. */
int http_open(struct http **out, const struct http_cfg *cfg, char *message, size_t message_bytes);
/* Where it listens, as a browser here would be told: "http://127.0.0.1:8090". */
const char *http_where(const struct http *http);
/* The file that the token for changes stands in; NULL: none is needed. */
const char *http_token_file(const struct http *http);
/* What changes need: "open", "token" or "basic". */
const char *http_auth(const struct http *http);
/* Serves everybody who wants something; returns after wait_ms at the latest when nobody does, and soon after http_wake. */
void http_serve(struct http *http, unsigned wait_ms);
/* Ends the wait of http_serve. From any thread. */
void http_wake(struct http *http);
/* Answers a request that was to be answered later; whoever asked may be gone. Takes over what the answer owns. */
void http_reply(struct http *http, uint64_t ticket, const struct http_answer *answer);
/* Whether a WebSocket has taken what it was given. */
bool http_socket_ready(struct http *http, uint64_t client);
/* Gives a WebSocket its next message, takes one hold on the blob. Only when it is ready: there is no queue. */
void http_socket_give(struct http *http, uint64_t client, struct http_blob *blob);
void http_close(struct http **http);

#endif
