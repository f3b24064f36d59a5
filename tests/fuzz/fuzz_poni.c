/* fuzz_poni.c - hostile .poni texts (libFuzzer): a text is refused with a reason, or gives a detector that stands somewhere.
 *
 * With SLUICE_FUZZ_SEEDS in the environment an input that is refused ends the run: every seed must be a good file. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/geometry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool held, const char *what)
{
	if (held)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char message[64];
	struct geometry g;
	char *text = size ? malloc(size + 1) : NULL; /* libFuzzer begins with nothing at all */

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = 0;
	memset(message, 'x', sizeof message);
	message[0] = 0;
	/* Half of the inputs find pixel size and wavelength given, so that files without them get further. */
	double given = size % 2 ? 0.1 : 0.0;
	int status = geometry_from_poni(&g, text, given, given, given, message, sizeof message);
	must(memchr(message, 0, sizeof message) != NULL, "the message has no end");
	must((status == 0) == g.known, "known does not follow the status");
	must(status == 0 || message[0] != 0, "refused without a reason");
	must(status == 0 || !getenv("SLUICE_FUZZ_SEEDS"), message);
	if (status == 0) {
		double q = geometry_q(&g, 100, 100), distance = geometry_distance_mm(&g);
		must(distance > 0 && isfinite(distance), "no distance");
		must(isnan(q) || (q >= 0 && q <= 13.0 / g.wavelength_angstrom), "q beyond 4 pi / lambda");
	}
	free(text);
	return 0;
}
