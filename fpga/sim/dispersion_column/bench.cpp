/* bench.cpp - dispersion_column against sums over a stored image: seven rows of every column, in frames of all shapes behind each other, some
 * given up in the middle. The bench is the parent: it gives addresses and flags, step by step, and takes beats as fast as the module
 * allows, a place once in three clocks, or with gaps in which all but the write enables is noise. */
#include "Vdispersion_column.h"
#include "fpga/sim/bits.h"

static const unsigned VALUE_BITS = PIXEL_BITS < 24 ? PIXEL_BITS : 24, RING_BITS = PLACE_BITS + 2;
static const uint32_t MOST_BEATS = 1u << PLACE_BITS, LARGEST = static_cast<uint32_t>(bits_largest(PIXEL_BITS));
static const int STEPS = 8, N_FRAMES = 2500;

struct Pixel {
	uint32_t value;
	bool ok;
	/* m, X and Y are of these. */
	bool counts() const { return ok && value < 1u << 24; }
};
struct Image {
	uint32_t beats_per_row, n_rows;
	std::vector<Pixel> pixels;
	const Pixel &at(uint32_t row, uint32_t place) const { return pixels[static_cast<size_t>(row) * beats_per_row + place]; }
};

struct Step {
	bool valid;
	uint32_t row, place, number; /* of the beat in all; the memories take the lowest bits */
};

static Pixel pixel_make(Random &random, uint32_t how, uint32_t masked)
{
	const uint32_t edges[] = { 0, 1, (1u << VALUE_BITS) - 1, (1u << VALUE_BITS) - 2, 1u << 24, (1u << 24) + 1, 0xffffffff };
	uint32_t value = static_cast<uint32_t>(random.next());

	if (how == 0)
		value = (1u << VALUE_BITS) - 1; /* the sums' largest */
	if (how == 1 || (how == 2 && random.chance(30)))
		value = edges[random.below(7)];
	if (how == 3)
		value >>= random.below(32);
	return { value & LARGEST, !random.chance(masked) };
}

static Image image_make(Random &random)
{
	const uint32_t few = 1 + random.below(3), most = random.chance(10) ? MOST_BEATS - random.below(2) : 1 + random.below(std::min(MOST_BEATS, 16u));
	Image image = { random.chance(50) ? few : most, 1 + random.below(random.chance(80) ? 30 : 200), {} };
	const uint32_t how = random.below(5), masked = random.chance(40) ? 0 : random.below(100);

	if (image.beats_per_row > 16)
		image.n_rows = std::min(image.n_rows, 20u);
	for (uint32_t row = 0; row < image.n_rows + 3; row++) /* three rows behind it, of which no pixel counts */
		for (uint32_t place = 0; place < image.beats_per_row; place++)
			image.pixels.push_back(pixel_make(random, how, row < image.n_rows ? masked : 100));
	image.n_rows += 3;
	return image;
}

/* The parent: where every beat is, and what the module is told of it. */
class Parent {
public:
	Bench<Vdispersion_column> bench;
	Random &random = bench.random;
	uint64_t n_beats = 0;

	/* One frame; or its beginning, with whatever is in the steps then given up. */
	void pass(const Image &image, uint32_t gaps, bool whole)
	{
		const uint32_t n = image.n_rows * image.beats_per_row, end = whole ? n : random.below(n);
		const uint32_t first = static_cast<uint32_t>(random.next());
		Stalls stalls(random, gaps);

		for (uint32_t i = 0; i < end; i++) {
			const Step beat = { true, i / image.beats_per_row, i % image.beats_per_row, first + i };
			while (bench.clocks < free_at[beat.place] || !stalls.go())
				clock(image, {});
			free_at[beat.place] = bench.clocks + 3;
			clock(image, beat);
		}
		for (int i = 1; whole && i < STEPS; i++)
			clock(image, {});
		std::fill(steps, steps + STEPS, Step{});
	}

private:
	Step steps[STEPS] = {};
	uint64_t free_at[MOST_BEATS] = {};

	/* The beat in a step, or noise. */
	Step in(int step)
	{
		Step noise = { false, random.below(20), random.below(MOST_BEATS), static_cast<uint32_t>(random.next()) };

		return steps[step].valid ? steps[step] : noise;
	}
	static uint32_t ring(uint32_t number) { return number & ((1u << RING_BITS) - 1); }
	void clock(const Image &image, const Step &beat)
	{
		std::copy_backward(steps, steps + STEPS - 1, steps + STEPS);
		steps[0] = beat;
		tell(image);
		bench.settle();
		if (steps[7].valid)
			look(image, steps[7]);
		bench.edge();
	}
	void tell(const Image &image)
	{
		const Step one = in(1), six = in(6);
		const Pixel pixel = one.valid ? image.at(one.row, one.place) : pixel_make(random, 2, 50);

		bench->pixel_1 = static_cast<decltype(+bench->pixel_1)>(pixel.value);
		bench->ok_1 = pixel.ok;
		bench->write_1 = one.valid;
		bench->row_write_at_1 = static_cast<uint16_t>(ring(one.number));
		bench->old_read_at_0 = static_cast<uint16_t>(ring(in(0).number - 4 * image.beats_per_row));
		bench->has_old_2 = in(2).row >= 7;
		bench->sum_read_at_4 = static_cast<uint16_t>(in(4).place);
		bench->centre_read_at_5 = static_cast<uint16_t>(ring(in(5).number - 3 * image.beats_per_row));
		bench->sum_write_at_6 = static_cast<uint16_t>(six.place);
		bench->write_6 = six.valid;
		bench->first_row_6 = six.row == 0;
		bench->old_write_at_7 = static_cast<uint16_t>(ring(in(7).number));
		bench->write_7 = steps[7].valid;
	}
	void look(const Image &image, const Step &beat)
	{
		uint64_t m = 0, x = 0, y = 0;

		for (uint32_t row = beat.row < 6 ? 0 : beat.row - 6; row <= beat.row; row++) {
			const Pixel &pixel = image.at(row, beat.place);
			m += pixel.counts();
			x += pixel.counts() ? pixel.value : 0;
			y += pixel.counts() ? static_cast<uint64_t>(pixel.value) * pixel.value : 0;
		}
		CHECK_EQUAL(bench->m_7, m, "row %u, place %u of %u", beat.row, beat.place, image.beats_per_row);
		CHECK_EQUAL(bench->x_7, x, "row %u, place %u of %u", beat.row, beat.place, image.beats_per_row);
		CHECK_EQUAL(bench->y_7, y, "row %u, place %u of %u", beat.row, beat.place, image.beats_per_row);
		if (beat.row >= 3) {
			const Pixel &centre = image.at(beat.row - 3, beat.place);
			CHECK_EQUAL(bench->centre_7, centre.value, "row %u, place %u of %u", beat.row, beat.place, image.beats_per_row);
			CHECK_EQUAL(bench->centre_ok_7, centre.ok, "row %u, place %u of %u", beat.row, beat.place, image.beats_per_row);
		}
		n_beats++;
	}
};

int main()
{
	Parent parent;

	parent.bench.limit = 20'000'000;
	for (int frame = 0; frame < N_FRAMES; frame++) {
		const Image image = image_make(parent.random);
		const bool whole = parent.random.chance(80);
		parent.pass(image, parent.random.chance(50) ? 0 : parent.random.below(80), whole);
	}
	std::printf("%d frames, %llu beats, %llu clocks\n", N_FRAMES, (unsigned long long)parent.n_beats, (unsigned long long)parent.bench.clocks);
	return 0;
}
