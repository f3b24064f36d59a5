/* bench.cpp - dispersion_window against sums over stored rows of columns: rows of any number of beats, wanted or not, gaps anywhere, frames
 * behind each other with `clear` between them, without it, and with it in the middle. A beat comes out three clocks behind its next. */
#include "Vdispersion_window.h"
#include "fpga/sim/bits.h"

static const uint64_t CLOCKS = 3; /* from the next beat to the windows */
static const uint32_t N_FRAMES = 20000;

struct Column {
	uint64_t m, x, y, pixel, ok;
};
/* A row with its ends' flags, its columns in order. */
struct Row {
	bool centre, last;
	std::vector<Column> columns;
};
struct Beat {
	bool centre, row_first, row_last, last;
	Column columns[LANES];
};
struct Due {
	uint64_t clock;
	Beat beat; /* the windows' sums */
};

static uint64_t any(Random &random, uint32_t how, unsigned bits)
{
	switch (how) {
	case 0:
		return random.next() & bits_largest(bits);
	case 1:
		return bits_largest(bits) - random.below(2);
	case 2:
		return random.chance(50) ? 0 : bits_largest(bits);
	default: /* one column alone now and then: who sees it? */
		return random.chance(10) ? bits_largest(bits) : 0;
	}
}

static Column column_make(Random &random, uint32_t how)
{
	return { any(random, how, 3), any(random, how, X_BITS), any(random, how, Y_BITS), any(random, 0, PIXEL_BITS), random.next() & 1 };
}

static std::vector<Row> frame_make(Random &random)
{
	const uint32_t n_rows = 1 + random.below(8), beats_per_row = 1 + random.below(random.chance(60) ? 3 : 9), how = random.below(4);
	const bool as_usual = random.chance(50); /* three rows that nobody wants, as before a frame's first centres */
	std::vector<Row> rows(n_rows + 3 * as_usual);

	for (size_t y = 0; y < rows.size(); y++) {
		rows[y] = { as_usual ? y >= 3 : random.chance(80), y + 1 == rows.size(), {} };
		for (uint32_t x = 0; x < beats_per_row * LANES; x++)
			rows[y].columns.push_back(column_make(random, how));
	}
	return rows;
}

static Beat beat_at(const Row &row, size_t x)
{
	Beat beat = { row.centre, x == 0, x + LANES == row.columns.size(), row.last && x + LANES == row.columns.size(), {} };

	std::copy_n(row.columns.begin() + static_cast<long>(x), LANES, beat.columns);
	return beat;
}

/* The same beat, its columns replaced by the sums of their windows. */
static Beat windows_at(const Row &row, size_t x)
{
	Beat beat = beat_at(row, x);

	for (size_t lane = 0; lane < LANES; lane++) {
		Column &window = beat.columns[lane];
		window.m = window.x = window.y = 0;
		for (size_t u = x + lane < 3 ? 0 : x + lane - 3; u < row.columns.size() && u <= x + lane + 3; u++) {
			window.m += row.columns[u].m;
			window.x += row.columns[u].x;
			window.y += row.columns[u].y;
		}
	}
	return beat;
}

static void put(Bench<Vdispersion_window> &bench, const Beat &beat)
{
	bench->in_centre = beat.centre;
	bench->in_row_first = beat.row_first;
	bench->in_row_last = beat.row_last;
	bench->in_last = beat.last;
	for (unsigned lane = 0; lane < LANES; lane++) {
		const Column &column = beat.columns[lane];
		bits_put(bench->in_m, lane * 3, 3, column.m);
		bits_put(bench->in_x, lane * X_BITS, X_BITS, column.x);
		bits_put(bench->in_y, lane * Y_BITS, Y_BITS, column.y);
		bits_put(bench->in_pixels, lane * PIXEL_BITS, PIXEL_BITS, column.pixel);
		bits_put(bench->in_ok, lane, 1, column.ok);
	}
}

