"""ViT and the language model against literal transcriptions in float64 numpy; their sizes."""

import functools
import math

import jax
import numpy as np
import pytest

import gtx
from gtx.data import Categorical, Continuous, Dataset, GraphSpec, Label
from gtx.models import LanguageModel, ViT
from gtx.structures import Causal, VirtualNodes
from tests.variables import quick_jit, random_variables

EXACT = dict(dtype="float64", param_dtype="float64")
LENGTH, TYPES = 6, 5
TEXT = GraphSpec(
    nodes=dict(character=Categorical((TYPES,)), place=Categorical((LENGTH,))),
    label=Label("node", "multiclass", TYPES),
)
IMAGE = GraphSpec(
    nodes=dict(x=Continuous(3), place=Categorical((4,))), label=Label("graph", "multiclass", 10)
)


def affine(x, params):
    return x @ params["kernel"] + params["bias"]


def normed(x, params):
    centred = x - x.mean(-1, keepdims=True)
    scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5)
    return scaled * params["scale"] + params["bias"]


def gelu(x):
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def block(x, params, sees, heads=2):
    """A block that normalises its inputs: `sees` [receivers, senders]."""
    query, key, value = np.split(
        affine(normed(x, params["norm_attention"]), params["attention"]["query_key_value"]), 3, 1
    )
    out, width = [], x.shape[1] // heads
    for head in range(heads):
        own = slice(width * head, width * (head + 1))
        weights = np.exp(query[:, own] @ key[:, own].T / math.sqrt(width)) * sees
        out.append(weights / weights.sum(1, keepdims=True) @ value[:, own])
    x = x + affine(np.concatenate(out, axis=1), params["attention"]["output"])
    hidden = affine(normed(x, params["norm_feed_forward"]), params["feed_forward"]["hidden"])
    return x + affine(gelu(hidden), params["feed_forward"]["output"])


def outputs(model, dataset, structures):
    """What the model computes in float64, with its parameters."""
    module = model.build(dataset.spec, structures=structures)
    batch = gtx.batching.batch_graphs(dataset)
    shapes = jax.eval_shape(module.init, jax.random.key(0), batch)
    variables = jax.tree.map(np.float64, random_variables(shapes))
    out = quick_jit(functools.partial(module.apply, train=False))(variables, batch)
    return np.asarray(out), jax.tree.map(np.asarray, variables["params"])


def text(characters):
    place = np.arange(len(characters))
    graph = gtx.graphs.from_arrays(
        place[:-1],
        place[1:],
        n_node=[len(characters)],
        nodes=dict(character=np.array(characters)[:, None], place=place[:, None]),
    )
    labels = np.zeros(len(characters), np.int32)
    return gtx.structures.apply(Dataset.from_graphs([graph], [labels], spec=TEXT), [Causal()])


SMALL = dict(dim=8, num_layers=2, num_heads=2)


def test_the_language_model_is_its_equations_and_sees_no_later_character():
    characters = [3, 1, 4, 1, 0, 2]
    with jax.enable_x64(True):
        model = LanguageModel(**SMALL, **EXACT)
        out, params = outputs(model, text(characters), ("causal",))
        embed = params["embed"]
        x = embed["node_character"]["embedding"][characters] + embed["node_place"]["embedding"]
        for layer in range(2):
            x = block(x, params[f"block_{layer}"], np.tril(np.ones((LENGTH, LENGTH))))
        wanted = affine(normed(x, params["norm"]), params["head"]["linear_0"])
        np.testing.assert_allclose(out[:LENGTH], wanted, rtol=1e-10, atol=1e-12)
        changed, _ = outputs(model, text([*characters[:3], 2, 4, 4]), ("causal",))
    np.testing.assert_array_equal(out[:3], changed[:3])
    assert (np.abs(out[3:LENGTH] - changed[3:LENGTH]).max(1) > 1e-6).all()
    assert model.needs().structures == ("causal",) and not model.needs().dense


