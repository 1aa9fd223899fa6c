"""The bridge of flax carries layers and models of gtx into NNX code."""

import jax
import numpy as np
import optax
import pytest
from flax import nnx

from gtx import batching, graphs, nn
from gtx.batch import Features
from gtx.data import Continuous, GraphSpec, Label
from gtx.models import GPS

pytestmark = pytest.mark.usefixtures("quick_compilation")


def batch_of_two():
    """A triangle and a path, and the padding that every batch has."""
    pair = [
        graphs.from_arrays(
            np.arange(num_edges),
            (np.arange(num_edges) + 1) % 3,
            n_node=[3],
            nodes={"x": np.random.default_rng(num_edges).normal(size=(3, 8)).astype(np.float32)},
            edges={"x": np.ones((num_edges, 2), np.float32)},
        )
        for num_edges in (3, 2)
    ]
    return batching.batch_graphs(pair)


@pytest.mark.slow  # the next test learns in NNX in the default run
def test_a_layer_has_the_same_values_and_gradients_in_nnx():
    batch = batch_of_two()
    features = Features(nodes=batch.graph.nodes["x"])
    layer = nn.MultiHeadAttention(dim=8, num_heads=2, structure="edges")
    module = nnx.bridge.ToNNX(layer, rngs=nnx.Rngs(0)).lazy_init(features, batch, train=False)

    def loss(module):
        return (module(features, batch, train=False).nodes ** 2).sum()

    def linen_loss(params):
        return (layer.apply({"params": params}, features, batch, train=False).nodes ** 2).sum()

    value, gradients = nnx.value_and_grad(loss)(module)
    params = nnx.to_pure_dict(nnx.state(module, nnx.Param))
    expected, expected_gradients = jax.value_and_grad(linen_loss)(params)
    assert value == pytest.approx(float(expected), rel=1e-6)
    assert np.abs(expected_gradients["query_key_value"]["kernel"]).max() > 1e-3
    jax.tree.map(
        lambda one, other: np.testing.assert_allclose(one, other, atol=1e-6),
        nnx.to_pure_dict(gradients),
        expected_gradients,
    )


def test_a_model_learns_in_nnx_and_moves_its_running_statistics():
    batch = batch_of_two()
    columns = {"x": Continuous(1)}
    spec = GraphSpec(nodes=columns, edges=columns, label=Label("graph", "regression", 1))
    model = GPS(dim=16, num_layers=1, num_heads=2).build(spec)
    module = nnx.bridge.ToNNX(model, rngs=nnx.Rngs(0, dropout=1)).lazy_init(batch, train=False)
    optimizer = nnx.Optimizer(module, optax.adam(0.01), wrt=nnx.Param)
    before = nnx.to_pure_dict(nnx.state(module, nnx.BatchStat))

    @nnx.jit
    def train_step(module, optimizer):
        def loss(module):
            outputs = module(batch, train=True, mutable=["batch_stats"])[:2, 0]
            return ((outputs - np.array([1.0, -1.0])) ** 2).mean()

        value, gradients = nnx.value_and_grad(loss)(module)
        optimizer.update(module, gradients)
        return value

    losses = [float(train_step(module, optimizer)) for _ in range(60)]
    assert np.mean(losses[-5:]) < 0.5 * losses[0]
    after = nnx.to_pure_dict(nnx.state(module, nnx.BatchStat))
    moved = jax.tree.map(lambda one, other: float(np.abs(one - other).max()), before, after)
    assert min(jax.tree.leaves(moved)) > 0
    assert np.isfinite(module(batch, train=False)).all()
