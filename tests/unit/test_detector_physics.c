/* test_detector_physics.c - the simulated detector's frames obey Bragg, Ewald and Poisson, whoever makes them and in how many threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/detector/damage.h"
#include "bench/detector/poisson.h"
#include "bench/detector/pool.h"
#include "bench/detector/scene.h"
#include "kernels/codec.h"
#include "tests/support/random.h"

static struct random rng;

static double unit(void)
{
	return (double)(random_u64(&rng) >> 11) * 0x1p-53;
}

/* 1 / d of a reflection from the metric tensor of the cell: another formula than the program's. */
static double one_over_d(const struct crystal_cell *c, int h, int k, int l)
{
	double r = M_PI / 180, ca = cos(c->alpha * r), cb = cos(c->beta * r), cg = cos(c->gamma * r), sa = sin(c->alpha * r), sb = sin(c->beta * r),
	       sg = sin(c->gamma * r);
	double v2 = 1 - ca * ca - cb * cb - cg * cg + 2 * ca * cb * cg, x = h / c->a, y = k / c->b, z = l / c->c;

	return sqrt((x * x * sa * sa + y * y * sb * sb + z * z * sg * sg + 2 * x * y * (ca * cb - cg) + 2 * y * z * (cb * cg - ca) +
		     2 * x * z * (ca * cg - cb)) / v2);
}

static const struct crystal_beam beam = { 1.0, 2e-4, 200, 0.075, { 1030.2, 1080.7 }, 2068, 2162 };

static struct crystal_sample sample_of(struct crystal_cell cell)
{
	return (struct crystal_sample){ cell, 0.1, 2000, 20, 5000, 1.6, 42 };
}

static void check_reflections(struct crystal_cell cell)
{
	struct crystal_sample sample = sample_of(cell);
	double rotation[3][3], basis[3][3];
	struct reflection *r;
	size_t n;

	crystal_rotation(rotation, unit(), unit(), unit());
	assert_int_equal(crystal_basis(basis, &cell), 0);
	assert_int_equal(crystal_diffract(&r, &n, &sample, &beam, rotation, 1), 0);
	assert_true(n > 20);
	for (size_t i = 0; i < n; i++) {
		double g[3] = { 0 }, excitation, dx = r[i].x_px - beam.centre_px[0], dy = r[i].y_px - beam.centre_px[1], across;

		assert_true(fabs(1 / r[i].d - one_over_d(&cell, r[i].h, r[i].k, r[i].l)) < 1e-9);
		assert_true(fabs(crystal_d(&beam, r[i].x_px, r[i].y_px) - r[i].d) < 1e-9 * r[i].d);
		assert_true(r[i].x_px >= 0 && r[i].x_px < beam.width && r[i].y_px >= 0 && r[i].y_px < beam.height);
		assert_true(r[i].photons >= 1);
		for (int j = 0; j < 3; j++)
			for (int m = 0; m < 3; m++)
				g[j] += rotation[j][m] * (r[i].h * basis[0][m] + r[i].k * basis[1][m] + r[i].l * basis[2][m]);
		/* near the sphere: | |k0 + g| - |k0| | within what mosaicity and size allow */
		excitation = sqrt(g[0] * g[0] + g[1] * g[1] + (g[2] + 1) * (g[2] + 1)) - 1;
		assert_true(fabs(excitation) < 10 * (0.1 * M_PI / 180 / r[i].d + 1.0 / 2000));
		/* on the ray's side */
		across = hypot(g[0], g[1]);
		assert_true(fabs(dx / hypot(dx, dy) - g[0] / across) < 1e-9 && fabs(dy / hypot(dx, dy) - g[1] / across) < 1e-9);
	}
	free(r);
}

static void test_spots_obey_bragg_and_ewald(void **state)
{
	for (int i = 0; i < 5; i++) {
		check_reflections((struct crystal_cell){ 79.1, 79.1, 37.9, 90, 90, 90, 'P' });
		check_reflections((struct crystal_cell){ 45, 61, 72, 81, 97, 104, 'P' });
		check_reflections((struct crystal_cell){ 60, 60, 90, 90, 90, 120, 'P' });
	}
}

