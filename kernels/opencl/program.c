/* program.c - the kernels' source as one text, and a program of it for one device, from the caller's cache where that has it (see opencl.h).
 *
 * The key is a hash of source and options and one of device and driver. A kept program begins with a hash of the rest: a file that was cut
 * short is not shown to a driver. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/opencl/opencl.h"

#define FIRST_FILE "kernels/body/kernels.h"
#define OPTIONS "-cl-std=CL1.2"
#define OPTIONS_ON_CPU OPTIONS " -DDIALECT_PLAIN_LOOPS"
#define INCLUDE "#include \""
#define DEPTH_MAX 16

/* FNV-1a (Fowler, Noll, Vo) */
static uint64_t hash(uint64_t h, const void *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		h = (h ^ ((const unsigned char *)bytes)[i]) * 0x100000001b3u;
	return h;
}
#define HASH_START 0xcbf29ce484222325u

struct text {
	char *at;
	size_t bytes, room;
};

static const char *options_for(const struct opencl *cl, const struct opencl_place *place)
{
	return opencl_number(cl, place->device, CL_DEVICE_TYPE) & CL_DEVICE_TYPE_CPU ? OPTIONS_ON_CPU : OPTIONS;
}

static int append(struct text *text, const void *from, size_t n)
{
	if (n > text->room - text->bytes) {
		size_t room = 2 * (text->room + n);
		char *larger = realloc(text->at, room);

		if (!larger)
			return -ENOMEM;
		text->at = larger;
		text->room = room;
	}
	memcpy(text->at + text->bytes, from, n);
	text->bytes += n;
	return 0;
}

static const struct opencl_text *find(const char *name, size_t length)
{
	for (const struct opencl_text *t = opencl_texts; t->name; t++)
		if (strlen(t->name) == length && !memcmp(t->name, name, length))
			return t;
	return NULL;
}

/* Adds a file, and in the place of each line that includes another one that one: a driver's compiler finds no files. */
static int expand(struct text *text, const struct opencl_text *file, int depth)
{
	const char *at = file ? (const char *)file->at : NULL, *end = file ? at + file->bytes : NULL;
	int error = file && depth < DEPTH_MAX ? 0 : -ENOEXEC;

	while (!error && at < end) {
		const char *line_end = memchr(at, '\n', (size_t)(end - at));
		size_t length = line_end ? (size_t)(line_end - at) + 1 : (size_t)(end - at), start = strlen(INCLUDE);

		if (length > start && !memcmp(at, INCLUDE, start)) {
			const char *name = at + start, *quote = memchr(name, '"', length - start);

			error = quote ? expand(text, find(name, (size_t)(quote - name)), depth + 1) : -ENOEXEC;
		} else {
			error = append(text, at, length);
		}
		at += length;
	}
	return error;
}

static void make_key(const struct opencl *cl, const struct opencl_place *place, const struct text *source, char key[ENGINE_CACHE_KEY])
{
	static const cl_uint facts[] = {CL_DEVICE_NAME, CL_DRIVER_VERSION, CL_DEVICE_VERSION};
	const char *options = options_for(cl, place);
	uint64_t text = hash(hash(HASH_START, source->at, source->bytes), options, strlen(options)), device = HASH_START;
	char words[256] = "";

	for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
		opencl_string(cl, place->device, facts[i], words, sizeof words);
		device = hash(device, words, strlen(words) + 1);
	}
	words[0] = 0;
	cl->clGetPlatformInfo(place->platform, CL_PLATFORM_VERSION, sizeof words - 1, words, NULL);
	words[sizeof words - 1] = 0;
	device = hash(device, words, strlen(words) + 1);
	snprintf(key, ENGINE_CACHE_KEY, "opencl-%016llx-%016llx", (unsigned long long)text, (unsigned long long)device);
}

/* The kept program, or NULL. */
static cl_program load(const struct opencl *cl, const struct opencl_place *place, cl_context context, const struct engine_cache *cache,
		       const char *key)
{
	size_t bytes = cache->load ? cache->load(cache->user, key, NULL, 0) : 0, length;
	unsigned char *kept = bytes > sizeof(uint64_t) ? malloc(bytes) : NULL;
	const unsigned char *binary;
	cl_program program = NULL;
	cl_int status = 0, error = 0;
	uint64_t sum;

	if (!kept)
		return NULL;
	binary = kept + sizeof sum;
	length = bytes - sizeof sum;
	if (cache->load(cache->user, key, kept, bytes) != bytes)
		goto out;
	memcpy(&sum, kept, sizeof sum);
	if (sum != hash(HASH_START, binary, length))
		goto out;
	program = cl->clCreateProgramWithBinary(context, 1, &place->device, &length, &binary, &status, &error);
	if (program && (error || status || cl->clBuildProgram(program, 1, &place->device, options_for(cl, place), NULL, NULL))) {
		cl->clReleaseProgram(program);
		program = NULL;
	}
out:
	free(kept);
	return program;
}

static void store(const struct opencl *cl, cl_program program, const struct engine_cache *cache, const char *key)
{
	unsigned char *kept, *binary;
	size_t bytes = 0;
	uint64_t sum;

	if (!cache->store || cl->clGetProgramInfo(program, CL_PROGRAM_BINARY_SIZES, sizeof bytes, &bytes, NULL) || bytes == 0)
		return;
	kept = malloc(bytes + sizeof sum);
	if (!kept)
		return;
	binary = kept + sizeof sum;
	if (!cl->clGetProgramInfo(program, CL_PROGRAM_BINARIES, sizeof binary, &binary, NULL)) {
		sum = hash(HASH_START, binary, bytes);
		memcpy(kept, &sum, sizeof sum);
		cache->store(cache->user, key, kept, bytes + sizeof sum);
	}
	free(kept);
}

static int build(const struct opencl *cl, const struct opencl_place *place, cl_context context, const struct text *source,
		 cl_program *out, struct driver_words words)
{
	const char *at = source->at;
	char log[1024] = "";
	cl_int error = 0;

	*out = cl->clCreateProgramWithSource(context, 1, &at, &source->bytes, &error);
	if (!*out || error)
		return -ENOMEM;
	error = cl->clBuildProgram(*out, 1, &place->device, options_for(cl, place), NULL, NULL);
	if (!error)
		return 0;
	cl->clGetProgramBuildInfo(*out, place->device, CL_PROGRAM_BUILD_LOG, sizeof log - 1, log, NULL);
	opencl_say(words, "its compiler refuses the kernels (error %d): %.400s", error, log);
	return -ENOEXEC;
}

int opencl_program(const struct opencl *cl, const struct opencl_place *place, cl_context context, const struct engine_cache *cache,
		   cl_program *out, struct driver_words words)
{
	struct text source = {NULL, 0, 0};
	char key[ENGINE_CACHE_KEY];
	int error = expand(&source, find(FIRST_FILE, strlen(FIRST_FILE)), 0);

	*out = NULL;
	if (!error) {
		make_key(cl, place, &source, key);
		*out = load(cl, place, context, cache, key);
	}
	if (!error && !*out) {
		error = build(cl, place, context, &source, out, words);
		if (!error)
			store(cl, *out, cache, key);
	}
	if (error && *out) {
		cl->clReleaseProgram(*out);
		*out = NULL;
	}
	free(source.at);
	return error;
}
