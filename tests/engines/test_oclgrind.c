/* test_oclgrind.c - Oclgrind, which simulates an OpenCL device instruction by instruction, sees no race and no access out of bounds in the kernels.
 *
 * The program runs itself as OpenCL's loader finds Oclgrind alone: a few blocks through every kernel, and, so that silence means something, a
 * kernel that does wrong. Oclgrind's exit code says nothing, so its output is read: not one line may be there that was not expected. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernels/device/engine_of.h"
#include "kernels/opencl/opencl.h"
#include "tests/support/batch.h"

#define OUTPUT_MAX 65536u
#define DONE "all frames are as they should be\n"

static struct random rng;

/* Where distributions put Oclgrind's driver. */
static const char *find_driver(void)
{
	static const char *const places[] = {"/usr/lib/oclgrind/liboclgrind-rt-icd.so", "/usr/lib/x86_64-linux-gnu/oclgrind/liboclgrind-rt-icd.so",
					     "/usr/local/lib/oclgrind/liboclgrind-rt-icd.so"};

	for (size_t i = 0; i < sizeof places / sizeof *places; i++)
		if (access(places[i], R_OK) == 0)
			return places[i];
	return NULL;
}

/* What this program, run with one argument under Oclgrind, prints. */
static void under_oclgrind(const char *what, char output[OUTPUT_MAX])
{
	size_t n = 0;
	ssize_t got;
	int ends[2], status;
	pid_t child;

	fflush(NULL);
	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		char seed[32];

		snprintf(seed, sizeof seed, "%llu", (unsigned long long)rng.state);
		setenv("SLUICE_SEED", seed, 1);
		setenv("OCL_ICD_VENDORS", find_driver(), 1);
		setenv("OCLGRIND_DATA_RACES", "1", 1);
		/* its interpreter lacks what LLVM's optimiser makes of some expressions */
		setenv("OCLGRIND_BUILD_OPTIONS", "-cl-opt-disable", 1);
		setenv("ASAN_OPTIONS", "detect_leaks=0", 1); /* what drivers do not give back at the end is not the kernels' */
		dup2(ends[1], 1);
		dup2(ends[1], 2);
		close(ends[0]);
		execl("/proc/self/exe", "test_oclgrind", what, (char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	while (n + 1 < OUTPUT_MAX && (got = read(ends[0], output + n, OUTPUT_MAX - 1 - n)) > 0)
		n += (size_t)got;
	output[n] = 0;
	close(ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
}

/* --- what runs under Oclgrind --------------------------------------------------------------------------------------------- */

/* A batch on a device that is not asked for the self-test's many frames first. */
static void run_batch(const struct batch_settings *settings)
{
	struct engine_context *context;
	struct engine_queue *queue;
	struct engine_plan *loaded;
	struct batch b;

	batch_open(&b, settings, &rng);
	assert_int_equal(device_open(&opencl_driver, &context, NULL), 0);
	assert_int_equal(device_queue_open(context, &queue, settings->n * image_bytes(&settings->shape)), 0);
	assert_int_equal(device_plan_load(context, &loaded, b.plan), 0);
	assert_int_equal(batch_run(&b, &engine_opencl, queue, loaded), 0);
	batch_check(&b);
	device_plan_drop(context, &loaded);
	device_queue_close(&queue);
	device_close(&context);
	batch_close(&b);
}

static int run_kernels(void)
{
	const struct batch_settings batches[] = {
		{.shape = {41, 26, PIXEL_U16}, .algorithm = SPOTS_DISPERSION, .n = 4, .damaged_every = 3, .block_bytes = 1024},
		{.shape = {40, 21, PIXEL_U8}, .algorithm = SPOTS_DISPERSION, .n = 4, .any_codec = true},
		{.shape = {57, 40, PIXEL_U32}, .algorithm = SPOTS_DISPERSION_EXTENDED, .n = 2, .damaged_every = 2, .block_bytes = 32768},
	};

	rng.state = strtoull(getenv("SLUICE_SEED"), NULL, 0);
	for (size_t i = 0; i < sizeof batches / sizeof *batches; i++)
		run_batch(&batches[i]);
	printf(DONE);
	return 0;
}

/* Every item writes the first word, and one behind the last. */
static int run_wrong_kernel(void)
{
	static const char *text = "__kernel void wrong(__global int *a) { a[0] = (int)get_global_id(0); a[1024] = 1; }";
	struct opencl_place place[OPENCL_DEVICES_MAX];
	size_t bytes = strlen(text), items = 32;
	cl_command_queue queue;
	struct opencl cl;
	cl_context context;
	cl_program program;
	cl_kernel kernel;
	cl_mem memory;
	cl_int code;

	if (opencl_load(&cl, (struct driver_words){NULL, 0}) || opencl_places(&cl, place, (struct driver_words){NULL, 0}) < 1)
		return 1;
	context = cl.clCreateContext(NULL, 1, &place[0].device, NULL, NULL, &code);
	queue = cl.clCreateCommandQueue(context, place[0].device, 0, &code);
	memory = cl.clCreateBuffer(context, CL_MEM_READ_WRITE, 1024 * sizeof(int), NULL, &code);
	program = cl.clCreateProgramWithSource(context, 1, &text, &bytes, &code);
	code = cl.clBuildProgram(program, 1, &place[0].device, "", NULL, NULL);
	kernel = cl.clCreateKernel(program, "wrong", &code);
	cl.clSetKernelArg(kernel, 0, sizeof memory, &memory);
	code = cl.clEnqueueNDRangeKernel(queue, kernel, 1, NULL, &items, &items, 0, NULL, NULL);
	cl.clFinish(queue);
	return code != 0;
}

/* --- what is said of it ----------------------------------------------------------------------------------------------------- */

static void a_kernel_that_does_wrong_is_seen(void **state)
{
	char output[OUTPUT_MAX];

	under_oclgrind("--wrong", output);
	if (!strstr(output, "data race") || !strstr(output, "Invalid write"))
		fail_msg("Oclgrind does not see what is wrong:\n%s", output);
}

static void the_kernels_race_with_nobody_and_stay_in_bounds(void **state)
{
	char output[OUTPUT_MAX];

	under_oclgrind("--kernels", output);
	if (strcmp(output, DONE))
		fail_msg("Oclgrind, or the frames' results, have something to say:\n%.4000s", output);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_kernel_that_does_wrong_is_seen),
		cmocka_unit_test(the_kernels_race_with_nobody_and_stay_in_bounds),
	};
	struct opencl cl;

	if (argc == 2 && !strcmp(argv[1], "--kernels"))
		return run_kernels();
	if (argc == 2 && !strcmp(argv[1], "--wrong"))
		return run_wrong_kernel();
	if (!find_driver() || opencl_load(&cl, (struct driver_words){NULL, 0})) {
		printf("skipped: Oclgrind or OpenCL's loader is not installed\n");
		return 77;
	}
	random_seed(&rng);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
