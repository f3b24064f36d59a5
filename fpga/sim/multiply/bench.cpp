/* bench.cpp - multiply against the compiler's 128-bit product: every size of the design, a pair of operands each clock, the product four clocks later. */
#include "Vmultiply_cases.h"
#include "fpga/sim/bits.h"

static const unsigned LATENCY = 4;

__extension__ typedef unsigned __int128 Product;

struct Case {
	unsigned a_bits, b_bits;
	bool a_signed;
};
struct Operands {
	uint64_t a, b;
};

/* The numbers about which a multiplier in pieces may be wrong: next to 0, to the top, to a piece's edge. */
static std::vector<uint64_t> extremes(unsigned bits)
{
	std::vector<uint64_t> list;

	for (const unsigned at : { 0u, 17u, 26u, 34u, 51u, 52u, bits - 1 })
		if (at < bits)
			for (const uint64_t near : { ~0ull, 0ull, 1ull })
				list.push_back(((1ull << at) + near) & bits_largest(bits));
	list.push_back(bits_largest(bits));
	list.push_back(0x5555555555555555u & bits_largest(bits));
	return list;
}

static uint64_t operand(Random &random, unsigned bits)
{
	if (random.chance(10)) {
		const std::vector<uint64_t> list = extremes(bits);
		return list[random.below(static_cast<uint32_t>(list.size()))];
	}
	return (random.next() >> (random.chance(60) ? 0 : random.below(64)) ^ (random.chance(10) ? ~0ull : 0)) & bits_largest(bits);
}

static Product wanted(const Case &size, const Operands &of)
{
	const unsigned bits = size.a_bits + size.b_bits;
	const bool negative = size.a_signed && of.a >> (size.a_bits - 1);
	const Product a = negative ? Product{ of.a } - (Product{ 1 } << size.a_bits) : Product{ of.a };

	return bits == 128 ? a * of.b : a * of.b & ((Product{ 1 } << bits) - 1);
}

static Product product_of(Bench<Vmultiply_cases> &bench, unsigned i)
{
	uint64_t halves[2];

	bench_get(halves, bench->product[i], sizeof halves);
	return Product{ halves[1] } << 64 | halves[0];
}

/* Pairs of every extreme first, then random ones, sometimes the same ones again. */
static Operands choose(Random &random, const Case &size, const Operands &last, unsigned step)
{
	const std::vector<uint64_t> a = extremes(size.a_bits), b = extremes(size.b_bits);

	if (step < a.size() * b.size())
		return { a[step % a.size()], b[step / a.size()] };
	if (random.chance(5))
		return last;
	return { operand(random, size.a_bits), operand(random, size.b_bits) };
}

int main()
{
	static const unsigned STEPS = 6000;
	Bench<Vmultiply_cases> bench;
	std::vector<Case> sizes;
	std::deque<std::vector<Operands>> under_way; /* the last ones first */

	bench.reset();
	for (unsigned i = 0; i < CASES; i++) {
		sizes.push_back({ bench->a_bits[i], bench->b_bits[i], bench->a_signed[i] != 0 });
		CHECK(sizes[i].a_bits && sizes[i].b_bits, "there is no case %u", i);
	}
	for (unsigned step = 0; step < STEPS; step++) {
		std::vector<Operands> now;
		for (unsigned i = 0; i < CASES; i++) {
			now.push_back(choose(bench.random, sizes[i], step ? under_way.front()[i] : Operands{}, step));
			bench->a[i] = now[i].a;
			bench->b[i] = now[i].b;
		}
		under_way.push_front(now);
		bench.edge();
		if (under_way.size() < LATENCY)
			continue;
		for (unsigned i = 0; i < CASES; i++) {
			const Operands &of = under_way.back()[i];
			CHECK(product_of(bench, i) == wanted(sizes[i], of), "%u x %u bits%s: 0x%llx x 0x%llx", sizes[i].a_bits, sizes[i].b_bits,
			      sizes[i].a_signed ? ", signed" : "", (unsigned long long)of.a, (unsigned long long)of.b);
		}
		under_way.pop_back();
	}
	std::printf("%d sizes, %u products of each, %u clocks after their operands\n", CASES, STEPS - LATENCY + 1, LATENCY);
	return 0;
}
