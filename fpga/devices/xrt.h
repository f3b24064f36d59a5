/* xrt.h - cards by Xilinx's runtime (XRT), which is looked for when it is asked for. For the plug-in. */
#ifndef FPGA_DEVICES_XRT_H
#define FPGA_DEVICES_XRT_H

#include "fpga/engine/device.h"

extern const struct fpga_driver fpga_xrt;

#endif
