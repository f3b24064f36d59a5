// byte_memory.sv - stands in for rtl/byte_memory.sv in lz4_copier's bench: a byte that is written in the clock in which it is read comes as anything.
//
// rtl/byte_memory.sv promises one of two values there, and which one its simulation gives is chance: who relies on it shall not pass here.

module byte_memory #(
	parameter int BYTES = 16,
	parameter int DEPTH_LOG2 = 8
) (
	input  logic                  clk,
	input  logic [BYTES-1:0]      write_enable,
	input  logic [DEPTH_LOG2-1:0] write_row,
	input  logic [8*BYTES-1:0]    write_data,
	input  logic [DEPTH_LOG2-1:0] read_row,
	output logic [8*BYTES-1:0]    read_data
);
	logic [8*BYTES-1:0] rows [0:2**DEPTH_LOG2-1];
	logic [8*BYTES-1:0] fetched;

	always_ff @(posedge clk) begin
		for (int b = 0; b < BYTES; b++) begin
			if (write_enable[b])
				rows[write_row][8*b +: 8] <= write_data[8*b +: 8];
			fetched[8*b +: 8] <= write_enable[b] && write_row == read_row ? 8'($urandom) : rows[read_row][8*b +: 8];
		end
		read_data <= fetched;
	end
endmodule
