"""What is not real is cleared, whatever stands there."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gtx.ops.masks import clean

REAL = np.array([True, False, True])


@pytest.mark.parametrize("shape", [(3,), (3, 2), (3, 2, 4)])
@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_rows_that_are_not_real_become_the_fill(shape, wrong):
    values = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    dirty = values.copy()
    dirty[1] = wrong
    for fill in (0.0, -1.5):
        expected = values.copy()
        expected[1] = fill
        np.testing.assert_array_equal(clean(jnp.asarray(dirty), REAL, fill=fill), expected)


def test_the_mask_may_have_several_axes():
    where = jnp.asarray([[True, False], [False, True]])
    cleared = clean(jnp.ones((2, 2, 3)), where)
    np.testing.assert_array_equal(cleared, np.repeat(np.eye(2)[..., None], 3, axis=2))


@pytest.mark.parametrize("dtype", [bool, np.int32, np.uint8, jnp.bfloat16, np.float32])
def test_the_dtype_stays_unless_another_is_asked_for(dtype):
    values = jnp.ones((3, 2), dtype)
    assert clean(values, REAL).dtype == values.dtype
    assert clean(values, None) is values
    assert clean(values, REAL, jnp.float32).dtype == clean(values, None, jnp.float32).dtype
    assert clean(values, None, jnp.float32).dtype == jnp.float32


def test_nothing_is_nothing():
    assert clean(None, REAL) is None


def test_gradients_do_not_pass_to_what_was_cleared():
    gradient = jax.grad(lambda x: jnp.sum(jnp.sqrt(clean(x, REAL, fill=1.0))))(
        jnp.asarray([4.0, np.nan, 1.0])
    )
    np.testing.assert_array_equal(gradient, [0.25, 0.0, 0.5])
