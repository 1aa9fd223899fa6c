"""Models that are linear in the nodes train on one graph of 20,000 without anything quadratic."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gtx import graphs, structures
from gtx.batching import batch_graphs
from gtx.data import Continuous, Dataset, GraphSpec, Label
from gtx.models import (
    GPS,
    BigBird,
    DIFFormer,
    Exphormer,
    NAGphormer,
    NodeFormer,
    Polynormer,
    SGFormer,
)

NUM_NODES, WIDTH = 20_000, 16
SIZE = dict(dim=32, num_heads=2, head_layers=1)
MODELS = {
    "big_bird": BigBird(num_layers=2, **SIZE),
    "difformer": DIFFormer(num_layers=2, **SIZE),
    "exphormer": Exphormer(num_layers=2, local="gcn", encoding_dim=None, **SIZE),
    "nagphormer": NAGphormer(num_layers=1, **SIZE),
    "nodeformer": NodeFormer(num_layers=2, num_samples=3, relations=(("graph",),), **SIZE),
    "performer": GPS(num_layers=2, local="gcn", attention="performer", encoding_dim=None, **SIZE),
    "polynormer": Polynormer(num_layers=2, num_global_layers=2, **SIZE),
    "sgformer": SGFormer(num_layers=2, **SIZE),
}


@pytest.fixture(scope="module")
def dataset():
    rng = np.random.default_rng(0)
    ends = rng.integers(0, NUM_NODES, (2, 2 * NUM_NODES))
    graph = graphs.from_arrays(
        *np.concatenate([ends, ends[::-1]], axis=1),
        n_node=[NUM_NODES],
        nodes=dict(x=rng.normal(size=(NUM_NODES, WIDTH)).astype(np.float32)),
    )
    spec = GraphSpec(nodes=dict(x=Continuous(WIDTH)), label=Label("node", "multiclass", 3))
    labels = np.arange(NUM_NODES) % 3
    data = Dataset.from_graphs([graph], spec=spec.replace(label=None))
    data = data.with_targets("node", labels=labels, label=spec.label)
    made = structures.Expander(4, max_tries=1), structures.BigBird()
    return structures.apply(data, made)


def test_none_asks_for_a_dense_layout():
    assert not any(model.needs().dense for model in MODELS.values())


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_a_step_on_20000_nodes_takes_memory_linear_in_them(name, dataset):
    batch = jax.tree.map(jnp.asarray, batch_graphs(dataset, dense=False))
    module = MODELS[name].build(dataset.spec)
    keys = dict(params=jax.random.key(0), dropout=jax.random.key(1))
    variables = jax.jit(lambda: module.init(keys, batch, train=False))()

    @jax.jit
    def step(params, rest):
        def loss(params):
            rows, _ = module.apply(
                {**rest, "params": params},
                batch,
                train=True,
                mutable=["batch_stats", "losses"],
                rngs=keys,
            )
            return jnp.where(batch.node_mask[:, None], rows**2, 0).mean()

        return jax.grad(loss)(params)

    params = variables.pop("params")
    compiled = step.lower(params, variables).compile()
    # A number for each pair of nodes would be 1.6 GB.
    assert compiled.memory_analysis().temp_size_in_bytes < 1e9
    grads = compiled(params, variables)
    assert all(np.isfinite(grad).all() for grad in jax.tree.leaves(grads))
