"""Run by sharded_run: `fit` on one device and on two.

The graphs are so large that "auto" takes the attention that goes block by block.
"""

import pathlib

import flax.linen as nn
import jax
import numpy as np
import optax

from gtx import graphs
from gtx.batch import Features
from gtx.batching import Resident, fit_budget
from gtx.data import Dataset
from gtx.nn import TransformerConv
from gtx.ops.attention.select import recorded_choices
from gtx.tasks import Regression
from gtx.training import Constant, Optimizer, fit
from tests.training import small

NUM_EDGES = 9_000


class Model(nn.Module):
    """One layer of attention over the edges, summed over the nodes."""

    @nn.compact
    def __call__(self, batch, *, train=False):
        features = Features(nodes=batch.graph.nodes["feat"])
        layer = TransformerConv(4, num_heads=2, dropout_rate=0.1, name="layer")
        x = layer(features, batch, train=train).nodes
        x = jax.ops.segment_sum(x, batch.node_graph, len(batch.graph_mask))
        return nn.Dense(1, name="last")(x / 100)


def dataset():
    rng = np.random.default_rng(0)
    made, labels = [], []
    for _ in range(4):
        ends = rng.integers(0, 100, (2, NUM_EDGES))
        nodes = rng.normal(size=(100, 3)).astype(np.float32)
        made.append(graphs.from_arrays(*ends, n_node=100, nodes={"feat": nodes}))
        labels.append([nodes.mean()])
    return Dataset.from_graphs(made, np.asarray(labels, np.float32))


def run(folder: pathlib.Path) -> dict[str, float]:
    """How far apart the runs end, and after how many steps."""
    data, results = dataset(), []
    for shards, seeds in ((1, (0,)), (2, (0,)), (2, (0, 1))):
        with recorded_choices() as choices:
            results.append(
                fit(
                    Model(),
                    Regression(data.spec.label),
                    Resident(data, fit_budget(data, 4, num_shards=shards, num_tiers=1)),
                    data,
                    optimizer=Optimizer(optax.sgd, Constant(0.01)),
                    num_epochs=2,
                    workdir=folder / f"{shards}_{len(seeds)}",
                    seeds=seeds,
                )
            )
        assert {choice.implementation for choice in choices} == {"chunked"}
    one, two, replicas = results
    return dict(
        params=small.max_difference(one.state.params, two.state.params),
        replica=small.max_difference(two.state.params, replicas.replicas[0].state.params),
        score=abs(one.best_score - two.best_score),
        steps=int(two.state.step),
    )
