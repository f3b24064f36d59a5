/* http.c - a small HTTP server on libwebsockets' event loop (http.h).
 *
 * The sockets that listen are our own, watched by the loop as plain descriptors: so a taken port is an error with a name, and who is let in
 * is decided here. Every answer fits into the socket's buffer, so it is written in one go and no state is kept between two requests. What
 * libwebsockets 4.1 would do beyond HTTP/1 (upgrades to WebSocket or HTTP/2, CONNECT) is refused before it begins. */
#include "host/http.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libwebsockets.h>

#include "host/clock.h"
#include "host/http_listen.h"
#include "host/log.h"

#define CLIENTS_MAX 64          /* beyond these the longest idle one has to go */
#define PLACES (CLIENTS_MAX * 2) /* those who are on their way out are still there */
#define REQUEST_BYTES 4096      /* request line and headers */
#define REQUEST_S 5             /* for a request to arrive whole */
#define IDLE_S 20               /* between two requests of one connection */
#define HEAD_BYTES 2048         /* of an answer */
#define SEND_BYTES (256 << 10)  /* what a client may leave unread */
#define ACCEPT_MAX 64           /* at once, before those who are in are served again */
#define STARVED_US 20000
#define TEXT_TYPE "text/plain; charset=utf-8"

struct client {
	struct lws *wsi;        /* NULL: a free place */
	uint64_t last_ns;       /* when it came, or asked last */
	bool leaving;
};

struct http {
	struct lws_context *context;
	struct lws_vhost *vhost;
	lws_sorted_usec_list_t tick;
	http_answer_fn *answer;
	void *user;
	struct http_listen listen; /* its descriptors, until the loop has taken them over */
	struct client client[PLACES];
	struct log_limit starved, broken;
};

/* --- clients ----------------------------------------------------------------------------------------------------------- */

static struct client *find(struct http *http, const struct lws *wsi)
{
	for (unsigned i = 0; i < PLACES; i++)
		if (http->client[i].wsi == wsi)
			return &http->client[i];
	return NULL;
}

static void drop(struct client *client)
{
	client->leaving = true;
	lws_set_timeout(client->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
}

static void make_room(struct http *http)
{
	struct client *idlest = NULL;
	unsigned n = 0;

	for (unsigned i = 0; i < PLACES; i++) {
		struct client *c = &http->client[i];

		if (!c->wsi || c->leaving)
			continue;
		n++;
		if (!idlest || c->last_ns < idlest->last_ns)
			idlest = c;
	}
	if (n >= CLIENTS_MAX)
		drop(idlest);
}

static void let_in(struct http *http, int fd)
{
	int send_bytes = SEND_BYTES;
	struct client *place;
	struct lws *wsi;

	make_room(http);
	place = find(http, NULL);
	if (!place) {
		close(fd);
		return;
	}
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send_bytes, sizeof(send_bytes));
	wsi = lws_adopt_socket_vhost(http->vhost, fd); /* closes fd where it fails */
	if (wsi)
		*place = (struct client){.wsi = wsi, .last_ns = clock_monotonic_ns()};
}

static void accept_some(struct http *http, int listener)
{
	for (unsigned i = 0; i < ACCEPT_MAX; i++) {
		int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			let_in(http, fd);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
			log_limited(&http->starved, LOG_WARNING, "http: nobody can be let in: %s", strerror(errno));
			usleep(STARVED_US); /* the descriptor stays ready: without this the loop would turn without a rest */
		}
		return;
	}
}

/* --- requests ---------------------------------------------------------------------------------------------------------- */

/* Every answer carries these: the page may run its own script and ask this server, nothing else; nobody may frame or guess. */
static const struct lws_protocol_vhost_options always[] = {
	{&always[1], NULL, "content-security-policy:",
	 "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; connect-src 'self'; base-uri 'none'; "
	 "form-action 'none'; frame-ancestors 'none'"},
	{&always[2], NULL, "x-content-type-options:", "nosniff"},
	{&always[3], NULL, "cross-origin-resource-policy:", "same-origin"},
	{&always[4], NULL, "referrer-policy:", "no-referrer"},
	{NULL, NULL, "cache-control:", "no-store"},
};

