"""SGFormer in the form of the authors' commands for small graphs, against NumPy in float64."""

import jax
import numpy as np
import pytest

from gtx.batching import batch_graphs
from gtx.data import Continuous, GraphSpec, Label
from gtx.graphs import from_arrays
from gtx.models import SGFormer
from tests.variables import random_variables

SPEC = GraphSpec(nodes={"x": Continuous(5)}, label=Label("node", "multiclass", 3))
SENDERS, RECEIVERS = np.array([0, 1, 1, 2, 3, 0]), np.array([1, 0, 2, 1, 0, 3])
PLAIN = dict(message_passing="plain", node_encoders={"x": "identity"}, graph_weight=0.7)
AUTHORS = dict(alpha=1.0, attention_norm="none", use_value=False)

pytestmark = pytest.mark.usefixtures("quick_compilation")


def linear(parameters, x):
    return x @ parameters["kernel"] + parameters["bias"]


def expected(params, x):
    """Their `medium/ours.py` without --use_bn, --ours_use_residual and --ours_use_weight."""
    count = len(x)
    h = np.maximum(linear(params["embed"]["embed_attention"]["node_x"]["linear"], x), 0)
    maps = params["block_0"]["block"]["attention"]
    query, key = linear(maps["query"], h), linear(maps["key"], h)
    query, key = query / np.linalg.norm(query), key / np.linalg.norm(key)
    products = query @ key.T
    attended = (products @ h + count * h) / (products.sum(axis=1, keepdims=True) + count)

    adjacency = np.eye(count)
    adjacency[RECEIVERS, SENDERS] += 1
    degree = adjacency.sum(axis=1)
    adjacency /= np.sqrt(degree[:, None] * degree[None, :])
    first, second = (params[f"block_{layer}"]["local"] for layer in (1, 2))
    along = np.maximum(adjacency @ x @ first["linear"]["kernel"] + first["bias"], 0)
    along = adjacency @ along @ second["linear"]["kernel"] + second["bias"]
    return linear(params["head"]["linear_0"], 0.7 * along + 0.3 * attended)


def test_the_form_of_the_authors_commands_is_their_equations_and_its_gradient():
    with jax.enable_x64(True):
        model = SGFormer(
            dim=4, num_layers=2, dtype="float64", param_dtype="float64", **PLAIN, **AUTHORS
        ).build(SPEC)
        x = np.random.default_rng(0).normal(size=(4, 5))
        graph = from_arrays(SENDERS, RECEIVERS, n_node=[4], nodes={"x": x.astype(np.float32)})
        batch, x = batch_graphs([graph]), x.astype(np.float32).astype(np.float64)
        shapes = jax.eval_shape(lambda: model.init(jax.random.key(0), batch, train=False))
        params = random_variables(shapes)["params"]
        weights = np.random.default_rng(1).normal(size=(4, 3))

        def weighted(params):
            rows = model.apply({"params": params}, batch, train=False)[:4]
            return (rows * weights).sum(), rows

        (_, rows), gradient = jax.jit(jax.value_and_grad(weighted, has_aux=True))(params)
        np.testing.assert_allclose(rows, expected(params, x), rtol=1e-10, atol=1e-12)
        leaves, tree = jax.tree.flatten(params)
        leaves = [np.array(leaf, np.float64) for leaf in leaves]
        along = [np.random.default_rng(2).normal(size=leaf.shape) for leaf in leaves]

        def moved(step):
            found = [leaf + step * other for leaf, other in zip(leaves, along, strict=True)]
            return (expected(jax.tree.unflatten(tree, found), x) * weights).sum()

        slope = (moved(1e-6) - moved(-1e-6)) / 2e-6
        grown = zip(jax.tree.leaves(gradient), along, strict=True)
        np.testing.assert_allclose(sum((a * b).sum() for a, b in grown), slope, rtol=1e-6)


def test_each_flag_of_their_command_leaves_parameters_out():
    def tree(**fields):
        model = SGFormer(dim=4, num_layers=1, **PLAIN, **fields).build(SPEC)
        graph = from_arrays([0], [1], n_node=[2], nodes={"x": np.ones((2, 5), np.float32)})
        batch = batch_graphs([graph])
        return str(jax.eval_shape(lambda: model.init(jax.random.key(0), batch, train=False)))

    assert "norm" in tree() and "value" in tree()
    assert "norm" not in tree(attention_norm="none") and "value" in tree(attention_norm="none")
    assert "value" not in tree(use_value=False) and "norm" in tree(use_value=False)
