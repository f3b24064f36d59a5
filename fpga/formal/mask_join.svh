// mask_join.svh - what is proven of mask_join: a beat and its entry of the table are taken together, into a free place; what is offered stays
// until it is taken; a lane has a bin only if it is valid, and is valid only if allowed.

logic f_held = 1'b0;
logic [511:0] f_pixels;
logic [3*LANES-1:0] f_fates;
logic [33:0] f_place;
logic [LANES*12-1:0] f_bins;

always_ff @(posedge clk) begin
	f_held <= !rst && !start && out_valid && !out_ready;
	f_pixels <= out_pixels;
	f_fates <= {out_allowed, out_ok, out_binned};
	f_place <= {out_base, out_row_last, out_last};
	f_bins <= out_bins;
end

always_comb begin
	assert ((in_valid && in_ready) == (table_valid && table_ready));
	if (out_valid && !out_ready)
		assert (!in_ready && !table_ready);
	if (out_valid)
		assert ((out_binned & ~out_ok) == '0 && (out_ok & ~out_allowed) == '0);
	if (f_held)
		assert (out_valid && out_pixels == f_pixels && {out_allowed, out_ok, out_binned} == f_fates &&
			{out_base, out_row_last, out_last} == f_place && out_bins == f_bins);
end
