/* node_feed.c - processes around the node, and the bare client (node_feed.h). */
#include "bench/suite/node_feed.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#include "host/clock.h"
#include "host/pull.h"

#define GIVE_UP_NS 60000000000u
#define QUEUE_BYTES ((size_t)512 << 20)

int feed_endpoint(char endpoint[FEED_ENDPOINT_BYTES])
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	int s = socket(AF_INET, SOCK_STREAM, 0), rc = 0;

	if (s < 0)
		return -errno;
	if (bind(s, (struct sockaddr *)&at, sizeof(at)) < 0 || getsockname(s, (struct sockaddr *)&at, &len) < 0)
		rc = -errno;
	close(s);
	snprintf(endpoint, FEED_ENDPOINT_BYTES, "tcp://127.0.0.1:%u", ntohs(at.sin_port));
	return rc;
}

/* --- the detector ------------------------------------------------------------------------------------------------------ */

static int detector_path(char *path, size_t bytes)
{
	ssize_t n = readlink("/proc/self/exe", path, bytes - 1);
	char *slash;

	if (n <= 0)
		return -ENOENT;
	path[n] = '\0';
	slash = strrchr(path, '/');
	if (!slash || (size_t)(slash - path) + sizeof("/sluice-detector") > bytes)
		return -ENAMETOOLONG;
	strcpy(slash, "/sluice-detector");
	return access(path, X_OK) < 0 ? -errno : 0;
}

pid_t feed_detector(const struct node_bench_cfg *cfg, const char *endpoint, double rate_hz)
{
	char path[1024], frames[16], rate[32] = "max";
	pid_t pid;

	if (detector_path(path, sizeof(path)) < 0)
		return -1;
	snprintf(frames, sizeof(frames), "%u", cfg->frames);
	if (rate_hz > 0)
		snprintf(rate, sizeof(rate), "%.3f", rate_hz);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		execl(path, path, "--bind", endpoint, "--detector", cfg->model, "--frames", frames, "--rate", rate, "--pool", "16", "--header", "all",
		      "--quiet", "--give-up", "30", (char *)NULL);
		_exit(127);
	}
	return pid;
}

void feed_end(pid_t pid)
{
	if (pid <= 0)
		return;
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
}

/* --- clients ----------------------------------------------------------------------------------------------------------- */

struct feed_counts *feed_counts_open(void)
{
	void *at = mmap(NULL, 2 * sizeof(struct feed_counts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return at == MAP_FAILED ? NULL : at;
}

void feed_counts_close(struct feed_counts *counts)
{
	if (counts)
		munmap(counts, 2 * sizeof(struct feed_counts));
}

/* The life of a client's process, which a signal ends. */
static _Noreturn void take_all(const char *endpoint, bool results, struct feed_counts *counts)
{
	void *context = zmq_ctx_new(), *socket = zmq_socket(context, results ? ZMQ_SUB : ZMQ_PULL);
	int queue = results ? 100000 : 64, soon_ms = 10;
	zmq_msg_t m;

	signal(SIGTERM, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	zmq_setsockopt(socket, ZMQ_RCVHWM, &queue, sizeof(queue));
	zmq_setsockopt(socket, ZMQ_RECONNECT_IVL, &soon_ms, sizeof(soon_ms));
	if (results)
		zmq_setsockopt(socket, ZMQ_SUBSCRIBE, "", 0);
	if (zmq_connect(socket, endpoint) < 0)
		_exit(1);
	zmq_msg_init(&m);
	for (;;) {
		if (zmq_msg_recv(&m, socket, 0) < 0)
			continue;
		atomic_fetch_add_explicit(&counts->bytes, zmq_msg_size(&m), memory_order_relaxed);
		if (!zmq_msg_more(&m))
			atomic_fetch_add_explicit(&counts->messages, 1, memory_order_relaxed);
	}
}

pid_t feed_client(const char *endpoint, bool results, struct feed_counts *counts)
{
	pid_t pid = fork();

	if (pid == 0)
		take_all(endpoint, results, counts);
	return pid;
}

/* --- the bare client --------------------------------------------------------------------------------------------------- */

int feed_bare(const struct node_bench_cfg *cfg, const char *endpoint, double *frames_per_s, double *mb_per_s, char *message, size_t message_bytes)
{
	struct pull_cfg pull_cfg = {.endpoint = endpoint, .max_message_bytes = QUEUE_BYTES, .queue_bytes = QUEUE_BYTES};
	uint64_t begun_ns = 0, bytes = 0, waiting_ns = clock_monotonic_ns(), now_ns;
	struct message m = {0};
	struct pull *pull;
	unsigned n = 0;
	int rc = pull_open(&pull, &pull_cfg, message, message_bytes);

	while (rc == 0 && n < cfg->frames + 2) { /* start and end, too */
		int got = pull_receive(pull, &m, 100);

		now_ns = clock_monotonic_ns();
		if (got == 0) {
			if (n++ == 1)
				begun_ns = now_ns;
			bytes += n > 1 ? m.bytes : 0;
			message_close(&m);
		} else if (now_ns - waiting_ns > GIVE_UP_NS) {
			snprintf(message, message_bytes, "the detector sent %u of %u messages", n, cfg->frames + 2);
			rc = -ETIMEDOUT;
		}
	}
	if (rc == 0) {
		double seconds = (double)(clock_monotonic_ns() - begun_ns) / 1e9;

		*frames_per_s = (cfg->frames - 1) / seconds;
		*mb_per_s = (double)bytes / 1e6 / seconds;
	}
	pull_close(&pull);
	return rc;
}
