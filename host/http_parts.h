/* http_parts.h - what the parts of the HTTP server share. For host/http*.c alone. */
#ifndef HOST_HTTP_PARTS_H
#define HOST_HTTP_PARTS_H

#include <libwebsockets.h>

#include "host/http.h"
#include "host/http_guard.h"
#include "host/http_listen.h"
#include "host/log.h"

#define HTTP_CLIENTS_MAX 64          /* beyond these the longest idle one has to go */
#define HTTP_PLACES (HTTP_CLIENTS_MAX * 2) /* those who are on their way out are still there */
#define HTTP_SEND_BYTES (256 << 10)  /* what a client may leave unread */

struct http_client {
	struct lws *wsi;        /* NULL: a free place */
	uint64_t ticket;        /* never given twice */
	uint64_t last_ns;       /* when it came, asked, or took something last */
	bool leaving, socket;   /* socket: it is a WebSocket by now */
	/* the request at hand */
	bool head, last, waiting, sending;
	char path[HTTP_PATH_MAX], query[HTTP_QUERY_MAX];
	char *body;
	size_t body_bytes, body_due;
	struct http_answer out;
	size_t sent;
	/* the WebSocket's next message; one that comes in */
	struct http_blob *next;
	char *said;
	size_t said_bytes;
};

struct http {
	struct http_cfg cfg;
	struct lws_context *context;
	struct lws_vhost *vhost;
	struct lws_protocols protocols[3];
	lws_sorted_usec_list_t tick;
	struct http_listen listen; /* its descriptors, until the loop has taken them over */
	struct http_guard guard;
	char where[192];
	uint64_t last_ticket;
	struct http_client client[HTTP_PLACES];
	struct log_limit starved, broken;
};

/* http.c */
struct http_client *http_find(struct http *http, const struct lws *wsi);
void http_drop(struct http_client *client);

/* http_request.c */
int http_on_request(struct http *http, struct lws *wsi, const char *uri, size_t uri_bytes);
int http_on_body(struct http *http, struct lws *wsi, const char *bytes, size_t n);
int http_on_body_end(struct http *http, struct lws *wsi);
int http_on_writeable(struct http *http, struct lws *wsi);
void http_request_end(struct http_client *client); /* gives back what the request at hand holds */

/* http_socket.c */
bool http_socket_may(struct http *http, struct lws *wsi); /* may this become a WebSocket? */
int http_socket_event(struct http *http, struct lws *wsi, enum lws_callback_reasons reason, const char *in, size_t len);
void http_socket_end(struct http *http, struct http_client *client);

#endif
