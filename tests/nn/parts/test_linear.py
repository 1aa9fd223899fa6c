import jax
import jax.numpy as jnp
import numpy as np

from gtx import nn
from gtx.nn import initializers

X = jnp.asarray(np.random.default_rng(0).normal(size=(3, 2, 64)), jnp.float32)


def test_it_maps_the_last_axis():
    module = nn.Linear(5)
    params = module.init(jax.random.key(0), X)["params"]
    expected = np.float64(X) @ np.float64(params["kernel"]) + np.float64(params["bias"])
    np.testing.assert_allclose(module.apply({"params": params}, X), expected, atol=1e-6)


def test_initial_values_are_pytorchs():
    params = nn.Linear(4000).init(jax.random.key(0), X)["params"]
    for name, values in params.items():  # U(+-1/8): 1/sqrt(fan in) of 64
        assert abs(np.abs(values).max() - 1 / 8) < 1e-3, name
        assert abs(np.std(values) - 1 / 8 / np.sqrt(3)) < 2e-3, name
        assert abs(np.mean(values)) < 4e-3, name


def test_without_bias_there_is_none():
    assert set(nn.Linear(3, use_bias=False).init(jax.random.key(0), X)["params"]) == {"kernel"}


def test_xavier_counts_the_width_of_the_fused_kernel_as_pytorch_does():
    kernel = initializers.xavier_uniform(jax.random.key(0), (64, 192), jnp.float32)
    assert abs(np.abs(kernel).max() - np.sqrt(6 / 256)) < 1e-3


def test_an_embedding_is_standard_normal():
    table = initializers.standard_normal(jax.random.key(0), (100, 100), jnp.float32)
    assert abs(np.std(table) - 1) < 0.02 and abs(np.mean(table)) < 0.02
