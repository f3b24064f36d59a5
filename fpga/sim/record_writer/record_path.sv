// record_path.sv - record_writer with axi_write behind it, as in the unit; for the bench.
module record_path (
	input  logic         clk,
	input  logic         rst,
	input  logic         start,
	input  logic         flush,        // axi_write's
	input  logic [63:0]  cfg_record,
	input  logic [63:0]  cfg_list,
	input  logic [12:0]  cfg_n_bins,
	input  logic         list_valid,
	output logic         list_ready,
	input  logic [31:0]  list_index,
	input  logic [31:0]  list_value,
	input  logic         list_end,
	output logic         bins_start,
	input  logic         bin_valid,
	output logic         bin_ready,
	input  logic [63:0]  bin_sum,
	input  logic [31:0]  bin_count,
	input  logic [511:0] head,
	output logic         done,
	output logic         idle,
	output logic         error,
	output logic [31:0]  n_errors,
	output logic         m_awvalid,
	input  logic         m_awready,
	output logic [63:0]  m_awaddr,
	output logic [7:0]   m_awlen,
	output logic         m_wvalid,
	input  logic         m_wready,
	output logic [127:0] m_wdata,
	output logic [15:0]  m_wstrb,
	output logic         m_wlast,
	input  logic         m_bvalid,
	output logic         m_bready,
	input  logic [1:0]   m_bresp
);
	logic cmd_valid, cmd_ready, out_valid, out_ready;
	logic [63:0] cmd_address;
	logic [8:0] cmd_words;
	logic [127:0] out_data;

	record_writer writer (
		.clk, .rst, .start, .cfg_record, .cfg_list, .cfg_n_bins, .list_valid, .list_ready, .list_index, .list_value, .list_end,
		.bins_start, .bin_valid, .bin_ready, .bin_sum, .bin_count, .head, .done,
		.cmd_valid, .cmd_ready, .cmd_address, .cmd_words, .out_valid, .out_ready, .out_data, .idle
	);
	axi_write port (
		.clk, .rst, .start, .flush, .cmd_valid, .cmd_ready, .cmd_address, .cmd_words, .in_valid(out_valid), .in_ready(out_ready), .in_data(out_data),
		.idle, .error, .n_errors, .m_awvalid, .m_awready, .m_awaddr, .m_awlen, .m_wvalid, .m_wready, .m_wdata, .m_wstrb, .m_wlast, .m_bvalid, .m_bready, .m_bresp
	);
endmodule
