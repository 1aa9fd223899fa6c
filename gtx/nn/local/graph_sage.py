"""GraphSAGE (Hamilton et al., 2017): a map of the node plus a map of its neighbours' mean."""

from typing import Any, ClassVar

import flax.linen as nn
import jax.numpy as jnp

from gtx.batch import Batch, Features, mask_features
from gtx.nn.parts.initializers import fan_in_uniform
from gtx.nn.parts.linear import Linear
from gtx.ops import message_passing
from gtx.ops.message_passing import Reduction
from gtx.typing import Dtype, Initializer


class GraphSAGE(nn.Module):
    """x_i' = R x_i + N aggregate_j(x_j) + b.

    Hamilton et al. (2017), algorithm 1, lines 4 and 5, without the activation. The paper multiplies
    one matrix with a concatenation; R and N are the two parts of this matrix. The layer equals
    PyG's SAGEConv, with its parameters and initial values. As by default in PyG, rows are not
    divided by their norms (line 7), and "max" has no layer before it (equation 3).

    Attributes:
      dim: width of the result.
      method: "mean", "max", "sum", "min" or "std", see `gtx.ops.aggregate`; 0 for a node
        without incoming edges.
      root_weight: whether R exists.
      use_bias: whether b exists.
      kernel_init: of both kernels.
      bias_init: of b; None is PyTorch's.
      edges: names of the edge sets that it runs over; see `Batch.edges_over`.
    """

    edge_features: ClassVar[str] = "ignored"

    dim: int
    method: Reduction = "mean"
    root_weight: bool = True
    use_bias: bool = True
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None
    edges: tuple[str, ...] = ("graph",)

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        del train
        options: dict[str, Any] = dict(
            dtype=self.dtype,
            param_dtype=self.param_dtype,
            kernel_init=self.kernel_init,
            bias_init=self.bias_init,
        )
        features = mask_features(features, batch)
        over = batch.edges_over(self.edges)

        def update(node, arrived):
            x = Linear(self.dim, self.use_bias, **options, name="neighbours")(arrived)
            if self.root_weight:
                x = x + Linear(self.dim, use_bias=False, **options, name="root")(node)
            return x

        x = message_passing(
            features.nodes,
            over.senders,
            over.receivers,
            message=lambda receiver, sender, edge: sender,
            update=update,
            method=self.method,
            where=over.mask,
            indices_are_sorted=over.are_sorted,
        )
        return features.replace(nodes=x)
