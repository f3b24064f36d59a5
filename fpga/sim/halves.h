/* halves.h - the memory behind lz4_copier, as the benches of it and of lz4_decoder have it: two halves of 8192 bytes, laid out as lz4_copier.sv says.
 *
 * A half belongs to the design until a block is done, then to the reader until it lets go: what is written to it meanwhile fails the bench. Benches only. */
#ifndef FPGA_SIM_HALVES_H
#define FPGA_SIM_HALVES_H

#include "fpga/sim/bench.h"

struct Halves {
	static const unsigned BYTES = 8192;

	uint8_t bytes[2][BYTES] = {};
	bool reading[2] = { false, false };

	/* Once a clock, after settle(); how many bytes are written. Model: what has the ports out_*. */
	template <class Model> unsigned write(const Model &m)
	{
		uint8_t data[16];
		unsigned n = 0;

		if (!m.out_enable)
			return 0;
		CHECK(!reading[m.out_half], "it writes to the half that is being read");
		bench_get(data, m.out_data, 16);
		for (unsigned lane = 0; lane < 16; lane++) {
			CHECK((m.out_enable >> lane & 0x10001) != 0x10001, "lane %u is written to both banks", lane);
			if (m.out_enable >> lane & 1)
				bytes[m.out_half][32 * m.out_even + lane] = data[lane];
			if (m.out_enable >> lane & 0x10000)
				bytes[m.out_half][32 * m.out_odd + 16 + lane] = data[lane];
			n += (m.out_enable >> lane & 0x10001) != 0;
		}
		return n;
	}
};

#endif
