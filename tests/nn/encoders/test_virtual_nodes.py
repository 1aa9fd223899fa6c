"""Virtual nodes with vectors of their own, and what is read from them, against numpy."""

import flax.linen as nn
import jax
import numpy as np
import pytest

from gtx.batch import Features
from gtx.batching import batch_graphs
from gtx.nn.encoders.virtual_nodes import EmbedWithVirtualNodes
from gtx.nn.parts.virtual_nodes import VirtualNodesReadout
from gtx.ops import split_pairs
from gtx.structures import VirtualNodes
from tests.encodings.graphs import cycle, path
from tests.structures.graphs import featured
from tests.variables import random_variables

COUNT, SIZES = 2, (3, 4)
DATA = VirtualNodes(COUNT)(featured([path(3), cycle(4)]))
BATCH = batch_graphs(DATA, dense=True)
RNG = np.random.default_rng(0)
NODES = RNG.normal(size=(len(BATCH.node_mask), 5)).astype(np.float32)
PAIRS = RNG.normal(size=(len(BATCH.pair_mask), 3)).astype(np.float32)


class Given(nn.Module):
    """Features that do not depend on the batch."""

    pairs: bool = True

    def __call__(self, batch, *, train):
        return Features(nodes=NODES, pairs=PAIRS if self.pairs else None)


def run(module, *inputs):
    shapes = jax.eval_shape(lambda: module.init(jax.random.key(0), *inputs, train=False))
    variables = random_variables(shapes)
    out = jax.jit(lambda v: module.apply(v, *inputs, train=False))(variables)
    return jax.tree.map(np.asarray, (out, variables["params"]))


def test_virtual_nodes_and_their_pairs_hold_learned_vectors_and_all_else_stays():
    out, params = run(EmbedWithVirtualNodes(5, 3, COUNT, Given), BATCH)
    graph = np.asarray(BATCH.node_graph)
    matrices = [one for tier in split_pairs(out.pairs, BATCH.layout.tiers) for one in tier]
    given = [one for tier in split_pairs(PAIRS, BATCH.layout.tiers) for one in tier]
    for number, size in enumerate(SIZES):
        nodes = np.flatnonzero((graph == number) & BATCH.node_mask)
        np.testing.assert_array_equal(out.nodes[nodes[:size]], NODES[nodes[:size]])
        np.testing.assert_array_equal(out.nodes[nodes[size:]], params["nodes"])
        for i in range(size + COUNT):
            for j in range(size + COUNT):
                learned = [params["pairs"][end - size] for end in (i, j) if end >= size]
                expected = np.mean(learned, axis=0) if learned else given[number][i, j]
                np.testing.assert_allclose(matrices[number][i, j], expected, rtol=1e-6)


def test_a_graph_is_read_from_its_virtual_nodes_side_by_side():
    readout = VirtualNodesReadout(4, COUNT, jax.nn.tanh)
    out, params = run(readout, Features(nodes=NODES), BATCH)
    graph = np.asarray(BATCH.node_graph)
    for number, size in enumerate(SIZES):
        nodes = np.flatnonzero((graph == number) & BATCH.node_mask)
        together = NODES[nodes[size:]].reshape(-1)
        linear = params["linear"]
        expected = np.tanh(together @ linear["kernel"] + linear["bias"])
        np.testing.assert_allclose(out[number], expected, atol=1e-5)


def test_features_of_pairs_are_asked_for():
    without = EmbedWithVirtualNodes(5, 3, COUNT, lambda **_: Given(pairs=False))
    with pytest.raises(ValueError, match="needs features of pairs"):
        jax.eval_shape(lambda: without.init(jax.random.key(0), BATCH, train=False))
