/* config_check.c - what is wrong with a configuration that no single key can show. Looks at the file system, changes nothing. */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernels/plan.h"
#include "pipeline/config.h"
#include "pipeline/hit.h"

struct checker {
	const struct config *config;
	char *message;
	size_t message_bytes;
};

static int refuse(const struct checker *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int refuse(const struct checker *c, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vsnprintf(c->message, c->message_bytes, format, list);
	va_end(list);
	return -EINVAL;
}

static bool is_none(const char *text)
{
	return !strcmp(text, "none");
}

static int check_readable(const struct checker *c, const char *key, const char *path)
{
	struct stat about;

	if (stat(path, &about) || access(path, R_OK))
		return refuse(c, "%s: %s: %s", key, path, strerror(errno));
	return S_ISREG(about.st_mode) ? 0 : refuse(c, "%s: %s is not a file", key, path);
}

/* FILE or FILE.h5:/path */
static int check_mask(const struct checker *c)
{
	char path[CONFIG_TEXT_MAX];
	char *colon;

	if (is_none(c->config->mask.file))
		return 0;
	snprintf(path, sizeof path, "%s", c->config->mask.file);
	colon = strrchr(path, ':');
	if (colon && access(path, F_OK))
		*colon = 0;
	return check_readable(c, "mask.file", path);
}

/* An output directory is there and can be written, or its parent can and it will be made. */
static int check_directory(const struct checker *c)
{
	const char *directory = c->config->output.directory;
	char parent[CONFIG_TEXT_MAX + 3];
	struct stat about;
	char *slash;

	if (is_none(directory))
		return 0;
	if (!stat(directory, &about)) {
		if (!S_ISDIR(about.st_mode))
			return refuse(c, "output.directory: %s is not a directory", directory);
		return access(directory, W_OK | X_OK) ? refuse(c, "output.directory: %s: %s", directory, strerror(errno)) : 0;
	}
	if (errno != ENOENT)
		return refuse(c, "output.directory: %s: %s", directory, strerror(errno));
	snprintf(parent, sizeof parent, "%s%s", directory[0] == '/' ? "" : "./", directory);
	while ((slash = strrchr(parent, '/')) && slash != parent && !slash[1])
		*slash = 0;
	if (slash)
		slash[slash == parent] = 0;
	if (access(parent, W_OK | X_OK))
		return refuse(c, "output.directory: %s is not there and cannot be made in %s: %s", directory, parent, strerror(errno));
	return 0;
}

static int check_files(const struct checker *c)
{
	struct stat about;
	int error = check_mask(c);

	if (!error && !is_none(c->config->geometry.poni))
		error = check_readable(c, "geometry.poni", c->config->geometry.poni);
	if (!error && !is_none(c->config->engine.fpga_image))
		error = check_readable(c, "engine.fpga_image", c->config->engine.fpga_image);
	if (!error)
		error = check_directory(c);
	if (!error && (stat(c->config->machine.sysfs, &about) || !S_ISDIR(about.st_mode)))
		error = refuse(c, "machine.sysfs: %s is not a directory", c->config->machine.sysfs);
	return error;
}

static int check_geometry(const struct checker *c)
{
	const struct config *config = c->config;

	if (!is_none(config->geometry.poni) && !isnan(config->geometry.distance_mm))
		return refuse(c, "geometry.distance_mm: geometry.poni gives it already; keep one of them");
	if (!is_none(config->geometry.poni) && !isnan(config->geometry.beam_x_px))
		return refuse(c, "geometry.beam_px: geometry.poni gives it already; keep one of them");
	if (isnan(config->geometry.beam_x_px) != isnan(config->geometry.beam_y_px))
		return refuse(c, "geometry.beam_px: both x and y are wanted, or neither");
	if (isnan(config->geometry.pixel_x_um) != isnan(config->geometry.pixel_y_um))
		return refuse(c, "geometry.pixel_um: both x and y are wanted, or neither");
	return 0;
}

static int check_ranges(const struct checker *c)
{
	const struct config *config = c->config;

	if (!config->radial.range_auto && config->radial.range_min >= config->radial.range_max)
		return refuse(c, "radial.range: [%g, %g]: the first must be the smaller", config->radial.range_min, config->radial.range_max);
	if ((uint64_t)config->radial.bins * config->radial.sectors > PLAN_BINS_MAX)
		return refuse(c, "radial.sectors: %u sectors of %u bins are more than %u bins", config->radial.sectors, config->radial.bins,
			      PLAN_BINS_MAX);
	if (config->spots.min_pixels > config->spots.max_pixels)
		return refuse(c, "spots.min_pixels: %u is more than spots.max_pixels, %u", config->spots.min_pixels, config->spots.max_pixels);
	if (config->hit.d_far <= config->hit.d_near)
		return refuse(c, "hit.resolution_angstrom: [%g, %g]: the first must be the larger", config->hit.d_far, config->hit.d_near);
	if (config->hit.background_q_min >= config->hit.background_q_max)
		return refuse(c, "hit.background_q: [%g, %g]: the first must be the smaller", config->hit.background_q_min,
			      config->hit.background_q_max);
	if (config->limits.max_message_mib > config->machine.budget_mib)
		return refuse(c, "limits.max_message_mib: %u is more than machine.budget_mib, %u: such a message would find no room",
			      config->limits.max_message_mib, config->machine.budget_mib);
	return 0;
}

static int check_inputs(const struct checker *c)
{
	const struct config *config = c->config;

	if (!config->input.n)
		return refuse(c, "input: no entry");
	for (uint32_t i = 0; i < config->input.n; i++)
		for (uint32_t j = 0; j < i; j++) {
			const struct config_input *a = &config->input.entry[j], *b = &config->input.entry[i];

			if (!strcmp(a->endpoint, b->endpoint))
				return refuse(c, "input.%u.endpoint: %s is that of input.%u too; each frame reaches only one of them", i, b->endpoint, j);
			if (b->group[0] && !strcmp(a->group, b->group) && a->shared != b->shared)
				return refuse(c, "input.%u.shared: entries of group '%s' differ", i, b->group);
		}
	return 0;
}

static int check_outputs(const struct checker *c)
{
	const struct config *config = c->config;
	const char *results = config->output.results, *frames = config->output.frames;

	if (!is_none(frames) && !strcmp(results, frames) && !strstr(frames, ":*") && strcmp(strrchr(frames, ':'), ":0"))
		return refuse(c, "output.frames: %s is that of output.results too", frames);
	for (uint32_t i = 0; i < config->input.n; i++) {
		if (!strcmp(config->input.entry[i].endpoint, results))
			return refuse(c, "output.results: %s is that of input.%u.endpoint too", results, i);
		if (!strcmp(config->input.entry[i].endpoint, frames))
			return refuse(c, "output.frames: %s is that of input.%u.endpoint too", frames, i);
	}
	return 0;
}

static int check_hit(const struct checker *c)
{
	struct hit_rule rule;
	char words[512];

	if (hit_compile(&rule, c->config->hit.when, words, sizeof words))
		return refuse(c, "hit.when: '%s': %s", c->config->hit.when, words);
	return 0;
}

/* Passwords without TLS would be read by everybody on the way. */
static int check_http(const struct checker *c)
{
	const struct config *config = c->config;
	const char *listen = config->http.listen;

	if (is_none(config->http.certificate) != is_none(config->http.key))
		return refuse(c, "http.certificate: the certificate and its key are wanted, or neither");
	if (!is_none(config->http.password_file) && is_none(config->http.certificate) && strncmp(listen, "127.", 4) &&
	    strncmp(listen, "localhost:", 10) && strncmp(listen, "[::1]:", 6))
		return refuse(c, "http.password_file: passwords are asked for over TLS only (http.certificate, http.key)");
	return 0;
}

int config_check(const struct config *config, char *message, size_t message_bytes)
{
	static int (*const checks[])(const struct checker *) = { check_inputs, check_geometry, check_ranges, check_hit, check_outputs,
							      check_http, check_files };
	struct checker c = { config, message, message_bytes };

	for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
		int error = checks[i](&c);

		if (error)
			return error;
	}
	return 0;
}
