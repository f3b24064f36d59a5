/* test_files_threads.c - a process may read one recorded file and write another at the same time, each in its own thread: the HDF5 it runs with is built
 * for that, and the frames come out as they went in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <hdf5.h>

#include "host/frame_file.h"
#include "host/nxmx_writer.h"

#define FRAMES 400
#define SIDE 32
#define BYTES (2 * SIDE * SIDE)

static void fill(uint8_t *pixels, uint64_t frame)
{
	for (size_t i = 0; i < BYTES; i++)
		pixels[i] = (uint8_t)(frame * 7 + i);
}

struct job {
	char directory[64];
	int failures;
};

static void *write_run(void *user)
{
	struct job *job = user;
	struct stream_start start;
	struct nxmx_writer *writer;
	uint8_t pixels[BYTES];
	uint64_t bytes = 0;
	char message[256];
	stream_start_clear(&start);
	start.width = start.height = SIDE;
	start.elem_bytes = 2;
	start.n_channels = 1;
	struct nxmx_cfg cfg = {.directory = job->directory, .name = "run", .frames_per_file = 50, .config = "", .version = "test"};
	if (nxmx_open(&writer, &cfg, &start, NULL, NULL, message, sizeof message)) {
		job->failures++;
		return NULL;
	}
	for (uint64_t i = 0; i < FRAMES; i++) {
		struct stream_array array = {.bytes = {pixels, BYTES}, .width = SIDE, .height = SIDE, .elem_bytes = 2, .codec = STREAM_CODEC_NONE};
		fill(pixels, i);
		job->failures += nxmx_frame(writer, 0, i, &array, &bytes) != 0;
		job->failures += nxmx_tick(writer, i * 1000000000u) != 0;
	}
	job->failures += nxmx_close(&writer, NULL) != 0 || bytes != (uint64_t)FRAMES * BYTES;
	return NULL;
}

/* Reads all frames of a run, a few times. */
static void *read_run(void *user)
{
	static const struct stream_limits limits = {.max_pixels = 1u << 20, .max_channels = 1};
	struct job *job = user;
	char path[128], message[256];
	uint8_t wanted[BYTES], buffer[2 * BYTES + 4096];
	snprintf(path, sizeof path, "%s/run_master.h5", job->directory);
	for (int round = 0; round < 5; round++) {
		struct frame_file *file;
		if (frame_file_open(&file, path, &limits, message, sizeof message)) {
			job->failures++;
			return NULL;
		}
		job->failures += frame_file_info(file)->n_frames != FRAMES;
		for (uint64_t i = 0; i < FRAMES; i++) {
			struct stream_channel channel;
			uint64_t id;
			fill(wanted, i);
			job->failures += frame_file_read(file, i, 0, buffer, sizeof buffer, &channel, &id, message, sizeof message) != 0 || id != i ||
					 channel.pixels.bytes.len != BYTES || memcmp(buffer, wanted, BYTES) != 0;
		}
		frame_file_close(&file);
	}
	return NULL;
}

static void remove_run(const char *directory)
{
	char command[128];
	snprintf(command, sizeof command, "rm -rf '%s'", directory);
	assert_int_equal(system(command), 0);
}

static void test_reader_and_writer_at_once(void **state)
{
	struct job first = {"/tmp/sluice_threads_XXXXXX", 0}, second = first, reading;
	hbool_t safe = 0;
	pthread_t writer, reader;
	assert_true(H5is_library_threadsafe(&safe) >= 0 && safe);
	assert_non_null(mkdtemp(first.directory));
	assert_non_null(mkdtemp(second.directory));
	write_run(&first);
	assert_int_equal(first.failures, 0);
	reading = first;
	assert_int_equal(pthread_create(&writer, NULL, write_run, &second), 0);
	assert_int_equal(pthread_create(&reader, NULL, read_run, &reading), 0);
	pthread_join(writer, NULL);
	pthread_join(reader, NULL);
	assert_int_equal(second.failures, 0);
	assert_int_equal(reading.failures, 0);
	read_run(&second);
	assert_int_equal(second.failures, 0);
	remove_run(first.directory);
	remove_run(second.directory);
}

static void test_close_takes_anything(void **state)
{
	struct nxmx_writer *writer = NULL;
	struct frame_file *file = NULL;
	assert_int_equal(nxmx_close(&writer, NULL), 0);
	frame_file_close(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_reader_and_writer_at_once), cmocka_unit_test(test_close_takes_anything)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
