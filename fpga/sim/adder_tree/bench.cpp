/* bench.cpp - adder_tree against plain sums: every size of the design, terms each clock, their sum as many clocks later as the tree has levels.
 *
 * The sums fit into a term's bits, as the caller promises; also the largest that does, made in every way: by one term, by all alike, by any. */
#include "Vadder_tree_cases.h"
#include "fpga/sim/trees.h"

struct Case : Tree {
	std::deque<uint64_t> sums; /* of terms under way, the last ones first */
};

/* Terms whose sum is at most `limit`. */
static std::vector<uint64_t> choose(Random &random, unsigned n, uint64_t limit)
{
	const uint32_t kind = random.below(6);
	std::vector<uint64_t> terms(n, kind == 0 ? limit / n : 0);
	uint64_t left = limit - (kind == 0 ? limit / n * n : 0);

	if (kind == 1)
		return terms;
	if (kind == 0 || kind == 2) {
		terms[random.below(n)] += left;
		return terms;
	}
	/* Many like each other, or few large ones: each takes some of what is left, in any order; of kind 3 the last one takes the rest. */
	for (unsigned i = 0, at = random.below(n); i < n; i++, at = (at + 1) % n) {
		const uint64_t most = kind == 5 ? left : left / (n - i);
		terms[at] = kind == 3 && i + 1 == n ? left : most == ~0ull ? random.next() : random.next() % (most + 1);
		left -= terms[at];
	}
	return terms;
}

static void put(Bench<Vadder_tree_cases> &bench, unsigned i, Case &size)
{
	const std::vector<uint64_t> terms = choose(bench.random, size.n_terms, bits_largest(size.bits));
	uint64_t sum = 0;

	for (uint64_t term : terms)
		sum += term;
	tree_put(bench->terms[i], size, terms);
	size.sums.push_front(sum);
}

int main()
{
	static const unsigned CLOCKS = 4000;
	Bench<Vadder_tree_cases> bench;
	std::vector<Case> sizes;

	bench.reset();
	for (unsigned i = 0; i < CASES; i++)
		sizes.push_back({ tree_of(bench, i), {} });
	for (unsigned clock = 0; clock < CLOCKS; clock++) {
		for (unsigned i = 0; i < CASES; i++)
			put(bench, i, sizes[i]);
		bench.settle();
		/* Before the edge: what went in as many edges ago as there are levels. */
		for (unsigned i = 0; i < CASES; i++) {
			Case &size = sizes[i];
			if (size.sums.size() <= size.levels)
				continue;
			CHECK_EQUAL(bench->sum[i], size.sums.back(), "%u terms of %u bits at clock %u", size.n_terms, size.bits, clock);
			size.sums.pop_back();
		}
		bench.edge();
	}
	std::printf("%d trees, %u clocks\n", CASES, CLOCKS);
	return 0;
}
