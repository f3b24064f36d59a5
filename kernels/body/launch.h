/* launch.h - the device kernels by number, and how many items their groups have.
 *
 * For the host side of device engines and for the kernels themselves: compiles as C, OpenCL C and CUDA. */
#ifndef KERNELS_BODY_LAUNCH_H
#define KERNELS_BODY_LAUNCH_H

enum device_kernel {
	DEVICE_DECODE,       /* LZ4 blocks that fit the window in local memory: decode, unshuffle, to the image */
	DEVICE_DECODE_LARGE, /* larger ones, decoded in global memory */
	DEVICE_UNSHUFFLE,    /* bit planes of larger ones to pixels */
	DEVICE_TOTALS,       /* totals and radial sums of one piece of an image */
	DEVICE_SUMMARY,      /* the pieces' totals into the frame's */
	DEVICE_DISPERSION,   /* strong pixels by `dispersion` */
	DEVICE_MARK,         /* `dispersion_extended`: step 1 */
	DEVICE_ERODE,        /* step 2 */
	DEVICE_EXTENDED,     /* steps 3 and 4 */
	DEVICE_KERNELS
};

/* Items of a group: fixed when the kernels are compiled. A group of DECODE is one warp of NVIDIA's, so that its barriers cost next to nothing. */
#define DECODE_ITEMS 32
#define PIXEL_ITEMS 128

#endif
