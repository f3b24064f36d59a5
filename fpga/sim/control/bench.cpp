/* bench.cpp - control before stages that end in any order: a job begins when all are idle, its list ends when all have ended and rested, its clocks are counted,
 * and one that stands still is given up after exactly WATCHDOG clocks, and with it every job while a memory port owes something; the next one is as any other. */
#include "Vcontrol.h"
#include "fpga/sim/bench.h"

static const int N_JOBS = 400, REST_CLOCKS = 7;
static const uint32_t CLEAR_CLOCKS = 32;

struct Job {
	uint32_t n_blocks, width, height, beats_per_row, watchdog, max_strong, n_strong, n_bad;
	bool strong, port_error;
	/* clocks after begin_frame at which a stage ends */
	uint32_t joined_at, input_at, strong_at, idle_from, written_after;
};

class Stages {
public:
	Bench<Vcontrol> bench;

	Stages();
	void run(const Job &job);
	void stand_still(const Job &job);
	void refused();
	void mended();
	void waits_too_long();
	void as_new();
	Job some_job();

private:
	void configure(const Job &job);
	uint32_t wait_for_begin(const Job &job);
	void check_commands(const Job &job, uint32_t clock);
	uint32_t ready_at[3]; /* of the three commands */
};

Stages::Stages()
{
	Vcontrol &top = *bench;

	top.start = top.ready_to_begin = top.joined = top.joined_last = top.input_done = top.strong_done = top.behind_idle = top.written = 0;
	top.ports_idle = top.port_error = top.progress = top.n_bad_blocks = top.n_strong = 0;
	top.table_ready = top.offsets_ready = top.payload_ready = 0;
	top.cfg_watchdog = 0;
	bench.limit = 50'000'000;
	bench.reset();
}

Job Stages::some_job()
{
	Random &r = bench.random;

	return { r.below(1u << 20), 1 + r.below(8192), 1 + r.below(60), 1 + r.below(256), 0, r.below(20), r.below(20), r.chance(50) ? 0 : r.below(9),
		 r.chance(50), r.chance(20), 60 + r.below(100), r.below(200), r.below(200), r.below(200), 10 + r.below(50) };
}

void Stages::configure(const Job &job)
{
	bench->cfg_n_blocks = job.n_blocks;
	bench->cfg_width = job.width;
	bench->cfg_height = job.height;
	bench->cfg_beats_per_row = job.beats_per_row;
	bench->cfg_watchdog = job.watchdog;
	bench->cfg_strong = job.strong;
	bench->cfg_max_strong = job.max_strong;
	for (uint32_t &at : ready_at)
		at = bench.random.below(40);
	bench.edge();
}

/* From start to begin_frame, which waits for idle stages. Returns the clocks. */
uint32_t Stages::wait_for_begin(const Job &)
{
	const uint32_t idle_at = bench.random.below(30);

	bench->ready_to_begin = 0;
	bench.pulse(bench->start);
	for (uint32_t clock = 0;; clock++) {
		bench->ready_to_begin = clock >= idle_at;
		bench.settle();
		CHECK(!bench->begin_frame || bench->ready_to_begin, "begun before the stages are idle");
		CHECK(!bench->running && !bench->done && !bench->table_valid, "running before it has begun");
		CHECK(!bench->flush && !bench->clear && !(bench->status & 4), "nothing has been given up");
		CHECK(clock < idle_at + 8, "not begun %u clocks after all are idle", clock - idle_at);
		const bool begins = bench->begin_frame;
		bench.edge();
		if (begins)
			return clock + 1;
	}
}

void Stages::check_commands(const Job &job, uint32_t clock)
{
	CHECK_EQUAL(bench->table_valid, clock <= ready_at[0], "the table's command at clock %u", clock);
	CHECK_EQUAL(bench->offsets_valid, clock <= ready_at[1], "the offsets' command at clock %u", clock);
	CHECK_EQUAL(bench->payload_valid, clock <= ready_at[2], "the payload's command at clock %u", clock);
	CHECK_EQUAL(bench->table_bytes, job.beats_per_row * job.height * 2 * LANES, "bytes of the table");
	CHECK_EQUAL(bench->offsets_bytes, 4 * (job.n_blocks + 1), "bytes of the offsets");
}

