// reorder.sv - the decoders' beats back into the order of the blocks, then the tail of the frame, which no block holds, from registers.
//
// Block i comes from core i mod CORES: one core is read until its block's last beat, then the next one, without a clock lost between them.
// A refused block keeps its place: its beats pass like any others, and it is counted. `first_bad_block` is all ones where there is none.

module reorder #(
	parameter int PIXEL_BITS = 16,
	parameter int CORES = 6
) (
	input  logic                 clk,
	input  logic                 rst,
	input  logic                 start,
	input  logic [31:0]          cfg_n_blocks,
	input  logic [2:0]           cfg_tail_count,
	input  logic [7*32-1:0]      cfg_tail,
	input  logic [CORES-1:0]     in_valid,
	output logic [CORES-1:0]     in_ready,
	input  logic [CORES*512-1:0] in_data,
	input  logic [CORES*6-1:0]   in_count,
	input  logic [CORES-1:0]     in_last,
	input  logic [CORES-1:0]     in_error,
	output logic                 out_valid,
	input  logic                 out_ready,
	output logic [511:0]         out_data,
	output logic [5:0]           out_count,
	output logic [31:0]          n_blocks_done,
	output logic [31:0]          n_bad_blocks,
	output logic [31:0]          first_bad_block
);
	localparam int QUADS = (CORES + 3) / 4; // cores are chosen from in fours, which is what a LUT can do
	localparam int BEAT = 512 + 6;

	logic [1:0] turn; // of a quad's four
	logic [CORES-1:0] turn_hot;
	logic [31:0] blocks_left;
	logic blocks_there, tail_there;
	logic room, take, take_tail, ends, wraps;
	logic [511:0] tail;

	assign room = !out_valid || out_ready;
	assign in_ready = blocks_there && room ? turn_hot : '0;
	assign take = |(in_valid & in_ready);
	assign take_tail = !blocks_there && tail_there && room;
	assign ends = take && |(in_last & turn_hot);
	assign wraps = turn_hot[CORES-1];

	always_ff @(posedge clk)
		if (rst || start) begin
			turn <= '0;
			turn_hot <= CORES'(1);
			blocks_left <= cfg_n_blocks;
			blocks_there <= !rst && cfg_n_blocks != '0;
			tail_there <= !rst && cfg_tail_count != '0;
			out_valid <= 1'b0;
			n_blocks_done <= '0;
			n_bad_blocks <= '0;
			first_bad_block <= '1;
		end else begin
			out_valid <= take || take_tail || (out_valid && !out_ready);
			if (take_tail)
				tail_there <= 1'b0;
			if (ends) begin
				turn <= wraps ? '0 : turn + 2'd1;
				turn_hot <= CORES'({turn_hot, turn_hot} >> (CORES - 1));
				blocks_left <= blocks_left - 32'd1;
				blocks_there <= blocks_left != 32'd1;
				n_blocks_done <= n_blocks_done + 32'd1;
			end
			if (ends && |(in_error & turn_hot)) begin
				n_bad_blocks <= n_bad_blocks + 32'd1;
				if (n_bad_blocks == '0)
					first_bad_block <= n_blocks_done;
			end
		end

	logic [QUADS*4*BEAT-1:0] beats;
	logic [QUADS*BEAT-1:0] of_quad; // 0 where it is no turn of the quad's
	logic [BEAT-1:0] beat;

	genvar c, q;
	generate
		for (c = 0; c < QUADS * 4; c = c + 1) begin : core
			if (c < CORES) begin : there
				assign beats[BEAT*c+:BEAT] = {in_count[6*c+:6], in_data[512*c+:512]};
			end else begin : absent
				assign beats[BEAT*c+:BEAT] = '0;
			end
		end
		for (q = 0; q < QUADS; q = q + 1) begin : quad
			localparam int FIRST = 4 * q;
			localparam int N = CORES - FIRST < 4 ? CORES - FIRST : 4;
			logic [BEAT-1:0] chosen;

			always_comb
				case (turn)
					2'd0: chosen = beats[BEAT*FIRST+:BEAT];
					2'd1: chosen = beats[BEAT*(FIRST+1)+:BEAT];
					2'd2: chosen = beats[BEAT*(FIRST+2)+:BEAT];
					default: chosen = beats[BEAT*(FIRST+3)+:BEAT];
				endcase
			assign of_quad[BEAT*q+:BEAT] = |turn_hot[FIRST+:N] ? chosen : '0;
		end
	endgenerate

	always_comb begin
		beat = '0;
		for (int k = 0; k < QUADS; k = k + 1)
			beat = beat | of_quad[BEAT*k+:BEAT];
	end

	always_ff @(posedge clk)
		if (take)
			{out_count, out_data} <= beat;
		else if (take_tail) begin
			out_data <= tail;
			out_count <= {3'd0, cfg_tail_count};
		end

	genvar i;
	generate
		for (i = 0; i < 7; i = i + 1) begin : tail_pixel
			assign tail[PIXEL_BITS*i+:PIXEL_BITS] = cfg_tail[32*i+:PIXEL_BITS];
			if (PIXEL_BITS < 32) begin : narrow
				logic unused;
				assign unused = &{1'b0, cfg_tail[32*i+PIXEL_BITS+:32-PIXEL_BITS]};
			end
		end
	endgenerate
	assign tail[511:7*PIXEL_BITS] = '0;

`ifdef PROVE_REORDER
`include "reorder.svh"
`endif
endmodule
