"""Graph networks as one expression each, against their closed forms (Joshi 2025, section 2.1).

Closed forms see the graph as a matrix of edge counts, A_ij edges from j to i.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gtx.ops import Additive, Dot, Dynamic, Edges, attention, attention_weights, message_passing

NUM_NODES, DIM, HEADS, WIDTH = 9, 4, 2, 3
TOLERANCE = 1e-12
RNG = np.random.default_rng(0)
# Node 0 receives nothing, node 8 has no edge at all; self-loops and duplicates occur.
SENDERS = RNG.integers(0, 8, 24)
RECEIVERS = np.sort(RNG.integers(1, 8, 24))
COUNTS = np.zeros((NUM_NODES, NUM_NODES))
np.add.at(COUNTS, (RECEIVERS, SENDERS), 1)
X = RNG.normal(size=(NUM_NODES, DIM))
E = RNG.normal(size=(len(SENDERS), DIM))
W, U = RNG.normal(size=(2, DIM, WIDTH))
QUERY, KEY, VALUE = RNG.normal(size=(3, NUM_NODES, HEADS, WIDTH))
VECTOR = RNG.normal(size=(HEADS, WIDTH))


@pytest.fixture(autouse=True)
def float64():
    with jax.enable_x64(True):
        yield


def step(nodes, message, update, method="sum", edges=None):
    return message_passing(
        jax.tree.map(jnp.asarray, nodes),
        jnp.asarray(SENDERS),
        jnp.asarray(RECEIVERS),
        message=message,
        update=update,
        edges=edges,
        method=method,
        indices_are_sorted=True,
    )


def close(actual, expected):
    assert actual.dtype == np.float64
    np.testing.assert_allclose(actual, expected, rtol=0, atol=TOLERANCE)


def test_the_graph_has_what_is_hard():
    assert COUNTS.max() > 1 and COUNTS.trace() > 0
    assert COUNTS[0].sum() == 0 < COUNTS[:, 0].sum()
    assert COUNTS[8].sum() + COUNTS[:, 8].sum() == 0


def test_gcn_is_the_normalised_adjacency_times_features_times_weights():
    """Kipf and Welling (2017), equation 2."""
    degree = 1 + COUNTS.sum(1)
    gcn = step(
        dict(x=X @ W, d=degree[:, None] ** -0.5),
        message=lambda i, j, e: j["d"] * j["x"],
        update=lambda i, m: i["d"] * (i["d"] * i["x"] + m),
    )
    root = np.diag(degree**-0.5)
    close(gcn, root @ (COUNTS + np.eye(NUM_NODES)) @ root @ X @ W)


def test_gin_is_one_plus_epsilon_times_the_node_plus_its_neighbours():
    """Xu et al. (2019), equation 4.1, before its MLP."""
    gin = step(X, message=lambda i, j, e: j, update=lambda i, m: (1 + 0.3) * i + m)
    close(gin, (COUNTS + 1.3 * np.eye(NUM_NODES)) @ X)


@pytest.mark.parametrize("method", ["mean", "max", "sum"])
def test_graph_sage_is_a_map_of_the_node_and_a_map_of_its_aggregated_neighbours(method):
    """Hamilton et al. (2017), algorithm 1, its concatenation written as two maps."""
    sage = step(X, message=lambda i, j, e: j, update=lambda i, m: i @ W + m @ U, method=method)
    neighbours = np.zeros_like(X)
    for i in np.unique(RECEIVERS):
        neighbours[i] = getattr(X[SENDERS[RECEIVERS == i]], method)(axis=0)
    close(sage, X @ W + neighbours @ U)


def test_mpnn_is_any_message_and_any_update():
    """Gilmer et al. (2017), equations 1 and 2."""
    psi, phi = RNG.normal(size=(3 * DIM, WIDTH)), RNG.normal(size=(DIM + WIDTH, WIDTH))
    mpnn = step(
        X,
        message=lambda i, j, e: jnp.tanh(jnp.concatenate([i, j, e], -1) @ psi),
        update=lambda i, m: jnp.tanh(jnp.concatenate([i, m], -1) @ phi),
        edges=jnp.asarray(E),
    )
    arrived = np.zeros((NUM_NODES, WIDTH))
    for i, j, e in zip(RECEIVERS, SENDERS, E, strict=True):
        arrived[i] += np.tanh(np.concatenate([X[i], X[j], e]) @ psi)
    close(mpnn, np.tanh(np.concatenate([X, arrived], -1) @ phi))


def leaky(x):
    return np.where(x > 0, x, 0.2 * x)


# Logits [receivers, senders, heads] of every pair; the same as a message; the score.
PAIRS = QUERY[:, None], KEY[None]
SCORES = {
    "gat": (
        leaky(PAIRS[0].sum(-1) + PAIRS[1].sum(-1)),
        lambda i, j: jax.nn.leaky_relu(i["q"].sum(-1) + j["k"].sum(-1), 0.2),
        lambda: Additive(),
    ),
    "gatv2": (
        (leaky(PAIRS[0] + PAIRS[1]) * VECTOR).sum(-1),
        lambda i, j: (jax.nn.leaky_relu(i["q"] + j["k"], 0.2) * VECTOR).sum(-1),
        lambda: Dynamic(jnp.asarray(VECTOR)),
    ),
    "dot": (
        (PAIRS[0] * PAIRS[1]).sum(-1),
        lambda i, j: (i["q"] * j["k"]).sum(-1),
        lambda: Dot(),
    ),
}
NODES = dict(q=QUERY, k=KEY, v=VALUE)


def closed_form(logits):
    """softmax over the neighbours, in which a pair counts as often as it has edges."""
    weights = COUNTS[..., None] * np.exp(logits)
    total = weights.sum(1, keepdims=True)
    return np.einsum("ijh,jhd->ihd", weights / np.where(total > 0, total, 1), VALUE)


@pytest.mark.parametrize("name", SCORES)
def test_graph_attention_is_a_softmax_of_messages(name):
    """Velickovic et al. (2018), Brody et al. (2022); equations 14 and 15 of Joshi (2025)."""
    logits, message, score = SCORES[name]
    one_liner = step(
        NODES,
        message=lambda i, j, e: (message(i, j), j["v"]),
        update=lambda i, m: m,
        method="softmax",
    )
    close(one_liner, closed_form(logits))
    structure = Edges(jnp.asarray(SENDERS), jnp.asarray(RECEIVERS), indices_are_sorted=True)
    arrays = map(jnp.asarray, (QUERY, KEY, VALUE))
    close(attention(*arrays, structure, score=score(), scale=1.0), closed_form(logits))


def test_gat_ranks_neighbours_alike_for_every_node_and_the_others_do_not():
    """Brody et al. (2022): which key is the best depends on the query, but not for GAT."""
    receivers, senders = np.divmod(np.arange(32**2), 32)
    query, key = jnp.asarray(RNG.normal(size=(2, 32, 1, 8)))
    structure = Edges(jnp.asarray(senders), jnp.asarray(receivers), indices_are_sorted=True)
    vector = jnp.asarray(RNG.normal(size=(1, 8)))
    best = {
        type(score).__name__: len(np.unique(weights.reshape(32, 32).argmax(1)))
        for score in (Additive(), Dynamic(vector), Dot())
        for weights in [np.asarray(attention_weights(query, key, structure, score=score))]
    }
    assert best["Additive"] == 1 < min(best["Dynamic"], best["Dot"])


def strict(scale):
    """A message of its two ends alone: exp(s) and exp(s) v, summed; the update divides."""

    def message(i, j, e):
        weight = jnp.exp(scale * (i["q"] * j["k"]).sum(-1))[..., None]
        return weight, weight * j["v"]

    def update(i, m):
        total, out = m
        return out / jnp.where(total > 0, total, 1)

    return step(NODES, message, update)


def test_attention_is_message_passing_in_the_strict_sense():
    """In equation 14 the message depends on all neighbours, through the softmax; here on none."""
    close(strict(1.0), closed_form(SCORES["dot"][0]))


def test_the_strict_form_overflows_where_a_softmax_does_not():
    structure = Edges(jnp.asarray(SENDERS), jnp.asarray(RECEIVERS))
    arrays = map(jnp.asarray, (QUERY, KEY, VALUE))
    assert np.isfinite(attention(*arrays, structure, scale=1e4)).all()
    assert not np.isfinite(strict(1e4)).all()
