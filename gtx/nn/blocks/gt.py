"""The block of the Graph Transformer of Dwivedi and Bresson (2021)."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from gtx.batch import Batch, Features, mask_features
from gtx.nn.attention.multiplied import MultipliedAttention
from gtx.nn.parts.dropout import Dropout
from gtx.nn.parts.factories import check_residual, make
from gtx.nn.parts.initializers import fan_in_uniform
from gtx.nn.parts.linear import Linear
from gtx.nn.parts.norms import BatchNorm
from gtx.typing import Dtype, Initializer, ModuleFactory


class GTBlock(nn.Module):
    """Attention along edges; nodes and edges each have a residual stream with two norms.

    h = norm(x + O drop(attention(x))),   x' = norm(h + W2 drop(relu(W1 h)))

    Dwivedi and Bresson (2021), equations 7 to 18, for nodes and, where edges have features, for
    edges with the products of the scores in place of the attention and with maps of their own.
    Dropout stands where the authors' code has it. See `MultipliedAttention` for the scores.

    The edges that the last block of a model returns are read by nobody. So its parameters
    `edges_*` have no gradient, as in the authors' code, whose parameter counts include them.

    Attributes:
      dim: width of nodes and edges.
      num_heads: heads of width `dim / num_heads`.
      dropout_rate: before O and between W1 and W2.
      limit: of the clamp of the scores, if they are clamped.
      use_bias: of the maps of the attention; O, W1 and W2 have biases.
      norm: factory of the norms.
      implementation: of `gtx.ops.attention`.
      edges: names of the edge sets that it runs over; see `Batch.edges_over`.
    """

    dim: int
    num_heads: int = 8
    dropout_rate: float = 0.0
    limit: float | None = 5.0
    use_bias: bool = False
    norm: ModuleFactory = BatchNorm
    implementation: str = "auto"
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None
    edges: tuple[str, ...] = ("graph",)

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        types: dict[str, Any] = dict(dtype=self.dtype, param_dtype=self.param_dtype)
        inits: dict[str, Any] = dict(kernel_init=self.kernel_init, bias_init=self.bias_init)
        features = mask_features(features, batch)
        x, e, over = features.nodes, features.edges_over(self.edges), batch.edges_over(self.edges)
        check_residual(self, self.dim, nodes=x, edges=e)

        def stream(x, attended, mask, ids, name):
            def drop(x, at):
                return Dropout(self.dropout_rate, name=f"{name}_dropout_{at}")(x, *ids, train=train)

            def norm(x, at):
                layer = make(self.norm, "norm", **types, name=f"{name}_norm_{at}")
                return layer(x, mask, train=train, axis_name=batch.axis_name)

            def linear(width, at):
                return Linear(width, **types, **inits, name=f"{name}_{at}")

            h = norm(x + linear(self.dim, "output")(drop(attended, "attention")), "attention")
            hidden = drop(jax.nn.relu(linear(2 * self.dim, "hidden")(h)), "hidden")
            return norm(h + linear(self.dim, "feed_forward")(hidden), "feed_forward")

        attended = MultipliedAttention(
            self.dim,
            self.num_heads,
            limit=self.limit,
            use_bias=self.use_bias,
            update_edges=True,
            implementation=self.implementation,
            edges=self.edges,
            **types,
            **inits,
            name="attention",
        )(features, batch, train=train)
        nodes = stream(x, attended.nodes, batch.node_mask, (batch.node_ids,), "nodes")
        features = features.replace(nodes=nodes)
        if e is None:
            return features
        message = attended.edges_over(self.edges)
        ids = batch.node_ids[over.receivers], batch.node_ids[over.senders]
        return features.with_edges_over(self.edges, stream(e, message, over.mask, ids, "edges"))
