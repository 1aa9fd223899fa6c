"""The update of GIN and GINE from the messages that arrived at a node."""

from typing import Any

import jax
import jax.numpy as jnp

from gtx.nn.parts.linear import Linear


def update_isomorphism(layer, x, messages):
    """MLP((1 + epsilon) x + messages), by the fields of a GIN or GINE."""
    options: dict[str, Any] = dict(
        dtype=layer.dtype,
        param_dtype=layer.param_dtype,
        kernel_init=layer.kernel_init,
        bias_init=layer.bias_init,
    )
    epsilon = jnp.asarray(layer.epsilon, x.dtype)
    if layer.train_epsilon:
        init = jax.nn.initializers.constant(layer.epsilon)
        epsilon = layer.param("epsilon", init, (), layer.param_dtype).astype(x.dtype)
    x = (1 + epsilon) * x + messages
    hidden_dim = layer.dim if layer.hidden_dim is None else layer.hidden_dim
    x = layer.activation(Linear(hidden_dim, **options, name="hidden")(x))
    return Linear(layer.dim, **options, name="output")(x)
