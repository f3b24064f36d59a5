/* topology.c - sysfs and the routing table behind topology.h. */
#include "host/topology.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define NODES_MAX 64

/* Applies a kernel cpu list such as "0-3,8,10-11" to the table. */
static void place_on_node(struct topology *t, const char *list, int node)
{
	const char *at = list;

	while (*at >= '0' && *at <= '9') {
		char *end;
		long first = strtol(at, &end, 10), last = first;

		if (*end == '-')
			last = strtol(end + 1, &end, 10);
		for (unsigned i = 0; i < t->n_cpus; i++)
			if (t->cpu[i].cpu >= first && t->cpu[i].cpu <= last)
				t->cpu[i].node = node;
		at = *end == ',' ? end + 1 : "";
	}
}

static bool read_text(const char *path, char *text, size_t bytes)
{
	FILE *f = fopen(path, "r");
	bool got;

	if (!f)
		return false;
	got = fgets(text, (int)bytes, f) != NULL;
	fclose(f);
	return got;
}

void topology_read(struct topology *out, const char *sysfs, const int *allowed, unsigned n_allowed)
{
	char path[512], text[4096];
	cpu_set_t set;

	*out = (struct topology){0};
	if (!allowed && sched_getaffinity(0, sizeof(set), &set) == 0) {
		for (int i = 0; i < CPU_SETSIZE && out->n_cpus < TOPOLOGY_CPUS_MAX; i++)
			if (CPU_ISSET(i, &set))
				out->cpu[out->n_cpus++].cpu = i;
	}
	for (unsigned i = 0; allowed && i < n_allowed && i < TOPOLOGY_CPUS_MAX; i++)
		out->cpu[out->n_cpus++].cpu = allowed[i];
	if (!out->n_cpus)
		out->n_cpus = 1;
	for (int node = 0; node < NODES_MAX; node++) {
		snprintf(path, sizeof(path), "%s/devices/system/node/node%d/cpulist", sysfs, node);
		if (read_text(path, text, sizeof(text)))
			place_on_node(out, text, node);
	}
}

unsigned topology_cpus_of(const struct topology *t, int node, int *cpus, unsigned max)
{
	unsigned n = 0;
	bool several = false;

	for (unsigned i = 0; i < t->n_cpus; i++) {
		several |= t->cpu[i].node != t->cpu[0].node;
		if (t->cpu[i].node == node && n < max)
			cpus[n++] = t->cpu[i].cpu;
	}
	return several ? n : 0;
}

int topology_interface_node(const char *sysfs, const char *interface)
{
	char path[512], text[64];

	if (strchr(interface, '/'))
		return -1;
	snprintf(path, sizeof(path), "%s/class/net/%s/device/numa_node", sysfs, interface);
	return read_text(path, text, sizeof(text)) ? atoi(text) : -1;
}

struct pci { unsigned domain, bus, device, function; };

static bool read_pci(const char *address, struct pci *out)
{
	int n = 0;

	return sscanf(address, "%8x:%2x:%2x.%1x%n", &out->domain, &out->bus, &out->device, &out->function, &n) == 4 && !address[n];
}

int topology_pci_node(const char *sysfs, const char *address)
{
	char path[512], text[64];
	struct pci pci;

	if (!read_pci(address, &pci))
		return -1;
	snprintf(path, sizeof(path), "%s/bus/pci/devices/%04x:%02x:%02x.%x/numa_node", sysfs, pci.domain, pci.bus, pci.device, pci.function);
	return read_text(path, text, sizeof(text)) ? atoi(text) : -1;
}

bool topology_same_pci(const char *a, const char *b)
{
	struct pci one, other;

	return read_pci(a, &one) && read_pci(b, &other) && !memcmp(&one, &other, sizeof(one));
}

/* Which of our addresses packets to a numeric IPv4 host leave from: the kernel knows without a packet being sent. */
static bool source_address(const char *host, struct in_addr *out)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)}, from;
	socklen_t len = sizeof(from);
	bool found = false;
	int s;

	if (inet_pton(AF_INET, host, &to.sin_addr) != 1)
		return false;
	s = socket(AF_INET, SOCK_DGRAM, 0);
	if (s < 0)
		return false;
	if (connect(s, (struct sockaddr *)&to, sizeof(to)) == 0 && getsockname(s, (struct sockaddr *)&from, &len) == 0) {
		*out = from.sin_addr;
		found = true;
	}
	close(s);
	return found;
}

int topology_endpoint_node(const char *sysfs, const char *endpoint)
{
	struct ifaddrs *all = NULL;
	struct in_addr source;
	char host[128];
	int node = -1;

	if (sscanf(endpoint, "tcp://%127[0-9.]", host) != 1 || !source_address(host, &source) || getifaddrs(&all) != 0)
		return -1;
	for (struct ifaddrs *a = all; a; a = a->ifa_next)
		if (a->ifa_addr && a->ifa_addr->sa_family == AF_INET &&
		    ((struct sockaddr_in *)(void *)a->ifa_addr)->sin_addr.s_addr == source.s_addr)
			node = topology_interface_node(sysfs, a->ifa_name);
	freeifaddrs(all);
	return node;
}
