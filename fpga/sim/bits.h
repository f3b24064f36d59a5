/* bits.h - fields of up to 64 bits in ports of any width or in bytes, for benches of modules whose numbers are no whole bytes.
 *
 * Benches only. Bit 0 is a port's lowest; what a bench never puts stays as it is. */
#ifndef FPGA_SIM_BITS_H
#define FPGA_SIM_BITS_H

#include <algorithm>

#include "fpga/sim/bench.h"

static inline uint64_t bits_largest(unsigned n)
{
	return n < 64 ? (1ull << n) - 1 : ~0ull;
}

/* Bits first to first + n - 1. */
template <class Port> inline uint64_t bits_get(const Port &port, unsigned first, unsigned n)
{
	unsigned __int128 around = 0;
	const size_t byte = first / 8;

	std::memcpy(&around, reinterpret_cast<const uint8_t *>(&port) + byte, std::min(sizeof port - byte, sizeof around));
	return static_cast<uint64_t>(around >> first % 8) & bits_largest(n);
}

template <class Port> inline void bits_put(Port &port, unsigned first, unsigned n, uint64_t value)
{
	unsigned __int128 around = 0;
	uint8_t *const at = reinterpret_cast<uint8_t *>(&port) + first / 8;
	const size_t size = std::min(sizeof port - first / 8, sizeof around);

	std::memcpy(&around, at, size);
	around &= ~(static_cast<unsigned __int128>(bits_largest(n)) << first % 8);
	around |= static_cast<unsigned __int128>(value & bits_largest(n)) << first % 8;
	std::memcpy(at, &around, size);
}

#endif
