/* bench.cpp - first_largest against a plain search: terms each clock, the largest and the first place that has it as many clocks later as the tree
 * has levels; with every pair of places alike, too, and with each place alone. */
#include "Vfirst_largest_cases.h"
#include "fpga/sim/trees.h"

struct Found {
	uint64_t largest;
	unsigned first;
};
struct Case : Tree {
	std::deque<Found> found; /* in terms under way, the last ones first */
};

/* In the first n * n clocks the places i and j alike and above all others, then many of one kind or another. */
static std::vector<uint64_t> choose(Random &random, const Case &size, unsigned step)
{
	const uint64_t ones = bits_largest(size.bits);
	const uint32_t kind = random.below(6);
	const uint64_t base = random.next() & ones;
	std::vector<uint64_t> terms(size.n_terms, base);

	if (step < size.n_terms * size.n_terms) {
		const uint64_t top = 1 + (random.chance(30) ? ones - 1 : random.next() % ones);
		for (uint64_t &term : terms)
			term = random.chance(50) ? top - 1 : random.next() % top;
		terms[step / size.n_terms] = terms[step % size.n_terms] = top;
		return terms;
	}
	if (kind == 0) /* all alike; now and then all ones, or nothing at all */
		terms.assign(size.n_terms, random.chance(50) ? base : random.chance(50) ? ones : 0);
	else
		for (uint64_t &term : terms)
			switch (kind) {
			case 1: term = random.next() & ones; break;
			case 2: term = (ones - random.below(3)) & ones; break;            /* near the top, with ties */
			case 3: term = random.chance(10) ? random.next() & ones : 0; break; /* few that count */
			case 4: term = random.chance(50) ? base : base ^ 1; break;
			default: term = base ^ (random.chance(30) ? 1ull << random.below(size.bits) : 0); break;
			}
	return terms;
}

static Found search(const std::vector<uint64_t> &terms)
{
	Found found = { terms[0], 0 };

	for (unsigned i = 1; i < terms.size(); i++)
		if (terms[i] > found.largest)
			found = { terms[i], i };
	return found;
}

static void put(Bench<Vfirst_largest_cases> &bench, unsigned i, Case &size, unsigned step)
{
	const std::vector<uint64_t> terms = choose(bench.random, size, step);

	tree_put(bench->terms[i], size, terms);
	size.found.push_front(search(terms));
}

int main()
{
	static const unsigned CLOCKS = 64 * 64 + 3000;
	Bench<Vfirst_largest_cases> bench;
	std::vector<Case> sizes;

	bench.reset();
	for (unsigned i = 0; i < CASES; i++)
		sizes.push_back({ tree_of(bench, i), {} });
	for (unsigned clock = 0; clock < CLOCKS; clock++) {
		for (unsigned i = 0; i < CASES; i++)
			put(bench, i, sizes[i], clock);
		bench.settle();
		/* Before the edge: what went in as many edges ago as there are levels. */
		for (unsigned i = 0; i < CASES; i++) {
			Case &size = sizes[i];
			if (size.found.size() <= size.levels)
				continue;
			CHECK_EQUAL(bench->largest[i], size.found.back().largest, "%u terms of %u bits at clock %u", size.n_terms, size.bits, clock);
			CHECK_EQUAL(bench->first[i], size.found.back().first, "%u terms of %u bits at clock %u", size.n_terms, size.bits, clock);
			size.found.pop_back();
		}
		bench.edge();
	}
	std::printf("%d trees, %u clocks\n", CASES, CLOCKS);
	return 0;
}
