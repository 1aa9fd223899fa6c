"""SpecFormer's filters and layer against their equations, in float64 numpy."""

import functools

import flax.linen as nn
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import erf

from gtx.nn.blocks.specformer import SpecformerBlock, encode_bases
from gtx.nn.encoders.spectral_bases import EmbedWithBases
from gtx.nn.parts import BatchNorm
from gtx.ops import split_pairs
from tests.batches import DIM
from tests.nn import literal
from tests.nn.layers import (
    BATCH,
    KEY,
    REAL,
    affine,
    features,
    layer_norm,
    relu,
    standardized,
)

HEADS = 2
GRAPH = np.asarray(BATCH.node_graph)
VECTORS = np.float64(BATCH.graph.nodes["lap_vectors"])
VALUES, VALID = (np.float64(BATCH.graph.globals[f"lap_{n}"]) for n in ("values", "mask"))


def gelu(x):
    return x * (1 + erf(x / np.sqrt(2))) / 2


class Whole(nn.Module):
    """The bases, beside given features, and a layer that reads them."""

    of_molecules: bool = False  # as the authors have it for OGB's
    by_layer: bool = False
    param_dtype: object = jnp.float32

    @nn.compact
    def __call__(self, features, batch, *, train):
        def embed(name):
            return lambda batch, train: features

        options = dict(param_dtype=self.param_dtype)
        norm = BatchNorm if self.of_molecules else None
        softmax = self.of_molecules
        given = EmbedWithBases(
            embed, "lap", DIM, HEADS, bases_norm=norm, bases_softmax=softmax,
            encode=not self.by_layer, **options, name="bases",
        )(batch, train=train)  # fmt: skip
        bases = functools.partial(encode_bases, norm=norm, softmax=softmax)
        block = SpecformerBlock(
            DIM, bases=bases if self.by_layer else None, **options, name="layer"
        )
        return block(given, batch, train=train)


def attention(x, params):
    query, key, value = np.split(affine(x, params["query_key_value"]), 3, axis=1)
    heads = []
    for own in np.split(np.arange(DIM), HEADS):
        logits = query[:, own] @ key[:, own].T / np.sqrt(DIM / HEADS)
        weights = np.exp(logits - logits.max(1, keepdims=True))
        heads.append(weights / weights.sum(1, keepdims=True) @ value[:, own])
    return affine(np.concatenate(heads, axis=1), params["output"])


def filters_of(graph, params):
    """[n, n, 1 + heads] of one graph."""
    exists = VALID[graph] > 0
    values = VALUES[graph][exists][:, None]
    vectors = VECTORS[(graph == GRAPH) & REAL][:, exists]
    angle = 100 * values * 10000 ** (-np.arange(0, DIM, 2) / DIM)
    z = np.concatenate([values, np.sin(angle), np.cos(angle)], axis=1)
    z = affine(z, params["eigenvalues"])
    z = z + attention(layer_norm(z, params["norm_attention"]), params["attention"])
    inner = params["feed_forward"]
    hidden = gelu(affine(layer_norm(z, params["norm_feed_forward"]), inner["hidden"]))
    z = z + affine(hidden, inner["output"])
    filters = affine(z, params["filters"])
    seen = [np.eye(len(vectors))]
    seen += [vectors @ np.diag(filters[:, head]) @ vectors.T for head in range(HEADS)]
    return np.stack(seen, axis=-1)


def plain(filters, params):
    """The bases of each graph."""
    both = params["bases_1"], params["bases_2"]
    return [gelu(affine(gelu(affine(each, both[0])), both[1])) for each in filters]


def of_molecules(filters, params):
    """Likewise, with norms over the pairs of all graphs, and softmax over senders."""
    rows = np.concatenate([each.reshape(-1, each.shape[-1]) for each in filters])
    for number in (1, 2):
        rows = affine(rows, params[f"bases_{number}"])
        norm = params[f"norm_bases_{number}"]
        rows = gelu(standardized(rows, norm, np.ones(len(rows), bool)))
    stops = np.cumsum([each.shape[0] ** 2 for each in filters])[:-1]
    found = []
    for each, bases in zip(filters, np.split(rows, stops), strict=True):
        weights = np.exp(bases.reshape(*each.shape[:2], DIM))
        found.append(weights / weights.sum(axis=1, keepdims=True))
    return found


def reference(params, rows, encode=plain, where="bases"):
    x, params_of_layer = rows["nodes"], params["layer"]
    h = x.copy()
    matrices = [one for tier in split_pairs(rows["pairs"], BATCH.layout.tiers) for one in tier]
    owns = [np.flatnonzero((graph == GRAPH) & REAL) for graph in range(4)]
    numbers = [graph for graph, own in enumerate(owns) if len(own)]
    filters = [filters_of(graph, params["bases"]) for graph in numbers]
    for graph, bases in zip(numbers, encode(filters, params[where]), strict=True):
        own = owns[graph]
        for i, receiver in enumerate(own):
            for j, sender in enumerate(own):
                sent = affine(x[sender] + matrices[graph][i, j], params_of_layer["message"])
                h[receiver] += gelu(sent) * bases[i, j]

    def r(values, name):
        return relu(standardized(values, params_of_layer[f"norm_{name}"], REAL))

    hidden = r(affine(h, params_of_layer["hidden"]), "hidden")
    return dict(nodes=h + r(affine(hidden, params_of_layer["output"]), "output"))


def test_filters_and_layer_are_the_equations_of_the_paper():
    literal.assert_equals(Whole(), reference)


@pytest.mark.parametrize("by_layer", [False, True])
def test_of_molecules_bases_have_norms_and_are_a_softmax_once_or_in_each_layer(by_layer):
    where = "layer" if by_layer else "bases"
    expected = functools.partial(reference, encode=of_molecules, where=where)
    literal.assert_equals(Whole(of_molecules=True, by_layer=by_layer), expected)


def test_without_bases_it_says_what_to_do():
    with pytest.raises(ValueError, match=r"SpecformerBlock needs bases.*EmbedWithBases makes"):
        SpecformerBlock(DIM).init(KEY, features(), BATCH, train=False)
