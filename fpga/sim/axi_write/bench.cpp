/* bench.cpp - axi_write before a memory that stalls, answers late and with errors: what lies in memory at the end is what was commanded, nothing else.
 *
 * The memory knows AXI4 only, and checks it: offers stay until they are taken and do not wait for that, bursts end where they say and cross no 4 kB.
 * The commands' side checks what the module promises it: when a command is taken, `idle`, errors, `flush`. */
#include "Vaxi_write.h"
#include "fpga/sim/bench.h"

#include <map>

static const unsigned WORD_BYTES = DATA_BITS / 8, OUTSTANDING = 64, PAGE = 4096;
static const uint64_t ALL_STROBES = (1ull << WORD_BYTES) - 1;

struct Word {
	uint64_t part[DATA_BITS / 64];
	bool operator==(const Word &other) const { return std::memcmp(part, other.part, sizeof part) == 0; }
};
struct Data {
	Word word;
	uint64_t strobes;
	bool last;
	bool operator==(const Data &other) const { return word == other.word && strobes == other.strobes && last == other.last; }
};
struct Request {
	uint64_t address;
	unsigned words;
	bool operator==(const Request &other) const { return address == other.address && words == other.words; }
};
/* Stalls in percent; latency of answers in clocks; answers that are no success in percent. */
struct Load {
	uint32_t commands, words, addresses, data, answers, latency, faults;
};
typedef std::map<uint64_t, Word> Content;

static Word random_word(Random &random)
{
	Word word;

	for (uint64_t &part : word.part)
		part = random.chance(5) ? ~0ull : random.next();
	return word;
}

/* What has been seen at all, so that no seed tests nothing. */
struct Seen {
	unsigned address_first, data_first, most_unanswered, flushed_data, flushed_word, flushed_address, flushed_idle;
};

class Memory {
public:
	Content content;
	uint64_t n_addresses = 0, n_last = 0, n_answers = 0;
	bool holes = false; /* words without strobes may come */
	bool hangs = false;

	Memory(Bench<Vaxi_write> &bench_, const Load &load_)
		: bench(bench_), load(load_), addresses(bench_.random, load_.addresses), data(bench_.random, load_.data), answers(bench_.random, load_.answers),
		  steady_address("m_aw"), steady_data("m_w")
	{
	}
	void drive()
	{
		bench->m_awready = !hangs && addresses.go();
		bench->m_wready = !hangs && data.go();
		bench->m_bvalid = !hangs && !due.empty() && bench.clocks >= due.front() && answers.go();
		bench->m_bresp = bench->m_bvalid && bench.random.chance(load.faults) ? 1 + bench.random.below(3) : bench->m_bvalid ? 0 : bench.random.below(4);
	}
	/* After settle(). */
	void look()
	{
		const Request request{ bench->m_awaddr, bench->m_awlen + 1u };
		const Data word = offered();

		steady_address.look(bench->m_awvalid, bench->m_awready, request);
		steady_data.look(bench->m_wvalid, bench->m_wready, word);
		waits_for_none();
		CHECK(bench->m_bready, "an answer is held up");
		if (bench->m_bvalid) {
			due.pop_front();
			n_answers++;
		}
		if (bench->m_awvalid && bench->m_awready) {
			CHECK(request.words <= 64 && request.address % WORD_BYTES == 0 && request.address % PAGE + request.words * WORD_BYTES <= PAGE,
			      "%u words at 0x%llx", request.words, (unsigned long long)request.address);
			requests.push_back(request);
			n_addresses++;
		}
		if (bench->m_wvalid && bench->m_wready)
			take(word);
		write();
	}

private:
	Data offered()
	{
		Data word{};

		bench_get(word.word.part, bench->m_wdata, WORD_BYTES);
		word.strobes = bench->m_wstrb;
		word.last = bench->m_wlast;
		return word;
	}
	/* What is offered is so with ready up or down: a memory may wait for it. */
	void waits_for_none()
	{
		const bool address = bench->m_awvalid, word = bench->m_wvalid;

		for (int i = 0; i < 2; i++) {
			bench->m_awready = !bench->m_awready;
			bench->m_wready = !bench->m_wready;
			bench.settle();
			CHECK(address == bench->m_awvalid && word == bench->m_wvalid, "valid waits for ready");
		}
	}
	void take(const Data &word)
	{
		CHECK(word.strobes == ALL_STROBES || (holes && word.strobes == 0), "strobes 0x%llx", (unsigned long long)word.strobes);
		words.push_back(word);
		n_last += word.last;
	}
	/* A burst whose address and last word are there. */
	void write()
	{
		if (requests.empty() || words.empty() || !words.back().last)
			return;
		CHECK_EQUAL(words.size(), requests.front().words, "words up to the last one");
		for (size_t i = 0; i < words.size(); i++)
			if (words[i].strobes)
				content[requests.front().address + i * WORD_BYTES] = words[i].word;
		due.push_back(bench.clocks + 1 + bench.random.below(load.latency + 1));
		requests.pop_front();
		words.clear();
	}
	Bench<Vaxi_write> &bench;
	Load load;
	Stalls addresses, data, answers;
	Steady<Request> steady_address;
	Steady<Data> steady_data;
	std::deque<Request> requests; /* not all of whose words are there */
	std::vector<Data> words;      /* of the burst that comes */
	std::deque<uint64_t> due;     /* when each burst written is answered, at the earliest */
};

