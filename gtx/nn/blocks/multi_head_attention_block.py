"""The block of the Set Transformer (Lee et al., 2019), which sees the nodes of a graph as a set.

The edges of the graph are not read. Everything in the Set Transformer is built from this block:
MAB(X, Y) = norm(H + relu(L H)) with H = norm(X + attention(X, Y)). These are equations 6 and 7 of
the paper, with the row-wise layer and the residuals of PyG. The code of the authors adds H to the
projected queries instead, and it has no output map. The equations have one, and so does this
block. Dropout acts on the attention weights.
"""

import math
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from gtx.batch import require_layout
from gtx.nn.attention import CrossAttention
from gtx.nn.parts.initializers import uniform
from gtx.nn.parts.linear import Linear
from gtx.nn.parts.norms import LayerNorm
from gtx.ops import Complete, Tier, make_layout, node_ids
from gtx.ops.attention import Structure
from gtx.typing import Dtype


def points_init(key, shape, dtype):
    """The values that PyTorch's `xavier_uniform_` draws for an array [1, points, dim].

    For an array of three axes it takes the last one for the extent of a convolution's kernel.
    """
    return uniform(math.sqrt(6 / ((shape[0] + 1) * shape[1])))(key, shape, dtype)


class MultiHeadAttentionBlock(nn.Module):
    """MAB(X, Y): see the top of this file. X has width `dim`.

    Attributes:
      dim: width of the result.
      num_heads: of the attention.
      dropout_rate: of the attention weights.
      implementation: of `gtx.ops.attention`.
    """

    dim: int
    num_heads: int = 4
    dropout_rate: float = 0.0
    implementation: str = "auto"
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(
        self,
        x: Float[Array, "receivers feat"],
        y: Float[Array, "senders sender_feat"],
        structure: Structure,
        mask: Bool[Array, " receivers"],
        *,
        train: bool,
    ) -> Float[Array, "receivers feat"]:
        """Rows outside `mask` come back as 0. x and y must be finite, in padding too."""
        if x.shape[-1] != self.dim:
            raise ValueError(
                f"The attention block has width {self.dim} and a residual, but its input has "
                f"width {x.shape[-1]}; encode nodes to width {self.dim}."
            )
        options: dict[str, Any] = dict(dtype=self.dtype, param_dtype=self.param_dtype)

        def norm(values, name):
            return LayerNorm(**options, name=f"norm_{name}")(values, mask, train=train)

        attention = CrossAttention(
            self.dim,
            self.num_heads,
            self.dropout_rate,
            implementation=self.implementation,
            **options,
            name="attention",
        )
        x = norm(x + attention(x, y, structure, train=train), "attention")
        x = x + jax.nn.relu(Linear(self.dim, **options, name="feed_forward")(x))
        return norm(x, "feed_forward")


def attention_block(layer, name):
    return MultiHeadAttentionBlock(
        layer.dim,
        layer.num_heads,
        layer.dropout_rate,
        layer.implementation,
        layer.dtype,
        layer.param_dtype,
        name=name,
    )


def repeat_points(points, batch):
    """The same points for every graph, as nodes of their own.

    Returns:
      `(rows, layout, ids, mask)`. The rows are [graphs * points, feat]. The last graph is
      padding and has no place in the layout. The layout has a tier for each tier of the batch,
      with as many graphs. The ids are those under which dropout draws its noise. The mask is
      True for the rows of real graphs.
    """
    number, num_graphs = len(points), batch.graph_mask.shape[0]
    tiers = tuple(Tier(tier.num_graphs, number) for tier in require_layout(batch).tiers)
    layout = make_layout(np.full(num_graphs - 1, number), num_graphs * number, tiers)
    rows = jnp.tile(points, (num_graphs, 1))
    places = jnp.tile(jnp.arange(number), num_graphs)
    ids = node_ids(jnp.repeat(batch.graph_ids, number), places)
    return rows, layout, ids, jnp.repeat(batch.graph_mask, number)


def between(layout, ids, sender_layout, sender_ids):
    """Every receiver of a graph attends to every sender of that graph."""
    return Complete(layout, node_ids=ids, sender_layout=sender_layout, sender_ids=sender_ids)
