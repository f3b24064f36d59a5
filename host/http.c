/* http.c - the HTTP server's clients and loop, on libwebsockets (http.h). Requests are http_request.c's, WebSockets http_socket.c's.
 *
 * The sockets that listen are our own, watched by the loop as plain descriptors: so a taken port is an error with a name, and who is let in
 * is decided here. What libwebsockets 4.1 would do beyond HTTP/1 and WebSocket (upgrades to HTTP/2, CONNECT) is refused before it begins. */
#include "host/http_parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/clock.h"

#define REQUEST_BYTES 4096      /* request line and headers */
#define REQUEST_S 5             /* for a request to arrive whole */
#define IDLE_S 20               /* between two requests of one connection */
#define ACCEPT_MAX 64           /* at once, before those who are in are served again */
#define STARVED_US 20000

/* --- clients ----------------------------------------------------------------------------------------------------------- */

struct http_client *http_find(struct http *http, const struct lws *wsi)
{
	for (unsigned i = 0; i < HTTP_PLACES; i++)
		if (http->client[i].wsi == wsi)
			return &http->client[i];
	return NULL;
}

void http_drop(struct http_client *client)
{
	client->leaving = true;
	lws_set_timeout(client->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
}

static void make_room(struct http *http)
{
	struct http_client *idlest = NULL;
	unsigned n = 0;

	for (unsigned i = 0; i < HTTP_PLACES; i++) {
		struct http_client *c = &http->client[i];

		if (!c->wsi || c->leaving)
			continue;
		n++;
		if (!idlest || c->last_ns < idlest->last_ns)
			idlest = c;
	}
	if (n >= HTTP_CLIENTS_MAX)
		http_drop(idlest);
}

static void let_in(struct http *http, int fd)
{
	int send_bytes = HTTP_SEND_BYTES;
	struct http_client *place;
	struct lws *wsi;

	make_room(http);
	place = http_find(http, NULL);
	if (!place) {
		close(fd);
		return;
	}
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send_bytes, sizeof(send_bytes));
	wsi = lws_adopt_socket_vhost(http->vhost, fd); /* closes fd where it fails */
	if (wsi)
		*place = (struct http_client){.wsi = wsi, .last_ns = clock_monotonic_ns()};
}

static void leave(struct http *http, struct http_client *client)
{
	http_socket_end(http, client);
	http_request_end(client);
	client->wsi = NULL;
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

/* --- events ------------------------------------------------------------------------------------------------------------ */

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *session, void *in, size_t len)
{
	struct http *http = lws_context_user(lws_get_context(wsi));
	struct http_client *client;

	(void)session;
	switch (reason) {
	case LWS_CALLBACK_RAW_RX_FILE:
		accept_some(http, lws_get_socket_fd(wsi));
		return 0;
	case LWS_CALLBACK_HTTP:
		return http_on_request(http, wsi, in, len);
	case LWS_CALLBACK_HTTP_BODY:
		return http_on_body(http, wsi, in, len);
	case LWS_CALLBACK_HTTP_BODY_COMPLETION:
		return http_on_body_end(http, wsi);
	case LWS_CALLBACK_HTTP_WRITEABLE:
		return http_on_writeable(http, wsi);
	case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE: /* `in` may be gone already: 4.1 frees it for a protocol that it does not know */
	case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
		return http_socket_may(http, wsi) ? 0 : -1;
	case LWS_CALLBACK_ESTABLISHED:
	case LWS_CALLBACK_RECEIVE:
	case LWS_CALLBACK_SERVER_WRITEABLE:
	case LWS_CALLBACK_CLOSED:
		return http_socket_event(http, wsi, reason, in, len);
	case LWS_CALLBACK_RAW_ADOPT: /* CONNECT */
	case LWS_CALLBACK_RAW_RX:
		return -1;
	case LWS_CALLBACK_WSI_DESTROY:
		client = http_find(http, wsi);
		if (client)
			leave(http, client);
		return 0;
	default:
		return 0;
	}
}

/* Every answer carries these: the page may run its own script and ask this server, nothing else; nobody may frame or guess. */
static const struct lws_protocol_vhost_options always[] = {
	{&always[1], NULL, "content-security-policy:",
	 "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob: 'self'; connect-src 'self'; base-uri 'none'; "
	 "form-action 'none'; frame-ancestors 'none'"},
	{&always[2], NULL, "x-content-type-options:", "nosniff"},
	{&always[3], NULL, "cross-origin-resource-policy:", "same-origin"},
	{&always[4], NULL, "referrer-policy:", "no-referrer"},
	{NULL, NULL, "cache-control:", "no-store"},
};

