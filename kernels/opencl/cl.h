/* cl.h - the part of OpenCL 1.2 that the driver uses, declared here so that no header need be installed (the OpenCL specification, 1.2).
 *
 * Private to kernels/opencl. Numbers are the specification's. Vendors' attributes: cl_khr_pci_bus_info, cl_nv_device_attribute_query,
 * cl_amd_device_attribute_query. */
#ifndef KERNELS_OPENCL_CL_H
#define KERNELS_OPENCL_CL_H

#include <stddef.h>
#include <stdint.h>

typedef struct cl_platform *cl_platform_id;
typedef struct cl_device *cl_device_id;
typedef struct cl_context_ *cl_context;
typedef struct cl_queue *cl_command_queue;
typedef struct cl_mem_ *cl_mem;
typedef struct cl_program_ *cl_program;
typedef struct cl_kernel_ *cl_kernel;
typedef struct cl_event_ *cl_event;
typedef int32_t cl_int;
typedef uint32_t cl_uint, cl_bool;
typedef uint64_t cl_bitfield;

#define CL_SUCCESS 0
#define CL_MEM_OBJECT_ALLOCATION_FAILURE (-4)
#define CL_OUT_OF_RESOURCES (-5)
#define CL_OUT_OF_HOST_MEMORY (-6)
#define CL_INVALID_BUFFER_SIZE (-61)

#define CL_DEVICE_TYPE_CPU 2u
#define CL_DEVICE_TYPE_ALL 0xffffffffu

#define CL_PLATFORM_VERSION 0x0901
#define CL_DEVICE_TYPE 0x1000
#define CL_DEVICE_MAX_WORK_GROUP_SIZE 0x1004
#define CL_DEVICE_MAX_MEM_ALLOC_SIZE 0x1010
#define CL_DEVICE_GLOBAL_MEM_SIZE 0x101f
#define CL_DEVICE_LOCAL_MEM_SIZE 0x1023
#define CL_DEVICE_ENDIAN_LITTLE 0x1026
#define CL_DEVICE_AVAILABLE 0x1027
#define CL_DEVICE_COMPILER_AVAILABLE 0x1028
#define CL_DEVICE_NAME 0x102b
#define CL_DRIVER_VERSION 0x102d
#define CL_DEVICE_VERSION 0x102f
#define CL_DEVICE_OPENCL_C_VERSION 0x103d
#define CL_DEVICE_PCI_BUS_ID_NV 0x4008
#define CL_DEVICE_PCI_SLOT_ID_NV 0x4009
#define CL_DEVICE_PCI_DOMAIN_ID_NV 0x400a
#define CL_DEVICE_TOPOLOGY_AMD 0x4037
#define CL_DEVICE_PCI_BUS_INFO_KHR 0x410f

#define CL_CONTEXT_PLATFORM 0x1084
#define CL_MEM_READ_WRITE 1u
#define CL_MEM_USE_HOST_PTR 8u
#define CL_MEM_ALLOC_HOST_PTR 16u
#define CL_MAP_READ 1u
#define CL_MAP_WRITE 2u
#define CL_MIGRATE_MEM_OBJECT_CONTENT_UNDEFINED 2u
#define CL_PROGRAM_BINARY_SIZES 0x1165
#define CL_PROGRAM_BINARIES 0x1166
#define CL_PROGRAM_BUILD_LOG 0x1183
#define CL_EVENT_COMMAND_EXECUTION_STATUS 0x11d3