/* Commands and words, and what is to become of them. */
class Traffic {
public:
	Traffic(Bench<Vaxi_write> &bench_, Seen &seen_, const std::vector<Request> &list, const Load &load)
		: bench(bench_), seen(seen_), memory(bench_, load), commands(bench_.random, load.commands), words(bench_.random, load.words)
	{
		for (const Request &command : list) {
			commands.words.push_back(command);
			for (unsigned i = 0; i < command.words; i++)
				words.words.push_back(random_word(bench.random));
		}
	}
	uint64_t run();
	void give_up(unsigned after);

private:
	Bench<Vaxi_write> &bench;
	Seen &seen;
	Memory memory;
	Offer<Request> commands;
	Offer<Word> words;
	Content wanted;
	Request burst{ 0, 0 };    /* the one under way: where its next word goes, how many are to come */
	uint64_t n_taken = 0;     /* commands */
	bool held = false;        /* a word was offered and not taken */
	bool gives = true;        /* words: in a flush only the one that is held when it begins */

	void clock();
	void drive();
	void look();
	void take();
};

/* What is not valid is anything; in a flush commands and words that nobody may take come and go. */
void Traffic::drive()
{
	const bool command = bench->flush ? bench.random.chance(50) : commands.next();
	const Request request = command && !bench->flush ? commands.word() : Request{ bench.random.next(), bench.random.below(512) };
	const bool word = gives ? words.next() : bench.random.chance(50);
	const Word data = gives && word ? words.word() : random_word(bench.random);

	bench->cmd_valid = command;
	bench->cmd_address = request.address;
	bench->cmd_words = static_cast<uint16_t>(request.words);
	bench->in_valid = word;
	bench_put(bench->in_data, data.part, WORD_BYTES);
	memory.drive();
}

/* Words and commands that are taken in this clock. */
void Traffic::take()
{
	const bool word = bench->in_valid && bench->in_ready, command = bench->cmd_valid && bench->cmd_ready;

	held = bench->in_valid && !bench->in_ready;
	if (word) {
		CHECK(gives, "a word is taken after the flush");
		CHECK(burst.words, "a word is taken that belongs to no burst");
		wanted[burst.address] = words.word();
		burst = { burst.address + WORD_BYTES, burst.words - 1 };
		words.taken(true);
	}
	if (command) {
		burst = commands.word();
		commands.taken(true);
		n_taken++;
	}
}

void Traffic::look()
{
	const unsigned unanswered = static_cast<unsigned>(n_taken - memory.n_answers);
	const bool address_out = memory.n_addresses == n_taken, data_out = memory.n_last == n_taken;

	CHECK_EQUAL(bench->idle, unanswered == 0, "%u bursts have no answer", unanswered);
	CHECK_EQUAL(bench->cmd_ready, address_out && data_out && unanswered < OUTSTANDING && !bench->flush, "%u bursts have no answer, address %d, data %d",
		    unanswered, address_out, data_out);
	memory.look();
	take();
	CHECK(memory.n_addresses <= n_taken && memory.n_last <= n_taken, "a burst that nobody has commanded");
	seen.address_first += address_out && !data_out;
	seen.data_first += data_out && !address_out;
	seen.most_unanswered = unanswered > seen.most_unanswered ? unanswered : seen.most_unanswered;
}

/* Errors are those of the answers since `start`, one that comes with it among them. */
void Traffic::clock()
{
	const uint32_t n_errors = bench->start ? 0 : bench->n_errors;
	const bool error = bench->error && !bench->start;

	drive();
	bench.settle();
	look();
	const bool wrong = bench->m_bvalid && bench->m_bresp;
	bench.edge();
	bench->start = bench.random.chance(2);
	bench.settle();
	CHECK_EQUAL(bench->n_errors, n_errors + wrong, "errors counted");
	CHECK_EQUAL(bench->error, error || wrong, "errors told");
}