/* --- the loop ---------------------------------------------------------------------------------------------------------- */

static void say_for_library(int level, const char *line)
{
	(void)level;
	log_line(LOG_DEBUG, "http: %.*s", (int)strcspn(line, "\n"), line);
}

static int loop_open(struct http *http)
{
	struct lws_context_creation_info info = {
		.port = CONTEXT_PORT_NO_LISTEN_SERVER, .protocols = http->protocols, .headers = always, .server_string = "sluice", .user = http,
		.options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS | LWS_SERVER_OPTION_SKIP_SERVER_CANONICAL_NAME, .gid = (gid_t)-1, .uid = (uid_t)-1,
		.max_http_header_data = REQUEST_BYTES, .max_http_header_pool = HTTP_PLACES,
		.fd_limit_per_thread = HTTP_PLACES + HTTP_LISTENERS_MAX + 4,
		.timeout_secs = REQUEST_S, .timeout_secs_ah_idle = REQUEST_S, .keepalive_timeout = IDLE_S,
	};

	if (http->cfg.certificate) {
		info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
		info.ssl_cert_filepath = http->cfg.certificate;
		info.ssl_private_key_filepath = http->cfg.key;
		info.ssl_options_set = SSL_OP_NO_TLSv1 | SSL_OP_NO_TLSv1_1;
		info.alpn = "http/1.1";
	}
	http->protocols[0] = (struct lws_protocols){.name = "http", .callback = on_event, .tx_packet_size = HTTP_SEND_BYTES};
	if (http->cfg.socket_path)
		http->protocols[1] = (struct lws_protocols){.name = http->cfg.socket_protocol, .callback = on_event, .rx_buffer_size = HTTP_SAID_MAX,
							    .tx_packet_size = 0};
	lws_set_log_level(LLL_ERR | LLL_WARN, say_for_library);
	http->context = lws_create_context(&info);
	if (!http->context)
		return -ENOMEM;
	http->vhost = lws_create_vhost(http->context, &info);
	if (!http->vhost)
		return http->cfg.certificate ? -EINVAL : -ENOMEM;
	for (; http->listen.n; http->listen.n--) {
		lws_sock_file_fd_type fd = {.filefd = http->listen.fd[http->listen.n - 1]};

		if (!lws_adopt_descriptor_vhost(http->vhost, LWS_ADOPT_RAW_FILE_DESC, fd, "http", NULL))
			return -ENOMEM;
	}
	return 0;
}

static int guard_open(struct http *http, char *message, size_t message_bytes)
{
	const struct http_cfg *cfg = &http->cfg;
	struct http_guard_cfg guard = {
		.loopback = http->listen.loopback, .tls = cfg->certificate != NULL, .port = strrchr(http->listen.where, ':') + 1,
		.names = cfg->names, .token_file = cfg->token_file, .password_file = cfg->password_file,
	};

	snprintf(http->where, sizeof(http->where), "%s://%s", cfg->certificate ? "https" : "http", http->listen.where);
	return http_guard_open(&http->guard, &guard, message, message_bytes);
}

int http_open(struct http **out, const struct http_cfg *cfg, char *message, size_t message_bytes)
{
	struct http *http = calloc(1, sizeof(*http));
	int rc = -ENOMEM;

	*out = NULL;
	snprintf(message, message_bytes, "not enough memory");
	if (!http)
		return rc;
	http->cfg = *cfg;
	rc = http_listen_open(&http->listen, cfg->listen, message, message_bytes);
	if (rc == 0)
		rc = guard_open(http, message, message_bytes);
	if (rc == 0) {
		rc = loop_open(http);
		if (rc < 0)
			snprintf(message, message_bytes, rc == -EINVAL ? "the certificate or its key cannot be used" : "the server cannot be started");
	}
	if (rc < 0)
		http_close(&http);
	*out = http;
	return rc;
}

const char *http_where(const struct http *http)
{
	return http->where;
}

const char *http_token_file(const struct http *http)
{
	return http->guard.with_token ? http->guard.token_file : NULL;
}

const char *http_auth(const struct http *http)
{
	return http->guard.passwords ? "basic" : http->guard.with_token ? "token" : "open";
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

void http_wake(struct http *http)
{
	lws_cancel_service(http->context);
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
	http_guard_close(&http->guard);
	http_listen_close(&http->listen);
	free(http);
	*out = NULL;
}
