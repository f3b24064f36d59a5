/* memory_ports.h - the card's memory as a unit's AXI4 ports see it: latency, a limit of bytes per clock, random stalls, errors.
 *
 * For unit_model.cpp (C++). A port is asked once a clock what it drives (offer), then told what the unit drove (take). */
#ifndef FPGA_SIMULATED_MEMORY_PORTS_H
#define FPGA_SIMULATED_MEMORY_PORTS_H

#include <cstdint>
#include <deque>

#include "fpga/simulated/unit_model.h"

/* What all ports of a model share. */
struct memory_setting {
	unit_model_config config;
	unit_traffic *traffic;
	uint64_t random; /* state of the stalls */

	/* Whether a channel does nothing in this clock. */
	bool stalls();
	/* The place of these bytes, or NULL where they are not all memory. */
	uint8_t *at(uint64_t address, uint32_t bytes) const;
};

/* Bytes that a direction of a port may still move, in tenths. */
class byte_budget {
public:
	void tick(uint32_t bytes_per_clock_x10, uint32_t word_bytes);
	bool suffices(uint32_t word_bytes) const { return tenths >= 10 * word_bytes; }
	void spend(uint32_t word_bytes) { tenths -= 10 * word_bytes; }

private:
	uint32_t tenths = 0;
};

/* What goes wrong after how many words. */
struct port_fault {
	unit_fault kind = UNIT_FAULT_NONE;
	uint64_t after_words = 0;

	bool now(unit_fault which) const { return kind == which && after_words == 0; }
	bool hangs(unit_fault channel) const { return now(UNIT_FAULT_HANG) || now(channel); }
	void word() { after_words -= after_words != 0; }
};

struct axi_burst {
	uint64_t address;
	uint32_t words;
	uint64_t due; /* clock */
	bool failed;  /* of one that is read: a word was answered with an error */
};

/* Channels AR and R. */
class read_port {
public:
	read_port(memory_setting &setting_, unit_port number_, uint32_t word_bytes_) : setting(setting_), number(number_), word_bytes(word_bytes_) {}
	port_fault fault;
	/* driven by the memory */
	bool arready = false, rvalid = false, rlast = false;
	uint32_t rresp = 0;
	uint8_t rdata[64] = {};

	void offer();
	void take(bool arvalid, uint64_t araddr, uint32_t arlen, uint32_t arsize, uint32_t arburst, bool rready);
	void forget();

private:
	memory_setting &setting;
	unit_port number;
	uint32_t word_bytes;
	byte_budget budget;
	std::deque<axi_burst> bursts;
	bool was_offered = false;
	uint64_t offered = 0;

	void fetch();
};

/* Channels AW, W and B. */
class write_port {
public:
	write_port(memory_setting &setting_, unit_port number_, uint32_t word_bytes_) : setting(setting_), number(number_), word_bytes(word_bytes_) {}
	port_fault fault;
	bool awready = false, wready = false, bvalid = false;
	uint32_t bresp = 0;

	void offer();
	void take_address(bool awvalid, uint64_t awaddr, uint32_t awlen, uint32_t awsize, uint32_t awburst);
	void take_word(bool wvalid, const uint8_t *wdata, uint64_t wstrb, bool wlast);
	void take_answer(bool bready);
	void forget();

private:
	struct answer {
		uint64_t due;
		uint32_t response;
	};
	memory_setting &setting;
	unit_port number;
	uint32_t word_bytes;
	byte_budget budget;
	std::deque<axi_burst> bursts;
	std::deque<answer> answers;
	uint32_t response = 0; /* of the burst under way */
	bool was_offered = false, held = false; /* an address, a word that was not taken */
	uint64_t offered = 0, held_strobes = 0;
	uint8_t held_word[64] = {};
};

#endif
