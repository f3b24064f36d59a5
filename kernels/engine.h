/* engine.h - THE contract: what analyses frames by a plan.
 *
 * An engine is a struct of functions. It has no threads, files, sockets, clocks or globals; the caller's lanes are the threads, one queue
 * each. Results are integers and every engine returns the same ones, bit for bit: kernels/reference is the truth.
 * Functions return 0 or a negative errno and never abort. */
#ifndef KERNELS_ENGINE_H
#define KERNELS_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/codec.h"
#include "kernels/frame.h"
#include "kernels/plan.h"

/* Outputs that an item may want; each has a buffer of the caller's in struct engine_item. */
enum engine_output {
	OUTPUT_TOTALS = 1,
	OUTPUT_RADIAL = 2, /* ignored where the plan has no bins */
	OUTPUT_STRONG = 4,
	OUTPUT_SPOTS = 8,
};

/* One spot (algorithms.md section 4): a connected component of strong pixels that passed the filters. All exact integers. */
struct spot {
	uint64_t sum;              /* sum of v */
	uint64_t sum_x, sum_y;     /* sum of v*x, v*y; integer pixel indices */
	uint32_t n_px;
	uint32_t max;              /* largest v */
	uint32_t max_index;        /* its flat index, first in row-major order */
	uint16_t x_min, x_max, y_min, y_max; /* bounding box, inclusive */
};

/* What an engine returns for a frame besides the lists. Zeroed by the engine first; no field is undefined.
 * sum to max_index stay 0 where TOTALS is not wanted. */
struct result {
	uint64_t sum;         /* of valid pixels */
	uint32_t n_valid, n_nodata, n_saturated;
	uint32_t max, max_index; /* largest valid value and its first index; 0 and 0 where nothing is valid */
	uint32_t n_strong;    /* exact, also where the lists overflow; 0 where neither STRONG nor SPOTS is wanted */
	uint32_t n_spots;     /* 0 when overflow */
	uint32_t overflow;    /* bit 0: more strong pixels than max_strong, bit 1: more spots than max_spots. Lists then empty (bit 0: both; bit 1: the spots) */
};
#define RESULT_OVERFLOW_STRONG 1u
#define RESULT_OVERFLOW_SPOTS 2u

/* One frame (one channel of it) to analyse. Everything belongs to the caller; between submit and wait the engine alone touches it. */
struct engine_item {
	struct payload payload;
	const struct block_table *blocks; /* checked by block_table_build for the plan's shape */
	uint32_t wanted;                  /* enum engine_output */
	struct result *result;            /* always */
	uint64_t *bin_sum;                /* plan.n_bins, if RADIAL */
	uint32_t *bin_count;              /* plan.n_bins, if RADIAL */
	uint32_t *strong;                 /* plan.max_strong flat indices ascending, if STRONG */
	struct spot *spots;               /* plan.max_spots in order of their first pixel, if SPOTS */
	int status;                       /* out: 0; -EBADMSG: a block is damaged, the outputs are zeroed; else the engine failed */
};

struct engine_capabilities {
	uint32_t algorithms;   /* bit per enum spot_algorithm */
	uint32_t pixel_types;  /* bit per enum pixel_type */
	uint32_t codecs;       /* bit per enum codec */
	uint32_t max_bins;
	uint32_t max_batch;    /* items a submit may hold */
	uint32_t max_queues;   /* 0: any number; what several queues of one device take of its memory they take each */
	bool needs_pinned;     /* payloads must lie in ranges given to pin. The caller then lays the items of a submit one behind the other in one range:
				  payload, block offsets, next payload, each from a multiple of 64 bytes on; so one copy can take a batch */
};

/* Where an engine may keep what took it long to make (programs built for one device). The caller's; NULL functions: nowhere. Called in
 * open only. A key is a name of at most 127 characters out of a-z, 0-9, '-' and '.', and stands for these bytes alone: they depend on nothing else. What is
 * loaded is not trusted: an engine that cannot use it makes it anew and stores that. */
#define ENGINE_CACHE_KEY 128
struct engine_cache {
	/* Bytes kept under the key, 0: none. They are copied to out where room_bytes suffices. */
	size_t (*load)(void *user, const char *key, void *out, size_t room_bytes);
	void (*store)(void *user, const char *key, const void *bytes, size_t n_bytes);
	void *user;
};

struct engine_config {
	uint32_t device;       /* which one of the engine's devices, from 0 */
	const char *cpu_level; /* cpu engine: "scalar", "avx2", "avx512", "neon"; NULL: the best there is */
	struct engine_cache cache;
	uint64_t max_memory_bytes; /* of the device's memory for all plans and queues of one context; 0: what there is. Past it: -ENOMEM */
	const char *fpga_image;    /* the .xclbin that cards are loaded with; NULL: none */
	uint32_t fpga_clock_mhz;   /* assumed of simulated devices and cards; 0: 250 */
	uint32_t fpga_latency_clocks; /* of the simulated device's memory, from a read's address to its first word; 0: 128 */
	uint32_t fpga_stall_percent;  /* of all clocks, at random, in which a port of the simulated device's memory does nothing; at most 90 */
};