void Stages::run(const Job &job)
{
	uint32_t rows = 0, rested = 0, end_seen = 0;

	configure(job);
	uint32_t clocks = wait_for_begin(job);
	bench->port_error = job.port_error;
	bench->n_bad_blocks = job.n_bad;
	bench->n_strong = job.n_strong;
	for (uint32_t clock = 0;; clock++) {
		const bool last = clock == job.joined_at;
		bench->joined = last || (clock < job.joined_at && clock % (1 + job.joined_at / job.height) == 0 && rows + 1 < job.height);
		rows += bench->joined;
		bench->joined_last = last;
		bench->input_done = clock >= job.input_at;
		bench->strong_done = job.strong ? clock >= job.strong_at : bench.random.chance(50);
		bench->behind_idle = clock >= job.idle_from || bench.random.chance(50);
		bench->table_ready = clock >= ready_at[0];
		bench->offsets_ready = clock >= ready_at[1];
		bench->payload_ready = clock >= ready_at[2];
		bench->written = end_seen && clock == end_seen + job.written_after;
		bench.settle();
		check_commands(job, clock);
		CHECK(bench->running && !bench->done && !bench->flush && !bench->clear, "not running at clock %u", clock);
		CHECK_EQUAL(bench->list_end, rested >= REST_CLOCKS, "the list's end at clock %u, after %u clocks of rest", clock, rested);
		const bool rests = clock > job.joined_at && bench->input_done && bench->behind_idle && (!job.strong || clock > job.strong_at);
		rested = rests ? rested + 1 : 0;
		end_seen = bench->list_end && !end_seen ? clock : end_seen;
		const bool over = bench->written;
		bench.edge();
		clocks++;
		if (over)
			break;
		CHECK(clock < 2000, "the list does not end");
	}
	bench->written = bench->joined = bench->joined_last = 0;
	bench.settle();
	CHECK(bench->done && !bench->running, "not done when all is written");
	CHECK_EQUAL(bench->status, (job.n_bad != 0) | (job.strong && job.n_strong > job.max_strong) << 1 | job.port_error << 3, "status");
	CHECK_EQUAL(bench->n_pixels, rows * job.width, "pixels of %u rows", rows);
	bench.edge();
	CHECK_EQUAL(bench->clocks, clocks, "clocks");
	CHECK(!bench->done, "done for more than a clock");
	bench->port_error = bench->n_bad_blocks = bench->n_strong = 0;
}

/* Something moves for a while, then nothing does. */
void Stages::stand_still(const Job &given)
{
	Job job = given;
	const uint32_t moves = bench.random.below(500);
	uint32_t still = 0;

	job.watchdog = 50 + bench.random.below(200);
	configure(job);
	wait_for_begin(job);
	bench->behind_idle = 0;
	bench->table_ready = bench.random.chance(50);
	bench->offsets_ready = bench.random.chance(50);
	bench->payload_ready = bench.random.chance(50);
	for (uint32_t clock = 0;; clock++) {
		bench->progress = clock < moves && (still + 5 > job.watchdog || bench.random.chance(30));
		bench.settle();
		if (bench->done)
			break;
		CHECK(still <= job.watchdog, "nothing moved for %u clocks, and it is not given up", still);
		still = bench->progress ? 0 : still + 1;
		bench.edge();
	}
	CHECK_EQUAL(still, job.watchdog + 1, "given up after so many clocks");
	CHECK(!bench->running && (bench->status & 4) && bench->flush, "given up, with status %u", bench->status);
	bench->ports_idle = 0;
	bench.edge();
	bench.settle();
	CHECK(!bench->table_valid && !bench->offsets_valid && !bench->payload_valid, "a command of a job given up is still there");
}

/* While a port owes something, further jobs end at once, without a frame's begin. */
void Stages::refused()
{
	configure(some_job());
	bench->ready_to_begin = 1;
	bench->ports_idle = 0;
	bench.edge();
	bench.pulse(bench->start);
	uint32_t n_done = 0;
	for (int clock = 0; clock < 50; clock++) {
		bench.settle();
		CHECK(!bench->begin_frame && !bench->running && !bench->table_valid && !bench->offsets_valid && !bench->payload_valid, "a job begins, and a port owes something");
		CHECK(bench->flush && !bench->clear, "the ports are not flushed, or the stages reset too early");
		n_done += bench->done;
		CHECK(!n_done || (bench->status & 4), "a job that has ended at once does not say so");
		bench.edge();
	}
	CHECK_EQUAL(n_done, 1, "ends of a job that ends at once");
}

