/* http_request.c - one request at a time of each client: checked, answered at once or later, sent in pieces that the client has room for (http.h). */
#include "host/http_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "host/clock.h"

#define HEAD_BYTES 2048         /* of an answer */
#define ONE_GO_BYTES (128 << 10)/* an answer up to this fits into the socket's buffer */
#define PIECE_BYTES (64 << 10)
#define HELD_BYTES ((size_t)256 << 20) /* of answers under way, all together */
#define LATER_S 60              /* for an answer that comes later */
#define PIECE_S 20              /* for a client to take the next piece */
#define TEXT_TYPE "text/plain; charset=utf-8"

static void say(struct http_answer *out, int status, const char *words)
{
	*out = (struct http_answer){.status = status, .type = TEXT_TYPE, .text = words, .bytes = strlen(words)};
}

static void answer_end(struct http_answer *out)
{
	if (out->owned)
		free((void *)(uintptr_t)out->text);
	http_blob_drop(out->blob);
	*out = (struct http_answer){0};
}

void http_request_end(struct http_client *c)
{
	answer_end(&c->out);
	free(c->body);
	c->body = NULL;
	c->body_bytes = c->body_due = c->sent = 0;
	c->waiting = c->sending = c->head = c->last = false;
}

/* --- may it ask this? -------------------------------------------------------------------------------------------------- */

/* "" where it is not there; false: it is too long, or there twice over. */
static bool header(struct lws *wsi, enum lws_token_indexes token, char *text, size_t bytes)
{
	text[0] = '\0';
	return !lws_hdr_total_length(wsi, token) || lws_hdr_copy(wsi, text, (int)bytes, token) > 0;
}

/* Names of others, in Host or in Origin: a browser has been led here. */
static bool is_foreign(const struct http *http, struct lws *wsi)
{
	char host[256], origin[300];

	return !header(wsi, WSI_TOKEN_HOST, host, sizeof(host)) || !host[0] || !http_guard_host(&http->guard, host) ||
	       !header(wsi, WSI_TOKEN_ORIGIN, origin, sizeof(origin)) || !http_guard_origin(&http->guard, origin, host);
}

bool http_socket_may(struct http *http, struct lws *wsi)
{
	char text[512];

	if (!http->cfg.socket_path || is_foreign(http, wsi) || !header(wsi, WSI_TOKEN_HTTP_AUTHORIZATION, text, sizeof(text)) ||
	    !http_guard_reads(&http->guard, text))
		return false;
	if (!header(wsi, WSI_TOKEN_UPGRADE, text, sizeof(text)) || strcasecmp(text, "websocket"))
		return false;
	if (!header(wsi, WSI_TOKEN_PROTOCOL, text, sizeof(text)) || strcmp(text, http->cfg.socket_protocol))
		return false;
	return header(wsi, WSI_TOKEN_GET_URI, text, sizeof(text)) && !strcmp(text, http->cfg.socket_path);
}

/* False: out says why not. */
static bool may_ask(struct http *http, struct lws *wsi, struct http_answer *out)
{
	bool post = lws_hdr_total_length(wsi, WSI_TOKEN_POST_URI);
	char text[512];

	if (is_foreign(http, wsi)) {
		say(out, 403, http->guard.loopback ? "This address is for programs on this machine: ask for it as localhost or 127.0.0.1.\n" :
				       "This is not a name of this machine: http.names lists others that people call it by.\n");
		return false;
	}
	if (!post && !lws_hdr_total_length(wsi, WSI_TOKEN_GET_URI) && !lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI)) {
		say(out, 405, "Only GET, HEAD and POST are answered here.\n");
		return false;
	}
	if (!header(wsi, WSI_TOKEN_HTTP_AUTHORIZATION, text, sizeof(text)))
		text[0] = '\0';
	if (!http_guard_reads(&http->guard, text)) {
		say(out, 401, "A name and a password are needed here.\n");
		return false;
	}
	if (post && !http_guard_changes(&http->guard, text)) {
		*out = (struct http_answer){.status = 401, .type = "application/json",
					    .text = "{\"ok\": false, \"message\": \"changes need the node's token: Authorization: Bearer TOKEN\"}"};
		out->bytes = strlen(out->text);
		return false;
	}
	return true;
}

/* The length of what a POST brings; -1: it is none that is taken, out says why. */
static long body_due(struct lws *wsi, struct http_answer *out)
{
	char text[32], *end;
	long n = -1;

	if (!header(wsi, WSI_TOKEN_HTTP_CONTENT_TYPE, text, sizeof(text)) || strncasecmp(text, "application/json", 16) ||
	    (text[16] && text[16] != ';' && text[16] != ' ')) {
		say(out, 415, "What is posted here is application/json.\n");
		return -1;
	}
	if (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) || !lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH)) {
		say(out, 411, "A POST has to say its length.\n");
		return -1;
	}
	if (header(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH, text, sizeof(text)) && strspn(text, "0123456789") == strlen(text) && strlen(text) < 8)
		n = strtol(text, &end, 10);
	if (n < 0 || n > HTTP_BODY_MAX) {
		say(out, 413, "A POST of more than 64 KiB is not taken.\n");
		return -1;
	}
	return n;
}

