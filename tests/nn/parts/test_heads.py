import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gtx import nn
from tests.nn.layers import affine, close, layer_norm, relu

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


def test_the_head_of_graphgym_keeps_the_width_and_divides_rows_by_their_length():
    head = nn.MLPHead(3, widths="equal", normalize=True)
    zero = X.at[0].set(0.0)
    out, variables = head.init_with_output(jax.random.key(0), zero, train=False)
    params = jax.tree.map(np.float64, variables["params"])
    assert [params[f"linear_{i}"]["kernel"].shape for i in range(3)] == [
        (16, 16),
        (16, 16),
        (16, 3),
    ]
    x = np.float64(zero)
    for layer in ("linear_0", "linear_1"):
        x = relu(affine(x, params[layer]))
        x = x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12)
    close(out, affine(x, params["linear_2"]))


def test_a_row_of_zeros_has_a_finite_gradient():
    head = nn.MLPHead(3, 2, widths="equal", normalize=True, bias_init=jax.nn.initializers.zeros)
    variables = head.init(jax.random.key(0), X, train=False)
    loss = lambda x: head.apply(variables, x, train=False).sum()  # noqa: E731
    assert np.isfinite(jax.grad(loss)(jnp.zeros((2, 16)))).all()


def test_unknown_widths_are_refused(unchecked_types):
    with pytest.raises(ValueError, match="widths must be 'halving' or 'equal', got 'half'"):
        nn.MLPHead(3, widths="half").init(jax.random.key(0), X, train=False)


def test_hidden_layers_have_a_layer_norm_after_their_activation():
    head = nn.MLPHead(3, 2, activation=jnp.tanh, widths="equal", layer_norm=True)
    out, variables = head.init_with_output(jax.random.key(0), X, train=False)
    params = jax.tree.map(np.float64, variables["params"])
    hidden = np.tanh(affine(np.float64(X), params["linear_0"]))
    expected = affine(layer_norm(hidden, params["norm_0"]), params["linear_1"])
    np.testing.assert_allclose(out, expected, rtol=1e-5, atol=1e-5)
