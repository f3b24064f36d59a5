// radial_lane.sv - the sums and counts per bin of one lane's pixels, for radial.
//
// A bin is read in step 1, its registers are full in steps 2 and 3, its pixel is added in step 3 and it is put back at that step's end.
// So a pixel may find its bin two or one pixels behind; what those have made of it is then taken instead of what the memory gave.
//
// The memory is as deep as one block of UltraRAM, and as wide as one (PIXEL_BITS 16) or two (32).

module radial_lane #(
	parameter int PIXEL_BITS = 16,
	parameter int SUM_BITS = 42,
	parameter int COUNT_BITS = 26,
	parameter int BIN_BITS = 12
) (
	input  logic                  clk,
	input  logic                  rst,
	input  logic                  add,       // step 0
	input  logic [BIN_BITS-1:0]   add_bin,
	input  logic [PIXEL_BITS-1:0] add_pixel,
	input  logic                  read,      // step 1; never while a pixel is in steps 0 to 3
	input  logic [BIN_BITS-1:0]   read_bin,
	input  logic                  clear,     // with read: set the bin to 0 one clock later
	output logic [SUM_BITS-1:0]   sum,       // of what was read two clocks before
	output logic [COUNT_BITS-1:0] count
);
	localparam int BITS = SUM_BITS + COUNT_BITS;

	(* ram_style = "ultra" *) logic [BITS-1:0] memory [0:2**BIN_BITS-1];
	logic [BITS-1:0] fetched, held, made_1, made_2; // made: by the pixel before, by the one before that
	logic valid_1, valid_2, valid_3, valid_4, clear_2, same_as_1, same_as_2;
	logic [BIN_BITS-1:0] bin_1, bin_2, bin_3, bin_4;
	logic [PIXEL_BITS-1:0] pixel_1, pixel_2, pixel_3;

	wire [BITS-1:0] old = same_as_1 ? made_1 : same_as_2 ? made_2 : held;
	wire [BITS-1:0] made = {old[BITS-1:COUNT_BITS] + SUM_BITS'(pixel_3), old[COUNT_BITS-1:0] + COUNT_BITS'(1)};
	wire [BIN_BITS-1:0] at_1 = read ? read_bin : bin_1;
	wire write = valid_3 || clear_2;
	wire [BIN_BITS-1:0] write_at = clear_2 ? bin_2 : bin_3;

	always_ff @(posedge clk) begin
		fetched <= memory[at_1];
		if (write)
			memory[write_at] <= clear_2 ? '0 : made;
	end
	always_ff @(posedge clk) begin
		{valid_1, valid_2, valid_3, valid_4, clear_2} <= rst ? 5'd0 : {add, valid_1, valid_2, valid_3, read && clear};
		{bin_1, bin_2, bin_3, bin_4} <= {add_bin, at_1, bin_2, bin_3};
		{pixel_1, pixel_2, pixel_3} <= {add_pixel, pixel_1, pixel_2};
		held <= fetched;
		made_1 <= made;
		made_2 <= made_1;
		same_as_1 <= valid_3 && bin_2 == bin_3;
		same_as_2 <= valid_4 && bin_2 == bin_4;
	end
	assign {sum, count} = held;

`ifdef PROVE_RADIAL_LANE
`include "radial_lane.svh"
`endif
endmodule
