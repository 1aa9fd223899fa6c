"""PPGT against a literal transcription in float64 numpy, from graphs to predictions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gtx.batching import batch_graphs
from gtx.encodings import RRWP, Degree, ShortestPathDistance, apply
from gtx.models import PPGT
from tests.models.test_graphormer import GRAPHS, affine, plain_dataset
from tests.nn import literal
from tests.nn.attention.test_ppgt import ada_rms_norm, gelu
from tests.variables import quick_jit, random_variables

STEPS, HEADS, WIDTH = 4, 2, 4
ENCODINGS = [RRWP(STEPS), Degree(transform="log")]
DATA = apply(plain_dataset(), ENCODINGS)
SMALL = dict(dim=HEADS * WIDTH, num_layers=2, num_heads=HEADS, num_waves=2, stem_dim=5)


def mlp(x, params, name):
    return affine(gelu(affine(x, params[f"{name}_hidden"])), params[f"{name}_output"])


def pairs_of(graph, params):
    """The stem: walks, sizes and degrees as sinusoids, an MLP, the bonds, one residual MLP."""
    size, bonds, _ = graph
    adjacency = np.zeros((size, size))
    for a, b in bonds:
        adjacency[a, b] = adjacency[b, a] = 1
    degree = adjacency.sum(1)
    step = adjacency / np.maximum(degree, 1)[:, None]
    walks = np.stack([np.linalg.matrix_power(step, k) for k in range(STEPS)], axis=-1)
    # Columns are kept in float32.
    walks = np.float64(np.float32(walks))
    inverse = np.where(degree > 0, 1 / np.maximum(degree, 1), 0)
    rows = np.zeros((size, size, STEPS + 3))
    for i in range(size):
        for j in range(size):
            rows[i, j] = [*walks[i, j], 1 / size, inverse[j], inverse[i]]
    angles = np.pi * rows[..., None] * [1, 2]
    waves = [f(angles).reshape(size, size, -1) for f in (np.sin, np.cos)]
    z = mlp(np.concatenate([rows, *waves], axis=-1), params, "stem")
    for (a, b), kind in bonds.items():
        for ends in ((a, b), (b, a)):
            z[ends] = z[ends] + params["edges"]["edge_bond"]["embedding"][kind]
    z = z + mlp(ada_rms_norm(z, params["norm_0"]), params, "layer_0")
    return ada_rms_norm(z, params["norm_output"]), walks, degree


def attention(x, z, params):
    """exp(-|q - k|^2 / (2 sqrt(d))) but for what a row shares, biased and gated by the pair."""
    query, key, value = np.split(affine(x, params["query_key_value"]), 3, axis=1)
    pairs = affine(z, params["pairs"])
    heads = []
    for head in range(HEADS):
        own = slice(head * WIDTH, (head + 1) * WIDTH)
        norm = (key[:, own] ** 2).sum(1) / (2 * np.sqrt(WIDTH))
        logits = query[:, own] @ key[:, own].T - norm + pairs[..., head]
        weights = np.exp(logits - logits.max(1, keepdims=True))
        weights = weights / weights.sum(1, keepdims=True) * (1 + pairs[..., HEADS + head])
        heads.append(weights @ value[:, own])
    return affine(np.concatenate(heads, axis=1), params["output"])


def transcription(params, graph):
    size, _, atoms = graph
    embed = params["embed"]
    z, walks, degree = pairs_of(graph, embed["pair_rrwp"])
    x = embed["node_atom"]["embedding"][list(atoms)]
    x = x + affine(np.einsum("iik->ik", walks), embed["node_rrwp"]["linear"])
    x = x + affine(
        np.float64(np.float32(np.log1p(degree)))[:, None], embed["node_degree"]["linear"]
    )
    x = x + affine(np.full((size, 1), np.log1p(size)), embed["node_graph_size"]["linear"])
    for layer in range(2):
        p = params[f"block_{layer}"]
        x = x + attention(ada_rms_norm(x, p["norm_attention"]), z, p["attention"])
        hidden = affine(ada_rms_norm(x, p["norm_feed_forward"]), p["feed_forward"]["hidden"])
        x = x + affine(gelu(hidden), p["feed_forward"]["output"])
    y = ada_rms_norm(x, params["norm"]).sum(0)
    for number in range(3):
        y = affine(y if number == 0 else gelu(y), params["head"][f"linear_{number}"])
    return y


def test_it_is_the_equations_of_the_paper_by_the_authors_code():
    weights = np.random.default_rng(0).normal(size=len(GRAPHS))
    with jax.enable_x64(True):
        model = PPGT(**SMALL, stem_layers=1, dtype="float64", param_dtype="float64").build(
            DATA.spec, encodings=ENCODINGS
        )
        batch = batch_graphs(DATA)
        batch = batch.replace(
            pairs=jax.tree.map(np.float64, batch.pairs),
            graph=batch.graph._replace(
                nodes={
                    name: values if name == "atom" else np.float64(values)
                    for name, values in batch.graph.nodes.items()
                }
            ),
        )
        shapes = jax.eval_shape(lambda: model.init(jax.random.key(0), batch))
        # The norm keeps lengths, which then grow from block to block: small weights keep them.
        params = jax.tree.map(lambda x: 0.4 * x, random_variables(shapes)["params"])

        @quick_jit
        def run(params):
            def predict(params):
                return model.apply({"params": params}, batch)[: len(GRAPHS), 0]

            out, pull = jax.vjp(predict, params)
            return out, *pull(jnp.asarray(weights))

        out, gradient = run(params)
    params = jax.tree.map(np.float64, params)

    def reference(params):
        return np.array([transcription(params, graph)[0] for graph in GRAPHS])

    np.testing.assert_allclose(out, reference(params), rtol=1e-10)
    literal.assert_slopes(lambda at: float(weights @ reference(at)), params, gradient)
    assert all(np.any(leaf) for leaf in jax.tree.leaves(gradient))


def test_two_encodings_of_pairs_are_refused():
    both = [*ENCODINGS, ShortestPathDistance(3)]
    with pytest.raises(ValueError, match="PPGT reads one column of pairs"):
        PPGT(**SMALL).build(apply(plain_dataset(), both).spec, encodings=both)
