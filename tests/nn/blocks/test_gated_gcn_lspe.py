"""GatedGCN-LSPE against its equations, in float64 numpy."""

import functools

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gtx.batch import mask_features
from gtx.nn.blocks.gated_gcn_lspe import POSITIONS, GatedGCNLSPE, JoinPositions
from tests.batches import DIM
from tests.nn import literal
from tests.nn.layers import (
    BATCH,
    KEY,
    NUM_NODES,
    REAL,
    REAL_EDGES,
    RECEIVERS,
    SENDERS,
    affine,
    features,
    relu,
    sigmoid,
    standardized,
)

pytestmark = pytest.mark.usefixtures("quick_compilation")
GRAPH = np.asarray(BATCH.node_graph)
SIZES = np.bincount(GRAPH[REAL], minlength=5)


class Streamed(nn.Module):
    """The layer with positions that are a function of the nodes; they come back beside these."""

    factory: object
    param_dtype: object = jnp.float32

    @nn.compact
    def __call__(self, features, batch, *, train):
        positions = jnp.sin(mask_features(features, batch).nodes)
        given = features.replace(extra={POSITIONS: positions})
        out = self.factory(param_dtype=self.param_dtype, name="layer")(given, batch, train=train)
        return out.replace(nodes=jnp.concatenate([out.nodes, out.extra[POSITIONS]], axis=1))


def layer(params, rows, residual=1):
    """Edge by edge."""
    params, h, e = params["layer"], rows["nodes"], rows["edges"]
    p = np.sin(h)
    halves = {
        name: [
            dict(kernel=kernel, bias=bias)
            for kernel, bias in zip(
                np.split(params[name]["kernel"], 2, axis=1),
                np.split(params[name]["bias"], 2),
                strict=True,
            )
        ]
        for name in ("nodes", "both", "positions")
    }
    b1, b2 = halves["nodes"]
    a1, a2 = halves["both"]
    c1, c2 = halves["positions"]
    z = affine(e, params["edges"])
    nodes, places = affine(np.concatenate([h, p], 1), a1), affine(p, c1)
    total = np.full((NUM_NODES, DIM), 1e-6)
    real = np.flatnonzero(REAL_EDGES)
    for edge, sender, receiver in zip(real, SENDERS, RECEIVERS, strict=True):
        z[edge] += affine(h[sender], b1) + affine(h[receiver], b2)
        total[receiver] += sigmoid(z[edge])
    for edge, sender, receiver in zip(real, SENDERS, RECEIVERS, strict=True):
        weight = sigmoid(z[edge]) / total[receiver]
        nodes[receiver] += weight * affine(np.concatenate([h[sender], p[sender]]), a2)
        places[receiver] += weight * affine(p[sender], c2)
    nodes /= np.sqrt(np.maximum(SIZES, 1))[GRAPH][:, None]
    nodes = residual * h + relu(standardized(nodes, params["norm_nodes"], REAL))
    places = np.where(REAL[:, None], residual * p + np.tanh(places), 0)
    edges = residual * e + relu(standardized(z, params["norm_edges"], REAL_EDGES))
    return dict(nodes=np.concatenate([nodes, places], 1), edges=edges)


def test_a_layer_is_the_equations_of_the_paper():
    module = Streamed(lambda **options: GatedGCNLSPE(DIM, **options))
    literal.assert_equals(module, layer, levels=("nodes", "edges"))


def test_without_residuals_a_layer_adds_nothing():
    module = Streamed(lambda **options: GatedGCNLSPE(DIM, residual=False, **options))
    expected = functools.partial(layer, residual=0)
    literal.assert_equals(module, expected, levels=("nodes", "edges"))


def waves(p):
    """Columns of mean 0 and length 1 for each graph."""
    out = np.zeros_like(p)
    for graph in np.flatnonzero(SIZES > 1):
        own = (graph == GRAPH) & REAL
        centred = p[own] - p[own].mean(0)
        out[own] = centred / np.linalg.norm(centred, axis=0)
    return out


def joined(params, rows, normalized=waves):
    h, params = rows["nodes"], params["layer"]
    q = normalized(affine(np.sin(h), params["positions"]))
    nodes = affine(np.concatenate([h, q], 1), params["output"])
    return dict(nodes=np.concatenate([nodes, np.sin(h)], 1))


def test_at_the_end_positions_are_centred_normalised_and_joined_to_the_nodes():
    literal.assert_equals(Streamed(lambda **options: JoinPositions(DIM, 3, **options)), joined)


def test_positions_are_joined_as_they_are_where_it_is_asked_for():
    module = Streamed(lambda **options: JoinPositions(DIM, 3, normalize=False, **options))
    as_they_are = functools.partial(joined, normalized=lambda p: np.where(REAL[:, None], p, 0))
    literal.assert_equals(module, as_they_are)


def test_the_laplacian_loss_is_that_of_the_code():
    k, weight, apart = 3, 2.0, 0.1
    module = JoinPositions(DIM, k, weight, apart)
    given = features().replace(extra={POSITIONS: features().nodes})
    variables = module.init(KEY, given, BATCH, train=True)
    assert "losses" not in variables

    def call(variables, train):
        return module.apply(variables, given, BATCH, train=train, mutable=["losses"])[1]

    assert call(variables, False) == {}
    (found,) = jax.jit(lambda v: call(v, True))(variables)["losses"]["laplacian"]
    params = jax.tree.map(np.float64, variables["params"])
    q = waves(affine(np.where(REAL[:, None], np.float64(given.nodes), 0), params["positions"]))
    adjacency = np.zeros((NUM_NODES, NUM_NODES))
    np.add.at(adjacency, (RECEIVERS, SENDERS), 1)
    scale = np.maximum(adjacency.sum(1), 1) ** -0.5
    laplacian = np.eye(NUM_NODES) - scale[:, None] * adjacency * scale
    expected = np.trace(q.T @ laplacian @ q)
    for graph in np.flatnonzero(SIZES):
        own = q[(graph == GRAPH) & REAL]
        expected += apart * ((own.T @ own - np.eye(k)) ** 2).sum()
    expected *= weight / (k * (SIZES > 0).sum() * REAL.sum())
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_without_positions_it_says_what_to_do():
    with pytest.raises(ValueError, match=r"LSPE needs positions in features.extra.*StreamEmb"):
        GatedGCNLSPE(DIM).init(KEY, features(), BATCH, train=False)
