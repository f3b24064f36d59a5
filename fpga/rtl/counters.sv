// counters.sv - what every stage did in the job's clocks: a transfer, waiting for input, waiting for room behind.
//
// For the unit, which says per stage and clock which of the three it was (none: it was at work inside). Counts begin at 0 with a job and
// stay after it.

module counters #(
	parameter int STAGES = 10
) (
	input  logic                 clk,
	input  logic                 rst,
	input  logic                 start,
	input  logic                 running,
	input  logic [STAGES-1:0]    moved,
	input  logic [STAGES-1:0]    starved,
	input  logic [STAGES-1:0]    blocked,
	output logic [STAGES*96-1:0] counts // per stage 32 bits each of moved, starved, blocked, lowest first
);
	genvar i;
	generate
		for (i = 0; i < 3 * STAGES; i = i + 1) begin : count
			logic [31:0] n;
			logic hit;

			always_ff @(posedge clk) begin
				hit <= running && (i % 3 == 0 ? moved[i/3] : i % 3 == 1 ? starved[i/3] : blocked[i/3]);
				if (rst || start)
					n <= 32'd0;
				else
					n <= n + {31'd0, hit};
			end
			assign counts[32*i +: 32] = n;
		end
	endgenerate
endmodule
