// adder_tree_cases.sv - adder_tree in every size that the design has, and in some others; for the bench.
//
// What a case is, `n_terms` and `bits` tell.
`define TREE(I, N, B) \
	wire [(B)-1:0] sum_``I; \
	adder_tree #(.TERMS(N), .BITS(B)) case_``I (.clk, .terms(terms[I][(N)*(B)-1:0]), .sum(sum_``I)); \
	assign sum[I] = 64'(sum_``I); \
	assign n_terms[I] = N; \
	assign bits[I] = B;

module adder_tree_cases #(
	parameter int CASES = 15
) (
	input  logic          clk,
	input  logic          rst,
	input  logic [2111:0] terms [CASES],
	output logic [63:0]   sum [CASES],
	output logic [7:0]    n_terms [CASES],
	output logic [7:0]    bits [CASES]
);
	// radial: sums and counts, in both builds
	`TREE(0, 32, 42)
	`TREE(1, 32, 26)
	`TREE(2, 16, 58)
	`TREE(3, 16, 26)
	// totals: values; counts, as in strong_list
	`TREE(4, 32, 21)
	`TREE(5, 16, 36)
	`TREE(6, 32, 6)
	`TREE(7, 16, 5)
	// what no module has
	`TREE(8, 1, 7)
	`TREE(9, 2, 1)
	`TREE(10, 2, 64)
	`TREE(11, 4, 3)
	`TREE(12, 8, 64)
	`TREE(13, 64, 33)
	`TREE(14, 64, 7)

	wire unused = rst;
endmodule
