/* simplon.c - GET .../status/dropped with libcurl and jansson (simplon.h). */
#include "host/simplon.h"

#include <curl/curl.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_MAX 4096
#define TIMEOUT_MS 1000

struct simplon {
	CURL *curl;
	char url[640];
	char answer[ANSWER_MAX];
	size_t n;
};

static size_t collect(char *bytes, size_t size, size_t n, void *user)
{
	struct simplon *s = user;

	if (size * n > ANSWER_MAX - s->n)
		return 0; /* libcurl takes this as a failure */
	memcpy(s->answer + s->n, bytes, size * n);
	s->n += size * n;
	return size * n;
}

int simplon_open(struct simplon **out, const char *base)
{
	struct simplon *s = calloc(1, sizeof(*s));
	size_t len = strlen(base);

	*out = NULL;
	if (!s)
		return -ENOMEM;
	while (len && base[len - 1] == '/')
		len--;
	snprintf(s->url, sizeof(s->url), "%.*s%s/status/dropped", (int)len, base, strstr(base, "/stream/api/") ? "" : "/stream/api/1.8.0");
	s->curl = curl_easy_init();
	if (!s->curl) {
		simplon_close(&s);
		return -ENOMEM;
	}
	curl_easy_setopt(s->curl, CURLOPT_URL, s->url);
	curl_easy_setopt(s->curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(s->curl, CURLOPT_TIMEOUT_MS, (long)TIMEOUT_MS);
	curl_easy_setopt(s->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(s->curl, CURLOPT_NOPROXY, "*"); /* detectors stand on the beamline's own network */
	curl_easy_setopt(s->curl, CURLOPT_FAILONERROR, 1L);
	curl_easy_setopt(s->curl, CURLOPT_WRITEFUNCTION, collect);
	curl_easy_setopt(s->curl, CURLOPT_WRITEDATA, s);
	*out = s;
	return 0;
}

static int parse(const struct simplon *s, uint64_t *dropped)
{
	json_t *root = json_loadb(s->answer, s->n, JSON_REJECT_DUPLICATES, NULL);
	json_t *value = json_object_get(root, "value");
	int rc = -EBADMSG;

	if (json_is_integer(value) && json_integer_value(value) >= 0) {
		*dropped = (uint64_t)json_integer_value(value);
		rc = 0;
	}
	json_decref(root);
	return rc;
}

int simplon_dropped(struct simplon *s, uint64_t *dropped, char *message, size_t message_bytes)
{
	CURLcode code;

	s->n = 0;
	code = curl_easy_perform(s->curl);
	if (code != CURLE_OK) {
		snprintf(message, message_bytes, "%s: %s", s->url, curl_easy_strerror(code));
		return -EIO;
	}
	if (parse(s, dropped) < 0) {
		snprintf(message, message_bytes, "%s: the answer holds no whole number \"value\"", s->url);
		return -EBADMSG;
	}
	return 0;
}

void simplon_close(struct simplon **simplon)
{
	if (!*simplon)
		return;
	if ((*simplon)->curl)
		curl_easy_cleanup((*simplon)->curl);
	free(*simplon);
	*simplon = NULL;
}
