"""A message-passing layer with what GNN+ and tuned GNNs put around it (Luo et al., 2024, 2025)."""

from typing import Any, Literal

import flax.linen as nn
import jax
import jax.numpy as jnp

from gtx.batch import Batch, Features, mask_features
from gtx.nn.parts.dropout import Dropout
from gtx.nn.parts.factories import check_residual, make
from gtx.nn.parts.feed_forward import FeedForward
from gtx.nn.parts.initializers import fan_in_uniform
from gtx.nn.parts.linear import Linear
from gtx.nn.parts.norms import BatchNorm
from gtx.nn.parts.unit_rows import unit_rows
from gtx.typing import Activation, Dtype, Initializer, ModuleFactory


class MPNNBlock(nn.Module):
    """A message-passing layer with a residual, norm, activation, dropout and feed-forward layer.

    With the residual "identity", Luo et al. (2025), GNN+:
    h = norm(x + drop(activation(norm(local(x))))),   x' = norm(h + feed_forward(h))
    With the residual "linear", Luo et al. (2024), tuned GNNs for tasks of nodes:
    h = drop(activation(norm(local(x) + S x + c)))
    Without a feed-forward layer there is no norm after the residual, and x' is h. With `normalize`
    rows are divided by their length after the dropout, as in GraphGym's layers (`l2norm`).

    The order of operations is that of the authors' code. Edges are those that the layer returns.

    Attributes:
      dim: width of the result.
      local: factory of the message-passing layer.
      residual: "identity", "linear" or "none".
      local_norm: factory of the norm of the layer's result; None for none.
      activation: after that norm; None for none. A layer that has a norm and an activation of its
        own, such as GatedGCN, needs neither.
      dropout_rate: after the activation.
      normalize: divide the rows by their length then.
      feed_forward: factory of the feed-forward layer, None for none.
      norm: factory of the two norms around the feed-forward layer; None for none.
      kernel_init: of S.
      bias_init: of c.
    """

    dim: int
    local: ModuleFactory
    residual: Literal["identity", "linear", "none"] = "identity"
    local_norm: ModuleFactory | None = BatchNorm
    activation: Activation | None = jax.nn.relu
    dropout_rate: float = 0.0
    feed_forward: ModuleFactory | None = FeedForward
    norm: ModuleFactory | None = BatchNorm
    normalize: bool = False
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        if self.residual not in ("identity", "linear", "none"):
            raise ValueError(
                f"residual must be 'identity', 'linear' or 'none', got {self.residual!r}."
            )
        options: dict[str, Any] = dict(dtype=self.dtype, param_dtype=self.param_dtype)
        features = mask_features(features, batch)
        x = features.nodes
        if self.residual == "identity":
            check_residual(self, self.dim, nodes=x)

        def normed(factory, values, name):
            if factory is None:
                return values
            layer = make(factory, "norm", **options, name=f"norm_{name}")
            return layer(values, batch.node_mask, train=train, axis_name=batch.axis_name)

        layer = make(self.local, "local", dim=self.dim, **options, name="local")
        changed = layer(features, batch, train=train)
        h = changed.nodes
        if self.residual == "linear":
            inits: dict[str, Any] = dict(kernel_init=self.kernel_init, bias_init=self.bias_init)
            h = h + Linear(self.dim, **options, **inits, name="residual")(x)
        h = normed(self.local_norm, h, "local")
        if self.activation is not None:
            h = self.activation(h)
        h = Dropout(self.dropout_rate, name="dropout")(h, batch.node_ids, train=train)
        if self.normalize:
            h = unit_rows(h)
        if self.residual == "identity":
            h = x + h
        if self.feed_forward is None:
            return changed.replace(nodes=h)
        h = normed(self.norm, h, "residual")
        layer = make(
            self.feed_forward, "feed_forward", dim=self.dim, **options, name="feed_forward"
        )
        changed = layer(changed.replace(nodes=h), batch, train=train)
        return changed.replace(nodes=normed(self.norm, h + changed.nodes, "feed_forward"))
