import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gtx.ops import segment

REDUCTIONS = {
    "sum": (segment.segment_sum, np.sum),
    "mean": (segment.segment_mean, np.mean),
    "max": (segment.segment_max, np.max),
    "min": (segment.segment_min, np.min),
    "std": (segment.segment_std, np.std),
}
IDS = np.array([0, 0, 0, 2, 2, 3, 4, 4, 4, 4, 4, 5])  # 1 has no entry, 3 one, 5 only a masked one
WHERE = np.array([1, 0, 1, 1, 1, 1, 1, 1, 1, 0, 1, 0], bool)
NUM = 7


def values(shape=(2,), dtype=np.float32):
    return np.random.default_rng(0).normal(size=(len(IDS), *shape)).astype(dtype)


@pytest.mark.parametrize("name", REDUCTIONS)
@pytest.mark.parametrize("shape", [(), (2,), (2, 3)])
def test_reductions_equal_a_loop_over_segments(name, shape):
    reduction, numpy_reduction = REDUCTIONS[name]
    data = values(shape)
    expected = np.zeros((NUM, *shape))
    for number in range(NUM):
        mine = data[(IDS == number) & WHERE].astype(np.float64)
        if len(mine):
            expected[number] = numpy_reduction(mine, axis=0)
    for is_sorted in (False, True):
        result = reduction(
            jnp.asarray(data),
            jnp.asarray(IDS),
            NUM,
            where=jnp.asarray(WHERE),
            indices_are_sorted=is_sorted,
        )
        np.testing.assert_allclose(result, expected, atol=1e-6)


@pytest.mark.parametrize("name", [*REDUCTIONS, "softmax"])
def test_masked_entries_may_hold_nan_and_gradients_stay_finite(name):
    function = segment.segment_softmax if name == "softmax" else REDUCTIONS[name][0]
    poured = np.where(WHERE[:, None], values(), np.nan)
    weights = jnp.asarray([1.0, -2.0])

    def total(data):
        return (
            function(data, jnp.asarray(IDS), NUM, where=jnp.asarray(WHERE)) ** 2 @ weights
        ).sum()

    value, gradient = jax.value_and_grad(total)(jnp.asarray(poured))
    clean_value, clean_gradient = jax.value_and_grad(total)(jnp.asarray(values()))
    assert value == clean_value
    np.testing.assert_array_equal(gradient, clean_gradient)
    assert np.isfinite(gradient).all()
    assert (np.asarray(gradient)[~WHERE] == 0).all()


def test_softmax_equals_the_formula():
    data = values(dtype=np.float64) * 3
    expected = np.zeros_like(data)
    for number in range(NUM):
        mine = (IDS == number) & WHERE
        weights = np.exp(data[mine])
        expected[mine] = weights / weights.sum(axis=0, keepdims=True)
    result = segment.segment_softmax(
        jnp.asarray(data, jnp.float32), jnp.asarray(IDS), NUM, where=jnp.asarray(WHERE)
    )
    np.testing.assert_allclose(result, expected, atol=1e-6)


def test_softmax_of_huge_logits_is_finite():
    logits = jnp.asarray([1e4, -1e4, 1e4, -1e30])
    result = segment.segment_softmax(logits, jnp.asarray([0, 0, 0, 1]), 2)
    np.testing.assert_allclose(result, [0.5, 0, 0.5, 1])


def test_a_masked_entry_may_have_any_id():
    logits, ids = jnp.ones(3), jnp.asarray([0, 0, 99])
    where = jnp.asarray([True, True, False])

    def total(logits):
        return (segment.segment_softmax(logits, ids, 2, where=where) * jnp.arange(3.0)).sum()

    value, gradient = jax.value_and_grad(total)(logits)
    np.testing.assert_allclose(value, 0.5)
    np.testing.assert_allclose(gradient, [-0.25, 0.25, 0])


def test_the_standard_deviation_of_equal_values_has_zero_gradient():
    gradient = jax.grad(lambda data: segment.segment_std(data, jnp.zeros(3, jnp.int32), 1).sum())(
        jnp.full(3, 2.0)
    )
    np.testing.assert_array_equal(gradient, 0)


def test_tied_maxima_share_the_gradient():
    ids = jnp.asarray([0, 0, 0])
    gradient = jax.grad(lambda data: segment.segment_max(data, ids, 2).sum())(
        jnp.asarray([1.0, 3.0, 3.0])
    )
    np.testing.assert_allclose(gradient, [0, 0.5, 0.5])


@pytest.mark.parametrize("name", ["sum", "mean"])
def test_bfloat16_is_summed_in_float32(name):
    ones, ids = jnp.ones(4096, jnp.bfloat16), jnp.zeros(4096, jnp.int32)
    result = REDUCTIONS[name][0](ones, ids, 1)
    assert result.dtype == jnp.bfloat16
    assert float(result[0]) == (4096 if name == "sum" else 1)


def test_the_gradient_of_a_bfloat16_gather_is_summed_in_float32():
    ids = jnp.zeros(4096, jnp.int32)
    gradient = jax.grad(lambda data: segment.gather(data, ids).astype(jnp.float32).sum())(
        jnp.ones(2, jnp.bfloat16)
    )
    np.testing.assert_array_equal(gradient.astype(jnp.float32), [4096, 0])


def test_integers_are_summed_as_integers():
    result = segment.segment_sum(jnp.asarray([2**24, 1]), jnp.asarray([0, 0]), 1)
    assert result.dtype == jnp.int32 and result[0] == 2**24 + 1


@pytest.mark.parametrize("name", [*REDUCTIONS, "softmax"])
def test_no_entries_at_all(name):
    function = segment.segment_softmax if name == "softmax" else REDUCTIONS[name][0]
    result = function(jnp.zeros((0, 2)), jnp.zeros(0, jnp.int32), 3)
    np.testing.assert_array_equal(result, np.zeros((0 if name == "softmax" else 3, 2)))
