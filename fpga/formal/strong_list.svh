// strong_list.svh - what is proven of strong_list: its queue never has to refuse a beat, where at most RESERVE - 4 come while room is down;
// it lists no more than the cap, and room is up once that many were counted; an entry stays, unchanged, until it is taken.

localparam int F_FULL = 2 ** DEPTH_LOG2 - RESERVE; // from this level on room is down

logic f_held = 1'b0, f_begun = 1'b0, f_capped = 1'b0;
logic [63:0] f_offered;
logic [31:0] f_cap = '0, f_listed;
logic [DEPTH_LOG2:0] f_after = '0; // beats since room is down
logic [DEPTH_LOG2+1:0] f_queued;   // beats in the queue or before it

assign f_queued = (DEPTH_LOG2 + 2)'(level) + (DEPTH_LOG2 + 2)'(put);

always_ff @(posedge clk) begin
	f_held <= !clear && out_valid && !out_ready;
	f_offered <= {out_index, out_value};
	f_capped <= !clear && capped;
	f_after <= clear || room ? '0 : f_after + (DEPTH_LOG2 + 1)'(in_valid);
	if (clear) begin
		f_begun <= 1'b1;
		f_cap <= cfg_max_strong;
		f_listed <= '0;
	end else
		f_listed <= f_listed + 32'(list);
end

always_comb begin
	assume (room || !in_valid || f_after < RESERVE - 4);
	assume (clear || cfg_max_strong == f_cap);
	assume (n_strong < 32'd1 << 26); // pixels of the largest frame

	if (put)
		assert (queue_ready);
	if (f_held)
		assert (out_valid && {out_index, out_value} == f_offered);
	if (f_begun)
		assert (f_listed <= f_cap);
	if (f_capped)
		assert (room);

	// From one clock to the next.
	assert (f_after <= RESERVE - 4);
	if (capped)
		assert (n_strong >= f_cap);
	if (f_capped)
		assert (capped && !put);
	else
		assert (f_queued <= F_FULL + (room ? 1 : 2 + f_after));
	if (f_begun)
		assert (f_listed + left == f_cap && full == (left == '0));
end
