"""How many nodes a graph has, as features of its nodes."""

from typing import Any

import flax.linen as nn
import jax.numpy as jnp
from jaxtyping import Array, Float

from gtx.batch import Batch, check_is_batch
from gtx.nn.parts.initializers import fan_in_uniform
from gtx.nn.parts.linear import Linear
from gtx.ops import segment_count
from gtx.ops.masks import clean
from gtx.typing import Dtype, Initializer, Level


class GraphSizeEncoder(nn.Module):
    """W log(1 + n) + b at each node of a graph with n nodes, virtual ones included.

    Ma et al. (2026), PPGT's `log_order`. Attention is a mean, which does not tell a graph from two
    copies of it.

    Attributes:
      dim: width of the result.
      column: a name only; no column is read.
      level: "node".
      kernel_init: of W.
      bias_init: of b; None is PyTorch's.
    """

    dim: int
    column: str = ""
    level: Level = "node"
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None

    @nn.compact
    def __call__(self, batch: Batch, *, train: bool) -> Float[Array, "nodes dim"]:
        del train
        check_is_batch(batch)
        if self.level != "node":
            raise ValueError("GraphSizeEncoder encodes nodes.")
        graphs = batch.graph_mask.shape[0]
        count: Any = segment_count(
            batch.node_graph, graphs, where=batch.node_mask, indices_are_sorted=True
        )
        size = jnp.log1p(count.astype(self.param_dtype))[batch.node_graph]
        linear = Linear(
            self.dim,
            dtype=self.dtype,
            param_dtype=self.param_dtype,
            kernel_init=self.kernel_init,
            bias_init=self.bias_init,
            name="linear",
        )
        return clean(linear(size[:, None]), batch.node_mask)
