/* fetch.h - asks a web server for something small, again and again over one connection. For commands; waits. */
#ifndef HOST_FETCH_H
#define HOST_FETCH_H

#include <stddef.h>

struct fetch;

/* base: "http://HOST:PORT", or without the scheme. login: NAME:PASSWORD or NULL. check: does the server's certificate have to be one that this machine trusts? */
int fetch_open(struct fetch **out, const char *base, const char *login, int check);
/* The text under a path, which lives until the next call; NULL with a message. */
const char *fetch_get(struct fetch *fetch, const char *path, char *message, size_t message_bytes);
void fetch_close(struct fetch **fetch);

#endif
