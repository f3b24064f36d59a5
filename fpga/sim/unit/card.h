/* card.h - one simulated unit with its card memory, as the bench of the whole unit drives it: a job in, a record out.
 *
 * Written from fpga/README.md alone and not from the engine's code, so that a mistake there is not repeated here. */
#ifndef FPGA_SIM_UNIT_CARD_H
#define FPGA_SIM_UNIT_CARD_H

#include "fpga/sim/bench.h"
#include "fpga/simulated/unit_model.h"

REFERENCE_BEGIN
#include "kernels/codec.h"
#include "kernels/plan.h"
REFERENCE_END

/* A frame as the host has it. */
struct Frame {
	image_shape shape;
	std::vector<uint32_t> pixels;
	std::vector<uint8_t> payload_bytes;
	payload compressed;
	block_table blocks;
	std::vector<uint32_t> offsets;
};

struct JobOptions {
	bool strong = true, radial = true;
	uint32_t watchdog = 40000; /* clocks */
	uint32_t wild = 0;         /* the register (of an address) that leads out of the card's memory; 0: none */
};

/* What the unit wrote, parsed. */
struct Record {
	uint32_t job, status, n_blocks, n_bad, n_valid, n_nodata, n_saturated, max, max_index, n_strong;
	uint64_t sum;
	uint32_t clocks, n_pixels, first_bad, n_bins;
	std::vector<uint64_t> bin_sum;
	std::vector<uint32_t> bin_count;
	std::vector<uint32_t> index, value; /* of the list, as many as there may be */
};

/* Blocks that cannot be by their offsets, others that are refused, strong pixels past the list's room, and whether the watchdog gave the job up. */
struct Errors {
	uint32_t splitter, decode, beyond, given_up;
};

enum { STATUS_DAMAGED = 1, STATUS_LIST_FULL = 2, STATUS_WATCHDOG = 4, STATUS_PORT_ERROR = 8 };

class Card {
public:
	Card(Random &random, uint32_t pixel_bits, uint32_t latency_clocks, uint32_t stall_percent);
	~Card();
	unit_model *model = nullptr;

	uint32_t get(uint32_t offset);
	void set(uint32_t offset, uint32_t value);
	/* The plan's table and constants. */
	void load(const plan &plan);
	/* Writes the job and starts it. */
	void start(const plan &plan, const Frame &frame, const JobOptions &options);
	/* Runs until its end; fails the bench where it does not come. */
	void wait();
	/* Of the job that has ended. Looks that nothing was written where nothing belongs. */
	Record record(const plan &plan);
	/* What the unit says of the last job's errors: at the ports those that the memory has answered with since start(), besides these. */
	void check_errors(const Errors &wanted);
	/* Of a job however it has ended: that nothing was written but what may be its record and list; or nothing at all. */
	void check_outside(const plan &plan) const;
	void check_nothing_written() const;
	/* What small frames may have as record and list, as it is now. */
	std::vector<uint8_t> record_and_list() const;
	uint64_t clocks() const;

private:
	std::vector<uint8_t> memory;
	unit_traffic before{}; /* the last start() */
	std::vector<uint8_t> laid_down; /* what the host wrote for the job, as far as small frames go */
	uint32_t lanes, job = 0;

	void set64(uint32_t offset, uint64_t value);
	void put_addresses(uint32_t wild);
	void put_frame(const Frame &frame);
	void put_settings(const plan &plan, const JobOptions &options);
	std::vector<uint8_t> what_is_laid_down() const;
	bool untouched(size_t from, size_t to) const;
};

#endif
