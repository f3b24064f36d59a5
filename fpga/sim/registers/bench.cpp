/* bench.cpp - registers against a model of the map in C++: reads and writes anywhere in any order of address and data, strobes, and whole jobs' handshakes. */
#include <map>

#include "Vregisters.h"
#include "fpga/registers.h"
#include "fpga/sim/bench.h"

static const int N_ACCESSES = 30000;
static const uint32_t MAX_WIDTH_DEFAULT = 8192;

/* What the registers hold, by the map. */
struct Map {
	uint32_t word[1024] = {};
	uint32_t c[64] = {};
	bool c_known[64] = {};
	bool start = false, done = false, ready = false, running = false;
	bool use = false, enable = false, status = false;
	uint32_t job_status = 0;
	uint64_t clocks = 0;
	uint32_t stages[48] = {}, events[8] = {}, errors[8] = {};

	uint32_t read(uint32_t at);
	void write(uint32_t at, uint32_t value, uint32_t strobes);
	void finish();
};

uint32_t Map::read(uint32_t at)
{
	at &= ~3u;
	switch (at) {
	case FPGA_REG_CTRL: {
		const uint32_t value = start | done << 1 | (!running && !start) << 2 | ready << 3;
		done = ready = false;
		return value;
	}
	case FPGA_REG_INTERRUPTS: return use;
	case FPGA_REG_INTERRUPT_ENABLE: return enable;
	case FPGA_REG_INTERRUPT_STATUS: return status;
	case FPGA_REG_IDENTITY: return 0x534c5543;
	case FPGA_REG_VERSION: return 1;
	case FPGA_REG_PIXEL_BITS: return PIXEL_BITS;
	case FPGA_REG_CORES: return CORES;
	case FPGA_REG_MAX_WIDTH: return MAX_WIDTH_DEFAULT;
	case FPGA_REG_STATUS: return job_status;
	case FPGA_REG_CLOCKS: return static_cast<uint32_t>(clocks);
	case FPGA_REG_CLOCKS + 4: return static_cast<uint32_t>(clocks >> 32);
	}
	if (at >= FPGA_REG_STAGE && at < FPGA_REG_STAGE + 4 * FPGA_ENTRIES_STAGE)
		return stages[(at - FPGA_REG_STAGE) / 4];
	if (at >= FPGA_REG_EVENTS && at < FPGA_REG_EVENTS + 4 * FPGA_ENTRIES_EVENTS)
		return events[(at - FPGA_REG_EVENTS) / 4];
	if (at >= FPGA_REG_ERRORS && at < FPGA_REG_ERRORS + 4 * FPGA_ENTRIES_ERRORS)
		return errors[(at - FPGA_REG_ERRORS) / 4];
	if (at >= FPGA_REG_C_Q16 && at < FPGA_REG_C_Q16 + 4 * FPGA_ENTRIES_C_Q16)
		return c[(at - FPGA_REG_C_Q16) / 4];
	return word[at / 4];
}

void Map::write(uint32_t at, uint32_t value, uint32_t strobes)
{
	uint32_t mask = 0, *to;

	at &= ~3u;
	for (int i = 0; i < 4; i++)
		mask |= (strobes >> i & 1) * 0xffu << 8 * i;
	if (strobes & 1) {
		if (at == FPGA_REG_CTRL && (value & 1) && !running)
			start = running = true;
		if (at == FPGA_REG_INTERRUPTS)
			use = value & 1;
		if (at == FPGA_REG_INTERRUPT_ENABLE)
			enable = value & 1;
		if (at == FPGA_REG_INTERRUPT_STATUS)
			status ^= value & 1;
	}
	if (running)
		return;
	if (at >= FPGA_REG_PAYLOAD && at <= FPGA_REG_WATCHDOG)
		to = &word[at / 4];
	else if (at >= FPGA_REG_C_Q16 && at < FPGA_REG_C_Q16 + 4 * FPGA_ENTRIES_C_Q16)
		to = &c[(at - FPGA_REG_C_Q16) / 4];
	else
		return;
	*to = (*to & ~mask) | (value & mask);
}

void Map::finish()
{
	done = ready = true;
	start = running = false;
	status |= enable;
}

class Host {
public:
	Bench<Vregisters> bench;
	Map map;
	uint32_t passed_on[64] = {}; /* C, as the dispersion stage sees it */

	void clock();
	uint32_t read(uint32_t at);
	void write(uint32_t at, uint32_t value, uint32_t strobes);
	void write_all_of_c();
	void end_job();
	void compare();
	int starts = 0;
};

void Host::clock()
{
	bench.settle();
	starts += bench->start;
	if (bench->c_write)
		passed_on[bench->c_index] = bench->c_value;
	bench.edge();
}

uint32_t Host::read(uint32_t at)
{
	const uint32_t delay = bench.random.below(4);
	bool address = true;

	bench->s_araddr = at;
	for (uint32_t i = 0;; i++) {
		bench->s_arvalid = address;
		bench->s_rready = i >= delay + 3;
		bench.settle();
		if (address && bench->s_arready)
			address = false;
		const bool answer = bench->s_rvalid && bench->s_rready;
		const uint32_t value = bench->s_rdata;
		CHECK(!bench->s_rvalid || bench->s_rresp == 0, "an error answer to a read of 0x%x", at);
		clock();
		if (answer) {
			bench->s_rready = 0;
			return value;
		}
		CHECK(i < 100, "no answer to a read of 0x%x", at);
	}
}

