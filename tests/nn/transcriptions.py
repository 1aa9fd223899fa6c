"""Layers against transcriptions of their equations in numpy, values and gradients in float64.

A transcription takes parameters and the graphs one by one, as `Graph` has them, and returns what
the layer makes of the real nodes and pairs. Its slope along a random direction, by differences, is
what the gradients of the layer must give.
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from gtx.batch import EdgeSet
from gtx.nn.attention import pairs_of
from gtx.ops import split_pairs
from gtx.ops.attention.contract import as_edges
from tests.batches import build_batch, random_graphs
from tests.nn.layers import BATCH, features
from tests.variables import quick_jit, random_variables

KEYS = dict(params=jax.random.key(0), dropout=jax.random.key(1))
STEP = 1e-5
# One tier with a graph that does not fill it, because each tier is compiled by itself.
SMALL = build_batch(random_graphs(sizes=(4, 3), num_edges=(7, 5)), tiers=[(2, 4)], extra_edges=1)


class Graph(NamedTuple):
    """Features of one graph, and its edges.

    Attributes:
      nodes: [n, feat].
      pairs: [n, n, feat], receiver first.
      senders, receivers: [edges], numbers within the graph.
    """

    nodes: np.ndarray
    pairs: np.ndarray
    senders: np.ndarray
    receivers: np.ndarray


def graphs_of(nodes, pairs, batch=BATCH):
    """The graphs of a batch that have nodes, with these features."""
    found, numbers = [], np.asarray(batch.node_graph)
    views = [view for part in split_pairs(pairs, batch.layout.tiers) for view in part]
    for number, view in enumerate(views):
        own = np.flatnonzero(numbers == number)
        own = own[np.asarray(batch.node_mask)[own]]
        if not len(own):
            continue
        edges = np.asarray(batch.edge_mask) & (numbers[np.asarray(batch.receivers)] == number)
        ends = (np.asarray(x)[edges] - own[0] for x in (batch.senders, batch.receivers))
        found.append(Graph(nodes[own], view[: len(own), : len(own)], *ends))
    return found


def assert_transcribed(module, transcription, *, tolerance=1e-9, train=True):
    """The layer equals its transcription, in values and in slopes.

    Args:
      module: a layer over nodes and pairs.
      transcription: `(params, graphs) -> (nodes, pairs)`, each a list of arrays, one a graph.
      tolerance: of values, to the largest of them; a hundred times that of slopes.
      train: how the layer is called.
    """
    with jax.enable_x64(True):
        given = jax.tree.map(np.float64, features())
        module = module.clone(param_dtype=jnp.float64)
        shapes = jax.eval_shape(lambda: module.init(KEYS, given, BATCH, train=train))
        variables = random_variables(shapes)
        params = variables["params"]
        rng = np.random.default_rng(5)
        ahead = jax.tree.map(lambda x: rng.normal(size=x.shape), (params, given.nodes, given.pairs))

        def loss(params, nodes, pairs):
            out, _ = module.apply(
                {**variables, "params": params},
                given.replace(nodes=nodes, pairs=pairs),
                BATCH,
                train=train,
                rngs=KEYS,
                mutable=["batch_stats"],
            )
            total = _curved(jnp.where(BATCH.node_mask[:, None], out.nodes, 0), jnp)
            total += _curved(jnp.where(BATCH.pair_mask[:, None], out.pairs, 0), jnp)
            return total, out

        arguments = params, given.nodes, given.pairs
        grads, out = quick_jit(jax.grad(loss, argnums=(0, 1, 2), has_aux=True))(*arguments)
        out, grads = jax.tree.map(np.asarray, (out, grads))

    arguments = jax.tree.map(np.asarray, arguments)
    found = graphs_of(out.nodes, out.pairs)
    nodes, pairs = transcription(arguments[0], graphs_of(*arguments[1:]))
    _close([graph.nodes for graph in found], nodes, tolerance)
    _close([graph.pairs for graph in found], pairs, tolerance)

    def shifted(step, shift):
        params, *rest = jax.tree.map(lambda x, d: x + step * d, arguments, shift)
        return sum(
            _curved(values.reshape(-1, values.shape[-1]), np)
            for values in sum(map(list, transcription(params, graphs_of(*rest))), [])
        )

    for number, name in enumerate(("params", "nodes", "pairs")):
        shift = [jax.tree.map(np.zeros_like, x) for x in arguments]
        shift[number] = ahead[number]
        there = functools.partial(shifted, shift=tuple(shift))
        # Two differences, so that the error falls with the fourth power of the step.
        slope = (8 * (there(STEP) - there(-STEP)) - there(2 * STEP) + there(-2 * STEP)) / 12 / STEP
        terms = jax.tree.map(lambda g, d: (g * d).sum(), grads[number], ahead[number])
        terms = jax.tree.leaves(terms)
        scale = max(1.0, max(map(abs, terms)))
        assert abs(sum(terms) - slope) <= 100 * tolerance * scale, (name, sum(terms), slope)


def as_complete_set(batch, given):
    """The batch and features with all pairs as edges of a set, and the order of its edges."""
    edges = as_edges(pairs_of(batch))
    order = np.random.default_rng(0).permutation(len(edges.senders))
    over = EdgeSet(
        edges.senders[order], edges.receivers[order], edges.where[order], are_sorted=False
    )
    given = given.replace(pairs=None, edge_sets={"complete": given.pairs[order]})
    return batch.replace(edge_sets={"complete": over}), given, order


def assert_forms_agree(make, tolerance=1e-10):
    """A block over all pairs and over the edges of a complete graph: one function, in float64."""
    with jax.enable_x64(True):
        given = jax.tree.map(np.float64, features(SMALL))
        batch, sparse, order = as_complete_set(SMALL, given)
        dense, listed = make(structure="complete"), make(structure="edges", edges=("complete",))
        shapes = jax.eval_shape(lambda: dense.init(KEYS, given, SMALL, train=True))
        variables = jax.tree.map(np.float64, random_variables(shapes))

        def value(module, params, given, batch):
            out, changed = module.apply(
                {**variables, "params": params},
                given,
                batch,
                train=True,
                rngs=KEYS,
                mutable=["batch_stats"],
            )
            entries = out.edge_sets["complete"] if out.pairs is None else out.pairs[order]
            mask = batch.pair_mask[order]
            entries = jnp.where(mask[:, None], entries, 0)
            nodes = jnp.where(batch.node_mask[:, None], out.nodes, 0)
            return (nodes**2).sum() + jnp.sin(entries).sum(), (nodes, entries, changed)

        def results(module, given, batch):
            run = functools.partial(value, module)
            grads, out = quick_jit(jax.grad(run, has_aux=True))(variables["params"], given, batch)
            return jax.tree.map(np.asarray, (out, grads))

        one, other = results(dense, given, SMALL), results(listed, sparse, batch)
    for mine, theirs in zip(*map(jax.tree.leaves, (one, other)), strict=True):
        scale = max(1.0, np.abs(theirs).max(initial=0))
        np.testing.assert_allclose(mine, theirs, rtol=0, atol=tolerance * scale)


def _curved(values, xp):
    return (values * xp.cos(xp.arange(values.shape[-1])) + 0.1 * values**2).sum()


def _close(found, expected, tolerance):
    assert len(found) == len(expected)
    for mine, theirs in zip(found, expected, strict=True):
        scale = max(1.0, np.abs(theirs).max(initial=0))
        np.testing.assert_allclose(mine, theirs, rtol=0, atol=tolerance * scale)


def normed(lists, params):
    """BatchNorm over the rows of all graphs together."""
    width = lists[0].shape[-1]
    rows = np.concatenate([values.reshape(-1, width) for values in lists])
    mean, var = rows.mean(0), rows.var(0)
    factor = params["scale"] / np.sqrt(var + 1e-5)
    return [(values - mean) * factor + params["bias"] for values in lists]


def softmax(x, axis):
    weights = np.exp(x - x.max(axis, keepdims=True))
    return weights / weights.sum(axis, keepdims=True)
