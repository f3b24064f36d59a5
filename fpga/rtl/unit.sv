// unit.sv - the whole of one unit: a compressed frame in the card's memory becomes its record there.
//
// The top of the design, with the names that a Vitis kernel's ports have. Nothing is computed here: modules are joined to each other, the
// frame's beats are given to totals, radial and dispersion at the same time, and what moves is shown to counters and control.

`include "registers.svh"

module unit #(
	parameter int PIXEL_BITS = 16,
	parameter int CORES = 6,
	parameter int MAX_WIDTH = 8192
) (
	input  logic         ap_clk,
	input  logic         ap_rst_n,
	/* verilator lint_off SYMRSVDWORD */ // the kernel's description has this name for it
	output logic         interrupt,
	/* verilator lint_on SYMRSVDWORD */
	// registers
	input  logic         s_axi_control_awvalid,
	output logic         s_axi_control_awready,
	input  logic [11:0]  s_axi_control_awaddr,
	input  logic         s_axi_control_wvalid,
	output logic         s_axi_control_wready,
	input  logic [31:0]  s_axi_control_wdata,
	input  logic [3:0]   s_axi_control_wstrb,
	output logic         s_axi_control_bvalid,
	input  logic         s_axi_control_bready,
	output logic [1:0]   s_axi_control_bresp,
	input  logic         s_axi_control_arvalid,
	output logic         s_axi_control_arready,
	input  logic [11:0]  s_axi_control_araddr,
	output logic         s_axi_control_rvalid,
	input  logic         s_axi_control_rready,
	output logic [31:0]  s_axi_control_rdata,
	output logic [1:0]   s_axi_control_rresp,
	// the compressed frame
	output logic         m_axi_payload_arvalid,
	input  logic         m_axi_payload_arready,
	output logic [63:0]  m_axi_payload_araddr,
	output logic [7:0]   m_axi_payload_arlen,
	output logic [2:0]   m_axi_payload_arsize,
	output logic [1:0]   m_axi_payload_arburst,
	input  logic         m_axi_payload_rvalid,
	output logic         m_axi_payload_rready,
	input  logic [127:0] m_axi_payload_rdata,
	input  logic [1:0]   m_axi_payload_rresp,
	input  logic         m_axi_payload_rlast,
	// the plan's table: 16 bits per pixel, a beat's at a time
	output logic         m_axi_table_arvalid,
	input  logic         m_axi_table_arready,
	output logic [63:0]  m_axi_table_araddr,
	output logic [7:0]   m_axi_table_arlen,
	output logic [2:0]   m_axi_table_arsize,
	output logic [1:0]   m_axi_table_arburst,
	input  logic         m_axi_table_rvalid,
	output logic         m_axi_table_rready,
	input  logic [512/PIXEL_BITS*16-1:0] m_axi_table_rdata,
	input  logic [1:0]   m_axi_table_rresp,
	input  logic         m_axi_table_rlast,
	// reads the offsets, writes the record and the list
	output logic         m_axi_record_arvalid,
	input  logic         m_axi_record_arready,
	output logic [63:0]  m_axi_record_araddr,
	output logic [7:0]   m_axi_record_arlen,
	output logic [2:0]   m_axi_record_arsize,
	output logic [1:0]   m_axi_record_arburst,
	input  logic         m_axi_record_rvalid,
	output logic         m_axi_record_rready,
	input  logic [127:0] m_axi_record_rdata,
	input  logic [1:0]   m_axi_record_rresp,
	input  logic         m_axi_record_rlast,
	output logic         m_axi_record_awvalid,
	input  logic         m_axi_record_awready,
	output logic [63:0]  m_axi_record_awaddr,
	output logic [7:0]   m_axi_record_awlen,
	output logic [2:0]   m_axi_record_awsize,
	output logic [1:0]   m_axi_record_awburst,
	output logic         m_axi_record_wvalid,
	input  logic         m_axi_record_wready,
	output logic [127:0] m_axi_record_wdata,
	output logic [15:0]  m_axi_record_wstrb,
	output logic         m_axi_record_wlast,
	input  logic         m_axi_record_bvalid,
	output logic         m_axi_record_bready,
	input  logic [1:0]   m_axi_record_bresp
);
	localparam int LANES = 512 / PIXEL_BITS;
	localparam int TABLE_BITS = LANES * 16;

	// `unused` gathers what modules tell and nobody here asks for. After a job given up the stages alone are reset: registers, control and memory
	// ports go on, for they know what the memory still owes.
	logic clk, rst, stage_rst, clear, unused;

	assign clk = ap_clk;
	always_ff @(posedge clk) begin
		rst <= !ap_rst_n;
		stage_rst <= !ap_rst_n || clear;
	end

	// Registers and control.
	logic start, job_done, begin_frame, running, c_write, list_end, written, port_error, progress, strong_on, radial_on, flush, ports_idle;
	logic [1279:0] cfg;
	logic [5:0] c_index;
	logic [29:0] c_value;
	logic [31:0] status, n_pixels;
	logic [63:0] clocks;
	logic [1535:0] stage_counts;
	logic [255:0] event_counts, error_counts;

	registers #(.PIXEL_BITS(PIXEL_BITS), .CORES(CORES), .MAX_WIDTH(MAX_WIDTH)) u_registers (
		.clk, .rst,
		.s_awvalid(s_axi_control_awvalid), .s_awready(s_axi_control_awready), .s_awaddr(s_axi_control_awaddr),
		.s_wvalid(s_axi_control_wvalid), .s_wready(s_axi_control_wready), .s_wdata(s_axi_control_wdata), .s_wstrb(s_axi_control_wstrb),
		.s_bvalid(s_axi_control_bvalid), .s_bready(s_axi_control_bready), .s_bresp(s_axi_control_bresp),
		.s_arvalid(s_axi_control_arvalid), .s_arready(s_axi_control_arready), .s_araddr(s_axi_control_araddr),
		.s_rvalid(s_axi_control_rvalid), .s_rready(s_axi_control_rready), .s_rdata(s_axi_control_rdata), .s_rresp(s_axi_control_rresp),
		.irq(interrupt), .start, .done(job_done), .cfg, .c_write, .c_index, .c_value, .status, .clocks, .stages(stage_counts), .events(event_counts), .errors(error_counts)
	);

	assign strong_on = cfg[8*`REG_OPTIONS+1];
	assign radial_on = cfg[8*`REG_OPTIONS+2];

	logic table_cmd_valid, table_cmd_ready, offsets_cmd_valid, offsets_cmd_ready, payload_cmd_valid, payload_cmd_ready;
	logic [31:0] table_cmd_bytes, offsets_cmd_bytes;
	logic payload_valid, payload_ready, payload_last, payload_idle, payload_error;
	logic offsets_valid, offsets_ready, offsets_last, offsets_idle, offsets_error;
	logic table_valid, table_ready, table_last, table_idle, table_error;
	logic [31:0] n_payload_errors, n_offsets_errors, n_table_errors, n_write_errors;
	logic [127:0] payload_data, offsets_data;
	logic [TABLE_BITS-1:0] table_data;

	logic [31:0] n_blocks_done, n_bad_blocks, first_bad_block, n_refused, n_strong, n_beyond;
	logic split_done, joined, joined_last, strong_done, behind_idle, writer_idle, write_error, radial_idle, radial_asked;

	assign ports_idle = payload_idle && offsets_idle && table_idle && writer_idle;
	assign port_error = payload_error || offsets_error || table_error || write_error;

	control #(.LANES(LANES)) u_control (
		.clk, .rst, .start, .done(job_done), .status, .clocks,
		.cfg_n_blocks(cfg[8*`REG_N_BLOCKS +: 32]), .cfg_width(cfg[8*`REG_WIDTH +: 16]), .cfg_height(cfg[8*`REG_HEIGHT +: 16]),
		.cfg_beats_per_row(cfg[8*`REG_BEATS_PER_ROW +: 16]), .cfg_watchdog(cfg[8*`REG_WATCHDOG +: 32]),
		.cfg_strong(strong_on), .cfg_max_strong(cfg[8*`REG_MAX_STRONG +: 32]),
		.begin_frame, .running, .ready_to_begin(radial_idle && writer_idle), .joined, .joined_last, .input_done(split_done),
		.strong_done, .behind_idle, .list_end, .written, .n_bad_blocks, .n_strong, .port_error, .progress, .n_pixels, .flush, .ports_idle, .clear,
		.table_valid(table_cmd_valid), .table_ready(table_cmd_ready), .table_bytes(table_cmd_bytes),
		.offsets_valid(offsets_cmd_valid), .offsets_ready(offsets_cmd_ready), .offsets_bytes(offsets_cmd_bytes),
		.payload_valid(payload_cmd_valid), .payload_ready(payload_cmd_ready)
	);

	// What is read from the card's memory.
	axi_read #(.DATA_BITS(128)) u_payload (
		.clk, .rst, .start(begin_frame), .flush,
		.cmd_valid(payload_cmd_valid), .cmd_ready(payload_cmd_ready), .cmd_address(cfg[8*`REG_PAYLOAD +: 64]), .cmd_bytes(cfg[8*`REG_PAYLOAD_BYTES +: 32]),
		.out_valid(payload_valid), .out_ready(payload_ready), .out_data(payload_data), .out_last(payload_last), .error(payload_error), .n_errors(n_payload_errors), .idle(payload_idle),
		.m_arvalid(m_axi_payload_arvalid), .m_arready(m_axi_payload_arready), .m_araddr(m_axi_payload_araddr), .m_arlen(m_axi_payload_arlen),
		.m_arsize(m_axi_payload_arsize), .m_arburst(m_axi_payload_arburst), .m_rvalid(m_axi_payload_rvalid), .m_rready(m_axi_payload_rready),
		.m_rdata(m_axi_payload_rdata), .m_rresp(m_axi_payload_rresp), .m_rlast(m_axi_payload_rlast)
	);
	axi_read #(.DATA_BITS(128)) u_offsets (
		.clk, .rst, .start(begin_frame), .flush,
		.cmd_valid(offsets_cmd_valid), .cmd_ready(offsets_cmd_ready), .cmd_address(cfg[8*`REG_OFFSETS +: 64]), .cmd_bytes(offsets_cmd_bytes),
		.out_valid(offsets_valid), .out_ready(offsets_ready), .out_data(offsets_data), .out_last(offsets_last), .error(offsets_error), .n_errors(n_offsets_errors), .idle(offsets_idle),
		.m_arvalid(m_axi_record_arvalid), .m_arready(m_axi_record_arready), .m_araddr(m_axi_record_araddr), .m_arlen(m_axi_record_arlen),
		.m_arsize(m_axi_record_arsize), .m_arburst(m_axi_record_arburst), .m_rvalid(m_axi_record_rvalid), .m_rready(m_axi_record_rready),
		.m_rdata(m_axi_record_rdata), .m_rresp(m_axi_record_rresp), .m_rlast(m_axi_record_rlast)
	);
	axi_read #(.DATA_BITS(TABLE_BITS)) u_table (
		.clk, .rst, .start(begin_frame), .flush,
		.cmd_valid(table_cmd_valid), .cmd_ready(table_cmd_ready), .cmd_address(cfg[8*`REG_TABLE +: 64]), .cmd_bytes(table_cmd_bytes),
		.out_valid(table_valid), .out_ready(table_ready), .out_data(table_data), .out_last(table_last), .error(table_error), .n_errors(n_table_errors), .idle(table_idle),
		.m_arvalid(m_axi_table_arvalid), .m_arready(m_axi_table_arready), .m_araddr(m_axi_table_araddr), .m_arlen(m_axi_table_arlen),
		.m_arsize(m_axi_table_arsize), .m_arburst(m_axi_table_arburst), .m_rvalid(m_axi_table_rvalid), .m_rready(m_axi_table_rready),
		.m_rdata(m_axi_table_rdata), .m_rresp(m_axi_table_rresp), .m_rlast(m_axi_table_rlast)
	);

	// Blocks to the decoders, and back into order.
	logic [CORES-1:0] core_cmd_valid, core_cmd_ready, core_in_valid, core_in_ready, core_valid, core_ready, core_last, core_error;
	logic [14:0] core_in_bytes;
	logic [13:0] core_out_bytes;
	logic [127:0] core_in_data;
	logic [CORES*512-1:0] core_data;
	logic [CORES*6-1:0] core_count;

	splitter #(.CORES(CORES)) u_splitter (
		.clk, .rst(stage_rst), .start(begin_frame), .cfg_n_blocks(cfg[8*`REG_N_BLOCKS +: 32]), .cfg_block_bytes(cfg[8*`REG_BLOCK_BYTES +: 14]),
		.cfg_last_bytes(cfg[8*`REG_LAST_BYTES +: 14]), .cfg_payload_bytes(cfg[8*`REG_PAYLOAD_BYTES +: 32]),
		.off_valid(offsets_valid), .off_ready(offsets_ready), .off_data(offsets_data),
		.in_valid(payload_valid), .in_ready(payload_ready), .in_data(payload_data),
		.core_cmd_valid, .core_cmd_ready, .core_cmd_in_bytes(core_in_bytes), .core_cmd_out_bytes(core_out_bytes),
		.core_valid(core_in_valid), .core_ready(core_in_ready), .core_data(core_in_data), .n_refused, .done(split_done)
	);

	genvar i;
	generate
		for (i = 0; i < CORES; i = i + 1) begin : core
			decode_core #(.PIXEL_BITS(PIXEL_BITS)) u_core (
				.clk, .rst(stage_rst), .cfg_element_log2(cfg[8*`REG_ELEMENT_LOG2 +: 2]),
				.cmd_valid(core_cmd_valid[i]), .cmd_ready(core_cmd_ready[i]), .cmd_in_bytes(core_in_bytes), .cmd_out_bytes(core_out_bytes),
				.in_valid(core_in_valid[i]), .in_ready(core_in_ready[i]), .in_data(core_in_data),
				.out_valid(core_valid[i]), .out_ready(core_ready[i]), .out_data(core_data[512*i +: 512]), .out_count(core_count[6*i +: 6]),
				.out_last(core_last[i]), .out_error(core_error[i])
			);
		end
	endgenerate

	logic ordered_valid, ordered_ready, packed_valid, packed_ready, packed_row_last, packed_last;
	logic [511:0] ordered_data, packed_data;
	logic [5:0] ordered_count;

	reorder #(.PIXEL_BITS(PIXEL_BITS), .CORES(CORES)) u_reorder (
		.clk, .rst(stage_rst), .start(begin_frame), .cfg_n_blocks(cfg[8*`REG_N_BLOCKS +: 32]), .cfg_tail_count(cfg[8*`REG_TAIL_COUNT +: 3]), .cfg_tail(cfg[8*`REG_TAIL +: 224]),
		.in_valid(core_valid), .in_ready(core_ready), .in_data(core_data), .in_count(core_count), .in_last(core_last), .in_error(core_error),
		.out_valid(ordered_valid), .out_ready(ordered_ready), .out_data(ordered_data), .out_count(ordered_count),
		.n_blocks_done, .n_bad_blocks, .first_bad_block
	);
	gearbox #(.PIXEL_BITS(PIXEL_BITS)) u_gearbox (
		.clk, .rst(stage_rst), .start(begin_frame), .cfg_width(cfg[8*`REG_WIDTH +: 16]), .cfg_height(cfg[8*`REG_HEIGHT +: 16]),
		.in_valid(ordered_valid), .in_ready(ordered_ready), .in_data(ordered_data), .in_count(ordered_count),
		.out_valid(packed_valid), .out_ready(packed_ready), .out_data(packed_data), .out_row_last(packed_row_last), .out_last(packed_last)
	);

	// Pixels with what the plan says of them.
	logic pixels_valid, pixels_ready, pixels_row_last, pixels_last, pixels_taken;
	logic [511:0] pixels;
	logic [LANES-1:0] allowed, ok, binned;
	logic [LANES*12-1:0] bin_of;
	logic [31:0] base;

	mask_join #(.PIXEL_BITS(PIXEL_BITS)) u_join (
		.clk, .rst(stage_rst), .start(begin_frame), .cfg_invalid_from(cfg[8*`REG_INVALID_FROM +: 32]), .cfg_width(cfg[8*`REG_WIDTH +: 16]),
		.in_valid(packed_valid), .in_ready(packed_ready), .in_data(packed_data), .in_row_last(packed_row_last), .in_last(packed_last),
		.table_valid, .table_ready, .table_data,
		.out_valid(pixels_valid), .out_ready(pixels_ready), .out_pixels(pixels), .out_allowed(allowed), .out_ok(ok), .out_binned(binned), .out_bins(bin_of),
		.out_base(base), .out_row_last(pixels_row_last), .out_last(pixels_last)
	);

	logic dispersion_ready, room, hits_valid, hits_last, totals_idle, list_idle;
	logic [LANES-1:0] hits;
	logic [511:0] hits_pixels;
	logic [31:0] hits_base;

	assign pixels_ready = !strong_on || dispersion_ready;
	assign pixels_taken = pixels_valid && pixels_ready;
	assign joined = pixels_taken && pixels_row_last;
	assign joined_last = pixels_taken && pixels_last;

	logic [31:0] n_valid, n_nodata, n_saturated, max, max_index;
	logic [63:0] sum;

	totals #(.PIXEL_BITS(PIXEL_BITS)) u_totals (
		.clk, .rst(stage_rst), .start(begin_frame), .cfg_saturation(cfg[8*`REG_SATURATION +: 32]), .cfg_saturation_known(cfg[8*`REG_OPTIONS]),
		.in_valid(pixels_taken), .in_pixels(pixels), .in_allowed(allowed), .in_ok(ok), .in_base(base),
		.n_valid, .n_nodata, .n_saturated, .sum, .max, .max_index, .idle(totals_idle)
	);

	// Bins that are not read out would stay for the next frame: those are left out, whatever the table says.
	logic [12:0] n_bins;
	logic binning;
	logic [LANES-1:0] to_bin;
	logic [LANES*12-1:0] to_bins;
	logic [511:0] to_pixels;

	assign n_bins = !radial_on ? 13'd0 : cfg[8*`REG_N_BINS+12] ? 13'd4096 : cfg[8*`REG_N_BINS +: 13];
	generate
		for (i = 0; i < LANES; i = i + 1) begin : guard
			always_ff @(posedge clk)
				to_bin[i] <= binned[i] && {1'b0, bin_of[12*i +: 12]} < n_bins;
		end
	endgenerate
	always_ff @(posedge clk) begin
		binning <= pixels_taken && !stage_rst;
		to_bins <= bin_of;
		to_pixels <= pixels;
	end

	logic bin_valid, bin_ready, bin_last;
	logic [63:0] bin_sum;
	logic [31:0] bin_count;

	radial #(.PIXEL_BITS(PIXEL_BITS)) u_radial (
		.clk, .rst(stage_rst), .in_valid(binning), .in_pixels(to_pixels), .in_binned(to_bin), .in_bins(to_bins),
		.read_start(radial_asked), .cfg_n_bins(n_bins), .out_valid(bin_valid), .out_ready(bin_ready), .out_sum(bin_sum), .out_count(bin_count),
		.out_last(bin_last), .idle(radial_idle)
	);

	dispersion #(.PIXEL_BITS(PIXEL_BITS), .MAX_WIDTH(MAX_WIDTH)) u_dispersion (
		.clk, .rst(stage_rst), .start(begin_frame && strong_on),
		.cfg_beats_per_row(cfg[8*`REG_BEATS_PER_ROW +: 10]), .cfg_width(cfg[8*`REG_WIDTH +: 16]), .cfg_height(cfg[8*`REG_HEIGHT +: 16]),
		.cfg_min_count(cfg[8*`REG_MIN_COUNT +: 8]), .cfg_threshold(cfg[8*`REG_THRESHOLD +: 32]), .cfg_ns2_q16(cfg[8*`REG_NS2_Q16 +: 30]),
		.c_write, .c_index, .c_value, .in_valid(pixels_valid && strong_on), .in_ready(dispersion_ready), .in_pixels(pixels), .in_ok(ok), .room,
		.out_valid(hits_valid), .out_hits(hits), .out_pixels(hits_pixels), .out_base(hits_base), .out_last(hits_last), .done(strong_done)
	);

	logic list_valid, list_ready;
	logic [31:0] list_index, list_value;

	strong_list #(.PIXEL_BITS(PIXEL_BITS)) u_strong_list (
		.clk, .rst(stage_rst), .start(begin_frame), .cfg_max_strong(cfg[8*`REG_MAX_STRONG +: 32]),
		.in_valid(hits_valid), .in_hits(hits), .in_pixels(hits_pixels), .in_base(hits_base), .room,
		.out_valid(list_valid), .out_ready(list_ready), .out_index(list_index), .out_value(list_value), .n_strong, .n_beyond, .idle(list_idle)
	);
	assign behind_idle = totals_idle && radial_idle && list_idle;

	// The record.
	logic write_cmd_valid, write_cmd_ready, write_valid, write_ready;
	logic [63:0] write_cmd_address;
	logic [8:0] write_cmd_words;
	logic [127:0] write_data;

	record_writer u_record_writer (
		.clk, .rst(stage_rst), .start(begin_frame), .cfg_record(cfg[8*`REG_RECORD +: 64]), .cfg_list(cfg[8*`REG_LIST +: 64]), .cfg_n_bins(n_bins),
		.list_valid, .list_ready, .list_index, .list_value, .list_end,
		.bins_start(radial_asked), .bin_valid, .bin_ready, .bin_sum, .bin_count,
		.head({
			19'd0, n_bins, first_bad_block, n_pixels, clocks[31:0],
			sum, strong_on ? n_strong : 32'd0, max_index,
			max, n_saturated, n_nodata, n_valid,
			n_bad_blocks, n_blocks_done, status, cfg[8*`REG_JOB +: 32]
		}),
		.done(written), .cmd_valid(write_cmd_valid), .cmd_ready(write_cmd_ready), .cmd_address(write_cmd_address), .cmd_words(write_cmd_words),
		.out_valid(write_valid), .out_ready(write_ready), .out_data(write_data), .idle(writer_idle)
	);
	axi_write #(.DATA_BITS(128)) u_write (
		.clk, .rst, .start(begin_frame), .flush,
		.cmd_valid(write_cmd_valid), .cmd_ready(write_cmd_ready), .cmd_address(write_cmd_address), .cmd_words(write_cmd_words),
		.in_valid(write_valid), .in_ready(write_ready), .in_data(write_data), .idle(writer_idle), .error(write_error), .n_errors(n_write_errors),
		.m_awvalid(m_axi_record_awvalid), .m_awready(m_axi_record_awready), .m_awaddr(m_axi_record_awaddr), .m_awlen(m_axi_record_awlen),
		.m_wvalid(m_axi_record_wvalid), .m_wready(m_axi_record_wready), .m_wdata(m_axi_record_wdata), .m_wstrb(m_axi_record_wstrb),
		.m_wlast(m_axi_record_wlast), .m_bvalid(m_axi_record_bvalid), .m_bready(m_axi_record_bready), .m_bresp(m_axi_record_bresp)
	);
	assign m_axi_record_awsize = 3'd4;
	assign m_axi_record_awburst = 2'b01;

	// What moves, in the order of registers.map's stages.
	logic [`STAGES-1:0] valid, ready, moved, starved, blocked;
	logic core_waits;

	assign valid = {write_valid, list_valid, hits_valid, pixels_valid, table_valid, packed_valid, ordered_valid, core_valid[0], |core_in_valid, payload_valid};
	assign ready = {write_ready, list_ready, room, pixels_ready, table_ready, packed_ready, ordered_ready, core_ready[0],
		|(core_in_valid & core_in_ready), payload_ready};
	assign core_waits = !core_valid[0] && ((core_cmd_ready[0] && !core_cmd_valid[0]) || (core_in_ready[0] && !core_in_valid[0]));
	always_comb begin
		moved = valid & ready;
		blocked = valid & ~ready;
		starved = ~valid;
		// A decoder, of which the first stands for all, works where it neither waits nor is held up.
		starved[`STAGE_DECODE] = core_waits;
		moved[`STAGE_DECODE] = !core_waits && !blocked[`STAGE_DECODE];
		// Dispersion's beats never stop; what is behind it holds up its input.
		moved[`STAGE_DISPERSION] = pixels_taken && strong_on;
		blocked[`STAGE_DISPERSION] = strong_on && !room;
		starved[`STAGE_DISPERSION] = strong_on && room && !pixels_valid;
	end
	counters #(.STAGES(`STAGES)) u_counters (.clk, .rst, .start(begin_frame), .running, .moved, .starved, .blocked, .counts(stage_counts[96*`STAGES-1:0]));
	assign stage_counts[1535:96*`STAGES] = '0;

	logic [4:0] event_hits;
	logic [159:0] event_words;

	assign event_hits = {list_valid && list_ready, write_valid && write_ready, table_valid && table_ready, offsets_valid && offsets_ready, payload_valid && payload_ready};
	generate
		for (i = 0; i < 4; i = i + 1) begin : event_count
			logic [31:0] n;

			always_ff @(posedge clk)
				if (rst || begin_frame)
					n <= 32'd0;
				else
					n <= n + {31'd0, event_hits[i]};
			assign event_words[32*i +: 32] = n;
		end
	endgenerate
	assign event_words[159:128] = strong_on ? n_strong : 32'd0;
	assign event_counts = {event_words, n_pixels, n_bad_blocks, n_blocks_done};

	// A block that the splitter refuses is one that a decoder refuses, later: the decoders' own are the others. Of a job given up those that came no
	// further than the splitter are taken off, too, but there are never less than none.
	logic [31:0] n_undecoded;

	always_ff @(posedge clk)
		n_undecoded <= n_bad_blocks > n_refused ? n_bad_blocks - n_refused : 32'd0;
	assign error_counts = {
		31'd0, status[2], strong_on ? n_beyond : 32'd0, n_undecoded, n_refused,
		n_write_errors, n_table_errors, n_offsets_errors, n_payload_errors
	};

	// Any of these is progress; bins that radial clears after reset are, too.
	logic moves, reads, writes;

	always_ff @(posedge clk) begin
		moves <= |{ordered_valid && ordered_ready, packed_valid && packed_ready, pixels_taken, event_hits, |(core_valid & core_ready), |(core_in_valid & core_in_ready)};
		reads <= (m_axi_payload_rvalid && m_axi_payload_rready) || (m_axi_table_rvalid && m_axi_table_rready) || (m_axi_record_rvalid && m_axi_record_rready);
		writes <= (m_axi_record_bvalid && m_axi_record_bready) || (bin_valid && bin_ready) || hits_valid || (!running && !radial_idle);
	end
	assign progress = moves || reads || writes;
	assign unused = &{1'b0, cfg, payload_last, offsets_last, table_last, hits_last, bin_last};
endmodule
