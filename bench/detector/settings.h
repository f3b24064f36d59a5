/* settings.h - what the user asked for: options of the whole program, and settings of every series.
 *
 * Filled by options.c, completed by settings.c, read by everybody. Plain data. NaN stands for "choose for me" until settings_complete. */
#ifndef BENCH_DETECTOR_SETTINGS_H
#define BENCH_DETECTOR_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/detector/background.h"
#include "bench/detector/crystal.h"
#include "bench/detector/models.h"
#include "host/stream.h"
#include "kernels/frame.h"

#define SETTINGS_PATH_MAX 1024
#define SETTINGS_ENDPOINTS_MAX 16
#define SETTINGS_SERIES_MAX 64
#define SETTINGS_RANGES_MAX 64

enum channel_kind { CHANNEL_THRESHOLD_1, CHANNEL_THRESHOLD_2, CHANNEL_DIFFERENCE, CHANNEL_KINDS };
extern const char *const channel_names[CHANNEL_KINDS];

/* Which frames something happens to: a share of them at random, or these. */
struct frame_choice {
	double share;
	unsigned n_ranges;
	struct { uint64_t first, last; } range[SETTINGS_RANGES_MAX];
};

/* Something that happens once, before this frame is sent. frame UINT64_MAX: never. */
struct frame_event {
	uint64_t frame;
	double amount; /* seconds or bytes */
};

/* One series. */
struct settings {
	/* what is sent */
	char file[SETTINGS_PATH_MAX];     /* replay this HDF5 file; "" */
	char capture[SETTINGS_PATH_MAX];  /* replay this folder; "" */
	uint64_t frames;                  /* 0: until interrupted (generated), all (file) */
	bool frames_given;
	double hit_rate, ice_share;
	/* detector and beam */
	struct model model;
	double wavelength_angstrom, energy_ev, distance_mm, centre_px[2], bandwidth;
	bool centre_given;
	uint32_t n_hot, n_dead;
	double hot_photons;
	/* crystal */
	struct crystal_cell cell;
	bool cell_given;
	double mosaic_deg, domain_angstrom, wilson_b, spot_photons, spot_sigma_px, resolution_angstrom;
	uint32_t min_strong;              /* 0: choose */
	struct background_config background;
	/* stream */
	bool v1;
	enum pixel_type type;
	enum codec codec;
	bool codec_given, type_given;
	uint32_t block_bytes;
	int header_detail;                /* 0 none, 1 basic, 2 all; -1: choose */
	char header_appendix[STREAM_TEXT_MAX], image_appendix[STREAM_TEXT_MAX]; /* v1: as they are; v2: user_data as text */
	unsigned n_channels;
	enum channel_kind channel[CHANNEL_KINDS];
	bool flatfield;
	uint64_t series_id;               /* UINT64_MAX: one more than the series before */
	bool same_id;                     /* same series_id and unique id as the series before */
	double rate_hz;                   /* 0: as fast as possible */
	uint32_t pool;                    /* 0: choose */
	/* faults */
	struct frame_choice drop, duplicate, reorder, damage, truncate, cut, late, garbage;
	uint32_t reorder_window;
	double late_delay_s, end_delay_s, gap_s;
	bool no_start, no_end;
	struct frame_event silence, rebind, oversize;
};

/* The whole program. */
struct options {
	unsigned n_endpoints;
	char endpoint[SETTINGS_ENDPOINTS_MAX][256];
	bool start_to_first;              /* start and end to the first endpoint only */
	bool drop_when_blocked;
	uint32_t high_water;              /* messages per connection; 0: choose */
	double give_up_s;                 /* 0: never */
	double linger_s, idle_s;
	uint64_t seed;
	uint64_t repeats;                 /* of the list of series; 0: for ever */
	uint32_t threads;                 /* 0: choose */
	uint32_t pool_mib;
	char truth[SETTINGS_PATH_MAX];
	uint32_t simplon_port;            /* 0: none */
	bool quiet, json;
	unsigned n_series;
	struct settings series[SETTINGS_SERIES_MAX];
};

void settings_clear(struct settings *settings);
void options_clear(struct options *options);

/* Chooses what was left open and checks what only the whole can tell. 0, or -EINVAL with one message. */
int settings_complete(struct settings *settings, char *message, size_t message_bytes);

/* Largest value that is announced as valid for the type: above it a pixel reads as overloaded. */
uint32_t settings_saturation(enum pixel_type type);
void settings_beam(const struct settings *settings, struct crystal_beam *beam);

/* Is this frame one of them? The share is decided by a hash of (key, frame). */
bool frame_chosen(const struct frame_choice *choice, uint64_t key, uint64_t frame);
static inline bool frame_choice_any(const struct frame_choice *choice)
{
	return choice->share > 0 || choice->n_ranges;
}

#endif
