/* unit_model.cpp - Verilator's models of the two builds of a unit behind unit_model.h.
 *
 * A clock: the memory's ports and the host's registers say what they drive, the design answers (clk low), both take what was agreed on,
 * and the edge follows (clk high). */
#include "fpga/simulated/unit_model.h"

#include <cerrno>
#include <cstring>
#include <memory>
#include <new>

#include <verilated.h>

#include "Vunit16.h"
#include "Vunit32.h"
#include "fpga/simulated/memory_ports.h"

static const uint32_t LATENCY_CLOCKS = 128, BYTES_PER_CLOCK_X10 = 576;
static const int RESET_CLOCKS = 8, ANSWER_CLOCKS = 1000;

struct unit_model {
	unit_traffic traffic{};
	memory_setting setting;
	read_port payload, table, offsets;
	write_port record;

	unit_model(const unit_model_config &config, uint32_t table_bytes)
		: setting{ config, &traffic, config.seed * 2 + 1 }, payload(setting, UNIT_PORT_PAYLOAD, 16), table(setting, UNIT_PORT_TABLE, table_bytes),
		  offsets(setting, UNIT_PORT_RECORD, 16), record(setting, UNIT_PORT_RECORD, 16)
	{
	}
	virtual ~unit_model() = default;
	virtual void clock() = 0;
	virtual bool interrupted() const = 0;
	virtual void reset() = 0;
	virtual int set(uint32_t offset, uint32_t value) = 0;
	virtual int get(uint32_t offset, uint32_t *value) = 0;

	void forget()
	{
		payload.forget();
		table.forget();
		offsets.forget();
		record.forget();
	}
};

namespace {

template <class Design> class model_of final : public unit_model {
public:
	model_of(const unit_model_config &config, uint32_t table_bytes) : unit_model(config, table_bytes)
	{
		context.randReset(2);
		context.randSeed(static_cast<int>(config.seed & 0x7fffffff) | 1);
		design = std::make_unique<Design>(&context);
		model_of::reset();
	}
	~model_of() override { design->final(); }

	bool interrupted() const override { return design->__SYM__interrupt; /* so Verilator calls a port with a word of C++ libraries */ }

	void reset() override
	{
		forget();
		quiet();
		design->ap_rst_n = 0;
		for (int i = 0; i < RESET_CLOCKS; i++)
			clock();
		forget();
		design->ap_rst_n = 1;
		for (int i = 0; i < RESET_CLOCKS; i++)
			clock();
	}

	void clock() override
	{
		drive();
		design->ap_clk = 0;
		design->eval();
		take();
		design->ap_clk = 1;
		design->eval();
		traffic.clocks++;
	}

	int set(uint32_t offset, uint32_t value) override
	{
		bool address = true, data = true, answer = false;

		for (int i = 0; i < ANSWER_CLOCKS; i++) {
			design->s_axi_control_awvalid = address;
			design->s_axi_control_awaddr = offset & 0xfff;
			design->s_axi_control_wvalid = data;
			design->s_axi_control_wdata = value;
			design->s_axi_control_wstrb = 15;
			design->s_axi_control_bready = 1;
			agree();
			address &= !design->s_axi_control_awready;
			data &= !design->s_axi_control_wready;
			answer = design->s_axi_control_bvalid;
			const uint32_t response = design->s_axi_control_bresp;
			finish();
			if (answer) {
				quiet();
				return response ? -EIO : 0;
			}
		}
		quiet();
		return -EIO;
	}

	int get(uint32_t offset, uint32_t *value) override
	{
		bool address = true;

		for (int i = 0; i < ANSWER_CLOCKS; i++) {
			design->s_axi_control_arvalid = address;
			design->s_axi_control_araddr = offset & 0xfff;
			design->s_axi_control_rready = 1;
			agree();
			address &= !design->s_axi_control_arready;
			const bool answer = design->s_axi_control_rvalid;
			const uint32_t response = design->s_axi_control_rresp;
			*value = design->s_axi_control_rdata;
			finish();
			if (answer) {
				quiet();
				return response ? -EIO : 0;
			}
		}
		quiet();
		return -EIO;
	}

private:
	VerilatedContext context;
	std::unique_ptr<Design> design;

	/* No access to registers. */
	void quiet()
	{
		design->s_axi_control_awvalid = design->s_axi_control_wvalid = design->s_axi_control_arvalid = 0;
		design->s_axi_control_bready = design->s_axi_control_rready = 0;
	}

	/* The two halves of a clock, between which the host looks at what its registers answer. */
	void agree()
	{
		drive();
		design->ap_clk = 0;
		design->eval();
	}
	void finish()
	{
		take();
		design->ap_clk = 1;
		design->eval();
		traffic.clocks++;
	}

	void drive()
	{
		payload.offer();
		table.offer();
		offsets.offer();
		record.offer();
		design->m_axi_payload_arready = payload.arready;
		design->m_axi_payload_rvalid = payload.rvalid;
		design->m_axi_payload_rresp = payload.rresp;
		design->m_axi_payload_rlast = payload.rlast;
		std::memcpy(&design->m_axi_payload_rdata, payload.rdata, sizeof design->m_axi_payload_rdata);
		design->m_axi_table_arready = table.arready;
		design->m_axi_table_rvalid = table.rvalid;
		design->m_axi_table_rresp = table.rresp;
		design->m_axi_table_rlast = table.rlast;
		std::memcpy(&design->m_axi_table_rdata, table.rdata, sizeof design->m_axi_table_rdata);
		design->m_axi_record_arready = offsets.arready;
		design->m_axi_record_rvalid = offsets.rvalid;
		design->m_axi_record_rresp = offsets.rresp;
		design->m_axi_record_rlast = offsets.rlast;
		std::memcpy(&design->m_axi_record_rdata, offsets.rdata, sizeof design->m_axi_record_rdata);
		design->m_axi_record_awready = record.awready;
		design->m_axi_record_wready = record.wready;
		design->m_axi_record_bvalid = record.bvalid;
		design->m_axi_record_bresp = record.bresp;
	}

	void take()
	{
		if (!design->ap_rst_n)
			return;
		payload.take(design->m_axi_payload_arvalid, design->m_axi_payload_araddr, design->m_axi_payload_arlen, design->m_axi_payload_arsize,
			     design->m_axi_payload_arburst, design->m_axi_payload_rready);
		table.take(design->m_axi_table_arvalid, design->m_axi_table_araddr, design->m_axi_table_arlen, design->m_axi_table_arsize,
			   design->m_axi_table_arburst, design->m_axi_table_rready);
		offsets.take(design->m_axi_record_arvalid, design->m_axi_record_araddr, design->m_axi_record_arlen, design->m_axi_record_arsize,
			     design->m_axi_record_arburst, design->m_axi_record_rready);
		record.take_word(design->m_axi_record_wvalid, reinterpret_cast<const uint8_t *>(&design->m_axi_record_wdata), design->m_axi_record_wstrb,
				 design->m_axi_record_wlast);
		record.take_address(design->m_axi_record_awvalid, design->m_axi_record_awaddr, design->m_axi_record_awlen, design->m_axi_record_awsize,
				    design->m_axi_record_awburst);
		record.take_answer(design->m_axi_record_bready);
	}
};

} // namespace