static void say(struct http_answer *out, int status, const char *words)
{
	*out = (struct http_answer){.status = status, .type = TEXT_TYPE, .text = words, .bytes = strlen(words)};
}

/* Names of others, in Host or in Origin, on an address that only this machine reaches: a browser has been led here. */
static bool is_foreign(const struct http *http, struct lws *wsi)
{
	char text[256];

	if (!http->listen.loopback)
		return false;
	if (lws_hdr_copy(wsi, text, sizeof(text), WSI_TOKEN_HOST) <= 0 || !http_listen_is_loopback(text))
		return true;
	if (!lws_hdr_total_length(wsi, WSI_TOKEN_ORIGIN))
		return false;
	if (lws_hdr_copy(wsi, text, sizeof(text), WSI_TOKEN_ORIGIN) <= 0 || strncmp(text, "http://", 7))
		return true;
	return !http_listen_is_loopback(text + 7);
}

static void answer(struct http *http, struct lws *wsi, const char *uri, size_t uri_bytes, struct http_answer *out)
{
	char path[HTTP_PATH_MAX];
	int rc;

	if (is_foreign(http, wsi)) {
		say(out, 403, "This address is for programs on this machine: ask for it as localhost or 127.0.0.1.\n");
		return;
	}
	if (!lws_hdr_total_length(wsi, WSI_TOKEN_GET_URI) && !lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI)) {
		say(out, 405, "Only GET and HEAD are answered here.\n");
		return;
	}
	if (uri_bytes >= sizeof(path) || memchr(uri, '\0', uri_bytes)) {
		say(out, 404, "There is nothing under this path.\n");
		return;
	}
	memcpy(path, uri, uri_bytes);
	path[uri_bytes] = '\0';
	*out = (struct http_answer){.status = 200, .type = TEXT_TYPE, .text = ""};
	rc = http->answer(http->user, path, out);
	if (rc == -ENOENT)
		say(out, 404, "There is nothing under this path.\n");
	else if (rc < 0)
		say(out, 503, "This cannot be had now.\n");
}

/* Head and body in one buffer of the form that libwebsockets wants. 0, or -1: the connection is of no use any more. */
static int send_answer(struct lws *wsi, const struct http_answer *a, bool with_body, bool last)
{
	unsigned char *buffer = malloc(LWS_PRE + HEAD_BYTES + a->bytes), *start, *at, *end;
	int rc = -1;

	if (!buffer)
		return -1;
	at = start = buffer + LWS_PRE;
	end = start + HEAD_BYTES;
	if (lws_add_http_common_headers(wsi, (unsigned)a->status, a->type, a->bytes, &at, end))
		goto done;
	if (a->status == 405 && lws_add_http_header_by_name(wsi, (const unsigned char *)"allow:", (const unsigned char *)"GET, HEAD", 9, &at, end))
		goto done;
	if (last && lws_add_http_header_by_token(wsi, WSI_TOKEN_CONNECTION, (const unsigned char *)"close", 5, &at, end))
		goto done;
	if (lws_finalize_write_http_header(wsi, start, &at, end))
		goto done;
	rc = 0;
	if (with_body && a->bytes) {
		memcpy(start, a->text, a->bytes);
		if (lws_write(wsi, start, a->bytes, LWS_WRITE_HTTP_FINAL) < 0)
			rc = -1;
	}
done:
	free(buffer);
	return rc;
}

static int on_request(struct http *http, struct lws *wsi, const char *uri, size_t uri_bytes)
{
	struct client *client = find(http, wsi);
	struct http_answer out;
	bool last;
	int rc;

	answer(http, wsi, uri, uri_bytes, &out);
	/* What follows a refused request, or the body that none should have, is not worth reading. */
	last = out.status == 403 || out.status == 405 || lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH) ||
	       lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING);
	rc = send_answer(wsi, &out, !lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI), last);
	if (out.owned)
		free((void *)(uintptr_t)out.text);
	if (rc < 0 || last || !client)
		return -1;
	if (lws_partial_buffered(wsi)) { /* it asks again and again and never reads */
		drop(client);
		return 0;
	}
	client->last_ns = clock_monotonic_ns();
	return lws_http_transaction_completed(wsi) ? -1 : 0;
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *session, void *in, size_t len)
{
	struct http *http = lws_context_user(lws_get_context(wsi));
	struct client *client;

	(void)session;
	switch (reason) {
	case LWS_CALLBACK_RAW_RX_FILE:
		accept_some(http, lws_get_socket_fd(wsi));
		return 0;
	case LWS_CALLBACK_HTTP:
		return on_request(http, wsi, in, len);
	case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE: /* `in` may be gone already: 4.1 frees it for a protocol that it does not know */
	case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
	case LWS_CALLBACK_RAW_ADOPT: /* CONNECT */
	case LWS_CALLBACK_RAW_RX:
	case LWS_CALLBACK_HTTP_BODY:
		return -1;
	case LWS_CALLBACK_WSI_DESTROY:
		client = find(http, wsi);
		if (client)
			client->wsi = NULL;
		return 0;
	default:
		return 0;
	}
}

