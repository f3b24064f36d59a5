// decode_core.sv - compressed blocks in, beats of pixels out: lz4_decoder and unshuffle with the buffers before, between and behind them.
//
// Commands and words may come ahead: 8 commands, 8 kB. A block is decoded into one half of a memory while the last one is unshuffled from
// the other. Up to 512 beats wait behind, two blocks of u8 or four of other pixels, so that a block can be taken in one go while those
// of other cores come about. A refused block gives as many beats as any, with out_error on the last.

module decode_core #(
	parameter int PIXEL_BITS = 16,
	parameter bit [15:0] WATCHDOG = 16'hffff // clocks of work at one block, past which it is refused
) (
	input  logic         clk,
	input  logic         rst,
	input  logic [1:0]   cfg_element_log2,
	input  logic         cmd_valid,
	output logic         cmd_ready,
	input  logic [14:0]  cmd_in_bytes,
	input  logic [13:0]  cmd_out_bytes,
	input  logic         in_valid,
	output logic         in_ready,
	input  logic [127:0] in_data,
	output logic         out_valid,
	input  logic         out_ready,
	output logic [511:0] out_data,
	output logic [5:0]   out_count,
	output logic         out_last,
	output logic         out_error
);
	localparam int OUT_LOG2 = 9;

	logic command_valid, command_ready, word_valid, word_ready;
	logic [14:0] command_in_bytes;
	logic [13:0] command_out_bytes;
	logic [127:0] word;
	/* verilator lint_off UNUSEDSIGNAL */ // how full the queues are that hold up by themselves
	logic [3:0] commands_level;
	logic [9:0] words_level;
	logic [1:0] blocks_level;
	/* verilator lint_on UNUSEDSIGNAL */

	fifo #(.WIDTH(29), .DEPTH_LOG2(3)) cmd_queue (
		.clk, .rst, .in_valid(cmd_valid), .in_ready(cmd_ready), .in_data({cmd_in_bytes, cmd_out_bytes}),
		.out_valid(command_valid), .out_ready(command_ready), .out_data({command_in_bytes, command_out_bytes}), .level(commands_level));
	fifo #(.WIDTH(128), .DEPTH_LOG2(9)) in_queue (
		.clk, .rst, .in_valid, .in_ready, .in_data,
		.out_valid(word_valid), .out_ready(word_ready), .out_data(word), .level(words_level));

	logic [31:0] write_enable;
	logic [7:0] write_even, write_odd, read_even, read_odd;
	logic [127:0] write_data, even_data, odd_data;
	logic write_half, read_half, release_half, done_valid, done_error, block_valid, block_ready, block_error;
	logic [13:0] done_bytes, block_bytes;
	/* verilator lint_off UNUSEDSIGNAL */ // there are never more than two blocks, one per half
	logic blocks_ready;
	/* verilator lint_on UNUSEDSIGNAL */

	lz4_decoder #(.WATCHDOG(WATCHDOG)) decoder (
		.clk, .rst, .cmd_valid(command_valid), .cmd_ready(command_ready), .cmd_in_bytes(command_in_bytes),
		.cmd_out_bytes(command_out_bytes), .in_valid(word_valid), .in_ready(word_ready), .in_data(word), .release_half,
		.out_enable(write_enable), .out_even(write_even), .out_odd(write_odd), .out_data(write_data), .out_half(write_half),
		.done_valid, .done_bytes, .done_error);

	byte_memory #(.BYTES(16), .DEPTH_LOG2(9)) even_rows (
		.clk, .write_enable(write_enable[15:0]), .write_row({write_half, write_even}), .write_data,
		.read_row({read_half, read_even}), .read_data(even_data));
	byte_memory #(.BYTES(16), .DEPTH_LOG2(9)) odd_rows (
		.clk, .write_enable(write_enable[31:16]), .write_row({write_half, write_odd}), .write_data,
		.read_row({read_half, read_odd}), .read_data(odd_data));
	fifo #(.WIDTH(15), .DEPTH_LOG2(1)) block_queue (
		.clk, .rst, .in_valid(done_valid), .in_ready(blocks_ready), .in_data({done_error, done_bytes}),
		.out_valid(block_valid), .out_ready(block_ready), .out_data({block_error, block_bytes}), .level(blocks_level));

	logic room, beat_valid, beat_last, beat_error;
	logic [511:0] beat;
	logic [5:0] beat_count;
	logic [OUT_LOG2:0] level;
	/* verilator lint_off UNUSEDSIGNAL */ // `room` keeps the queue from being full
	logic beats_ready;
	/* verilator lint_on UNUSEDSIGNAL */

	always_ff @(posedge clk)
		room <= level < (OUT_LOG2 + 1)'(2**OUT_LOG2 - 40);

	unshuffle #(.PIXEL_BITS(PIXEL_BITS)) turner (
		.clk, .rst, .cfg_element_log2, .block_valid, .block_ready, .block_bytes, .block_error, .release_half,
		.read_half, .read_even, .read_odd, .even_data, .odd_data, .room,
		.out_valid(beat_valid), .out_data(beat), .out_count(beat_count), .out_last(beat_last), .out_error(beat_error));

	fifo #(.WIDTH(520), .DEPTH_LOG2(OUT_LOG2)) out_queue (
		.clk, .rst, .in_valid(beat_valid), .in_ready(beats_ready), .in_data({beat_error, beat_last, beat_count, beat}),
		.out_valid, .out_ready, .out_data({out_error, out_last, out_count, out_data}), .level);
endmodule
