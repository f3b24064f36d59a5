// window_sum.sv - of LANES + 6 numbers, the sum of each seven neighbours, two clocks later, for dispersion_window.
//
// Seven numbers of BITS bits are below 2**(BITS+3).

module window_sum #(
	parameter int LANES = 32,
	parameter int BITS = 19
) (
	input  logic                      clk,
	input  logic [(LANES+6)*BITS-1:0] columns,
	output logic [LANES*(BITS+3)-1:0] sums
);
	logic [(LANES+3)*(BITS+2)-1:0] threes; // columns i to i+2
	logic [LANES*BITS-1:0] sevenths;       // column i+6

	genvar i;
	generate
		for (i = 0; i < LANES + 3; i++) begin : three
			always_ff @(posedge clk)
				threes[i*(BITS+2) +: BITS+2] <= {2'd0, columns[i*BITS +: BITS]} + {2'd0, columns[(i+1)*BITS +: BITS]}
					+ {2'd0, columns[(i+2)*BITS +: BITS]};
		end
		for (i = 0; i < LANES; i++) begin : seven
			always_ff @(posedge clk) begin
				sevenths[i*BITS +: BITS] <= columns[(i+6)*BITS +: BITS];
				sums[i*(BITS+3) +: BITS+3] <= {1'b0, threes[i*(BITS+2) +: BITS+2]} + {1'b0, threes[(i+3)*(BITS+2) +: BITS+2]}
					+ {3'd0, sevenths[i*BITS +: BITS]};
			end
		end
	endgenerate
endmodule
