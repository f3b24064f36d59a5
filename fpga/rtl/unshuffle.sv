// unshuffle.sv - the bit planes of decoded blocks back into pixels, 16 bytes of a plane per clock.
//
// A block of n pixels of b bits is b planes of n / 8 bytes, plane p holding bit p of every pixel, the first pixel in the lowest bit.
// 128 pixels are turned at a time: 16 bytes of every plane are shifted through `planes`, one plane per clock, and leave as beats of 512
// bits. In a last block planes begin anywhere: what is read is turned until its first byte is the lowest; a last group has fewer pixels.
//
// Blocks come in turn from the two halves of a memory laid out as lz4_copier says; read_even and read_odd (rows of its two banks in
// `read_half`) are answered two clocks later. `release_half`: a block has been read. A group of up to 8 beats begins only where `room`
// promises room for 32 more beats; what has begun is not held up. PIXEL_BITS = 16 takes u8, which is extended with zeros, and u16
// (cfg_element_log2 0 and 1); PIXEL_BITS = 32 takes u32.

module unshuffle #(
	parameter int PIXEL_BITS = 16
) (
	input  logic         clk,
	input  logic         rst,
	/* verilator lint_off UNUSEDSIGNAL */ // a build for u32 has nothing to choose; a block is a multiple of 8 bytes
	input  logic [1:0]   cfg_element_log2,
	input  logic [13:0]  block_bytes,
	/* verilator lint_on UNUSEDSIGNAL */
	input  logic         block_valid,
	output logic         block_ready,
	input  logic         block_error,
	output logic         release_half,
	output logic         read_half,
	output logic [7:0]   read_even,
	output logic [7:0]   read_odd,
	input  logic [127:0] even_data,
	input  logic [127:0] odd_data,
	input  logic         room,
	output logic         out_valid,
	output logic [511:0] out_data,
	output logic [5:0]   out_count,
	output logic         out_last,
	output logic         out_error
);
	localparam int LANES = 512 / PIXEL_BITS;
	localparam int BEATS = 128 / LANES;
	localparam int BEATS_LOG2 = $clog2(BEATS);
	localparam bit [4:0] BEAT_BYTES = 5'(LANES / 8); // of a plane

	// What is read: 16 bytes from `at` on, for plane after plane of a group, group after group of a block.
	logic busy, narrow, read, last_plane, last_group, error;
	logic [10:0] stride, left; // bytes of a plane; those of this group and the ones behind it
	logic [12:0] group_at, at;
	logic [4:0] plane;

	assign narrow = PIXEL_BITS == 16 && cfg_element_log2 == '0;
	assign read = busy && (plane != '0 || room);
	assign last_plane = plane == 5'(PIXEL_BITS - 1) || (narrow && plane == 5'd7);
	assign last_group = left <= 11'd16;
	assign block_ready = !busy;
	assign read_even = at[12:5] + {7'd0, at[4]};
	assign read_odd = at[12:5];

	always_ff @(posedge clk) begin
		release_half <= !rst && read && last_plane && last_group;
		if (rst) begin
			busy <= 1'b0;
			read_half <= 1'b1;
		end else if (!busy) begin
			busy <= block_valid;
			read_half <= read_half ^ block_valid;
		end else if (read && last_plane && last_group)
			busy <= 1'b0;
	end
	always_ff @(posedge clk)
		if (!busy) begin
			stride <= PIXEL_BITS == 32 ? {2'd0, block_bytes[13:5]} : narrow ? block_bytes[13:3] : {1'd0, block_bytes[13:4]};
			left <= PIXEL_BITS == 32 ? {2'd0, block_bytes[13:5]} : narrow ? block_bytes[13:3] : {1'd0, block_bytes[13:4]};
			group_at <= '0;
			at <= '0;
			plane <= '0;
			error <= block_error;
		end else if (read) begin
			plane <= last_plane ? '0 : plane + 1'b1;
			at <= last_plane ? group_at + 13'd16 : at + {2'd0, stride};
			if (last_plane) begin
				group_at <= group_at + 13'd16;
				left <= left - 11'd16;
			end
		end

	// The answer, on its way to the planes. A tag says what a row is: the bytes of its group, and whether it is the last plane, the
	// last group and of a refused block.
	logic [4:0] valid;
	logic [7:0] tag0, tag1, tag2, tag3, tag4;
	logic [4:0] from0, from1;
	logic [3:0] turn2;
	logic [1:0] turn3;
	logic [127:0] row2, row3, row4;

	always_ff @(posedge clk) begin
		valid <= rst ? '0 : {valid[3:0], read};
		tag0 <= {error, last_group, last_plane, last_group ? left[4:0] : 5'd16};
		tag1 <= tag0;
		tag2 <= tag1;
		tag3 <= tag2;
		tag4 <= tag3;
		from0 <= at[4:0];
		from1 <= from0;
		turn2 <= from1[3:0];
		for (int b = 0; b < 16; b++)
			row2[8*b +: 8] <= from1[4] ^ (4'(b) < from1[3:0]) ? odd_data[8*b +: 8] : even_data[8*b +: 8];
		turn3 <= turn2[1:0];
		case (turn2[3:2])
		2'd0: row3 <= row2;
		2'd1: row3 <= {row2[31:0], row2[127:32]};
		2'd2: row3 <= {row2[63:0], row2[127:64]};
		default: row3 <= {row2[95:0], row2[127:96]};
		endcase
		case (turn3)
		2'd0: row4 <= row3;
		2'd1: row4 <= {row3[7:0], row3[127:8]};
		2'd2: row4 <= {row3[15:0], row3[127:16]};
		default: row4 <= {row3[23:0], row3[127:24]};
		endcase
	end

	// The planes of a group, the last one highest. Those of u8 enter half way, and zeros above them.
	logic [128*PIXEL_BITS-1:0] planes;
	logic turned;
	logic [6:0] turned_tag;

	always_ff @(posedge clk) begin
		turned <= !rst && valid[4] && tag4[5];
		turned_tag <= {tag4[7:6], tag4[4:0]};
		if (valid[4]) begin
			planes[128*PIXEL_BITS-1 -: 128] <= narrow ? '0 : row4;
			for (int p = 0; p < PIXEL_BITS - 1; p++)
				planes[128*p +: 128] <= narrow && p == 7 ? row4 : planes[128*(p+1) +: 128];
		end
	end

	// The group as pixels, which leave beat by beat before the next group is there.
	logic [128*PIXEL_BITS-1:0] pixels;
	logic [BEATS_LOG2-1:0] beat;
	logic [4:0] bytes_left;
	logic sending, group_is_last, group_error;

	always_ff @(posedge clk) begin
		if (turned) begin
			for (int x = 0; x < 128; x++)
				for (int p = 0; p < PIXEL_BITS; p++)
					pixels[PIXEL_BITS*x + p] <= planes[128*p + x];
			beat <= '0;
			{group_error, group_is_last, bytes_left} <= turned_tag;
		end else begin
			beat <= beat + 1'b1;
			bytes_left <= bytes_left - BEAT_BYTES;
		end
		sending <= !rst && (turned || (sending && bytes_left > BEAT_BYTES));
	end

	always_ff @(posedge clk) begin
		out_valid <= !rst && sending;
		out_data <= pixels[512*beat +: 512];
		out_count <= bytes_left < BEAT_BYTES ? {bytes_left[2:0], 3'd0} : 6'(LANES);
		out_last <= group_is_last && bytes_left <= BEAT_BYTES;
		out_error <= group_error && group_is_last && bytes_left <= BEAT_BYTES;
	end
endmodule
