// mask_join.sv - puts beside every pixel what the plan's table says of it: whether the mask allows it, and its bin; and whether it is valid.
//
// One word of the table per beat. 0xFFFF: the mask refuses the pixel; otherwise it is allowed, and `ok` where its value is below
// cfg_invalid_from; a number of at most 4095 is its bin, anything else means none. Lanes behind the end of a row are never allowed.
// One beat per clock; all outputs are registers.

module mask_join #(
	parameter int PIXEL_BITS = 16
) (
	input  logic                            clk,
	input  logic                            rst,
	input  logic                            start,
	input  logic [31:0]                     cfg_invalid_from,
	input  logic [15:0]                     cfg_width,
	input  logic                            in_valid,
	output logic                            in_ready,
	input  logic [511:0]                    in_data,
	input  logic                            in_row_last,
	input  logic                            in_last,
	input  logic                            table_valid,
	output logic                            table_ready,
	input  logic [512/PIXEL_BITS*16-1:0]    table_data,
	output logic                            out_valid,
	input  logic                            out_ready,
	output logic [511:0]                    out_pixels,
	output logic [512/PIXEL_BITS-1:0]       out_allowed,
	output logic [512/PIXEL_BITS-1:0]       out_ok,
	output logic [512/PIXEL_BITS-1:0]       out_binned,
	output logic [512/PIXEL_BITS*12-1:0]    out_bins,
	output logic [31:0]                     out_base,
	output logic                            out_row_last,
	output logic                            out_last
);
	localparam int LANES = 512 / PIXEL_BITS;
	localparam int LANE_LOG2 = $clog2(LANES);

	logic room, take;
	logic [31:0] base, row;
	logic [LANE_LOG2-1:0] last_lane; // of a row's last beat
	logic [LANES-1:0] last_lanes, there, allowed, below, ok, binned;

	assign room = !out_valid || out_ready;
	assign take = in_valid && table_valid && room;
	assign in_ready = table_valid && room;
	assign table_ready = in_valid && room;

	assign last_lane = LANE_LOG2'(cfg_width - 16'd1);
	always_ff @(posedge clk)
		for (int i = 0; i < LANES; i = i + 1)
			last_lanes[i] <= !(last_lane < LANE_LOG2'(i));

	genvar i;
	generate
		for (i = 0; i < LANES; i = i + 1) begin : lane
			assign there[i] = last_lanes[i] || !in_row_last;
			assign allowed[i] = there[i] && table_data[16*i+:16] != 16'hFFFF;
			assign below[i] = 32'(in_data[PIXEL_BITS*i+:PIXEL_BITS]) < cfg_invalid_from;
			assign ok[i] = allowed[i] && below[i];
			assign binned[i] = ok[i] && table_data[16*i+12+:4] == 4'd0;
			always_ff @(posedge clk)
				if (take)
					out_bins[12*i+:12] <= table_data[16*i+:12];
		end
	endgenerate

	// Where the next row begins is known by the width alone.
	always_ff @(posedge clk)
		if (rst || start) begin
			out_valid <= 1'b0;
			base <= '0;
			row <= {16'd0, cfg_width};
		end else begin
			out_valid <= take || (out_valid && !out_ready);
			if (take) begin
				base <= in_row_last ? row : base + 32'(LANES);
				if (in_row_last)
					row <= row + {16'd0, cfg_width};
			end
		end

	always_ff @(posedge clk)
		if (take) begin
			out_pixels <= in_data;
			out_allowed <= allowed;
			out_ok <= ok;
			out_binned <= binned;
			out_base <= base;
			out_row_last <= in_row_last;
			out_last <= in_last;
		end

`ifdef PROVE_MASK_JOIN
`include "mask_join.svh"
`endif
endmodule
