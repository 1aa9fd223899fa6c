"""Graphormer against a literal transcription in float64 numpy, from graphs to predictions."""

import math
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gtx import structures
from gtx.batch import EdgeSet, Features
from gtx.batching import batch_graphs
from gtx.data import Dataset
from gtx.data.spec import Categorical, GraphSpec, Label
from gtx.encodings import DegreeClass, ShortestPathDistance, ShortestPaths, apply
from gtx.models import Graphormer
from gtx.ops import edge_pairs
from tests.nn import literal
from tests.variables import quick_jit, random_variables

ENCODINGS = [DegreeClass(max_degree=4), ShortestPathDistance(3), ShortestPaths()]
SPEC = GraphSpec(
    nodes=dict(atom=Categorical((4,))),
    edges=dict(bond=Categorical((3,))),
    label=Label("graph", "regression", 1),
)
# A tree with a path of four edges, so that all shortest paths are unique, and two nodes apart.
GRAPHS = (
    (5, {(0, 1): 0, (1, 2): 1, (2, 3): 2, (3, 4): 1}, (0, 1, 2, 3, 1)),
    (3, {(0, 2): 2}, (3, 0, 1)),
)
SMALL = dict(
    dim=8,
    num_layers=2,
    num_heads=2,
    max_hops=3,
    dropout_rate=0.0,
    input_dropout_rate=0.0,
    attention_dropout_rate=0.0,
    table_hops=5,
)


def plain_dataset():
    sizes = [size for size, _, _ in GRAPHS]
    both = [[(*ends, kind) for ends, kind in bonds.items()] for _, bonds, _ in GRAPHS]
    both = [[*one, *((b, a, kind) for a, b, kind in one)] for one in both]
    senders, receivers, bonds = np.array([edge for one in both for edge in one]).T
    return Dataset.from_columns(
        node_ptr=np.cumsum([0, *sizes]),
        edge_ptr=np.cumsum([0, *map(len, both)]),
        senders=senders,
        receivers=receivers,
        nodes=dict(atom=np.concatenate([atoms for _, _, atoms in GRAPHS])[:, None]),
        edges=dict(bond=bonds[:, None]),
        labels=np.zeros((len(GRAPHS), 1), np.float32),
        spec=SPEC,
    )


DATA = structures.apply(apply(plain_dataset(), ENCODINGS), [structures.VirtualNodes()])
BATCH = batch_graphs(DATA)


def build(**fields):
    model = Graphormer(**{**SMALL, **fields})
    return model.build(DATA.spec, encodings=ENCODINGS, structures=("virtual_nodes",))


def normed(x, params):
    centred = x - x.mean(-1, keepdims=True)
    return (
        centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5) * params["scale"]
        + params["bias"]
    )


def affine(x, params):
    return x @ params["kernel"] + params["bias"]


def gelu(x):
    return 0.5 * x * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))


def paths_of(size, bonds):
    """Distances by Floyd and Warshall, and the bonds along the only path of each pair."""
    along = {(i, i): [] for i in range(size)}
    along.update({pair: [kind] for (a, b), kind in bonds.items() for pair in ((a, b), (b, a))})
    for middle in range(size):
        for i in range(size):
            for j in range(size):
                if (i, middle) in along and (middle, j) in along:
                    way = along[i, middle] + along[middle, j]
                    if len(way) < len(along.get((i, j), [0] * 99)):
                        along[i, j] = way
    return along


def transcription(params, graph, form, input_norm, final_norm):
    """Equations 5 to 9 for one graph, its token last; tables as the authors' code has them."""
    size, bonds, atoms = graph
    embed = params["embed"]
    neighbours = [sum(node in ends for ends in bonds) for node in range(size)]
    degree = embed["node_degree_class"]["embedding"]  # in-degrees, then out-degrees
    classes = len(degree) // 2
    x = [
        embed["node_atom"]["embedding"][atom] + degree[count] + degree[classes + count]
        for atom, count in zip(atoms, neighbours, strict=True)
    ]
    token = embed["node_atom"]["embedding"][-1] + degree[classes - 1] + degree[-1]
    x = np.stack([*x, token])

    bias = np.zeros((size + 1, size + 1, 2))
    bias[:] = embed["pair_spd"]["embedding"][-1]  # the distance to and from a token
    along = paths_of(size, bonds)
    edge = embed["pair_shortest_paths"]["edge_bond"]["embedding"]
    kernels = embed["pair_shortest_paths"]["kernel"]
    for i in range(size):
        for j in range(size):
            way = along.get((i, j))
            distance = 5 if way is None else min(len(way), 4)  # 4: further than 3, 5: no path
            bias[i, j] = embed["pair_spd"]["embedding"][distance]
            if way:
                way = way[:3]
                bias[i, j] += sum(edge[b] @ k for b, k in zip(way, kernels, strict=False)) / len(
                    way
                )

    if input_norm:
        x = normed(x, embed["norm"])
    for layer in range(2):
        p = params[f"block_{layer}"]

        def attend(x, p=p):
            query, key, value = np.split(affine(x, p["attention"]["query_key_value"]), 3, axis=1)
            heads = []
            for head in range(2):
                own = slice(4 * head, 4 * head + 4)
                logits = query[:, own] @ key[:, own].T / 2 + bias[:, :, head]
                weights = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
                heads.append(weights @ value[:, own])
            return affine(np.concatenate(heads, axis=1), p["attention"]["output"])

        def feed(x, p=p):
            return affine(gelu(affine(x, p["feed_forward"]["hidden"])), p["feed_forward"]["output"])

        if form == "pre_ln":
            x = x + attend(normed(x, p["norm_attention"]))
            x = x + feed(normed(x, p["norm_feed_forward"]))
        else:
            x = normed(x + attend(x), p["norm_attention"])
            x = normed(x + feed(x), p["norm_feed_forward"])
    if final_norm:
        x = normed(x, params["norm"])
    return affine(x[-1], params["head"]["linear_0"])


