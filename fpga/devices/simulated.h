/* simulated.h - the simulated card: the design itself, clock by clock, two units of 16 and one of 32 bits before one memory. For the plug-in. */
#ifndef FPGA_DEVICES_SIMULATED_H
#define FPGA_DEVICES_SIMULATED_H

#include "fpga/engine/device.h"

extern const struct fpga_driver fpga_simulated;

#endif