static void check_centring(char centring, int (*allowed)(int h, int k, int l), double share)
{
	struct crystal_sample sample = sample_of((struct crystal_cell){ 80, 80, 80, 90, 90, 90, 'P' });
	double rotation[3][3];
	struct reflection *all, *some;
	size_t n_all, n_some, expected = 0;

	crystal_rotation(rotation, unit(), unit(), unit());
	assert_int_equal(crystal_diffract(&all, &n_all, &sample, &beam, rotation, 1), 0);
	sample.cell.centring = centring;
	assert_int_equal(crystal_diffract(&some, &n_some, &sample, &beam, rotation, 1), 0);
	for (size_t i = 0; i < n_all; i++)
		expected += allowed(all[i].h, all[i].k, all[i].l);
	for (size_t i = 0; i < n_some; i++)
		assert_true(allowed(some[i].h, some[i].k, some[i].l));
	assert_int_equal(n_some, expected);
	assert_true(fabs((double)n_some / (double)n_all - share) < 0.1);
	free(all);
	free(some);
}

static int body_centred(int h, int k, int l)
{
	return (h + k + l) % 2 == 0;
}

static int face_centred(int h, int k, int l)
{
	return abs(h) % 2 == abs(k) % 2 && abs(k) % 2 == abs(l) % 2;
}

static int rhombohedral(int h, int k, int l)
{
	return (-h + k + l) % 3 == 0;
}

static void test_centring_extinguishes(void **state)
{
	check_centring('I', body_centred, 0.5);
	check_centring('F', face_centred, 0.25);
	check_centring('R', rhombohedral, 1.0 / 3);
}

/* Sum of photons over what is expected of them, for reflections with d between these limits. Crystals of one perfect block of this length:
 * how much of a reflection is seen depends on its distance from the sphere alone. */
static double brightness(const struct crystal_sample *sample, double d_min, double d_max)
{
	double sum = 0, expected = 0, sigma = 0.44 / sample->domain_angstrom;

	for (int i = 0; i < 5; i++) {
		double rotation[3][3], basis[3][3];
		struct reflection *r;
		size_t n;

		crystal_rotation(rotation, unit(), unit(), unit());
		assert_int_equal(crystal_basis(basis, &sample->cell), 0);
		assert_int_equal(crystal_diffract(&r, &n, sample, &(struct crystal_beam){ 1.0, 0, 200, 0.075, { 1030, 1080 }, 2068, 2162 }, rotation, 0), 0);
		for (size_t j = 0; j < n; j++) {
			double gz = 0, miss;

			for (int m = 0; m < 3; m++)
				gz += rotation[2][m] * (r[j].h * basis[0][m] + r[j].k * basis[1][m] + r[j].l * basis[2][m]);
			if (r[j].d < d_min || r[j].d > d_max)
				continue;
			miss = gz + 0.5 / (r[j].d * r[j].d);
			sum += r[j].photons;
			expected += sample->photons * exp(-sample->wilson_b / (2 * r[j].d * r[j].d) - miss * miss / (2 * sigma * sigma));
		}
		free(r);
	}
	return sum / expected;
}

static void test_intensity_falls_as_wilson_says(void **state)
{
	struct crystal_sample sample = sample_of((struct crystal_cell){ 150, 150, 150, 90, 90, 90, 'P' });

	sample.mosaic_deg = 0;
	sample.domain_angstrom = 100;
	assert_true(fabs(brightness(&sample, 4, 8) - 1) < 0.1);
	assert_true(fabs(brightness(&sample, 2.5, 3) - 1) < 0.1);
	assert_true(fabs(brightness(&sample, 1.9, 2.1) - 1) < 0.1);
}

static void test_rotations_are_rotations_and_spread_evenly(void **state)
{
	double mean[3][3] = { { 0 } }, square = 0;
	int n = 20000;

	for (int i = 0; i < n; i++) {
		double r[3][3];

		crystal_rotation(r, unit(), unit(), unit());
		for (int a = 0; a < 3; a++)
			for (int b = 0; b < 3; b++) {
				double dot = r[a][0] * r[b][0] + r[a][1] * r[b][1] + r[a][2] * r[b][2];

				assert_true(fabs(dot - (a == b)) < 1e-12);
				mean[a][b] += r[a][b] / n;
			}
		square += r[2][2] * r[2][2] / n;
	}
	for (int a = 0; a < 9; a++)
		assert_true(fabs(mean[a / 3][a % 3]) < 0.03);
	assert_true(fabs(square - 1.0 / 3) < 0.02);
}

