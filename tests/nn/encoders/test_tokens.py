"""TokenGT's tokens against their equations, in float64 numpy."""

import functools

import jax
import numpy as np
import pytest

from gtx import encodings, nn, structures
from gtx.batching import batch_graphs
from gtx.data import Categorical, Dataset
from gtx.nn.encoders.tokens import TokenEmbed
from tests.nn.layers import KEY, affine, close, layer_norm
from tests.variables import random_variables

pytestmark = pytest.mark.usefixtures("quick_compilation")
DIM = 4


def graphs():
    """Two graphs with types of nodes and edges: a path of 3 nodes, and a loop beside a node."""
    return Dataset.from_columns(
        node_ptr=[0, 3, 5],
        edge_ptr=[0, 4, 5],
        senders=[0, 1, 1, 2, 0],
        receivers=[1, 0, 2, 1, 0],
        nodes=dict(atom=np.array([[0], [1], [2], [1], [0]])),
        edges=dict(bond=np.array([[0], [0], [1], [1], [2]])),
    )


@functools.cache
def made(redraw="rotation"):
    """The dataset with its tokens, the batch, parameters and the features of the tokens."""
    dataset = encodings.apply(graphs(), [encodings.OrthogonalRandomFeatures(6)])
    used = [structures.VirtualNodes(2), structures.EdgeTokens()]
    tokens = structures.apply(dataset, used)
    batch = batch_graphs(tokens)
    identifier = functools.partial(nn.RandomFeaturesEncoder, use_bias=False, redraw=redraw)
    module = TokenEmbed(
        DIM,
        {"atom": functools.partial(nn.CategoricalEncoder, sizes=(4,))},
        {"bond": functools.partial(nn.CategoricalEncoder, sizes=(3,))},
        {"orthogonal_random_features": identifier},
        num_graph_tokens=2,
    )
    shapes = jax.eval_shape(lambda: module.init(KEY, batch, train=False))
    variables = random_variables(shapes)
    out = jax.jit(lambda v: module.apply(v, batch, train=False).nodes)(variables)
    params = jax.tree.map(np.float64, variables["params"])
    return dataset, batch, params, np.float64(out)


def test_tokens_are_nodes_edges_and_two_for_the_graph():
    dataset, batch, params, out = made()
    assert isinstance(dataset.spec.nodes["atom"], Categorical)
    atoms, bonds = (params[name]["embedding"] for name in ("node_atom", "edge_bond"))
    name = "orthogonal_random_features"
    both = affine(np.float64(dataset.nodes[name]), params[f"node_{name}"]["linear"])
    first, second = np.split(both, 2, axis=1)
    rows = []
    for graph in range(2):
        start = dataset.node_ptr[graph]
        for node in range(start, dataset.node_ptr[graph + 1]):
            token = atoms[dataset.nodes["atom"][node, 0]] + first[node] + second[node]
            rows.append(token + params["types"][1])
        rows.extend(params["graphs"])
        for edge in range(*dataset.edge_ptr[graph : graph + 2]):
            u, v = dataset.senders[edge] + start, dataset.receivers[edge] + start
            token = bonds[dataset.edges["bond"][edge, 0]] + first[u] + second[v]
            rows.append(token + params["types"][0])
    expected = layer_norm(np.stack(rows), params["norm"])
    assert expected.shape == (5 + 4 + 5, DIM)
    close(out[np.asarray(batch.node_mask)], expected)
    assert not out[~np.asarray(batch.node_mask)].any()
