"""The auxiliary loss against a float64 transcription, on padded and sharded batches."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gtx.batch import Features
from gtx.batching import NoisyNodes, Resident, fit_budget
from gtx.nn.parts.denoise import Denoise
from tests.batching.sources.test_noisy_nodes import COLUMNS, train

SIZES = dict(nodes=dict(color=(4,), place=2), edges=dict(bond=(50,)))


@pytest.fixture(scope="module")
def example():
    dataset = train()
    source = NoisyNodes(Resident(dataset, fit_budget(dataset, 4, num_tiers=1)), COLUMNS, 0.3, 0.1)
    row = source.plan(0, 0)[0, 0]
    batch = jax.device_get(jax.jit(source.batch)(source.constants, row, jax.random.key(0)))
    rng = np.random.default_rng(0)

    def rows(mask):
        values = rng.normal(size=(len(mask), 3)).astype(np.float32)
        values[~mask] = np.nan
        return jnp.asarray(values)

    features = Features(nodes=rows(batch.node_mask), edges=rows(batch.edge_mask))
    module = Denoise(**SIZES, weight=0.7, scale=0.1)
    variables = jax.jit(module.init, static_argnames="train")(
        jax.random.key(1), features, batch, train=False
    )
    return module, {"params": variables["params"]}, features, batch


def transcription(params, features, batch):
    """Both means in float64, row by row."""
    levels = []
    for level, mask in (("nodes", batch.node_mask), ("edges", batch.edge_mask)):
        rows = []
        for row in np.flatnonzero(mask):
            losses = []
            for name, sizes in SIZES[level].items():
                own = {key: np.float64(value) for key, value in params[f"{level}_{name}"].items()}
                outputs = np.float64(getattr(features, level)[row]) @ own["kernel"] + own["bias"]
                clean = batch.clean[level][name][row]
                if isinstance(sizes, int):
                    noise = (clean - getattr(batch.graph, level)[name][row]) / 0.1
                    losses.append(np.mean((outputs - noise) ** 2))
                else:
                    losses.append(np.log(np.exp(outputs).sum()) - outputs[clean[0]])
            rows.append(np.mean(losses))
        levels.append(np.mean(rows))
    return 0.7 * sum(levels)


def test_the_loss_is_the_mean_over_real_rows_with_finite_gradients(example):
    module, variables, features, batch = example

    @jax.jit
    def loss(variables, features):
        _, sown = module.apply(variables, features, batch, train=True, mutable=["losses"])
        (found,) = sown["losses"]["denoise"]
        return found

    found, gradients = jax.value_and_grad(loss, argnums=(0, 1))(variables, features)
    expected = transcription(variables["params"], features, batch)
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(gradients))
    assert not np.asarray(gradients[1].nodes)[~batch.node_mask].any()
    assert all(np.any(leaf) for leaf in jax.tree.leaves(gradients[0]))


def test_shards_add_up_to_the_mean_over_all_rows(example):
    """The step multiplies the loss of a shard by its share of the graphs, and adds these."""
    module, variables, features, batch = example
    nodes = dataclasses.replace(module, edges={})
    half = np.isin(np.asarray(batch.node_graph), (0,)) & batch.node_mask
    parts, graphs = [], (1.0, batch.graph_mask.sum() - 1.0)
    for mask, number in ((half, graphs[0]), (batch.node_mask & ~half, graphs[1])):
        graph_mask = np.zeros_like(batch.graph_mask)
        graph_mask[: int(number)] = True
        parts.append(batch.replace(node_mask=mask, graph_mask=graph_mask, axis_name="shards"))
    stacked = jax.tree.map(lambda *leaves: np.stack(leaves), *parts)

    def loss(batch):
        _, sown = nodes.apply(variables, features, batch, train=True, mutable=["losses"])
        return sown["losses"]["denoise"][0]

    of_shards = jax.jit(jax.vmap(loss, axis_name="shards"))(stacked)
    total = np.sum(np.asarray(of_shards) * np.array(graphs)) / sum(graphs)
    whole = jax.jit(loss)(batch)
    np.testing.assert_allclose(total, whole, rtol=1e-5)


def test_it_is_silent_in_evaluation_and_refuses_what_it_cannot_do(example):
    module, variables, features, batch = example
    _, sown = module.apply(variables, features, batch, train=False, mutable=["losses"])
    assert not sown
    with pytest.raises(ValueError, match="NoisyNodes"):
        module.apply(variables, features, batch.replace(clean=None), train=True, mutable=["losses"])
    with pytest.raises(ValueError, match="no features of edges"):
        module.apply(variables, features.replace(edges=None), batch, train=True, mutable=["losses"])


def test_nodes_that_a_structure_adds_do_not_count(example):
    module, variables, features, batch = example
    wanted = transcription(variables["params"], features, batch)
    rng, count = np.random.default_rng(3), len(batch.node_mask)
    # Every real node is one of a structure's beside the given ones, which stay as they are.
    twice = {name: np.concatenate([values] * 2) for name, values in batch.graph.nodes.items()}
    clean = {
        name: np.concatenate([values, values + 9]) for name, values in batch.clean["nodes"].items()
    }
    twice["kind"] = np.repeat([0, 1], count)[:, None]
    larger = batch.replace(
        graph=batch.graph._replace(nodes=twice),
        clean={**batch.clean, "nodes": clean},
        node_mask=np.concatenate([batch.node_mask] * 2),
    )
    more = jnp.asarray(rng.normal(size=features.nodes.shape), jnp.float32)
    features = features.replace(nodes=jnp.concatenate([features.nodes, more]))
    module = module.clone(added_nodes=True)

    def loss(variables):
        _, sown = module.apply(variables, features, larger, train=True, mutable=["losses"])
        return sown["losses"]["denoise"][0]

    found, gradient = jax.jit(jax.value_and_grad(loss))(variables)
    np.testing.assert_allclose(found, wanted, rtol=1e-5)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(gradient))
