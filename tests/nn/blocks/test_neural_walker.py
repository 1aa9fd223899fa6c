"""NeuralWalker's embedding and block against a literal reading of visits, in float64 numpy."""

from typing import Any

import flax.linen as nn
import jax.numpy as jnp
import numpy as np
import pytest

from gtx.nn.blocks.neural_walker import NeuralWalkerBlock
from gtx.nn.encoders.walks import WalkEmbed
from tests.batches import DIM, STEPS, WINDOW
from tests.nn import literal
from tests.nn.layers import (
    BATCH,
    NUM_NODES,
    REAL,
    REAL_EDGES,
    RECEIVERS,
    SENDERS,
    affine,
    features,
    layer_norm,
    relu,
    standardized,
)

GRAPH = np.asarray(BATCH.node_graph)


class Sums(nn.Module):
    """A layer over walks that tells places apart: sums so far."""

    dim: int
    dtype: Any = None
    param_dtype: Any = None

    def __call__(self, x, mask, *, train, axis_name):
        return jnp.cumsum(jnp.where(mask[..., None], x, 0), axis=1)


class OnWalks(nn.Module):
    """Given features, the walks of the batch, and the block."""

    param_dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, features, batch, *, train):
        def embed(name):
            return lambda batch, train: features

        made = WalkEmbed(embed, STEPS, WINDOW)(batch, train=train)
        block = NeuralWalkerBlock(DIM, Sums, param_dtype=self.param_dtype, name="block")
        return block(made, batch, train=train).replace(extra={})


def walks_of():
    """Of each walk the node, edge (or None) and adjacency bits of its places, in order."""
    table = BATCH.edge_sets["walks"]
    columns = {name: np.asarray(values)[:, 0] for name, values in table.columns.items()}
    first = np.cumsum(BATCH.graph.n_edge) - BATCH.graph.n_edge
    walks = {}
    for visit in np.flatnonzero(table.mask):
        start = int(table.senders[visit])
        edge = int(columns["edge"][visit])
        edge = int(first[GRAPH[start]]) + edge - 1 if edge else None
        at = int(table.receivers[visit]), edge, int(columns["adjacency"][visit])
        walks.setdefault(start, {})[int(columns["position"][visit])] = at
    return [[walk[place] for place in sorted(walk)] for walk in walks.values()]


def window(walk, place):
    """The nodes before, the farthest first: the same as this one, and an edge from it to this."""
    node, _, bits = walk[place]
    same = [place >= s and walk[place - s][0] == node for s in range(WINDOW, 0, -1)]
    return np.array([*same, *(bits >> (s - 1) & 1 for s in range(WINDOW - 1, 0, -1))], float)


def f(x, name, params, real):
    hidden = standardized(affine(x, params[f"{name}_hidden"]), params[f"{name}_norm"], real)
    return affine(relu(hidden), params[f"{name}_output"])


def reference(params, rows):
    params, x, e = params["block"], rows["nodes"], rows["edges"]
    nodes = [[] for _ in range(NUM_NODES)]
    edges = [[] for _ in range(len(REAL_EDGES))]
    for walk in walks_of():
        total = np.zeros(DIM)
        for place, (node, edge, _) in enumerate(walk):
            h = x[node] + affine(np.zeros(DIM) if edge is None else e[edge], params["walk_edges"])
            h = h + affine(window(walk, place), params["walk_window"])
            total = total + layer_norm(h[None], params["norm_walk"])[0]
            nodes[node].append(total)
            if edge is not None:
                edges[edge].append(total)

    def means(lists):
        return np.array([np.mean(found, 0) if found else np.zeros(DIM) for found in lists])

    x = x + f(means(nodes), "to_nodes", params, REAL)
    e = e + f(means(edges), "to_edges", params, REAL_EDGES)
    found = np.zeros(x.shape)
    for edge, sender, receiver in zip(np.flatnonzero(REAL_EDGES), SENDERS, RECEIVERS, strict=True):
        found[receiver] += relu(x[sender] + affine(e[edge], params["message_edges"]))
    x = x + f((1 + params["epsilon"]) * x + found, "message", params, REAL)
    graphs = np.asarray(BATCH.graph_mask)
    total = np.stack([x[(graph == GRAPH) & REAL].sum(0) for graph in range(len(graphs))])
    x = x + f(total, "virtual", params, graphs)[GRAPH]
    return dict(nodes=x, edges=e)


def test_embedding_and_block_are_the_equations_read_visit_by_visit():
    given = features()
    given = given.replace(pairs=None, graphs=None)
    literal.assert_equals(OnWalks(), reference, given, levels=("nodes", "edges"))


def test_a_block_needs_the_walks_of_the_embedding():
    block = NeuralWalkerBlock(DIM, Sums)
    with pytest.raises(ValueError, match="reads the walks"):
        block.init(literal.KEY, features(), BATCH, train=False)
