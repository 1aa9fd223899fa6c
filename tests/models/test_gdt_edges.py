"""GDT with tokens of edges against a literal transcription in float64 numpy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gtx import structures
from gtx.batching import batch_graphs
from gtx.data import Dataset
from gtx.data.spec import Categorical, GraphSpec, Label
from gtx.encodings import RRWP, apply
from gtx.models import GDT
from tests.models.test_gdt import affine, normed
from tests.models.test_graphormer import gelu
from tests.nn import literal
from tests.variables import quick_jit, random_variables

LAYERS, DIM, HEADS = 1, 8, 2
ATOMS = ((0, 1, 2, 1), (3, 0))
# (sender, receiver, bond), sorted by receiver: an edge in one direction, a loop, parallel edges.
EDGES = (
    ((1, 0, 0), (0, 1, 1), (2, 1, 0), (3, 1, 2), (3, 1, 0), (1, 2, 2), (2, 2, 1)),
    ((1, 0, 1),),
)
SPEC = GraphSpec(
    nodes=dict(atom=Categorical((4,))),
    edges=dict(bond=Categorical((3,))),
    label=Label("edge", "regression", 1),
)
USED = [structures.VirtualNodes(), structures.EdgeTokens()]


def prepared():
    senders, receivers, bonds = np.array([edge for edges in EDGES for edge in edges]).T
    data = Dataset.from_columns(
        node_ptr=np.cumsum([0, *map(len, ATOMS)]),
        edge_ptr=np.cumsum([0, *map(len, EDGES)]),
        senders=senders,
        receivers=receivers,
        nodes=dict(atom=np.concatenate(ATOMS)[:, None]),
        edges=dict(bond=bonds[:, None]),
        labels=np.zeros((len(senders), 1), np.float32),
        spec=SPEC,
    )
    return structures.apply(apply(data, [RRWP(3, diagonal=False)]), USED)


def transcription(params, atoms, edges, walks):
    """The authors' transform of edges, and their model, for one graph; [CLS] after the nodes."""
    embed, nodes = params["embed"], len(atoms)
    pairs, total = embed["columns"]["pair_edges"], nodes + 1 + len(edges)
    token = embed["columns"]["node_atom"]["embedding"]
    bond = embed["edge_bond"]["embedding"]
    # After four categories of atoms come that of [CLS], and that of edges, which is not read.
    x = np.stack([*token[list(atoms)], token[4], *bond[[kind for _, _, kind in edges]]])
    # What stands at each token: a node twice, or the ends of an edge; nothing at [CLS].
    tuples = [*((i, i) for i in range(nodes)), None, *((s, r) for s, r, _ in edges)]
    code = np.zeros((total, total), int)
    for a, first in enumerate(tuples):
        for b, second in enumerate(tuples):
            if first is not None and second is not None and first != second:
                code[a, b] = 1 if first[0] == second[0] else 2 if first[1] == second[1] else 0
    for sender, receiver, _ in edges:
        code[receiver, sender] = 3
    table = affine(pairs["embedding"], pairs["projection"])
    bias = np.where(code[..., None] > 0, table[code - 1], 0)
    padded = np.zeros((total, total, 3))
    padded[:nodes, :nodes] = walks
    rrwp = embed["columns"]["pair_rrwp"]
    hidden = np.maximum(affine(padded, rrwp["encoder"]["hidden"]), 0)
    bias = bias + affine(affine(hidden, rrwp["encoder"]["output"]), rrwp["projection"])
    from_token, to_token, loop = embed["columns"]["pair_token"]["embedding"]
    others = np.arange(total) != nodes
    bias[nodes, others] += from_token
    bias[others, nodes] += to_token
    bias[nodes, nodes] += loop

    x = normed(x)
    for layer in range(LAYERS):
        p = params[f"block_{layer}"]
        query, key, value = np.split(
            affine(normed(x), p["attention"]["query_key_value"]), 3, axis=1
        )
        heads = []
        for head in range(HEADS):
            own = slice(4 * head, 4 * head + 4)
            logits = query[:, own] @ key[:, own].T / 2 + bias[:, :, head]
            weights = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
            heads.append(weights @ value[:, own])
        x = x + affine(np.concatenate(heads, axis=1), p["attention"]["output"])
        ff = p["feed_forward"]
        x = x + affine(gelu(affine(normed(x), ff["hidden"])), ff["output"])
    head = params["head"]
    return affine(gelu(affine(x[nodes + 1 :], head["linear_0"])), head["linear_1"])[:, 0]


def test_it_is_what_the_authors_code_computes():
    data = prepared()
    walks = [
        data.pairs["rrwp"][slice(*data.pair_ptr[i : i + 2])].reshape(n, n, 3)[:own, :own]
        for i, (n, own) in enumerate(zip(data.num_nodes, map(len, ATOMS), strict=True))
    ]
    batch = batch_graphs(data)
    fields = dict(dim=DIM, num_layers=LAYERS, num_heads=HEADS, head_layers=2, tokens="edges")
    num_edges = sum(map(len, EDGES))
    weights = np.random.default_rng(0).normal(size=num_edges)
    with jax.enable_x64(True):
        model = GDT(**fields, dtype="float64", param_dtype="float64")
        model = model.build(data.spec, encodings=[RRWP(3, diagonal=False)])
        shapes = jax.eval_shape(lambda: model.init(jax.random.key(0), batch))
        params = random_variables(shapes)["params"]

        @quick_jit
        def run(params):
            def predict(params):
                return model.apply({"params": params}, batch)[:num_edges, 0]

            out, pull = jax.vjp(predict, params)
            return out, *pull(jnp.asarray(weights))

        out, gradient = run(params)
    params = jax.tree.map(np.float64, params)

    def reference(params):
        rows = zip(ATOMS, EDGES, walks, strict=True)
        return np.concatenate([transcription(params, *row) for row in rows])

    np.testing.assert_allclose(out, reference(params), rtol=0, atol=1e-10)
    literal.assert_slopes(lambda at: float(weights @ reference(at)), params, gradient)


def test_tokens_of_edges_are_asked_for_by_the_structure_that_adds_them():
    assert GDT(tokens="edges").needs().structures == ("virtual_nodes", "edge_tokens")
    with pytest.raises(ValueError, match="Add the structures 'virtual_nodes' and 'edge_tokens'"):
        GDT(tokens="edges").build(SPEC)
