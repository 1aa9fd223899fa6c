"""Attention and products over triangles: every implementation against loops over all triangles."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gtx.ops import Tier, make_layout, pair_mask, split_pairs, triangle
from gtx.ops.triangle import (
    composed_attention,
    pivotal_attention,
    reverse_pairs,
    triangle_attention,
    triangle_multiplication,
)
from tests.variables import quick_jit

SIZES = [3, 1, 0, 4]
LAYOUT = make_layout(np.array(SIZES), 9, (Tier(2, 3), Tier(2, 5)))
REAL = np.asarray(pair_mask(LAYOUT))
HEADS, DIM, VALUE = 2, 3, 4
IDS = np.arange(9, dtype=np.uint32) * 7919

KINDS = {
    "triangle": (triangle_attention, ("query", "key", "value", "bias", "gate")),
    "composed": (composed_attention, ("query", "key", "value", "second_value")),
    "pivotal": (pivotal_attention, ("query", "key", "second_key", "value", "second_value")),
}
of_each_kind = pytest.mark.parametrize("kind", KINDS)


def operands(kind, seed=0):
    """Random numbers, NaN wherever no pair is."""
    rng = np.random.default_rng(seed)
    wide = dict(query=DIM, key=DIM, second_key=DIM, value=VALUE, second_value=VALUE)
    found = {}
    for name in KINDS[kind][1]:
        values = rng.normal(size=(len(REAL), HEADS, *([wide[name]] if name in wide else [])))
        values[~REAL] = np.nan
        found[name] = values
    return found


def kept_pairs():
    """Most pairs, but none that starts at node 0 of the first graph."""
    keep = np.random.default_rng(3).random(len(REAL)) < 0.8
    split_pairs(keep, LAYOUT.tiers)[0][0, 0] = False
    return keep


def loops(kind, given, where):
    """The equations for each pair and each node between, in float64."""
    out = np.zeros((len(REAL), HEADS, VALUE))
    results = split_pairs(out, LAYOUT.tiers)
    split = {name: split_pairs(values, LAYOUT.tiers) for name, values in given.items()}
    keep = split_pairs(where & REAL, LAYOUT.tiers)
    for tier, result in enumerate(results):
        for graph in range(len(result)):
            x = {name: parts[tier][graph] for name, parts in split.items()}
            k = keep[tier][graph]
            for i, j in np.argwhere(k):
                logits, values = [], []
                for p in range(len(k)):
                    if kind == "triangle" and k[i, p] and k[j, p]:
                        product = (x["query"][i, j] * x["key"][j, p]).sum(-1) / np.sqrt(DIM)
                        logits.append(product + x["bias"][i, p])
                        values.append(x["gate"][i, p][:, None] * x["value"][j, p])
                    if kind == "composed" and k[i, p] and k[p, j]:
                        logits.append((x["query"][i, p] * x["key"][p, j]).sum(-1) / np.sqrt(DIM))
                        values.append(x["value"][i, p] * x["second_value"][p, j])
                    if kind == "pivotal" and k[i, p] and k[p, j]:
                        both = x["key"][i, p] + x["second_key"][p, j]
                        logits.append((x["query"][i, j] * both).sum(-1) / np.sqrt(2 * DIM))
                        values.append(x["value"][i, p] + x["second_value"][p, j])
                if logits:
                    weights = np.exp(np.stack(logits) - np.max(logits, axis=0))
                    weights /= weights.sum(0)
                    result[graph, i, j] = (weights[..., None] * np.stack(values)).sum(0)
    return out


def attend(kind, given, **options):
    function, names = KINDS[kind]
    given = dict(given)
    places = [given.pop(name) for name in names if name not in ("bias", "gate")]
    return function(*places, LAYOUT, **given, **options)


@of_each_kind
def test_every_implementation_is_the_sum_over_triangles_in_value_and_gradient(kind, monkeypatch):
    monkeypatch.setattr(triangle, "ROWS", 2)  # chunks that do not divide the sizes
    where = kept_pairs()
    ahead = operands(kind, seed=1)
    with jax.enable_x64(True):
        given = operands(kind)
        weights = np.random.default_rng(2).normal(size=(len(REAL), HEADS, VALUE))

        def loss(given, implementation):
            out = attend(kind, given, where=jnp.asarray(where), implementation=implementation)
            return (out * weights).sum(), out

        results = {}
        for implementation in ("dense", "chunked", "reference"):
            run = functools.partial(loss, implementation=implementation)
            grads, out = quick_jit(jax.grad(run, has_aux=True))(given)
            results[implementation] = jax.tree.map(np.asarray, (out, grads))
    expected = loops(kind, given, where)
    assert not expected[~(where & REAL)].any() and expected.any()
    step = 1e-6
    moved = [
        (loops(kind, {n: x + s * step * ahead[n] for n, x in given.items()}, where) * weights).sum()
        for s in (1, -1)
    ]
    for out, grads in results.values():
        np.testing.assert_allclose(out, expected, atol=1e-12)
        for name, grad in grads.items():
            assert np.isfinite(grad).all() and not grad[~(where & REAL)].any(), name
            np.testing.assert_allclose(grad, results["reference"][1][name], atol=1e-12)
        slope = sum(np.nansum(grads[n] * ahead[n]) for n in grads)
        np.testing.assert_allclose(slope, (moved[0] - moved[1]) / (2 * step), rtol=1e-7)


@of_each_kind
def test_dropout_is_the_same_noise_in_every_implementation(kind, monkeypatch):
    monkeypatch.setattr(triangle, "ROWS", 2)
    given = jax.tree.map(jnp.float32, operands(kind))

    @functools.partial(quick_jit, static_argnames=("implementation", "rate"))
    def run(implementation, rate):
        return attend(
            kind,
            given,
            dropout_rate=rate,
            dropout_key=jax.random.key(0),
            node_ids=jnp.asarray(IDS),
            implementation=implementation,
        )

    dense, chunked, reference = (run(name, 0.4) for name in ("dense", "chunked", "reference"))
    np.testing.assert_allclose(dense, reference, atol=1e-5)
    np.testing.assert_allclose(chunked, reference, atol=1e-5)
    assert np.abs(dense - run("dense", 0.0)).max() > 0.1


@pytest.mark.parametrize("which", ["outgoing", "incoming"])
def test_a_product_over_triangles_is_the_sum_over_the_third_node(which):
    rng = np.random.default_rng(0)
    left, right = np.where(REAL[:, None], rng.normal(size=(2, len(REAL), 3)), np.nan)
    where = kept_pairs()
    with jax.enable_x64(True):

        def run(left, right):
            if which == "outgoing":
                return triangle_multiplication(left, right, LAYOUT, where=jnp.asarray(where))
            keep = reverse_pairs(jnp.asarray(where), LAYOUT)
            turned = (reverse_pairs(x, LAYOUT) for x in (left, right))
            return triangle_multiplication(*turned, LAYOUT, where=keep)

        found = np.asarray(jax.jit(run)(left, right))
        grads = jax.grad(lambda *pair: run(*pair).sum(), argnums=(0, 1))(left, right)
    keep = where & REAL
    expected = np.zeros_like(found)
    for view, a, b, k in zip(
        *(split_pairs(x, LAYOUT.tiers) for x in (expected, left, right, keep)), strict=True
    ):
        a, b = (np.where(k[..., None], x, 0) for x in (a, b))
        if which == "outgoing":
            view[:] = np.where(k[..., None], np.einsum("gikd,gjkd->gijd", a, b), 0)
        else:
            turned = np.swapaxes(k, 1, 2)
            view[:] = np.where(turned[..., None], np.einsum("gkid,gkjd->gijd", a, b), 0)
    np.testing.assert_allclose(found, expected, atol=1e-12)
    for grad in grads:
        assert np.isfinite(grad).all() and not np.asarray(grad)[~keep].any()


def test_chunks_take_memory_in_proportion_to_the_pairs_and_not_to_the_triangles():
    def memory(implementation, size):
        layout = make_layout(np.array([size]), size, (Tier(1, size),))
        shape = jax.ShapeDtypeStruct((size**2, 1, 2), jnp.float32)

        def loss(*given):
            return pivotal_attention(*given, layout, implementation=implementation).sum()

        step = jax.jit(jax.grad(loss, argnums=(0, 1, 2, 3, 4)))
        return step.lower(*[shape] * 5).compile().memory_analysis().temp_size_in_bytes

    dense, chunked = (memory(name, 96) / memory(name, 48) for name in ("dense", "chunked"))
    assert dense > 6 and chunked < 5
    assert memory("auto", 48) == memory("dense", 48)


def test_half_precision_is_summed_in_single_precision():
    given = jax.tree.map(jnp.bfloat16, operands("pivotal"))
    wide = jax.tree.map(jnp.float32, given)
    out = attend("pivotal", given)
    assert out.dtype == jnp.bfloat16
    np.testing.assert_array_equal(out, attend("pivotal", wide).astype(jnp.bfloat16))


def test_what_does_not_fit_is_refused_by_name(unchecked_types):
    given = jax.tree.map(jnp.float32, operands("triangle"))
    query, key, value = given["query"], given["key"], given["value"]
    with pytest.raises(ValueError, match="query and key must be alike, and are"):
        triangle_attention(query, key[..., :2], value, LAYOUT)
    with pytest.raises(ValueError, match=r"bias must be \[pairs, heads\]"):
        triangle_attention(query, key, value, LAYOUT, bias=given["bias"][:, :1])
    with pytest.raises(ValueError, match="needs dropout_key and node_ids"):
        triangle_attention(query, key, value, LAYOUT, dropout_rate=0.5)
    with pytest.raises(ValueError, match="no implementation 'flash'"):
        triangle_attention(query, key, value, LAYOUT, implementation="flash")
    with pytest.raises(ValueError, match="pairs"):
        triangle_attention(query[:-1], key, value, LAYOUT)
    with pytest.raises(ValueError, match="must be alike"):
        triangle_multiplication(query, value, LAYOUT)
