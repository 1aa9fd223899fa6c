"""The scan of Mamba against its recurrence, one place after the other, in float64 numpy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gtx.ops import selective_scan
from tests.nn.literal import assert_slopes
from tests.variables import quick_jit


def recurrence(x, step, decay, into, out):
    rows, length, channels = x.shape
    y = np.zeros(x.shape)
    for row in range(rows):
        for channel in range(channels):
            state = np.zeros(decay.shape[1])
            for t in range(length):
                change = np.exp(step[row, t, channel] * decay[channel])
                state = change * state + step[row, t, channel] * into[row, t] * x[row, t, channel]
                y[row, t, channel] = state @ out[row, t]
    return y


@pytest.mark.parametrize("length", [1, 7])
def test_it_is_the_recurrence_in_value_and_gradient(length):
    rng = np.random.default_rng(0)
    x, into, out = (rng.normal(size=(2, length, width)) for width in (3, 4, 4))
    step, decay = rng.uniform(0, 1, x.shape), -rng.uniform(0.1, 2, (3, 4))
    given = x, step, decay, into, out
    cotangent = rng.normal(size=x.shape)
    with jax.enable_x64(True):

        @quick_jit
        def run(*given):
            y, pull = jax.vjp(selective_scan, *given)
            return y, pull(cotangent)

        y, gradients = run(*given)
    np.testing.assert_allclose(y, recurrence(*given), rtol=0, atol=1e-12)
    assert_slopes(lambda at: float((recurrence(*at) * cotangent).sum()), given, gradients)


def test_shapes_that_do_not_fit_are_refused():
    x, narrow = jnp.zeros((2, 5, 3)), jnp.zeros((2, 5, 4))
    with pytest.raises(ValueError, match=r"decay \[2, 4\].*Give x and step"):
        selective_scan(x, x, jnp.zeros((2, 4)), narrow, narrow)
