// adder_tree.sv - the sum of TERMS numbers (a power of two), $clog2(TERMS) clocks later, a register behind every adder.
//
// As wide as its terms: the caller knows that the sum is no wider.

module adder_tree #(
	parameter int TERMS = 32,
	parameter int BITS = 42
) (
	input  logic                  clk,
	input  logic [TERMS*BITS-1:0] terms,
	output logic [BITS-1:0]       sum
);
	localparam int LEVELS = $clog2(TERMS);

	// A heap: node 1 is the sum, node n the sum of nodes 2n and 2n+1, nodes from TERMS on are the terms.
	logic [2*TERMS*BITS-1:BITS] nodes;

	assign nodes[2*TERMS*BITS-1 -: TERMS*BITS] = terms;
	assign sum = nodes[BITS +: BITS];

	genvar n;
	generate
		for (n = 1; n < TERMS; n++) begin : node
			logic [BITS-1:0] both;

			always_ff @(posedge clk)
				both <= nodes[2*n*BITS +: BITS] + nodes[(2*n+1)*BITS +: BITS];
			assign nodes[n*BITS +: BITS] = both;
		end
		if (2**LEVELS != TERMS) begin : refused
			$error("TERMS must be a power of two");
		end
	endgenerate
endmodule