/* Nothing is owed any more: the stages are reset when the next job comes, and not before, and that begins when they are idle. */
void Stages::mended()
{
	const uint32_t resting = 3 + bench.random.below(30), idle_from = CLEAR_CLOCKS + 1 + bench.random.below(200);
	uint32_t clears = 0, clock = 0;
	Job job = some_job();

	job.watchdog = 1 + bench.random.below(2); /* which the reset does not wake */
	configure(job);
	bench->ports_idle = 1;
	for (uint32_t i = 0; i < resting; i++) {
		bench.settle();
		CHECK(bench->flush && !bench->clear && !bench->done && (bench->status & 4), "not at rest until the next job");
		bench.edge();
	}
	bench.pulse(bench->start);
	for (bool begun = false; !begun; clock++) {
		bench->ready_to_begin = clears < 8 || clock >= idle_from; /* the first clocks of the reset have not come to the stages yet */
		bench->progress = clears > 0 && !bench->clear;
		bench.settle();
		CHECK(!bench->done && !(bench->status & 4) && !bench->running, "the job after one given up ends before it has begun");
		CHECK(bench->flush || !bench->clear, "stages are reset behind ports that are not flushed");
		CHECK(bench->flush || clears == CLEAR_CLOCKS, "the flush ends after %u clocks of the stages' reset", clears);
		begun = bench->begin_frame;
		CHECK(!begun || (clears == CLEAR_CLOCKS && clock >= idle_from), "begun after %u clocks of reset", clears);
		CHECK(clock < idle_from + 8, "not begun");
		clears += bench->clear;
		bench.edge();
	}
	bench->progress = 0;
	/* and is given up, too */
	for (clock = 0; !bench->done; clock++) {
		CHECK(clock < 10, "not given up a second time");
		bench.edge();
		bench.settle();
	}
	CHECK(bench->flush && (bench->status & 4), "given up a second time");
	bench.edge();
}

/* Stages that become idle when the job is just about to be given up: it ends once, and nothing goes on behind its end. */
void Stages::waits_too_long()
{
	const uint32_t idle_at = 18 + bench.random.below(8);
	uint32_t n_done = 0;
	Job job = some_job();

	job.watchdog = 20;
	configure(job);
	bench->ready_to_begin = bench->ports_idle = 0;
	bench.pulse(bench->start);
	for (uint32_t clock = 0; clock < 80; clock++) {
		bench->ready_to_begin = clock >= idle_at;
		bench.settle();
		n_done += bench->done;
		CHECK(!n_done || bench->done || (!bench->running && !bench->table_valid && bench->flush), "something goes on, idle %u clocks after the start", idle_at);
		bench.edge();
	}
	CHECK_EQUAL(n_done, 1, "ends of a job given up, idle %u clocks after the start", idle_at);
}

/* A job after one given up comes to its end. */
void Stages::as_new()
{
	configure(some_job());
	bench->ports_idle = bench->table_ready = bench->offsets_ready = bench->payload_ready = 1;
	bench.edge();
	bench.edge();
	bench->ready_to_begin = 0;
	bench.pulse(bench->start);
	for (uint32_t clock = 0; !bench->begin_frame; clock++) {
		CHECK(clock < 2 * CLEAR_CLOCKS, "not begun");
		bench.edge();
		bench->ready_to_begin = clock > CLEAR_CLOCKS + 3;
		bench.settle();
	}
	bench.edge();
	bench.pulse(bench->written);
	bench.settle();
	CHECK(bench->done && !(bench->status & 4), "the job after one given up does not end");
	bench.edge();
}

int main()
{
	Stages stages;

	for (int i = 0; i < N_JOBS; i++) {
		stages.run(stages.some_job());
		if (i % 10)
			continue;
		stages.stand_still(stages.some_job());
		stages.refused();
		stages.refused();
		stages.mended();
		stages.refused();
		stages.as_new();
		stages.waits_too_long();
		if (stages.bench.random.chance(50))
			stages.bench.reset();
		else
			stages.as_new();
	}
	std::printf("%d jobs, %llu clocks\n", N_JOBS, static_cast<unsigned long long>(stages.bench.clocks));
	return 0;
}
