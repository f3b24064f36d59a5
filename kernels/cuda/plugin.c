/* plugin.c - what the shared object exports: the CUDA engine. Nothing here runs before it is asked for. */
#include "kernels/cuda/driver.h"
#include "kernels/device/engine_of.h"

DEVICE_ENGINE(engine_cuda, "cuda", driver_cuda)

__attribute__((visibility("default"))) extern const struct engine_plugin sluice_engine;
const struct engine_plugin sluice_engine = {ENGINE_VERSION, sizeof(struct engine), &engine_cuda};
