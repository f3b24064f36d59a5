/* dialect.h - the few words in which C, OpenCL C 1.2 and CUDA differ, so that kernels stand once.
 *
 * For kernels/body alone. A group has GROUP_ITEMS(n) items: n on a device, one in plain C, where a barrier is nothing and every
 * atomic an ordinary operation; kernels stride over their work by that number, so one item does all of it. Items of a group run in any
 * order between barriers, and nothing is assumed of subgroups but that NVIDIA's 32 items are one warp, which has its own cheap barrier. */
#ifndef KERNELS_BODY_DIALECT_H
#define KERNELS_BODY_DIALECT_H

#if defined(__OPENCL_VERSION__)

typedef uchar u8;
typedef ushort u16;
typedef uint u32;
typedef ulong u64;

#define KERNEL(items) __attribute__((reqd_work_group_size(items, 1, 1))) __kernel void
#define BODY static
#define GROUP_ARGUMENT
#define GROUP_INDEX ((u32)get_group_id(0))
#define ITEM_INDEX ((u32)get_local_id(0))
#define GROUP_ITEMS(n) (n)
#define GLOBAL __global
#define LOCAL __local        /* what a pointer points to */
#define LOCAL_ARRAY __local  /* an array at the top of a kernel */
#define RESTRICT restrict
#ifdef DIALECT_PLAIN_LOOPS /* processors have few registers, and their compilers take long over many statements */
#define UNROLL
#else
#define UNROLL _Pragma("unroll")
#endif
#define BARRIER_LOCAL barrier(CLK_LOCAL_MEM_FENCE)
#define BARRIER_GLOBAL barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE)
#define WARP_BARRIER_LOCAL BARRIER_LOCAL   /* in groups of 32 items */
#define WARP_BARRIER_GLOBAL BARRIER_GLOBAL
#define STORE4(to, a, b, c, d) (*(__global uint4 *)(to) = (uint4)(a, b, c, d)) /* to is a multiple of 16 */
#define LOCAL_ADD(at, n) atomic_add(at, n) /* the old value */
#define LOCAL_OR(at, n) atomic_or(at, n)
#define GLOBAL_ADD(at, n) atomic_add(at, n)

#elif defined(__CUDACC__)

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

#define KERNEL(items) extern "C" __global__ void __launch_bounds__(items)
#define BODY static __device__ __forceinline__
#define GROUP_ARGUMENT
#define GROUP_INDEX ((u32)blockIdx.x)
#define ITEM_INDEX ((u32)threadIdx.x)
#define GROUP_ITEMS(n) (n)
#define GLOBAL
#define LOCAL
#define LOCAL_ARRAY __shared__ __align__(16)
#define RESTRICT __restrict__
#define BARRIER_LOCAL __syncthreads()
#define BARRIER_GLOBAL __syncthreads()
#define WARP_BARRIER_LOCAL __syncwarp()
#define WARP_BARRIER_GLOBAL __syncwarp()
#define UNROLL _Pragma("unroll")
#define STORE4(to, a, b, c, d) (*(uint4 *)(to) = make_uint4(a, b, c, d))
#define LOCAL_ADD(at, n) atomicAdd(at, n)
#define LOCAL_OR(at, n) atomicOr(at, n)
#define GLOBAL_ADD(at, n) atomicAdd(at, n)

#else

#include <stdbool.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define KERNEL(items) static inline void
#define BODY static inline
#define GROUP_ARGUMENT const u32 group_index,
#define GROUP_INDEX group_index
#define ITEM_INDEX 0u
#define GROUP_ITEMS(n) 1u
#define GLOBAL
#define LOCAL
#define LOCAL_ARRAY
#define RESTRICT restrict
#define BARRIER_LOCAL ((void)0)
#define BARRIER_GLOBAL ((void)0)
#define WARP_BARRIER_LOCAL ((void)0)
#define WARP_BARRIER_GLOBAL ((void)0)
#define UNROLL
#define STORE4(to, a, b, c, d) ((to)[0] = (a), (to)[1] = (b), (to)[2] = (c), (to)[3] = (d))
#define LOCAL_ADD(at, n) dialect_add(at, n)
#define LOCAL_OR(at, n) dialect_or(at, n)
#define GLOBAL_ADD(at, n) dialect_add(at, n)

static inline u32 dialect_add(u32 *at, u32 n)
{
	u32 old = *at;

	*at += n;
	return old;
}

static inline u32 dialect_or(u32 *at, u32 n)
{
	u32 old = *at;

	*at |= n;
	return old;
}

#endif
#endif
