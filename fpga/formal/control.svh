// control.svh - what is proven of control, before memory ports that stay idle while they are flushed: a job given up has the ports flushed until nothing is owed
// and the stages have been reset, no job begins before that, and none of its commands is left over.
//
// Included into the module by fpga/formal/prove.

logic f_flush = 1'b0, f_clear = 1'b0, f_ports_idle = 1'b0, f_began = 1'b0;
logic [CLEAR_LOG2:0] f_cleared = '0; // clocks of the stages' reset since the job was given up, behind which the ports stayed idle

always_ff @(posedge clk) begin
	f_flush <= !rst && flush;
	f_clear <= !rst && clear;
	f_ports_idle <= ports_idle;
	f_began <= !rst && begin_frame;
	f_cleared <= rst || !flush ? '0 : f_cleared + (CLEAR_LOG2 + 1)'(clear && ports_idle);
end

always_comb begin
	assume (!(f_flush && f_ports_idle) || ports_idle);

	assert (!begin_frame || !flush);
	assert (!(flush && f_flush) || !(running || table_valid || offsets_valid || payload_valid));
	assert (!clear || (flush && quiet && f_ports_idle));
	assert (!(f_flush && !flush) || f_cleared == 2 ** CLEAR_LOG2);

	// From one clock to the next.
	assert (!quiet || (f_flush && f_ports_idle));
	if (flush)
		assert (f_cleared == (CLEAR_LOG2 + 1)'(clearing));
	assert (clear || clearing == '0);
	assert (!f_clear || clear || !flush);
end
