// delay.sv - the same bits some clocks later, for every pipeline of the analysis.
//
// Nothing is reset, so that tools make shift registers of LUTs of it.

module delay #(
	parameter int WIDTH = 1,
	parameter int CLOCKS = 1 // at least 1
) (
	input  logic             clk,
	input  logic [WIDTH-1:0] in,
	output logic [WIDTH-1:0] out
);
	logic [WIDTH*CLOCKS-1:0] held;

	always_ff @(posedge clk)
		held <= (WIDTH*CLOCKS)'({held, in});
	assign out = held[WIDTH*CLOCKS-1 -: WIDTH];
endmodule
