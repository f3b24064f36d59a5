// delay_cases.sv - delay in every size that the design has, and in some others, all of the same bits; for the bench.
//
// What a case is, `width` and `clocks` tell. What comes out is extended to 576 bits with zeros.
`define DELAY(I, W, N) \
	wire [(W)-1:0] out_``I; \
	delay #(.WIDTH(W), .CLOCKS(N)) case_``I (.clk, .in(in[(W)-1:0]), .out(out_``I)); \
	assign out[I] = 576'(out_``I); \
	assign width[I] = W; \
	assign clocks[I] = N;

module delay_cases #(
	parameter int CASES = 28
) (
	input  logic         clk,
	input  logic         rst,
	input  logic [575:0] in,
	output logic [575:0] out [CASES],
	output logic [15:0]  width [CASES],
	output logic [15:0]  clocks [CASES]
);
	// dispersion: places and rings in both builds, flags, pixels
	`DELAY(0, 8, 3)
	`DELAY(1, 8, 2)
	`DELAY(2, 9, 3)
	`DELAY(3, 9, 2)
	`DELAY(4, 10, 4)
	`DELAY(5, 10, 6)
	`DELAY(6, 11, 4)
	`DELAY(7, 11, 6)
	`DELAY(8, 1, 5)
	`DELAY(9, 4, 6)
	`DELAY(10, 514, 11)
	// dispersion_column, dispersion_test, dispersion_window
	`DELAY(11, 19, 4)
	`DELAY(12, 27, 4)
	`DELAY(13, 22, 3)
	`DELAY(14, 30, 3)
	`DELAY(15, 1, 4)
	`DELAY(16, 2, 9)
	`DELAY(17, 546, 2)
	`DELAY(18, 530, 2)
	// totals
	`DELAY(19, 32, 6)
	`DELAY(20, 32, 5)
	// what no module has
	`DELAY(21, 1, 1)
	`DELAY(22, 1, 2)
	`DELAY(23, 2, 1)
	`DELAY(24, 3, 33)
	`DELAY(25, 5, 64)
	`DELAY(26, 64, 1)
	`DELAY(27, 576, 3)

	wire unused = rst;
endmodule
