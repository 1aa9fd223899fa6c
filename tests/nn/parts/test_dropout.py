import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gtx import nn

IDS = jnp.arange(4000, dtype=jnp.uint32) * 7
ONES = jnp.ones((4000, 8))


def drop(x=ONES, *ids, rate=0.3, train=True, seed=0):
    return nn.Dropout(rate).apply(
        {}, x, *(ids or (IDS,)), train=train, rngs=dict(dropout=jax.random.key(seed))
    )


def test_the_given_share_is_dropped_and_the_mean_stays():
    y = np.asarray(drop())
    assert set(np.unique(y)) == {0, np.float32(1 / 0.7)}
    assert abs((y == 0).mean() - 0.3) < 0.01
    assert abs((y == 0).mean(0) - 0.3).max() < 0.03


def test_the_noise_belongs_to_the_id_not_to_the_row():
    order = np.random.default_rng(0).permutation(4000)[:100]
    np.testing.assert_array_equal(drop(ONES[order], IDS[order]), drop()[order])


def test_two_ids_are_told_apart_by_their_order():
    there, back = drop(ONES, IDS, IDS + 1), drop(ONES, IDS + 1, IDS)
    assert not np.array_equal(there, back)


def test_another_key_gives_other_noise():
    assert not np.array_equal(drop(seed=1), drop())


def test_evaluation_and_rate_zero_need_no_key_and_change_nothing():
    for rate, train in ((0.3, False), (0.0, True)):
        y = nn.Dropout(rate).apply({}, ONES, IDS, train=train)
        np.testing.assert_array_equal(y, ONES)


def test_a_rate_of_one_is_refused():
    with pytest.raises(ValueError, match="in \\[0, 1\\)"):
        drop(rate=1.0, train=False)


def test_nan_is_dropped_like_any_value_and_has_no_gradient():
    x = jnp.where(drop() == 0, jnp.nan, ONES)
    value, grad = jax.value_and_grad(lambda x: drop(x).sum())(x)
    assert np.isfinite(value) and np.isfinite(grad).all()
