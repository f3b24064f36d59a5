// radial.svh - what is proven of radial: no bin is read while a pixel is on its way to one; the queue of sums never overflows, however they are
// taken; reading ends. Told to read only when nothing is under way, and given beats only when nothing is read.

localparam int F_BITS = QUEUE_LOG2 + 2;

logic f_busy; // reading out or clearing
logic [F_BITS-1:0] f_on_the_way;

assign f_busy = clearing || reading || read_start_held || owed != '0;
always_comb begin
	f_on_the_way = '0;
	for (int k = 0; k < READ_CLOCKS; k++)
		f_on_the_way = f_on_the_way + F_BITS'(on_the_way[k]);
end

always_comb begin
	assume (!in_valid || !(f_busy || read_start));
	assume (!read_start || (!f_busy && adding == '0));

	if (read)
		assert (adding == '0 && add == '0);
	if (on_the_way[READ_CLOCKS-1])
		assert (unused_ready);
	if (out_valid)
		assert (owed != '0 && !idle);

	// From one clock to the next.
	assert (owed <= 2 ** QUEUE_LOG2);
	assert (F_BITS'(owed) == F_BITS'(unused_level) + f_on_the_way);
	assert (adding[0] || add == '0);
	assert (!f_busy || adding == '0);
	assert (!(clearing && reading));
	if (clearing || reading)
		assert (at < ends);
end
