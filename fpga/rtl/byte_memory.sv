// byte_memory.sv - rows of bytes in block RAM, each byte with its own write enable, for lz4_copier and decode_core.
//
// One port writes, the other reads; what is read comes two clocks after its address. A row that is written in the clock in which it is
// read may give either.

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
	(* ram_style = "block" *) logic [8*BYTES-1:0] rows [0:2**DEPTH_LOG2-1];
	logic [8*BYTES-1:0] fetched;

	always_ff @(posedge clk) begin
		for (int b = 0; b < BYTES; b++)
			if (write_enable[b])
				rows[write_row][8*b +: 8] <= write_data[8*b +: 8];
		fetched <= rows[read_row];
		read_data <= fetched;
	end
endmodule
