"""Exphormer's attention against its definition, in float64 numpy."""

import jax
import jax.numpy as jnp
import numpy as np

from gtx import nn
from gtx.batch import EdgeSet
from tests.batches import DIM
from tests.nn import literal
from tests.nn.layers import BATCH, NUM_NODES, REAL, REAL_EDGES, RECEIVERS, SENDERS, affine, features

HEADS, VIRTUAL = 2, 2
WIDTH = DIM // HEADS
RNG = np.random.default_rng(0)
GRAPHS = np.asarray(BATCH.node_graph)
NUM_GRAPHS = len(BATCH.graph_mask)
# In place of an expander: an edge into each node from the first one of its graph, and one that is
# masked.
FIRST = np.array(
    [np.flatnonzero((GRAPHS == graph) & REAL)[:1].sum() for graph in GRAPHS[REAL]], np.int32
)
EXPANDER = EdgeSet(
    jnp.asarray(np.append(FIRST, 0)),
    jnp.asarray(np.append(np.arange(len(FIRST), dtype=np.int32), len(FIRST) - 1)),
    jnp.asarray(np.arange(len(FIRST) + 1) < len(FIRST)),
)


def literal_attention(x, edges, params):
    """Every edge is (sender, receiver, features); a node without edges gets 0."""
    query, key, value = np.split(affine(x, params["query_key_value"]), 3, axis=1)
    out = np.zeros_like(x)
    for head in range(HEADS):
        own = slice(head * WIDTH, (head + 1) * WIDTH)
        total, weighted = np.zeros(len(x)), np.zeros((len(x), WIDTH))
        for sender, receiver, e in edges:
            entry = affine(e, params["edges"])[own]
            logit = (query[receiver, own] * key[sender, own] * entry).sum() / np.sqrt(WIDTH)
            weight = np.exp(np.clip(logit, -5, 5))
            total[receiver] += weight
            weighted[receiver] += weight * value[sender, own]
        out[:, own] = weighted / np.where(total > 0, total, 1)[:, None]
    return out


def test_edge_sets_and_virtual_nodes_share_one_softmax():
    fixed = RNG.normal(size=(len(REAL_EDGES) + len(EXPANDER.mask), DIM))
    stream = dict(
        nodes=RNG.normal(size=(NUM_GRAPHS, VIRTUAL, DIM)),
        edges=fixed,
        to=RNG.normal(size=(VIRTUAL, DIM)),
        **{"from": RNG.normal(size=(VIRTUAL, DIM))},
    )
    batch = BATCH.replace(edge_sets=dict(expander=EXPANDER))
    given = features().replace(extra=dict(exphormer=stream))
    given = given.replace(nodes=3 * given.nodes)  # some scores are clamped

    def reference(params, rows):
        nodes = np.concatenate([rows["nodes"], stream["nodes"].reshape(-1, DIM)])
        edges = list(zip(SENDERS, RECEIVERS, fixed[np.flatnonzero(REAL_EDGES)], strict=True))
        start = len(REAL_EDGES)
        edges += [(s, r, fixed[start + r]) for r, s in enumerate(FIRST)]
        for node in np.flatnonzero(REAL):
            for number in range(VIRTUAL):
                virtual = NUM_NODES + GRAPHS[node] * VIRTUAL + number
                edges.append((node, virtual, stream["to"][number]))
                edges.append((virtual, node, stream["from"][number]))
        out = literal_attention(nodes, edges, params["attention"])
        return {"nodes": out[:NUM_NODES]}

    layer = nn.ExphormerAttention(DIM, HEADS, edges=("graph", "expander"))
    literal.assert_equals(layer, reference, given, batch=batch)


def test_virtual_nodes_become_what_they_attend_to_and_edges_stay():
    stream = dict(
        nodes=jnp.asarray(RNG.normal(size=(NUM_GRAPHS, VIRTUAL, DIM)), jnp.float32),
        edges=jnp.asarray(RNG.normal(size=(len(REAL_EDGES), DIM)), jnp.float32),
        to=jnp.zeros((VIRTUAL, DIM)),  # every node has the same weight
        **{"from": jnp.ones((VIRTUAL, DIM))},
    )
    given = features().replace(extra=dict(exphormer=stream))
    layer = nn.ExphormerAttention(DIM, HEADS)
    out, variables = jax.jit(
        lambda: layer.init_with_output(literal.KEY, given, BATCH, train=True)
    )()
    kernel = variables["params"]["attention"]["query_key_value"]["kernel"][:, 2 * DIM :]
    after = out.extra["exphormer"]
    for graph in np.unique(GRAPHS[REAL]):
        mean = np.asarray(given.nodes)[REAL & (GRAPHS == graph)].mean(0) @ np.asarray(kernel)
        np.testing.assert_allclose(after["nodes"][graph], np.stack([mean] * VIRTUAL), atol=1e-5)
    np.testing.assert_array_equal(after["edges"], stream["edges"])
