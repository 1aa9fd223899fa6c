"""ESA against a literal transcription in float64 numpy, from graphs to predictions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gtx import structures
from gtx.batching import batch_graphs
from gtx.models import ESA
from gtx.nn.blocks import ESABlock, ESAReadout
from gtx.nn.blocks.esa_readout import seeds_init
from gtx.nn.parts.initializers import xavier_normal
from tests.models.test_graphormer import GRAPHS, affine, plain_dataset
from tests.nn import literal
from tests.variables import quick_jit, random_variables

DATA = structures.apply(plain_dataset(), [structures.EdgeTokens()])
BATCH = batch_graphs(DATA)
SMALL = dict(
    dim=8,
    num_layers=2,
    layers=("M", "S"),
    num_heads=2,
    hidden_dim=6,
    edge_hidden_dim=5,
    graph_dim=4,
    num_seeds=3,
)


def build(**fields):
    return ESA(**SMALL, **fields).build(DATA.spec, structures=("edge_tokens",))


def mish(x):
    return x * np.tanh(np.log1p(np.exp(x)))


def norm(x, params):
    centred = x - x.mean(-1, keepdims=True)
    variance = (centred**2).mean(-1, keepdims=True)
    return centred / np.sqrt(variance + 1e-8) * params["scale"] + params["bias"]


def attention(params, receivers, senders, allowed):
    query = affine(receivers, params["query"])
    key, value = affine(senders, params["key"]), affine(senders, params["value"])
    heads = []
    for head in range(2):
        own = slice(4 * head, 4 * head + 4)
        weights = np.exp(query[:, own] @ key[:, own].T / 2) * allowed
        total = weights.sum(1, keepdims=True)
        heads.append(weights / np.where(total > 0, total, 1) @ value[:, own])
    out = np.concatenate(heads, axis=1)
    return out + mish(affine(out, params["output"]))


def mlp(x, params):
    return affine(mish(affine(x, params["mlp_hidden"])), params["mlp_output"])


def transcription(params, graph):
    """The authors' code, pre-norm, for one graph."""
    _, bonds, atoms = graph
    edges = [(*ends, kind) for ends, kind in bonds.items()]
    edges += [(b, a, kind) for a, b, kind in edges]
    embed = params["embed"]
    as_sender, as_receiver = np.split(embed["node_atom"]["embedding"], 2, axis=1)
    bond = embed["edge_bond"]["embedding"]
    h = np.stack([as_sender[atoms[s]] + as_receiver[atoms[r]] + bond[k] for s, r, k in edges])
    start = x = affine(mish(h + embed["bias"]), embed["output"])
    shared = np.array([[bool({a, b} & {c, d}) for c, d, _ in edges] for a, b, _ in edges])
    np.fill_diagonal(shared, False)
    for layer, allowed in enumerate((shared, np.ones_like(shared))):
        p = params[f"block_{layer}"]
        x = norm(x, p["norm_attention"])
        x = x + attention(p, x, x, allowed)
        x = x + mlp(norm(x, p["norm_mlp"]), p)
    p = params["readout"]
    x = norm(x + start, p["norm_attention"])
    s = attention(p, p["seeds"], x, np.ones((3, len(edges))))
    s = s + mlp(norm(s, p["norm_mlp"]), p)
    return affine(mish(affine(s.mean(0), p["readout"])), params["head"]["linear_0"])


def test_it_is_what_the_authors_code_computes():
    rng = np.random.default_rng(0)
    with jax.enable_x64(True):
        model = build(dtype="float64", param_dtype="float64")
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
    assert all(np.any(leaf) for leaf in jax.tree.leaves(gradient))


def test_a_graph_is_predicted_alike_in_every_batch_whatever_padding_holds():
    model = build()
    variables = random_variables(jax.eval_shape(lambda: model.init(jax.random.key(0), BATCH)))
    predict = quick_jit(model.apply)
    together = np.asarray(predict(variables, BATCH))
    for number in range(len(GRAPHS)):
        alone = predict(variables, batch_graphs(DATA.select([number])))
        np.testing.assert_allclose(alone[0], together[number], atol=1e-5)
    assert np.isfinite(together).all()
    graph = BATCH.graph._replace(
        nodes={
            name: jnp.where(BATCH.node_mask[:, None], x, -5)
            for name, x in BATCH.graph.nodes.items()
        }
    )
    np.testing.assert_allclose(predict(variables, BATCH.replace(graph=graph))[:2], together[:2])


def test_graphs_without_tokens_and_models_without_layers_are_refused():
    with pytest.raises(ValueError, match="needs a letter"):
        ESA(layers=()).build(DATA.spec, structures=("edge_tokens",))
    with pytest.raises(ValueError, match="Add the structure 'edge_tokens'"):
        ESA(**SMALL).build(plain_dataset().spec)


def test_seeds_and_kernels_start_as_those_of_pytorch():
    torch = pytest.importorskip("torch")
    key = jax.random.key(0)
    for init, shape, axes in (
        (seeds_init, (32, 256), (1, 32, 256)),
        (xavier_normal, *2 * ((256, 256),)),
    ):
        values = np.asarray(init(key, shape, np.float32))
        wanted = torch.nn.init.xavier_normal_(torch.empty(axes)).numpy()
        np.testing.assert_allclose(values.std(), wanted.std(), rtol=0.03)
        # A truncated normal distribution ends at 2.3 standard deviations.
        assert np.abs(values).max() > 3 * values.std()
    assert ESABlock(8).kernel_init is xavier_normal
    assert ESAReadout(8, 4).seeds_init is seeds_init
