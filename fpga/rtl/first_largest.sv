// first_largest.sv - the largest of TERMS numbers (a power of two, at least 2) and the first place that has it, $clog2(TERMS) clocks later.

module first_largest #(
	parameter int TERMS = 32,
	parameter int BITS = 17
) (
	input  logic                     clk,
	input  logic [TERMS*BITS-1:0]    terms,
	output logic [BITS-1:0]          largest,
	output logic [$clog2(TERMS)-1:0] first
);
	localparam int LEVELS = $clog2(TERMS);

	// A heap, as in adder_tree: node 1 is the winner, node n the better of nodes 2n and 2n+1, the first of the two where they are equal.
	logic [2*TERMS*BITS-1:BITS] nodes;
	logic [2*TERMS*LEVELS-1:LEVELS] places;

	assign nodes[2*TERMS*BITS-1 -: TERMS*BITS] = terms;
	assign largest = nodes[BITS +: BITS];
	assign first = places[LEVELS +: LEVELS];

	genvar n;
	generate
		for (n = 1; n < TERMS; n++) begin : node
			wire second = nodes[(2*n+1)*BITS +: BITS] > nodes[2*n*BITS +: BITS];

			logic [BITS-1:0] better;
			logic [LEVELS-1:0] place;

			always_ff @(posedge clk) begin
				better <= second ? nodes[(2*n+1)*BITS +: BITS] : nodes[2*n*BITS +: BITS];
				place <= second ? places[(2*n+1)*LEVELS +: LEVELS] : places[2*n*LEVELS +: LEVELS];
			end
			assign nodes[n*BITS +: BITS] = better;
			assign places[n*LEVELS +: LEVELS] = place;
		end
		for (n = TERMS; n < 2 * TERMS; n++) begin : term
			assign places[n*LEVELS +: LEVELS] = LEVELS'(n - TERMS);
		end
		if (2**LEVELS != TERMS || TERMS < 2) begin : refused
			$error("TERMS must be a power of two, at least 2");
		end
	endgenerate
endmodule
