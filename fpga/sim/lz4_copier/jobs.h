/* jobs.h - blocks as lz4_parser tells lz4_copier of them, step by step, and the bytes that they are: for the bench of lz4_copier alone. */
#ifndef FPGA_SIM_LZ4_COPIER_JOBS_H
#define FPGA_SIM_LZ4_COPIER_JOBS_H

#include <algorithm>
#include <array>

#include "fpga/sim/halves.h"

using Bytes = std::vector<uint8_t>;

enum StepKind { STEP_LITERALS, STEP_MATCH, STEP_END };

struct Step {
	unsigned kind, count, phase;
	std::array<uint8_t, 16> data;
};

/* A block: its steps, the end among them, and what they make. */
struct Job {
	std::vector<Step> steps;
	Bytes bytes;
	unsigned said = 0;   /* bytes, as the end says */
	unsigned chunks = 0; /* that lz4_copier makes of the steps, of 16 bytes at most */
	bool refused = false;
};

/* Writes one job after the other. A step for which there is no room in a job begins the next one. */
class Script {
public:
	std::vector<Job> jobs;

	explicit Script(Random &random_) : random(random_) {}
	unsigned made() const { return static_cast<unsigned>(now.bytes.size()); }
	unsigned left() const { return Halves::BYTES - made(); }

	/* 1 to 16 bytes, which lie in the step's word from byte `phase` on, going around. */
	void literals(unsigned n, unsigned phase)
	{
		Step step = anything(STEP_LITERALS);

		step.count = n;
		step.phase = phase;
		for (unsigned i = 0; i < n; i++)
			now.bytes.push_back(step.data[(phase + i) % 16]);
		push(step, 1);
	}
	void some_literals(unsigned n)
	{
		for (; n; n -= std::min(n, 16u))
			literals(std::min(n, 16u), random.below(16));
	}
	/* Byte by byte, as LZ4 has it; offset 0 makes zeros. The offset is one within the block. */
	void match(unsigned length, unsigned offset)
	{
		for (unsigned i = 0; i < length; i++)
			now.bytes.push_back(offset ? now.bytes[now.bytes.size() - offset] : 0);
		put_match(length, offset);
	}
	/* What no good block has: any length, from anywhere. */
	void wild_match() { put_match(random.chance(50) ? random.below(100) : random.below(1 << 14), random.below(1 << 13)); }
	/* The end, as of a good block. */
	void end() { end(false, made()); }
	/* The end of one that is refused: what it was to become has nothing to do with what it is. */
	void refuse() { end(true, random.below(Halves::BYTES + 1)); }
	/* Sees to it that so many bytes find room, with at least `before` bytes in front of them, the next one at byte `lane` of a word. */
	void prepare(unsigned n, unsigned before, unsigned lane)
	{
		if (left() < n + 16)
			end();
		if (made() < before)
			some_literals(before - made());
		some_literals((lane - made()) % 16);
	}

private:
	Random &random;
	Job now;

	Step anything(unsigned kind)
	{
		Step step = { kind, random.below(32), random.below(16), {} };

		for (uint8_t &byte : step.data)
			byte = static_cast<uint8_t>(random.next());
		return step;
	}
	void push(const Step &step, unsigned chunks)
	{
		now.steps.push_back(step);
		now.chunks += chunks;
	}
	/* The low bits of a step's word, and anything above them. */
	void push_word(unsigned kind, uint32_t value, uint32_t bits, unsigned chunks)
	{
		Step step = anything(kind);
		uint32_t word;

		std::memcpy(&word, step.data.data(), sizeof word);
		word = (word >> bits << bits) | value;
		std::memcpy(step.data.data(), &word, sizeof word);
		push(step, chunks);
	}
	void put_match(unsigned length, unsigned offset)
	{
		push_word(STEP_MATCH, length | offset << 14, 27, std::max((length + 15) / 16, 1u));
	}
	void end(bool refused, unsigned said)
	{
		now.refused = refused;
		now.said = said;
		push_word(STEP_END, said | static_cast<unsigned>(refused) << 14, 15, 1);
		jobs.push_back(now);
		now = {};
	}
};

#endif
