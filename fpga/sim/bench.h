/* bench.h - what the benches of the modules share: a clock, random numbers and stalls, checks that say what differs.
 *
 * A bench sets inputs, calls settle() to see the outputs that depend on them, and edge() for the clock's edge:
 *
 *     Bench<Vfifo> bench;          // prints the seed; what no reset sets begins at random
 *     bench.reset();
 *     Offer<Word> in(bench, 30);   // a source that keeps valid up until taken, stalled in 30 of 100 clocks
 *     ...
 *     bench->in_valid = in.valid(); ...
 *     bench.settle();
 *     if (in.valid() && bench->in_ready) in.taken();
 *     bench.edge();
 *
 * Benches only; nothing of the design. C headers are included by REFERENCE_BEGIN, for example
 *     REFERENCE_BEGIN
 *     #include "kernels/codec.h"
 *     REFERENCE_END */
#ifndef FPGA_SIM_BENCH_H
#define FPGA_SIM_BENCH_H

#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include <verilated.h>

#define REFERENCE_BEGIN extern "C" {
#define REFERENCE_END }

/* splitmix64 (Steele, Lea, Flood 2014), as in tests/support/random.h. */
struct Random {
	uint64_t state;

	uint64_t next()
	{
		uint64_t z = state += 0x9e3779b97f4a7c15u;

		z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
		z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
		return z ^ (z >> 31);
	}
	/* 0 .. n-1, for n below 2^32 */
	uint32_t below(uint32_t n) { return static_cast<uint32_t>((next() >> 32) * n >> 32); }
	bool chance(uint32_t percent) { return below(100) < percent; }
};

/* From SLUICE_SEED, else the clock; printed, so that what failed can be run again. */
inline uint64_t bench_seed()
{
	static uint64_t seed = 0;

	if (!seed) {
		const char *given = std::getenv("SLUICE_SEED");
		seed = given ? std::strtoull(given, nullptr, 0) : static_cast<uint64_t>(std::time(nullptr));
		std::printf("seed: SLUICE_SEED=%llu\n", static_cast<unsigned long long>(seed));
		std::fflush(stdout);
	}
	return seed;
}

/* Ends the bench with a message. */
[[noreturn]] inline void bench_fail(const char *file, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));
[[noreturn]] inline void bench_fail(const char *file, int line, const char *format, ...)
{
	va_list args;

	std::printf("%s:%d: ", file, line);
	va_start(args, format);
	std::vprintf(format, args);
	va_end(args);
	std::printf(" (SLUICE_SEED=%llu)\n", static_cast<unsigned long long>(bench_seed()));
	std::fflush(stdout);
	std::exit(1);
}

#define FAIL(...) bench_fail(__FILE__, __LINE__, __VA_ARGS__)
/* What must hold, and words (printf) about where it did not. */
#define CHECK(condition, ...) \
	do { \
		if (!(condition)) { \
			std::printf("does not hold: %s\n", #condition); \
			FAIL(__VA_ARGS__); \
		} \
	} while (0)
/* Two integers that must be equal. */
#define CHECK_EQUAL(got, wanted, ...) \
	do { \
		const unsigned long long got_ = static_cast<unsigned long long>(got), wanted_ = static_cast<unsigned long long>(wanted); \
		if (got_ != wanted_) { \
			std::printf("%s is %llu (0x%llx), wanted %llu (0x%llx)\n", #got, got_, got_, wanted_, wanted_); \
			FAIL(__VA_ARGS__); \
		} \
	} while (0)

/* Ports wider than 64 bits are arrays of 32-bit words, lowest first: bytes go in and out as they are. */
template <class Wide> void bench_put(Wide &port, const void *bytes, size_t n)
{
	std::memset(&port, 0, sizeof port);
	std::memcpy(&port, bytes, n);
}
template <class Wide> void bench_get(void *bytes, const Wide &port, size_t n)
{
	std::memcpy(bytes, &port, n);
}

/* The model with its clock (`clk`, `rst`), and a limit of clocks, past which it counts as hung. */
template <class Model> class Bench {
public:
	Random random;
	uint64_t clocks = 0;
	uint64_t limit = 200'000'000; /* of clocks, set it to what a bench may take at most */

	Bench() : random{ bench_seed() }
	{
		context.randReset(2);
		context.randSeed(static_cast<int>(random.next() & 0x7fffffff) | 1);
		model = std::make_unique<Model>(&context);
	}
	~Bench() { model->final(); }
	Model *operator->() { return model.get(); }
	Model &operator*() { return *model; }

	/* The inputs' effect on outputs, before the clock's edge. */
	void settle()
	{
		model->clk = 0;
		model->eval();
	}
	void edge()
	{
		settle();
		model->clk = 1;
		model->eval();
		if (++clocks > limit)
			FAIL("hangs: %llu clocks", static_cast<unsigned long long>(clocks));
	}
	void reset(int n = 4)
	{
		model->rst = 1;
		for (int i = 0; i < n; i++)
			edge();
		model->rst = 0;
	}
	/* Up for one clock. */
	template <class Port> void pulse(Port &port)
	{
		port = 1;
		edge();
		port = 0;
	}

private:
	VerilatedContext context;
	std::unique_ptr<Model> model;
};

/* Whether something is offered or taken in a clock: stalls of random length, `percent` of the time in all. */
class Stalls {
public:
	Stalls(Random &from, uint32_t percent_) : random(from), percent(percent_) {}
	bool go()
	{
		if (left == 0) {
			stalled = random.chance(percent);
			left = random.chance(20) ? 1 + random.below(40) : 1 + random.below(3);
		}
		left--;
		return !stalled;
	}

private:
	Random &random;
	uint32_t percent, left = 0;
	bool stalled = false;
};

/* The sending end of a stream: valid, once up, stays up with the same word until it is taken. Call next() once a clock, before settle(). */
template <class Word> class Offer {
public:
	std::deque<Word> words;

	Offer(Random &random, uint32_t stall_percent) : stalls(random, stall_percent) {}
	/* Whether a word is offered in this clock. */
	bool next()
	{
		bool go = stalls.go();
		up = !words.empty() && (up || go);
		return up;
	}
	const Word &word() const { return words.front(); }
	/* Tells whether ready was up; the word is gone then. */
	bool taken(bool ready)
	{
		if (!up || !ready)
			return false;
		words.pop_front();
		up = false;
		return true;
	}
	bool empty() const { return words.empty(); }

private:
	Stalls stalls;
	bool up = false;
};

/* Looks that a stream of the design keeps its promise: what is offered stays, unchanged, until it is taken. Word: anything with ==. */
template <class Word> class Steady {
public:
	explicit Steady(const char *name_) : name(name_) {}
	/* Once a clock, after settle(). */
	void look(bool valid, bool ready, const Word &word)
	{
		if (waiting)
			CHECK(valid && word == held, "%s: what was offered and not taken has changed", name);
		waiting = valid && !ready;
		held = word;
	}
	void forget() { waiting = false; }

private:
	const char *name;
	bool waiting = false;
	Word held{};
};

#endif
