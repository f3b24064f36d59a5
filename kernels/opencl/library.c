/* library.c - OpenCL's ICD loader, found when the program runs; and the devices it knows (see opencl.h). */
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "kernels/opencl/opencl.h"

#define LOADER "libOpenCL.so.1"
#define PLATFORMS_MAX 32u
#define LOCAL_BYTES_NEEDED 32768u /* what OpenCL 1.2 promises; no kernel takes more */

void opencl_say(struct driver_words words, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	if (words.at && words.bytes)
		vsnprintf(words.at, words.bytes, format, arguments);
	va_end(arguments);
}

int opencl_load(struct opencl *cl, struct driver_words words)
{
	void *library = dlopen(LOADER, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);

	if (!library) {
		opencl_say(words, "no OpenCL loader: %s is not installed or cannot be loaded", LOADER);
		return -ENODEV;
	}
#define LOAD(result, name, arguments)                                                 \
	*(void **)&cl->name = dlsym(library, #name);                                  \
	if (!cl->name) {                                                              \
		opencl_say(words, "the OpenCL loader is older than 1.2: no " #name);  \
		return -ENODEV;                                                       \
	}
	CL_FUNCTIONS(LOAD)
#undef LOAD
	return 0;
}

int opencl_places(const struct opencl *cl, struct opencl_place out[OPENCL_DEVICES_MAX], struct driver_words words)
{
	cl_platform_id platforms[PLATFORMS_MAX];
	cl_device_id devices[OPENCL_DEVICES_MAX];
	cl_uint n_platforms = 0, n_devices;
	int n = 0;

	if (cl->clGetPlatformIDs(PLATFORMS_MAX, platforms, &n_platforms) || n_platforms == 0) {
		opencl_say(words, "no OpenCL driver is installed (the loader finds no platform)");
		return -ENODEV;
	}
	for (cl_uint p = 0; p < n_platforms && p < PLATFORMS_MAX; p++) {
		n_devices = 0;
		if (cl->clGetDeviceIDs(platforms[p], CL_DEVICE_TYPE_ALL, OPENCL_DEVICES_MAX, devices, &n_devices))
			continue;
		for (cl_uint d = 0; d < n_devices && d < OPENCL_DEVICES_MAX && (unsigned)n < OPENCL_DEVICES_MAX; d++)
			out[n++] = (struct opencl_place){platforms[p], devices[d]};
	}
	if (n == 0)
		opencl_say(words, "no OpenCL device: %u drivers are installed and none finds one", n_platforms);
	return n ? n : -ENODEV;
}

void opencl_string(const struct opencl *cl, cl_device_id device, cl_uint what, char *out, size_t bytes)
{
	char room[1024] = "";

	if (cl->clGetDeviceInfo(device, what, sizeof room - 1, room, NULL))
		room[0] = 0;
	snprintf(out, bytes, "%s", room + strspn(room, " "));
}

uint64_t opencl_number(const struct opencl *cl, cl_device_id device, cl_uint what)
{
	uint64_t number = 0; /* little-endian: what is shorter fills its lower bytes */

	return cl->clGetDeviceInfo(device, what, sizeof number, &number, NULL) ? 0 : number;
}

/* The device's address on the bus, if any vendor's way of asking has an answer. */
static void find_address(const struct opencl *cl, cl_device_id device, char out[16])
{
	uint32_t khr[4], nv[3] = {0};
	uint8_t amd[24];

	if (!cl->clGetDeviceInfo(device, CL_DEVICE_PCI_BUS_INFO_KHR, sizeof khr, khr, NULL)) {
		snprintf(out, 16, "%04x:%02x:%02x.%x", khr[0] & 0xffff, khr[1] & 0xff, khr[2] & 0xff, khr[3] & 0xf);
	} else if (!cl->clGetDeviceInfo(device, CL_DEVICE_PCI_BUS_ID_NV, sizeof nv[0], &nv[1], NULL) &&
		   !cl->clGetDeviceInfo(device, CL_DEVICE_PCI_SLOT_ID_NV, sizeof nv[0], &nv[2], NULL)) {
		cl->clGetDeviceInfo(device, CL_DEVICE_PCI_DOMAIN_ID_NV, sizeof nv[0], &nv[0], NULL);
		snprintf(out, 16, "%04x:%02x:%02x.%x", nv[0] & 0xffff, nv[1] & 0xff, nv[2] >> 3 & 0x1f, nv[2] & 7);
	} else if (!cl->clGetDeviceInfo(device, CL_DEVICE_TOPOLOGY_AMD, sizeof amd, amd, NULL)) {
		snprintf(out, 16, "0000:%02x:%02x.%x", amd[21], amd[22], amd[23] & 0xf);
	}
}

/* Is OpenCL C 1.2 understood? The string begins with "OpenCL C 1.2" or a later number. */
static bool is_version_1_2(const struct opencl *cl, cl_device_id device)
{
	unsigned major = 0, minor = 0;
	char words[64];

	opencl_string(cl, device, CL_DEVICE_OPENCL_C_VERSION, words, sizeof words);
	return sscanf(words, "OpenCL C %u.%u", &major, &minor) == 2 && (major > 1 || (major == 1 && minor >= 2));
}

void opencl_describe(const struct opencl *cl, const struct opencl_place *place, struct engine_device *out)
{
	cl_device_id device = place->device;
	const char *unfit = "";

	*out = (struct engine_device){.memory_bytes = opencl_number(cl, device, CL_DEVICE_GLOBAL_MEM_SIZE)};
	out->on_cpu = opencl_number(cl, device, CL_DEVICE_TYPE) & CL_DEVICE_TYPE_CPU;
	opencl_string(cl, device, CL_DEVICE_NAME, out->name, sizeof out->name);
	opencl_string(cl, device, CL_DRIVER_VERSION, out->driver, sizeof out->driver);
	find_address(cl, device, out->pci);
	if (!opencl_number(cl, device, CL_DEVICE_AVAILABLE))
		unfit = "the driver says that it is not available";
	else if (!opencl_number(cl, device, CL_DEVICE_COMPILER_AVAILABLE))
		unfit = "its driver has no compiler";
	else if (!is_version_1_2(cl, device))
		unfit = "its driver is too old: it does not understand OpenCL C 1.2";
	else if (!opencl_number(cl, device, CL_DEVICE_ENDIAN_LITTLE))
		unfit = "it is big-endian";
	else if (opencl_number(cl, device, CL_DEVICE_LOCAL_MEM_SIZE) < LOCAL_BYTES_NEEDED ||
		 opencl_number(cl, device, CL_DEVICE_MAX_WORK_GROUP_SIZE) < PIXEL_ITEMS)
		unfit = "it has too little local memory or too small groups";
	snprintf(out->unfit, sizeof out->unfit, "%s", unfit);
}

int opencl_devices(struct engine_device *out, uint32_t capacity, struct driver_words words)
{
	struct opencl_place place[OPENCL_DEVICES_MAX];
	struct opencl cl;
	int n = opencl_load(&cl, words);

	if (!n)
		n = opencl_places(&cl, place, words);
	for (int i = 0; i < n && (uint32_t)i < capacity; i++)
		opencl_describe(&cl, &place[i], &out[i]);
	return n;
}
