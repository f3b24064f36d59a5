// gearbox.sv - packs a frame's pixels anew, so that every row of the image begins with a beat.
//
// Pixels come in beats of 1 to LANES and wait in a ring of rows of LANES columns, each column a small memory of its own: pixel i of the frame
// lies in row i / LANES, column i mod LANES. So any LANES pixels that follow each other are written, or read, in one clock, turned to their
// place: one beat in and one beat out per clock, for any width. A row's last beat is filled up with zeros. in_ready hangs on registers only.
//
// What comes behind the frame's last pixel, or before any start, is taken and forgotten.

module gearbox #(
	parameter int PIXEL_BITS = 16
) (
	input  logic         clk,
	input  logic         rst,
	input  logic         start,
	input  logic [15:0]  cfg_width,
	input  logic [15:0]  cfg_height,
	input  logic         in_valid,
	output logic         in_ready,
	input  logic [511:0] in_data,
	input  logic [5:0]   in_count,
	output logic         out_valid,
	input  logic         out_ready,
	output logic [511:0] out_data,
	output logic         out_row_last,
	output logic         out_last
);
	localparam int LANES = 512 / PIXEL_BITS;
	localparam int LANE_LOG2 = $clog2(LANES);
	localparam int ROW_LOG2 = 5;
	localparam int PLACE_LOG2 = ROW_LOG2 + LANE_LOG2; // pixels of the ring

	// Lane i of the result is lane i + n of x.
	function automatic logic [511:0] turned_down(logic [511:0] x, logic [LANE_LOG2-1:0] n);
		turned_down = x;
		for (int k = 0; k < LANE_LOG2; k = k + 1)
			if (n[k])
				turned_down = 512'({turned_down, turned_down} >> (PIXEL_BITS << k));
	endfunction
	// The first n lanes.
	function automatic logic [LANES-1:0] below(logic [LANE_LOG2:0] n);
		for (int i = 0; i < LANES; i = i + 1)
			below[i] = (LANE_LOG2 + 1)'(i) < n;
	endfunction

	// A beat as it was taken; the same turned, so that each pixel stands in its column.
	logic put, roomy, taken_there, stored_there;
	logic [PLACE_LOG2-1:0] put_place, taken_place;
	logic [511:0] taken, stored;
	logic [LANE_LOG2:0] taken_count, stored_count;
	logic [LANE_LOG2-1:0] taken_turn;
	logic [LANES-1:0] taken_columns, stored_columns;
	// The two rows of the ring a beat lies in, and the columns where it is the second.
	logic [2*ROW_LOG2-1:0] stored_rows, fetch_rows;
	logic [LANES-1:0] stored_second, fetch_second;
	// Pixels that have a place, pixels that can be read.
	logic [PLACE_LOG2:0] claimed, readable;
	// The next beat to be read: how many pixels it has, and where it stands in the image.
	logic over, fetch, move, row_ends, last_row, frame_ends;
	logic [PLACE_LOG2-1:0] fetch_place;
	logic [LANE_LOG2:0] need, last_need;
	logic [15:0] beats_left, rows_left, last_beat;
	// The beat that was read, still turned.
	logic fetched_there, fetched_row_last, fetched_last;
	logic [LANE_LOG2-1:0] fetched_turn;
	logic [511:0] columns, fetched;
	logic [LANES-1:0] last_lanes;

	// Room for a whole beat: a clock ago there was room for two, of which one may have been taken since. A register, for behind in_ready are all decoders' queues.
	assign in_ready = over || roomy;
	assign put = in_valid && in_ready && !over;
	assign taken_turn = -taken_place[LANE_LOG2-1:0];

	always_comb
		for (int i = 0; i < LANES; i = i + 1)
			taken_columns[i] = {1'b0, LANE_LOG2'(i) + taken_turn} < taken_count;

	always_ff @(posedge clk) begin
		if (put) begin
			taken <= in_data;
			taken_count <= in_count[LANE_LOG2:0];
			taken_place <= put_place;
		end
		stored <= turned_down(taken, taken_turn);
		stored_count <= taken_count;
		stored_columns <= taken_columns;
		stored_second <= below({1'b0, taken_place[LANE_LOG2-1:0]});
		stored_rows <= {taken_place[PLACE_LOG2-1:LANE_LOG2] + 1'b1, taken_place[PLACE_LOG2-1:LANE_LOG2]};
	end

	assign fetch_rows = {fetch_place[PLACE_LOG2-1:LANE_LOG2] + 1'b1, fetch_place[PLACE_LOG2-1:LANE_LOG2]};
	assign fetch_second = below({1'b0, fetch_place[LANE_LOG2-1:0]});

	genvar i;
	generate
		for (i = 0; i < LANES; i = i + 1) begin : column
			(* ram_style = "distributed" *) logic [PIXEL_BITS-1:0] pixels [0:2**ROW_LOG2-1];

			assign columns[PIXEL_BITS*i+:PIXEL_BITS] = pixels[fetch_second[i] ? fetch_rows[ROW_LOG2+:ROW_LOG2] : fetch_rows[0+:ROW_LOG2]];
			always_ff @(posedge clk)
				if (stored_there && stored_columns[i])
					pixels[stored_second[i] ? stored_rows[ROW_LOG2+:ROW_LOG2] : stored_rows[0+:ROW_LOG2]] <= stored[PIXEL_BITS*i+:PIXEL_BITS];
		end
	endgenerate

	assign frame_ends = row_ends && last_row;
	assign need = row_ends ? last_need : (LANE_LOG2 + 1)'(LANES);
	assign move = fetched_there && (!out_valid || out_ready);
	assign fetch = !over && readable >= (PLACE_LOG2 + 1)'(need) && (!fetched_there || move);

	always_ff @(posedge clk)
		if (rst || start) begin
			over <= rst || cfg_width == '0 || cfg_height == '0;
			put_place <= '0;
			fetch_place <= '0;
			claimed <= '0;
			roomy <= 1'b1;
			readable <= '0;
			taken_there <= 1'b0;
			stored_there <= 1'b0;
			fetched_there <= 1'b0;
			out_valid <= 1'b0;
			beats_left <= (cfg_width - 16'd1) >> LANE_LOG2;
			row_ends <= cfg_width <= 16'(LANES);
			rows_left <= cfg_height - 16'd1;
			last_row <= cfg_height == 16'd1;
		end else begin
			if (fetch && frame_ends)
				over <= 1'b1;
			if (put)
				put_place <= put_place + PLACE_LOG2'(in_count);
			if (fetch) begin
				fetch_place <= fetch_place + PLACE_LOG2'(need);
				beats_left <= row_ends ? last_beat : beats_left - 16'd1;
				row_ends <= row_ends ? last_beat == '0 : beats_left == 16'd1;
			end
			if (fetch && row_ends) begin
				rows_left <= rows_left - 16'd1;
				last_row <= rows_left == 16'd1;
			end
			roomy <= !claimed[PLACE_LOG2] && !(&claimed[PLACE_LOG2-1:LANE_LOG2+1]);
			claimed <= claimed + (put ? (PLACE_LOG2 + 1)'(in_count) : '0) - (fetch ? (PLACE_LOG2 + 1)'(need) : '0);
			readable <= readable + (stored_there ? (PLACE_LOG2 + 1)'(stored_count) : '0) - (fetch ? (PLACE_LOG2 + 1)'(need) : '0);
			taken_there <= put;
			stored_there <= taken_there;
			fetched_there <= fetch || (fetched_there && !move);
			out_valid <= move || (out_valid && !out_ready);
		end

	always_ff @(posedge clk) begin
		last_beat <= (cfg_width - 16'd1) >> LANE_LOG2;
		last_need <= {1'b0, LANE_LOG2'(cfg_width - 16'd1)} + 1'b1;
		last_lanes <= below(last_need);
		if (fetch) begin
			fetched <= columns;
			fetched_turn <= fetch_place[LANE_LOG2-1:0];
			fetched_row_last <= row_ends;
			fetched_last <= frame_ends;
		end
		if (move) begin
			out_row_last <= fetched_row_last;
			out_last <= fetched_last;
		end
	end

	logic [511:0] straight, kept;

	assign straight = turned_down(fetched, fetched_turn);
	always_comb
		for (int lane = 0; lane < LANES; lane = lane + 1)
			kept[PIXEL_BITS*lane+:PIXEL_BITS] = last_lanes[lane] || !fetched_row_last ? straight[PIXEL_BITS*lane+:PIXEL_BITS] : '0;
	always_ff @(posedge clk)
		if (move)
			out_data <= kept;

`ifdef PROVE_GEARBOX
`include "gearbox.svh"
`endif
endmodule
