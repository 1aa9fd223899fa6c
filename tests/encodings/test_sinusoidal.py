import jax.numpy as jnp
import numpy as np
import pytest
import scipy.sparse

from gtx.encodings import Sinusoidal


@pytest.mark.parametrize("dim", [1, 4, 7])
def test_it_is_the_formula_of_the_transformer(dim):
    values = Sinusoidal(dim)(np.zeros((2, 5, 5)))["node", "sinusoidal"]
    assert values.shape == (2, 5, dim) and values.dtype == np.float64
    for position in range(5):
        for column in range(dim):
            function = np.cos if column % 2 else np.sin
            angle = position / 10000 ** ((column - column % 2) / dim)
            assert values[1, position, column] == pytest.approx(function(angle), abs=1e-15)


def test_no_nodes_and_jax_arrays_are_fine():
    assert Sinusoidal(6)(np.zeros((3, 0, 0)))["node", "sinusoidal"].shape == (3, 0, 6)
    values = Sinusoidal(6)(jnp.zeros((1, 4, 4)), xp=jnp)["node", "sinusoidal"]
    expected = Sinusoidal(6)(np.zeros((1, 4, 4)))["node", "sinusoidal"]
    assert values.dtype == jnp.float32
    np.testing.assert_allclose(values, expected, atol=1e-6)


def test_a_long_sequence_takes_no_matrix_of_its_pairs():
    n = 100_000
    values = Sinusoidal(6).sparse(scipy.sparse.csr_array((n, n)))["node", "sinusoidal"]
    assert values.shape == (n, 6)
    np.testing.assert_array_equal(
        values[:5], Sinusoidal(6)(np.zeros((1, 5, 5)))["node", "sinusoidal"][0]
    )


def test_no_columns_are_refused():
    with pytest.raises(ValueError, match="dim"):
        Sinusoidal(0)
