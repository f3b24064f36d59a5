// dispersion_column.sv - the sums over seven rows of one lane's columns, for dispersion.
//
// A column's sums over rows r-6 .. r are those over r-7 .. r-1, plus the pixel of row r, less that of row r-7. Three memories: the sums, by
// the beat's place in its row; the last rows, from which the pixel three rows up (the window's centre) is read; and behind it the four
// rows above that one, down to the pixel that leaves. Sums are exact at every step, so nothing is ever lost or left over.
//
// The parent gives addresses and flags for the pipeline's steps, one a clock, a signal's number being the step it belongs to: step 0 is
// the clock in which a beat is taken, its pixel comes in step 1, its sums go out in step 7. It promises that a place is used at most once
// in three clocks, so that no read meets a write under way:
//   sums: read in step 4, written in step 6, at the same place three clocks later at the earliest;
//   rows: written in step 1, read three rows (nine clocks) later, in step 5;
//   above: written in step 7, read four rows (twelve clocks) later, in step 0.
//
// Bits: pixels from 2**24 on count for nothing, so a counted value v has VALUE_BITS = min(PIXEL_BITS, 24), 7 v < 2**(VALUE_BITS+3) and
// 7 v**2 < 2**(2*VALUE_BITS+3). The difference of two squares is (a - o) (a + o): one product, and not two.

module dispersion_column #(
	parameter int PIXEL_BITS = 16,
	parameter int VALUE_BITS = PIXEL_BITS < 24 ? PIXEL_BITS : 24,
	parameter int PLACE_BITS = PIXEL_BITS == 16 ? 8 : 9, // of a beat in its row
	parameter int RING_BITS = PLACE_BITS + 2             // four rows of beats
) (
	input  logic                        clk,
	input  logic [PIXEL_BITS-1:0]       pixel_1,
	input  logic                        ok_1,
	input  logic                        write_1,
	input  logic [RING_BITS-1:0]        row_write_at_1,
	input  logic [RING_BITS-1:0]        old_read_at_0,
	input  logic                        has_old_2,    // there is a row seven up
	input  logic [PLACE_BITS-1:0]       sum_read_at_4,
	input  logic [RING_BITS-1:0]        centre_read_at_5,
	input  logic [PLACE_BITS-1:0]       sum_write_at_6,
	input  logic                        write_6,
	input  logic                        first_row_6,  // nothing is above
	input  logic [RING_BITS-1:0]        old_write_at_7,
	input  logic                        write_7,
	output logic [2:0]                  m_7,          // pixels that count
	output logic [VALUE_BITS+2:0]       x_7,          // their sum
	output logic [2*VALUE_BITS+2:0]     y_7,          // that of their squares
	output logic [PIXEL_BITS-1:0]       centre_7,
	output logic                        centre_ok_7
);
	localparam int X_BITS = VALUE_BITS + 3;
	localparam int Y_BITS = 2 * VALUE_BITS + 3;
	localparam int SUM_BITS = 3 + X_BITS + Y_BITS;

	(* ram_style = "block" *) logic [PIXEL_BITS:0] rows [0:2**RING_BITS-1];
	(* ram_style = "block" *) logic [VALUE_BITS:0] above [0:2**RING_BITS-1];
	(* ram_style = "block" *) logic [SUM_BITS-1:0] sums [0:2**PLACE_BITS-1];

	// The pixel that comes, the pixel that leaves; 0 where one does not count.
	wire counts_1 = ok_1 && !is_big(pixel_1);
	logic new_counts;
	logic [VALUE_BITS-1:0] new_value;
	logic [VALUE_BITS:0] old_fetched, old;

	always_ff @(posedge clk) begin
		new_counts <= counts_1;
		new_value <= counts_1 ? pixel_1[VALUE_BITS-1:0] : '0;
		old_fetched <= above[old_read_at_0];
		old <= old_fetched;
	end

	wire old_counts = has_old_2 && old[VALUE_BITS];
	wire [VALUE_BITS-1:0] old_value = has_old_2 ? old[VALUE_BITS-1:0] : '0;
	wire [1:0] m_change = {1'b0, new_counts} - {1'b0, old_counts};
	wire [VALUE_BITS:0] x_change = {1'b0, new_value} - {1'b0, old_value};
	wire [VALUE_BITS:0] both = {1'b0, new_value} + {1'b0, old_value};
	logic [1:0] m_change_6;
	logic [VALUE_BITS:0] x_change_6;
	logic [2*VALUE_BITS+1:0] y_change_6;

	delay #(.WIDTH(VALUE_BITS + 3), .CLOCKS(4)) change (.clk, .in({m_change, x_change}), .out({m_change_6, x_change_6}));
	multiply #(.A_BITS(VALUE_BITS + 1), .B_BITS(VALUE_BITS + 1), .A_SIGNED(1'b1)) squares (.clk, .a(x_change), .b(both),
		.product(y_change_6));

	// The sums: fetched, changed, put back.
	logic [SUM_BITS-1:0] sum_fetched, sum_held;
	wire [SUM_BITS-1:0] sum_6 = first_row_6 ? '0 : sum_held;
	wire [2:0] m_6 = sum_6[2:0] + {m_change_6[1], m_change_6};
	wire [X_BITS-1:0] x_6 = sum_6[3 +: X_BITS] + {{2{x_change_6[VALUE_BITS]}}, x_change_6};
	wire [Y_BITS-1:0] y_6 = sum_6[3+X_BITS +: Y_BITS] + {y_change_6[2*VALUE_BITS+1], y_change_6};

	always_ff @(posedge clk) begin
		sum_fetched <= sums[sum_read_at_4];
		sum_held <= sum_fetched;
		if (write_6)
			sums[sum_write_at_6] <= {y_6, x_6, m_6};
		m_7 <= m_6;
		x_7 <= x_6;
		y_7 <= y_6;
	end

	// The rows: in, three rows later the centre, four rows after that the pixel that leaves. What is read before there are three rows is of
	// no row of this frame: the parent drops such a beat, and no pixel that it leaves in the memory above is ever read.
	logic [PIXEL_BITS:0] centre_fetched, centre_held;
	wire centre_counts = centre_ok_7 && !is_big(centre_7);

	assign centre_7 = centre_held[PIXEL_BITS-1:0];
	assign centre_ok_7 = centre_held[PIXEL_BITS];

	always_ff @(posedge clk) begin
		if (write_1)
			rows[row_write_at_1] <= {ok_1, pixel_1};
		centre_fetched <= rows[centre_read_at_5];
		centre_held <= centre_fetched;
		if (write_7)
			above[old_write_at_7] <= {centre_counts, centre_counts ? centre_7[VALUE_BITS-1:0] : {VALUE_BITS{1'b0}}};
	end

	// From 2**24 on.
	function automatic logic is_big(input logic [PIXEL_BITS-1:0] value);
		is_big = (value >> VALUE_BITS) != '0;
	endfunction
endmodule
