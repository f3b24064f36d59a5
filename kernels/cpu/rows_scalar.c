/* rows_scalar.c - the row loops for any machine (kernels/cpu/rows.h). */
#define LEVEL(name) name##_scalar
#include "kernels/cpu/rows_body.inc"
