/* hangs.h - the part of the whole unit's bench in which memory ports hang and come back. */
#ifndef FPGA_SIM_UNIT_HANGS_H
#define FPGA_SIM_UNIT_HANGS_H

#include "fpga/sim/bench.h"

int hangs(Random &random);

#endif
