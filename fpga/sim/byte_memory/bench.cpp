/* bench.cpp - byte_memory against an array: every byte's own write enable, every row, what is read two clocks before.
 *
 * A row that is written in the clock in which it is read may come as it was or as it is then, but not as a mixture. */
#include <array>

#include "Vbyte_memory.h"
#include "fpga/sim/bench.h"

static const uint32_t ROWS = 1u << DEPTH_LOG2;
using Row = std::array<uint8_t, BYTES>;

/* What one clock asks of the memory. */
struct Access {
	uint32_t enable, write_row, read_row;
	Row data;
};
/* What may be read: before the write of that clock, or after it. What was never written may be anything: bits of `known` are down. */
struct Answer {
	Row before, after;
	uint32_t known_before, known_after, row;
};

static bool agrees(const Row &got, const Row &wanted, uint32_t known)
{
	for (uint32_t b = 0; b < BYTES; b++)
		if (known >> b & 1 && got[b] != wanted[b])
			return false;
	return true;
}

class Memory {
public:
	size_t n_both = 0; /* reads of a row that was written in the same clock */

	explicit Memory(Bench<Vbyte_memory> &bench_) : bench(bench_), rows(ROWS), known(ROWS) {}
	void clock(const Access &access)
	{
		Answer answer = { rows[access.read_row], {}, known[access.read_row], 0, access.read_row };

		bench->write_enable = static_cast<decltype(+bench->write_enable)>(access.enable);
		bench->write_row = static_cast<decltype(+bench->write_row)>(access.write_row);
		bench->read_row = static_cast<decltype(+bench->read_row)>(access.read_row);
		bench_put(bench->write_data, access.data.data(), BYTES);
		bench.settle();
		look();
		for (uint32_t b = 0; b < BYTES; b++)
			if (access.enable >> b & 1)
				rows[access.write_row][b] = access.data[b];
		known[access.write_row] |= access.enable;
		answer.after = rows[access.read_row];
		answer.known_after = known[access.read_row];
		answers.push_back(answer);
		n_both += access.enable && access.read_row == access.write_row;
		bench.edge();
	}

private:
	Bench<Vbyte_memory> &bench;
	std::vector<Row> rows;
	std::vector<uint32_t> known;
	std::deque<Answer> answers; /* on their way, the oldest first */

	void look()
	{
		Row got;

		if (answers.size() < 2)
			return;
		const Answer &answer = answers.front();
		bench_get(got.data(), bench->read_data, BYTES);
		CHECK(agrees(got, answer.before, answer.known_before) || agrees(got, answer.after, answer.known_after),
		      "row %u is neither what it was nor what it is", answer.row);
		answers.pop_front();
	}
};

static uint32_t some_enable(Random &random)
{
	switch (random.below(4)) {
	case 0:
		return 0;
	case 1:
		return (1u << BYTES) - 1;
	case 2:
		return 1u << random.below(BYTES);
	default:
		return random.below(1u << BYTES);
	}
}

int main()
{
	Bench<Vbyte_memory> bench;
	Random &random = bench.random;
	Memory memory(bench);
	Row noise = {};
	uint32_t last_written = 0;

	bench.limit = 1'000'000;
	for (int i = 0; i < 60'000; i++) {
		const uint32_t range = i / 1000 % 2 ? ROWS : 4; /* of few rows, so that reads and writes meet often */
		Access access = { some_enable(random), random.below(range), random.below(range), {} };
		if (random.chance(20))
			access.read_row = access.write_row;
		else if (random.chance(20))
			access.read_row = last_written; /* a clock later it is there */
		for (uint8_t &byte : access.data)
			byte = static_cast<uint8_t>(random.next());
		noise = access.data;
		memory.clock(access);
		last_written = access.write_row;
	}
	for (uint32_t row = 0; row < ROWS + 2; row++)
		memory.clock({ 0, random.below(ROWS), row % ROWS, noise });
	CHECK(memory.n_both > 5000, "only %zu rows were read in the clock in which they were written", memory.n_both);
	std::printf("%llu clocks, in %zu of them a row was read and written\n", static_cast<unsigned long long>(bench.clocks), memory.n_both);
	return 0;
}