void Host::write(uint32_t at, uint32_t value, uint32_t strobes)
{
	const uint32_t address_at = bench.random.below(6), data_at = bench.random.below(6), take_at = bench.random.below(12);
	bool address = true, data = true;

	bench->s_awaddr = at;
	bench->s_wdata = value;
	bench->s_wstrb = strobes;
	for (uint32_t i = 0;; i++) {
		bench->s_awvalid = address && i >= address_at;
		bench->s_wvalid = data && i >= data_at;
		bench->s_bready = i >= take_at;
		bench.settle();
		address &= !(bench->s_awvalid && bench->s_awready);
		data &= !(bench->s_wvalid && bench->s_wready);
		const bool answer = bench->s_bvalid && bench->s_bready;
		CHECK(!bench->s_bvalid || (!address && !data), "an answer before the write was whole");
		CHECK(!bench->s_bvalid || bench->s_bresp == 0, "an error answer to a write of 0x%x", at);
		clock();
		if (answer) {
			bench->s_awvalid = bench->s_wvalid = bench->s_bready = 0;
			return;
		}
		CHECK(i < 100, "no answer to a write of 0x%x", at);
	}
}

/* The table's memory has no reset. */
void Host::write_all_of_c()
{
	for (uint32_t i = 0; i < FPGA_ENTRIES_C_Q16; i++) {
		const uint32_t value = static_cast<uint32_t>(bench.random.next());
		write(FPGA_REG_C_Q16 + 4 * i, value, 15);
		map.write(FPGA_REG_C_Q16 + 4 * i, value, 15);
	}
}

/* The unit ends the job, with new counts. */
void Host::end_job()
{
	for (int i = 0; i < 3; i++) /* a job takes some clocks */
		clock();
	CHECK_EQUAL(starts, 1, "starts of one job");
	starts = 0;
	map.job_status = static_cast<uint32_t>(bench.random.next());
	map.clocks = bench.random.next();
	for (uint32_t &n : map.stages)
		n = static_cast<uint32_t>(bench.random.next());
	for (uint32_t &n : map.events)
		n = static_cast<uint32_t>(bench.random.next());
	for (uint32_t &n : map.errors)
		n = static_cast<uint32_t>(bench.random.next());
	bench->status = map.job_status;
	bench->clocks = map.clocks;
	bench_put(bench->stages, map.stages, sizeof map.stages);
	bench_put(bench->events, map.events, sizeof map.events);
	bench_put(bench->errors, map.errors, sizeof map.errors);
	bench->done = 1;
	clock();
	bench->done = 0;
	map.finish();
}

void Host::compare()
{
	uint32_t cfg[40];

	bench.settle();
	bench_get(cfg, bench->cfg, sizeof cfg);
	for (uint32_t i = FPGA_REG_PAYLOAD / 4; i <= FPGA_REG_WATCHDOG / 4; i++)
		CHECK_EQUAL(cfg[i], map.word[i], "register 0x%x as the stages see it", 4 * i);
	for (uint32_t i = 0; i < 64; i++)
		CHECK_EQUAL(passed_on[i], map.c[i] & 0x3fffffff, "C[%u] as dispersion sees it", i);
	CHECK_EQUAL(bench->irq, map.use && map.status, "the interrupt line");
}

static uint32_t some_address(Random &random)
{
	const uint32_t known[] = { FPGA_REG_CTRL, FPGA_REG_INTERRUPTS, FPGA_REG_INTERRUPT_ENABLE, FPGA_REG_INTERRUPT_STATUS };

	switch (random.below(5)) {
	case 0: return known[random.below(4)];
	case 1: return random.below(4096);
	case 2: return FPGA_REG_C_Q16 + random.below(4 * FPGA_ENTRIES_C_Q16);
	case 3: return FPGA_REG_STAGE + random.below(FPGA_REG_C_Q16 - FPGA_REG_STAGE);
	default: return random.below(FPGA_REG_CLOCKS + 16);
	}
}

int main()
{
	Host host;
	Random &random = host.bench.random;
	Vregisters &top = *host.bench;
	int jobs = 0;

	host.bench.limit = 10'000'000;
	top.s_awvalid = top.s_wvalid = top.s_arvalid = top.s_bready = top.s_rready = top.done = 0;
	top.status = 0;
	top.clocks = 0;
	bench_put(top.stages, host.map.stages, sizeof host.map.stages);
	bench_put(top.events, host.map.events, sizeof host.map.events);
	bench_put(top.errors, host.map.errors, sizeof host.map.errors);
	host.bench.reset();
	host.write_all_of_c();
	for (int i = 0; i < N_ACCESSES; i++) {
		const uint32_t at = some_address(random);
		if (random.chance(50)) {
			const uint32_t value = static_cast<uint32_t>(random.next()), strobes = random.chance(70) ? 15 : random.below(16);
			host.write(at, value, strobes);
			host.map.write(at, value, strobes);
		} else {
			const uint32_t wanted = host.map.read(at);
			CHECK_EQUAL(host.read(at), wanted, "register 0x%x", at);
		}
		if (random.chance(10))
			host.clock();
		if (host.map.running && random.chance(10)) {
			host.end_job();
			jobs++;
		}
		if (random.chance(20))
			host.compare();
	}
	CHECK(jobs > 100, "only %d jobs", jobs);
	std::printf("%d accesses, %d jobs\n", N_ACCESSES, jobs);
	return 0;
}
