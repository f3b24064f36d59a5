// gearbox.svh - what is proven of gearbox: a beat is taken only where all of it has room, so that no pixel is written over before it was read;
// none is read before it was written; what is offered stays until it is taken.

logic f_held = 1'b0;
logic [513:0] f_offered;
logic [PLACE_LOG2:0] f_on_the_way; // pixels taken, but not yet in the ring

assign f_on_the_way = (taken_there ? (PLACE_LOG2 + 1)'(taken_count) : '0) + (stored_there ? (PLACE_LOG2 + 1)'(stored_count) : '0);

always_ff @(posedge clk) begin
	f_held <= !rst && !start && out_valid && !out_ready;
	f_offered <= {out_row_last, out_last, out_data};
end

always_comb begin
	assume (in_count != '0 && in_count <= LANES);

	assert (claimed <= 2 ** PLACE_LOG2);
	if (put)
		assert (claimed + LANES <= 2 ** PLACE_LOG2);
	if (fetch)
		assert (readable >= (PLACE_LOG2 + 1)'(need) && need != '0);
	if (f_held)
		assert (out_valid && {out_row_last, out_last, out_data} == f_offered);

	// From one clock to the next.
	assert (!roomy || claimed + LANES <= 2 ** PLACE_LOG2);
	assert (!taken_there || taken_count <= LANES);
	assert (!stored_there || stored_count <= LANES);
	assert (last_need <= LANES);
	assert ((PLACE_LOG2 + 2)'(claimed) == (PLACE_LOG2 + 2)'(readable) + (PLACE_LOG2 + 2)'(f_on_the_way));
	assert (put_place == PLACE_LOG2'(fetch_place + claimed[PLACE_LOG2-1:0]));
	if (taken_there)
		assert (taken_place == PLACE_LOG2'(put_place - PLACE_LOG2'(taken_count)));
	if (stored_there)
		assert (stored_rows[ROW_LOG2-1:0] == ROW_LOG2'(PLACE_LOG2'(fetch_place + readable[PLACE_LOG2-1:0]) >> LANE_LOG2));
end
