// multiply_cases.sv - multiply in every size that the design has, and in some at the edges of its pieces (26 and 17 bits); for the bench.
//
// What a case is, `a_bits`, `b_bits` and `a_signed` tell. A product is extended to 128 bits with zeros.
`define PRODUCT(I, A, B, SIGNED) \
	wire [(A)+(B)-1:0] product_``I; \
	multiply #(.A_BITS(A), .B_BITS(B), .A_SIGNED(SIGNED)) case_``I (.clk, .a(a[I][(A)-1:0]), .b(b[I][(B)-1:0]), .product(product_``I)); \
	assign product[I] = 128'(product_``I); \
	assign a_bits[I] = A; \
	assign b_bits[I] = B; \
	assign a_signed[I] = SIGNED;

module multiply_cases #(
	parameter int CASES = 27
) (
	input  logic         clk,
	input  logic         rst,
	input  logic [63:0]  a [CASES],
	input  logic [63:0]  b [CASES],
	output logic [127:0] product [CASES],
	output logic [7:0]   a_bits [CASES],
	output logic [7:0]   b_bits [CASES],
	output logic         a_signed [CASES]
);
	// dispersion_test, 16 bits a pixel: m Y, X X, m p, X m, X C, NS2 X m
	`PRODUCT(0, 38, 6, 0)
	`PRODUCT(1, 22, 22, 0)
	`PRODUCT(2, 16, 6, 0)
	`PRODUCT(3, 22, 6, 0)
	`PRODUCT(4, 22, 30, 0)
	`PRODUCT(5, 28, 30, 0)
	// and 32
	`PRODUCT(6, 54, 6, 0)
	`PRODUCT(7, 30, 30, 0)
	`PRODUCT(8, 24, 6, 0)
	`PRODUCT(9, 30, 6, 0)
	`PRODUCT(10, 36, 30, 0)
	// dispersion_column
	`PRODUCT(11, 17, 17, 1)
	`PRODUCT(12, 25, 25, 1)
	// what no module has
	`PRODUCT(13, 1, 1, 0)
	`PRODUCT(14, 1, 1, 1)
	`PRODUCT(15, 2, 5, 1)
	`PRODUCT(16, 26, 17, 0)
	`PRODUCT(17, 26, 17, 1)
	`PRODUCT(18, 27, 18, 0)
	`PRODUCT(19, 27, 18, 1)
	`PRODUCT(20, 27, 1, 1)
	`PRODUCT(21, 1, 18, 1)
	`PRODUCT(22, 52, 34, 1)
	`PRODUCT(23, 53, 35, 0)
	`PRODUCT(24, 53, 35, 1)
	`PRODUCT(25, 64, 64, 0)
	`PRODUCT(26, 64, 64, 1)

	wire unused = rst;
endmodule
