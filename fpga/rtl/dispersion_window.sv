// dispersion_window.sv - the sums of seven neighbouring columns, for every lane at once, for dispersion.
//
// A beat waits until the next one is there, for the last lanes' windows reach three columns into it; at a row's ends there is nothing
// beyond. So the frame's last beat needs one more, of any content, behind it. Three columns are added in one step, and in the next two
// such sums and a seventh column.

module dispersion_window #(
	parameter int PIXEL_BITS = 16,
	parameter int LANES = 512 / PIXEL_BITS,
	parameter int X_BITS = (PIXEL_BITS < 24 ? PIXEL_BITS : 24) + 3, // of a column's sum; Y_BITS of its sum of squares
	parameter int Y_BITS = 2 * X_BITS - 3
) (
	input  logic                          clk,
	input  logic                          clear,
	input  logic                          in_valid,
	input  logic                          in_centre,   // the beat is wanted: it has a row of centres
	input  logic                          in_row_first,
	input  logic                          in_row_last,
	input  logic                          in_last,
	input  logic [LANES*3-1:0]            in_m,
	input  logic [LANES*X_BITS-1:0]       in_x,
	input  logic [LANES*Y_BITS-1:0]       in_y,
	input  logic [LANES*PIXEL_BITS-1:0]   in_pixels,
	input  logic [LANES-1:0]              in_ok,
	output logic                          out_valid,
	output logic                          out_row_last,
	output logic                          out_last,
	output logic [LANES*6-1:0]            out_m,       // three bits more than a column: seven of them are below eight times the largest
	output logic [LANES*(X_BITS+3)-1:0]   out_x,
	output logic [LANES*(Y_BITS+3)-1:0]   out_y,
	output logic [LANES*PIXEL_BITS-1:0]   out_pixels,
	output logic [LANES-1:0]              out_ok
);
	// The beat, the one before it, and what is needed of the one before that.
	logic next_valid, next_centre, next_row_first, next_row_last, next_last;
	logic here_valid, here_row_first, here_row_last, here_last;
	logic [LANES*3-1:0] next_m, here_m;
	logic [LANES*X_BITS-1:0] next_x, here_x;
	logic [LANES*Y_BITS-1:0] next_y, here_y;
	logic [3*3-1:0] past_m;
	logic [3*X_BITS-1:0] past_x;
	logic [3*Y_BITS-1:0] past_y;
	logic [LANES*(PIXEL_BITS+1)-1:0] next_centres, here_centres;

	always_ff @(posedge clk)
		if (clear) begin
			next_valid <= 1'b0;
			here_valid <= 1'b0;
		end else begin
			next_valid <= next_valid || in_valid;
			here_valid <= in_valid && next_valid && next_centre;
		end
	always_ff @(posedge clk)
		if (in_valid) begin
			{next_centre, next_row_first, next_row_last, next_last} <= {in_centre, in_row_first, in_row_last, in_last};
			{next_m, next_x, next_y} <= {in_m, in_x, in_y};
			next_centres <= {in_ok, in_pixels};
			{here_row_first, here_row_last, here_last} <= {next_row_first, next_row_last, next_last};
			{here_m, here_x, here_y} <= {next_m, next_x, next_y};
			here_centres <= next_centres;
			past_m <= here_m[LANES*3-1 -: 9];
			past_x <= here_x[LANES*X_BITS-1 -: 3*X_BITS];
			past_y <= here_y[LANES*Y_BITS-1 -: 3*Y_BITS];
		end

	// Three more columns on both sides.
	wire [(LANES+6)*3-1:0] all_m = {here_row_last ? 9'd0 : next_m[8:0], here_m, here_row_first ? 9'd0 : past_m};
	wire [(LANES+6)*X_BITS-1:0] all_x = {here_row_last ? {(3*X_BITS){1'b0}} : next_x[3*X_BITS-1:0], here_x,
		here_row_first ? {(3*X_BITS){1'b0}} : past_x};
	wire [(LANES+6)*Y_BITS-1:0] all_y = {here_row_last ? {(3*Y_BITS){1'b0}} : next_y[3*Y_BITS-1:0], here_y,
		here_row_first ? {(3*Y_BITS){1'b0}} : past_y};

	window_sum #(.LANES(LANES), .BITS(3)) sum_m (.clk, .columns(all_m), .sums(out_m));
	window_sum #(.LANES(LANES), .BITS(X_BITS)) sum_x (.clk, .columns(all_x), .sums(out_x));
	window_sum #(.LANES(LANES), .BITS(Y_BITS)) sum_y (.clk, .columns(all_y), .sums(out_y));

	delay #(.WIDTH(LANES * (PIXEL_BITS + 1) + 2), .CLOCKS(2)) centres (.clk, .in({here_row_last, here_last, here_centres}),
		.out({out_row_last, out_last, out_ok, out_pixels}));

	logic summed_valid;

	always_ff @(posedge clk)
		{out_valid, summed_valid} <= clear ? 2'b00 : {summed_valid, here_valid};
endmodule
