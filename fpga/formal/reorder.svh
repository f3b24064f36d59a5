// reorder.svh - what is proven of reorder: at most one core is read at a time, and only into a free place; what is offered stays until it is
// taken; as many blocks as told are read to their end, and none beyond, and the tail comes behind them, once.

logic f_held = 1'b0, f_begun = 1'b0, f_tail_taken = 1'b0;
logic [517:0] f_offered;
logic [31:0] f_blocks; // of the frame

always_ff @(posedge clk) begin
	f_held <= !rst && !start && out_valid && !out_ready;
	f_offered <= {out_count, out_data};
	if (rst || start) begin
		f_begun <= start && !rst;
		f_blocks <= cfg_n_blocks;
		f_tail_taken <= 1'b0;
	end else if (take_tail)
		f_tail_taken <= 1'b1;
end

always_comb begin
	assert ((in_ready & (in_ready - 1'b1)) == '0);
	if (out_valid && !out_ready)
		assert (in_ready == '0 && !take_tail);
	if (f_held)
		assert (out_valid && {out_count, out_data} == f_offered);
	if (in_ready != '0)
		assert (f_begun && n_blocks_done != f_blocks);
	if (take_tail)
		assert (f_begun && n_blocks_done == f_blocks && !f_tail_taken);

	// From one clock to the next.
	if (f_begun) begin
		assert (turn_hot != '0 && (turn_hot & (turn_hot - 1'b1)) == '0);
		for (int i = 0; i < CORES; i = i + 1)
			assert (!turn_hot[i] || turn == 2'(i));
		assert (blocks_there == (blocks_left != '0));
		assert (n_blocks_done == f_blocks - blocks_left);
		assert (!(f_tail_taken && tail_there));
	end else
		assert (!blocks_there && !tail_there);
end
