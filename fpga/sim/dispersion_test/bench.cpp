/* bench.cpp - dispersion_test against the definition (algorithms.md section 3) in integers of 128 bits: a window in every clock, most of them
 * made so that one condition decides, and by one: the sides of an inequality equal, one more, one less, or as near as the operands allow.
 *
 * m, X, Y are what the header allows, which is a little more than real windows give: X and Y up to m pixels of the largest value, m Y - X X not
 * negative. How often each edge was met, both ways, is counted and must be often. */
#include <cmath>

#include "Vdispersion_test.h"
#include "fpga/sim/bits.h"

typedef unsigned __int128 Wide;

static const unsigned VALUE_BITS = PIXEL_BITS < 24 ? PIXEL_BITS : 24;
static const uint64_t COUNTED = (1u << VALUE_BITS) - 1; /* the largest value that counts */
static const uint64_t LARGEST = (1ull << PIXEL_BITS) - 1, BIG = 1u << 24, LARGEST_C = (1u << 30) - 1;
static const uint32_t WINDOW = 49, N_BATCHES = 6000, PER_BATCH = 250;
static const size_t CLOCKS = 11;

struct Settings {
	uint32_t c[64], ns2, min_count;
	uint64_t threshold;
};
struct Operands {
	uint64_t m, x, y, pixel;
	bool ok;
};

/* How far the left side is above the right one, cut to -2 .. 2. */
static int by(Wide left, Wide right)
{
	if (left < right)
		return right - left == 1 ? -1 : -2;
	return left - right > 1 ? 2 : static_cast<int>(left - right);
}

/* The conditions, each as the difference of its two sides; noise is that of the square of m p - X, whatever its sign. */
struct Verdict {
	bool ok, big;
	int count, threshold, flat, rise, noise;

	bool stands_out() const { return rise > 0 && (big || noise > 0); }
	bool strong() const { return ok && count >= 0 && threshold > 0 && flat > 0 && stands_out(); }
};

static Verdict judge(const Settings &s, const Operands &o)
{
	const Wide m = o.m, x = o.x, y = o.y, p = o.pixel, b = m * p > x ? m * p - x : x - m * p;

	return { o.ok,
		 p >= BIG,
		 by(m, s.min_count),
		 by(p, s.threshold),
		 by(m * y - x * x, x * s.c[o.m] >> 16),
		 by(m * p, x),
		 by(b * b, s.ns2 * x * m >> 16) };
}

/* How often a condition alone decided, by the difference of its sides plus 2. */
struct Edges {
	uint64_t count[5], threshold[5], flat[5], rise[5], noise[5], strong, big;

	void take(const Settings &s, const Operands &o, const Verdict &v)
	{
		const bool may = v.ok && v.count >= 0 && v.threshold > 0;
		Operands cut = o;

		count[v.count + 2] += v.ok && v.threshold > 0 && v.flat > 0 && v.stands_out();
		threshold[v.threshold + 2] += v.ok && v.count >= 0 && v.flat > 0 && v.stands_out();
		flat[v.flat + 2] += may && v.stands_out();
		rise[v.rise + 2] += may && v.flat > 0 && v.noise > 0;
		noise[v.noise + 2] += may && v.flat > 0 && v.rise > 0 && !v.big;
		cut.pixel &= COUNTED;
		big += may && v.flat > 0 && v.big && !judge(s, cut).stands_out();
		strong += v.strong();
	}
};

/* 0 to `most`, of any size, often at an end. */
static uint64_t any(Random &random, uint64_t most)
{
	switch (random.below(6)) {
	case 0:
		return random.below(2) < most ? random.below(2) : most;
	case 1:
		return most - std::min<uint64_t>(most, random.below(3));
	case 2:
		return random.next() % (most + 1);
	default:
		return std::min(most, random.next() >> random.below(64));
	}
}

static uint64_t smallest_y(uint64_t m, uint64_t x)
{
	return static_cast<uint64_t>((static_cast<Wide>(x) * x + m - 1) / m);
}

