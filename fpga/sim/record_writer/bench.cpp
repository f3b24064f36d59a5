/* bench.cpp - record_writer and axi_write before a memory with latency, stalls and errors: list, bins and head lie where they belong, nothing else is touched,
 * and the head is written after everything else has been answered; one that is given up writes nothing more, and what it has begun comes to its end. */
#include "Vrecord_path.h"
#include "fpga/sim/bench.h"
#include "fpga/simulated/memory_ports.h"

static const int N_FRAMES = 300;
static const uint64_t RECORD = 0x10000, LIST = 0x40000, MEMORY = 0x80000, BASE = 0x4000000000;

struct Entry {
	uint32_t index, value;
};
struct Bin {
	uint64_t sum;
	uint32_t count;
};

class Path {
public:
	Bench<Vrecord_path> bench;
	unit_traffic traffic{};
	std::vector<uint8_t> memory = std::vector<uint8_t>(MEMORY);
	memory_setting setting;
	write_port port;

	Path() : setting{ make_config(), &traffic, bench.random.next() | 1 }, port(setting, UNIT_PORT_RECORD, 16) {}
	void clock();
	void frame(size_t n_entries, size_t n_bins, bool fails);
	void given_up(size_t n_entries, size_t n_bins);

private:
	unit_model_config make_config()
	{
		unit_model_config config{};
		config.memory = memory.data();
		config.memory_bytes = MEMORY;
		config.memory_address = BASE;
		config.latency_clocks = 30;
		config.bytes_per_clock_x10 = 120;
		return config;
	}
	uint8_t head[64];
	int unanswered = 0; /* bursts */
	uint32_t n_bursts = 0, n_to_fail = 0; /* of the frame */
	uint32_t n_exclusive = 0;   /* bursts that were done, and answered with EXOKAY all the same, which is wrong, too */
	uint64_t errors_before = 0; /* the frame, answered */
	bool held = false;  /* a word is offered and not taken */

	void begin(size_t n_bins);
	std::pair<std::vector<Entry>, std::vector<Bin>> fill(size_t n_entries, size_t n_bins);
	bool send(const std::vector<Entry> &entries, const std::vector<Bin> &bins, uint64_t up_to);
	void flush();
	std::vector<uint8_t> wanted(const std::vector<Entry> &entries, const std::vector<Bin> &bins) const;
	void compare(const std::vector<Entry> &entries, const std::vector<Bin> &bins);
};

/* Inputs are set; head word 0 tells of errors, as the status does. */
void Path::clock()
{
	port.offer();
	bench->m_awready = port.awready;
	bench->m_wready = port.wready;
	bench->m_bvalid = port.bvalid;
	bench->m_bresp = port.bresp;
	if (port.bvalid && !port.bresp && n_to_fail && bench.random.chance(20)) {
		bench->m_bresp = 1;
		n_exclusive++;
	}
	head[4] = bench->error;
	bench_put(bench->head, head, sizeof head);
	bench.settle();
	CHECK(!bench->m_awvalid || bench->m_awaddr != BASE + RECORD || unanswered == 0, "the head is written with %d bursts unanswered", unanswered);
	unanswered += bench->m_awvalid && bench->m_awready;
	n_bursts += bench->m_awvalid && bench->m_awready;
	unanswered -= bench->m_bvalid && bench->m_bready;
	held = bench->m_wvalid && !bench->m_wready;
	port.take_word(bench->m_wvalid, reinterpret_cast<const uint8_t *>(&bench->m_wdata), bench->m_wstrb, bench->m_wlast);
	port.take_address(bench->m_awvalid, bench->m_awaddr, bench->m_awlen, 4, 1);
	port.take_answer(bench->m_bready);
	if (port.fault.kind == UNIT_FAULT_ERROR && traffic.answered_errors - errors_before >= n_to_fail)
		port.fault.kind = UNIT_FAULT_NONE;
	bench.edge();
	traffic.clocks++;
	CHECK_EQUAL(traffic.broken_rules, 0, "rules of AXI");
}

