"""A small model with everything that resuming must keep: batch statistics, dropout, an average."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from gtx import graphs
from gtx.batching import fit_budget
from gtx.data import Dataset, GraphSpec, Label
from gtx.nn import BatchNorm, Dropout
from gtx.tasks import Regression
from gtx.training import WarmupCosine, adamw


class Small(nn.Module):
    """Two linear layers with a norm and dropout between, summed over nodes."""

    dim: int = 8
    outputs: int = 1
    rate: float = 0.25
    level: str = "graph"
    sown: float = 0.0

    @nn.compact
    def __call__(self, batch, *, train=False):
        x = nn.Dense(self.dim, name="first")(batch.graph.nodes["feat"])
        x = jax.ops.segment_sum(x[batch.senders], batch.receivers, len(x)) + x
        x = BatchNorm(name="norm")(x, batch.node_mask, train=train, axis_name=batch.axis_name)
        x = Dropout(self.rate)(jax.nn.relu(x), batch.node_ids, train=train)
        if self.level == "graph":
            x = jax.ops.segment_sum(x, batch.node_graph, len(batch.graph_mask))
        if self.sown:
            # Padding holds the largest values, and must not count.
            size = jnp.where(batch.graph_mask, jnp.square(x).mean(axis=1), 0).sum()
            mean = size / jnp.maximum(batch.graph_mask.sum(), 1)
            self.sow("losses", "size", self.sown * mean)
        return nn.Dense(self.outputs, name="last")(x)


def dataset(num_graphs=22, seed=0, label=None) -> Dataset:
    """Random graphs whose label is a function of their nodes."""
    rng = np.random.default_rng(seed)
    made, labels = [], []
    for _ in range(num_graphs):
        size = int(rng.integers(2, 7))
        ends = rng.integers(0, size, (2, 2 * size))
        nodes = rng.normal(size=(size, 3)).astype(np.float32)
        made.append(graphs.from_arrays(*ends, n_node=size, nodes={"feat": nodes}))
        labels.append([nodes.sum() + size])
    label = label or Label("graph", "regression", 1, ("sum",), mean=(4.0,), std=(2.0,))
    plain = Dataset.from_graphs(made, np.asarray(labels, np.float32))
    spec = GraphSpec(nodes=plain.spec.nodes, label=label)
    return Dataset.from_graphs(made, np.asarray(labels, np.float32), spec=spec)


def task():
    return Regression(dataset(2).spec.label)


def optimizer(**settings):
    schedule = WarmupCosine(0.01, num_steps=40, warmup_steps=4)
    return adamw(schedule, weight_decay=0.01, clip_norm=1.0, **{"ema_decay": 0.9, **settings})


def parts(num_shards=1):
    """Training and validation graphs and a budget of 4 graphs for both."""
    train, valid = dataset(22), dataset(7, seed=1)
    return train, valid, fit_budget(train, 4, num_shards=num_shards, num_tiers=2, cover=[valid])


def same_bits(a, b) -> bool:
    """Whether two trees have the same structure and bits."""
    same = jax.tree.map(lambda x, y: np.asarray(x).tobytes() == np.asarray(y).tobytes(), a, b)
    return jax.tree.structure(a) == jax.tree.structure(b) and all(jax.tree.leaves(same))


def max_difference(a, b) -> float:
    pairs = zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True)
    return max(float(jnp.abs(jnp.asarray(x) - jnp.asarray(y)).max()) for x, y in pairs)
