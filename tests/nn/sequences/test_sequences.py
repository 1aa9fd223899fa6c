"""Layers over sequences against their equations in float64 numpy; places that are not there."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gtx.nn.sequences import SEQUENCES, Mamba, SequenceAttention, SequenceConvolution
from tests.nn.layers import affine, layer_norm, relu, sigmoid
from tests.nn.literal import assert_slopes
from tests.ops.test_selective_scan import recurrence
from tests.variables import quick_jit, random_variables

DIM, LENGTHS = 8, (5, 3, 1)
MASK = np.arange(max(LENGTHS)) < np.array(LENGTHS)[:, None]
THERE = jnp.asarray(MASK)


def silu(x):
    return x * sigmoid(x)


def convolved(x, params, before):
    kernel, length = params["kernel"], len(x)
    y = np.zeros(x.shape)
    for t in range(length):
        for k, weights in enumerate(kernel):
            if 0 <= t + k - before < length:
                y[t] += weights * x[t + k - before]
    return y + params["bias"]


def convolution(params, rows):
    hidden = [convolved(x, params["convolution"], 1) for x in rows]
    every = np.concatenate(hidden)
    norm = params["norm"]
    mean, spread = every.mean(0), np.sqrt(every.var(0) + 1e-5)
    normed = [(x - mean) / spread * norm["scale"] + norm["bias"] for x in hidden]
    return [relu(affine(relu(x), params["output"])) for x in normed]


def one_way(name, params, x):
    part = {key.removeprefix(f"{name}_"): value for key, value in params.items()}
    u, z = np.split(affine(x, part["input"]), 2, axis=1)
    u = silu(convolved(u, part["convolution"], 3))
    low, into, out = np.split(affine(u, part["selection"]), [1, 4], axis=1)
    step = np.log1p(np.exp(affine(low, part["step"])))
    y = recurrence(*(v[None] for v in (u, step)), -np.exp(part["log_decay"]), into[None], out[None])
    return affine((y[0] + part["own"] * u) * silu(z), part["output"])


def mamba(params, rows):
    backward = [one_way("backward", params, x[::-1])[::-1] for x in rows]
    return [(one_way("forward", params, x) + y) / 2 for x, y in zip(rows, backward, strict=True)]


def turned(x, t):
    """A vector of a head, its pairs turned by an angle each, as complex numbers."""
    half = len(x) // 2
    z = (x[:half] + 1j * x[half:]) * np.exp(1j * t / 10000 ** (2 * np.arange(half) / len(x)))
    return np.concatenate([z.real, z.imag])


def attention(params, rows):
    results = []
    for x in rows:
        parts = np.split(affine(x, params["query_key_value"]), 3, axis=1)
        found = np.zeros(x.shape)
        for head in range(2):
            width = slice(4 * head, 4 * head + 4)
            query, key = (
                np.array([turned(row[width], t) for t, row in enumerate(part)])
                for part in parts[:2]
            )
            weights = np.exp(query @ key.T / 2)
            found[:, width] = weights / weights.sum(1, keepdims=True) @ parts[2][:, width]
        h = layer_norm(x + affine(found, params["output"]), params["norm_attention"])
        hidden = relu(affine(h, params["hidden"]))
        y = h + affine(hidden, params["feed_forward"])
        results.append(layer_norm(y, params["norm_feed_forward"]))
    return results


CASES = {
    "convolution": (SequenceConvolution(DIM, kernel_size=3), convolution),
    "mamba": (Mamba(DIM, state_dim=3), mamba),
    "attention": (SequenceAttention(DIM, num_heads=2), attention),
}


def test_every_layer_has_a_transcription():
    assert set(CASES) == set(SEQUENCES)


@pytest.mark.parametrize("layer, reference", CASES.values(), ids=CASES)
def test_it_is_its_equations_on_sequences_of_their_own_lengths(layer, reference):
    rng = np.random.default_rng(1)
    x, cotangent = rng.normal(size=(2, *MASK.shape, DIM))
    # What is not there holds NaN, and its result counts for nothing.
    x, cotangent = np.where(MASK[..., None], x, np.nan), np.where(MASK[..., None], cotangent, 0)
    with jax.enable_x64(True):
        layer, values = layer.clone(param_dtype=jnp.float64), jnp.asarray(x)
        variables = random_variables(
            jax.eval_shape(lambda: layer.init(jax.random.key(0), values, THERE, train=True))
        )

        def call(params, x):
            given = {**variables, "params": params}
            y = layer.apply(given, x, THERE, train=True, mutable=["batch_stats"])[0]
            return jnp.where(THERE[..., None], y, 0)

        @quick_jit
        def run(params, x):
            y, pull = jax.vjp(call, params, x)
            return y, pull(cotangent)

        y, gradients = run(variables["params"], values)
    params = jax.tree.map(np.float64, variables["params"])

    def literal(params, x):
        rows = [row[:length] for row, length in zip(x, LENGTHS, strict=True)]
        found = np.zeros(x.shape)
        for row, (values, length) in enumerate(zip(reference(params, rows), LENGTHS, strict=True)):
            found[row, :length] = values
        return found

    np.testing.assert_allclose(y, literal(params, x), rtol=0, atol=1e-10)
    assert not np.any(np.asarray(gradients[1])[~MASK])

    def weighed(at):
        return float((literal(*at) * cotangent).sum())

    real = np.where(MASK[..., None], x, 0)
    assert_slopes(weighed, (params, real), gradients)


def test_mamba_forward_alone_does_not_see_what_follows():
    layer = Mamba(DIM, state_dim=2, bidirectional=False)
    x = np.random.default_rng(2).normal(size=(1, 6, DIM))
    x, mask = jnp.asarray(x, jnp.float32), jnp.ones((1, 6), bool)
    variables = random_variables(
        jax.eval_shape(lambda: layer.init(jax.random.key(0), x, mask, train=False))
    )
    run = quick_jit(lambda x: layer.apply(variables, x, mask, train=False))
    moved = np.abs(np.asarray(run(x.at[0, 3].add(1.0)) - run(x))).max(axis=(0, 2))
    assert not np.any(moved[:3]) and np.all(moved[3:] > 1e-4)


def test_an_even_kernel_has_no_middle():
    layer = SequenceConvolution(DIM, kernel_size=4)
    x, mask = jnp.zeros((1, 3, DIM)), jnp.ones((1, 3), bool)
    with pytest.raises(ValueError, match="kernel_size must be odd"):
        layer.init(jax.random.key(0), x, mask, train=False)