@pytest.mark.parametrize("name", ["graph", "causal_not"])
def test_edges_that_may_run_backward_are_refused(name):
    """Among them the edges of the graph itself: nobody promises that they run forward."""
    data = text([0, 1, 2])
    spec = data.spec.replace(edge_sets={**data.spec.edge_sets, "causal_not": {}})
    with pytest.raises(ValueError, match=f"over: the edges of '{name}' may run from later"):
        LanguageModel(**SMALL, over=("causal", name)).build(spec)


def image(pixels):
    place = np.arange(4)
    edges = np.array([[0, 1, 0, 2, 1, 3, 2, 3], [1, 0, 2, 0, 3, 1, 3, 2]])
    graph = gtx.graphs.from_arrays(
        *edges, n_node=[4], nodes=dict(x=np.float32(pixels), place=place[:, None])
    )
    plain = Dataset.from_graphs([graph], np.zeros(1, np.int32), spec=IMAGE)
    return gtx.structures.apply(plain, [VirtualNodes()])


@pytest.mark.parametrize("attention", ["complete", "edges"])
def test_vit_is_its_equations(attention):
    """Dosovitskiy et al. (2021), equations 1 to 4, from all to all or along the grid."""
    pixels = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    sees = np.ones((5, 5))
    field = "complete"
    if attention == "edges":
        field = dict(name="edges", edges=("graph", "virtual"))
        sees[[0, 3, 1, 2], [3, 0, 2, 1]] = 0
        np.fill_diagonal(sees, 0)
    with jax.enable_x64(True):
        model = ViT(**SMALL, attention=field, **EXACT)
        out, params = outputs(model, image(pixels), ("virtual_nodes",))
    embed = params["embed"]
    x = affine(np.concatenate([pixels, np.zeros((1, 3))]), embed["node_x"]["linear"])
    x = x + embed["node_place"]["embedding"]
    for layer in range(2):
        x = block(x, params[f"block_{layer}"], sees)
    wanted = affine(normed(x, params["norm"])[-1], params["head"]["linear_0"])
    np.testing.assert_allclose(out[0], wanted, rtol=1e-10, atol=1e-12)
    assert model.needs().dense == (attention == "complete")


def test_vit_reads_a_token():
    with pytest.raises(ValueError, match="Add the structure 'virtual_nodes'"):
        ViT(**SMALL).build(IMAGE)


def count(module, dataset):
    batch = gtx.batching.batch_graphs(dataset)
    shapes = jax.eval_shape(module.init, jax.random.key(0), batch)
    return sum(leaf.size for leaf in jax.tree.leaves(shapes["params"]))


def test_vit_base_has_the_published_number_of_parameters():
    """86,567,656, less one vector: the token of the class and its place are one here."""
    spec = GraphSpec(
        nodes=dict(x=Continuous(16 * 16 * 3), place=Categorical((196,))),
        label=Label("graph", "multiclass", 1000),
    )
    nodes = dict(x=np.zeros((196, 768), np.float32), place=np.arange(196)[:, None])
    graph = gtx.graphs.from_arrays([], [], n_node=[196], nodes=nodes)
    dataset = Dataset.from_graphs([graph], np.zeros(1, np.int32), spec=spec)
    dataset = gtx.structures.apply(dataset, [VirtualNodes()])
    module = ViT().build(dataset.spec, structures=("virtual_nodes",))
    assert count(module, dataset) == 86_567_656 - 768


def test_gpt_2_has_the_published_number_of_parameters():
    """124,439,808, and a head that is not the table of tokens."""
    tokens, places = 50_257, 1024
    spec = GraphSpec(
        nodes=dict(token=Categorical((tokens,)), place=Categorical((places,))),
        label=Label("node", "multiclass", tokens),
    )
    nodes = dict(token=np.zeros((2, 1), np.int32), place=np.arange(2)[:, None])
    graph = gtx.graphs.from_arrays([], [], n_node=[2], nodes=nodes)
    dataset = Dataset.from_graphs([graph], [np.zeros(2, np.int32)], spec=spec)
    dataset = gtx.structures.apply(dataset, [Causal()])
    module = LanguageModel().build(dataset.spec, structures=("causal",))
    assert count(module, dataset) == 124_439_808 + 768 * tokens + tokens
