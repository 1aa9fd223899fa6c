"""The generalised graph convolution of DeeperGCN (Li et al., 2020)."""

from typing import Any, Literal

import flax.linen as nn
import jax
import jax.numpy as jnp

from gtx.batch import Batch, Features, mask_features
from gtx.nn.parts.factories import make
from gtx.nn.parts.initializers import fan_in_uniform
from gtx.nn.parts.linear import Linear
from gtx.nn.parts.norms import BatchNorm
from gtx.ops import aggregate
from gtx.ops.segment import gather
from gtx.typing import Dtype, Initializer, ModuleFactory

# Of messages and their mean in a power mean, as in PyG: powers of 0 have no gradient.
LEAST, MOST = 1e-4, 100.0


class GEN(nn.Module):
    """x_i' = W2 relu(norm(W1 (D x_i + aggregate_j(relu(S x_j + E e_ij) + epsilon)))).

    Li et al. (2020), "DeeperGCN", equations 3 to 6; PyG's GENConv, with its parameters and initial
    values, without the norm of messages (equation 7). D and S exist where nodes have not the width
    `dim`, and E where edges have not. Without edge features e_ij is left out. Two aggregations lie
    between mean and maximum, with a number b for all features:

    "softmax": sum_j m_j exp(b m_j) / sum_j exp(b m_j), feature by feature.
    "power_mean": (mean_j m_j^b)^(1/b), with m and the mean within 0.0001 and 100, except where b is
      1 and not learned. A node without incoming edges gets 0.0001^(1/b), as in PyG.

    Attributes:
      dim: width of the result.
      method: "softmax" or "power_mean".
      beta: b, the inverse temperature or the power.
      train_beta: make it a parameter that starts there.
      hidden_dim: of the perceptron; None is `2 * dim`.
      epsilon: added to messages, so that they are positive.
      norm: factory of the norm in the perceptron; None for none.
      use_bias: of all maps.
      edges: names of the edge sets that it runs over; see `Batch.edges_over`.
    """

    dim: int
    method: Literal["softmax", "power_mean"] = "softmax"
    beta: float = 1.0
    train_beta: bool = False
    hidden_dim: int | None = None
    epsilon: float = 1e-7
    norm: ModuleFactory | None = BatchNorm
    use_bias: bool = False
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None
    edges: tuple[str, ...] = ("graph",)

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        if self.method not in ("softmax", "power_mean"):
            raise ValueError(f"method must be 'softmax' or 'power_mean', got {self.method!r}.")
        types: dict[str, Any] = dict(dtype=self.dtype, param_dtype=self.param_dtype)
        features = mask_features(features, batch)
        over = batch.edges_over(self.edges)
        x, e = features.nodes, features.edges_over(self.edges)

        def linear(values, width, name):
            return Linear(
                width,
                self.use_bias,
                **types,
                kernel_init=self.kernel_init,
                bias_init=self.bias_init,
                name=name,
            )(values)

        def widened(values, name):
            return values if values.shape[-1] == self.dim else linear(values, self.dim, name)

        message = gather(widened(x, "senders"), over.senders)
        if e is not None:
            message = message + widened(e, "edges")
        message = jax.nn.relu(message) + self.epsilon

        into: dict[str, Any] = dict(where=over.mask, indices_are_sorted=over.are_sorted)
        beta: Any = self.beta
        if self.train_beta:
            init = jax.nn.initializers.constant(self.beta)
            beta = self.param("beta", init, (), self.param_dtype).astype(message.dtype)
        plain = not self.train_beta and self.beta == 1
        messages: Any = message
        if self.method == "softmax":
            messages = (beta * message, message)
        elif not plain:
            messages = jnp.clip(message, LEAST, MOST) ** beta
        method: Literal["softmax", "mean"] = "softmax" if self.method == "softmax" else "mean"
        arrived = aggregate(messages, over.receivers, len(x), method=method, **into)
        if self.method == "power_mean" and not plain:
            arrived = jnp.clip(arrived, LEAST, MOST) ** (1 / beta)

        x = widened(x, "receivers") + arrived
        x = linear(x, 2 * self.dim if self.hidden_dim is None else self.hidden_dim, "hidden")
        if self.norm is not None:
            norm = make(self.norm, "norm", **types, name="norm")
            x = norm(x, batch.node_mask, train=train, axis_name=batch.axis_name)
        return features.replace(nodes=linear(jax.nn.relu(x), self.dim, "output"))