/* --- sending ----------------------------------------------------------------------------------------------------------- */

static const char *bytes_of(const struct http_answer *a)
{
	return a->blob ? (const char *)a->blob->at : a->text;
}

static size_t size_of(const struct http_answer *a)
{
	return a->blob ? a->blob->bytes : a->bytes;
}

static int add(struct lws *wsi, const char *name, const char *value, unsigned char **at, unsigned char *end)
{
	return lws_add_http_header_by_name(wsi, (const unsigned char *)name, (const unsigned char *)value, (int)strlen(value), at, end);
}

static int put_head(struct lws *wsi, const struct http_answer *a, bool last, unsigned char *start, unsigned char *end)
{
	unsigned char *at = start;

	if (lws_add_http_common_headers(wsi, (unsigned)a->status, a->type, size_of(a), &at, end))
		return -1;
	if (a->status == 405 && add(wsi, "allow:", "GET, HEAD, POST", &at, end))
		return -1;
	if (a->status == 401 && a->type[0] == 't' && add(wsi, "www-authenticate:", "Basic realm=\"Sluice\", charset=\"UTF-8\"", &at, end))
		return -1;
	if (last && add(wsi, "connection:", "close", &at, end))
		return -1;
	return lws_finalize_write_http_header(wsi, start, &at, end) ? -1 : 0;
}

/* The transaction is through. 0, or -1: the connection is of no use any more. */
static int finish(struct lws *wsi, struct http_client *c)
{
	bool last = c->last, small = size_of(&c->out) <= ONE_GO_BYTES;

	http_request_end(c);
	if (last)
		return -1;
	if (small && lws_partial_buffered(wsi)) { /* it asks again and again and never reads */
		http_drop(c);
		return 0;
	}
	c->last_ns = clock_monotonic_ns();
	return lws_http_transaction_completed(wsi) ? -1 : 0;
}

/* Head, and a short body with it. */
static int send_begin(struct lws *wsi, struct http_client *c)
{
	size_t n = c->head ? 0 : size_of(&c->out), room = n <= ONE_GO_BYTES ? n : 0;
	unsigned char *buffer = malloc(LWS_PRE + HEAD_BYTES + room), *start = buffer + LWS_PRE;
	int rc = -1;

	c->waiting = false;
	c->sending = true;
	if (!buffer)
		return -1;
	if (put_head(wsi, &c->out, c->last, start, start + HEAD_BYTES) == 0) {
		rc = 0;
		if (room) {
			memcpy(start, bytes_of(&c->out), n);
			rc = lws_write(wsi, start, n, LWS_WRITE_HTTP_FINAL) < 0 ? -1 : 0;
		}
	}
	free(buffer);
	if (rc < 0)
		return -1;
	if (n <= ONE_GO_BYTES)
		return finish(wsi, c);
	lws_set_timeout(wsi, PENDING_TIMEOUT_HTTP_CONTENT, PIECE_S);
	lws_callback_on_writable(wsi);
	return 0;
}

static int send_piece(struct lws *wsi, struct http_client *c)
{
	size_t n = size_of(&c->out) - c->sent;
	bool end = n <= PIECE_BYTES;
	unsigned char *buffer;
	int rc;

	if (!end)
		n = PIECE_BYTES;
	buffer = malloc(LWS_PRE + n);
	if (!buffer)
		return -1;
	memcpy(buffer + LWS_PRE, bytes_of(&c->out) + c->sent, n);
	rc = lws_write(wsi, buffer + LWS_PRE, n, end ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP);
	free(buffer);
	if (rc < 0)
		return -1;
	c->sent += n;
	c->last_ns = clock_monotonic_ns();
	if (end)
		return finish(wsi, c);
	lws_set_timeout(wsi, PENDING_TIMEOUT_HTTP_CONTENT, PIECE_S);
	lws_callback_on_writable(wsi);
	return 0;
}

int http_on_writeable(struct http *http, struct lws *wsi)
{
	struct http_client *c = http_find(http, wsi);

	if (!c || c->leaving || c->waiting || !c->out.status)
		return 0;
	return c->sending ? send_piece(wsi, c) : send_begin(wsi, c);
}

/* --- answering --------------------------------------------------------------------------------------------------------- */

