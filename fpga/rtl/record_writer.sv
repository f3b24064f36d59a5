// record_writer.sv - a frame's results into the card's memory: the list of strong pixels while the frame runs, then the bins, the head last.
//
// For control, which says when the list has ended (`list_end`, a level) and when there are bins to come. The head (64 bytes) is taken and
// written when every earlier write has been answered, so that a record with a new job number in it is a whole one. Words wait in a queue
// and leave in bursts of 256 bytes, each within its 256-byte piece of memory.

module record_writer (
	input  logic         clk,
	input  logic         rst,
	input  logic         start,
	input  logic [63:0]  cfg_record,   // multiples of 4096
	input  logic [63:0]  cfg_list,
	input  logic [12:0]  cfg_n_bins,   // 0: none come
	// strong pixels
	input  logic         list_valid,
	output logic         list_ready,
	input  logic [31:0]  list_index,
	input  logic [31:0]  list_value,
	input  logic         list_end,
	// bins, wanted from `bins_start` on
	output logic         bins_start,
	input  logic         bin_valid,
	output logic         bin_ready,
	input  logic [63:0]  bin_sum,
	input  logic [31:0]  bin_count,
	// the head, looked at when it is written
	input  logic [511:0] head,
	output logic         done,         // one clock
	// axi_write
	output logic         cmd_valid,
	input  logic         cmd_ready,
	output logic [63:0]  cmd_address,
	output logic [8:0]   cmd_words,
	output logic         out_valid,
	input  logic         out_ready,
	output logic [127:0] out_data,
	input  logic         idle
);
	localparam logic [2:0] REST = 3'd0, LIST = 3'd1, LIST_OUT = 3'd2, BINS = 3'd3, BINS_OUT = 3'd4, HEAD = 3'd5, HEAD_OUT = 3'd6;

	logic [2:0] state;

	// Words into the queue.
	logic put_valid, put_ready, put, half, settled;
	logic [127:0] put_data;
	logic [63:0] first;      // entry of a word, its second to come
	logic [12:0] n_bins;     // put so far
	logic [1:0] n_head;
	logic [511:0] held;      // the head, its next word lowest, from when everything else is answered
	logic unused;

	assign unused = &{1'b0, cfg_record[3:0], cfg_list[3:0]};
	assign put = put_valid && put_ready;

	assign list_ready = state == LIST && (!half || put_ready);
	assign bin_ready = state == BINS && put_ready;
	always_comb
		case (state)
		LIST: begin
			put_valid = half && (list_valid || list_end);
			put_data = {list_valid ? {list_value, list_index} : 64'd0, first};
		end
		BINS: begin
			put_valid = bin_valid;
			put_data = {32'd0, bin_count, bin_sum};
		end
		default: begin
			put_valid = state == HEAD && settled;
			put_data = held[127:0];
		end
		endcase

	always_ff @(posedge clk) begin
		if (list_valid && list_ready && !half)
			first <= {list_value, list_index};
		if (!settled)
			held <= head;
		else if (put)
			held <= {128'd0, held[511:128]};
	end

	// The queue, and bursts out of it.
	logic [6:0] level, queued; // in the queue; of these without a burst yet
	logic [4:0] piece;         // words to the end of the 256 bytes
	logic [63:4] at;
	logic all_in, taken, drained;

	fifo #(.WIDTH(128), .DEPTH_LOG2(6)) queue (
		.clk, .rst, .in_valid(put_valid), .in_ready(put_ready), .in_data(put_data),
		.out_valid, .out_ready, .out_data, .level
	);
	assign all_in = state == LIST_OUT || state == BINS_OUT || state == HEAD_OUT;
	assign piece = 5'd16 - {1'b0, at[7:4]};
	assign cmd_address = {at, 4'd0};
	assign taken = cmd_valid && cmd_ready;
	assign drained = queued == 7'd0 && !cmd_valid && level == 7'd0;

	always_ff @(posedge clk)
		if (rst) begin
			cmd_valid <= 1'b0;
			queued <= 7'd0;
		end else begin
			if (taken)
				cmd_valid <= 1'b0;
			else if (!cmd_valid && (queued >= {2'd0, piece} || (all_in && queued != 7'd0)))
				cmd_valid <= 1'b1;
			queued <= queued + {6'd0, put} - (taken ? cmd_words[6:0] : 7'd0);
		end
	always_ff @(posedge clk)
		if (!cmd_valid)
			cmd_words <= {4'd0, queued >= {2'd0, piece} ? piece : queued[4:0]};

	always_ff @(posedge clk)
		if (rst) begin
			state <= REST;
			half <= 1'b0;
			done <= 1'b0;
			bins_start <= 1'b0;
			settled <= 1'b0;
		end else begin
			settled <= state == HEAD && idle;
			done <= 1'b0;
			bins_start <= 1'b0;
			if (taken)
				at <= at + {55'd0, cmd_words[4:0]};
			case (state)
			REST:
				if (start) begin
					state <= LIST;
					half <= 1'b0;
					at <= cfg_list[63:4];
				end
			LIST: begin
				if (list_valid && list_ready)
					half <= !half;
				else if (put)
					half <= 1'b0;
				if (list_end && !list_valid && (!half || put))
					state <= LIST_OUT;
			end
			LIST_OUT:
				if (drained) begin
					state <= cfg_n_bins == 13'd0 ? HEAD : BINS;
					bins_start <= cfg_n_bins != 13'd0;
					n_bins <= 13'd0;
					n_head <= 2'd0;
					at <= cfg_record[63:4] + (cfg_n_bins == 13'd0 ? 60'd0 : 60'd4);
				end
			BINS:
				if (put) begin
					n_bins <= n_bins + 13'd1;
					if (n_bins + 13'd1 == cfg_n_bins)
						state <= BINS_OUT;
				end
			BINS_OUT:
				if (drained) begin
					state <= HEAD;
					at <= cfg_record[63:4];
				end
			HEAD:
				if (put) begin
					n_head <= n_head + 2'd1;
					if (n_head == 2'd3)
						state <= HEAD_OUT;
				end
			default:
				if (drained && idle) begin
					state <= REST;
					done <= 1'b1;
				end
			endcase
		end
endmodule
