/* rows_avx2.c - the row loops for machines with AVX2 (kernels/cpu/rows.h); entered only where there is one. */
#ifdef __x86_64__
#define LEVEL(name) name##_avx2
#include "kernels/cpu/rows_body.h"
#endif
