/* fields.h - numbers of any width, packed one behind the other, in and out of a port's bytes: for benches of modules with such vectors. */
#ifndef FPGA_SIM_FIELDS_H
#define FPGA_SIM_FIELDS_H

#include <cstddef>
#include <cstdint>

/* Of at most 64 bits; the first bit of all is the lowest of the first byte. */
inline void field_put(uint8_t *bytes, size_t at_bit, unsigned bits, uint64_t value)
{
	for (unsigned i = 0; i < bits; i++, at_bit++) {
		const uint8_t bit = static_cast<uint8_t>(1u << at_bit % 8);
		bytes[at_bit / 8] = static_cast<uint8_t>(value >> i & 1 ? bytes[at_bit / 8] | bit : bytes[at_bit / 8] & ~bit);
	}
}

/* Of at most 64 bits, all ones. */
inline uint64_t field_ones(unsigned bits)
{
	return bits == 0 ? 0 : ~0ull >> (64 - bits);
}

#endif
