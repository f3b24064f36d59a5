/* bench.cpp - unshuffle against codec_bitshuffle: random pixels as planes in a memory of two halves, out as the same pixels.
 *
 * Blocks of all lengths, the memory answering two clocks later, `room` coming and going; the promise that a group behind `room` is no more than 32 beats. */
#include "Vunshuffle.h"
#include "fpga/sim/blocks.h"

static const unsigned LANES = 512 / PIXEL_BITS, PROMISE = 32;

struct Planes {
	Bytes pixels, planes;
	bool error;
};

class Pass {
public:
	Pass(Bench<Vunshuffle> &bench_, unsigned pixel_bytes_, uint32_t stall) : bench(bench_), pixel_bytes(pixel_bytes_), rooms(bench_.random, stall), blocks_in(bench_.random, stall) {}
	std::vector<Planes> blocks;

	void run()
	{
		bench->cfg_element_log2 = pixel_bytes == 1 ? 0 : pixel_bytes == 2 ? 1 : 2;
		while (n_out < blocks.size() || n_released < blocks.size()) {
			load();
			const bool may = n_in < n_loaded;
			offered = may && (offered || blocks_in.go());
			bench->block_valid = offered;
			bench->block_bytes = may ? static_cast<unsigned>(blocks[n_in].planes.size()) : 0x1555;
			bench->block_error = may && blocks[n_in].error;
			bench->room = rooms.go();
			bench_put(bench->even_data, answers[1].data(), 16);
			bench_put(bench->odd_data, answers[1].data() + 16, 16);
			bench.settle();
			if (offered && bench->block_ready) {
				n_in++;
				offered = false;
			}
			since_room = bench->room ? 0 : since_room + bench->out_valid;
			CHECK(since_room <= PROMISE, "%u beats without room", since_room);
			if (bench->out_valid)
				take();
			read();
			bench.edge();
		}
		CHECK_EQUAL(n_in, blocks.size(), "blocks taken");
	}

private:
	Bench<Vunshuffle> &bench;
	unsigned pixel_bytes, since_room = 0, at = 0;
	Stalls rooms, blocks_in;
	bool offered = false;
	size_t n_loaded = 0, n_in = 0, n_out = 0, n_released = 0;
	Bytes memory[2] = { Bytes(BLOCK_BYTES_MAX), Bytes(BLOCK_BYTES_MAX) };
	std::array<uint8_t, 32> answers[2] = {};

	/* A half is overwritten as soon as it is free. Half 0 comes first after each reset only, so the bench sends an even number of blocks. */
	void load()
	{
		if (n_loaded == blocks.size() || n_loaded == n_released + 2)
			return;
		for (uint8_t &byte : memory[n_loaded & 1])
			byte = static_cast<uint8_t>(bench.random.next());
		std::copy(blocks[n_loaded].planes.begin(), blocks[n_loaded].planes.end(), memory[n_loaded & 1].begin());
		n_loaded++;
	}
	void read()
	{
		answers[1] = answers[0];
		std::memcpy(answers[0].data(), &memory[bench->read_half][32 * bench->read_even], 16);
		std::memcpy(answers[0].data() + 16, &memory[bench->read_half][32 * bench->read_odd + 16], 16);
		n_released += bench->release_half;
	}
	void take()
	{
		uint8_t data[64];

		CHECK(n_out < n_in, "a beat of no block");
		const Planes &block = blocks[n_out];
		const unsigned n_pixels = static_cast<unsigned>(block.pixels.size()) / pixel_bytes, count = std::min(LANES, n_pixels - at);
		bench_get(data, bench->out_data, 64);
		CHECK_EQUAL(bench->out_count, count, "block %zu, pixel %u of %u", n_out, at, n_pixels);
		CHECK_EQUAL(bench->out_last, at + count == n_pixels, "block %zu, pixel %u of %u", n_out, at, n_pixels);
		CHECK_EQUAL(bench->out_error, bench->out_last && block.error, "block %zu, pixel %u of %u", n_out, at, n_pixels);
		for (unsigned i = 0; i < count; i++) {
			uint32_t got = 0, wanted = 0;
			std::memcpy(&got, data + i * PIXEL_BITS / 8, PIXEL_BITS / 8);
			std::memcpy(&wanted, &block.pixels[(at + i) * pixel_bytes], pixel_bytes);
			CHECK_EQUAL(got, wanted, "block %zu, pixel %u of %u", n_out, at + i, n_pixels);
		}
		at += count;
		if (bench->out_last) {
			n_out++;
			at = 0;
		}
	}
};

static Planes random_planes(Random &random, unsigned pixel_bytes, unsigned out_bytes)
{
	Planes block;

	block.pixels.resize(out_bytes);
	block.planes.resize(out_bytes);
	for (uint8_t &byte : block.pixels)
		byte = static_cast<uint8_t>(random.next());
	codec_bitshuffle(block.planes.data(), block.pixels.data(), out_bytes / pixel_bytes, pixel_bytes);
	block.error = random.chance(20);
	return block;
}

int main()
{
	Bench<Vunshuffle> bench;

	bench.limit = 5'000'000;
	bench->block_valid = bench->room = 0;
	bench.reset();
	for (unsigned pixel_bytes = PIXEL_BITS == 32 ? 4 : 1; pixel_bytes <= PIXEL_BITS / 8; pixel_bytes *= 2) {
		Pass whole(bench, pixel_bytes, 0);
		for (int i = 0; i < 20; i++)
			whole.blocks.push_back(random_planes(bench.random, pixel_bytes, BLOCK_BYTES_MAX));
		const uint64_t begin = bench.clocks;
		whole.run();
		std::printf("u%u: %.0f clocks per block of 8192 bytes\n", 8 * pixel_bytes, static_cast<double>(bench.clocks - begin) / 20);
		for (uint32_t stall = 0; stall <= 80; stall += 20) {
			Pass pass(bench, pixel_bytes, stall);
			for (int i = 0; i < 200; i++)
				pass.blocks.push_back(random_planes(bench.random, pixel_bytes, any_length(bench.random, 8 * pixel_bytes)));
			pass.run();
		}
	}
	std::printf("%llu clocks\n", static_cast<unsigned long long>(bench.clocks));
	return 0;
}