int unit_model_open(struct unit_model **out, const struct unit_model_config *given)
{
	unit_model_config config = *given;

	*out = nullptr;
	if ((config.pixel_bits != 16 && config.pixel_bits != 32) || config.stall_percent > 90 || config.memory_address % 4096 ||
	    (config.memory_bytes && !config.memory))
		return -EINVAL;
	config.latency_clocks = config.latency_clocks ? config.latency_clocks : LATENCY_CLOCKS;
	config.bytes_per_clock_x10 = config.bytes_per_clock_x10 ? config.bytes_per_clock_x10 : BYTES_PER_CLOCK_X10;
	try {
		if (config.pixel_bits == 16)
			*out = new model_of<Vunit16>(config, 64);
		else
			*out = new model_of<Vunit32>(config, 32);
	} catch (const std::bad_alloc &) {
		return -ENOMEM;
	}
	return 0;
}

void unit_model_close(struct unit_model **model)
{
	if (model)
		delete *model, *model = nullptr;
}

void unit_model_reset(struct unit_model *model)
{
	model->reset();
}

int unit_model_set(struct unit_model *model, uint32_t offset, uint32_t value)
{
	return model->set(offset, value);
}

int unit_model_get(struct unit_model *model, uint32_t offset, uint32_t *value)
{
	return model->get(offset, value);
}

bool unit_model_run(struct unit_model *model, uint64_t max_clocks)
{
	for (uint64_t i = 0; i < max_clocks && !model->interrupted(); i++)
		model->clock();
	return model->interrupted();
}

void unit_model_traffic(const struct unit_model *model, struct unit_traffic *out)
{
	*out = model->traffic;
}

void unit_model_fault(struct unit_model *model, enum unit_port port, enum unit_fault fault, uint64_t after_words)
{
	port_fault set;

	set.kind = fault;
	set.after_words = after_words;
	switch (port) {
	case UNIT_PORT_PAYLOAD: model->payload.fault = set; break;
	case UNIT_PORT_TABLE: model->table.fault = set; break;
	case UNIT_PORT_RECORD: model->offsets.fault = model->record.fault = set; break;
	}
}
