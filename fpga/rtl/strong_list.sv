// strong_list.sv - the strong pixels as a list, one entry per clock, ascending; for a unit, behind dispersion.
//
// Beats with hits wait in a queue until they are listed one by one. `room` is up while the queue can hold RESERVE beats more, which is
// more than can be under way to it. n_strong counts every hit, n_beyond those past the cap. Once it has reached cfg_max_strong, no beat is queued any more and room
// stays up: what is too much for the list costs no time. Beats queued before that was known are thrown away when the list is full.

module strong_list #(
	parameter int PIXEL_BITS = 16,
	parameter int LANES = 512 / PIXEL_BITS,
	parameter int DEPTH_LOG2 = 9,
	parameter int RESERVE = 48 // dispersion's 32 beats, and the steps before the queue
) (
	input  logic                        clk,
	input  logic                        rst,
	input  logic                        start,
	input  logic [31:0]                 cfg_max_strong,
	input  logic                        in_valid,
	input  logic [LANES-1:0]            in_hits,
	input  logic [LANES*PIXEL_BITS-1:0] in_pixels,
	input  logic [31:0]                 in_base,
	output logic                        room,
	output logic                        out_valid,
	input  logic                        out_ready,
	output logic [31:0]                 out_index,
	output logic [31:0]                 out_value,
	output logic [31:0]                 n_strong,
	output logic [31:0]                 n_beyond,
	output logic                        idle
);
	localparam int LEVELS = $clog2(LANES);
	localparam int COUNT_BITS = LEVELS + 1;
	localparam int WIDTH = LANES + LANES * PIXEL_BITS + 32;

	wire clear = rst || start;

	// Counting.
	logic [LANES*COUNT_BITS-1:0] ones;
	logic [COUNT_BITS-1:0] hits_of_beat;
	logic [LEVELS:0] counting;
	logic capped;

	genvar i;
	generate
		for (i = 0; i < LANES; i++) begin : lane
			always_ff @(posedge clk)
				ones[i*COUNT_BITS +: COUNT_BITS] <= COUNT_BITS'(in_hits[i]);
		end
	endgenerate
	adder_tree #(.TERMS(LANES), .BITS(COUNT_BITS)) tree (.clk, .terms(ones), .sum(hits_of_beat));

	always_ff @(posedge clk)
		if (clear) begin
			counting <= '0;
			n_strong <= '0;
			n_beyond <= '0;
			capped <= 1'b0;
		end else begin
			counting <= {counting[LEVELS-1:0], in_valid};
			if (counting[LEVELS])
				n_strong <= n_strong + 32'(hits_of_beat);
			capped <= n_strong >= cfg_max_strong;
			n_beyond <= capped ? n_strong - cfg_max_strong : '0;
		end

	// Queueing.
	logic put, queue_ready, beat_valid, beat_ready;
	logic [WIDTH-1:0] put_beat;
	logic [LANES-1:0] beat_hits;
	logic [LANES*PIXEL_BITS-1:0] beat_pixels;
	logic [31:0] beat_base;
	logic [DEPTH_LOG2:0] level;

	always_ff @(posedge clk) begin
		put <= !clear && in_valid && in_hits != '0 && !capped;
		put_beat <= {in_base, in_pixels, in_hits};
		room <= capped || level < (DEPTH_LOG2+1)'(2**DEPTH_LOG2 - RESERVE);
	end
	fifo #(.WIDTH(WIDTH), .DEPTH_LOG2(DEPTH_LOG2)) queue (.clk, .rst(clear), .in_valid(put), .in_ready(queue_ready), .in_data(put_beat),
		.out_valid(beat_valid), .out_ready(beat_ready), .out_data({beat_base, beat_pixels, beat_hits}), .level);

	// Listing. The next entry is a bit of `first`; what is behind it in its beat is in `others`.
	logic full, listing, last_of_beat;
	logic [31:0] left; // entries the list still has room for
	logic [LANES-1:0] first, others, next_hits;
	logic [LANES*PIXEL_BITS-1:0] pixels;
	logic [31:0] base;

	wire out_free = !out_valid || out_ready;
	wire list = listing && out_free && !full;

	assign last_of_beat = others == '0;
	assign beat_ready = full || !listing || (out_free && last_of_beat);
	assign next_hits = last_of_beat || !listing ? beat_hits : others;

	always_ff @(posedge clk)
		if (clear) begin
			listing <= 1'b0;
			full <= cfg_max_strong == '0;
			left <= cfg_max_strong;
		end else begin
			if (beat_ready)
				listing <= beat_valid && !full;
			if (list) begin
				left <= left - 32'd1;
				full <= left == 32'd1;
			end
		end
	always_ff @(posedge clk) begin
		if (beat_ready || list) begin
			first <= next_hits & (~next_hits + 1'b1);
			others <= next_hits & (next_hits - 1'b1);
		end
		if (beat_ready) begin
			pixels <= beat_pixels;
			base <= beat_base;
		end
	end

	// The entry: which lane it is, and that lane's pixel.
	logic [LEVELS-1:0] lane_index;
	logic [PIXEL_BITS-1:0] value;

	always_comb begin
		lane_index = '0;
		value = '0;
		for (int k = 0; k < LANES; k++) begin
			lane_index = lane_index | (first[k] ? LEVELS'(k) : '0);
			value = value | (first[k] ? pixels[k*PIXEL_BITS +: PIXEL_BITS] : '0);
		end
	end
	always_ff @(posedge clk) begin
		out_valid <= !clear && (list || (out_valid && !out_ready));
		if (out_free) begin
			out_index <= base + 32'(lane_index);
			out_value <= 32'(value);
		end
	end

	assign idle = !(in_valid || put || counting != '0 || level != '0 || listing || out_valid);

	wire unused = queue_ready; // room sees to it that it is never low

`ifdef PROVE_STRONG_LIST
`include "strong_list.svh"
`endif
endmodule
