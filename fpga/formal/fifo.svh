// fifo.svh - what is proven of fifo: it keeps every word, in order, offers it in time, and never holds more than it has room for.
//
// Included into the module by fpga/formal/prove. One word is watched, which is any, since nothing drives `f_choose`. With LEVELS_ONLY, for
// queues inside of other modules, the words' values are left out.

logic f_choose, f_watching = 1'b0, f_held = 1'b0;
logic [WIDTH-1:0] f_word, f_offered;
logic [DEPTH_LOG2:0] f_ahead; // words that leave before the watched one
logic [1:0] f_waited = '0;    // clocks with a word held and none offered

always_ff @(posedge clk) begin
	f_held <= !rst && out_valid && !out_ready;
	f_offered <= out_data;
	if (rst) begin
		f_watching <= 1'b0;
		f_waited <= '0;
	end else begin
		f_waited <= out_valid || level == '0 ? '0 : f_waited + 2'd1;
		if (!f_watching && put && f_choose) begin
			f_watching <= 1'b1;
			f_word <= in_data;
			f_ahead <= level - (DEPTH_LOG2 + 1)'(take);
		end else if (f_watching && take) begin
			f_ahead <= f_ahead - 1'b1;
			f_watching <= f_ahead != '0;
		end
	end
end

always_comb begin
	assert (level <= 2 ** DEPTH_LOG2);
	assert (in_ready == (level < 2 ** DEPTH_LOG2));
	assert (!out_valid || level != '0);
	assert (f_waited < (DEEP ? 3 : 1));
	if (f_held)
		assert (out_valid);
end

`ifndef LEVELS_ONLY
always_comb begin
	if (f_held)
		assert (out_data == f_offered);
	if (f_watching)
		assert (f_ahead < level);
	if (f_watching && f_ahead == '0 && out_valid)
		assert (out_data == f_word);
end
`endif

// Where the words are, without which the step from one clock to the next is not proven.
generate
	if (DEEP) begin : f_deep
		logic [DEPTH_LOG2:0] f_behind;

		assign f_behind = f_ahead - (DEPTH_LOG2 + 1)'(out_valid) - (DEPTH_LOG2 + 1)'(deep.fetched_valid);
		always_comb begin
			assert (deep.stored <= 2 ** DEPTH_LOG2);
			assert (level == deep.stored + (DEPTH_LOG2 + 1)'(deep.fetched_valid) + (DEPTH_LOG2 + 1)'(out_valid));
			assert (head == DEPTH_LOG2'(tail + deep.stored[DEPTH_LOG2-1:0]));
			assert (f_waited != 2'd1 || deep.fetched_valid || out_valid);
			assert (f_waited != 2'd2 || out_valid);
`ifndef LEVELS_ONLY
			if (f_watching && deep.fetched_valid && f_ahead == (DEPTH_LOG2 + 1)'(out_valid))
				assert (deep.fetched == f_word);
			else if (f_watching && !(out_valid && f_ahead == '0))
				assert (deep.words[DEPTH_LOG2'(tail + f_behind[DEPTH_LOG2-1:0])] == f_word);
`endif
		end
	end else begin : f_shallow
		always_comb begin
			assert (head == DEPTH_LOG2'(tail + level[DEPTH_LOG2-1:0]));
`ifndef LEVELS_ONLY
			if (f_watching)
				assert (shallow.words[DEPTH_LOG2'(tail + f_ahead[DEPTH_LOG2-1:0])] == f_word);
`endif
		end
	end
endgenerate
