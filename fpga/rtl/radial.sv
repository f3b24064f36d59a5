// radial.sv - sums and counts per bin, a private memory for each lane, added up when they are read out; for a unit.
//
// Takes a beat in every clock, whatever its bins are. Reading out gives bins 0 to cfg_n_bins - 1, one per clock while they are taken,
// and sets them to 0; bins from cfg_n_bins on must not have been counted in. It may begin when `idle` is up. After a reset all 4096 bins
// are set to 0, `idle` low meanwhile: beats come when it is up.
//
// Bits: a frame has fewer than 2**26 pixels, so no count reaches 2**26 and no sum 2**(26 + PIXEL_BITS), in one lane (a narrow image puts
// all its pixels into lane 0) or in all together: the adders of the tree need no more bits than the lanes.

module radial #(
	parameter int PIXEL_BITS = 16,
	parameter int LANES = 512 / PIXEL_BITS
) (
	input  logic                        clk,
	input  logic                        rst,
	input  logic                        in_valid,
	input  logic [LANES*PIXEL_BITS-1:0] in_pixels,
	input  logic [LANES-1:0]            in_binned,
	input  logic [LANES*12-1:0]         in_bins,
	input  logic                        read_start,
	input  logic [12:0]                 cfg_n_bins,
	output logic                        out_valid,
	input  logic                        out_ready,
	output logic [63:0]                 out_sum,
	output logic [31:0]                 out_count,
	output logic                        out_last,
	output logic                        idle
);
	localparam int COUNT_BITS = 26;
	localparam int SUM_BITS = PIXEL_BITS + COUNT_BITS;
	localparam int LEVELS = $clog2(LANES);
	localparam int READ_CLOCKS = 2 + LEVELS; // from a bin's address to its sums
	localparam int QUEUE_LOG2 = 5;           // of sums not taken yet; more than READ_CLOCKS, so that reading need not pause

	// Reading out and clearing. A bin is only read when the queue has room for everything that is on its way to it.
	logic clearing, reading;
	logic [12:0] at;             // the bin to be read
	logic [12:0] ends;           // behind the last
	logic [QUEUE_LOG2:0] owed;   // read and not yet taken

	wire taken = out_valid && out_ready;
	wire read = clearing || (reading && !owed[QUEUE_LOG2]);
	wire read_last = at + 13'd1 == ends;
	logic read_start_held;

	always_ff @(posedge clk)
		if (rst) begin
			clearing <= 1'b1;
			reading <= 1'b0;
			at <= '0;
			ends <= 13'd4096;
			owed <= '0;
		end else begin
			if (read)
				at <= at + 13'd1;
			if (read && read_last) begin
				clearing <= 1'b0;
				reading <= 1'b0;
			end
			if (read_start_held) begin
				reading <= ends != '0;
				at <= '0;
			end
			if (read_start)
				ends <= cfg_n_bins;
			if (read && !clearing && !taken)
				owed <= owed + 1'b1;
			else if (taken && !(read && !clearing))
				owed <= owed - 1'b1;
		end
	always_ff @(posedge clk)
		read_start_held <= read_start && !rst;

	// The lanes. Step 0 is taken into registers first: joins and lanes may lie far apart.
	logic [LANES-1:0] add;
	logic [LANES*PIXEL_BITS-1:0] pixels;
	logic [LANES*12-1:0] bin_numbers;
	logic [LANES*SUM_BITS-1:0] lane_sums;
	logic [LANES*COUNT_BITS-1:0] lane_counts;

	always_ff @(posedge clk) begin
		add <= in_valid && !rst ? in_binned : '0;
		pixels <= in_pixels;
		bin_numbers <= in_bins;
	end

	genvar i;
	generate
		for (i = 0; i < LANES; i++) begin : lanes
			radial_lane #(.PIXEL_BITS(PIXEL_BITS), .SUM_BITS(SUM_BITS), .COUNT_BITS(COUNT_BITS)) lane (
				.clk, .rst, .add(add[i]), .add_bin(bin_numbers[i*12 +: 12]), .add_pixel(pixels[i*PIXEL_BITS +: PIXEL_BITS]),
				.read, .read_bin(at[11:0]), .clear(read),
				.sum(lane_sums[i*SUM_BITS +: SUM_BITS]), .count(lane_counts[i*COUNT_BITS +: COUNT_BITS]));
		end
	endgenerate

	logic [SUM_BITS-1:0] sum;
	logic [COUNT_BITS-1:0] count;

	adder_tree #(.TERMS(LANES), .BITS(SUM_BITS)) sum_tree (.clk, .terms(lane_sums), .sum);
	adder_tree #(.TERMS(LANES), .BITS(COUNT_BITS)) count_tree (.clk, .terms(lane_counts), .sum(count));

	// What has been added up waits here to be taken.
	logic [READ_CLOCKS-1:0] on_the_way, last_on_the_way;
	logic [QUEUE_LOG2:0] unused_level;
	logic unused_ready, queue_last;
	logic [SUM_BITS-1:0] queue_sum;
	logic [COUNT_BITS-1:0] queue_count;

	always_ff @(posedge clk) begin
		on_the_way <= rst ? '0 : {on_the_way[READ_CLOCKS-2:0], read && !clearing};
		last_on_the_way <= {last_on_the_way[READ_CLOCKS-2:0], read_last};
	end
	fifo #(.WIDTH(1 + SUM_BITS + COUNT_BITS), .DEPTH_LOG2(QUEUE_LOG2)) queue (
		.clk, .rst, .in_valid(on_the_way[READ_CLOCKS-1]), .in_ready(unused_ready),
		.in_data({last_on_the_way[READ_CLOCKS-1], sum, count}),
		.out_valid, .out_ready, .out_data({queue_last, queue_sum, queue_count}), .level(unused_level));
	assign out_last = queue_last;
	assign out_sum = 64'(queue_sum);
	assign out_count = 32'(queue_count);

	logic [4:0] adding;

	always_ff @(posedge clk)
		adding <= rst ? '0 : {adding[3:0], in_valid};
	assign idle = !(clearing || reading || read_start || read_start_held || in_valid || adding != '0 || owed != '0);

	wire unused = &{1'b0, unused_level, unused_ready};

`ifdef PROVE_RADIAL
`include "radial.svh"
`endif
endmodule
