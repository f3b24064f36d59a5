/* hangs.cpp - memory ports that hang in the midst of a job and come back later, for the bench of the whole unit.
 *
 * A job that stands still is given up; so is every one after it, at once, as long as a port owes an answer; then the unit is as new. Nothing but
 * records and lists is ever written. */
#include "fpga/registers.h"
#include "fpga/sim/unit/frames.h"
#include "fpga/sim/unit/hangs.h"

static const uint32_t WATCHDOG = 4000; /* a block that is decoded from its buffer moves nothing else for up to some 1500 clocks */
static const uint64_t ENOUGH_CLOCKS = 3000; /* for all that a port owes */
static const int ROUNDS = 2;

struct Work {
	plan *plan_of;
	Frame frame;
	JobOptions options;
};

static Work some_work(Random &random, pixel_type type)
{
	const image_shape image = { 1 + random.below(200), 1 + random.below(30), type };
	Work work{ frames_plan(random, { image, 1 + random.below(200), 100000, random.below(30) }),
		   frames_make(random, image, random.chance(60) ? FILL_DENSE : FILL_TYPICAL, random.chance(50) ? 0 : (1 + random.below(20)) << type << 3), {} };

	work.options.watchdog = WATCHDOG;
	work.options.strong = random.chance(90);
	work.options.radial = random.chance(90);
	return work;
}

static void start(Card &card, Work &work)
{
	card.load(*work.plan_of);
	card.start(*work.plan_of, work.frame, work.options);
}

/* Whether the job, which has ended, was given up; if not, its record must be the reference's. */
static bool given_up(Card &card, const Work &work, const char *words)
{
	if (card.get(FPGA_REG_STATUS) & STATUS_WATCHDOG)
		return true;
	const Record record = card.record(*work.plan_of);
	CHECK_EQUAL(record.status & ~STATUS_LIST_FULL, 0, "status of %s", words);
	frames_compare(record, *work.plan_of, work.frame, work.options, words);
	return false;
}

/* A port hangs in a channel after some words more: jobs end as usual until then. */
static void until_given_up(Card &card, Random &random, pixel_type type, unit_port port, unit_fault fault)
{
	unit_model_fault(card.model, port, fault, random.below(random.chance(50) ? 8 : 600));
	for (int i = 0;; i++) {
		Work work = some_work(random, type);
		CHECK(i < 1000, "port %d hangs, and no job is given up", port);
		start(card, work);
		card.wait();
		const bool ends = given_up(card, work, "a frame before the hang");
		const uint32_t clocks = card.get(FPGA_REG_CLOCKS);
		CHECK(!ends || clocks >= WATCHDOG, "given up after %u clocks", clocks);
		card.check_outside(*work.plan_of);
		plan_free(&work.plan_of);
		if (ends)
			return;
	}
}

/* What is still owed keeps the unit out of use. */
static void refused(Card &card, Random &random, pixel_type type)
{
	const uint32_t blocks = card.get(FPGA_REG_EVENTS + 4 * FPGA_EVENT_BLOCKS), pixels = card.get(FPGA_REG_EVENTS + 4 * FPGA_EVENT_PIXELS);
	Work work = some_work(random, type);

	start(card, work);
	card.wait();
	CHECK_EQUAL(card.get(FPGA_REG_STATUS) & STATUS_WATCHDOG, STATUS_WATCHDOG, "status while a port owes something");
	CHECK(card.get(FPGA_REG_CLOCKS) < 10, "ended after %u clocks", card.get(FPGA_REG_CLOCKS));
	CHECK_EQUAL(card.get(FPGA_REG_EVENTS + 4 * FPGA_EVENT_BLOCKS), blocks, "blocks of the job given up");
	CHECK_EQUAL(card.get(FPGA_REG_EVENTS + 4 * FPGA_EVENT_PIXELS), pixels, "pixels of the job given up");
	card.check_nothing_written();
	plan_free(&work.plan_of);
}

/* What is owed comes. Of the job given up no more is written than the word that was offered already. */
static void answered(Card &card)
{
	const std::vector<uint8_t> before = card.record_and_list();
	uint32_t n = 0;

	unit_model_run(card.model, ENOUGH_CLOCKS);
	const std::vector<uint8_t> after = card.record_and_list();
	for (size_t i = 0; i < before.size(); i += 16)
		n += std::memcmp(&before[i], &after[i], 16) != 0;
	CHECK(n <= 1, "%u words are written after the job was given up", n);
}

/* The next job that is not refused is a whole one; one that is started when everything has come is not refused. */
static void as_new(Card &card, Random &random, pixel_type type, bool at_once)
{
	if (!at_once)
		answered(card);
	for (int i = 0;; i++) {
		Work work = some_work(random, type);
		CHECK(i < (at_once ? 40 : 1), "still out of use when everything has come");
		start(card, work);
		card.wait();
		const bool ends = given_up(card, work, "the frame after a hang");
		card.check_outside(*work.plan_of);
		plan_free(&work.plan_of);
		if (!ends)
			return;
	}
}

static void hang(Card &card, Random &random, pixel_type type, unit_port port, unit_fault fault)
{
	until_given_up(card, random, type, port, fault);
	for (uint32_t n = random.below(3); n; n--)
		refused(card, random, type);
	unit_model_fault(card.model, port, UNIT_FAULT_NONE, 0);
	/* A word of a record that was offered before may come when the next job is already laid down: not where that is looked at. */
	as_new(card, random, type, port != UNIT_PORT_RECORD && random.chance(50));
	if (random.chance(50))
		as_new(card, random, type, false);
}

int hangs(Random &random)
{
	static const struct {
		unit_port port;
		unit_fault fault;
	} all[] = { { UNIT_PORT_PAYLOAD, UNIT_FAULT_HANG_ADDRESSES }, { UNIT_PORT_PAYLOAD, UNIT_FAULT_HANG_DATA }, { UNIT_PORT_TABLE, UNIT_FAULT_HANG_ADDRESSES },
		{ UNIT_PORT_TABLE, UNIT_FAULT_HANG_DATA }, { UNIT_PORT_RECORD, UNIT_FAULT_HANG_ADDRESSES }, { UNIT_PORT_RECORD, UNIT_FAULT_HANG_DATA },
		{ UNIT_PORT_RECORD, UNIT_FAULT_HANG_ANSWERS }, { UNIT_PORT_RECORD, UNIT_FAULT_HANG } };
	const pixel_type type = random.chance(70) ? PIXEL_U16 : random.chance(50) ? PIXEL_U8 : PIXEL_U32;
	Card card(random, type == PIXEL_U32 ? 32 : 16, 1 + random.below(200), random.chance(50) ? 0 : random.below(40));

	for (int i = 0; i < ROUNDS; i++)
		for (const auto &one : all)
			hang(card, random, type, one.port, one.fault);
	std::printf("%llu clocks\n", static_cast<unsigned long long>(card.clocks()));
	return 0;
}
