// lz4_decoder.sv - one LZ4 block after the other, of up to 8192 bytes each: parser, queue of steps, copier.
//
// A command (bytes of the block, bytes it must become) and its words, lowest byte first, become writes to one half of a memory of
// 2 x 8192 bytes behind (lz4_copier tells how it is laid out) and a `done_valid`, up to 16 bytes per clock. The parser is ahead by up to
// some 500 steps, far into the next block: it gains where long matches are copied, as in the high planes of a block, what it loses where
// sequences are short, as in the low ones. A block is refused (`done_error`) exactly where LZ4_decompress_safe refuses it or makes another
// number of bytes; its words are taken all the same, and the half of the memory that it has holds anything then. `release_half`: the
// oldest half that is done has been read.

module lz4_decoder #(
	parameter bit [15:0] WATCHDOG = 16'hffff,
	parameter int QUEUE_LOG2 = 9              // of steps
) (
	input  logic         clk,
	input  logic         rst,
	input  logic         cmd_valid,
	output logic         cmd_ready,
	input  logic [14:0]  cmd_in_bytes,
	input  logic [13:0]  cmd_out_bytes,
	input  logic         in_valid,
	output logic         in_ready,
	input  logic [127:0] in_data,
	input  logic         release_half,
	output logic [31:0]  out_enable,
	output logic [7:0]   out_even,
	output logic [7:0]   out_odd,
	output logic [127:0] out_data,
	output logic         out_half,
	output logic         done_valid,
	output logic [13:0]  done_bytes,
	output logic         done_error
);
	logic room, push, step_valid, step_ready;
	logic [138:0] pushed, step;
	logic [QUEUE_LOG2:0] level;
	/* verilator lint_off UNUSEDSIGNAL */ // `room` keeps the queue from being full
	logic queue_ready;
	/* verilator lint_on UNUSEDSIGNAL */

	always_ff @(posedge clk)
		room <= level < (QUEUE_LOG2 + 1)'(2**QUEUE_LOG2 - 4);

	lz4_parser #(.WATCHDOG(WATCHDOG)) parser (
		.clk, .rst, .cmd_valid, .cmd_ready, .cmd_in_bytes, .cmd_out_bytes, .in_valid, .in_ready, .in_data, .room,
		.out_valid(push), .out_kind(pushed[138:137]), .out_count(pushed[136:132]), .out_phase(pushed[131:128]),
		.out_data(pushed[127:0]));

	fifo #(.WIDTH(139), .DEPTH_LOG2(QUEUE_LOG2)) steps (
		.clk, .rst, .in_valid(push), .in_ready(queue_ready), .in_data(pushed),
		.out_valid(step_valid), .out_ready(step_ready), .out_data(step), .level);

	lz4_copier copier (
		.clk, .rst, .in_valid(step_valid), .in_ready(step_ready), .in_kind(step[138:137]), .in_count(step[136:132]),
		.in_phase(step[131:128]), .in_data(step[127:0]), .release_half,
		.out_enable, .out_even, .out_odd, .out_data, .out_half, .done_valid, .done_bytes, .done_error);

`ifdef PROVE_LZ4_DECODER
`include "lz4_decoder.svh"
`endif
endmodule
