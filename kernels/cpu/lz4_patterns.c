/* lz4_patterns.c - the tables of the vector LZ4 decoders (kernels/cpu/lz4.h); written once when a queue is opened. */
#include "kernels/cpu/lz4.h"

/* Row 0 stands for no offset, the last one for all that are not near. */
static void make_index(struct lz4_patterns *p)
{
	for (unsigned offset = 0; offset < LZ4_NEAR_AVX2 + 2; offset++) {
		bool near = offset > 0 && offset <= LZ4_NEAR_AVX2;

		for (unsigned i = 0; i < 32; i++)
			p->index[offset][i] = (uint8_t)i;
		for (unsigned i = 0; i < 64; i++)
			p->index[offset][32 + i] = near ? (uint8_t)(32 - offset + i % offset) : LZ4_ELSEWHERE;
	}
}

void lz4_patterns_make(struct lz4_patterns *p)
{
	for (unsigned i = 0; i < 64; i++) {
		p->from_last[0][i] = (uint8_t)i;
		p->from_last[LZ4_NEAR + 1][i] = (uint8_t)(64 + i);
	}
	for (unsigned i = 0; i < 128; i++)
		p->phase[0][i] = 0;
	p->step[0] = 64;
	for (unsigned offset = 1; offset <= LZ4_NEAR; offset++) {
		for (unsigned i = 0; i < 64; i++)
			p->from_last[offset][i] = (uint8_t)(64 - offset + i % offset);
		for (unsigned i = 0; i < 128; i++)
			p->phase[offset][i] = (uint8_t)(i % offset);
		p->step[offset] = (uint8_t)(64 / offset * offset);
	}
	make_index(p);
}
