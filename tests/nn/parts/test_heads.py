import jax
import jax.numpy as jnp
import numpy as np

from gtx import nn
from tests.nn.layers import affine, close, relu

X = jnp.asarray(np.random.default_rng(0).normal(size=(5, 16)), jnp.float32)


def test_hidden_layers_halve_the_width():
    out, variables = nn.MLPHead(3).init_with_output(jax.random.key(0), X, train=False)
    params = jax.tree.map(np.float64, variables["params"])
    assert [params[f"linear_{i}"]["kernel"].shape for i in range(3)] == [(16, 8), (8, 4), (4, 3)]
    x = relu(affine(np.float64(X), params["linear_0"]))
    close(out, affine(relu(affine(x, params["linear_1"])), params["linear_2"]))


def test_one_layer_is_a_linear_map():
    out, variables = nn.MLPHead(3, 1).init_with_output(jax.random.key(0), X, train=False)
    close(out, affine(np.float64(X), jax.tree.map(np.float64, variables["params"]["linear_0"])))


def test_predictions_are_float32_whatever_the_computation():
    out, _ = nn.MLPHead(3, dtype=jnp.bfloat16).init_with_output(jax.random.key(0), X, train=False)
    assert out.dtype == jnp.float32
