/* xrt_library.c - loads XRT's library, and asks it for cards in a child process (see xrt_library.h). */
#include "fpga/devices/xrt_library.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIMIT_MS 5000 /* cards that are being reset take seconds */

/* What a child has to say. */
enum said { SAID_CARDS, SAID_NO_LIBRARY, SAID_TOO_OLD };
struct answer {
	enum said said;
	unsigned cards;
};

static void say(struct fpga_words words, const char *what)
{
	if (words.at && words.bytes)
		snprintf(words.at, words.bytes, "%s", what);
}

static void *load(void)
{
	return dlopen(XRT_LIBRARY, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
}

/* Is all there? */
static bool find_functions(struct xrt *xrt, void *library)
{
#define XRT_FIND(result, name, arguments)             \
	*(void **)&xrt->name = dlsym(library, #name); \
	if (!xrt->name)                               \
		return false;
	XRT_FUNCTIONS(XRT_FIND)
#undef XRT_FIND
	return true;
}

int xrt_load(struct xrt *xrt, struct fpga_words words)
{
	void *library = load();

	if (library && find_functions(xrt, library))
		return 0;
	say(words, library ? "XRT is older than 2020.2" : "XRT is not installed (no " XRT_LIBRARY ")");
	return -ENODEV;
}

/* In the child, whose words nobody wants. */
static struct answer ask(void)
{
	struct answer answer = {.said = SAID_CARDS};
	int nowhere = open("/dev/null", O_RDWR);
	struct xrt xrt;
	void *library;

	dup2(nowhere, STDOUT_FILENO);
	dup2(nowhere, STDERR_FILENO);
	library = load();
	if (!library || !find_functions(&xrt, library)) {
		answer.said = library ? SAID_TOO_OLD : SAID_NO_LIBRARY;
		return answer;
	}
	while (answer.cards < XRT_CARDS_MAX) {
		void *device = xrt.xrtDeviceOpen(answer.cards);

		if (!device)
			break;
		xrt.xrtDeviceClose(device);
		answer.cards++;
	}
	return answer;
}

static void be_child(int to)
{
	struct answer answer = ask();

	_exit(write(to, &answer, sizeof answer) == sizeof answer ? 0 : 1);
}

/* Has it said something before the time is up? */
static bool hear(int from, struct answer *answer, bool *late)
{
	struct pollfd wait = {.fd = from, .events = POLLIN};
	int ready;

	do
		ready = poll(&wait, 1, LIMIT_MS);
	while (ready < 0 && errno == EINTR);
	*late = ready == 0;
	return ready > 0 && read(from, answer, sizeof *answer) == sizeof *answer;
}

static int bury(pid_t child, bool late)
{
	int status = 0;

	if (late)
		kill(child, SIGKILL);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

static void say_why_none(struct fpga_words words, bool heard, bool late, int status, const struct answer *answer)
{
	if (late)
		say(words, "XRT does not answer");
	else if (!heard && WIFSIGNALED(status))
		say(words, "XRT ends the program that asks it for cards: is its environment set up (XILINX_XRT)?");
	else if (!heard)
		say(words, "XRT cannot be asked for cards");
	else if (answer->said == SAID_NO_LIBRARY)
		say(words, "XRT is not installed (no " XRT_LIBRARY ")");
	else if (answer->said == SAID_TOO_OLD)
		say(words, "XRT is older than 2020.2");
	else
		say(words, "XRT is installed and finds no card");
}

int xrt_count(struct fpga_words words)
{
	struct answer answer = {.cards = 0};
	bool heard, late = false;
	int ends[2], status;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -ENODEV;
	child = fork();
	if (child == 0)
		be_child(ends[1]);
	close(ends[1]);
	heard = child > 0 && hear(ends[0], &answer, &late);
	close(ends[0]);
	status = child > 0 ? bury(child, late) : 0;
	if (heard && answer.said == SAID_CARDS && answer.cards > 0 && answer.cards <= XRT_CARDS_MAX)
		return (int)answer.cards;
	say_why_none(words, heard, late, status, &answer);
	return -ENODEV;
}
