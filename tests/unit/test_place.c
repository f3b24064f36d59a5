/* test_place.c - lanes are put next to what they serve, on a machine of two sockets that this one is not: sysfs is a folder made here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "pipeline/node.h"
#include "tests/support/device_engine.h"

static char root[64];

static void put(const char *path, const char *text)
{
	char full[512];
	FILE *f;

	snprintf(full, sizeof(full), "%s/%s", root, path);
	for (char *slash = strchr(full + strlen(root) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(full, 0777);
		*slash = '/';
	}
	f = fopen(full, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

/* Two sockets of eight processors; device 0 on the second one, device 1 on the first, of device 2 nobody knows. */
static int two_sockets(void **state)
{
	strcpy(root, "/tmp/sluice-sysfs-XXXXXX");
	if (!mkdtemp(root))
		return -1;
	put("devices/system/node/node0/cpulist", "0-7\n");
	put("devices/system/node/node1/cpulist", "8-15\n");
	put("bus/pci/devices/0000:10:00.0/numa_node", "1\n");
	put("bus/pci/devices/0000:11:00.0/numa_node", "0\n");
	return 0;
}

static int remove_root(void **state)
{
	char command[96];

	snprintf(command, sizeof(command), "rm -r %s", root);
	return system(command);
}

/* What node_open makes before lanes are placed. Engines are closed and the node is freed by the caller. */
static struct node *node_with(unsigned n_devices, int card_node, uint32_t threads, const int *allowed, unsigned n_allowed)
{
	static const struct engine *const engines[] = {&engine_device, &engine_cpu, NULL};
	struct node *node = aligned_alloc(64, (sizeof(*node) + 63) & ~(size_t)63);

	assert_non_null(node);
	memset(node, 0, sizeof(*node));
	config_defaults(&node->config);
	snprintf(node->config.machine.sysfs, sizeof(node->config.machine.sysfs), "%s", root);
	topology_read(&node->topology, root, allowed, n_allowed);
	node->card_node = card_node;
	device_engine_reset(n_devices);
	assert_int_equal(engines_open(&node->engines, &node->config, engines, NULL, NULL), 0);
	node->n_sources = 1;
	node->n_feeders = engines_feeders(&node->engines, node->config.engine.queues_per_device);
	node->n_workers = node->n_feeders + threads;
	assert_int_equal(graph_lanes(node), 0);
	place_lanes(node);
	return node;
}

static void close_node(struct node *node)
{
	engines_close(&node->engines);
	free(node);
}

static int all[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

static void lanes_that_feed_a_device_lie_next_to_it(void **state)
{
	struct node *node = node_with(2, 0, 6, all, 16);
	unsigned lanes_on[16] = {0};

	assert_int_equal(node->n_feeders, 8);
	for (unsigned w = 0; w < 4; w++) {
		assert_int_equal(node->work[w]->device, 0);
		assert_int_equal(node->work[w]->numa_node, 1);
		assert_true(node->work[w]->cpu >= 8);
	}
	for (unsigned w = 4; w < 8; w++) {
		assert_int_equal(node->work[w]->device, 1);
		assert_int_equal(node->work[w]->numa_node, 0);
		assert_true(node->work[w]->cpu < 8);
	}
	assert_int_equal(node->receive[0]->numa_node, 0); /* next to its card */
	for (unsigned i = 0; i < node->n_lanes; i++)
		if (node->lane[i].cpu >= 0)
			lanes_on[node->lane[i].cpu]++;
	for (unsigned cpu = 0; cpu < 16; cpu++)
		assert_true(lanes_on[cpu] <= 1); /* 15 lanes on 16 processors */
	close_node(node);
}

/* More lanes than its node has processors: they share those, and take none far away. */
static void a_full_node_is_shared(void **state)
{
	static const int few[] = {0, 1, 2, 3, 8, 9};
	struct node *node = node_with(1, 0, 2, few, 6);

	for (unsigned w = 0; w < 4; w++) {
		assert_int_equal(node->work[w]->numa_node, 1);
		assert_true(node->work[w]->cpu == 8 || node->work[w]->cpu == 9);
	}
	assert_true(node->work[0]->cpu != node->work[1]->cpu);
	close_node(node);
}

static void a_device_of_unknown_place_is_fed_from_anywhere(void **state)
{
	struct node *node = node_with(3, 1, 1, all, 16);

	assert_int_equal(node->engines.open[2].numa_node, -1);
	for (unsigned w = 8; w < 12; w++) {
		assert_int_equal(node->work[w]->device, 2);
		assert_true(node->work[w]->cpu >= 0);
	}
	assert_int_equal(node->work[12]->device, -1);
	close_node(node);
}

static void on_a_small_machine_nothing_is_pinned(void **state)
{
	static const int few[] = {0, 8, 9};
	struct node *node = node_with(1, 0, 1, few, 3);

	for (unsigned i = 0; i < node->n_lanes; i++)
		assert_int_equal(node->lane[i].cpu, -1);
	assert_int_equal(node->work[0]->numa_node, 1); /* its slab lies next to the device all the same */
	close_node(node);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, two_sockets, remove_root)
	const struct CMUnitTest tests[] = {
		TEST(lanes_that_feed_a_device_lie_next_to_it),
		TEST(a_full_node_is_shared),
		TEST(a_device_of_unknown_place_is_fed_from_anywhere),
		TEST(on_a_small_machine_nothing_is_pinned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
