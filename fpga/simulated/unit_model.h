/* unit_model.h - one unit of the FPGA engine, simulated clock by clock, before a model of the card's memory.
 *
 * For the simulated device and the unit's bench; plain C, implemented in C++ around Verilator's model (library sluice_fpga_model). A model
 * is used by one thread at a time; several models may run in several threads. The card's memory is the caller's: models that are given the
 * same memory are units of one card. What the caller writes there before a job is started is what the unit reads. */
#ifndef FPGA_SIMULATED_UNIT_MODEL_H
#define FPGA_SIMULATED_UNIT_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct unit_model;

/* The memory ports of a unit. */
enum unit_port {
	UNIT_PORT_PAYLOAD, /* 128 bits, read */
	UNIT_PORT_TABLE,   /* 512 bits (PIXEL_BITS 16) or 256 (32), read */
	UNIT_PORT_RECORD,  /* 128 bits: reads offsets, writes record and list */
};
#define UNIT_PORTS 3

struct unit_model_config {
	uint32_t pixel_bits;      /* 16: u8 and u16; 32: u32 */
	uint8_t *memory;          /* the caller's, until close */
	uint64_t memory_bytes;
	uint64_t memory_address;  /* of its first byte, as the unit sees it; a multiple of 4096. Outside: DECERR, and nothing is written */
	uint32_t latency_clocks;  /* from a read's address to its first word, from a write's last word to its answer; 0: 128 */
	uint32_t bytes_per_clock_x10; /* a port's limit, each way, in tenths; 0: 576, a channel of HBM2 (14.4 GB/s) at 250 MHz */
	uint32_t stall_percent;   /* of clocks, at random, in which a channel of a port does nothing; at most 90 */
	uint64_t seed;            /* of the stalls, and of what no reset of the design sets */
};

/* -EINVAL: what config says is impossible; -ENOMEM. The unit is out of reset afterwards, with no job. */
int unit_model_open(struct unit_model **out, const struct unit_model_config *config);
void unit_model_close(struct unit_model **model);
/* Pulls the unit's reset; registers and counters are 0 afterwards, memory and clocks stay. What the memory owed it is forgotten. */
void unit_model_reset(struct unit_model *model);

/* Registers by AXI4-Lite, as the host does it (registers.h); takes some clocks each. 0, or -EIO: an error answer, or none within 1000 clocks. */
int unit_model_set(struct unit_model *model, uint32_t offset, uint32_t value);
int unit_model_get(struct unit_model *model, uint32_t offset, uint32_t *value);

/* Runs until the interrupt line is up (INTERRUPTS and INTERRUPT_ENABLE set before) or max_clocks have passed. Returns whether it is up. */
bool unit_model_run(struct unit_model *model, uint64_t max_clocks);

/* Since open. */
struct unit_traffic {
	uint64_t clocks;
	uint64_t read_bytes[UNIT_PORTS], written_bytes[UNIT_PORTS];
	uint64_t answered_errors; /* of any port */
	uint64_t failed_reads[UNIT_PORTS], failed_writes[UNIT_PORTS]; /* bursts with an error in their answer, as soon as it is given */
	uint64_t broken_rules;    /* of AXI, by the unit: bursts across 4 kB, last words marked wrongly, offers taken back. Not 0: the design is wrong */
};
void unit_model_traffic(const struct unit_model *model, struct unit_traffic *out);

/* What goes wrong with a port, from now on, after some more words (0: at once); for tests. */
enum unit_fault {
	UNIT_FAULT_NONE,
	UNIT_FAULT_ERROR, /* SLVERR */
	UNIT_FAULT_HANG,  /* it takes and answers nothing any more */
	/* one of its channels hangs */
	UNIT_FAULT_HANG_ADDRESSES, /* AR, AW */
	UNIT_FAULT_HANG_DATA,      /* R, W */
	UNIT_FAULT_HANG_ANSWERS,   /* B */
};
void unit_model_fault(struct unit_model *model, enum unit_port port, enum unit_fault fault, uint64_t after_words);

#ifdef __cplusplus
}
#endif

#endif
