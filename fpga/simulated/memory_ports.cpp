/* memory_ports.cpp - the card's memory behind AXI4 ports; see memory_ports.h.
 *
 * The order within a port is the order asked for. AXI's rules that a unit may break are looked at here and counted. */
#include "fpga/simulated/memory_ports.h"

#include <cstring>

static const uint32_t OKAY = 0, SLVERR = 2, DECERR = 3;
static const size_t BURSTS_MAX = 32; /* that a port holds before it takes no more addresses */
static const uint64_t PAGE_BYTES = 4096;

bool memory_setting::stalls()
{
	if (!config.stall_percent)
		return false;
	random ^= random << 13; /* xorshift64 (Marsaglia 2003) */
	random ^= random >> 7;
	random ^= random << 17;
	return (random >> 32) % 100 < config.stall_percent;
}

uint8_t *memory_setting::at(uint64_t address, uint32_t bytes) const
{
	const uint64_t offset = address - config.memory_address;

	return address >= config.memory_address && offset < config.memory_bytes && bytes <= config.memory_bytes - offset ? config.memory + offset : nullptr;
}

void byte_budget::tick(uint32_t bytes_per_clock_x10, uint32_t word_bytes)
{
	const uint32_t most = 10 * word_bytes + bytes_per_clock_x10;

	tenths += bytes_per_clock_x10;
	tenths = tenths > most ? most : tenths;
}

/* Whether an address channel broke a rule: a burst of other words, of wrong kind, or across a page. */
static bool breaks_rules(uint64_t address, uint32_t words, uint32_t size, uint32_t burst, uint32_t word_bytes)
{
	const uint64_t last = address + static_cast<uint64_t>(words) * word_bytes - 1;

	return (1u << size) != word_bytes || burst != 1 || address % word_bytes || address / PAGE_BYTES != last / PAGE_BYTES;
}

/* Looks that what was offered and not taken is offered again, unchanged. */
static bool takes_back(bool &was_offered, uint64_t &offered, bool valid, bool ready, uint64_t what)
{
	const bool broken = was_offered && (!valid || offered != what);

	was_offered = valid && !ready;
	offered = what;
	return broken;
}

void read_port::fetch()
{
	const axi_burst &burst = bursts.front();
	const uint8_t *from = setting.at(burst.address, word_bytes);

	rresp = fault.now(UNIT_FAULT_ERROR) ? SLVERR : from ? OKAY : DECERR;
	if (rresp == OKAY)
		std::memcpy(rdata, from, word_bytes);
	else
		std::memset(rdata, 0x0e, word_bytes); /* which the plan's table could hold */
	rlast = burst.words == 1;
}

void read_port::offer()
{
	budget.tick(setting.config.bytes_per_clock_x10, word_bytes);
	arready = !fault.hangs(UNIT_FAULT_HANG_ADDRESSES) && bursts.size() < BURSTS_MAX && !setting.stalls();
	if (rvalid) /* what is offered stays */
		return;
	rvalid = !fault.hangs(UNIT_FAULT_HANG_DATA) && !bursts.empty() && bursts.front().due <= setting.traffic->clocks && budget.suffices(word_bytes) && !setting.stalls();
	if (rvalid)
		fetch();
}

void read_port::take(bool arvalid, uint64_t araddr, uint32_t arlen, uint32_t arsize, uint32_t arburst, bool rready)
{
	unit_traffic *traffic = setting.traffic;

	traffic->broken_rules += takes_back(was_offered, offered, arvalid, arready, araddr ^ static_cast<uint64_t>(arlen) << 56);
	if (arvalid && arready) {
		traffic->broken_rules += breaks_rules(araddr, arlen + 1, arsize, arburst, word_bytes);
		bursts.push_back({ araddr, arlen + 1, traffic->clocks + setting.config.latency_clocks, false });
	}
	if (!rvalid || !rready)
		return;
	traffic->read_bytes[number] += word_bytes;
	traffic->answered_errors += rresp != OKAY;
	budget.spend(word_bytes);
	fault.word();
	rvalid = false;
	axi_burst &burst = bursts.front();
	traffic->failed_reads[number] += rresp != OKAY && !burst.failed;
	burst.failed |= rresp != OKAY;
	burst.address += word_bytes;
	if (--burst.words == 0)
		bursts.pop_front();
}

void read_port::forget()
{
	bursts.clear();
	rvalid = was_offered = false;
}

void write_port::offer()
{
	budget.tick(setting.config.bytes_per_clock_x10, word_bytes);
	awready = !fault.hangs(UNIT_FAULT_HANG_ADDRESSES) && bursts.size() < BURSTS_MAX && !setting.stalls();
	wready = !fault.hangs(UNIT_FAULT_HANG_DATA) && !bursts.empty() && budget.suffices(word_bytes) && !setting.stalls();
	if (bvalid)
		return;
	bvalid = !fault.hangs(UNIT_FAULT_HANG_ANSWERS) && !answers.empty() && answers.front().due <= setting.traffic->clocks && !setting.stalls();
	if (bvalid)
		bresp = answers.front().response;
}

void write_port::take_address(bool awvalid, uint64_t awaddr, uint32_t awlen, uint32_t awsize, uint32_t awburst)
{
	unit_traffic *traffic = setting.traffic;

	traffic->broken_rules += takes_back(was_offered, offered, awvalid, awready, awaddr ^ static_cast<uint64_t>(awlen) << 56);
	if (!awvalid || !awready)
		return;
	traffic->broken_rules += breaks_rules(awaddr, awlen + 1, awsize, awburst, word_bytes);
	bursts.push_back({ awaddr, awlen + 1, 0, false });
}

void write_port::take_word(bool wvalid, const uint8_t *wdata, uint64_t wstrb, bool wlast)
{
	if (held && (!wvalid || wstrb != held_strobes || std::memcmp(wdata, held_word, word_bytes)))
		setting.traffic->broken_rules++;
	held = wvalid && !wready;
	held_strobes = wstrb;
	std::memcpy(held_word, wdata, word_bytes);
	if (!wvalid || !wready)
		return;
	axi_burst &burst = bursts.front();
	uint8_t *to = setting.at(burst.address, word_bytes);

	if (fault.now(UNIT_FAULT_ERROR) || !to)
		response = to ? SLVERR : DECERR;
	else
		for (uint32_t i = 0; i < word_bytes; i++)
			to[i] = wstrb >> i & 1 ? wdata[i] : to[i];
	setting.traffic->written_bytes[number] += word_bytes;
	setting.traffic->broken_rules += wlast != (burst.words == 1);
	budget.spend(word_bytes);
	fault.word();
	burst.address += word_bytes;
	if (--burst.words)
		return;
	bursts.pop_front();
	setting.traffic->answered_errors += response != OKAY;
	answers.push_back({ setting.traffic->clocks + setting.config.latency_clocks, response });
	response = OKAY;
}

void write_port::take_answer(bool bready)
{
	if (!bvalid || !bready)
		return;
	setting.traffic->failed_writes[number] += bresp != OKAY;
	answers.pop_front();
	bvalid = false;
}

void write_port::forget()
{
	bursts.clear();
	answers.clear();
	response = OKAY;
	bvalid = was_offered = held = false;
}