static int answer(struct http *http, struct lws *wsi, struct http_client *c)
{
	struct http_request request = {.path = c->path, .query = c->query, .post = c->body != NULL, .body = c->body, .body_bytes = c->body_bytes,
				       .ticket = c->ticket};
	int rc;

	c->out = (struct http_answer){.status = 200, .type = TEXT_TYPE, .text = ""};
	rc = http->cfg.answer(http->cfg.user, &request, &c->out);
	if (rc == HTTP_LATER) {
		c->out = (struct http_answer){0};
		c->waiting = true;
		lws_set_timeout(wsi, PENDING_TIMEOUT_HTTP_CONTENT, LATER_S);
		return 0;
	}
	if (rc < 0)
		answer_end(&c->out);
	if (rc == -ENOENT)
		say(&c->out, 404, "There is nothing under this path.\n");
	else if (rc == -EPERM)
		say(&c->out, 405, request.post ? "This is not changed by POST.\n" : "This is for POST.\n");
	else if (rc < 0)
		say(&c->out, 503, "This cannot be had now.\n");
	return send_begin(wsi, c);
}

/* Of answers that are under way. */
static size_t held_bytes(const struct http *http)
{
	size_t n = 0;

	for (unsigned i = 0; i < HTTP_PLACES; i++)
		if (http->client[i].wsi)
			n += size_of(&http->client[i].out);
	return n;
}

void http_reply(struct http *http, uint64_t ticket, const struct http_answer *a)
{
	struct http_answer mine = *a;

	if (size_of(&mine) > ONE_GO_BYTES && held_bytes(http) && held_bytes(http) + size_of(&mine) > HELD_BYTES) {
		answer_end(&mine);
		say(&mine, 503, "Too many large answers are under way.\n");
	}
	for (unsigned i = 0; i < HTTP_PLACES; i++) {
		struct http_client *c = &http->client[i];

		if (c->wsi && c->ticket == ticket && c->waiting && !c->leaving) {
			if (!mine.status)
				mine.status = 200;
			if (!mine.type)
				mine.type = TEXT_TYPE;
			c->out = mine;
			c->waiting = false;
			lws_set_timeout(c->wsi, PENDING_TIMEOUT_HTTP_CONTENT, PIECE_S);
			lws_callback_on_writable(c->wsi);
			return;
		}
	}
	answer_end(&mine);
}

/* A path of a proper length without NUL, and the query joined again: the library has cut it at every '&'. */
static bool take_target(struct lws *wsi, struct http_client *c, const char *uri, size_t uri_bytes)
{
	size_t at = 0;

	c->query[0] = '\0';
	if (uri_bytes >= sizeof(c->path) || memchr(uri, '\0', uri_bytes))
		return false;
	memcpy(c->path, uri, uri_bytes);
	c->path[uri_bytes] = '\0';
	for (int i = 0; i < 32; i++) {
		int n = lws_hdr_copy_fragment(wsi, c->query + at + (at > 0), (int)(sizeof(c->query) - at - 2), WSI_TOKEN_HTTP_URI_ARGS, i);

		if (n <= 0)
			break;
		if (at)
			c->query[at] = '&';
		at += (size_t)n + (at > 0);
		if (at + 64 > sizeof(c->query))
			break;
	}
	c->query[at] = '\0';
	return true;
}

static int refuse(struct lws *wsi, struct http_client *c)
{
	c->last = c->out.status != 404; /* what follows a refused request, or the body that none should have, is not worth reading */
	return send_begin(wsi, c);
}

int http_on_request(struct http *http, struct lws *wsi, const char *uri, size_t uri_bytes)
{
	struct http_client *c = http_find(http, wsi);
	bool post = lws_hdr_total_length(wsi, WSI_TOKEN_POST_URI);
	long due;

	if (!c)
		return -1;
	http_request_end(c);
	c->ticket = ++http->last_ticket;
	c->head = lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI);
	if (!may_ask(http, wsi, &c->out))
		return refuse(wsi, c);
	if (!take_target(wsi, c, uri, uri_bytes)) {
		say(&c->out, 404, "There is nothing under this path.\n");
		return refuse(wsi, c);
	}
	if (!post) {
		c->last = lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH) || lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING);
		return answer(http, wsi, c);
	}
	due = body_due(wsi, &c->out);
	if (due < 0)
		return refuse(wsi, c);
	c->body = malloc((size_t)due + 1);
	if (!c->body)
		return -1;
	c->body[0] = '\0';
	c->body_due = (size_t)due;
	return 0;
}

int http_on_body(struct http *http, struct lws *wsi, const char *bytes, size_t n)
{
	struct http_client *c = http_find(http, wsi);

	if (!c || !c->body || n > c->body_due - c->body_bytes)
		return -1;
	if (n)
		memcpy(c->body + c->body_bytes, bytes, n);
	c->body_bytes += n;
	c->body[c->body_bytes] = '\0';
	return 0;
}

int http_on_body_end(struct http *http, struct lws *wsi)
{
	struct http_client *c = http_find(http, wsi);

	if (!c || !c->body || c->body_bytes != c->body_due)
		return -1;
	return answer(http, wsi, c);
}
