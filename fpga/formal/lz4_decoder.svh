// lz4_decoder.svh - what is proven of lz4_decoder: the queue of steps, which is pushed without asking, always has room.

logic f_room = 1'b0;
logic [QUEUE_LOG2:0] f_level1 = '0, f_level2 = '0; // one clock ago, and two

always_ff @(posedge clk) begin
	f_room <= room;
	f_level1 <= rst ? '0 : level;
	f_level2 <= rst ? '0 : f_level1;
end

always_comb begin
	assert (!push || queue_ready);

	// From one clock to the next.
	assert (!push || f_room);
	assert (!room || f_level1 < 2**QUEUE_LOG2 - 4);
	assert (!f_room || f_level2 < 2**QUEUE_LOG2 - 4);
	assert (level <= f_level1 + 1'b1);
	assert (f_level1 <= f_level2 + 1'b1);
end