/* Mean and variance of n counts lie within six standard errors of the expectation. */
static void check_poisson(double expected, const uint32_t *count, size_t n)
{
	double mean = 0, variance = 0;

	for (size_t i = 0; i < n; i++)
		mean += count[i];
	mean /= (double)n;
	for (size_t i = 0; i < n; i++)
		variance += (count[i] - mean) * (count[i] - mean);
	variance /= (double)n;
	assert_true(fabs(mean - expected) <= 6 * sqrt(expected / (double)n));
	assert_true(fabs(variance - expected) <= 6 * sqrt((expected + 2 * expected * expected) / (double)n));
}

static void test_counts_are_poisson(void **state)
{
	static const double means[] = { 0, 0.002, 0.5, 3, 27.5, 400, 5000, 250000 };
	enum { N = 200000, ZONES = sizeof means / sizeof *means };
	uint16_t *zone = malloc(N * sizeof *zone);
	uint32_t *count = malloc(N * sizeof *count);
	struct poisson_table *table;
	struct random_stream random;

	assert_non_null(zone);
	assert_non_null(count);
	random_start(&random, random_u64(&rng));
	assert_int_equal(poisson_open(&table, means, ZONES), 0);
	for (unsigned z = 0; z < ZONES; z++) {
		for (size_t i = 0; i < N; i++)
			zone[i] = (uint16_t)z;
		poisson_fill(table, zone, count, N, &random);
		check_poisson(means[z], count, N);
		for (size_t i = 0; i < N / 100; i++)
			count[i] = poisson_draw(means[z], &random);
		check_poisson(means[z], count, N / 100);
	}
	poisson_close(&table);
	assert_int_equal(poisson_open(&table, &(double){ NAN }, 1), -EINVAL);
	assert_int_equal(poisson_open(&table, &(double){ 1e7 }, 1), -EINVAL);
	assert_null(table);
	free(zone);
	free(count);
}

/* Probabilities of single values, down to the rare ones that 16 bits alone could not reach. */
static void test_rare_counts_are_as_rare_as_they_should(void **state)
{
	enum { N = 4000000 };
	double mean = 0.3, p = exp(-mean);
	uint16_t *zone = calloc(N, sizeof *zone);
	uint32_t *count = malloc(N * sizeof *count), seen[8] = { 0 };
	struct poisson_table *table;
	struct random_stream random;

	random_start(&random, random_u64(&rng));
	assert_int_equal(poisson_open(&table, &mean, 1), 0);
	poisson_fill(table, zone, count, N, &random);
	for (size_t i = 0; i < N; i++)
		seen[count[i] < 7 ? count[i] : 7]++;
	for (unsigned k = 0; k < 6; k++) {
		assert_true(fabs(seen[k] - N * p) < 6 * sqrt(N * p) + 1);
		p *= mean / (k + 1);
	}
	poisson_close(&table);
	free(zone);
	free(count);
}

static void test_gaps_are_where_the_detector_has_them(void **state)
{
	const struct model *m = model_find("eiger2-16m");
	uint32_t *mask = malloc((size_t)m->width * m->height * sizeof *mask), rows = 0, columns = 0;

	assert_non_null(mask);
	model_gaps(m, mask);
	for (uint32_t y = 0; y < m->height; y++) {
		bool gap = y % 550 >= 512; /* 512 to 549, 1062 to 1099, ... */

		assert_int_equal(mask[(size_t)y * m->width], gap);
		rows += gap;
	}
	for (uint32_t x = 0; x < m->width; x++)
		columns += mask[x];
	assert_int_equal(rows, 7 * 38);
	assert_int_equal(columns, 3 * 12);
	assert_true(mask[1028] && mask[1039] && !mask[1027] && !mask[1040] && mask[3108] && mask[3119] && !mask[3120]);
	free(mask);
	for (size_t i = 0; i < models_n; i++) { /* whole modules only */
		const struct model *model = &models[i];

		if (model->module_width) {
			assert_int_equal((model->width + model->gap_x) % (model->module_width + model->gap_x), 0);
			assert_int_equal((model->height + model->gap_y) % (model->module_height + model->gap_y), 0);
		}
	}
}

