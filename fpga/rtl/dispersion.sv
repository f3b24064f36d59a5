// dispersion.sv - which pixels are strong: the 7 x 7 window's exact integer test, one beat per clock, for a unit.
//
// Beats come row by row and are counted here; three empty rows and one empty beat follow by themselves, so that the last rows' windows
// close. A beat runs through without ever stopping: the sums of its columns (7 steps), the neighbours' columns (it waits for the next
// beat, then 3 steps), the test (11 steps). So what is behind must have room for what is under way, which is at most 32 beats, before
// it lets `room` fall. Rows of one or two beats take three clocks, for the sums are read, changed and put back in three.
//
// Nothing of a frame is left to the next: no memory is read before this frame has written it, as the flags of the row tell.
// `done` stays up from the frame's last beat to the next start.

module dispersion #(
	parameter int PIXEL_BITS = 16,
	parameter int LANES = 512 / PIXEL_BITS,
	parameter int MAX_WIDTH = 8192
) (
	input  logic                        clk,
	input  logic                        rst,
	input  logic                        start,
	input  logic [9:0]                  cfg_beats_per_row,
	input  logic [15:0]                 cfg_width,
	input  logic [15:0]                 cfg_height,
	input  logic [7:0]                  cfg_min_count,
	input  logic [31:0]                 cfg_threshold,
	input  logic [29:0]                 cfg_ns2_q16,
	input  logic                        c_write,
	input  logic [5:0]                  c_index,
	input  logic [29:0]                 c_value,
	input  logic                        in_valid,
	output logic                        in_ready,
	input  logic [LANES*PIXEL_BITS-1:0] in_pixels,
	input  logic [LANES-1:0]            in_ok,
	input  logic                        room,
	output logic                        out_valid,
	output logic [LANES-1:0]            out_hits,
	output logic [LANES*PIXEL_BITS-1:0] out_pixels,
	output logic [31:0]                 out_base,
	output logic                        out_last,
	output logic                        done
);
	localparam int VALUE_BITS = PIXEL_BITS < 24 ? PIXEL_BITS : 24;
	localparam int PLACE_BITS = $clog2(MAX_WIDTH / LANES);
	localparam int RING_BITS = PLACE_BITS + 2;
	localparam int X_BITS = VALUE_BITS + 3;
	localparam int Y_BITS = 2 * VALUE_BITS + 3;
	localparam int TEST_CLOCKS = 11;

	wire clear = rst || start;

	// Step 0: a beat is taken. In the rows behind the image, which begin when `flushing` rises, it is made here.
	logic running, flushing, extra;        // extra: the one beat behind all rows
	logic [16:0] row;                      // up to 65535 + 3
	logic [9:0] place;                     // of the beat in its row
	logic [1:0] pause;                     // clocks till the next row may begin
	logic [16:0] row_next;
	logic [RING_BITS-1:0] beat, beat_3_up, beat_4_up; // which beat this is; which came three, four rows ago

	wire take = running && room && pause == 2'd0 && (flushing || in_valid);
	wire row_ends = place + 10'd1 == cfg_beats_per_row;

	assign in_ready = running && room && pause == 2'd0 && !flushing;
	assign row_next = row + 17'd1;

	always_ff @(posedge clk)
		if (rst) begin
			running <= 1'b0;
			flushing <= 1'b0;
		end else if (start) begin
			running <= 1'b1;
			flushing <= 1'b0;
		end else if (take && extra)
			running <= 1'b0;
		else if (take && row_ends)
			flushing <= row_next >= {1'b0, cfg_height};

	always_ff @(posedge clk)
		if (start) begin
			row <= '0;
			place <= '0;
			pause <= '0;
			extra <= 1'b0;
			beat <= '0;
			beat_3_up <= RING_BITS'(12'd0 - {1'b0, cfg_beats_per_row, 1'b0} - {2'd0, cfg_beats_per_row});
			beat_4_up <= RING_BITS'(12'd0 - {cfg_beats_per_row, 2'd0});
		end else if (take) begin
			beat <= beat + 1'b1;
			beat_3_up <= beat_3_up + 1'b1;
			beat_4_up <= beat_4_up + 1'b1;
			place <= row_ends ? '0 : place + 10'd1;
			if (row_ends) begin
				row <= row_next;
				extra <= row_next == {1'b0, cfg_height} + 17'd3;
				pause <= cfg_beats_per_row == 10'd1 ? 2'd2 : cfg_beats_per_row == 10'd2 ? 2'd1 : 2'd0;
			end
		end else if (pause != 2'd0)
			pause <= pause - 2'd1;

	// Step 1: the beat, with its place and what is above its row.
	logic [LANES*PIXEL_BITS-1:0] pixels_1;
	logic [LANES-1:0] ok_1;
	logic valid_1, row_first_1, row_last_1, last_1, first_row_1, has_centre_1, has_old_1;
	logic [PLACE_BITS-1:0] place_1;
	logic [RING_BITS-1:0] beat_1, beat_3_up_1;

	always_ff @(posedge clk) begin
		valid_1 <= take && !clear;
		pixels_1 <= in_pixels;
		ok_1 <= flushing ? '0 : in_ok;
		row_first_1 <= place == '0;
		row_last_1 <= row_ends;
		last_1 <= row_ends && row == {1'b0, cfg_height} + 17'd2;
		first_row_1 <= row == '0;
		has_centre_1 <= row >= 17'd3 && !extra;
		has_old_1 <= row >= 17'd7;
		place_1 <= place[PLACE_BITS-1:0];
		beat_1 <= beat;
		beat_3_up_1 <= beat_3_up;
	end

	// The same in the later steps.
	logic valid_2, valid_3, valid_4, valid_5, valid_6;
	(* max_fanout = 256 *) logic valid_7; // moves every column of the window
	logic has_old_2, first_row_6, has_centre_7, row_first_7, row_last_7, last_7;
	logic [PLACE_BITS-1:0] place_4, place_6;
	logic [RING_BITS-1:0] beat_7, beat_3_up_5;

	always_ff @(posedge clk) begin
		{valid_2, valid_3, valid_4, valid_5, valid_6, valid_7} <= clear ? 6'd0 : {valid_1, valid_2, valid_3, valid_4, valid_5, valid_6};
		has_old_2 <= has_old_1;
	end
	delay #(.WIDTH(PLACE_BITS), .CLOCKS(3)) place_to_4 (.clk, .in(place_1), .out(place_4));
	delay #(.WIDTH(PLACE_BITS), .CLOCKS(2)) place_to_6 (.clk, .in(place_4), .out(place_6));
	delay #(.WIDTH(RING_BITS), .CLOCKS(4)) beat_to_5 (.clk, .in(beat_3_up_1), .out(beat_3_up_5));
	delay #(.WIDTH(RING_BITS), .CLOCKS(6)) beat_to_7 (.clk, .in(beat_1), .out(beat_7));
	delay #(.WIDTH(1), .CLOCKS(5)) flag_to_6 (.clk, .in(first_row_1), .out(first_row_6));
	delay #(.WIDTH(4), .CLOCKS(6)) flags_to_7 (.clk, .in({has_centre_1, row_first_1, row_last_1, last_1}),
		.out({has_centre_7, row_first_7, row_last_7, last_7}));

	// Steps 1 to 7: the columns.
	logic [LANES*3-1:0] m_7;
	logic [LANES*X_BITS-1:0] x_7;
	logic [LANES*Y_BITS-1:0] y_7;
	logic [LANES*PIXEL_BITS-1:0] centres_7;
	logic [LANES-1:0] centres_ok_7;

	genvar i;
	generate
		for (i = 0; i < LANES; i++) begin : columns
			dispersion_column #(.PIXEL_BITS(PIXEL_BITS), .VALUE_BITS(VALUE_BITS), .PLACE_BITS(PLACE_BITS), .RING_BITS(RING_BITS)) column (
				.clk,
				.pixel_1(pixels_1[i*PIXEL_BITS +: PIXEL_BITS]), .ok_1(ok_1[i]), .write_1(valid_1), .row_write_at_1(beat_1),
				.old_read_at_0(beat_4_up), .has_old_2,
				.sum_read_at_4(place_4), .centre_read_at_5(beat_3_up_5),
				.sum_write_at_6(place_6), .write_6(valid_6), .first_row_6,
				.old_write_at_7(beat_7), .write_7(valid_7),
				.m_7(m_7[i*3 +: 3]), .x_7(x_7[i*X_BITS +: X_BITS]), .y_7(y_7[i*Y_BITS +: Y_BITS]),
				.centre_7(centres_7[i*PIXEL_BITS +: PIXEL_BITS]), .centre_ok_7(centres_ok_7[i]));
		end
	endgenerate

	// The windows.
	logic window_valid, window_row_last, window_last;
	logic [LANES*6-1:0] window_m;
	logic [LANES*(X_BITS+3)-1:0] window_x;
	logic [LANES*(Y_BITS+3)-1:0] window_y;
	logic [LANES*PIXEL_BITS-1:0] window_pixels;
	logic [LANES-1:0] window_ok;

	dispersion_window #(.LANES(LANES), .PIXEL_BITS(PIXEL_BITS), .X_BITS(X_BITS), .Y_BITS(Y_BITS)) window (
		.clk, .clear,
		.in_valid(valid_7), .in_centre(has_centre_7), .in_row_first(row_first_7), .in_row_last(row_last_7), .in_last(last_7),
		.in_m(m_7), .in_x(x_7), .in_y(y_7), .in_pixels(centres_7), .in_ok(centres_ok_7),
		.out_valid(window_valid), .out_row_last(window_row_last), .out_last(window_last),
		.out_m(window_m), .out_x(window_x), .out_y(window_y), .out_pixels(window_pixels), .out_ok(window_ok));

	// The test.
	generate
		for (i = 0; i < LANES; i++) begin : tests
			dispersion_test #(.PIXEL_BITS(PIXEL_BITS), .VALUE_BITS(VALUE_BITS)) test (
				.clk, .cfg_min_count, .cfg_threshold, .cfg_ns2_q16, .c_write, .c_index, .c_value,
				.m(window_m[i*6 +: 6]), .x(window_x[i*(X_BITS+3) +: X_BITS+3]), .y(window_y[i*(Y_BITS+3) +: Y_BITS+3]),
				.pixel(window_pixels[i*PIXEL_BITS +: PIXEL_BITS]), .ok(window_ok[i]), .hit(out_hits[i]));
		end
	endgenerate

	logic [TEST_CLOCKS-1:0] testing;
	logic out_row_last;
	logic [31:0] row_base;

	delay #(.WIDTH(LANES * PIXEL_BITS + 2), .CLOCKS(TEST_CLOCKS)) tested (.clk, .in({window_row_last, window_last, window_pixels}),
		.out({out_row_last, out_last, out_pixels}));
	assign out_valid = testing[TEST_CLOCKS-1];

	always_ff @(posedge clk) begin
		testing <= clear ? '0 : {testing[TEST_CLOCKS-2:0], window_valid};
		if (start) begin
			out_base <= '0;
			row_base <= 32'(cfg_width); // of the next row
		end else if (out_valid) begin
			out_base <= out_row_last ? row_base : out_base + 32'(LANES);
			if (out_row_last)
				row_base <= row_base + 32'(cfg_width);
		end
		done <= !clear && (done || (out_valid && out_last));
	end
endmodule
