/* bench.cpp - lz4_copier by itself: legal steps of every kind, and what comes before a block is refused, against the bytes that they are by LZ4's
 * description; each byte is written once, into the block's own half, and none after its end. */
#include "Vlz4_copier.h"
#include "fpga/sim/lz4_copier/jobs.h"

struct Stall {
	uint32_t in, release;   /* release: how long a half is held, in clocks at most; */
	bool in_pairs; /* that long from when both are done: a copier that has lost one hangs */
};

class Pass {
public:
	Pass(Bench<Vlz4_copier> &bench_, const std::vector<Job> &jobs_, const Stall &stall_) : bench(bench_), jobs(jobs_), stall(stall_) {}

	/* Begins with a reset, and gives up after `until` clocks. */
	void run(uint64_t until = UINT64_MAX)
	{
		Offer<Step> steps(bench.random, stall.in);
		unsigned idle = 0;

		bench->in_valid = bench->release_half = 0;
		bench.reset(1 + static_cast<int>(bench.random.below(3)));
		for (const Job &job : jobs)
			steps.words.insert(steps.words.end(), job.steps.begin(), job.steps.end());
		for (uint64_t clock = 0; idle < 12 && clock < until; clock++) { // some clocks more: nothing may come any more
			offer(steps);
			let_go();
			bench.settle();
			steps.taken(bench->in_ready);
			look();
			idle += n_done == jobs.size() && held.empty();
			bench.edge();
		}
		CHECK(until != UINT64_MAX || steps.empty(), "all blocks are done, but not all steps are taken");
	}

private:
	Bench<Vlz4_copier> &bench;
	const std::vector<Job> &jobs;
	Stall stall;
	Halves memory;
	std::deque<uint64_t> held; /* until when halves are read, the oldest first */
	size_t n_done = 0;
	unsigned n_written = 0;    /* bytes of the block at hand */

	void offer(Offer<Step> &steps)
	{
		Step step = { bench.random.below(3), bench.random.below(32), bench.random.below(16), {} };

		for (uint8_t &byte : step.data)
			byte = static_cast<uint8_t>(bench.random.next());
		bench->in_valid = steps.next();
		if (bench->in_valid)
			step = steps.word();
		bench->in_kind = static_cast<uint8_t>(step.kind);
		bench->in_count = static_cast<uint8_t>(step.count);
		bench->in_phase = static_cast<uint8_t>(step.phase);
		bench_put(bench->in_data, step.data.data(), 16);
	}
	void compare(size_t i, const char *when)
	{
		const Job &job = jobs[i];

		for (size_t at = 0; !job.refused && at < job.bytes.size(); at++)
			CHECK_EQUAL(memory.bytes[i & 1][at], job.bytes[at], "byte %zu of block %zu, %zu bytes, %s", at, i, job.bytes.size(), when);
	}
	/* What is written to a half while it is read shows here. */
	void let_go()
	{
		bench->release_half = !held.empty() && bench.clocks >= held.front();
		if (!bench->release_half)
			return;
		const size_t i = n_done - held.size();
		compare(i, "when it was let go");
		memory.reading[i & 1] = false;
		held.pop_front();
	}
	void look()
	{
		const unsigned n = memory.write(*bench);

		n_written += n;
		if (n) {
			CHECK(n_done < jobs.size(), "%u bytes are written behind all blocks", n);
			CHECK_EQUAL(bench->out_half, n_done & 1, "block %zu", n_done);
		}
		if (bench->done_valid)
			done();
	}
	void hold()
	{
		const uint64_t until = bench.clocks + 1 + bench.random.below(1 + stall.release);

		held.push_back(until);
		if (stall.in_pairs)
			std::fill(held.begin(), held.end(), held.size() == 2 || n_done == jobs.size() ? until : UINT64_MAX);
	}
	void done()
	{
		CHECK(n_done < jobs.size(), "a block is done behind all of them");
		const Job &job = jobs[n_done];
		CHECK(held.size() < 2, "block %zu is done, but both halves are being read", n_done);
		CHECK_EQUAL(bench->done_error, job.refused, "block %zu", n_done);
		CHECK_EQUAL(bench->done_bytes, job.said, "block %zu", n_done);
		CHECK_EQUAL(bench->out_half, n_done & 1, "block %zu", n_done);
		if (!job.refused)
			CHECK_EQUAL(n_written, job.bytes.size(), "bytes written of block %zu", n_done);
		compare(n_done, "when it was done");
		memory.reading[n_done & 1] = true;
		n_written = 0;
		n_done++;
		hold();
	}
};

/* Every count of literals from every byte of a word to every one. */
static void every_literals(Script &script)
{
	for (unsigned lane = 0; lane < 16; lane++)
		for (unsigned phase = 0; phase < 16; phase++)
			for (unsigned n = 1; n <= 16; n++) {
				script.prepare(16, 0, lane);
				script.literals(n, phase);
			}
	script.end();
}

/* Every offset that goes by registers and some more, from every byte of a word; words' lengths and those beside them. */
static void every_near_match(Script &script)
{
	for (unsigned offset = 1; offset <= 100; offset++)
		for (unsigned lane = 0; lane < 16; lane++)
			for (unsigned length : { 4u, 15u, 16u, 17u, 32u, 33u }) {
				script.prepare(length, offset, lane);
				script.match(length, offset);
			}
	script.end();
}

