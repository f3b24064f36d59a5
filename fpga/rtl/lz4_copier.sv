// lz4_copier.sv - carries out lz4_parser's steps: up to 16 bytes per clock, literals or a match of any offset, into a block's memory.
//
// Byte p of a block lies in lane p % 16 of row p / 16, here and in everything behind: a step that begins inside a row writes the end of
// one row and the beginning of the next. A match is cut into chunks of 16 bytes. A chunk is, for each lane that it writes, the lane its
// byte comes from (`pick`, which position and offset settle), and for each of those lanes how old that byte is (`age`): one of the last
// five written there, kept in registers, or what lies in memory, read four clocks before. The memory gives a byte back to the fifth
// chunk behind its own, so offsets below 80 go by registers. Below 16 the period is shorter than a chunk: its bytes repeat, and all are
// the newest of their lanes. Offset 0 gives zeros. Literals come in the place of what lies in memory.
//
// `out_*` is what is written, to two banks (even rows, enables [15:0], and odd rows, [31:16]), in one half of the memory behind;
// `done_valid` follows the last byte of a block, and the halves take turns. `release_half`: the oldest half that is done is free again.

module lz4_copier (
	input  logic         clk,
	input  logic         rst,
	input  logic         in_valid,
	output logic         in_ready,
	input  logic [1:0]   in_kind,   // these four: as lz4_parser has them
	input  logic [4:0]   in_count,
	input  logic [3:0]   in_phase,
	input  logic [127:0] in_data,
	input  logic         release_half,
	output logic [31:0]  out_enable,
	output logic [7:0]   out_even,
	output logic [7:0]   out_odd,
	output logic [127:0] out_data,
	output logic         out_half,
	output logic         done_valid,
	output logic [13:0]  done_bytes,
	output logic         done_error
);
	localparam bit [1:0] LITERALS = 2'd0, END = 2'd2;
	localparam int AGES = 5;
	localparam bit [2:0] IN_MEMORY = 3'(AGES);

	// The step at hand, and the room for what it makes.
	logic head_valid, head_literals, head_end, head_last, go, open;
	logic [1:0] halves_free;
	logic [13:0] left;
	logic [12:0] head_offset, position;
	logic [3:0] head_phase;
	logic [127:0] head_data;
	logic [4:0] count;

	assign go = head_valid && (open || halves_free != '0);
	assign head_last = left <= 14'd16;
	assign count = head_last ? left[4:0] : 5'd16;
	assign in_ready = !head_valid || (go && head_last);

	always_ff @(posedge clk)
		if (rst) begin
			head_valid <= 1'b0;
			open <= 1'b0;
			halves_free <= 2'd2;
			position <= '0;
		end else begin
			if (in_ready)
				head_valid <= in_valid;
			if (go) begin
				open <= !head_end;
				position <= head_end ? '0 : position + {8'd0, count};
			end
			halves_free <= halves_free + {1'b0, release_half} - {1'b0, go && !open};
		end
	always_ff @(posedge clk)
		if (in_ready) begin
			head_literals <= in_kind == LITERALS || in_kind == END;
			head_end <= in_kind == END;
			left <= in_kind == LITERALS ? {9'd0, in_count} : in_kind == END ? '0 : in_data[13:0];
			head_offset <= in_data[26:14];
			head_phase <= in_phase;
			head_data <= in_data;
		end else if (go)
			left <= left - 14'd16;

	// Stage 1: a chunk. END rides along as literals that are none, its words in their bytes.
	logic chunk1, end1, literals1;
	logic [4:0] count1;
	logic [12:0] offset1, position1;
	logic [3:0] phase1;
	logic [127:0] data1;

	always_ff @(posedge clk) begin
		chunk1 <= !rst && go && !head_end;
		end1 <= !rst && go && head_end;
		literals1 <= head_literals;
		count1 <= count;
		offset1 <= head_offset;
		position1 <= position;
		phase1 <= head_end ? '0 : head_phase;
		data1 <= head_data;
	end

	// Stage 2: where its first byte comes from. The memory is read.
	logic chunk2, end2, literals2, zeros2, short2, near2;
	logic [4:0] count2;
	logic [12:0] source2, position2;
	logic [3:0] turn2, period2;
	logic [2:0] rows_back2;
	logic [127:0] data2;

	always_ff @(posedge clk) begin
		chunk2 <= !rst && chunk1;
		end2 <= !rst && end1;
		literals2 <= literals1;
		zeros2 <= offset1 == '0;
		short2 <= !literals1 && offset1[12:4] == '0 && offset1 != '0;
		near2 <= !literals1 && offset1 < 13'(16 * AGES) && offset1 != '0;
		count2 <= count1;
		source2 <= position1 - offset1;
		position2 <= position1;
		turn2 <= literals1 ? position1[3:0] - phase1 : offset1[3:0];
		period2 <= offset1[3:0];
		rows_back2 <= offset1[6:4];
		data2 <= data1;
	end

	// Stage 3: for every lane the steps to its source, and which lanes are written.
	logic [1023:0] remainders; // [4 * (16 * d + i) +: 4] = i % d
	logic end3, literals3, zeros3;
	logic [15:0] write3, odd_in3, odd_out3;
	logic [63:0] step3;
	logic [3:0] base3;
	logic [47:0] age3;
	logic [7:0] even3, half_row3;
	logic [127:0] data3;

	genvar d, i;
	generate
		for (d = 0; d < 16; d++) begin : divisors
			for (i = 0; i < 16; i++) begin : dividends
				if (d == 0) begin : none
					assign remainders[4*i +: 4] = 4'd0;
				end else begin : some
					assign remainders[4*(16*d + i) +: 4] = 4'(i % d);
				end
			end
		end
	endgenerate

	// The byte at hand's place in the chunk: of one that goes to a lane, of one that comes from it.
	function automatic logic [3:0] distance(input logic [3:0] lane, input logic [3:0] first);
		distance = lane - first;
	endfunction

	always_ff @(posedge clk) begin
		end3 <= !rst && end2;
		literals3 <= literals2;
		zeros3 <= zeros2;
		base3 <= short2 ? source2[3:0] : -turn2;
		even3 <= position2[12:5] + {7'd0, position2[4]};
		half_row3 <= position2[12:5];
		data3 <= data2;
		for (int c = 0; c < 16; c++) begin
			write3[c] <= !rst && chunk2 && {1'b0, distance(4'(c), position2[3:0])} < count2;
			odd_out3[c] <= position2[4] ^ (4'(c) < position2[3:0]);
			odd_in3[c] <= source2[4] ^ (4'(c) < source2[3:0]);
			step3[4*c +: 4] <= short2 ? remainders[{period2, distance(4'(c), position2[3:0]), 2'b00} +: 4] : 4'(c);
			age3[3*c +: 3] <= !near2 ? IN_MEMORY : short2 ? '0 : rows_back2 - {2'b0, distance(4'(c), source2[3:0]) >= period2};
		end
	end

	// Stage 4: the source of every lane. The memory answers.
	logic end4, literals4, zeros4;
	logic [15:0] write4, odd_in4, odd_out4;
	logic [63:0] pick4;
	logic [47:0] age4;
	logic [7:0] even4, half_row4;
	logic [127:0] data4, memory_even, memory_odd;

	always_ff @(posedge clk) begin
		end4 <= !rst && end3;
		literals4 <= literals3;
		zeros4 <= zeros3;
		write4 <= rst ? '0 : write3;
		odd_in4 <= odd_in3;
		odd_out4 <= odd_out3;
		age4 <= age3;
		even4 <= even3;
		half_row4 <= half_row3;
		data4 <= data3;
		for (int c = 0; c < 16; c++)
			pick4[4*c +: 4] <= base3 + step3[4*c +: 4];
	end

	// Stage 5: the bytes.
	logic end5;
	logic [15:0] write5, odd_out5;
	logic [63:0] pick5;
	logic [47:0] age5;
	logic [7:0] even5, half_row5;
	logic [127:0] old5, from, bytes;
	logic [128*AGES-1:0] recent; // of every lane the last bytes, the newest ones first

	always_ff @(posedge clk) begin
		end5 <= !rst && end4;
		write5 <= rst ? '0 : write4;
		odd_out5 <= odd_out4;
		pick5 <= pick4;
		age5 <= age4;
		even5 <= even4;
		half_row5 <= half_row4;
		for (int c = 0; c < 16; c++)
			old5[8*c +: 8] <= literals4 ? data4[8*c +: 8] : zeros4 ? '0 : odd_in4[c] ? memory_odd[8*c +: 8] : memory_even[8*c +: 8];
	end

	function automatic logic [7:0] aged(input logic [2:0] age, input logic [7:0] a, input logic [7:0] b, input logic [7:0] c,
					    input logic [7:0] d4, input logic [7:0] e, input logic [7:0] old);
		case (age)
		3'd0: aged = a;
		3'd1: aged = b;
		3'd2: aged = c;
		3'd3: aged = d4;
		3'd4: aged = e;
		default: aged = old;
		endcase
	endfunction

	function automatic logic [7:0] picked(input logic [3:0] lane, input logic [127:0] all);
		logic [63:0] half;
		logic [31:0] quarter;
		logic [15:0] pair;

		half = lane[3] ? all[127:64] : all[63:0];
		quarter = lane[2] ? half[63:32] : half[31:0];
		pair = lane[1] ? quarter[31:16] : quarter[15:0];
		picked = lane[0] ? pair[15:8] : pair[7:0];
	endfunction

	always_comb begin
		for (int c = 0; c < 16; c++)
			from[8*c +: 8] = aged(age5[3*c +: 3], recent[8*c +: 8], recent[128+8*c +: 8], recent[256+8*c +: 8],
					      recent[384+8*c +: 8], recent[512+8*c +: 8], old5[8*c +: 8]);
		for (int c = 0; c < 16; c++)
			bytes[8*c +: 8] = picked(pick5[4*c +: 4], from);
	end

	// Stage 6: they are the newest of their lanes, and are written.
	assign out_data = recent[127:0];

	always_ff @(posedge clk) begin
		for (int c = 0; c < 16; c++)
			if (write5[c]) begin
				recent[8*c +: 8] <= bytes[8*c +: 8];
				for (int a = 1; a < AGES; a++)
					recent[128*a + 8*c +: 8] <= recent[128*(a-1) + 8*c +: 8];
			end
		out_enable <= rst ? '0 : {write5 & odd_out5, write5 & ~odd_out5};
		out_even <= even5;
		out_odd <= half_row5;
		done_valid <= !rst && end5;
		done_bytes <= old5[13:0];
		done_error <= old5[14];
		out_half <= !rst && (out_half ^ done_valid);
	end

	byte_memory #(.BYTES(16), .DEPTH_LOG2(8)) even_rows (
		.clk, .write_enable(out_enable[15:0]), .write_row(out_even), .write_data(out_data),
		.read_row(source2[12:5] + {7'd0, source2[4]}), .read_data(memory_even));
	byte_memory #(.BYTES(16), .DEPTH_LOG2(8)) odd_rows (
		.clk, .write_enable(out_enable[31:16]), .write_row(out_odd), .write_data(out_data),
		.read_row(source2[12:5]), .read_data(memory_odd));
endmodule
