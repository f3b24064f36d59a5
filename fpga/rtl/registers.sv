// registers.sv - the unit's registers behind AXI4-Lite, and the handshake by which a host starts a job and learns of its end (ap_ctrl_hs).
//
// Addresses are those of registers.map. Every access is answered with OKAY, because an error answer may take a whole host down: what is no
// register reads as 0 and takes no writes. The two lowest address bits do not matter; a write takes the bytes its strobes name. A job's
// registers (PAYLOAD to C_Q16) take writes only while no job runs.

`include "registers.svh"

module registers #(
	parameter int PIXEL_BITS = 16,
	parameter int CORES = 6,
	parameter int MAX_WIDTH = 8192
) (
	input  logic          clk,
	input  logic          rst,
	// AXI4-Lite
	input  logic          s_awvalid,
	output logic          s_awready,
	input  logic [11:0]   s_awaddr,
	input  logic          s_wvalid,
	output logic          s_wready,
	input  logic [31:0]   s_wdata,
	input  logic [3:0]    s_wstrb,
	output logic          s_bvalid,
	input  logic          s_bready,
	output logic [1:0]    s_bresp,
	input  logic          s_arvalid,
	output logic          s_arready,
	input  logic [11:0]   s_araddr,
	output logic          s_rvalid,
	input  logic          s_rready,
	output logic [31:0]   s_rdata,
	output logic [1:0]    s_rresp,
	output logic          irq,
	// the job
	output logic          start,   // one clock
	input  logic          done,    // one clock
	output logic [1279:0] cfg,     // the words from 0x000 to 0x09c, lowest first
	output logic          c_write,
	output logic [5:0]    c_index,
	output logic [29:0]   c_value,
	// what the host reads
	input  logic [31:0]   status,
	input  logic [63:0]   clocks,
	input  logic [1535:0] stages,
	input  logic [255:0]  events,
	input  logic [255:0]  errors
);
	localparam int FIRST = `REG_PAYLOAD / 4; // of a job's words
	localparam int WORDS = `REG_WATCHDOG / 4 + 1;

	// Writing: address and data come in any order; both held, the write is done.
	logic [9:0] w_index;
	logic [31:0] w_data, w_mask;
	logic [3:0] w_strobes;
	logic have_address, have_data, write, unused;

	assign unused = &{1'b0, s_awaddr[1:0], s_araddr[1:0]};
	assign s_awready = !have_address;
	assign s_wready = !have_data;
	assign s_bresp = 2'b00;
	assign write = have_address && have_data && !s_bvalid;
	assign w_mask = {{8{w_strobes[3]}}, {8{w_strobes[2]}}, {8{w_strobes[1]}}, {8{w_strobes[0]}}};

	always_ff @(posedge clk)
		if (rst) begin
			have_address <= 1'b0;
			have_data <= 1'b0;
			s_bvalid <= 1'b0;
		end else begin
			have_address <= have_address ? !write : s_awvalid;
			have_data <= have_data ? !write : s_wvalid;
			s_bvalid <= s_bvalid ? !s_bready : write;
		end
	always_ff @(posedge clk) begin
		if (s_awready)
			w_index <= s_awaddr[11:2];
		if (s_wready) begin
			w_data <= s_wdata;
			w_strobes <= s_wstrb;
		end
	end

	// The handshake. ap_start stays up until the job has ended; ap_done and ap_ready last until they are read.
	logic ap_start, ap_done, ap_ready, running, read_ctrl, write_ctrl;
	logic use_interrupt, interrupt_enabled, interrupt_status;

	assign write_ctrl = write && w_index == 10'(`REG_CTRL / 4) && w_strobes[0];
	assign irq = use_interrupt && interrupt_status;

	always_ff @(posedge clk)
		if (rst) begin
			ap_start <= 1'b0;
			ap_done <= 1'b0;
			ap_ready <= 1'b0;
			running <= 1'b0;
			start <= 1'b0;
		end else begin
			start <= ap_start && !running;
			running <= running ? !done : ap_start;
			if (write_ctrl && w_data[0] && !running)
				ap_start <= 1'b1;
			else if (done)
				ap_start <= 1'b0;
			ap_done <= done || (ap_done && !read_ctrl);
			ap_ready <= done || (ap_ready && !read_ctrl);
		end
	always_ff @(posedge clk)
		if (rst) begin
			use_interrupt <= 1'b0;
			interrupt_enabled <= 1'b0;
			interrupt_status <= 1'b0;
		end else begin
			if (write && w_index == 10'(`REG_INTERRUPTS / 4) && w_strobes[0])
				use_interrupt <= w_data[0];
			if (write && w_index == 10'(`REG_INTERRUPT_ENABLE / 4) && w_strobes[0])
				interrupt_enabled <= w_data[0];
			if (done && interrupt_enabled)
				interrupt_status <= 1'b1;
			else if (write && w_index == 10'(`REG_INTERRUPT_STATUS / 4) && w_strobes[0] && w_data[0])
				interrupt_status <= !interrupt_status;
		end

	// A job's words as the stages see them. For reading back, and for writing a part of one, a memory holds the same, and C[m] behind them; C[m] is written on
	// into the dispersion stage. `written`: what the memory holds has been written since reset; C[m] keeps its value over one, here and there.
	(* ram_style = "distributed" *) logic [31:0] copy [0:127];
	logic [63:0] written;
	logic [31:0] w_old, w_new;
	logic w_is_c, w_is_cfg, put;

	assign w_is_c = w_index[9:6] == 4'(`REG_C_Q16 >> 8);
	assign w_is_cfg = w_index >= 10'(FIRST) && w_index < 10'(WORDS);
	assign put = write && !ap_start && (w_is_c || w_is_cfg);
	assign w_old = w_is_c || written[w_index[5:0]] ? copy[{w_is_c, w_index[5:0]}] : 32'd0;
	assign w_new = (w_old & ~w_mask) | (w_data & w_mask);
	always_ff @(posedge clk) begin
		if (put)
			copy[{w_is_c, w_index[5:0]}] <= w_new;
		if (rst)
			written <= 64'd0;
		else if (put && !w_is_c)
			written[w_index[5:0]] <= 1'b1;
		c_write <= put && w_is_c && !rst;
		c_index <= w_index[5:0];
		c_value <= w_new[29:0];
	end
	genvar i;
	generate
		for (i = 0; i < WORDS; i = i + 1) begin : word
			if (i < FIRST) begin : none
				assign cfg[32*i +: 32] = 32'd0;
			end else begin : kept
				logic [31:0] value;

				always_ff @(posedge clk)
					if (rst)
						value <= 32'd0;
					else if (put && !w_is_c && w_index[5:0] == 6'(i))
						value <= w_new;
				assign cfg[32*i +: 32] = value;
			end
		end
	endgenerate

	// Reading, two clocks: the words of a group, then which group.
	logic [9:0] r_index;
	logic [31:0] r_control, r_copy, r_fixed, r_counts;
	logic [2047:0] counts;
	logic [1:0] r_group;
	logic [1:0] reading;

	assign s_arready = reading == 2'd0 && !s_rvalid;
	assign s_rresp = 2'b00;
	assign read_ctrl = reading == 2'd1 && r_index == 10'(`REG_CTRL / 4);

	always_ff @(posedge clk)
		if (rst) begin
			reading <= 2'd0;
			s_rvalid <= 1'b0;
		end else begin
			reading <= reading == 2'd0 ? {1'b0, s_arvalid && s_arready} : reading == 2'd1 ? 2'd2 : 2'd0;
			s_rvalid <= s_rvalid ? !s_rready : reading == 2'd2;
		end
	always_comb
		case (r_index[2:0])
		3'd0: r_fixed = 32'h534c5543;
		3'd1: r_fixed = 32'd1;
		3'd2: r_fixed = PIXEL_BITS;
		3'd3: r_fixed = CORES;
		3'd4: r_fixed = MAX_WIDTH;
		3'd5: r_fixed = status;
		3'd6: r_fixed = clocks[31:0];
		default: r_fixed = clocks[63:32];
		endcase
	logic [31:0] q_control, q_copy, q_fixed, q_counts;
	logic r_is_c, r_known;

	always_comb
		case (r_index[1:0])
		2'd0: r_control = {28'd0, ap_ready, !ap_start, ap_done, ap_start};
		2'd1: r_control = {31'd0, use_interrupt};
		2'd2: r_control = {31'd0, interrupt_enabled};
		default: r_control = {31'd0, interrupt_status};
		endcase
	assign r_is_c = r_index[9:6] == 4'(`REG_C_Q16 >> 8);
	assign r_copy = r_is_c || written[r_index[5:0]] ? copy[{r_is_c, r_index[5:0]}] : 32'd0;
	assign counts = {errors, events, stages};
	assign r_counts = counts[{r_index[5:0], 5'd0} +: 32];
	assign r_known = r_is_c || r_index < 10'(`REG_ERRORS / 4 + `ENTRIES_ERRORS);

	always_ff @(posedge clk) begin
		if (s_arready)
			r_index <= s_araddr[11:2];
		if (reading == 2'd1) begin
			q_control <= r_control;
			q_copy <= r_known ? r_copy : 32'd0;
			q_fixed <= r_fixed;
			q_counts <= r_counts;
			if (r_index < 10'(FIRST))
				r_group <= 2'd0;
			else if (r_index >= 10'(WORDS) && r_index < 10'(`REG_CLOCKS / 4 + 2))
				r_group <= 2'd1;
			else if (r_index >= 10'(`REG_STAGE / 4) && r_index < 10'(`REG_ERRORS / 4 + `ENTRIES_ERRORS))
				r_group <= 2'd2;
			else
				r_group <= 2'd3; // a word of the memory, or none: 0
		end
		if (reading == 2'd2)
			case (r_group)
			2'd0: s_rdata <= q_control;
			2'd1: s_rdata <= q_fixed;
			2'd2: s_rdata <= q_counts;
			default: s_rdata <= q_copy;
			endcase
	end
endmodule
