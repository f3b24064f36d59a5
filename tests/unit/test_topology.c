/* test_topology.c - processors, nodes and network cards as sysfs has them, of machines that this one is not: the root is a folder made here. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/topology.h"

static char root[64];

/* Writes root/path, making its folders. */
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

static int make_root(void **state)
{
	strcpy(root, "/tmp/sluice-sysfs-XXXXXX");
	return mkdtemp(root) ? 0 : -1;
}

static void remove_all(const char *folder)
{
	DIR *d = opendir(folder);
	struct dirent *e;

	while (d && (e = readdir(d)) != NULL) {
		char path[600];

		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
		if (unlink(path) != 0)
			remove_all(path);
	}
	if (d)
		closedir(d);
	rmdir(folder);
}

static int remove_root(void **state)
{
	remove_all(root);
	return 0;
}

/* Two sockets of eight threads each, numbered as firmware does: cores of both, then their second threads. The card sits on the second. */
static void two_sockets(void)
{
	put("devices/system/node/node0/cpulist", "0-3,8-11\n");
	put("devices/system/node/node1/cpulist", "4-7,12-15\n");
	put("class/net/detector0/device/numa_node", "1\n");
	put("class/net/office0/device/numa_node", "0\n");
	put("class/net/old0/device/numa_node", "-1\n");
	put("class/net/lo/mtu", "65536\n");
	put("bus/pci/devices/0000:3b:00.0/numa_node", "0\n");
	put("bus/pci/devices/0000:af:00.0/numa_node", "1\n");
	put("bus/pci/devices/0000:b0:00.0/numa_node", "-1\n");
}

static void processors_lie_on_their_nodes(void **state)
{
	int all[16];
	struct topology t;

	two_sockets();
	for (int i = 0; i < 16; i++)
		all[i] = i;
	topology_read(&t, root, all, 16);
	assert_int_equal(t.n_cpus, 16);
	for (int i = 0; i < 16; i++) {
		assert_int_equal(t.cpu[i].cpu, i);
		assert_int_equal(t.cpu[i].node, i % 8 >= 4);
	}
}

static void processors_that_are_not_allowed_are_not_listed(void **state)
{
	const int some[] = {3, 5, 12};
	struct topology t;

	two_sockets();
	topology_read(&t, root, some, 3);
	assert_int_equal(t.n_cpus, 3);
	assert_int_equal(t.cpu[0].cpu, 3);
	assert_int_equal(t.cpu[0].node, 0);
	assert_int_equal(t.cpu[1].node, 1);
	assert_int_equal(t.cpu[2].cpu, 12);
	assert_int_equal(t.cpu[2].node, 1);
}

static void a_card_lies_on_its_node(void **state)
{
	two_sockets();
	assert_int_equal(topology_interface_node(root, "detector0"), 1);
	assert_int_equal(topology_interface_node(root, "office0"), 0);
	assert_int_equal(topology_interface_node(root, "old0"), -1);  /* firmware that does not say */
	assert_int_equal(topology_interface_node(root, "lo"), -1);    /* no device */
	assert_int_equal(topology_interface_node(root, "absent"), -1);
	assert_int_equal(topology_interface_node(root, "../net/detector0"), -1);
}

/* The kernel's routing decides which card an endpoint is reached through; here that is always the loopback. */
static void an_endpoint_lies_where_its_card_does(void **state)
{
	two_sockets();
	assert_int_equal(topology_endpoint_node(root, "tcp://127.0.0.1:31001"), -1);
	put("class/net/lo/device/numa_node", "1\n");
	assert_int_equal(topology_endpoint_node(root, "tcp://127.0.0.1:31001"), 1);
	assert_int_equal(topology_endpoint_node(root, "ipc:///tmp/somewhere"), -1);
	assert_int_equal(topology_endpoint_node(root, "tcp://detector.beamline:31001"), -1); /* names are not looked up */
	assert_int_equal(topology_endpoint_node(root, "tcp://999.1.1.1:1"), -1);
}

static void an_accelerator_lies_on_its_node_however_its_address_is_written(void **state)
{
	static const char *const nonsense[] = {"", "af", "0000:af:00", "0000:af:00.0/../..", "0000:af:00.0 ", "../../af", "zz:af:00.0", ":::."};

	two_sockets();
	assert_int_equal(topology_pci_node(root, "0000:3b:00.0"), 0);
	assert_int_equal(topology_pci_node(root, "0000:af:00.0"), 1);
	assert_int_equal(topology_pci_node(root, "00000000:AF:00.0"), 1); /* as one vendor's tools print it */
	assert_int_equal(topology_pci_node(root, "0000:b0:00.0"), -1);
	assert_int_equal(topology_pci_node(root, "0000:c0:00.0"), -1);
	for (size_t i = 0; i < sizeof(nonsense) / sizeof(*nonsense); i++)
		assert_int_equal(topology_pci_node(root, nonsense[i]), -1);
	assert_true(topology_same_pci("0000:af:00.0", "00000000:AF:00.0"));
	assert_false(topology_same_pci("0000:af:00.0", "0001:af:00.0"));
	assert_false(topology_same_pci("0000:af:00.0", "0000:af:00.1"));
	assert_false(topology_same_pci("", ""));
}

static void without_sysfs_there_is_one_node(void **state)
{
	const int some[] = {0, 6};
	struct topology t;

	topology_read(&t, root, some, 2);
	assert_int_equal(t.n_cpus, 2);
	assert_int_equal(t.cpu[0].node, 0);
	assert_int_equal(t.cpu[1].node, 0);
	topology_read(&t, root, NULL, 0);
	assert_true(t.n_cpus >= 1); /* this process runs on at least one */
}

static void nonsense_in_sysfs_is_no_harm(void **state)
{
	static const char *const lists[] = {"", "\n", "x-y", "0-", "4-2", "0-99999999999999999999", "1,,2", "-1", "0 1"};
	const int some[] = {0, 1};
	struct topology t;

	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		put("devices/system/node/node1/cpulist", lists[i]);
		topology_read(&t, root, some, 2);
		assert_int_equal(t.n_cpus, 2);
		assert_true(t.cpu[0].node == 0 || t.cpu[0].node == 1);
	}
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, make_root, remove_root)
	const struct CMUnitTest tests[] = {
		TEST(processors_lie_on_their_nodes),
		TEST(processors_that_are_not_allowed_are_not_listed),
		TEST(a_card_lies_on_its_node),
		TEST(an_endpoint_lies_where_its_card_does),
		TEST(an_accelerator_lies_on_its_node_however_its_address_is_written),
		TEST(without_sysfs_there_is_one_node),
		TEST(nonsense_in_sysfs_is_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
