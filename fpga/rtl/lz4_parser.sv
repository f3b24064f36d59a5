// lz4_parser.sv - reads the sequences of an LZ4 block and tells lz4_copier step by step what to write, with every check.
//
// Steps: `LITERALS` (1 to 16 bytes, in `out_data` from byte `out_phase` on, going around), `MATCH` (out_data: length [13:0], offset
// [26:14]) and, once for every block, `END` (out_data: bytes of the block [13:0], refused [14]). A step is pushed: `room` must promise
// room for two more than there are. Accepted is what LZ4_decompress_safe accepts and decodes to exactly cmd_out_bytes: what the format
// allows; offset 0; and what liblz4's short cut lets pass, which copies up to 14 literals and a match of up to 18 bytes at an offset of 8
// or more unseen where 32 bytes of output and 17 of input are left: such a match may reach into the last literals.
//
// Two clocks per decision: one looks at the four bytes that come next and at how much is left, one acts. Checks are judged one clock
// after the act that they are about, so a damaged block may have up to three steps behind its fault: it is refused all the same. However a
// block is damaged, its input is taken to the last word and one END goes out. WATCHDOG limits the clocks in which a block is worked at
// (not those that wait): 65535 is more than any block needs, so it only ever ends what is broken itself.

module lz4_parser #(
	parameter bit [15:0] WATCHDOG = 16'hffff
) (
	input  logic         clk,
	input  logic         rst,
	input  logic         cmd_valid,
	output logic         cmd_ready,
	input  logic [14:0]  cmd_in_bytes,
	input  logic [13:0]  cmd_out_bytes,
	input  logic         in_valid,
	output logic         in_ready,
	input  logic [127:0] in_data,
	input  logic         room,
	output logic         out_valid,
	output logic [1:0]   out_kind,
	output logic [4:0]   out_count,
	output logic [3:0]   out_phase,
	output logic [127:0] out_data
);
	localparam bit [1:0] LITERALS = 2'd0, MATCH = 2'd1, END = 2'd2;
	localparam bit [15:0] LAST_LITERALS = 16'd5;  // the format: a match ends before these,
	localparam bit [15:0] MATCH_LIMIT = 16'd12;   // and begins before these;
	localparam bit [15:0] IN_LIMIT = 16'd8;       // an offset, a token and the last literals
	localparam bit [15:0] SHORT_OUT = 16'd32;     // liblz4's short cut: left of the output before the token,
	localparam bit [15:0] SHORT_IN = 16'd17;      // and of the input behind it

	localparam bit [2:0] IDLE = 3'd0, LOOK = 3'd1, ACT = 3'd2, COPY = 3'd3, JOIN = 3'd4, FINISH = 3'd5, FLUSH = 3'd6, TELL = 3'd7;
	localparam bit [1:0] TOKEN = 2'd0, MORE_LITERALS = 2'd1, OFFSET = 2'd2, MORE_MATCH = 2'd3;

	logic [2:0] state;
	logic [1:0] subject;         // what the next bytes are
	logic [15:0] rest, space;    // bytes of the block not parsed yet, and not made yet; signed: below 0 the block is bad
	logic [13:0] made, size;     // bytes that the steps so far make; and the whole block is to have
	logic [14:0] length;         // of the literals or the match at hand
	logic [12:0] offset;
	logic [3:0] match_low;       // the token's part of the match length
	logic bad, too_far, matched;
	logic fresh;                 // the first clock of literals: they are counted
	logic [15:0] clocks;

	// The window: two words of the input, `at` the next byte in it; at[4] says that the first one is used up.
	logic [127:0] row0, row1;
	logic have0, have1, none_left, take, shift;
	logic [11:0] words_left;
	logic [4:0] at;
	logic ready_here;

	assign none_left = words_left == '0;
	assign ready_here = !at[4] && (have1 || none_left);
	assign in_ready = !none_left && (!have1 || shift || state == FLUSH);
	assign take = in_valid && in_ready;

	// The next four bytes.
	logic [87:0] ahead8;
	logic [55:0] ahead4;
	logic [39:0] ahead2;
	logic [31:0] ahead, view;

	assign ahead8 = at[3] ? {row1[23:0], row0[127:64]} : row0[87:0];
	assign ahead4 = at[2] ? ahead8[87:32] : ahead8[55:0];
	assign ahead2 = at[1] ? ahead4[55:16] : ahead4[39:0];
	assign ahead = at[0] ? ahead2[39:8] : ahead2[31:0];

	// What they add to a length: bytes of 255 and the one that ends them, as far as four bytes go.
	logic [3:0] full;
	logic [2:0] n_full, n_more;
	logic [10:0] more;
	logic more_ends;

	always_comb begin
		n_full = !full[0] ? 3'd0 : !full[1] ? 3'd1 : !full[2] ? 3'd2 : !full[3] ? 3'd3 : 3'd4;
		more_ends = !n_full[2];
		n_more = n_full + {2'b0, more_ends};
		case (n_full)
		3'd0: more = {3'd0, view[7:0]};
		3'd1: more = {3'd0, view[15:8]} + 11'd255;
		3'd2: more = {3'd0, view[23:16]} + 11'd510;
		3'd3: more = {3'd0, view[31:24]} + 11'd765;
		default: more = 11'd1020;
		endcase
	end

	// Literals: up to 16 of a row and the one behind it, each byte in its own place.
	logic [127:0] literals;
	logic [4:0] n_now;
	logic whole, copy_now, copy_last;

	always_comb
		for (int b = 0; b < 16; b++)
			literals[8*b +: 8] = 4'(b) >= at[3:0] ? row0[8*b +: 8] : row1[8*b +: 8];
	assign whole = length[14:4] != '0;
	assign n_now = whole ? 5'd16 : {1'b0, length[3:0]};
	assign copy_last = length <= 15'd16;
	assign copy_now = state == COPY && ready_here && room;
	assign shift = at[4] || (copy_now && whole);

	// What ACT does.
	logic enough, short_cut;     // what is left is enough for a match here, or for the short cut (looked up in LOOK)
	logic more_sequences, unseen;
	logic no_literals, one_more, act, emits; // one_more: the length of literals ends with the byte behind the token
	logic [2:0] used;
	logic [15:0] offset_here;
	logic [3:0] low_here;

	assign act = state == ACT && room;
	assign no_literals = view[7:4] == '0;
	assign one_more = view[7:4] == 4'd15 && !full[1];
	assign offset_here = subject == TOKEN ? view[23:8] : view[15:0];
	assign low_here = subject == TOKEN ? view[3:0] : match_low;
	assign more_sequences = enough || short_cut;
	assign unseen = short_cut && low_here != 4'd15 && offset_here >= 16'd8;
	assign emits = act && more_sequences && ((subject == TOKEN && no_literals) || subject == OFFSET);
	always_comb
		case (subject)
		TOKEN: used = no_literals ? {1'b0, more_sequences, 1'b1} : {1'b0, one_more, !one_more};
		OFFSET: used = more_sequences ? 3'd2 : 3'd0;
		default: used = n_more;
		endcase

	always_ff @(posedge clk) begin
		if (state == LOOK) begin
			view <= ahead;
			full <= {&ahead[31:24], &ahead[23:16], &ahead[15:8], &ahead[7:0]};
		end
		if (shift)
			row0 <= row1;
		else if (!have0)
			row0 <= in_data;
		if (shift || !have1)
			row1 <= in_data;
	end

	always_ff @(posedge clk)
		if (rst) begin
			have0 <= 1'b0;
			have1 <= 1'b0;
			words_left <= '0;
			at <= '0;
		end else if (state == IDLE) begin
			have0 <= 1'b0;
			have1 <= 1'b0;
			at <= '0;
			if (cmd_valid)
				words_left <= {1'b0, cmd_in_bytes[14:4]} + {11'd0, cmd_in_bytes[3:0] != '0};
		end else begin
			if (take)
				words_left <= words_left - 1'b1;
			have0 <= have0 ? !shift || have1 : take;
			have1 <= shift ? take : have1 || (have0 && take);
			if (at[4])
				at[4] <= 1'b0;
			else if (act)
				at <= at + {2'b0, used};
			else if (copy_now && !whole)
				at <= at + n_now;
		end

	// The steps.
	always_ff @(posedge clk) begin
		out_valid <= !rst && ((emits && low_here != 4'd15) || (state == JOIN && room) || copy_now || (state == TELL && room));
		out_kind <= state == COPY ? LITERALS : state == TELL ? END : MATCH;
		out_count <= n_now;
		out_phase <= at[3:0];
		out_data <= literals;
		if (state != COPY) begin
			out_data[13:0] <= state == TELL ? size : state == JOIN ? length[13:0] : {10'd0, low_here} + 14'd4;
			out_data[26:14] <= state == TELL ? {12'd0, bad} : state == JOIN ? offset : offset_here[12:0];
		end
	end

	// How much is left, and what is wrong.
	always_ff @(posedge clk)
		if (state == IDLE) begin
			rest <= {1'b0, cmd_in_bytes};
			space <= {2'b0, cmd_out_bytes};
			size <= cmd_out_bytes;
			made <= '0;
			bad <= cmd_in_bytes == '0;
			too_far <= 1'b0;
			matched <= 1'b0;
			clocks <= '0;
		end else begin
			if (act)
				rest <= rest - {13'd0, used};
			else if (fresh)
				rest <= rest - {1'b0, length};
			if (emits && low_here != 4'd15) begin
				space <= space - ({12'd0, low_here} + 16'd4);
				made <= made + ({10'd0, low_here} + 14'd4);
			end else if (fresh || (state == JOIN && room)) begin
				space <= space - {1'b0, length};
				made <= made + length[13:0];
			end
			enough <= !rest[15] && rest >= (subject == TOKEN ? IN_LIMIT + 16'd1 : IN_LIMIT) && !space[15] && space >= MATCH_LIMIT;
			if (state == LOOK && subject == TOKEN)
				short_cut <= !rest[15] && rest > SHORT_IN && !space[15] && space >= SHORT_OUT;
			else if (act && subject == TOKEN && view[7:4] == 4'd15)
				short_cut <= 1'b0;
			too_far <= emits && offset_here > {2'b0, made};
			matched <= (emits && low_here != 4'd15 && !unseen) || (state == JOIN && room);
			if (act || copy_now || fresh || state == JOIN || (state == LOOK && ready_here))
				clocks <= clocks + 1'b1;
			if (rest[15] || space[15] || too_far || (matched && space < LAST_LITERALS) || length[14] || clocks == WATCHDOG ||
			    (state == FINISH && (rest != '0 || space != '0)))
				bad <= 1'b1;
		end

	always_ff @(posedge clk)
		if (rst) begin
			state <= IDLE;
			fresh <= 1'b0;
		end else begin
			fresh <= 1'b0;
			case (state)
			IDLE: begin
				subject <= TOKEN;
				if (cmd_valid)
					state <= LOOK;
			end
			LOOK:
				if (ready_here)
					state <= ACT;
			ACT:
				if (room) begin
					state <= LOOK;
					case (subject)
					TOKEN:
						if (!no_literals) begin
							if (view[7:4] == 4'd15 && !one_more)
								subject <= MORE_LITERALS;
							else begin
								state <= COPY;
								fresh <= 1'b1;
							end
						end else if (!more_sequences)
							state <= FINISH;
						else if (low_here == 4'd15)
							subject <= MORE_MATCH;
					MORE_LITERALS:
						if (more_ends) begin
							state <= COPY;
							fresh <= 1'b1;
						end
					OFFSET:
						if (!more_sequences)
							state <= FINISH;
						else
							subject <= low_here == 4'd15 ? MORE_MATCH : TOKEN;
					default:
						if (more_ends)
							state <= JOIN;
					endcase
				end
			COPY: begin
				subject <= OFFSET;
				if (copy_now && copy_last)
					state <= LOOK;
			end
			JOIN: begin
				subject <= TOKEN;
				if (room)
					state <= LOOK;
			end
			FINISH:
				state <= FLUSH;
			FLUSH:
				if (none_left)
					state <= TELL;
			TELL:
				if (room)
					state <= IDLE;
			default:
				state <= FLUSH;
			endcase
			if (bad && state != IDLE && state != TELL)
				state <= none_left ? TELL : FLUSH;
		end
	assign cmd_ready = state == IDLE;

	// The length at hand: of literals it counts down again.
	always_ff @(posedge clk)
		if (state == IDLE)
			length <= '0;
		else if (act)
			case (subject)
			TOKEN: begin
				match_low <= view[3:0];
				length <= no_literals ? 15'd19 : {11'd0, view[7:4]} + (one_more ? {7'd0, view[15:8]} : '0);
			end
			OFFSET:
				length <= 15'd19;
			default:
				length <= length + {4'd0, more};
			endcase
		else if (copy_now)
			length <= whole ? length - 15'd16 : '0;

	always_ff @(posedge clk)
		if (act && (subject == TOKEN || subject == OFFSET))
			offset <= offset_here[12:0];

`ifdef PROVE_LZ4_PARSER
`include "lz4_parser.svh"
`endif
endmodule
