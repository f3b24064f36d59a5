/* topology.h - which processors this process may use, on which NUMA node each lies, and next to which node a card is.
 *
 * Read from sysfs under a root that can be given, so that machines with several sockets can be tested on one with none. */
#ifndef HOST_TOPOLOGY_H
#define HOST_TOPOLOGY_H

#include <stdbool.h>
#include <stddef.h>

#define TOPOLOGY_CPUS_MAX 1024

struct topology {
	unsigned n_cpus;
	struct { int cpu, node; } cpu[TOPOLOGY_CPUS_MAX]; /* allowed ones, ascending */
};

/* allowed: NULL for this process' own affinity, else n cpu numbers. Never fails: without sysfs all lie on node 0. */
void topology_read(struct topology *out, const char *sysfs, const int *allowed, unsigned n_allowed);

/* Node of the network card that an endpoint such as tcp://host:port is reached through; -1: unknown or none (loopback). Resolves numeric hosts only. */
int topology_endpoint_node(const char *sysfs, const char *endpoint);
/* Processors of a node, at most max; 0 where the machine has only one node, so that nothing need be said. */
unsigned topology_cpus_of(const struct topology *topology, int node, int *cpus, unsigned max);
/* Node of a network interface by name; -1 unknown. */
int topology_interface_node(const char *sysfs, const char *interface);
/* Node of a device on PCI by its address, "0000:3b:00.0" (drivers also write more zeros in front, or capitals); -1 unknown. */
int topology_pci_node(const char *sysfs, const char *address);
/* Do two addresses name the same device? Not where one is none. */
bool topology_same_pci(const char *a, const char *b);

#endif