void Path::begin(size_t n_bins)
{
	for (uint8_t &byte : memory)
		byte = 0xa5;
	for (uint8_t &byte : head)
		byte = static_cast<uint8_t>(bench.random.next());
	bench->cfg_record = BASE + RECORD;
	bench->cfg_list = BASE + LIST;
	bench->cfg_n_bins = static_cast<uint32_t>(n_bins);
	bench->list_valid = bench->list_end = bench->bin_valid = 0;
	bench->start = 1;
	clock();
	bench->start = 0;
}

/* Up to the end, or for so many clocks. Returns whether it has ended. */
bool Path::send(const std::vector<Entry> &entries, const std::vector<Bin> &bins, uint64_t up_to)
{
	const uint64_t last = bench.clocks + up_to;
	Offer<Entry> list(bench.random, bench.random.below(95));
	Offer<Bin> read_out(bench.random, bench.random.below(60));
	bool asked = false, done = false;

	list.words.assign(entries.begin(), entries.end());
	read_out.words.assign(bins.begin(), bins.end());
	while (!done && bench.clocks < last) {
		bench->list_valid = list.next();
		bench->list_index = list.empty() ? 0xdead : list.word().index;
		bench->list_value = list.empty() ? 0xbeef : list.word().value;
		bench->list_end = list.empty() && (bench->list_end || bench.random.chance(20));
		bench->bin_valid = asked && read_out.next();
		bench->bin_sum = read_out.empty() ? 1 : read_out.word().sum;
		bench->bin_count = read_out.empty() ? 1 : read_out.word().count;
		bench.settle();
		list.taken(bench->list_ready);
		if (asked)
			read_out.taken(bench->bin_ready);
		CHECK(!bench->bins_start || (list.empty() && !asked), "bins are asked for too early or twice");
		asked |= bench->bins_start;
		done = bench->done;
		clock();
	}
	CHECK(!done || (list.empty() && read_out.empty()), "done with %zu entries and %zu bins to come", list.words.size(), read_out.words.size());
	return done;
}

/* Until every burst is answered, before a port that may do nothing for a while. Of the data only a word that is offered when it
 * begins is still written. */
void Path::flush()
{
	const uint64_t hangs_until = bench.clocks + bench.random.below(200);
	bool addressed;

	if (bench.random.chance(50))
		port.fault.kind = UNIT_FAULT_HANG;
	bench.settle();
	addressed = bench->m_awvalid;
	bench->flush = 1;
	if (!bench->list_valid) { /* the stages do not know, and go on */
		bench->list_valid = 1;
		bench->list_index = bench->list_value = 0xdead;
	}
	do {
		if (bench.clocks >= hangs_until)
			port.fault.kind = UNIT_FAULT_NONE;
		clock();
		addressed = addressed && bench->m_awvalid;
		CHECK(addressed || !bench->m_awvalid, "a burst is begun after the flush");
		CHECK(held || !bench->m_wvalid || !bench->m_wstrb, "a word is written after the flush");
		CHECK(!bench->idle || unanswered == 0, "idle with %d bursts unanswered", unanswered);
	} while (!bench->idle);
	bench->flush = 0;
	port.fault.kind = UNIT_FAULT_NONE;
	bench.reset(1);
}

std::vector<uint8_t> Path::wanted(const std::vector<Entry> &entries, const std::vector<Bin> &bins) const
{
	std::vector<uint8_t> wanted(MEMORY, 0xa5);

	std::memcpy(&wanted[RECORD], head, sizeof head);
	for (size_t i = 0; i < bins.size(); i++) {
		uint8_t *to = &wanted[RECORD + 64 + 16 * i];
		std::memset(to, 0, 16);
		std::memcpy(to, &bins[i].sum, 8);
		std::memcpy(to + 8, &bins[i].count, 4);
	}
	for (size_t i = 0; i < entries.size(); i++)
		std::memcpy(&wanted[LIST + 8 * i], &entries[i], 8);
	if (entries.size() % 2)
		std::memset(&wanted[LIST + 8 * entries.size()], 0, 8); /* the other half of the last word */
	return wanted;
}

