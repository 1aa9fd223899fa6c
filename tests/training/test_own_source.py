"""A source of a user's own: random neighbours in one large graph, through the same loop."""

import functools

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gtx.batch import Targets
from gtx.batching import Source, batch_graphs
from gtx.data import Dataset, GraphSpec, Label
from gtx.graphs import from_arrays
from gtx.tasks import Multiclass
from gtx.training import Constant, Hook, Interrupted, ResumeError, adamw, fit
from gtx.training.signals import StopRequested
from tests.training.small import same_bits

LABEL = Label("node", "multiclass", 2)


class Neighbors(Source):
    """`size` nodes of one graph a step, each with `fanout` neighbours drawn anew at every step."""

    def __init__(self, dataset, size, fanout):
        self.dataset, self.size, self.fanout = dataset, size, fanout
        first = np.searchsorted(dataset.receivers, np.arange(dataset.num_nodes[0] + 1))
        self.constants = dict(
            feat=dataset.nodes["feat"],
            labels=dataset.targets.labels,
            senders=dataset.senders,
            first=first,
        )
        # Every sample is a star, so that only the nodes in its places are drawn.
        star = from_arrays(
            np.arange(1, fanout + 1), np.zeros(fanout, int), n_node=fanout + 1,
            nodes={"feat": dataset.nodes["feat"][: fanout + 1]},
        )  # fmt: skip
        self.star = batch_graphs([star] * size, dense=False)

    def plan(self, seed, epoch):
        order = np.random.default_rng([seed, epoch]).permutation(self.dataset.num_nodes[0])
        filling = np.full(-len(order) % self.size, -1)
        return np.concatenate([order, filling]).reshape(-1, 1, self.size).astype(np.int32)

    def batch(self, constants, element, key):
        node = jnp.maximum(element, 0)
        keys = jax.vmap(functools.partial(jax.random.fold_in, key))(node)
        draw = jax.vmap(functools.partial(jax.random.randint, shape=(self.fanout,)))
        edges = draw(keys, minval=constants["first"][node], maxval=constants["first"][node + 1])
        nodes = jnp.concatenate([node[:, None], constants["senders"][edges]], axis=1).ravel()
        nodes = jnp.append(nodes, 0)  # the node that is padding
        learned = jnp.where(element >= 0, constants["labels"][node], -1)
        labels = jnp.full(len(nodes), -1).at[:: self.fanout + 1].set(jnp.append(learned, -1))
        graph = self.star.graph._replace(nodes={"feat": constants["feat"][nodes]})
        targets = Targets("node", jnp.arange(len(nodes)), labels, labels >= 0)
        return self.star.replace(graph=graph, targets=targets, node_ids=nodes.astype(jnp.uint32))

    def identity(self):
        return dict(size=self.size, fanout=self.fanout)


class Means(nn.Module):
    """The mean over the neighbours, and a linear layer."""

    @nn.compact
    def __call__(self, batch, *, train=False):
        x = batch.graph.nodes["feat"]
        total = jax.ops.segment_sum(x[batch.senders], batch.receivers, len(x))
        count = jax.ops.segment_sum(jnp.ones(len(batch.senders)), batch.receivers, len(x))
        return nn.Dense(2)(total / jnp.maximum(count, 1)[:, None])


def one_graph(num_nodes=45, seed=0):
    """The class of a node is the sign of its neighbours' feature. Every node has an edge."""
    rng = np.random.default_rng(seed)
    feat = rng.choice([-1.0, 1.0], (num_nodes, 1)).astype(np.float32)
    groups = [np.flatnonzero(feat[:, 0] == value) for value in (-1, 1)]
    receivers = np.repeat(np.arange(num_nodes), 4)
    labels = rng.integers(0, 2, num_nodes).astype(np.int32)
    senders = np.concatenate([rng.choice(groups[label], 4) for label in labels])
    graph = from_arrays(senders, receivers, n_node=num_nodes, nodes={"feat": feat})
    spec = GraphSpec(nodes=Dataset.from_graphs([graph]).spec.nodes, label=LABEL)
    return Dataset.from_graphs([graph], labels, spec=spec)


def train(workdir, fanout=2, hooks=()):
    graph = one_graph()
    return fit(
        Means(), Multiclass(LABEL), Neighbors(graph, 8, fanout), graph,
        optimizer=adamw(Constant(0.1)), num_epochs=3, workdir=workdir, steps_per_call=4,
        hooks=hooks,
    )  # fmt: skip


def test_a_key_decides_which_neighbours_are_drawn_for_a_node_wherever_it_stands():
    graph = one_graph()
    source = Neighbors(graph, 3, 2)
    compiled = jax.jit(source.batch)
    batch = functools.partial(compiled, source.constants)
    key, other = jax.random.key(0), jax.random.key(1)
    rows = np.array([7, 20, -1], np.int32)

    def nodes(rows, key):
        return np.asarray(batch(rows, key).node_ids)[:-1].reshape(3, 3)

    first = nodes(rows, key)
    assert first[:2, 0].tolist() == [7, 20]
    for node, *drawn in first[:2]:
        assert set(drawn) <= set(graph.senders[graph.receivers == node])
    np.testing.assert_array_equal(nodes(rows[[1, 0, 2]], key)[:2], first[[1, 0]])
    assert any((nodes(rows, other) != first).ravel())
    labels = np.asarray(batch(rows, key).targets.labels)[:-1].reshape(3, 3)
    np.testing.assert_array_equal(labels[:2, 0], graph.targets.labels[[7, 20]])
    assert np.all(labels[2] == -1) and np.all(labels[:, 1:] == -1)


def test_it_trains_is_interrupted_and_goes_on_with_the_same_bits(tmp_path):
    class Stop(Hook):
        def chunk(self, report):
            if report.step == 9:  # within an epoch
                raise StopRequested(15)

    whole = train(tmp_path / "whole")
    assert whole.num_compilations == {"train": 1, "evaluate": 1}
    assert whole.best_score == 1.0 and whole.history[-1]["step"] == 18
    with pytest.raises(Interrupted):
        train(tmp_path / "cut", hooks=[Stop()])
    again = train(tmp_path / "cut")
    assert again.resumed_from == 9
    assert same_bits(again.state, whole.state) and again.history == whole.history
    with pytest.raises(ResumeError, match="source.fanout: 2 -> 3"):
        train(tmp_path / "cut", fanout=3)
