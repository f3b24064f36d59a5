/* config.h - the configuration of a node, and the one table of options that it is read by.
 *
 * pipeline/config.c holds the table: every key, its type, bounds, default and sentence. It feeds parsing, --set, help, `sluice config` (the reference
 * configuration) and its test. host/options does the work on YAML text and knows no key. */
#ifndef PIPELINE_CONFIG_H
#define PIPELINE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONFIG_INPUTS_MAX 16
#define CONFIG_ENGINES_MAX 8
#define CONFIG_RECTANGLES_MAX 64
#define CONFIG_TEXT_MAX 512

enum config_keep { KEEP_NONE, KEEP_FULL };
enum config_when_blocked { WHEN_BLOCKED_DROP, WHEN_BLOCKED_WAIT };
enum config_overload { OVERLOAD_SHED, OVERLOAD_WAIT };

struct config_input {
	char endpoint[CONFIG_TEXT_MAX]; /* tcp://host:port, ipc://path; required */
	char group[64];                 /* entries of one group form one run; "" : the entry by itself is a group named by its number */
	bool shared;                    /* other receivers pull from the same socket: gaps are counted `elsewhere`, not `missing` */
	char simplon[CONFIG_TEXT_MAX];  /* http://host[:port][/stream/api/1.8.0] or "none": asked for the detector's dropped counter */
};

struct config_rectangle { uint32_t x, y, width, height; }; /* pixels */

struct config {
	struct {
		uint32_t n;
		struct config_input entry[CONFIG_INPUTS_MAX];
	} input;
	struct {
		uint32_t n_order;
		char order[CONFIG_ENGINES_MAX][16];
		uint32_t threads;           /* 0: auto */
		char cpu_level[16];         /* "auto", "scalar", "avx2", "avx512", "neon" */
		uint32_t queues_per_device, max_batch;
		uint32_t device_memory_mib; /* 0: what there is */
		uint32_t slab_mib;          /* page-locked memory of this machine, for each device */
		bool opencl_cpu;            /* use OpenCL devices that are processors beside other engines */
		bool fpga_simulated;        /* use the simulated FPGA beside other engines */
		char fpga_image[CONFIG_TEXT_MAX]; /* "none" */
		uint32_t fpga_clock_mhz, fpga_latency_clocks, fpga_stall_percent;
	} engine;
	struct {                            /* NaN: as announced */
		double distance_mm, beam_x_px, beam_y_px, pixel_x_um, pixel_y_um, wavelength_angstrom; /* keys: distance_mm, beam_px: [x, y], pixel_um: number or [x, y], wavelength_angstrom */
		char poni[CONFIG_TEXT_MAX]; /* file or "none" */
	} geometry;
	struct {
		char file[CONFIG_TEXT_MAX]; /* "none"; HDF5 dataset FILE.h5:/path, or a raw / PNG / TIFF / NumPy mask; non-zero = do not use */
		uint32_t n_rectangles;
		struct config_rectangle rectangle[CONFIG_RECTANGLES_MAX];
	} mask;
	struct {
		char unit[16];              /* "q", "two_theta", "radius" */
		uint32_t bins, sectors;
		bool range_auto;
		double range_min, range_max;
		bool polarisation_on;
		double polarisation;
	} radial;
	struct {
		char algorithm[32];         /* "dispersion", "dispersion_extended", "none" */
		bool masked_is_background, max_minus_1_invalid, eight_neighbours;
		uint32_t kernel;
		double sigma_background, sigma_strong, gain;
		uint32_t threshold, min_pixels, max_pixels, max_spots, max_strong;
	} spots;
	struct {
		char when[CONFIG_TEXT_MAX];
		double d_far, d_near;       /* resolution_angstrom: [50, 1.5] */
		double background_q_min, background_q_max; /* background_q: [1.0, 2.5] */
		char channel[64];           /* "first", "any" or a channel's name */
	} hit;
	struct {
		enum config_keep hits, misses, unanalysed, invalid;
		double sample_misses;       /* 0..1 */
	} keep;
	struct {
		char results[CONFIG_TEXT_MAX], frames[CONFIG_TEXT_MAX], directory[CONFIG_TEXT_MAX]; /* "none" */
		enum config_when_blocked when_blocked;
		uint32_t frames_per_file, segment_age_s;
		uint32_t frames_queue_mib;  /* byte budget of the queue to the PUSH socket */
		uint32_t results_queue;     /* messages per subscriber */
		uint32_t start_wait_ms;     /* how long the start message waits for the first consumer of frames */
		uint32_t write_queue_mib;   /* byte budget of frames waiting for the disk; beyond it they fail, reason backlog */
		uint32_t reserve_mib;       /* of the file system that is left free */
	} output;
	struct {
		char listen[CONFIG_TEXT_MAX]; /* "127.0.0.1:8090", or "none" */
		char names[CONFIG_TEXT_MAX];  /* others of this machine, separated by commas; "" */
		char token_file[CONFIG_TEXT_MAX]; /* "none": one is made */
		char certificate[CONFIG_TEXT_MAX], key[CONFIG_TEXT_MAX], password_file[CONFIG_TEXT_MAX]; /* "none" */
		uint32_t hold_mib;          /* byte budget of the frames that the screen can show */
	} http;
	struct {
		uint32_t rows, columns;     /* 0: guessed */
		bool snake;
	} scan;
	struct {
		uint32_t quiet_after_end_ms, quiet_ms, plan_timeout_ms, remembered; /* 2000, 30000, 10000; closed runs remembered so that late frames are known: 64 */
	} run;
	struct {
		enum config_overload analysis; /* shed: frames pass unanalysed when the slots run low; wait: back-pressure */
	} overload;
	struct {
		uint32_t slots;             /* 0: auto from budget */
		uint32_t budget_mib;        /* bytes of frames in flight */
		bool huge_pages, pin_threads;
		char sysfs[CONFIG_TEXT_MAX];/* "/sys" */
	} machine;
	struct {
		uint32_t max_message_mib;   /* ZMQ_MAXMSGSIZE */
		uint32_t max_megapixels;    /* per channel */
		uint32_t max_channels;
		uint32_t receive_queue_mib; /* byte budget of the receiving socket */
	} limits;
	struct { char level[16]; } log;     /* "error", "warning", "info", "debug" */
};

/* The one table of options; its values lie in a struct config. */
struct options_row;
const struct options_row *config_options(void);

/* The defaults, as `sluice config` prints them. */
void config_defaults(struct config *config);

/* Starts from the defaults, reads a YAML file (NULL: none) and then the --set assignments (KEY=VALUE, dotted keys, e.g. "spots.kernel=4", "input=[{endpoint: tcp://…}]",
 * "input.0.endpoint=…"; VALUE is YAML). Returns 0, or -EINVAL with ONE message that names file, line, key, the bad value, the allowed ones and a near match;
 * config is then unchanged. Relative paths of a file are relative to its directory, those of an assignment to the working directory. */
int config_load(struct config *config, const char *path, const char *const *sets, size_t n_sets, char *message, size_t message_bytes);

/* One more assignment onto a configuration as it is (live tuning); unchanged where it is refused. */
int config_set(struct config *config, const char *assignment, char *message, size_t message_bytes);

/* What cannot be said key by key: the hit expression parses, the named files exist, ranges are ordered, geometry is whole. */
int config_check(const struct config *config, char *message, size_t message_bytes);

/* The configuration as YAML text, every key with its comment (with_comments) or bare. Returns malloc'ed text, the caller's. */
char *config_print(const struct config *config, bool with_comments);

#endif
