/* bench.cpp - axi_read against a memory whose words are a function of their address, with latency, stalls and errors.
 *
 * Errors are answers that are not OKAY, last words marked too early or not at all, and words that nobody has asked for. The memory checks what AXI4 and the design promise: no burst across 4 kB, at most 64 beats, a request that stays until taken, no more bursts
 * under way and no more words asked for than there is room for, and m_rready always up while data is offered. */
#include "Vaxi_read.h"
#include "fpga/sim/bench.h"

static const unsigned WORD_BYTES = DATA_BITS / 8, ROOM = 1u << BUFFER_LOG2, OUTSTANDING = 1u << OUTSTANDING_LOG2;

struct Word {
	uint64_t part[DATA_BITS / 64];
	bool last;
	bool operator==(const Word &other) const { return std::memcmp(part, other.part, sizeof part) == 0 && last == other.last; }
};
struct Command {
	uint64_t address;
	uint32_t bytes;
};
struct Request {
	uint64_t address, length;
	bool operator==(const Request &other) const { return address == other.address && length == other.length; }
};
struct Burst {
	uint64_t address, due_clock;
	unsigned words, given;
	uint32_t fault_percent; /* of its words that are answered wrongly */
	bool wrong;             /* one was */
};
struct Load {
	uint32_t stall_commands, stall_requests, stall_data, stall_out, latency;
};

static Word word_at(uint64_t address, bool last)
{
	Word word{};

	for (unsigned i = 0; i < DATA_BITS / 64; i++)
		word.part[i] = Random{ address + 8 * i }.next();
	word.last = last;
	return word;
}

class Port {
public:
	bool faults = false; /* to answer wrongly in one of four bursts, and to give words unasked */
	uint64_t n_faulted = 0;

	Port(Bench<Vaxi_read> &bench_, const Load &load_)
		: bench(bench_), load(load_), requests(bench_.random, load_.stall_requests), data(bench_.random, load_.stall_data), steady("m_ar")
	{
	}
	bool quiet() const { return bursts.empty(); }
	/* Before settle(). */
	void drive()
	{
		bench->m_arready = requests.go();
		const bool may = !bursts.empty() && bench.clocks >= bursts.front().due_clock;
		offering = may && (offering || data.go());
		bench->m_rvalid = offering;
		if (offering)
			offer(bursts.front());
		else if (faults && bursts.empty() && !bench->m_arvalid && bench.random.chance(5))
			offer_unasked();
	}
	/* A word while no burst is under way. */
	void offer_unasked()
	{
		bench->m_rvalid = 1;
		bench->m_rlast = bench.random.below(2);
		bench->m_rresp = bench.random.below(4);
		n_faulted++;
	}
	/* After settle(). held: words asked for before and not yet taken at the output. */
	void look(uint64_t held)
	{
		if (offering) {
			CHECK(bench->m_rready, "the port is held up");
			if (++bursts.front().given == bursts.front().words)
				bursts.pop_front();
			offering = false;
		}
		steady.look(bench->m_arvalid, bench->m_arready, Request{ bench->m_araddr, bench->m_arlen });
		if (bench->m_arvalid && bench->m_arready)
			take(held);
	}
	uint64_t n_asked = 0;

private:
	void offer(Burst &burst)
	{
		const bool wrong = bench.random.chance(burst.fault_percent);
		const uint32_t kind = wrong ? 1 + bench.random.below(4) : 0; /* a wrong mark, or an answer */

		bench_put(bench->m_rdata, word_at(burst.address + burst.given * WORD_BYTES, false).part, WORD_BYTES);
		bench->m_rlast = (burst.given + 1 == burst.words) != (kind == 4);
		bench->m_rresp = kind & 3;
		n_faulted += wrong && !burst.wrong;
		burst.wrong |= wrong;
	}
	void take(uint64_t held)
	{
		const uint64_t address = bench->m_araddr;
		const unsigned words = bench->m_arlen + 1u;

		CHECK_EQUAL(1u << bench->m_arsize, WORD_BYTES, "the size of a beat");
		CHECK_EQUAL(bench->m_arburst, 1, "bursts are of the kind INCR");
		CHECK(words <= 64 && address % WORD_BYTES == 0, "burst of %u words at 0x%llx", words, (unsigned long long)address);
		CHECK_EQUAL(address / 4096, (address + words * WORD_BYTES - 1) / 4096, "burst of %u words at 0x%llx", words, (unsigned long long)address);
		CHECK(held + words <= ROOM, "%u words asked for beside %llu", words, (unsigned long long)held);
		bursts.push_back({ address, bench.clocks + 1 + bench.random.below(load.latency + 1), words, 0, fault_percent(words), false });
		CHECK(bursts.size() <= OUTSTANDING, "%zu bursts under way", bursts.size());
		n_asked += words;
	}
	/* Of most bursts no word is wrong, of some about one, of some all. */
	uint32_t fault_percent(unsigned words)
	{
		if (!faults || !bench.random.chance(25))
			return 0;
		return bench.random.chance(20) ? 100 : 1 + 99 / words;
	}
	Bench<Vaxi_read> &bench;
	Load load;
	Stalls requests, data;
	Steady<Request> steady;
	std::deque<Burst> bursts;
	bool offering = false;
};

static void drive_command(Bench<Vaxi_read> &bench, Offer<Command> &commands)
{
	bench->cmd_valid = commands.next();
	if (bench->cmd_valid) {
		bench->cmd_address = commands.word().address;
		bench->cmd_bytes = commands.word().bytes;
	}
}

