// axi_read.sv - reads runs of bytes from the card's memory over an AXI4 port, as a plain stream of words.
//
// A command becomes bursts of up to BURST words, which end at multiples of BURST words, and so never cross 4 kB. A burst is asked for
// only when the buffer has room for all of it: m_rready is always up, so that the port is never held up for others.
// Up to 2**OUTSTANDING_LOG2 bursts are under way. The bursts of the next command follow those of the last without a gap.
//
// `error` stays from an answer that is not OKAY, or a burst of another length than asked for, until `start`; the words come anyway. Each burst
// with anything wrong in it is one of `n_errors`, which is a clock later; so is each word that nobody has asked for.
// `flush`: what is still to come is read, where it has been asked for, and thrown away; to be held until `idle`.

module axi_read #(
	parameter int DATA_BITS = 128,
	parameter int BUFFER_LOG2 = 9,                                         // words of room
	parameter int OUTSTANDING_LOG2 = 3,                                    // bursts under way
	parameter int BURST = DATA_BITS > 512 ? 4096 * 8 / DATA_BITS : 64      // words in a burst, a power of two
) (
	input  logic                 clk,
	input  logic                 rst,
	input  logic                 start,
	input  logic                 flush,
	input  logic                 cmd_valid,
	output logic                 cmd_ready,
	input  logic [63:0]          cmd_address,
	input  logic [31:0]          cmd_bytes,
	output logic                 out_valid,
	input  logic                 out_ready,
	output logic [DATA_BITS-1:0] out_data,
	output logic                 out_last,
	output logic                 error,
	output logic [31:0]          n_errors,
	output logic                 idle,
	output logic                 m_arvalid,
	input  logic                 m_arready,
	output logic [63:0]          m_araddr,
	output logic [7:0]           m_arlen,
	output logic [2:0]           m_arsize,
	output logic [1:0]           m_arburst,
	input  logic                 m_rvalid,
	output logic                 m_rready,
	input  logic [DATA_BITS-1:0] m_rdata,
	input  logic [1:0]           m_rresp,
	input  logic                 m_rlast
);
	localparam int WORD_LOG2 = $clog2(DATA_BITS / 8);
	localparam int BURST_LOG2 = $clog2(BURST);
	localparam int ADDRESS_BITS = 64 - WORD_LOG2;
	localparam int LEFT_BITS = 33 - WORD_LOG2;

	// The command: where the next burst begins, and how many words are left.
	logic [ADDRESS_BITS-1:0] next_word;
	logic [LEFT_BITS-1:0] left;
	logic [BURST_LOG2:0] to_boundary, run;  // words up to the next multiple of BURST, words of the next burst
	logic ends, plan;
	// The next burst, which waits for room.
	logic planned, plan_last, issue;
	logic [ADDRESS_BITS-1:0] plan_word;
	logic [BURST_LOG2:0] plan_words;
	logic [BURST_LOG2-1:0] plan_length; // less one
	// Words asked for, or held, and not yet given away.
	logic [BUFFER_LOG2:0] reserved, reserved_with;
	logic fits, give;
	// The bursts under way: how many words each has, less one, and whether the command ends with it.
	logic track_ready, due, due_last;
	logic [BURST_LOG2-1:0] due_words, beat;
	logic [OUTSTANDING_LOG2:0] n_due;
	logic receive, burst_ends;
	logic buffer_ready, buffer_valid, buffer_take;
	logic [BUFFER_LOG2:0] n_buffered;

	assign ends = left <= LEFT_BITS'(to_boundary);
	assign run = ends ? left[BURST_LOG2:0] : to_boundary;
	assign plan = left != '0 && (!planned || issue);
	assign cmd_ready = left == '0 && !flush;

	always_ff @(posedge clk) begin
		if (cmd_valid && cmd_ready) begin
			next_word <= cmd_address[63:WORD_LOG2];
			to_boundary <= BURST[BURST_LOG2:0] - {1'b0, cmd_address[WORD_LOG2+:BURST_LOG2]};
		end else if (plan) begin
			next_word <= {next_word[ADDRESS_BITS-1:BURST_LOG2] + 1'b1, BURST_LOG2'(0)};
			to_boundary <= BURST[BURST_LOG2:0];
		end
		if (plan) begin
			plan_word <= next_word;
			plan_words <= run;
			plan_last <= ends;
		end
	end
	always_ff @(posedge clk)
		if (rst || flush) begin
			left <= '0;
			planned <= 1'b0;
		end else begin
			if (cmd_valid && cmd_ready)
				left <= {1'b0, cmd_bytes[31:WORD_LOG2]} + LEFT_BITS'(cmd_bytes[WORD_LOG2-1:0] != '0);
			else if (plan)
				left <= left - LEFT_BITS'(run);
			planned <= plan || (planned && !issue);
		end

	assign plan_length = BURST_LOG2'(plan_words - 1'b1);
	assign reserved_with = reserved + (BUFFER_LOG2 + 1)'(plan_words);
	assign fits = reserved_with <= (BUFFER_LOG2 + 1)'(2 ** BUFFER_LOG2);
	assign issue = planned && fits && track_ready && (!m_arvalid || m_arready) && !flush;
	assign give = buffer_valid && buffer_take;
	assign m_arsize = 3'(WORD_LOG2);
	assign m_arburst = 2'b01;

	always_ff @(posedge clk)
		if (issue) begin
			m_araddr <= {plan_word, WORD_LOG2'(0)};
			m_arlen <= 8'(plan_length);
		end
	always_ff @(posedge clk)
		if (rst) begin
			m_arvalid <= 1'b0;
			reserved <= '0;
		end else begin
			m_arvalid <= issue || (m_arvalid && !m_arready);
			reserved <= (issue ? reserved_with : reserved) - (BUFFER_LOG2 + 1)'(give);
		end

	fifo #(.WIDTH(BURST_LOG2 + 1), .DEPTH_LOG2(OUTSTANDING_LOG2)) track (
		.clk, .rst,
		.in_valid(issue), .in_ready(track_ready), .in_data({plan_last, plan_length}),
		.out_valid(due), .out_ready(burst_ends), .out_data({due_last, due_words}), .level(n_due));

	assign m_rready = 1'b1;
	assign receive = m_rvalid && due;
	assign burst_ends = receive && beat == due_words;

	// `told`: the burst under way is counted already.
	logic wrong, told, count;

	assign wrong = m_rvalid && (!due || m_rresp != 2'b00 || m_rlast != burst_ends);

	always_ff @(posedge clk)
		if (rst) begin
			beat <= '0;
			error <= 1'b0;
			told <= 1'b0;
			count <= 1'b0;
			n_errors <= '0;
		end else begin
			if (receive)
				beat <= burst_ends ? '0 : beat + 1'b1;
			error <= wrong || (error && !start);
			told <= due && !burst_ends && (wrong || told);
			count <= wrong && !told;
			n_errors <= start ? '0 : n_errors + 32'(count);
		end

	fifo #(.WIDTH(DATA_BITS + 1), .DEPTH_LOG2(BUFFER_LOG2)) buffer (
		.clk, .rst,
		.in_valid(receive), .in_ready(buffer_ready), .in_data({due_last && burst_ends, m_rdata}),
		.out_valid(buffer_valid), .out_ready(buffer_take), .out_data({out_last, out_data}), .level(n_buffered));

	assign buffer_take = out_ready || flush;
	assign out_valid = buffer_valid && !flush;
	// A word due always finds room, for it was reserved; a command's address is a multiple of the word.
	logic unused;
	assign unused = &{1'b0, buffer_ready, cmd_address[WORD_LOG2-1:0]};

	assign idle = left == '0 && !planned && n_due == '0 && n_buffered == '0;

`ifdef PROVE_AXI_READ
`include "axi_read.svh"
`endif
endmodule
