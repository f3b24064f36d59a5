/* test_pull.c - the receiving socket gives out every message that was sent, in order, whatever the sizes and however many wait when it
 * begins to look; a detector that went away is found again. Against real ZeroMQ sockets on the loopback. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "host/clock.h"
#include "host/log.h"
#include "host/pull.h"
#include "tests/support/random.h"

#define PATIENCE_NS 20000000000u

static void *context;

static int make_context(void **state)
{
	log_set_level(LOG_ERROR);
	context = zmq_ctx_new();
	return context ? 0 : -1;
}

static int end_context(void **state)
{
	zmq_ctx_term(context);
	return 0;
}

static void nap_ms(long ms)
{
	nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

static void *bind_at(const char *endpoint)
{
	void *push = zmq_socket(context, ZMQ_PUSH);
	int hwm = 100000, linger = 0;

	zmq_setsockopt(push, ZMQ_SNDHWM, &hwm, sizeof(hwm));
	zmq_setsockopt(push, ZMQ_LINGER, &linger, sizeof(linger));
	while (zmq_bind(push, endpoint) < 0 && zmq_errno() == EADDRINUSE) /* libzmq closes sockets in its own time */
		nap_ms(10);
	return push;
}

static struct pull *open_at(const char *endpoint, size_t max_message_bytes)
{
	struct pull_cfg cfg = {.endpoint = endpoint, .max_message_bytes = max_message_bytes, .queue_bytes = 512u << 20};
	struct pull *pull = NULL;
	char message[256];

	assert_int_equal(pull_open(&pull, &cfg, message, sizeof(message)), 0);
	return pull;
}

static void send(void *push, uint32_t number, size_t bytes)
{
	zmq_msg_t m;

	assert_true(bytes >= sizeof(number));
	assert_int_equal(zmq_msg_init_size(&m, bytes), 0);
	memset(zmq_msg_data(&m), 0, bytes);
	memcpy(zmq_msg_data(&m), &number, sizeof(number));
	assert_true(zmq_msg_send(&m, push, 0) >= 0);
}

/* The next message's number; UINT32_MAX: none came in all patience. */
static uint32_t receive(struct pull *pull)
{
	uint64_t end_ns = clock_monotonic_ns() + PATIENCE_NS;
	struct message message = {0};
	uint32_t number = UINT32_MAX;

	while (clock_monotonic_ns() < end_ns) {
		int rc = pull_receive(pull, &message, 20);

		if (rc == -EAGAIN)
			continue;
		assert_int_equal(rc, 0);
		memcpy(&number, zmq_msg_data(&message.part[0]), sizeof(number));
		message_close(&message);
		return number;
	}
	return number;
}

/* More wait than the socket holds before the first is taken. */
static void a_burst_before_the_first_look_is_given_out(void **state)
{
	static const size_t sizes[] = {100, 2000, 26000, 300000, 2000000};

	for (size_t s = 0; s < sizeof(sizes) / sizeof(*sizes); s++) {
		void *push = bind_at("tcp://127.0.0.1:31876");
		struct pull *pull = open_at("tcp://127.0.0.1:31876", 16u << 20);

		for (uint32_t i = 0; i < 150; i++)
			send(push, i, sizes[s]);
		nap_ms(200); /* libzmq's thread takes in as many as it may */
		for (uint32_t i = 0; i < 150; i++)
			assert_int_equal(receive(pull), i);
		pull_close(&pull);
		zmq_close(push);
	}
}

/* The same over and over, of sizes that change. */
static void messages_that_wait_are_all_given_out(void **state)
{
	static const size_t sizes[] = {100, 26000, 2000000, 1500, 300000};
	struct random r;
	uint32_t sent = 0, got = 0;
	void *push = bind_at("tcp://127.0.0.1:31877");
	struct pull *pull = open_at("tcp://127.0.0.1:31877", 16u << 20);

	random_seed(&r);
	for (unsigned round = 0; round < 10; round++) {
		for (unsigned n = 100 + random_below(&r, 200), size = random_below(&r, 5); n; n--)
			send(push, sent++, sizes[size] / 4 + random_below(&r, (uint32_t)sizes[size]));
		nap_ms(50); /* libzmq's thread takes in as many as it may */
		for (uint32_t n = round < 9 ? random_below(&r, sent - got) : sent - got; n; n--)
			assert_int_equal(receive(pull), got++);
	}
	assert_int_equal(got, sent);
	pull_close(&pull);
	zmq_close(push);
}

static void a_detector_that_was_away_is_found_again(void **state)
{
	void *push = bind_at("tcp://127.0.0.1:31878");
	struct pull *pull = open_at("tcp://127.0.0.1:31878", 1 << 20);
	struct pull_state said;

	for (uint32_t round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < 40; i++)
			send(push, 100 * round + i, 1000);
		for (uint32_t i = 0; i < 40; i++)
			assert_int_equal(receive(pull), 100 * round + i);
		zmq_close(push);
		while (pull_state(pull, &said), said.connected) {
			struct message none = {0};

			assert_int_equal(pull_receive(pull, &none, 20), -EAGAIN);
		}
		push = zmq_socket(context, ZMQ_PUSH);
		while (zmq_bind(push, "tcp://127.0.0.1:31878") < 0)
			nap_ms(10);
	}
	pull_state(pull, &said);
	assert_true(said.disconnects == 3);
	pull_close(&pull);
	zmq_setsockopt(push, ZMQ_LINGER, &(int){0}, sizeof(int));
	zmq_close(push);
}

/* After a message over the limit libzmq gives the connection up for good; the socket is made anew and what comes then is taken. */
static void a_message_over_the_limit_costs_only_itself(void **state)
{
	void *push = bind_at("tcp://127.0.0.1:31879");
	struct pull *pull = open_at("tcp://127.0.0.1:31879", 100000);
	struct message none = {0};
	struct pull_state said;

	send(push, 1, 1000);
	assert_int_equal(receive(pull), 1);
	send(push, 2, 200000);
	do
		assert_int_equal(pull_receive(pull, &none, 20), -EAGAIN);
	while (pull_state(pull, &said), !said.remade);
	send(push, 3, 1000);
	assert_int_equal(receive(pull), 3);
	pull_close(&pull);
	zmq_close(push);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_burst_before_the_first_look_is_given_out),
		cmocka_unit_test(messages_that_wait_are_all_given_out),
		cmocka_unit_test(a_detector_that_was_away_is_found_again),
		cmocka_unit_test(a_message_over_the_limit_costs_only_itself),
	};

	return cmocka_run_group_tests(tests, make_context, end_context);
}
