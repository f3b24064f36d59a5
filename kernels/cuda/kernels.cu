/* kernels.cu - kernels/body compiled for NVIDIA's cards, and the list of what it makes. */
#include "kernels/body/kernels.h"
#include "kernels/cuda/kernels.h"

const void *cuda_kernel(enum device_kernel kernel)
{
	switch (kernel) {
	case DEVICE_DECODE:
		return (const void *)sluice_decode;
	case DEVICE_DECODE_LARGE:
		return (const void *)sluice_decode_large;
	case DEVICE_UNSHUFFLE:
		return (const void *)sluice_unshuffle;
	case DEVICE_TOTALS:
		return (const void *)sluice_totals;
	case DEVICE_SUMMARY:
		return (const void *)sluice_summary;
	case DEVICE_DISPERSION:
		return (const void *)sluice_dispersion;
	case DEVICE_MARK:
		return (const void *)sluice_mark;
	case DEVICE_ERODE:
		return (const void *)sluice_erode;
	case DEVICE_EXTENDED:
		return (const void *)sluice_extended;
	default:
		return nullptr;
	}
}

unsigned cuda_kernel_items(enum device_kernel kernel)
{
	return kernel == DEVICE_DECODE || kernel == DEVICE_DECODE_LARGE ? DECODE_ITEMS : PIXEL_ITEMS;
}