/* --- the loop ---------------------------------------------------------------------------------------------------------- */

static const struct lws_protocols protocols[] = {
	{.name = "http", .callback = on_event, .tx_packet_size = SEND_BYTES},
	{0},
};

static void say_for_library(int level, const char *line)
{
	(void)level;
	log_line(LOG_DEBUG, "http: %.*s", (int)strcspn(line, "\n"), line);
}

static int loop_open(struct http *http)
{
	struct lws_context_creation_info info = {
		.port = CONTEXT_PORT_NO_LISTEN_SERVER, .protocols = protocols, .headers = always, .server_string = "sluice", .user = http,
		.options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS | LWS_SERVER_OPTION_SKIP_SERVER_CANONICAL_NAME, .gid = (gid_t)-1, .uid = (uid_t)-1,
		.max_http_header_data = REQUEST_BYTES, .max_http_header_pool = PLACES, .fd_limit_per_thread = PLACES + HTTP_LISTENERS_MAX + 4,
		.timeout_secs = REQUEST_S, .timeout_secs_ah_idle = REQUEST_S, .keepalive_timeout = IDLE_S,
	};

	lws_set_log_level(LLL_ERR | LLL_WARN, say_for_library);
	http->context = lws_create_context(&info);
	if (!http->context)
		return -ENOMEM;
	http->vhost = lws_create_vhost(http->context, &info);
	if (!http->vhost)
		return -ENOMEM;
	for (; http->listen.n; http->listen.n--) {
		lws_sock_file_fd_type fd = {.filefd = http->listen.fd[http->listen.n - 1]};

		if (!lws_adopt_descriptor_vhost(http->vhost, LWS_ADOPT_RAW_FILE_DESC, fd, "http", NULL))
			return -ENOMEM;
	}
	return 0;
}

int http_open(struct http **out, const struct http_cfg *cfg, char *message, size_t message_bytes)
{
	struct http *http = calloc(1, sizeof(*http));
	int rc = -ENOMEM;

	*out = NULL;
	snprintf(message, message_bytes, "not enough memory");
	if (!http)
		return rc;
	http->answer = cfg->answer;
	http->user = cfg->user;
	rc = http_listen_open(&http->listen, cfg->listen, message, message_bytes);
	if (rc == 0) {
		rc = loop_open(http);
		if (rc < 0)
			snprintf(message, message_bytes, "the server cannot be started");
	}
	if (rc < 0)
		http_close(&http);
	*out = http;
	return rc;
}

const char *http_where(const struct http *http)
{
	return http->listen.where;
}

static void on_tick(lws_sorted_usec_list_t *tick)
{
	(void)tick; /* being due, it has ended the wait */
}

void http_serve(struct http *http, unsigned wait_ms)
{
	lws_sul_schedule(http->context, 0, &http->tick, on_tick, (lws_usec_t)wait_ms * LWS_US_PER_MS);
	if (lws_service(http->context, 0) < 0) {
		log_limited(&http->broken, LOG_ERROR, "http: the server does not run");
		usleep(wait_ms * 1000);
	}
}

void http_close(struct http **out)
{
	struct http *http = *out;

	if (!http)
		return;
	if (http->context) {
		lws_sul_cancel(&http->tick);
		lws_context_destroy(http->context);
	}
	http_listen_close(&http->listen);
	free(http);
	*out = NULL;
}
