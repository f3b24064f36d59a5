// axi_read.svh - what is proven of axi_read, before a memory that answers with no more words than it was asked for: no burst crosses 4 kB, a
// request stays until it is taken, no more bursts are under way and no more words asked for than there is room for, so none is ever lost;
// a flush asks for nothing more and gives nothing away.
//
// Included into the module by fpga/formal/prove, together with what is proven of the queues' levels.

localparam int F_ROOM = 2 ** BUFFER_LOG2;

logic f_held = 1'b0, f_flush = 1'b0;
logic [63:0] f_address;
logic [7:0] f_length;
logic [BUFFER_LOG2:0] f_asked = '0; // words of requests that were taken, and did not come yet
logic [BUFFER_LOG2+8:0] f_pending;  // words of the request that is not taken yet

assign f_pending = m_arvalid ? (BUFFER_LOG2 + 9)'(m_arlen) + 1'b1 : '0;

always_ff @(posedge clk) begin
	f_held <= !rst && m_arvalid && !m_arready;
	f_flush <= !rst && flush;
	f_address <= m_araddr;
	f_length <= m_arlen;
	if (rst)
		f_asked <= '0;
	else
		f_asked <= f_asked + (m_arvalid && m_arready ? (BUFFER_LOG2 + 1)'(f_pending) : '0) - (BUFFER_LOG2 + 1)'(m_rvalid);
end

always_comb begin
	assume (!m_rvalid || f_asked != '0);
	// The memory's answers belong to bursts under way; how long each is, the bench checks.
	assume (!m_rvalid || due);

	assert (n_due <= 2 ** OUTSTANDING_LOG2);
	assert (reserved <= F_ROOM);
	assert ((BUFFER_LOG2 + 10)'(reserved) == (BUFFER_LOG2 + 10)'(n_buffered) + (BUFFER_LOG2 + 10)'(f_asked) + (BUFFER_LOG2 + 10)'(f_pending));
	assert (m_rready);
	if (m_rvalid)
		assert (buffer_ready);
	if (m_arvalid) begin
		assert (13'(m_araddr[11:0]) + ((13'(m_arlen) + 13'd1) << WORD_LOG2) <= 13'd4096);
		assert (m_arlen < 64);
	end
	if (f_held)
		assert (m_arvalid && m_araddr == f_address && m_arlen == f_length);
	if (f_flush && m_arvalid)
		assert (f_held);
	if (flush)
		assert (!cmd_ready && !out_valid);

	// From one clock to the next.
	if (left != '0)
		assert (to_boundary + {1'b0, next_word[BURST_LOG2-1:0]} == BURST);
	if (planned)
		assert (plan_words != '0 && plan_words <= BURST && plan_words + {1'b0, plan_word[BURST_LOG2-1:0]} <= BURST);
end
