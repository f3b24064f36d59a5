// splitter.svh - what is proven of splitter, whatever its offsets are: one core at a time is given a command, or data; what is offered
// stays until it is taken; the payload's words are taken, and the blocks told of are dealt, and none beyond; `done` comes behind all of that.

logic f_command_held = 1'b0, f_data_held = 1'b0, f_begun = 1'b0;
logic [CORES-1:0] f_command_core, f_data_core;
logic [28:0] f_command;
logic [127:0] f_data;
logic [31:0] f_dealt;    // commands made
logic [28:0] f_words;    // words of the payload taken
logic [31:0] f_blocks;   // of the frame
logic [28:0] f_payload;

always_ff @(posedge clk) begin
	f_command_held <= !rst && !start && (core_cmd_valid & ~core_cmd_ready) != '0;
	f_data_held <= !rst && !start && (core_valid & ~core_ready) != '0;
	f_command_core <= core_cmd_valid;
	f_data_core <= core_valid;
	f_command <= {core_cmd_in_bytes, core_cmd_out_bytes};
	f_data <= core_data;
	if (rst || start) begin
		f_begun <= start && !rst;
		f_dealt <= '0;
		f_words <= '0;
		f_blocks <= cfg_n_blocks;
		f_payload <= {1'b0, cfg_payload_bytes[31:4]} + 29'(cfg_payload_bytes[3:0] != '0);
	end else begin
		f_dealt <= f_dealt + 32'(load);
		f_words <= f_words + 29'(in_valid && in_ready);
	end
end

always_comb begin
	assert ((core_cmd_valid & (core_cmd_valid - 1'b1)) == '0 && (core_valid & (core_valid - 1'b1)) == '0);
	if (f_command_held)
		assert (core_cmd_valid == f_command_core && {core_cmd_in_bytes, core_cmd_out_bytes} == f_command);
	if (f_data_held)
		assert (core_valid == f_data_core && core_data == f_data);
	if (in_valid && in_ready)
		assert (f_begun && f_words != f_payload);
	if (load)
		assert (f_begun && f_dealt != f_blocks);
	if (done)
		assert (f_begun && f_words == f_payload && f_dealt == f_blocks && core_cmd_valid == '0 && core_valid == '0 && !active && offsets_left == '0);

	// From one clock to the next.
	if (f_begun) begin
		assert (core != '0 && (core & (core - 1'b1)) == '0);
		assert (!active || (owner != '0 && (owner & (owner - 1'b1)) == '0));
		assert (f_words + words_left == f_payload);
		assert (f_dealt + blocks_left == f_blocks);
		assert (34'(f_dealt) + 34'(n_next) + 34'(block_there) + 34'(sized_there) + 34'(offsets_left) == 34'(f_blocks) + 34'(first_offset));
		assert (!first_offset || (!block_there && !sized_there && n_next == '0 && offsets_left != '0));
	end else
		assert (offsets_left == '0 && n_next == '0 && !block_there && !sized_there && blocks_left == '0 && words_left == '0 && !active &&
			core_cmd_valid == '0 && core_valid == '0);
	assert (f_begun == running);
end
