/* driven_node.c - see driven_node.h. */
#include "tests/support/driven_node.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/clock.h"
#include "host/log.h"

#define SETS_MAX 16
#define OPTIONS_MAX 40
#define PATIENCE_NS 120000000000u

/* Not ipc: there libzmq forgets what a socket still holds when its other side is closed. */
static unsigned free_port(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	int s = socket(AF_INET, SOCK_STREAM, 0);

	if (s < 0 || bind(s, (struct sockaddr *)&at, sizeof(at)) < 0 || getsockname(s, (struct sockaddr *)&at, &len) < 0)
		fail_msg("no free port");
	close(s);
	return ntohs(at.sin_port);
}

void driven_node_open(struct driven_node *out, struct node_cfg with, const char *const *sets)
{
	const char *all[SETS_MAX];
	char input[96], message[1024];
	size_t n = 0;
	int rc;

	*out = (struct driven_node){0};
	snprintf(out->endpoint, sizeof(out->endpoint), "tcp://127.0.0.1:%u", free_port());
	snprintf(input, sizeof(input), "input=[{endpoint: '%s'}]", out->endpoint);
	all[n++] = input;
	all[n++] = "output.results=none";
	all[n++] = "http.listen=none";
	while (*sets && n < SETS_MAX)
		all[n++] = *sets++;
	log_set_level(LOG_ERROR);
	rc = config_load(&out->config, NULL, all, n, message, sizeof(message));
	with.config = &out->config;
	with.version = "test";
	if (rc == 0)
		rc = node_open(&out->node, &with, message, sizeof(message));
	if (rc < 0)
		fail_msg("%s", message);
}

void driven_node_send(struct driven_node *driven, const char *const *options)
{
	const char *arguments[OPTIONS_MAX] = {"sluice-detector", "--quiet", "--bind", driven->endpoint};
	const char *build = getenv("SLUICE_BUILD");
	size_t n = 4;
	char program[512];

	snprintf(program, sizeof(program), "%s/sluice-detector", build ? build : "build");
	if (access(program, X_OK) < 0)
		fail_msg("not built: %s", program);
	while (*options && n < OPTIONS_MAX - 1)
		arguments[n++] = *options++;
	driven->detector = fork();
	if (driven->detector < 0)
		fail_msg("no process for the detector");
	if (driven->detector == 0) {
		execv(program, (char *const *)(uintptr_t)arguments);
		_exit(127);
	}
}

void driven_node_wait(struct driven_node *driven, uint64_t runs)
{
	uint64_t end_ns = clock_monotonic_ns() + PATIENCE_NS;

	while (atomic_load_explicit(&driven->node->runs_done, memory_order_acquire) < runs) {
		if (clock_monotonic_ns() > end_ns)
			fail_msg("waited in vain for %u runs to end", (unsigned)runs);
		nanosleep(&(struct timespec){0, 2000000}, NULL);
	}
}

void driven_node_close(struct driven_node *driven)
{
	if (driven->detector > 0) {
		kill(driven->detector, SIGTERM);
		waitpid(driven->detector, NULL, 0);
	}
	node_close(&driven->node);
}
