import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gtx import nn

RNG = np.random.default_rng(0)
X = RNG.normal(2.0, 3.0, size=(10, 4))
MASK = np.array([1, 1, 0, 1, 1, 1, 0, 1, 1, 1], bool)
SCALE, BIAS = RNG.normal(size=4), RNG.normal(size=4)
PARAMS = dict(scale=jnp.float32(SCALE), bias=jnp.float32(BIAS))
STATS = dict(mean=jnp.float32([1, 2, 3, 4]), var=jnp.float32([1, 4, 9, 16]))


def apply(norm, x=X, mask=MASK, params=PARAMS, stats=None, train=True, axis_name=None):
    variables = dict(params=params) | ({} if stats is None else dict(batch_stats=stats))
    return norm.apply(
        variables,
        jnp.asarray(x, jnp.float32),
        jnp.asarray(mask),
        train=train,
        axis_name=axis_name,
        mutable=["batch_stats"],
    )


def test_batch_norm_standardises_the_real_rows_and_zeroes_the_others():
    x = np.where(MASK[:, None], X, np.nan)
    y, _ = apply(nn.BatchNorm(), x, stats=STATS)
    real = X[MASK]
    expected = (real - real.mean(0)) / np.sqrt(real.var(0) + 1e-5) * SCALE + BIAS
    np.testing.assert_allclose(y[MASK], expected, atol=1e-5)
    assert not np.any(y[~MASK])


def test_batch_norm_keeps_the_unbiased_variance_as_torch_does():
    _, changed = apply(nn.BatchNorm(momentum=0.8), stats=STATS)
    real, stats = X[MASK], changed["batch_stats"]
    np.testing.assert_allclose(stats["mean"], 0.8 * STATS["mean"] + 0.2 * real.mean(0), rtol=1e-5)
    np.testing.assert_allclose(
        stats["var"], 0.8 * STATS["var"] + 0.2 * real.var(0, ddof=1), rtol=1e-5
    )


def test_batch_norm_evaluates_by_the_running_statistics_and_leaves_them():
    y, changed = apply(nn.BatchNorm(), stats=STATS, train=False)
    mean, var = np.float64(STATS["mean"]), np.float64(STATS["var"])
    expected = (X - mean) / np.sqrt(var + 1e-5) * SCALE + BIAS
    np.testing.assert_allclose(y, np.where(MASK[:, None], expected, 0), atol=1e-5)
    jax.tree.map(np.testing.assert_array_equal, changed["batch_stats"], STATS)


def test_batch_norm_of_a_batch_without_real_rows_is_zero_and_keeps_the_statistics():
    y, changed = apply(nn.BatchNorm(), mask=np.zeros(10, bool), stats=STATS)
    assert not np.any(y)
    jax.tree.map(np.testing.assert_array_equal, changed["batch_stats"], STATS)


def test_shards_are_normalised_by_the_statistics_of_all():
    whole, changed = apply(nn.BatchNorm(), stats=STATS)
    # Shards of 5 and 3 real rows: means of means would be wrong.
    shards, shard_changed = jax.vmap(
        functools.partial(apply, nn.BatchNorm(), stats=STATS, axis_name="data"),
        axis_name="data",
    )(X.reshape(2, 5, 4), MASK.reshape(2, 5))
    np.testing.assert_allclose(shards.reshape(10, 4), whole, atol=1e-5)
    for name, values in changed["batch_stats"].items():
        for shard in range(2):
            np.testing.assert_allclose(shard_changed["batch_stats"][name][shard], values, rtol=1e-5)


@pytest.mark.parametrize("norm", [nn.BatchNorm(), nn.LayerNorm()])
def test_a_large_offset_does_not_spoil_the_variance(norm):
    offset = X + 1e4
    y, _ = apply(norm, offset, stats=STATS if isinstance(norm, nn.BatchNorm) else None)
    axis, rows = (0, offset[MASK]) if isinstance(norm, nn.BatchNorm) else (1, offset[MASK])
    rows = np.float64(np.float32(rows))
    mean, var = rows.mean(axis, keepdims=True), rows.var(axis, keepdims=True)
    expected = (rows - mean) / np.sqrt(var + 1e-5) * SCALE + BIAS
    np.testing.assert_allclose(y[MASK], expected, atol=5e-3)


def test_layer_norm_standardises_each_row():
    y, _ = apply(nn.LayerNorm())
    mean, var = X.mean(1, keepdims=True), X.var(1, keepdims=True)
    expected = (X - mean) / np.sqrt(var + 1e-5) * SCALE + BIAS
    np.testing.assert_allclose(y, np.where(MASK[:, None], expected, 0), atol=1e-5)


def test_rms_norm_divides_each_row_by_its_root_mean_square():
    y, _ = apply(nn.RMSNorm(), params=dict(scale=PARAMS["scale"]))
    expected = X / np.sqrt((X**2).mean(1, keepdims=True) + 1e-6) * SCALE
    np.testing.assert_allclose(y, np.where(MASK[:, None], expected, 0), atol=1e-5)


def test_gradients_flow_through_the_statistics():
    weights = np.cos(np.arange(40.0)).reshape(10, 4) * MASK[:, None]

    def loss(x, params):
        return (apply(nn.BatchNorm(), x, params=params, stats=STATS)[0] * weights).sum()

    x_grad, grads = jax.grad(loss, argnums=(0, 1))(jnp.float32(X), PARAMS)
    real, up = X[MASK], weights[MASK]
    spread = np.sqrt(real.var(0) + 1e-5)
    y = (real - real.mean(0)) / spread
    expected = SCALE / spread * (up - up.mean(0) - y * (up * y).mean(0))
    np.testing.assert_allclose(x_grad[MASK], expected, atol=1e-5)
    np.testing.assert_allclose(grads["scale"], (up * y).sum(0), atol=1e-5)
    np.testing.assert_allclose(grads["bias"], up.sum(0), atol=1e-5)
    assert not np.any(x_grad[~MASK])
