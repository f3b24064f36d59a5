// axi_write.sv - commands (an address, a number of words) and a stream of words become AXI4 write bursts.
//
// For record_writer. A burst is at most 64 words of one 4 kB page, which whoever commands sees to. Addresses may be ahead of data or the
// other way round; a further command is taken when both of the one before are out and fewer than 64 bursts wait for their answers. `idle`: every
// burst is answered. `error`: an answer since `start`, one that comes with it among them, was not OKAY; `n_errors`, how many were.
//
// `flush`: the burst under way is filled up with words that write nothing (strobes 0), for its address cannot be taken back, and no further one is
// begun; to be held until `idle`. A word that is offered already is, and is written, too: whoever gives words keeps to that until `idle`.

module axi_write #(
	parameter int DATA_BITS = 128
) (
	input  logic                   clk,
	input  logic                   rst,
	input  logic                   start,
	input  logic                   flush,
	input  logic                   cmd_valid,
	output logic                   cmd_ready,
	input  logic [63:0]            cmd_address,
	input  logic [8:0]             cmd_words,
	input  logic                   in_valid,
	output logic                   in_ready,
	input  logic [DATA_BITS-1:0]   in_data,
	output logic                   idle,
	output logic                   error,
	output logic [31:0]            n_errors,
	output logic                   m_awvalid,
	input  logic                   m_awready,
	output logic [63:0]            m_awaddr,
	output logic [7:0]             m_awlen,
	output logic                   m_wvalid,
	input  logic                   m_wready,
	output logic [DATA_BITS-1:0]   m_wdata,
	output logic [DATA_BITS/8-1:0] m_wstrb,
	output logic                   m_wlast,
	input  logic                   m_bvalid,
	output logic                   m_bready,
	input  logic [1:0]             m_bresp
);
	logic [8:0] left;        // words of the burst not yet sent
	logic [6:0] unanswered;  // bursts
	logic wrong;
	logic padding;           // no word offered before the flush is still waiting

	assign wrong = m_bvalid && m_bresp != 2'b00;

	assign cmd_ready = !m_awvalid && left == 9'd0 && !unanswered[6] && !flush;
	assign in_ready = m_wready && left != 9'd0 && !padding;
	assign m_wvalid = (in_valid || padding) && left != 9'd0;
	assign m_wdata = padding ? '0 : in_data; // what comes in may change meanwhile
	assign m_wstrb = padding ? '0 : '1;
	assign m_wlast = left == 9'd1;
	assign m_bready = 1'b1;
	assign idle = !m_awvalid && left == 9'd0 && unanswered == 7'd0;

	always_ff @(posedge clk)
		if (rst) begin
			m_awvalid <= 1'b0;
			left <= 9'd0;
			unanswered <= 7'd0;
			padding <= 1'b0;
			error <= 1'b0;
			n_errors <= '0;
		end else begin
			if (cmd_valid && cmd_ready) begin
				m_awvalid <= 1'b1;
				left <= cmd_words;
			end else begin
				if (m_awready)
					m_awvalid <= 1'b0;
				if (m_wvalid && m_wready)
					left <= left - 9'd1;
			end
			unanswered <= unanswered + {6'd0, cmd_valid && cmd_ready} - {6'd0, m_bvalid};
			padding <= flush && (padding || !m_wvalid || m_wready);
			error <= (error && !start) || wrong;
			n_errors <= (start ? '0 : n_errors) + 32'(wrong);
		end
	always_ff @(posedge clk)
		if (cmd_ready) begin
			m_awaddr <= cmd_address;
			m_awlen <= 8'(cmd_words - 9'd1);
		end

`ifdef PROVE_AXI_WRITE
`include "axi_write.svh"
`endif
endmodule