/* Matches without literals between them: each reads what the one before has just written. */
static void chained_matches(Script &script, Random &random)
{
	for (unsigned length : { 4u, 15u, 16u, 17u, 31u, 64u, 80u })
		for (unsigned offset = 60; offset <= 120; offset++) {
			script.prepare(6 * length, offset, random.below(16));
			for (int i = 0; i < 6; i++)
				script.match(length, offset);
		}
	script.end();
}

/* To the last byte of a half: in a match of one period, of another, with literals; and from its first byte. */
static void whole_halves(Script &script, Random &random)
{
	for (unsigned offset : { 0u, 1u, 3u, 15u, 16u, 17u, 79u, 80u, 81u, 4096u, 8000u }) {
		script.some_literals(std::max(offset, 1 + random.below(90)));
		script.match(script.left(), offset);
		script.end();
	}
	for (unsigned n = 1; n <= 18; n++) {
		script.some_literals(1 + random.below(90));
		script.match(script.left() - n, 1 + random.below(script.made()));
		script.match(random.below(n + 1), script.made());
		script.some_literals(script.left());
		script.end();
	}
}

static unsigned some_offset(Random &random, unsigned made)
{
	switch (random.below(6)) {
	case 0:
		return random.chance(10) ? 0 : made;
	case 1:
		return std::min(made, 1 + random.below(31));
	case 2:
		return std::min(made, 70 + random.below(30));
	case 3:
		return std::min(made, 16 * (1 + random.below(8)) + random.below(3) - 1);
	default:
		return 1 + random.below(made);
	}
}

/* A block of up to so many bytes, of few literals or many; good, or refused behind steps that no good block has, which may lead past the half's end. */
static void random_job(Script &script, Random &random, unsigned most, bool refused)
{
	const uint32_t literals_percent = random.below(101);
	const unsigned size = 1 + random.below(most);

	while (script.made() < size) {
		const unsigned left = size - script.made();
		if (!script.made() || left < 4 || random.chance(literals_percent))
			script.literals(1 + random.below(std::min(left, 16u)), random.below(16));
		else
			script.match(std::min(left, 4 + (random.chance(20) ? random.below(600) : random.below(40))), some_offset(random, script.made()));
	}
	if (!refused) {
		script.end();
		return;
	}
	for (unsigned n = random.below(6); n; n--)
		script.wild_match();
	script.refuse();
}

/* As fast as it goes, which must be as fast as promised, and with stalls. */
static void both(Bench<Vlz4_copier> &bench, const char *name, const std::vector<Job> &jobs)
{
	uint64_t chunks = 0;

	for (const Job &job : jobs)
		chunks += job.chunks;
	const uint64_t begin = bench.clocks;
	Pass(bench, jobs, { 0, 0, false }).run();
	const uint64_t clocks = bench.clocks - begin;
	CHECK(clocks <= chunks + 25, "%s: %llu clocks for %llu chunks", name, (unsigned long long)clocks, (unsigned long long)chunks);
	std::printf("%-10s %4zu blocks, %6llu chunks, %6llu clocks\n", name, jobs.size(), (unsigned long long)chunks, (unsigned long long)clocks);
	Pass(bench, jobs, { 30, 40, true }).run();
}

static std::vector<Job> random_jobs(Random &random, unsigned n, unsigned most)
{
	Script script(random);

	for (unsigned i = 0; i < n; i++) {
		if (random.chance(10))
			script.refuse(); // without a step before it
		random_job(script, random, most, random.chance(30));
	}
	return script.jobs;
}

static void random_rounds(Bench<Vlz4_copier> &bench)
{
	Random &random = bench.random;

	for (int round = 0; round < 60; round++) {
		const uint32_t longest = random.chance(50) ? 20 : 1000;
		const Stall stall = { random.below(4) * 25, random.chance(30) ? 0 : random.below(longest), random.chance(30) };
		const unsigned most = random.chance(30) ? Halves::BYTES : random.chance(50) ? 600 : 40;
		const std::vector<Job> jobs = random_jobs(random, most == 40 ? 100 : 16, most);
		Pass(bench, jobs, stall).run(random.below(4000)); // up to a reset in the middle of it
		Pass(bench, jobs, stall).run();
	}
	for (int round = 0; round < 300; round++) // a reset in every stage of an end
		Pass(bench, random_jobs(random, 12, 40), { 0, 0, false }).run(random.below(60));
	Pass(bench, random_jobs(random, 12, 40), { 0, 0, false }).run();
}

int main()
{
	Bench<Vlz4_copier> bench;
	Script literals(bench.random), matches(bench.random), chains(bench.random), halves(bench.random);

	bench.limit = 5'000'000;
	every_literals(literals);
	both(bench, "literals", literals.jobs);
	every_near_match(matches);
	both(bench, "matches", matches.jobs);
	chained_matches(chains, bench.random);
	both(bench, "chains", chains.jobs);
	whole_halves(halves, bench.random);
	both(bench, "halves", halves.jobs);
	random_rounds(bench);
	std::printf("%llu clocks\n", (unsigned long long)bench.clocks);
	return 0;
}
