// axi_write.svh - what is proven of axi_write, behind a source that keeps to what it offers and before a memory that answers no burst that it does not have yet:
// what is offered stays until it is taken, in a flush, too; a flush begins no burst and writes no word that was not offered before; idle means that every
// burst that was begun has been answered. If no command crosses 4 kB no burst does; its last word is marked, and no other.
//
// Included into the module by fpga/formal/prove.

logic f_address_held = 1'b0, f_word_held = 1'b0, f_in_held = 1'b0, f_flush = 1'b0, f_idle = 1'b1;
logic [63:0] f_address;
logic [7:0] f_length;
logic [DATA_BITS-1:0] f_word, f_in;
logic [DATA_BITS/8-1:0] f_strobes;
logic f_last;
logic [8:0] f_words = '0, f_sent = '0; // of the last burst: all, those taken
logic [7:0] f_asked = '0;  // bursts begun and not answered

always_ff @(posedge clk) begin
	f_address_held <= !rst && m_awvalid && !m_awready;
	f_word_held <= !rst && m_wvalid && !m_wready;
	f_in_held <= !rst && in_valid && !in_ready;
	f_flush <= !rst && flush;
	f_idle <= rst || idle;
	{f_address, f_length} <= {m_awaddr, m_awlen};
	{f_word, f_strobes, f_last} <= {m_wdata, m_wstrb, m_wlast};
	f_in <= in_data;
	f_words <= rst ? '0 : cmd_valid && cmd_ready ? cmd_words : f_words;
	f_sent <= rst || (cmd_valid && cmd_ready) ? '0 : f_sent + 9'(m_wvalid && m_wready);
	f_asked <= rst ? '0 : f_asked + 8'(cmd_valid && cmd_ready) - 8'(m_bvalid);
end

always_comb begin
	assume (!cmd_valid || (cmd_words != '0 && cmd_words <= 64));
	assume (!cmd_valid || 13'(cmd_address[11:0]) + (13'(cmd_words) << $clog2(DATA_BITS / 8)) <= 13'd4096);
	assume (!f_in_held || (in_valid && in_data == f_in));
	assume (!f_flush || f_idle || flush);
	assume (!m_bvalid || unanswered > 7'(m_awvalid || left != '0));

	if (f_address_held)
		assert (m_awvalid && m_awaddr == f_address && m_awlen == f_length);
	if (f_word_held)
		assert (m_wvalid && m_wdata == f_word && m_wstrb == f_strobes && m_wlast == f_last);
	if (f_flush && m_awvalid)
		assert (f_address_held);
	if (f_flush && m_wvalid && m_wstrb != '0)
		assert (f_word_held);
	assert (unanswered <= 64 && f_asked == 8'(unanswered));
	assert (!idle || f_asked == '0);
	assert (m_bready);
	if (padding && left != '0)
		assert (m_wvalid && !in_ready);

	if (m_awvalid) begin
		assert (9'(m_awlen) + 9'd1 == f_words);
		assert (13'(m_awaddr[11:0]) + (13'(f_words) << $clog2(DATA_BITS / 8)) <= 13'd4096);
	end
	if (m_wvalid)
		assert (m_wlast == (f_sent + 9'd1 == f_words));

	// From one clock to the next.
	if (m_awvalid || left != '0)
		assert (unanswered != '0);
	assert (f_words <= 64 && f_sent <= f_words && left == f_words - f_sent);
	if (padding)
		assert (f_flush);
end