static void look(Bench<Vdispersion_window> &bench, const Beat &wanted)
{
	CHECK_EQUAL(bench->out_row_last, wanted.row_last, "flag of a beat");
	CHECK_EQUAL(bench->out_last, wanted.last, "flag of a beat");
	for (unsigned lane = 0; lane < LANES; lane++) {
		const Column &window = wanted.columns[lane];
		CHECK_EQUAL(bits_get(bench->out_m, lane * 6, 6), window.m, "lane %u", lane);
		CHECK_EQUAL(bits_get(bench->out_x, lane * (X_BITS + 3), X_BITS + 3), window.x, "lane %u", lane);
		CHECK_EQUAL(bits_get(bench->out_y, lane * (Y_BITS + 3), Y_BITS + 3), window.y, "lane %u", lane);
		CHECK_EQUAL(bits_get(bench->out_pixels, lane * PIXEL_BITS, PIXEL_BITS), window.pixel, "lane %u", lane);
		CHECK_EQUAL(bits_get(bench->out_ok, lane, 1), window.ok, "lane %u", lane);
	}
}

/* The module and what is under way in it. */
struct Run {
	Bench<Vdispersion_window> bench;
	std::deque<Due> due;
	Beat waiting = {}; /* the last beat, which comes out when it has a next one; if somebody wants it */
	size_t n_beats = 0;

	/* One clock; with a beat, whose windows are given, or with anything and in_valid low. */
	void clock(const Beat *beat, const Beat *windows)
	{
		const Beat noise = beat ? Beat{} : noise_make();

		put(bench, beat ? *beat : noise);
		bench->in_valid = beat != nullptr;
		bench.settle();
		if (!bench->clear) {
			const bool wanted = !due.empty() && due.front().clock == bench.clocks;
			CHECK_EQUAL(bench->out_valid, wanted, "clock %llu", (unsigned long long)bench.clocks);
			if (wanted) {
				look(bench, due.front().beat);
				due.pop_front();
				n_beats++;
			}
			if (beat && waiting.centre)
				due.push_back({ bench.clocks + CLOCKS, waiting });
			if (beat)
				waiting = *windows;
		}
		bench.edge();
	}
	/* Nothing of before comes out any more, and a beat in the same clock is not taken. */
	void clear()
	{
		const Beat beat = noise_make();

		bench->clear = 1;
		clock(bench.random.chance(50) ? &beat : nullptr, nullptr);
		bench->clear = 0;
		due.clear();
		waiting = {};
	}
	Beat noise_make()
	{
		Beat beat = { bench.random.chance(50), bench.random.chance(50), bench.random.chance(50), bench.random.chance(50), {} };

		for (Column &column : beat.columns)
			column = column_make(bench.random, 0);
		return beat;
	}
};

/* One frame. Tells whether it was cut off. */
static bool pass(Run &run, const std::vector<Row> &rows, uint32_t gaps, uint32_t cuts)
{
	Stalls stalls(run.bench.random, gaps);

	for (const Row &row : rows)
		for (size_t x = 0; x < row.columns.size(); x += LANES) {
			const Beat beat = beat_at(row, x), windows = windows_at(row, x);
			while (!stalls.go())
				run.clock(nullptr, nullptr);
			run.clock(&beat, &windows);
			if (run.bench.random.below(1000) < cuts) {
				run.clear();
				return true;
			}
		}
	return false;
}

/* Behind a frame: one more beat of any content, and what it drives out. The beat itself is in the way of nobody, if nobody wants it. */
static void drive_out(Run &run)
{
	Beat beat = run.noise_make();

	beat.centre = beat.centre && run.bench.random.chance(50);
	const bool clear_after = beat.centre || run.bench.random.chance(50);
	run.clock(&beat, &beat);
	while (!run.due.empty())
		run.clock(nullptr, nullptr);
	if (clear_after)
		run.clear();
}

int main()
{
	Run run;
	Random &random = run.bench.random;

	run.bench.limit = 10'000'000;
	run.clear();
	for (uint32_t frame = 0; frame < N_FRAMES; frame++) {
		const std::vector<Row> rows = frame_make(random);
		const bool cut = pass(run, rows, random.chance(50) ? 0 : random.below(80), random.chance(30) ? 30 : 0);
		if (!cut && random.chance(70)) /* otherwise the next frame's first beat is the one behind this one's last */
			drive_out(run);
	}
	drive_out(run);
	CHECK(run.n_beats > 5 * N_FRAMES, "%zu beats: the bench proves less than it says", run.n_beats);
	std::printf("%u frames, %zu beats, %llu clocks\n", N_FRAMES, run.n_beats, (unsigned long long)run.bench.clocks);
	return 0;
}
