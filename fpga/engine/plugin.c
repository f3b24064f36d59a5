/* plugin.c - what the shared object exports: the engine fpga, on the simulated card and on cards by XRT. Nothing here runs before it is asked for. */
#include "fpga/devices/simulated.h"
#include "fpga/devices/xrt.h"
#include "fpga/engine/engine_of.h"

static const struct fpga_driver *const drivers[] = {&fpga_simulated, &fpga_xrt, NULL};

FPGA_ENGINE(engine_fpga, drivers)

__attribute__((visibility("default"))) extern const struct engine_plugin sluice_engine;
const struct engine_plugin sluice_engine = {ENGINE_VERSION, sizeof(struct engine), &engine_fpga};