/* Returns the clocks it took. */
uint64_t Traffic::run()
{
	const uint64_t begin = bench.clocks;

	while (!commands.empty() || !bench->idle)
		clock();
	CHECK(words.empty(), "%zu words are left over", words.words.size());
	CHECK(memory.content == wanted, "what lies in memory");
	return bench.clocks - begin;
}

/* Flushes after so many clocks, before a memory that may hang for a while, until idle. */
void Traffic::give_up(unsigned after)
{
	for (unsigned i = 0; i < after; i++)
		clock();
	const uint64_t n_before = n_taken, hangs_until = bench.clocks + (bench.random.chance(50) ? bench.random.below(100) : 0);
	const bool open = burst.words != 0;
	seen.flushed_idle += bench->idle;
	seen.flushed_address += memory.n_addresses < n_taken;
	seen.flushed_data += open;
	bench->flush = 1;
	memory.holes = true;
	for (bool first = true; first || !bench->idle; first = false) {
		memory.hangs = bench.clocks < hangs_until;
		clock();
		gives = gives && held;
		seen.flushed_word += first && open && held;
	}
	CHECK_EQUAL(n_taken, n_before, "commands taken in a flush");
	CHECK(memory.content == wanted, "what lies in memory after a flush");
	bench->flush = 0;
}

/* Many at both ends of a page and of a burst's length, many one over the other. */
static std::vector<Request> random_commands(Random &random, unsigned n, unsigned most_words)
{
	std::vector<Request> list;

	for (unsigned i = 0; i < n; i++) {
		const unsigned words = random.chance(10) ? 1 : random.chance(10) ? most_words : 1 + random.below(most_words);
		const unsigned last = PAGE / WORD_BYTES - words, at = random.chance(10) ? 0 : random.chance(10) ? last : random.below(last + 1);
		const uint64_t page = random.chance(50) ? random.below(2) : random.chance(10) ? ~0ull : random.next();
		list.push_back({ page * PAGE + at * WORD_BYTES, words });
	}
	return list;
}

/* Each side the slowest in turn, then any. */
static void rounds(Bench<Vaxi_write> &bench, Seen &seen)
{
	static const Load slow[] = { { 90, 0, 0, 0, 0, 0, 0 }, { 0, 90, 0, 0, 0, 0, 0 }, { 0, 0, 90, 0, 0, 0, 0 }, { 0, 0, 0, 90, 0, 0, 50 }, { 0, 0, 0, 0, 98, 500, 5 } };
	Random &random = bench.random;

	for (const Load &load : slow)
		Traffic(bench, seen, random_commands(random, 200, 8), load).run();
	for (unsigned i = 0; i < 150; i++) {
		const Load load{ random.below(60), random.below(60), random.below(95), random.below(80), random.below(95), random.below(200), random.below(40) };
		Traffic traffic(bench, seen, random_commands(random, 40, 64), load);
		if (i % 3)
			traffic.give_up(i % 15 == 1 ? 0 : random.below(600));
		else
			traffic.run();
	}
}

int main()
{
	Bench<Vaxi_write> bench;
	Seen seen{};
	std::vector<Request> whole;

	bench.limit = 3'000'000;
	bench->start = bench->flush = bench->cmd_valid = bench->in_valid = bench->m_bvalid = bench->m_awready = bench->m_wready = 0;
	bench.reset();
	bench.settle();
	CHECK(bench->idle && !bench->error && !bench->n_errors && !bench->m_awvalid && !bench->m_wvalid, "after the reset");
	for (unsigned i = 0; i < 60; i++)
		whole.push_back({ 0x10000 + i * 64ull * WORD_BYTES, 64 });
	const uint64_t clocks = Traffic(bench, seen, whole, Load{ 0, 0, 0, 0, 0, 20, 0 }).run();
	CHECK(clocks <= 60 * 65 + 40, "%llu clocks for 60 bursts of 64 words where nothing stalls", (unsigned long long)clocks);
	rounds(bench, seen);
	CHECK_EQUAL(seen.most_unanswered, OUTSTANDING, "bursts without an answer at most");
	CHECK(seen.address_first && seen.data_first, "addresses before data in %u clocks, behind them in %u", seen.address_first, seen.data_first);
	CHECK(seen.flushed_word && seen.flushed_address && seen.flushed_data && seen.flushed_idle, "flushed with a word held %u times, with an address %u, in a burst %u, idle %u",
	      seen.flushed_word, seen.flushed_address, seen.flushed_data, seen.flushed_idle);
	std::printf("%llu clocks for 60 bursts of 64 words where nothing stalls; %llu clocks in all; flushed in a burst %u times, %u with a word held, %u with an address, %u idle\n",
		    (unsigned long long)clocks, (unsigned long long)bench.clocks, seen.flushed_data, seen.flushed_word, seen.flushed_address, seen.flushed_idle);
	return 0;
}