/* What is known of one device before it is opened. Words are empty and numbers 0 where the driver does not say. */
struct engine_device {
	char name[128];
	char driver[64];       /* its version */
	char pci[16];          /* "0000:3b:00.0", as the machine names it: leads to its NUMA node */
	uint64_t memory_bytes;
	bool on_cpu;           /* it computes on the machine's own processors, where another engine is faster: used only when asked for */
	bool simulated;        /* then: it is hardware that a program imitates, thousands of times slower; asked for apart */
	char unfit[128];       /* why the engine cannot run on it; empty: it can, as far as can be told without opening it */
};

/* What a device has counted by itself, over all frames of a queue, read back with their results and checked against what was asked of it. */
struct engine_counters {
	uint64_t frames, blocks, pixels; /* blocks decoded; pixels that went into totals and radial sums */
	uint64_t pixels_tested;          /* pixels that went through the test for strong ones */
	uint64_t copied_in_bytes, copied_out_bytes;
	uint64_t clocks;                 /* of the unit that was busy longest, over its frames; 0: clocks are not counted */
	uint32_t units;                  /* that frames go to in turn; 0: the device does not tell */
	uint64_t on_host;                /* frames of which the engine itself found a part or all with the machine's processors */
	uint32_t clock_mhz;              /* of the units, as it was assumed: no device tells its own; 0 as above */
	uint64_t payload_bytes, table_bytes, record_bytes; /* over the units' ports to their memory: frames; the plan's tables; block offsets, records, lists. 0 as above */
};

/* One stage of a device that works on a frame in stages at the same time, over all frames of a queue and all units. What has errors of its own and no
 * clocks is a stage, too. */
struct engine_stage {
	char name[16];
	uint64_t busy, stalled_in, stalled_out; /* clocks with a transfer, waiting for input, waiting for room behind */
	uint64_t errors; /* what it met: memory that answers wrongly, data that cannot be; of frames that failed, of damaged ones, and where it is a list too short */
};

struct engine_context; /* one open device */
struct engine_plan;    /* a plan as the device holds it */
struct engine_queue;   /* one lane's way in; used by one thread at a time */

struct engine {
	const char *name;  /* "reference", "cpu", "cuda", ... */
	/* The devices: fills out[0 .. capacity) and returns how many there are (which may be more), or -ENODEV and why in words there are
	 * none. NULL: there is one, number 0, about which there is nothing to say but what probe says. */
	int (*devices)(struct engine_device *out, uint32_t capacity, char *words, size_t words_bytes);
	/* Is it there? 0 and one line about the device in words, or -ENODEV and why not. */
	int (*probe)(const struct engine_config *config, char *words, size_t words_bytes);
	/* A device computes answers that are known first: -EILSEQ where one is wrong. */
	int (*open)(struct engine_context **out, const struct engine_config *config);
	void (*close)(struct engine_context **context); /* takes NULL; all queues and plans must be gone */
	void (*capabilities)(const struct engine_context *context, struct engine_capabilities *out);
	/* Several plans may be loaded at once. The struct plan must outlive the handle. -ENOTSUP: ask capabilities. */
	int (*plan_load)(struct engine_context *context, struct engine_plan **out, const struct plan *plan);
	void (*plan_drop)(struct engine_context *context, struct engine_plan **plan);
	/* Tells the engine of a range of memory that payloads will come from; may do nothing. */
	int (*pin)(struct engine_context *context, void *at, size_t bytes);
	void (*unpin)(struct engine_context *context, void *at, size_t bytes);
	/* scratch for frames of up to max_bytes uncompressed is taken here, not in submit (it grows at plan change only). */
	int (*queue_open)(struct engine_context *context, struct engine_queue **out, size_t max_bytes);
	void (*queue_close)(struct engine_queue **queue);
	/* Hands n items over (n <= max_batch), all for one plan. The CPU computes here. An error here fails the batch as a whole; a bad frame is its item's status. */
	int (*submit)(struct engine_queue *queue, const struct engine_plan *plan, struct engine_item *items, uint32_t n);
	/* Returns when every submitted item is done. */
	int (*wait)(struct engine_queue *queue);
	/* What the device counted since queue_open. NULL: it has no counters. */
	void (*counters)(const struct engine_queue *queue, struct engine_counters *out);
	/* The device's stages in the order that a frame passes them, since queue_open: fills out[0 .. capacity) and returns how many there are. NULL: it
	 * has none. */
	uint32_t (*stages)(const struct engine_queue *queue, struct engine_stage *out, uint32_t capacity);
};

/* What an engine that is a shared object of its own exports as `sluice_engine`. The version is looked at before anything else; it changes with every change
 * of this file that a program built before would trip over. */
#define ENGINE_PLUGIN_SYMBOL "sluice_engine"
#define ENGINE_VERSION 3u
struct engine_plugin {
	uint32_t version;            /* ENGINE_VERSION */
	uint32_t engine_bytes;       /* sizeof(struct engine) */
	const struct engine *engine;
};

extern const struct engine engine_reference; /* the truth: plain scalar C */
extern const struct engine engine_cpu;
extern const struct engine engine_opencl; /* OpenCL's loader, drivers and devices are looked for when it is asked */

#endif
