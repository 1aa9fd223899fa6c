"""The graph convolutional network of Kipf and Welling (2017)."""

from typing import Any, ClassVar

import flax.linen as nn
import jax
import jax.numpy as jnp

from gtx.batch import Batch, Features, mask_features
from gtx.nn.parts.initializers import xavier_uniform, zeros
from gtx.nn.parts.linear import Linear
from gtx.ops import message_passing, segment_count
from gtx.typing import Dtype, Initializer


class GCN(nn.Module):
    """X' = D^-1/2 (A + I) D^-1/2 X W + b, with D_ii = 1 + the number of edges into i.

    Kipf and Welling (2017), equation 2; PyG's GCNConv, with its parameters and initial values.
    Self-loops of the graph are left out, because I adds one for every node. Duplicates of other
    edges count.

    Attributes:
      dim: width of the result.
      use_bias: whether b exists.
      kernel_init: of W.
      bias_init: of b.
      edges: names of the edge sets that it runs over; see `Batch.edges_over`.
    """

    edge_features: ClassVar[str] = "ignored"

    dim: int
    use_bias: bool = True
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = xavier_uniform
    bias_init: Initializer = zeros
    edges: tuple[str, ...] = ("graph",)

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        del train
        features = mask_features(features, batch)
        over = batch.edges_over(self.edges)
        others = over.mask & (over.senders != over.receivers)
        edges: dict[str, Any] = dict(where=others, indices_are_sorted=over.are_sorted)
        x = Linear(
            self.dim,
            use_bias=False,
            dtype=self.dtype,
            param_dtype=self.param_dtype,
            kernel_init=self.kernel_init,
            name="linear",
        )(features.nodes)
        degree = 1 + segment_count(over.receivers, x.shape[0], **edges)[:, None]
        # Rows are scaled before and after the sum: node by node, which is cheaper than per edge.
        root = jax.lax.rsqrt(degree.astype(jnp.promote_types(x.dtype, jnp.float32)))
        root = root.astype(x.dtype)
        x = message_passing(
            root * x,
            over.senders,
            over.receivers,
            message=lambda receiver, sender, edge: sender,
            update=lambda node, arrived: root * (node + arrived),
            **edges,
        )
        if self.use_bias:
            bias = self.param("bias", self.bias_init, (self.dim,), self.param_dtype)
            x, bias = nn.dtypes.promote_dtype(x, bias, dtype=self.dtype)
            x = x + bias
        return features.replace(nodes=x)
