"""The graph convolution with edge features of GNN+ (Luo et al., 2025)."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from gtx.batch import Batch, Features, mask_features
from gtx.nn.parts.initializers import fan_in_uniform, zeros
from gtx.nn.parts.linear import Linear
from gtx.ops.segment import gather, segment_sum
from gtx.typing import Dtype, Initializer


class GCNE(nn.Module):
    """x_i' = b + sum_j relu(W x_j + e_ij), the layer `gcne` of the code of GNN+.

    Luo et al. (2025), "Can classic GNNs be strong baselines for graph-level tasks?". In the paper
    the sum has the weights of GCN and a loop at each node. Their code, which made the published
    results, has neither, so that a node reads itself only through the residual of a block. Edges
    have the width of the result. Without edge features e_ij is left out.

    Attributes:
      dim: width of the result and of the edges.
      use_bias: whether b exists.
      kernel_init: of W.
      bias_init: of b.
      edges: names of the edge sets that it runs over; see `Batch.edges_over`.
    """

    dim: int
    use_bias: bool = True
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer = zeros
    edges: tuple[str, ...] = ("graph",)

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        del train
        features = mask_features(features, batch)
        over = batch.edges_over(self.edges)
        e = features.edges_over(self.edges)
        if e is not None and e.shape[-1] != self.dim:
            raise ValueError(
                f"GCNE adds edges to messages of width {self.dim}, but edges have width "
                f"{e.shape[-1]}. Encode them to width {self.dim}, or change dim."
            )
        x = Linear(
            self.dim,
            use_bias=False,
            dtype=self.dtype,
            param_dtype=self.param_dtype,
            kernel_init=self.kernel_init,
            name="linear",
        )(features.nodes)
        message = gather(x, over.senders)
        x = segment_sum(
            jax.nn.relu(message if e is None else message + e),
            over.receivers,
            x.shape[0],
            where=over.mask,
            indices_are_sorted=over.are_sorted,
        )
        if self.use_bias:
            bias = self.param("bias", self.bias_init, (self.dim,), self.param_dtype)
            x, bias = nn.dtypes.promote_dtype(x, bias, dtype=self.dtype)
            x = x + bias
        return features.replace(nodes=x)
