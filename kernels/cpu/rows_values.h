/* rows_values.h - the row loops that depend on the width of the values; a template for rows_body.h alone.
 *
 * Says VALUE, WIDTH(name) and COUNTED(v), what a value counts for in the window sums. No include guard: it is
 * included once per width. */

static void WIDTH(total)(const VALUE *restrict values, const uint8_t *restrict flags, uint32_t width,
			 struct row_totals *totals)
{
	VALUE max = 0;
	uint32_t valid = 0;
	uint64_t sum = 0;

	for (uint32_t x = 0; x < width; x++)
		max = values[x] > max ? values[x] : max;
	for (uint32_t x = 0; x < width; x++)
		sum += values[x];
	for (uint32_t x = 0; x < width; x++)
		valid += flags[x] >> 1;
	*totals = (struct row_totals){sum, valid, max};
}

#ifndef HAVE_PREFIX
static void WIDTH(prefix)(const void *values, uint32_t width, uint32_t *restrict sums)
{
	const VALUE *restrict v = values;
	uint32_t sum = 0;

	sums[0] = 0;
	for (uint32_t x = 0; x < width; x++)
		sums[x + 1] = sum += (uint32_t)v[x];
}
#endif

static void WIDTH(roll)(const struct column_sums *columns, uint32_t width, const void *in, const uint8_t *in_flags,
			const void *gone, const uint8_t *gone_flags)
{
	const VALUE *restrict a = in;
	const VALUE *restrict b = gone;
	const uint8_t *restrict fa = in_flags;
	const uint8_t *restrict fb = gone_flags;
	uint8_t *restrict n = columns->n;
	uint32_t *restrict sx = columns->x;
	double *restrict sy = columns->y;

	for (uint32_t x = 0; x < width; x++)
		n[x] = (uint8_t)(n[x] + (fa[x] & FLAG_COUNTED) - (fb[x] & FLAG_COUNTED));
	for (uint32_t x = 0; x < width; x++) {
		int32_t va = (int32_t)COUNTED(a[x]), vb = (int32_t)COUNTED(b[x]);

		sx[x] += (uint32_t)va - (uint32_t)vb;
		sy[x] += (double)(va - vb) * (double)(va + vb);
	}
}

#ifndef HAVE_STANDS_OUT
static inline void WIDTH(stands_out_k)(const struct row_tests *tests, const struct column_sums *columns,
				       uint32_t width, const VALUE *restrict values, uint8_t *restrict candidates,
				       const int k)
{
	const uint32_t *restrict cx = columns->x - k;
	float window_up = tests->window_up, signal = tests->signal;
	uint32_t threshold = tests->threshold;

	memset(candidates, 0, (width + 7) / 8);
	for (uint32_t i = 0; i < width; i++) {
		uint32_t sum = 0, p = values[i];

		for (int d = 0; d <= 2 * k; d++)
			sum += cx[i + (uint32_t)d];
		float s = (float)(int32_t)(sum >> 16) * 65536.0f + (float)(int32_t)(sum & 0xffff);
		float b = (float)(int32_t)COUNTED(p) * window_up - s;
		uint32_t pass = ((uint32_t)(b > 0.0f) & (uint32_t)(b * b >= s * signal)) | (uint32_t)(p >= PLAN_BIG_PIXEL);

		pass &= p > threshold;
		candidates[i / 8] = (uint8_t)(candidates[i / 8] | pass << i % 8);
	}
}

static void WIDTH(stands_out)(const struct row_tests *tests, const struct column_sums *columns, uint32_t width,
			      const void *values, uint8_t *candidates)
{
	switch (tests->k) {
	case 1: WIDTH(stands_out_k)(tests, columns, width, values, candidates, 1); break;
	case 2: WIDTH(stands_out_k)(tests, columns, width, values, candidates, 2); break;
	case 3: WIDTH(stands_out_k)(tests, columns, width, values, candidates, 3); break;
	case 4: WIDTH(stands_out_k)(tests, columns, width, values, candidates, 4); break;
	case 5: WIDTH(stands_out_k)(tests, columns, width, values, candidates, 5); break;
	default: WIDTH(stands_out_k)(tests, columns, width, values, candidates, 6); break;
	}
}
#endif