/* Every function that is used: result, name, arguments. */
#define CL_FUNCTIONS(X)                                                                                                              \
	X(cl_int, clGetPlatformIDs, (cl_uint n, cl_platform_id *out, cl_uint *there))                                                \
	X(cl_int, clGetPlatformInfo, (cl_platform_id, cl_uint what, size_t room, void *out, size_t *used))                           \
	X(cl_int, clGetDeviceIDs, (cl_platform_id, cl_bitfield type, cl_uint n, cl_device_id *out, cl_uint *there))                  \
	X(cl_int, clGetDeviceInfo, (cl_device_id, cl_uint what, size_t room, void *out, size_t *used))                               \
	X(cl_context, clCreateContext, (const intptr_t *properties, cl_uint n, const cl_device_id *, void *notify, void *user, cl_int *)) \
	X(cl_int, clReleaseContext, (cl_context))                                                                                    \
	X(cl_command_queue, clCreateCommandQueue, (cl_context, cl_device_id, cl_bitfield properties, cl_int *))                      \
	X(cl_int, clReleaseCommandQueue, (cl_command_queue))                                                                         \
	X(cl_mem, clCreateBuffer, (cl_context, cl_bitfield flags, size_t bytes, void *host, cl_int *))                               \
	X(cl_int, clReleaseMemObject, (cl_mem))                                                                                      \
	X(cl_program, clCreateProgramWithSource, (cl_context, cl_uint n, const char **text, const size_t *bytes, cl_int *))          \
	X(cl_program, clCreateProgramWithBinary,                                                                                     \
	  (cl_context, cl_uint n, const cl_device_id *, const size_t *bytes, const unsigned char **, cl_int *status, cl_int *))      \
	X(cl_int, clBuildProgram, (cl_program, cl_uint n, const cl_device_id *, const char *options, void *notify, void *user))      \
	X(cl_int, clGetProgramInfo, (cl_program, cl_uint what, size_t room, void *out, size_t *used))                                \
	X(cl_int, clGetProgramBuildInfo, (cl_program, cl_device_id, cl_uint what, size_t room, void *out, size_t *used))             \
	X(cl_int, clReleaseProgram, (cl_program))                                                                                    \
	X(cl_kernel, clCreateKernel, (cl_program, const char *name, cl_int *))                                                       \
	X(cl_int, clReleaseKernel, (cl_kernel))                                                                                      \
	X(cl_int, clSetKernelArg, (cl_kernel, cl_uint i, size_t bytes, const void *value))                                           \
	X(cl_int, clEnqueueNDRangeKernel, (cl_command_queue, cl_kernel, cl_uint dimensions, const size_t *offset, const size_t *all, \
					   const size_t *group, cl_uint n, const cl_event *, cl_event *))                            \
	X(cl_int, clEnqueueWriteBuffer, (cl_command_queue, cl_mem, cl_bool blocking, size_t at, size_t bytes, const void *,          \
					 cl_uint n, const cl_event *, cl_event *))                                                   \
	X(cl_int, clEnqueueReadBuffer, (cl_command_queue, cl_mem, cl_bool blocking, size_t at, size_t bytes, void *, cl_uint n,      \
					const cl_event *, cl_event *))                                                               \
	X(cl_int, clEnqueueFillBuffer, (cl_command_queue, cl_mem, const void *pattern, size_t pattern_bytes, size_t at,              \
					size_t bytes, cl_uint n, const cl_event *, cl_event *))                                      \
	X(void *, clEnqueueMapBuffer, (cl_command_queue, cl_mem, cl_bool blocking, cl_bitfield flags, size_t at, size_t bytes,       \
				       cl_uint n, const cl_event *, cl_event *, cl_int *))                                           \
	X(cl_int, clEnqueueUnmapMemObject, (cl_command_queue, cl_mem, void *at, cl_uint n, const cl_event *, cl_event *))            \
	X(cl_int, clEnqueueMigrateMemObjects, (cl_command_queue, cl_uint n_memory, const cl_mem *, cl_bitfield flags, cl_uint n,     \
					       const cl_event *, cl_event *))                                                        \
	X(cl_int, clGetEventInfo, (cl_event, cl_uint what, size_t room, void *out, size_t *used))                                    \
	X(cl_int, clReleaseEvent, (cl_event))                                                                                        \
	X(cl_int, clFlush, (cl_command_queue))                                                                                       \
	X(cl_int, clFinish, (cl_command_queue))

#endif
