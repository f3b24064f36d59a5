// fifo.sv - a queue of words between two modules of one clock, for every stream that needs room.
//
// Holds at most 2**DEPTH_LOG2 words; `level` says how many now. in_ready hangs on registers only, and nothing passes in the clock it
// came in: a word is offered one clock after it was taken, or three where the queue is deep. Up to 64 words lie in LUT RAM; more in
// block RAM, read through two registers, so that `out_data` is a register, too.

module fifo #(
	parameter int WIDTH = 32,
	parameter int DEPTH_LOG2 = 4,
	parameter bit DEEP = DEPTH_LOG2 > 6 // in block RAM
) (
	input  logic                clk,
	input  logic                rst,
	input  logic                in_valid,
	output logic                in_ready,
	input  logic [WIDTH-1:0]    in_data,
	output logic                out_valid,
	input  logic                out_ready,
	output logic [WIDTH-1:0]    out_data,
	output logic [DEPTH_LOG2:0] level
);
	logic [DEPTH_LOG2-1:0] head, tail;
	logic put, take;

	assign in_ready = !level[DEPTH_LOG2];
	assign put = in_valid && in_ready;
	assign take = out_valid && out_ready;

	always_ff @(posedge clk)
		if (rst) begin
			head <= '0;
			level <= '0;
		end else begin
			if (put)
				head <= head + 1'b1;
			if (put && !take)
				level <= level + 1'b1;
			else if (take && !put)
				level <= level - 1'b1;
		end

	generate
		if (DEEP) begin : deep
			(* ram_style = "block" *) logic [WIDTH-1:0] words [0:2**DEPTH_LOG2-1];
			logic [WIDTH-1:0] fetched;
			logic [DEPTH_LOG2:0] stored; // in the memory, not yet fetched
			logic fetched_valid, move, fetch;

			assign move = fetched_valid && (!out_valid || out_ready);
			assign fetch = stored != '0 && (!fetched_valid || move);

			always_ff @(posedge clk) begin
				if (put)
					words[head] <= in_data;
				if (fetch)
					fetched <= words[tail];
				if (move)
					out_data <= fetched;
			end
			always_ff @(posedge clk)
				if (rst) begin
					tail <= '0;
					stored <= '0;
					fetched_valid <= 1'b0;
					out_valid <= 1'b0;
				end else begin
					if (fetch)
						tail <= tail + 1'b1;
					if (put && !fetch)
						stored <= stored + 1'b1;
					else if (fetch && !put)
						stored <= stored - 1'b1;
					fetched_valid <= fetch || (fetched_valid && !move);
					out_valid <= move || (out_valid && !out_ready);
				end
		end else begin : shallow
			(* ram_style = "distributed" *) logic [WIDTH-1:0] words [0:2**DEPTH_LOG2-1];

			assign out_valid = level != '0;
			assign out_data = words[tail];

			always_ff @(posedge clk)
				if (put)
					words[head] <= in_data;
			always_ff @(posedge clk)
				if (rst)
					tail <= '0;
				else if (take)
					tail <= tail + 1'b1;
		end
	endgenerate

`ifdef PROVE_FIFO
`include "fifo.svh"
`endif
endmodule