static void expect(std::deque<Word> &wanted, const Command &command)
{
	const uint32_t n_words = command.bytes / WORD_BYTES + (command.bytes % WORD_BYTES != 0);

	for (uint32_t i = 0; i < n_words; i++)
		wanted.push_back(word_at(command.address + (uint64_t)i * WORD_BYTES, i + 1 == n_words));
}

/* A word unasked is the last job's in the clock before `start`, and this job's in that of `start`. */
static void start(Bench<Vaxi_read> &bench, Port &port)
{
	if (port.faults && bench.random.chance(50)) {
		port.offer_unasked();
		bench.edge();
	}
	port.n_faulted = 0;
	bench->m_rvalid = 0;
	if (port.faults && bench.random.chance(50))
		port.offer_unasked();
	bench.pulse(bench->start);
	bench->m_rvalid = 0;
	bench.settle();
	CHECK_EQUAL(bench->error, port.n_faulted != 0, "errors told of at the start");
	CHECK_EQUAL(bench->n_errors, 0, "errors counted at the start");
}

/* Runs the commands and compares every word; returns the clocks it took. */
static uint64_t read(Bench<Vaxi_read> &bench, const std::vector<Command> &list, const Load &load, bool faults)
{
	Offer<Command> commands(bench.random, load.stall_commands);
	Stalls out(bench.random, load.stall_out);
	Steady<Word> steady("out");
	Port port(bench, load);
	std::deque<Word> wanted;
	const uint64_t begin = bench.clocks;
	uint64_t n_taken = 0;

	port.faults = faults;
	start(bench, port);
	for (const Command &command : list) {
		commands.words.push_back(command);
		expect(wanted, command);
	}
	do {
		drive_command(bench, commands);
		port.drive();
		bench->out_ready = out.go();
		bench.settle();
		port.look(port.n_asked - n_taken);
		Word word{};
		bench_get(word.part, bench->out_data, WORD_BYTES);
		word.last = bench->out_last;
		steady.look(bench->out_valid, bench->out_ready, word);
		if (bench->out_valid) {
			CHECK(!wanted.empty(), "more words than asked for");
			CHECK(word == wanted.front(), "word %llu, last %d", (unsigned long long)n_taken, word.last);
		}
		if (bench->out_valid && bench->out_ready) {
			wanted.pop_front();
			n_taken++;
		}
		commands.taken(bench->cmd_ready);
		bench.edge();
		bench.settle();
	} while (!commands.empty() || !wanted.empty() || !bench->idle);
	CHECK(port.quiet(), "idle while a burst is under way");
	bench->m_rvalid = 0;
	bench.edge();
	CHECK_EQUAL(bench->error, port.n_faulted != 0, "errors answered and told");
	CHECK_EQUAL(bench->n_errors, port.n_faulted, "bursts answered wrongly and counted");
	return bench.clocks - begin;
}

/* Stops in the middle of a command: what was asked for is read, nothing comes out, and afterwards all is as ever. */
static void flush(Bench<Vaxi_read> &bench)
{
	const Load load{ 0, 20, 20, 100, 60 };
	Offer<Command> commands(bench.random, 0);
	Port port(bench, load);
	const unsigned before = 20 + bench.random.below(400);

	commands.words.push_back({ bench.random.below(1 << 20) * 4096ull, 100'000 });
	bench->out_ready = 0;
	for (unsigned i = 0; i < before || !bench->idle; i++) {
		drive_command(bench, commands);
		port.drive();
		bench->flush = i >= before;
		bench.settle();
		CHECK(!bench->flush || !bench->out_valid, "a word comes out of what is flushed");
		port.look(bench->flush ? 0 : port.n_asked);
		commands.taken(bench->cmd_ready);
		bench.edge();
		bench.settle();
	}
	CHECK(port.quiet() && port.n_asked < 100'000 / WORD_BYTES, "idle while a burst is under way, or nothing was stopped");
	bench->flush = 0;
}

static std::vector<Command> random_commands(Random &random, int n)
{
	std::vector<Command> list;

	for (int i = 0; i < n; i++) {
		const uint32_t most = random.chance(10) ? 20'000 : random.chance(50) ? 600 : 5'000;
		list.push_back({ (random.next() >> (random.chance(50) ? 1 : 44)) / WORD_BYTES * WORD_BYTES, random.below(most) });
	}
	return list;
}

int main()
{
	Bench<Vaxi_read> bench;

	bench.limit = 2'000'000;
	bench->cmd_valid = bench->m_rvalid = bench->m_arready = bench->out_ready = bench->start = bench->flush = 0;
	bench.reset();
	const uint64_t clocks = read(bench, { { 0x40, 4000 * WORD_BYTES } }, { 0, 0, 0, 0, 20 }, false);
	CHECK(clocks < 4000 * 17 / 16, "%llu clocks for 4000 words where nothing stalls", (unsigned long long)clocks);
	for (int round = 0; round < 24; round++) {
		const Load load{ bench.random.below(60), bench.random.below(90), bench.random.below(80), bench.random.below(80), bench.random.below(200) };
		read(bench, random_commands(bench.random, 30), load, round % 2);
		if (round % 4 == 0)
			flush(bench);
	}
	std::printf("%u-bit words: %llu clocks for 4000 where nothing stalls; %llu clocks in all\n", (unsigned)DATA_BITS, (unsigned long long)clocks,
		    (unsigned long long)bench.clocks);
	return 0;
}