static void test_background_has_the_mean_that_was_asked_for(void **state)
{
	struct background_config config = { .mean = 0.5, .beamstop_mm = 2 };
	uint32_t *mask = calloc((size_t)beam.width * beam.height, sizeof *mask);
	uint32_t ring = (uint32_t)(200 * tan(2 * asin(2.0 / (4 * M_PI))) / 0.075);
	/* behind the beam stop; on the water ring and inside of it; on the ring and outside of it */
	const uint32_t at[5][2] = {{1030, 1080}, {1030 + ring, 1080}, {1030 + ring / 2, 1080}, {1030, 1080 - ring}, {10, 10}};
	struct background *b;
	double sum = 0, n = 0, seen[5];

	assert_non_null(mask);
	for (size_t i = 0; i < 100000; i++)
		mask[random_u64(&rng) % ((uint64_t)beam.width * beam.height)] = MASK_DEAD;
	for (size_t i = 0; i < 5; i++)
		mask[(size_t)at[i][1] * beam.width + at[i][0]] = 0;
	assert_int_equal(background_open(&b, &config, &beam, mask), 0);
	for (uint32_t y = 0; y < beam.height; y++)
		for (uint32_t x = 0; x < beam.width; x++)
			if (!mask[(size_t)y * beam.width + x]) {
				sum += background_at(b, beam.width, x, y);
				n++;
			} else {
				assert_true(background_at(b, beam.width, x, y) == 0);
			}
	assert_true(fabs(sum / n - 0.5) < 0.002);
	for (size_t i = 0; i < 5; i++)
		seen[i] = background_at(b, beam.width, at[i][0], at[i][1]);
	assert_true(seen[0] < 0.01);
	assert_true(seen[1] > 1.5 * seen[2]);
	assert_true(seen[3] > 1.5 * seen[4]);
	background_close(&b);
	free(mask);
}

static void test_threads_do_not_change_frames(void **state)
{
	struct settings s;
	struct pool *one, *three;
	char message[200];

	settings_clear(&s);
	s.model = (struct model){ "", "", 200, 150, 0, 0, 0, 0, 75, false };
	s.frames = 20;
	assert_int_equal(settings_complete(&s, message, sizeof message), 0);
	assert_int_equal(pool_open(&one, &s, 9, 1 << 28, 1, message, sizeof message), 0);
	assert_int_equal(pool_open(&three, &s, 9, 1 << 28, 3, message, sizeof message), 0);
	assert_int_equal(one->n, 20);
	assert_int_equal(three->n, 20);
	assert_int_equal(one->n_hits, three->n_hits);
	for (unsigned i = 0; i < one->n; i++) {
		assert_int_equal(one->entry[i].len, three->entry[i].len);
		assert_memory_equal(one->entry[i].memory + POOL_HEADROOM, three->entry[i].memory + POOL_HEADROOM, one->entry[i].len);
	}
	pool_close(&one);
	pool_close(&three);
}

static void test_damage_does_not_decode(void **state)
{
	struct image_shape shape = { 100, 80, PIXEL_U16 };
	uint16_t pixels[8000], decoded[8000];

	for (int c = 0; c < CODECS; c++) {
		size_t room = codec_bound(c, &shape, 0);
		uint8_t *bytes = malloc(room), *copy;

		for (int i = 0; i < 8000; i++)
			pixels[i] = (uint16_t)random_below(&rng, 4);
		assert_int_equal(codec_encode(c, &shape, 0, pixels, bytes, &room), 0);
		for (int i = 0; i < 200; i++) {
			struct stream_channel channel = { .pixels = { { bytes, room }, 100, 80, 2, false, pool_stream_codec(c), c == CODEC_BSLZ4 ? 2 : 0 } };
			struct payload payload;
			bool undecodable;

			assert_int_equal(damage_payload(&copy, &undecodable, &channel, random_u64(&rng)), 0);
			payload = (struct payload){ copy, room, c, channel.pixels.shuffle_bytes };
			assert_int_equal(undecodable, codec_decode(&payload, &shape, decoded) != 0);
			assert_int_equal(undecodable, c != CODEC_NONE);
			free(copy);
		}
		free(bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spots_obey_bragg_and_ewald), cmocka_unit_test(test_centring_extinguishes),
		cmocka_unit_test(test_intensity_falls_as_wilson_says), cmocka_unit_test(test_rotations_are_rotations_and_spread_evenly),
		cmocka_unit_test(test_counts_are_poisson), cmocka_unit_test(test_rare_counts_are_as_rare_as_they_should),
		cmocka_unit_test(test_gaps_are_where_the_detector_has_them), cmocka_unit_test(test_background_has_the_mean_that_was_asked_for),
		cmocka_unit_test(test_threads_do_not_change_frames), cmocka_unit_test(test_damage_does_not_decode),
	};

	random_seed(&rng);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
