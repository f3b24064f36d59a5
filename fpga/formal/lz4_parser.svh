// lz4_parser.svh - what is proven of lz4_parser, whatever the bytes are: it never hangs, takes exactly a block's words and tells of each
// block once, and pushes only where there was room.
//
// In every clock it is idle, or waits for a word that it is ready to take, or for room; or it counts towards its watchdog, which then
// ends the block; or it is in one of the states that are left by themselves. What is bad stays so, and is over when its words are in.

logic [11:0] f_words = '0;    // words of the block that are still to be taken
logic [16:0] f_worked = '0;   // clocks that count, with a bit more than the watchdog
logic f_was_bad = 1'b0, f_room = 1'b0, f_shifted = 1'b0, f_open = 1'b0;
logic f_waits, f_counts, f_passes;

assign f_waits = (!have1 && !none_left && in_ready && !in_valid) || (state == FLUSH && !none_left) || !room;
assign f_counts = act || copy_now || fresh || state == JOIN || (state == LOOK && ready_here);
assign f_passes = at[4] || state == FINISH || (state == FLUSH && none_left) || state == TELL || (in_valid && in_ready);

always_ff @(posedge clk) begin
	f_was_bad <= !rst && state != IDLE && bad;
	f_room <= room;
	f_shifted <= at[4];
	if (rst) begin
		f_words <= '0;
		f_open <= 1'b0;
	end else if (cmd_valid && cmd_ready) begin
		f_words <= 12'((16'(cmd_in_bytes) + 16'd15) >> 4);
		f_worked <= '0;
		f_open <= 1'b1;
	end else begin
		if (in_valid && in_ready)
			f_words <= f_words - 1'b1;
		if (!bad)
			f_worked <= f_worked + 17'(f_counts);
		if (state == TELL && room)
			f_open <= 1'b0;
	end
end

always_comb begin
	assert (f_open == (state != IDLE));
	assert (!out_valid || f_room || rst);
	assert (f_words == words_left);
	if (in_ready)
		assert (f_open && f_words != '0);
	if (state == TELL || state == IDLE)
		assert (none_left);
	if (f_open) begin
		assert (f_waits || f_counts || f_passes);
		assert (!(at[4] && f_shifted));
		assert (bad || (f_worked == {1'b0, clocks} && clocks <= WATCHDOG));
		assert (f_worked <= 17'(WATCHDOG) + 17'd1);
		if (f_was_bad)
			assert (bad && (state == FLUSH || state == TELL));
	end
end
