// first_largest_cases.sv - first_largest in both sizes that the design has, and in some others; for the bench.
//
// What a case is, `n_terms` and `bits` tell.
`define TREE(I, N, B) \
	wire [(B)-1:0] largest_``I; \
	wire [$clog2(N)-1:0] first_``I; \
	first_largest #(.TERMS(N), .BITS(B)) case_``I (.clk, .terms(terms[I][(N)*(B)-1:0]), .largest(largest_``I), .first(first_``I)); \
	assign largest[I] = 64'(largest_``I); \
	assign first[I] = 8'(first_``I); \
	assign n_terms[I] = N; \
	assign bits[I] = B;

module first_largest_cases #(
	parameter int CASES = 10
) (
	input  logic          clk,
	input  logic          rst,
	input  logic [2111:0] terms [CASES],
	output logic [63:0]   largest [CASES],
	output logic [7:0]    first [CASES],
	output logic [7:0]    n_terms [CASES],
	output logic [7:0]    bits [CASES]
);
	// totals, in both builds
	`TREE(0, 32, 17)
	`TREE(1, 16, 33)
	// what no module has
	`TREE(2, 2, 1)
	`TREE(3, 2, 64)
	`TREE(4, 4, 5)
	`TREE(5, 8, 1)
	`TREE(6, 8, 32)
	`TREE(7, 32, 1)
	`TREE(8, 64, 3)
	`TREE(9, 64, 33)

	wire unused = rst;
endmodule
