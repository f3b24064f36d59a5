/* test_tsan_device_lanes.c - the lanes that feed devices under ThreadSanitizer: the cases of test_device_lanes, with fewer frames. */
#define FEW_FRAMES
#include "tests/engines/test_device_lanes.c"
