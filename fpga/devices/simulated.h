/* simulated.h - the simulated card: the design itself, clock by clock, two units of 16 and one of 32 bits before one memory. For the plug-in. */
#ifndef FPGA_DEVICES_SIMULATED_H
#define FPGA_DEVICES_SIMULATED_H

#include "fpga/engine/device.h"

extern const struct fpga_driver fpga_simulated;

struct unit_model;
/* For tests: a unit of an open card, whose memory ports can be made to fail (fpga/simulated/unit_model.h). NULL: this build has no simulation. */
struct unit_model *fpga_simulated_unit(struct fpga_device *device, uint32_t unit);

#endif
