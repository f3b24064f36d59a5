/* fetch.c - small answers by libcurl (fetch.h). */
#include "host/fetch.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_MS 3000L
#define ANSWER_MAX (4 << 20)

struct fetch {
	CURL *curl;
	char base[512];
	char *text;
	size_t bytes;
};

static size_t collect(char *bytes, size_t size, size_t n, void *user)
{
	struct fetch *f = user;
	char *more;

	if (f->bytes + size * n > ANSWER_MAX)
		return 0; /* libcurl takes this as a failure */
	more = realloc(f->text, f->bytes + size * n + 1);
	if (!more)
		return 0;
	f->text = more;
	memcpy(f->text + f->bytes, bytes, size * n);
	f->bytes += size * n;
	f->text[f->bytes] = '\0';
	return size * n;
}

int fetch_open(struct fetch **out, const char *base, const char *login, int check)
{
	struct fetch *f = calloc(1, sizeof(*f));
	size_t len = strlen(base);

	*out = f;
	if (!f)
		return -ENOMEM;
	while (len && base[len - 1] == '/')
		len--;
	snprintf(f->base, sizeof(f->base), "%s%.*s", strstr(base, "://") ? "" : "http://", (int)len, base);
	f->curl = curl_easy_init();
	if (!f->curl) {
		fetch_close(out);
		return -ENOMEM;
	}
	curl_easy_setopt(f->curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(f->curl, CURLOPT_TIMEOUT_MS, TIMEOUT_MS);
	curl_easy_setopt(f->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(f->curl, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(f->curl, CURLOPT_FAILONERROR, 1L);
	curl_easy_setopt(f->curl, CURLOPT_WRITEFUNCTION, collect);
	curl_easy_setopt(f->curl, CURLOPT_WRITEDATA, f);
	if (login)
		curl_easy_setopt(f->curl, CURLOPT_USERPWD, login);
	if (!check) {
		curl_easy_setopt(f->curl, CURLOPT_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(f->curl, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	return 0;
}

const char *fetch_get(struct fetch *f, const char *path, char *message, size_t message_bytes)
{
	char url[640];
	CURLcode code;
	long status;

	snprintf(url, sizeof(url), "%s%s", f->base, path);
	curl_easy_setopt(f->curl, CURLOPT_URL, url);
	f->bytes = 0;
	code = curl_easy_perform(f->curl);
	if (code == CURLE_OK && f->text)
		return f->text;
	if (code == CURLE_HTTP_RETURNED_ERROR && curl_easy_getinfo(f->curl, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK)
		snprintf(message, message_bytes, "%s: answered with status %ld%s", url, status, status == 401 ? ": it wants a name and a password" : "");
	else
		snprintf(message, message_bytes, "%s: %s", url, curl_easy_strerror(code));
	return NULL;
}

void fetch_close(struct fetch **fetch)
{
	if (!*fetch)
		return;
	if ((*fetch)->curl)
		curl_easy_cleanup((*fetch)->curl);
	free((*fetch)->text);
	free(*fetch);
	*fetch = NULL;
}
