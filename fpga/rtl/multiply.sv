// multiply.sv - an exact product, four clocks later, for the dispersion test.
//
// a is cut into pieces of 26 bits and b into pieces of 17: what one DSP48E2 (27 x 18, signed) multiplies. Registers: the operands, the
// products of the pieces, their sums along a, the sum of these along b. Where a has one piece, the third is the DSP's own output register.

module multiply #(
	parameter int A_BITS = 22,
	parameter int B_BITS = 22,
	parameter bit A_SIGNED = 1'b0 // b never is
) (
	input  logic                     clk,
	input  logic [A_BITS-1:0]        a,
	input  logic [B_BITS-1:0]        b,
	output logic [A_BITS+B_BITS-1:0] product // signed where a is
);
	localparam int BITS = A_BITS + B_BITS;
	localparam int A_PIECES = (A_BITS + 25) / 26;
	localparam int B_PIECES = (B_BITS + 16) / 17;

	logic [A_BITS-1:0] a_held;
	logic [B_BITS-1:0] b_held;

	always_ff @(posedge clk) begin
		a_held <= a;
		b_held <= b;
	end

	// Every sum is taken modulo 2**BITS, which holds every product: what overflows on the way there falls out again.
	logic [B_PIECES*BITS-1:0] sums;

	genvar i, j;
	generate
		for (j = 0; j < B_PIECES; j++) begin : along_b
			localparam int B_WIDTH = j == B_PIECES - 1 ? B_BITS - 17 * j : 17;
			wire [B_WIDTH-1:0] b_piece = b_held[17*j +: B_WIDTH];
			logic [A_PIECES*BITS-1:0] placed;
			logic [BITS-1:0] sum;

			for (i = 0; i < A_PIECES; i++) begin : along_a
				localparam bit LAST = i == A_PIECES - 1;
				localparam int A_WIDTH = LAST ? A_BITS - 26 * i : 26;
				localparam int WIDTH = A_WIDTH + B_WIDTH + 1 < BITS ? A_WIDTH + B_WIDTH + 1 : BITS;
				wire sign = LAST && A_SIGNED && a_held[A_BITS-1];
				wire signed [A_WIDTH:0] a_piece = {sign, a_held[26*i +: A_WIDTH]};
				wire signed [B_WIDTH:0] b_positive = {1'b0, b_piece};
				logic signed [WIDTH-1:0] partial;

				always_ff @(posedge clk)
					partial <= WIDTH'(a_piece) * WIDTH'(b_positive);
				assign placed[BITS*i +: BITS] = BITS'(partial) << (26 * i);
			end

			always_comb begin
				sum = '0;
				for (int k = 0; k < A_PIECES; k++)
					sum = sum + placed[BITS*k +: BITS];
			end
			always_ff @(posedge clk)
				sums[BITS*j +: BITS] <= sum;
		end
	endgenerate

	logic [BITS-1:0] total;

	always_comb begin
		total = '0;
		for (int k = 0; k < B_PIECES; k++)
			total = total + (sums[BITS*k +: BITS] << (17 * k));
	end
	always_ff @(posedge clk)
		product <= total;
endmodule