void Path::compare(const std::vector<Entry> &entries, const std::vector<Bin> &bins)
{
	const std::vector<uint8_t> all = wanted(entries, bins);

	for (size_t i = 0; i < MEMORY; i++)
		CHECK_EQUAL(memory[i], all[i], "byte 0x%zx of memory, %zu entries, %zu bins", i, entries.size(), bins.size());
}

std::pair<std::vector<Entry>, std::vector<Bin>> Path::fill(size_t n_entries, size_t n_bins)
{
	std::pair<std::vector<Entry>, std::vector<Bin>> all{ n_entries, n_bins };

	setting.config.stall_percent = bench.random.below(60);
	for (Entry &entry : all.first)
		entry = { static_cast<uint32_t>(bench.random.next()), static_cast<uint32_t>(bench.random.next()) };
	for (Bin &bin : all.second)
		bin = { bench.random.next(), static_cast<uint32_t>(bench.random.next()) };
	return all;
}

void Path::frame(size_t n_entries, size_t n_bins, bool fails)
{
	const auto [entries, bins] = fill(n_entries, n_bins);

	n_to_fail = fails ? 1 + bench.random.below(3) : 0;
	errors_before = traffic.answered_errors;
	begin(n_bins);
	CHECK_EQUAL(bench->error + bench->n_errors, 0, "errors at the start");
	n_bursts = n_exclusive = 0;
	port.fault.kind = fails ? UNIT_FAULT_ERROR : UNIT_FAULT_NONE; /* of the first bursts, which the head, if it is none of them, tells of */
	send(entries, bins, UINT32_MAX);
	bench.settle();
	CHECK_EQUAL(bench->error, fails, "errors of the memory");
	CHECK_EQUAL(bench->n_errors, traffic.answered_errors - errors_before + n_exclusive, "bursts answered with errors");
	CHECK_EQUAL(unanswered, 0, "bursts at the end");
	if (!fails)
		compare(entries, bins);
	else if (traffic.answered_errors - errors_before < n_bursts)
		CHECK(!std::memcmp(&memory[RECORD], head, sizeof head) && head[4] == 1, "the head does not tell of an error before it");
	else
		CHECK_EQUAL(memory[RECORD], 0xa5, "a head that was refused");
}

/* What lies in memory then is the frame's, or was there before. */
void Path::given_up(size_t n_entries, size_t n_bins)
{
	const auto [entries, bins] = fill(n_entries, n_bins);

	begin(n_bins);
	if (send(entries, bins, bench.random.below(static_cast<uint32_t>(60 + 8 * (n_entries + n_bins)))))
		return;
	flush();
	const std::vector<uint8_t> all = wanted(entries, bins);
	for (size_t i = 0; i < MEMORY; i++)
		CHECK(memory[i] == all[i] || memory[i] == 0xa5, "byte 0x%zx of memory is 0x%x", i, memory[i]);
}

int main()
{
	Path path;
	Random &random = path.bench.random;

	path.bench->start = path.bench->flush = 0;
	path.bench->list_valid = path.bench->list_end = path.bench->bin_valid = 0;
	path.bench->m_bvalid = path.bench->m_awready = path.bench->m_wready = 0;
	path.bench.reset();
	path.bench.limit = 20'000'000;
	path.frame(0, 0, false);
	path.frame(1, 1, false);
	path.frame(512, 4096, false);
	for (int i = 0; i < N_FRAMES; i++) {
		path.frame(random.chance(20) ? 0 : random.below(200), random.chance(20) ? 0 : random.below(120), random.chance(10));
		if (i % 3 == 0)
			path.given_up(random.chance(20) ? 0 : random.below(200), random.chance(20) ? 0 : random.below(120));
	}
	std::printf("%d frames, %llu clocks\n", N_FRAMES, static_cast<unsigned long long>(path.bench.clocks));
	return 0;
}
