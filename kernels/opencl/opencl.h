/* opencl.h - OpenCL behind the driver's door: the loader, the devices, the program. Private to kernels/opencl. */
#ifndef KERNELS_OPENCL_OPENCL_H
#define KERNELS_OPENCL_OPENCL_H

#include "kernels/device/driver.h"
#include "kernels/opencl/cl.h"

#define OPENCL_DEVICES_MAX 64u

/* The functions of the ICD loader. */
struct opencl {
#define MEMBER(result, name, arguments) result(*name) arguments;
	CL_FUNCTIONS(MEMBER)
#undef MEMBER
};

struct opencl_place {
	cl_platform_id platform;
	cl_device_id device;
};

void opencl_say(struct driver_words words, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Loads the ICD loader, which stays loaded until the program ends (drivers have threads that do not like to lose their code).
 * 0, or -ENODEV and why. */
int opencl_load(struct opencl *cl, struct driver_words words);
/* The places of the devices of all platforms, in the loader's order: how many, or -ENODEV and why there are none. */
int opencl_places(const struct opencl *cl, struct opencl_place out[OPENCL_DEVICES_MAX], struct driver_words words);
/* A string or a number that is known of a device; empty or 0 where it is not. */
void opencl_string(const struct opencl *cl, cl_device_id device, cl_uint what, char *out, size_t bytes);
uint64_t opencl_number(const struct opencl *cl, cl_device_id device, cl_uint what);
void opencl_describe(const struct opencl *cl, const struct opencl_place *place, struct engine_device *out);
int opencl_devices(struct engine_device *out, uint32_t capacity, struct driver_words words);

/* The kernels, from the cache or built anew (and then stored there). -ENOEXEC and the compiler's first words where they do not build. */
int opencl_program(const struct opencl *cl, const struct opencl_place *place, cl_context context, const struct engine_cache *cache,
		   cl_program *out, struct driver_words words);

/* The files of kernels/body, as they were when this program was built. */
struct opencl_text {
	const char *name;
	const unsigned char *at;
	size_t bytes;
};
extern const struct opencl_text opencl_texts[]; /* ends with a NULL name */

extern const struct driver opencl_driver;

#endif
