import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gtx.encodings.algebra.products import diagonal, matmul


@pytest.mark.parametrize("xp", [np, jnp], ids=["numpy", "jax"])
def test_products_and_their_diagonals_have_the_values_of_sums(xp):
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=(2, 3, 4, 4))
    expected = (one[:, :, :, None] * other[:, None]).sum(axis=2)
    with jax.enable_x64(True):
        np.testing.assert_allclose(matmul(one, other, xp), expected, atol=1e-14)
        found = diagonal(one, other, xp)
    np.testing.assert_allclose(found, np.diagonal(expected, axis1=1, axis2=2), atol=1e-14)