@pytest.mark.parametrize(
    "form, input_norm, final_norm",
    [
        pytest.param("pre_ln", False, False, id="paper"),
        pytest.param("pre_ln", False, True, id="v1", marks=pytest.mark.slow),
        pytest.param("post_ln", True, False, id="v2"),
    ],
)
def test_it_is_the_equations_of_the_paper(form, input_norm, final_norm):
    rng = np.random.default_rng(0)
    with jax.enable_x64(True):
        model = build(
            form=form,
            input_norm=input_norm,
            final_norm=final_norm,
            dtype="float64",
            param_dtype="float64",
        )
        shapes = jax.eval_shape(lambda: model.init(jax.random.key(0), BATCH))
        params = random_variables(shapes)["params"]
        weights = rng.normal(size=len(GRAPHS))

        def predict(params):
            return model.apply({"params": params}, BATCH)[: len(GRAPHS), 0]

        @quick_jit
        def run(params):
            out, pull = jax.vjp(predict, params)
            return out, *pull(jnp.asarray(weights))

        out, gradient = run(params)
    params = jax.tree.map(np.float64, params)

    def reference(params):
        forms = form, input_norm, final_norm
        return np.array([transcription(params, graph, *forms)[0] for graph in GRAPHS])

    np.testing.assert_allclose(out, reference(params), rtol=0, atol=1e-10)
    assert not gradient["embed"]["pair_shortest_paths"]["kernel"][3:].any()  # beyond max_hops
    literal.assert_slopes(lambda at: float(weights @ reference(at)), params, gradient)


def test_a_graph_without_a_token_is_refused():
    nodes = {name: column for name, column in DATA.spec.nodes.items() if name != "kind"}
    with pytest.raises(ValueError, match="Add the structure 'virtual_nodes'"):
        Graphormer(**SMALL).build(DATA.spec.replace(nodes=nodes), encodings=ENCODINGS)


def test_the_block_over_pairs_and_over_edges_is_the_same_with_the_same_weights():
    """Small graphs run dense, large ones along the edges that are kept of the complete graph."""
    rng = np.random.default_rng(1)
    mask, group = np.asarray(BATCH.node_mask), np.asarray(BATCH.node_graph)
    # All pairs of each graph, tokens included, as an edge set of the batch.
    receivers, senders = np.nonzero((group[:, None] == group[None]) & mask[:, None] & mask[None])
    edges = EdgeSet(jnp.asarray(senders), jnp.asarray(receivers), jnp.ones(len(senders), bool))
    batch = BATCH.replace(edge_sets={**BATCH.edge_sets, "all": edges})
    pairs = rng.normal(size=(batch.layout.num_pairs, 2))
    rows = np.asarray(edge_pairs(senders, receivers, batch.layout))
    x = rng.normal(size=(len(mask), 8))
    with jax.enable_x64(True):
        given = Features(nodes=x, pairs=pairs, edge_sets={"all": pairs[rows]})
        dense = build(dtype="float64", param_dtype="float64").block(name="block")
        over_edges = dense.clone(
            attention=partial(dense.attention, structure="edges", edges=("all",))
        )
        shapes = jax.eval_shape(lambda: dense.init(jax.random.key(0), given, batch, train=False))
        params = random_variables(shapes)

        @quick_jit
        def run(params, given):
            def loss(params, given, block):
                out = block.apply(params, given, batch, train=False).nodes
                return (out * jnp.cos(jnp.arange(out.size)).reshape(out.shape)).sum(), out

            gradient = jax.grad(loss, argnums=(0, 1), has_aux=True)
            return [gradient(params, given, block) for block in (dense, over_edges)]

        (first, rows_of_first), (second, rows_of_second) = run(params, given)
    np.testing.assert_allclose(rows_of_first, rows_of_second, rtol=0, atol=1e-12)
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=0, atol=1e-11), first[0], second[0]
    )
    np.testing.assert_allclose(first[1].pairs[rows], second[1].edge_sets["all"], rtol=0, atol=1e-11)
