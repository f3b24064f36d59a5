// control.sv - begins a job, tells when its parts have ended, keeps its clocks and its status, and gives up one that stands still.
//
// For the unit. A job that is begun first waits until every stage is idle (radial clears itself after reset), then all stages get `begin_frame`
// for one clock and the memory ports their commands. The list ends (`list_end`) when the frame's last beat is joined, the payload is used up
// and the stages behind have come to rest; record_writer does the rest.
//
// Where no word moves anywhere for WATCHDOG clocks, the job ends with status bit 2. The memory ports are then flushed; as long as one of them
// owes an answer, further jobs end at once, with the same bit. The first job that comes when nothing is owed any more has the stages reset
// before it begins: until then they tell how far the job given up had come.

module control #(
	parameter int LANES = 32
) (
	input  logic        clk,
	input  logic        rst,
	// registers
	input  logic        start,          // one clock
	output logic        done,           // one clock
	output logic [31:0] status,
	output logic [63:0] clocks,
	input  logic [31:0] cfg_n_blocks,
	input  logic [15:0] cfg_width,
	input  logic [15:0] cfg_height,
	input  logic [15:0] cfg_beats_per_row,
	input  logic [31:0] cfg_watchdog,
	input  logic        cfg_strong,     // look for strong pixels
	input  logic [31:0] cfg_max_strong,
	// stages
	output logic        begin_frame,    // one clock
	output logic        running,
	input  logic        ready_to_begin, // every stage is idle
	input  logic        joined,         // a beat that ends a row leaves mask_join
	input  logic        joined_last,    // the frame's last
	input  logic        input_done,     // the splitter has dealt everything
	input  logic        strong_done,    // dispersion's last beat is out
	input  logic        behind_idle,    // totals, radial and strong_list have taken in everything
	output logic        list_end,
	input  logic        written,        // one clock: the record's head is written
	input  logic [31:0] n_bad_blocks,
	input  logic [31:0] n_strong,
	input  logic        port_error,
	input  logic        progress,       // a word moves somewhere
	output logic [31:0] n_pixels,
	// after a job given up
	output logic        flush,          // the memory ports, until the stages are reset, too: none of theirs gets through
	input  logic        ports_idle,     // none of them owes anything
	output logic        clear,          // the stages' reset
	// commands to axi_read
	output logic        table_valid,
	input  logic        table_ready,
	output logic [31:0] table_bytes,
	output logic        offsets_valid,
	input  logic        offsets_ready,
	output logic [31:0] offsets_bytes,
	output logic        payload_valid,
	input  logic        payload_ready
);
	localparam int ROW_LOG2 = $clog2(LANES * 2); // bytes of a beat's words in the table
	localparam int CLEAR_LOG2 = 5;               // clocks of `clear`: more than a beat is on its way through a stage

	logic waiting, frame_joined, frame_strong, standstill, refused, cleared, unused;
	logic given_up;          // a job was, and the stages are not yet reset
	logic quiet;             // and nothing is owed any more
	logic lapsed;            // the last job was given up, or ended at once
	logic [CLEAR_LOG2-1:0] clearing;
	logic [2:0] settle;      // clocks in which everything was at rest
	logic [31:0] still;      // clocks without progress
	logic [31:0] beats;

	assign unused = &{1'b0, beats[31:32-ROW_LOG2], cfg_n_blocks[31:30]};

	// Multiplied while a job waits to begin, two clocks at least.
	logic [2:0] prepared;

	always_ff @(posedge clk) begin
		beats <= {16'd0, cfg_beats_per_row} * {16'd0, cfg_height};
		table_bytes <= {beats[31-ROW_LOG2:0], {ROW_LOG2{1'b0}}};
		offsets_bytes <= {cfg_n_blocks[29:0], 2'b00} + 32'd4;
		prepared <= start ? 3'd0 : {prepared[1:0], 1'b1};
	end

	assign begin_frame = waiting && ready_to_begin && prepared[2] && !given_up;
	assign flush = given_up;
	assign refused = waiting && given_up && !quiet;
	assign cleared = clear && (&clearing);

	always_ff @(posedge clk)
		if (rst) begin
			waiting <= 1'b0;
			running <= 1'b0;
			done <= 1'b0;
			table_valid <= 1'b0;
			offsets_valid <= 1'b0;
			payload_valid <= 1'b0;
		end else begin
			waiting <= start || (waiting && !begin_frame && !standstill && !refused);
			running <= begin_frame || (running && !written && !standstill && !given_up); // begun in the very clock in which it was given up
			done <= (running && written) || standstill || refused;
			table_valid <= begin_frame || (table_valid && !table_ready && !given_up);
			offsets_valid <= begin_frame || (offsets_valid && !offsets_ready && !given_up);
			payload_valid <= begin_frame || (payload_valid && !payload_ready && !given_up);
		end

	// Once a job has been given up.
	always_ff @(posedge clk)
		if (rst) begin
			given_up <= 1'b0;
			quiet <= 1'b0;
			lapsed <= 1'b0;
			clear <= 1'b0;
			clearing <= '0;
		end else begin
			given_up <= standstill || (given_up && !cleared);
			quiet <= given_up && ports_idle;
			lapsed <= standstill || refused || (lapsed && !start);
			clear <= waiting && given_up && quiet && !cleared;
			clearing <= clear ? clearing + 1'b1 : '0;
		end

	// The end of the frame: what has been seen stays seen; at rest means for eight clocks on end, more than a word is on its way between two stages.
	assign list_end = settle == 3'd7;
	always_ff @(posedge clk)
		if (rst || begin_frame) begin
			frame_joined <= 1'b0;
			frame_strong <= 1'b0;
			settle <= 3'd0;
		end else begin
			frame_joined <= frame_joined || joined_last;
			frame_strong <= frame_strong || strong_done;
			if (!(running && frame_joined && input_done && behind_idle && (frame_strong || !cfg_strong)))
				settle <= 3'd0;
			else if (settle != 3'd7)
				settle <= settle + 3'd1;
		end

	// Counts and status.
	logic watched, too_many;

	assign standstill = watched && (running || waiting) && !given_up && still >= cfg_watchdog;
	assign status = {28'd0, port_error, lapsed, too_many, n_bad_blocks != 32'd0};
	always_ff @(posedge clk) begin
		watched <= cfg_watchdog != 32'd0;
		too_many <= cfg_strong && n_strong > cfg_max_strong;
		if (rst || start || progress || begin_frame || clear)
			still <= 32'd0;
		else if (!(&still))
			still <= still + 32'd1;
		if (rst || begin_frame)
			n_pixels <= 32'd0;
		else if (joined)
			n_pixels <= n_pixels + {16'd0, cfg_width};
		if (rst || start)
			clocks <= 64'd0;
		else if (running || waiting)
			clocks <= clocks + 64'd1;
	end

`ifdef PROVE_CONTROL
`include "control.svh"
`endif
endmodule