/* m, X and Y of pixels of a kind, some of which do not count, and one of them in the middle. */
static Operands real_window(Random &random)
{
	Operands o = { 0, 0, 0, any(random, LARGEST), true };
	const uint64_t most = any(random, COUNTED), absent = random.below(3) * random.below(50);

	for (uint32_t i = 0; i < WINDOW; i++) {
		const uint64_t value = i == 0 ? o.pixel : random.next() % (most + 1);
		if (value >= BIG || random.below(50) < absent)
			continue;
		o.m++;
		o.x += value;
		o.y += value * value;
	}
	return o;
}

/* Everything at its ends or anything. */
static Operands any_window(Random &random, uint64_t m)
{
	const uint64_t x = any(random, m * COUNTED), least = m ? smallest_y(m, x) : 0;

	return { m, x, least + (m ? any(random, m * COUNTED * COUNTED - least) : 0), any(random, LARGEST), true };
}

/* Sets Y, and X where that helps, so that the window is flat by one, by nothing, or as little as can be not. */
static void at_flatness(Random &random, const Settings &s, Operands &o)
{
	const Wide most = static_cast<Wide>(o.m) * COUNTED * COUNTED;

	for (int tries = 0; tries < 60; tries++) {
		const uint64_t x = tries || o.x == 0 ? any(random, o.m * COUNTED / (1 + random.below(8))) : o.x;
		const Wide wanted = static_cast<Wide>(x) * x + (static_cast<Wide>(x) * s.c[o.m] >> 16) + random.below(3) - 1, y = wanted / o.m;
		if (x == 0 || y > most || y * o.m < static_cast<Wide>(x) * x)
			continue;
		o.x = x;
		o.y = static_cast<uint64_t>(y);
		if (wanted % o.m == 0)
			return;
		o.y += random.below(2);
	}
}

/* Noise less square for a window of sum x: rises with it. */
static bool is_noise(const Settings &s, uint64_t m, uint64_t p, uint64_t x)
{
	const Wide b = static_cast<Wide>(m) * p - x;

	return b * b <= static_cast<Wide>(s.ns2) * x * m >> 16;
}

/* Sets X to the last that stands out, or the next one; exactly on the limit, if a pixel is found for which that can be. */
static void at_noise(Random &random, const Settings &s, Operands &o)
{
	o.pixel = 1 + any(random, COUNTED - 1);
	for (int tries = 0; tries < 12; tries++) {
		const uint64_t pixel = tries ? 1 + any(random, COUNTED - 1) : o.pixel;
		uint64_t low = 0, high = o.m * pixel; /* at 0 it stands out, at m p it does not */
		while (high - low > 1) {
			const uint64_t middle = low + (high - low) / 2;
			(is_noise(s, o.m, pixel, middle) ? high : low) = middle;
		}
		if (low == 0)
			continue;
		o.x = low + random.below(2);
		o.pixel = pixel;
		const Verdict v = judge(s, o);
		if (v.noise > -2 && v.noise < 2)
			break;
	}
	o.y = std::max(smallest_y(o.m, o.x), o.m * COUNTED * COUNTED - random.below(3));
}

/* The same for large numbers: NS2 is a whole number k in 1/65536, B = j k m and X = j j k m make both sides equal, and with B = j k m + 1 or - 1
 * and X = (B B - 1) / (k m) the square is one more; that is of a whole pixel where m divides 2 j + 1. */
static void at_whole_noise(Random &random, const Settings &s, Operands &o)
{
	const uint64_t k = s.ns2 >> 16;
	uint64_t m = o.m;
	const uint32_t side = random.below(3);

	if (k == 0 || s.ns2 & 0xffff)
		return;
	const uint64_t j_most = static_cast<uint64_t>(std::sqrt(static_cast<double>(COUNTED) / static_cast<double>(k)));
	const uint64_t j = 1 + any(random, std::max<uint64_t>(j_most, 1) - 1);
	while (side && (2 * j + 1) % m != 0)
		m = 1 + 2 * random.below(WINDOW / 2 + 1);
	const uint64_t n = k * m, b = j * n + side / 2 - side % 2, x = j * j * n + 2 * j * (side / 2) - 2 * j * (side % 2);
	if (j * n < 3 || (b + x) / m > COUNTED)
		return;
	o = { m, x, m * COUNTED * COUNTED, (b + x) / m, true };
}

