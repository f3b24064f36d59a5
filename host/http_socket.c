/* http_socket.c - WebSockets: one message at a time to each client and no queue, so that who is slow gets the newest one when there is room (http.h). */
#include "host/http_parts.h"

#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "host/clock.h"

#define BEHIND_BYTES (48 << 10) /* who has as much unread gets nothing new */
#define TAKE_S 30               /* for a client to take a message */
#define FOREVER_S 0

struct http_blob *http_blob_make(size_t bytes)
{
	struct http_blob *blob = malloc(sizeof(*blob) + LWS_PRE + bytes);

	if (blob) {
		atomic_init(&blob->refs, 1);
		blob->binary = false;
		blob->bytes = bytes;
		blob->at = (unsigned char *)(blob + 1) + LWS_PRE;
	}
	return blob;
}

struct http_blob *http_blob_hold(struct http_blob *blob)
{
	atomic_fetch_add_explicit(&blob->refs, 1, memory_order_relaxed);
	return blob;
}

/* The last one to let go sees what the others did before. */
void http_blob_drop(struct http_blob *blob)
{
	if (blob && atomic_fetch_sub_explicit(&blob->refs, 1, memory_order_acq_rel) == 1)
		free(blob);
}

static struct http_client *by_ticket(struct http *http, uint64_t ticket)
{
	for (unsigned i = 0; i < HTTP_PLACES; i++)
		if (http->client[i].wsi && http->client[i].socket && !http->client[i].leaving && http->client[i].ticket == ticket)
			return &http->client[i];
	return NULL;
}

bool http_socket_ready(struct http *http, uint64_t ticket)
{
	struct http_client *c = by_ticket(http, ticket);
	int unsent = 0;

	if (!c || c->next || lws_partial_buffered(c->wsi))
		return false;
	return ioctl(lws_get_socket_fd(c->wsi), SIOCOUTQ, &unsent) < 0 || unsent < BEHIND_BYTES;
}

void http_socket_give(struct http *http, uint64_t ticket, struct http_blob *blob)
{
	struct http_client *c = by_ticket(http, ticket);

	if (!c || c->next) {
		http_blob_drop(blob);
		return;
	}
	c->next = blob;
	lws_set_timeout(c->wsi, PENDING_TIMEOUT_USER_OK, TAKE_S);
	lws_callback_on_writable(c->wsi);
}

/* What the library cannot hand to the system at once it keeps; then it is asked again when that has gone. */
static int give_next(struct lws *wsi, struct http_client *c)
{
	struct http_blob *blob = c->next;
	int rc;

	if (lws_partial_buffered(wsi))
		return 0;
	lws_set_timeout(wsi, NO_PENDING_TIMEOUT, FOREVER_S);
	c->last_ns = clock_monotonic_ns();
	if (!blob)
		return 0;
	c->next = NULL;
	rc = lws_write(wsi, blob->at, blob->bytes, blob->binary ? LWS_WRITE_BINARY : LWS_WRITE_TEXT);
	http_blob_drop(blob);
	if (rc >= 0 && lws_partial_buffered(wsi)) {
		lws_set_timeout(wsi, PENDING_TIMEOUT_USER_OK, TAKE_S);
		lws_callback_on_writable(wsi);
	}
	return rc < 0 ? -1 : 0;
}

static int opened(struct http *http, struct http_client *c)
{
	c->said = malloc(HTTP_SAID_MAX + 1);
	if (!c->said)
		return -1;
	c->socket = true;
	c->ticket = ++http->last_ticket;
	c->last_ns = clock_monotonic_ns();
	http->cfg.socket(http->cfg.user, c->ticket, HTTP_OPENED, "", 0);
	return 0;
}

/* Text of a bounded length; anything else ends the connection. */
static int said(struct http *http, struct lws *wsi, struct http_client *c, const char *in, size_t len)
{
	if (lws_frame_is_binary(wsi) || len > HTTP_SAID_MAX - c->said_bytes)
		return -1;
	if (len)
		memcpy(c->said + c->said_bytes, in, len);
	c->said_bytes += len;
	if (!lws_is_final_fragment(wsi) || lws_remaining_packet_payload(wsi))
		return 0;
	c->said[c->said_bytes] = '\0';
	http->cfg.socket(http->cfg.user, c->ticket, HTTP_SAID, c->said, c->said_bytes);
	c->said_bytes = 0;
	return 0;
}

int http_socket_event(struct http *http, struct lws *wsi, enum lws_callback_reasons reason, const char *in, size_t len)
{
	struct http_client *c = http_find(http, wsi);

	if (!c || c->leaving)
		return reason == LWS_CALLBACK_CLOSED ? 0 : -1;
	if (reason == LWS_CALLBACK_ESTABLISHED)
		return opened(http, c);
	if (reason == LWS_CALLBACK_RECEIVE)
		return c->said ? said(http, wsi, c, in, len) : -1;
	if (reason == LWS_CALLBACK_SERVER_WRITEABLE)
		return give_next(wsi, c);
	return 0;
}

void http_socket_end(struct http *http, struct http_client *c)
{
	if (c->socket)
		http->cfg.socket(http->cfg.user, c->ticket, HTTP_CLOSED, "", 0);
	http_blob_drop(c->next);
	free(c->said);
	c->next = NULL;
	c->said = NULL;
	c->socket = false;
	c->said_bytes = 0;
}
