"""The block of the Spectral Attention Network."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from gtx.batch import Batch, Features, mask_features
from gtx.nn.attention.san import SANAttention
from gtx.nn.parts.dropout import Dropout
from gtx.nn.parts.factories import check_residual, make
from gtx.nn.parts.initializers import fan_in_uniform
from gtx.nn.parts.linear import Linear
from gtx.nn.parts.norms import BatchNorm
from gtx.typing import Dtype, Initializer, ModuleFactory


class SANBlock(nn.Module):
    """Attention to all nodes, with edges and other pairs apart, then a feed-forward layer.

    h = norm(x + O drop(attention(x))),   x' = norm(h + W2 drop(relu(W1 h)))

    Kreuzer et al. (2021), figure 3; dropout stands where their code has it. It is the block of the
    Graph Transformer with another attention, and edges do not change. See `SANAttention`.

    Attributes:
      dim: width of nodes and edges.
      num_heads: heads of width `dim / num_heads`.
      gamma: the weight of a pair without an edge.
      dropout_rate: before O and between W1 and W2.
      limit: of the clamp of the scores.
      use_bias: of the maps of the attention; O, W1 and W2 have biases.
      norm: factory of the norms.
      edges: names of the edge sets that are the edges; see `Batch.edges_over`.
    """

    dim: int
    num_heads: int = 8
    gamma: float = 1e-5
    dropout_rate: float = 0.0
    limit: float = 5.0
    use_bias: bool = False
    norm: ModuleFactory = BatchNorm
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
        x = features.nodes
        check_residual(self, self.dim, nodes=x)

        def drop(x, name):
            layer = Dropout(self.dropout_rate, name=f"dropout_{name}")
            return layer(x, batch.node_ids, train=train)

        def norm(x, name):
            layer = make(self.norm, "norm", **types, name=f"norm_{name}")
            return layer(x, batch.node_mask, train=train, axis_name=batch.axis_name)

        def linear(width, name):
            return Linear(width, **types, **inits, name=name)

        attended = SANAttention(
            self.dim,
            self.num_heads,
            gamma=self.gamma,
            limit=self.limit,
            use_bias=self.use_bias,
            edges=self.edges,
            **types,
            **inits,
            name="attention",
        )(features, batch, train=train)
        out = linear(self.dim, "output")(drop(attended.nodes, "attention"))
        h = norm(x + out, "attention")
        hidden = drop(jax.nn.relu(linear(2 * self.dim, "hidden")(h)), "hidden")
        h = norm(h + linear(self.dim, "feed_forward")(hidden), "feed_forward")
        return features.replace(nodes=h)