/* The square of B next to a power of two. */
static void at_power(Random &random, Operands &o)
{
	const uint64_t b = static_cast<uint64_t>(std::sqrt(std::ldexp(1.0, static_cast<int>(random.below(2 * VALUE_BITS + 12))))) + random.below(3);

	o.pixel = std::min(COUNTED, (b + o.m - 1) / o.m + any(random, COUNTED));
	o.x = o.m * o.pixel - std::min(b, o.m * o.pixel);
	o.y = std::max(smallest_y(o.m, o.x), o.m * COUNTED * COUNTED - random.below(3));
}

/* The pixel is the mean, or as little above or below it as can be. */
static void at_mean(Random &random, Operands &o)
{
	o.pixel = 1 + any(random, COUNTED - 1);
	o.x = std::min(o.m * o.pixel + random.below(3) - 1, o.m * COUNTED);
	o.y = std::max(smallest_y(o.m, o.x), o.m * COUNTED * COUNTED - random.below(3));
}

/* A pixel that is strong wherever it may be, for the conditions that are about other things. */
static void outstanding(Random &random, Operands &o)
{
	o.pixel = PIXEL_BITS > 24 && random.chance(40) ? BIG + any(random, LARGEST - BIG) : COUNTED - random.below(2);
}

static Operands operands_make(Random &random, const Settings &s)
{
	const uint32_t how = random.below(13), near = s.min_count + random.below(3) - 1;
	const uint64_t m = random.chance(20) && near >= 1 && near <= WINDOW ? near : random.chance(10) ? WINDOW : random.chance(5) ? 0 : 1 + random.below(WINDOW);
	Operands o = how == 0 ? real_window(random) : any_window(random, m);

	if (o.m && how >= 2 && how < 6) {
		at_flatness(random, s, o);
		outstanding(random, o);
	} else if (o.m && how >= 6 && how < 9)
		at_noise(random, s, o);
	else if (o.m && how == 9)
		at_whole_noise(random, s, o);
	else if (o.m && how == 10)
		at_mean(random, o);
	else if (o.m && how == 11)
		at_power(random, o);
	else if (o.m && how == 12)
		outstanding(random, o);
	if (random.chance(10) && s.threshold <= LARGEST)
		o.pixel = std::min(LARGEST, s.threshold + random.below(3) - (s.threshold > 0));
	o.ok = !random.chance(5);
	return o;
}

/* The user's usual ones, the ends of the range, anything in it; min_count and threshold more often than not out of the way. */
static Settings settings_make(Random &random)
{
	Settings s = {};
	const uint32_t how = random.below(5), shift = 2 + random.below(30);

	for (uint32_t m = 0; m < 64; m++)
		s.c[m] = static_cast<uint32_t>(how == 0 ? any(random, LARGEST_C) : how == 1 ? random.below(3) : how == 2 ? LARGEST_C - random.below(2) :
					       how == 3 ? m * 65536 * 7 : random.next() >> 32 >> shift);
	switch (random.below(7)) {
	case 0:
		s.ns2 = 9 << 16;
		break;
	case 1:
		s.ns2 = static_cast<uint32_t>(1 + any(random, (LARGEST_C >> 16) - 1)) << 16;
		break;
	case 2:
		s.ns2 = static_cast<uint32_t>(LARGEST_C - random.below(2));
		break;
	case 3:
		s.ns2 = random.below(2) * random.below(1400); /* so little that every limit can be met exactly */
		break;
	default:
		s.ns2 = static_cast<uint32_t>(any(random, LARGEST_C) >> random.below(30));
	}
	s.min_count = random.chance(70) ? random.below(3) : random.chance(80) ? random.below(52) : random.below(256);
	s.threshold = random.chance(70) ? 0 : random.chance(70) ? any(random, LARGEST) : random.next() >> 32;
	return s;
}

