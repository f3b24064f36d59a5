/* trees.h - what the benches of adder_tree and first_largest share: the sizes of a model's trees, and their terms into its ports.
 *
 * Benches only. */
#ifndef FPGA_SIM_TREES_H
#define FPGA_SIM_TREES_H

#include "fpga/sim/bits.h"

static const unsigned TREE_PORT_BYTES = 2112 / 8;

struct Tree {
	unsigned n_terms, bits, levels;
};

/* Of case i of *_cases.sv. */
template <class Model> inline Tree tree_of(Bench<Model> &bench, unsigned i)
{
	Tree tree = { bench->n_terms[i], bench->bits[i], 0 };

	CHECK(tree.n_terms && tree.bits && tree.n_terms * tree.bits <= 8 * TREE_PORT_BYTES, "there is no case %u", i);
	while (1u << tree.levels < tree.n_terms)
		tree.levels++;
	return tree;
}

template <class Port> inline void tree_put(Port &port, const Tree &tree, const std::vector<uint64_t> &terms)
{
	uint8_t bytes[TREE_PORT_BYTES] = {};

	for (unsigned k = 0; k < tree.n_terms; k++)
		bits_put(bytes, k * tree.bits, tree.bits, terms[k]);
	bench_put(port, bytes, sizeof bytes);
}

#endif
