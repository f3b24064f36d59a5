// radial_lane.svh - what is proven of radial_lane: whatever the order of bins, every pixel is added to its own, once; what is read of a bin is
// the sum since it was last cleared. One bin is watched, from a clearing of it on; it is any, since nothing drives `f_choose`. No bin is read
// while a pixel is in steps 1 to 3, nor in the clock before one is in step 1.

logic f_choose, f_watching = 1'b0, f_valid_5 = 1'b0, f_read_2 = 1'b0, f_read_3 = 1'b0;
logic [BIN_BITS-1:0] f_bin, f_bin_5;
logic [BITS-1:0] f_sums = '0, f_at_read_2, f_at_read_3;
logic f_at_2, f_at_3, f_at_4, f_at_5; // a pixel of the watched bin

assign f_at_2 = f_watching && valid_2 && bin_2 == f_bin;
assign f_at_3 = f_watching && valid_3 && bin_3 == f_bin;
assign f_at_4 = f_watching && valid_4 && bin_4 == f_bin;
assign f_at_5 = f_watching && f_valid_5 && f_bin_5 == f_bin;

always_ff @(posedge clk) begin
	if (clear_2 && !f_watching && f_choose) begin
		f_watching <= 1'b1;
		f_bin <= bin_2;
		f_sums <= '0;
	end else if (clear_2 && bin_2 == f_bin)
		f_sums <= '0;
	else if (f_at_3)
		f_sums <= {f_sums[BITS-1:COUNT_BITS] + SUM_BITS'(pixel_3), f_sums[COUNT_BITS-1:0] + COUNT_BITS'(1)};
	f_valid_5 <= !rst && valid_4;
	f_bin_5 <= bin_4;
	f_read_2 <= !rst && read && read_bin == f_bin && f_watching;
	f_read_3 <= !rst && f_read_2;
	f_at_read_2 <= f_sums;
	f_at_read_3 <= f_at_read_2;
end

always_comb begin
	assume (!read || !(valid_1 || valid_2 || valid_3));
	assume (!clear_2 || !valid_1);
	assume (!f_read_2 || !valid_1);

	if (f_watching)
		assert (memory[f_bin] == f_sums);
	if (f_at_3)
		assert (old == f_sums);
	if (f_read_3)
		assert ({sum, count} == f_at_read_3);

	// From one clock to the next: nothing is on its way where bins are read, and who has the sums that the next pixel of the bin needs.
	assert (!(clear_2 || f_read_2) || !(valid_2 || valid_3 || valid_4));
	if (valid_3)
		assert (same_as_1 == (valid_4 && bin_3 == bin_4) && same_as_2 == (f_valid_5 && bin_3 == f_bin_5));
	if (f_at_4)
		assert (made_1 == f_sums);
	else if (f_at_5)
		assert (made_2 == f_sums);
	if (f_at_2 && !f_at_4)
		assert (fetched == f_sums);
	if (f_at_3 && !f_at_4 && !f_at_5)
		assert (held == f_sums);
	if (f_read_2)
		assert (fetched == f_at_read_2 && bin_2 == f_bin);
end
