/* http_guard.h - who may ask the HTTP server what: names, origins, tokens, passwords. For host/http*.c alone; knows no connection. */
#ifndef HOST_HTTP_GUARD_H
#define HOST_HTTP_GUARD_H

#include <stdbool.h>
#include <stddef.h>

#define HTTP_GUARD_TOKEN_MAX 128

struct http_guard_cfg {
	bool loopback, tls;
	const char *port;          /* where it listens; names the token's file */
	const char *names, *token_file, *password_file; /* as in struct http_cfg */
};

struct http_guard {
	bool loopback, tls, with_token, made_token;
	const char *names;
	char own[2][256];          /* this machine's names, short and full */
	char token[HTTP_GUARD_TOKEN_MAX];
	char token_file[512];
	char *passwords;           /* the file's text; NULL: none */
};

/* -EINVAL and others with a message: a file cannot be used. */
int http_guard_open(struct http_guard *out, const struct http_guard_cfg *cfg, char *message, size_t message_bytes);
void http_guard_close(struct http_guard *guard); /* removes the token's file if it was made */

/* A Host header: is it a name of this machine's? */
bool http_guard_host(const struct http_guard *guard, const char *host);
/* An Origin header, or "" where there is none: is it a page that this server gave out under that Host? */
bool http_guard_origin(const struct http_guard *guard, const char *origin, const char *host);
/* An Authorization header, or "": may this client read, and may it change something? */
bool http_guard_reads(const struct http_guard *guard, const char *authorization);
bool http_guard_changes(const struct http_guard *guard, const char *authorization);

#endif
