"""GDT against a literal transcription in float64 numpy, from graphs to predictions."""

import jax
import jax.numpy as jnp
import numpy as np

from gtx import structures
from gtx.batching import batch_graphs
from gtx.encodings import RRWP, apply
from gtx.models import GDT
from tests.models.test_graphormer import GRAPHS, gelu, plain_dataset
from tests.nn import literal
from tests.variables import quick_jit, random_variables

ENCODINGS = [RRWP(3, diagonal=False)]
DATA = structures.apply(apply(plain_dataset(), ENCODINGS), [structures.VirtualNodes()])
BATCH = batch_graphs(DATA)
LAYERS, DIM, HEADS = 2, 8, 2


def normed(x):
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5)


def affine(x, params):
    return x @ params["kernel"] + params.get("bias", 0)


def transcription(params, graph):
    """The authors' code for one graph, [CLS] last."""
    size, bonds, atoms = graph
    embed = params["embed"]
    x = np.stack(
        [*embed["node_atom"]["embedding"][list(atoms)], embed["node_atom"]["embedding"][-1]]
    )
    adjacency = np.zeros((size, size))
    for a, b in bonds:
        adjacency[a, b] = adjacency[b, a] = 1
    step = adjacency / np.maximum(adjacency.sum(1, keepdims=True), 1)
    walks = np.zeros((size + 1, size + 1, 3))  # 0 where [CLS] is
    walks[:size, :size] = np.stack([np.eye(size), step, step @ step], axis=-1)
    rrwp = embed["pair_rrwp"]
    hidden = np.maximum(affine(walks, rrwp["encoder"]["hidden"]), 0)
    bias = affine(affine(hidden, rrwp["encoder"]["output"]), rrwp["projection"])
    edges = embed["pair_edges"]["edge_bond"]
    for (a, b), kind in bonds.items():
        both = affine(edges["encoder"]["embedding"][kind], edges["projection"])
        bias[a, b] += both
        bias[b, a] += both
    from_token, to_token, loop = embed["pair_token"]["embedding"]
    bias[-1, :-1] += from_token
    bias[:-1, -1] += to_token
    bias[-1, -1] += loop

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
    return affine(gelu(affine(x[-1], head["linear_0"])), head["linear_1"])


def test_it_is_what_the_authors_code_computes():
    rng = np.random.default_rng(0)
    fields = dict(dim=DIM, num_layers=LAYERS, num_heads=HEADS, head_layers=2)
    with jax.enable_x64(True):
        model = GDT(**fields, dtype="float64", param_dtype="float64")
        model = model.build(DATA.spec, encodings=ENCODINGS, structures=("virtual_nodes",))
        shapes = jax.eval_shape(lambda: model.init(jax.random.key(0), BATCH))
        params = random_variables(shapes)["params"]
        weights = rng.normal(size=len(GRAPHS))

        @quick_jit
        def run(params):
            def predict(params):
                return model.apply({"params": params}, BATCH)[: len(GRAPHS), 0]

            out, pull = jax.vjp(predict, params)
            return out, *pull(jnp.asarray(weights))

        out, gradient = run(params)
    params = jax.tree.map(np.float64, params)

    def reference(params):
        return np.array([transcription(params, graph)[0] for graph in GRAPHS])

    np.testing.assert_allclose(out, reference(params), rtol=0, atol=1e-10)
    literal.assert_slopes(lambda at: float(weights @ reference(at)), params, gradient)
    assert not any("norm" in name for name in params["block_0"])  # which have no parameters


def test_branches_are_left_out_more_often_in_later_layers():
    model = GDT(num_layers=4, drop_path_rate=0.2)
    blocks = model.build(DATA.spec, encodings=ENCODINGS, structures=("virtual_nodes",)).block
    np.testing.assert_allclose([block().drop_path_rate for block in blocks], [0.05, 0.1, 0.15, 0.2])