/* The module and what is under way in it. */
struct Run {
	Bench<Vdispersion_test> bench;
	std::deque<std::pair<Operands, Verdict>> under_way;
	Settings s = {};
	Edges edges = {};

	/* Who does not write says anything at the table's port. */
	void configure(const Settings &settings)
	{
		const uint32_t turn = bench.random.below(64);

		s = settings;
		bench->cfg_min_count = static_cast<uint8_t>(s.min_count);
		bench->cfg_threshold = static_cast<uint32_t>(s.threshold);
		bench->cfg_ns2_q16 = s.ns2;
		for (uint32_t i = 0; i < 64; i++) {
			bench->c_write = 1;
			bench->c_index = static_cast<uint8_t>(i ^ turn);
			bench->c_value = s.c[i ^ turn];
			bench.edge();
		}
		bench->c_write = 0;
	}
	void clock(const Operands &o)
	{
		under_way.emplace_back(o, judge(s, o));
		bench->m = static_cast<uint8_t>(o.m);
		bench->x = static_cast<uint32_t>(o.x);
		bench->y = o.y;
		bench->pixel = static_cast<decltype(+bench->pixel)>(o.pixel);
		bench->ok = o.ok;
		bench->c_index = static_cast<uint8_t>(bench.random.below(64));
		bench->c_value = static_cast<uint32_t>(bench.random.next() & LARGEST_C);
		bench.settle();
		if (under_way.size() > CLOCKS) {
			look(under_way.front().first, under_way.front().second);
			under_way.pop_front();
		}
		bench.edge();
	}
	void look(const Operands &o, const Verdict &v)
	{
		CHECK_EQUAL(bench->hit, v.strong(), "m %llu, X %llu, Y %llu, pixel %llu, ok %d; C %u, NS2 %u, min_count %u, threshold %llu", (unsigned long long)o.m,
			    (unsigned long long)o.x, (unsigned long long)o.y, (unsigned long long)o.pixel, o.ok, s.c[o.m], s.ns2, s.min_count,
			    (unsigned long long)s.threshold);
		edges.take(s, o, v);
	}
	void drain()
	{
		for (size_t i = 0; i < CLOCKS; i++)
			clock({ 0, 0, 0, 0, false });
		under_way.clear();
	}
};

static void tell(const char *name, const uint64_t n[5], uint64_t least)
{
	std::printf("%s: %llu below, %llu one less, %llu equal, %llu one more, %llu above\n", name, (unsigned long long)n[0], (unsigned long long)n[1],
		    (unsigned long long)n[2], (unsigned long long)n[3], (unsigned long long)n[4]);
	for (int i = 0; i < 5; i++)
		CHECK(n[i] >= least, "%s decided too seldom", name);
}

int main()
{
	Run run;

	run.bench.limit = 10'000'000;
	for (uint32_t batch = 0; batch < N_BATCHES; batch++) {
		run.configure(settings_make(run.bench.random));
		for (uint32_t i = 0; i < PER_BATCH; i++)
			run.clock(operands_make(run.bench.random, run.s));
		run.drain();
	}
	tell("min_count", run.edges.count, 100);
	tell("threshold", run.edges.threshold, 100);
	tell("flat", run.edges.flat, 100);
	tell("rise", run.edges.rise, 0); /* equal it decides nothing: a square of 0 is above nothing */
	CHECK(run.edges.rise[0] >= 100 && run.edges.rise[1] >= 100 && run.edges.rise[3] >= 100, "rise decided too seldom");
	CHECK(PIXEL_BITS <= 24 || run.edges.big >= 100, "size decided too seldom");
	tell("noise", run.edges.noise, 100);
	std::printf("%llu strong, %llu by their size alone, %llu clocks\n", (unsigned long long)run.edges.strong, (unsigned long long)run.edges.big,
		    (unsigned long long)run.bench.clocks);
	return 0;
}
