// totals.sv - counts, sum and maximum over a frame's valid pixels, one beat per clock, for a unit.
//
// The results belong to the beats since `start`, from the clock on in which `idle` is up again. max_index is the first index, in
// row-major order, of the largest value; both are 0 where nothing is valid. A lane behind the row's end must be neither allowed nor ok.
//
// Bits: a frame has fewer than 2**26 pixels, so 32 bits hold every count and 64 the sum (below 2**58).

module totals #(
	parameter int PIXEL_BITS = 16,
	parameter int LANES = 512 / PIXEL_BITS
) (
	input  logic                        clk,
	input  logic                        rst,
	input  logic                        start,
	input  logic [31:0]                 cfg_saturation,
	input  logic                        cfg_saturation_known,
	input  logic                        in_valid,
	input  logic [LANES*PIXEL_BITS-1:0] in_pixels,
	input  logic [LANES-1:0]            in_allowed,
	input  logic [LANES-1:0]            in_ok,
	input  logic [31:0]                 in_base,
	output logic [31:0]                 n_valid,
	output logic [31:0]                 n_nodata,
	output logic [31:0]                 n_saturated,
	output logic [63:0]                 sum,
	output logic [31:0]                 max,
	output logic [31:0]                 max_index,
	output logic                        idle
);
	localparam int LEVELS = $clog2(LANES);
	localparam int TERM_BITS = PIXEL_BITS + LEVELS;
	localparam int COUNT_BITS = LEVELS + 1;
	localparam int KEY_BITS = PIXEL_BITS + 1;

	wire clear = rst || start;

	// Step 1: the lanes' terms. A valid pixel's key is above that of any other, so that a valid 0 is found, too.
	logic [LANES*TERM_BITS-1:0] values_1;
	logic [LANES*COUNT_BITS-1:0] valid_1, nodata_1, saturated_1;
	logic [LANES*KEY_BITS-1:0] keys_1;

	genvar i;
	generate
		for (i = 0; i < LANES; i++) begin : lane
			wire [PIXEL_BITS-1:0] value = in_ok[i] ? in_pixels[i*PIXEL_BITS +: PIXEL_BITS] : '0;

			always_ff @(posedge clk) begin
				values_1[i*TERM_BITS +: TERM_BITS] <= TERM_BITS'(value);
				keys_1[i*KEY_BITS +: KEY_BITS] <= {in_ok[i], value};
				valid_1[i*COUNT_BITS +: COUNT_BITS] <= COUNT_BITS'(in_ok[i]);
				nodata_1[i*COUNT_BITS +: COUNT_BITS] <= COUNT_BITS'(in_allowed[i] && !in_ok[i]);
				saturated_1[i*COUNT_BITS +: COUNT_BITS] <= COUNT_BITS'(in_ok[i] && cfg_saturation_known && 32'(value) > cfg_saturation);
			end
		end
	endgenerate

	// LEVELS steps: the trees. What goes with them: whether there is a beat, and its base.
	logic [TERM_BITS-1:0] value_sum;
	logic [COUNT_BITS-1:0] valid_sum, nodata_sum, saturated_sum;
	logic [KEY_BITS-1:0] best_key;
	logic [LEVELS-1:0] best_lane;
	logic [LEVELS:0] under_way; // its top bit: out of the trees
	logic [31:0] base;

	adder_tree #(.TERMS(LANES), .BITS(TERM_BITS)) value_tree (.clk, .terms(values_1), .sum(value_sum));
	adder_tree #(.TERMS(LANES), .BITS(COUNT_BITS)) valid_tree (.clk, .terms(valid_1), .sum(valid_sum));
	adder_tree #(.TERMS(LANES), .BITS(COUNT_BITS)) nodata_tree (.clk, .terms(nodata_1), .sum(nodata_sum));
	adder_tree #(.TERMS(LANES), .BITS(COUNT_BITS)) saturated_tree (.clk, .terms(saturated_1), .sum(saturated_sum));
	first_largest #(.TERMS(LANES), .BITS(KEY_BITS)) best_tree (.clk, .terms(keys_1), .largest(best_key), .first(best_lane));
	delay #(.WIDTH(32), .CLOCKS(LEVELS + 1)) bases (.clk, .in(in_base), .out(base));

	always_ff @(posedge clk)
		under_way <= clear ? '0 : {under_way[LEVELS-1:0], in_valid};

	// The frame's, in two steps: counts and the sum's lower half at once, its upper half and the maximum a clock later.
	logic added, carry;
	logic [KEY_BITS-1:0] beat_key, frame_key;
	logic [31:0] beat_index;

	always_ff @(posedge clk)
		if (clear) begin
			added <= 1'b0;
			carry <= 1'b0;
			n_valid <= '0;
			n_nodata <= '0;
			n_saturated <= '0;
			sum <= '0;
			frame_key <= '0;
			max_index <= '0;
		end else begin
			added <= under_way[LEVELS];
			if (under_way[LEVELS]) begin
				n_valid <= n_valid + 32'(valid_sum);
				n_nodata <= n_nodata + 32'(nodata_sum);
				n_saturated <= n_saturated + 32'(saturated_sum);
				{carry, sum[39:0]} <= {1'b0, sum[39:0]} + 41'(value_sum);
			end else
				carry <= 1'b0;
			sum[63:40] <= sum[63:40] + 24'(carry);
			if (added && beat_key > frame_key) begin
				frame_key <= beat_key;
				max_index <= beat_index;
			end
		end
	always_ff @(posedge clk) begin
		beat_key <= best_key;
		beat_index <= base + 32'(best_lane);
	end
	assign idle = !(in_valid || under_way != '0 || added || carry);
	assign max = 32'(frame_key[PIXEL_BITS-1:0]);
endmodule
