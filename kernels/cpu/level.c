/* level.c - which level of the machine the CPU engine uses (kernels/cpu/rows.h). Asks the processor, nothing else. */
#include <string.h>

#include "kernels/cpu/flat.h"
#include "kernels/cpu/rows.h"

static bool always(void)
{
	return true;
}

#ifdef __x86_64__
/* Every processor with AVX2 has LZCNT too, which not every compiler can ask for. */
static bool have_avx2(void)
{
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
	       __builtin_cpu_supports("popcnt");
}

static bool have_avx512(void)
{
	return have_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
	       __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vbmi2") &&
	       __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bitalg") &&
	       __builtin_cpu_supports("avx512vpopcntdq") && __builtin_cpu_supports("gfni");
}
#endif

/* Weakest first. */
static const struct cpu_level levels[] = {
	{"scalar", always, &cpu_rows_scalar, NULL},
#ifdef __x86_64__
	{"avx2", have_avx2, &cpu_rows_avx2, &flat_level_avx2},
	{"avx512", have_avx512, &cpu_rows_avx2, &flat_level_avx512},
#endif
#ifdef __aarch64__
	{"neon", always, &cpu_rows_neon, &flat_level_neon},
#endif
};
#define N_LEVELS (sizeof levels / sizeof *levels)

const struct cpu_level *cpu_level_at(unsigned i)
{
	return i < N_LEVELS ? &levels[i] : NULL;
}

const struct cpu_level *cpu_level_find(const char *name)
{
	const struct cpu_level *found = NULL;

	for (unsigned i = 0; i < N_LEVELS; i++)
		if (levels[i].available() && (!name || strcmp(name, levels[i].name) == 0))
			found = &levels[i];
	return found;
}
