// splitter.sv - cuts the payload of a frame into its blocks and deals them to the decoders in turn: block i to core i mod CORES.
//
// Two halves. The first turns the host's offsets into blocks: block i is the bytes [offset i, offset i+1 - 4), for a block's length stands
// in four bytes before it. An offset is not to be trusted: a block that is longer than 16383 bytes, or ends before it begins, or begins
// before the last good one's end, or ends beyond the payload, becomes a command of 0 bytes, which a core refuses; every block gets its command. n_refused
// counts those.
//
// The second half slides a window of two words over the payload, so that a block's words come out aligned to its own first byte: one word
// per clock, whatever the alignment. Between two blocks at most one clock passes without a word. Bytes of no block are skipped.

module splitter #(
	parameter int CORES = 6
) (
	input  logic             clk,
	input  logic             rst,
	input  logic             start,
	input  logic [31:0]      cfg_n_blocks,
	input  logic [13:0]      cfg_block_bytes,
	input  logic [13:0]      cfg_last_bytes,
	input  logic [31:0]      cfg_payload_bytes,
	input  logic             off_valid,
	output logic             off_ready,
	input  logic [127:0]     off_data,
	input  logic             in_valid,
	output logic             in_ready,
	input  logic [127:0]     in_data,
	output logic [CORES-1:0] core_cmd_valid,
	input  logic [CORES-1:0] core_cmd_ready,
	output logic [14:0]      core_cmd_in_bytes,
	output logic [13:0]      core_cmd_out_bytes,
	output logic [CORES-1:0] core_valid,
	input  logic [CORES-1:0] core_ready,
	output logic [127:0]     core_data,
	output logic [31:0]      n_refused,
	output logic             done
);
	// Offsets, one a clock; `step`: the blocks made of them find room.
	logic step, read_offset;
	logic [32:0] offsets_left;
	logic [1:0] quarter;
	logic [31:0] offset, last_offset;
	logic first_offset;
	// A block between two offsets: where it begins and ends (less than 0 where an offset is below 4).
	logic block_there, block_last;
	logic [31:0] block_begin;
	logic signed [33:0] block_end;
	// The same with its length.
	logic sized_there, sized_last, beyond;
	logic [31:0] sized_begin, sized_end, good_end;
	logic signed [33:0] sized_bytes;
	logic good, refused;
	// Blocks to be dealt.
	logic next_there, next_last, load;
	logic [31:0] next_begin;
	logic [13:0] next_bytes;
	logic [2:0] n_next;

	assign read_offset = off_valid && offsets_left != '0 && step;
	assign off_ready = offsets_left != '0 && step && (quarter == 2'd3 || offsets_left == 33'd1);
	assign offset = off_data[32*quarter+:32];
	assign good = sized_bytes > 34'sd0 && sized_bytes <= 34'sd16383 && !beyond && sized_begin >= good_end;

	always_ff @(posedge clk)
		if (rst || start) begin
			offsets_left <= rst ? '0 : {1'b0, cfg_n_blocks} + 33'd1;
			quarter <= '0;
			first_offset <= 1'b1;
			block_there <= 1'b0;
			sized_there <= 1'b0;
			good_end <= '0;
		end else if (step) begin
			if (read_offset) begin
				offsets_left <= offsets_left - 33'd1;
				quarter <= quarter + 2'd1;
				first_offset <= 1'b0;
			end
			block_there <= read_offset && !first_offset;
			sized_there <= block_there;
			if (sized_there && good)
				good_end <= sized_end;
		end
	always_ff @(posedge clk)
		if (rst || start) begin
			refused <= 1'b0;
			n_refused <= '0;
		end else begin
			refused <= sized_there && step && !good;
			n_refused <= n_refused + 32'(refused);
		end
	always_ff @(posedge clk)
		if (step) begin
			if (read_offset) begin
				last_offset <= offset;
				block_begin <= last_offset;
				block_end <= $signed({2'b0, offset}) - 34'sd4;
				block_last <= offsets_left == 33'd1;
			end
			sized_begin <= block_begin;
			sized_end <= block_end[31:0];
			sized_bytes <= block_end - $signed({2'b0, block_begin});
			beyond <= block_end > $signed({2'b0, cfg_payload_bytes});
			sized_last <= block_last;
		end

	fifo #(.WIDTH(47), .DEPTH_LOG2(2)) blocks (
		.clk, .rst(rst || start),
		.in_valid(sized_there), .in_ready(step), .in_data({sized_last, sized_begin, good ? sized_bytes[13:0] : 14'd0}),
		.out_valid(next_there), .out_ready(load), .out_data({next_last, next_begin, next_bytes}), .level(n_next));

	// The window: two words of the payload, and the number of the first, which begins two words before the payload. Behind the payload's end
	// come words of anything.
	logic [127:0] low, high;
	logic [28:0] place;
	logic [28:0] words_left;
	logic more, slide;
	// The block that is dealt: its first word's number, whether the window has reached it, where in the window its words begin, how many
	// are left.
	logic active, arrived, there, emit, final_word, passes, finish;
	logic [28:0] target;
	logic [3:0] shift;
	logic [9:0] left;
	logic [31:0] blocks_left;
	logic [CORES-1:0] core, owner;
	logic command_free, data_free;
	logic [4:0] last_span;

	assign command_free = (core_cmd_valid & ~core_cmd_ready) == '0;
	assign data_free = (core_valid & ~core_ready) == '0;
	assign more = in_valid || words_left == '0;
	assign there = arrived || place == target;
	assign final_word = left == '0;
	// The window stays where it is behind a block's last word, unless the block's end lies in the window's second one.
	assign emit = active && there && command_free && data_free && (more || (final_word && !passes));
	assign finish = emit && final_word;
	assign load = next_there && command_free && (!active || finish);
	assign slide = more && ((active && !there) || (emit && (!final_word || passes)) || (!active && blocks_left == '0));
	assign in_ready = slide && words_left != '0;
	assign last_span = {1'b0, next_begin[3:0]} + {1'b0, 4'(next_bytes[3:0] - 4'd1)};

	always_ff @(posedge clk)
		if (rst || start) begin
			place <= -29'sd2;
			words_left <= rst ? '0 : {1'b0, cfg_payload_bytes[31:4]} + 29'(cfg_payload_bytes[3:0] != '0);
			blocks_left <= rst ? '0 : cfg_n_blocks;
			active <= 1'b0;
			core <= CORES'(1);
			core_cmd_valid <= '0;
			core_valid <= '0;
		end else begin
			if (slide)
				place <= place + 29'd1;
			if (in_valid && in_ready)
				words_left <= words_left - 29'd1;
			if (load) begin
				blocks_left <= blocks_left - 32'd1;
				core <= CORES'({core, core} >> (CORES - 1));
			end
			active <= load ? next_bytes != '0 : active && !finish;
			if (load)
				core_cmd_valid <= core;
			else if (command_free)
				core_cmd_valid <= '0;
			if (emit)
				core_valid <= owner;
			else if (data_free)
				core_valid <= '0;
		end
	always_ff @(posedge clk) begin
		if (slide) begin
			low <= high;
			high <= in_data;
		end
		arrived <= !load && (arrived || emit);
		if (load) begin
			target <= {1'b0, next_begin[31:4]};
			shift <= next_begin[3:0];
			left <= 10'((next_bytes - 14'd1) >> 4);
			passes <= last_span >= 5'd15;
			owner <= core;
			core_cmd_in_bytes <= {1'b0, next_bytes};
			core_cmd_out_bytes <= next_last ? cfg_last_bytes : cfg_block_bytes;
		end else if (emit)
			left <= left - 10'd1;
		if (emit)
			core_data <= 128'({high, low} >> {shift, 3'b000});
	end

	logic running;

	always_ff @(posedge clk)
		if (rst || start) begin
			running <= start && !rst;
			done <= 1'b0;
		end else
			done <= running && offsets_left == '0 && blocks_left == '0 && !active && core_cmd_valid == '0 && core_valid == '0 && words_left == '0;

	logic unused;
	assign unused = &{1'b0, n_next, sized_bytes[33:14]};

`ifdef PROVE_SPLITTER
`include "splitter.svh"
`endif
endmodule
