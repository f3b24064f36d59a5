// dispersion_test.sv - whether the pixel in the middle of a window is strong, for one lane of dispersion: eleven clocks later.
//
// m pixels of the window count, X is their sum, Y that of their squares, p the pixel. Strong, if it is valid, above the threshold,
// m >= min_count, and
//     m Y - X X > (X C[m]) >> 16                           the window is not flat, and
//     p >= 2**24, or m p > X and (m p - X)**2 > (NS2 X m) >> 16     the pixel stands out.
// That m p > X need not be asked of p >= 2**24: every counted value is smaller, so with m >= 1 it holds, and with m = 0 the first test
// has failed. So the second test only ever sees p < 2**24, cut to VALUE_BITS.
//
// Bits, with V = VALUE_BITS, at most 24, and m <= 49 < 2**6: X < 2**(V+6) and Y < 2**(2V+6) by the window's width; m Y and X X below
// 2**(2V+12), and their difference never negative (Cauchy and Schwarz); C < 2**30, so X C < 2**(V+36); m p < 2**(V+6), and where it is
// above X so is the difference, whose square is below 2**(2V+12); X m < 2**(V+12) and with NS2 < 2**30 below 2**(V+42).

module dispersion_test #(
	parameter int PIXEL_BITS = 16,
	parameter int VALUE_BITS = PIXEL_BITS < 24 ? PIXEL_BITS : 24
) (
	input  logic                      clk,
	input  logic [7:0]                cfg_min_count,
	input  logic [31:0]               cfg_threshold,
	input  logic [29:0]               cfg_ns2_q16,
	input  logic                      c_write,
	input  logic [5:0]                c_index,
	input  logic [29:0]               c_value,
	input  logic [5:0]                m,
	input  logic [VALUE_BITS+5:0]     x,
	input  logic [2*VALUE_BITS+5:0]   y,
	input  logic [PIXEL_BITS-1:0]     pixel,
	input  logic                      ok,
	output logic                      hit
);
	localparam int X_BITS = VALUE_BITS + 6;
	localparam int SQUARE_BITS = 2 * X_BITS;
	localparam int FLAT_BITS = X_BITS + 30;    // X C
	localparam int NOISE_BITS = X_BITS + 36;   // NS2 X m
	localparam int WIDEST = NOISE_BITS - 16 > SQUARE_BITS ? NOISE_BITS - 16 : SQUARE_BITS;

	// Clock 1: the table's entry. Everything else has begun at 0.
	(* ram_style = "distributed" *) logic [29:0] c_table [0:63];
	logic [29:0] c;
	logic [X_BITS-1:0] x_1;
	logic may_1, big_1, may_10, big_10;

	always_ff @(posedge clk) begin
		if (c_write)
			c_table[c_index] <= c_value;
		c <= c_table[m];
		x_1 <= x;
		may_1 <= ok && 32'(pixel) > cfg_threshold && {2'd0, m} >= cfg_min_count;
		big_1 <= |(pixel >> VALUE_BITS);
	end

	// Clock 4, 5: the products.
	logic [SQUARE_BITS-1:0] my_4, xx_4;
	logic [X_BITS-1:0] mp_4, x_4;
	logic [X_BITS+5:0] xm_4;
	logic [FLAT_BITS-1:0] xc_5;

	multiply #(.A_BITS(2*VALUE_BITS + 6), .B_BITS(6)) m_y (.clk, .a(y), .b(m), .product(my_4));
	multiply #(.A_BITS(X_BITS), .B_BITS(X_BITS)) x_x (.clk, .a(x), .b(x), .product(xx_4));
	multiply #(.A_BITS(VALUE_BITS), .B_BITS(6)) m_p (.clk, .a(pixel[VALUE_BITS-1:0]), .b(m), .product(mp_4));
	multiply #(.A_BITS(X_BITS), .B_BITS(6)) x_m (.clk, .a(x), .b(m), .product(xm_4));
	multiply #(.A_BITS(X_BITS), .B_BITS(30)) x_c (.clk, .a(x_1), .b(c), .product(xc_5));
	delay #(.WIDTH(X_BITS), .CLOCKS(3)) x_later (.clk, .in(x_1), .out(x_4));

	// Clock 5: the differences. Clock 6: the first test.
	logic [SQUARE_BITS-1:0] spread_5;
	logic [X_BITS:0] above_5; // its top bit: the pixel is below the mean
	logic not_flat_6, not_flat_10, rises_5, rises_9;

	always_ff @(posedge clk) begin
		spread_5 <= my_4 - xx_4;
		above_5 <= {1'b0, mp_4} - {1'b0, x_4};
		not_flat_6 <= spread_5 > SQUARE_BITS'(xc_5[FLAT_BITS-1:16]);
	end
	assign rises_5 = !above_5[X_BITS]; // where it is exactly the mean the square is 0, which is above nothing

	// Clock 8, 9: square and noise. Clock 10: the second test.
	logic [NOISE_BITS-1:0] noise_8;
	logic [NOISE_BITS-17:0] noise_9;
	logic [SQUARE_BITS-1:0] square_9;
	logic stands_out_10;

	multiply #(.A_BITS(X_BITS + 6), .B_BITS(30)) ns2_x_m (.clk, .a(xm_4), .b(cfg_ns2_q16), .product(noise_8));
	multiply #(.A_BITS(X_BITS), .B_BITS(X_BITS)) square (.clk, .a(above_5[X_BITS-1:0]), .b(above_5[X_BITS-1:0]), .product(square_9));
	delay #(.WIDTH(1), .CLOCKS(4)) rises (.clk, .in(rises_5), .out(rises_9));
	delay #(.WIDTH(1), .CLOCKS(4)) not_flat (.clk, .in(not_flat_6), .out(not_flat_10));
	delay #(.WIDTH(2), .CLOCKS(9)) conditions (.clk, .in({may_1, big_1}), .out({may_10, big_10}));

	always_ff @(posedge clk) begin
		noise_9 <= noise_8[NOISE_BITS-1:16];
		stands_out_10 <= rises_9 && WIDEST'(square_9) > WIDEST'(noise_9);
		hit <= may_10 && not_flat_10 && (big_10 || stands_out_10);
	end

	// What lies behind the point of a number in 1/65536 is cut off.
	wire unused = &{1'b0, xc_5[15:0], noise_8[15:0]};
endmodule
