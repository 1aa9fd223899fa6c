"""The Set Transformer of Lee et al. (2019): nodes of a graph as a set, whatever its edges.

All are built from one block, MAB(X, Y) = norm(H + relu(L H)), H = norm(X + attention(X, Y)):
the paper's equations 6 and 7, with the row-wise layer and the residuals of PyG. The authors'
code adds H to the projected queries instead and has no output map; the paper's equations, as
here, have one. Dropout acts on attention weights.
"""

import math
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from gtx.batch import Batch, Features, mask_features
from gtx.nn.attention import CrossAttention
from gtx.nn.dropout import Dropout
from gtx.nn.initializers import uniform
from gtx.nn.linear import Linear
from gtx.nn.norms import LayerNorm
from gtx.nn.parts import check_width
from gtx.ops import Complete, Tier, make_layout, node_ids
from gtx.ops.attention import Structure
from gtx.typing import Dtype, Initializer


def _points_init(key, shape, dtype):
    """PyTorch's Xavier values of an array [1, points, dim], whose last axis it takes for space."""
    return uniform(math.sqrt(6 / ((shape[0] + 1) * shape[1])))(key, shape, dtype)


class MultiHeadAttentionBlock(nn.Module):
    """MAB(X, Y): see the top of this file. X has width `dim`.

    Attributes:
      dim: width of the result.
      num_heads: of the attention.
      dropout_rate: of the attention weights.
      implementation: of `gtx.ops.attention`.
      dtype: computation dtype.
      param_dtype: storage dtype.
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
        """Rows outside `mask` come back as 0; x and y are finite, in padding too."""
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


class SetAttentionBlock(nn.Module):
    """SAB(X) = MAB(X, X): every node attends to all nodes of its graph. Equation 8.

    Attributes:
      dim: width of the nodes.
      num_heads: of the attention.
      dropout_rate: of the attention weights.
      implementation: of `gtx.ops.attention`.
      dtype: computation dtype.
      param_dtype: storage dtype.
    """

    dim: int
    num_heads: int = 4
    dropout_rate: float = 0.0
    implementation: str = "auto"
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        features = mask_features(features, batch)
        x, structure = features.nodes, Complete(batch.layout, node_ids=batch.node_ids)
        x = _block(self, "block")(x, x, structure, batch.node_mask, train=train)
        return features.replace(nodes=x)


class ISAB(nn.Module):
    """ISAB(X) = MAB(X, H), H = MAB(I, X): attention by way of a few learned points, I.

    Equations 9 and 10: the m points of each graph attend to its nodes, the nodes to these
    results, in time and memory of m n instead of n^2.

    Attributes:
      dim: width of the nodes.
      num_points: m.
      num_heads: of both attentions.
      dropout_rate: of the attention weights.
      implementation: of `gtx.ops.attention`.
      dtype: computation dtype.
      param_dtype: storage dtype.
      points_init: of I [m, dim].
    """

    dim: int
    num_points: int = 16
    num_heads: int = 4
    dropout_rate: float = 0.0
    implementation: str = "auto"
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    points_init: Initializer = _points_init

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        features = mask_features(features, batch)
        check_width(self.num_points, "num_points")
        x, shape = features.nodes, (self.num_points, self.dim)
        points = self.param("points", self.points_init, shape, self.param_dtype)
        points = points.astype(self.dtype or jnp.promote_types(x.dtype, points.dtype))
        rows, layout, ids, mask = _repeat(points, batch)
        gathering = _between(layout, ids, batch.layout, batch.node_ids)
        hidden = _block(self, "gather")(rows, x, gathering, mask, train=train)
        spreading = _between(batch.layout, batch.node_ids, layout, ids)
        x = _block(self, "spread")(x, hidden, spreading, batch.node_mask, train=train)
        return features.replace(nodes=x)


class PMA(nn.Module):
    """PMA(X) = MAB(S, relu(L X)): learned seeds S attend to the nodes of a graph. A readout.

    Equation 11. The row of a graph is its k results side by side [k feat], where feat is the
    width of the nodes, then the graph's own features if there are any. A graph without nodes
    gets what the seeds alone lead to.

    Attributes:
      num_seeds: k.
      num_heads: of the attention.
      dropout_rate: of the row, as in `Pool`.
      attention_dropout_rate: of the attention weights.
      implementation: of `gtx.ops.attention`.
      dtype: computation dtype.
      param_dtype: storage dtype.
      seeds_init: of S [k, feat].
    """

    num_seeds: int = 1
    num_heads: int = 4
    dropout_rate: float = 0.0
    attention_dropout_rate: float = 0.0
    implementation: str = "auto"
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    seeds_init: Initializer = _points_init

    @nn.compact
    def __call__(
        self, features: Features, batch: Batch, *, train: bool
    ) -> Float[Array, "graphs feat"]:
        options: dict[str, Any] = dict(dtype=self.dtype, param_dtype=self.param_dtype)
        features = mask_features(features, batch)
        check_width(self.num_seeds, "num_seeds")
        dim = features.nodes.shape[-1]
        x = jax.nn.relu(Linear(dim, **options, name="linear")(features.nodes))
        seeds = self.param("seeds", self.seeds_init, (self.num_seeds, dim), self.param_dtype)
        rows, layout, ids, mask = _repeat(seeds.astype(x.dtype), batch)
        block = MultiHeadAttentionBlock(
            dim,
            self.num_heads,
            self.attention_dropout_rate,
            self.implementation,
            **options,
            name="block",
        )
        structure = _between(layout, ids, batch.layout, batch.node_ids)
        pooled = block(rows, x, structure, mask, train=train).reshape(-1, self.num_seeds * dim)
        if features.graphs is not None:
            pooled = jnp.concatenate([pooled, features.graphs], axis=-1)
        dropout = Dropout(self.dropout_rate, name="dropout")
        return dropout(pooled, batch.graph_ids, train=train)


def _block(layer, name):
    return MultiHeadAttentionBlock(
        layer.dim,
        layer.num_heads,
        layer.dropout_rate,
        layer.implementation,
        layer.dtype,
        layer.param_dtype,
        name=name,
    )


def _repeat(points, batch):
    """The same points for every graph, as nodes of their own.

    Returns:
      `(rows, layout, ids, mask)`: [graphs * points, feat], the last graph being padding that
      has no place in the layout; where they stand in tiers that have a graph for each graph of
      the batch; who they are to dropout; and which belong to real graphs.
    """
    number, num_graphs = len(points), batch.graph_mask.shape[0]
    tiers = tuple(Tier(tier.num_graphs, number) for tier in batch.layout.tiers)
    layout = make_layout(np.full(num_graphs - 1, number), num_graphs * number, tiers)
    rows = jnp.tile(points, (num_graphs, 1))
    places = jnp.tile(jnp.arange(number), num_graphs)
    ids = node_ids(jnp.repeat(batch.graph_ids, number), places)
    return rows, layout, ids, jnp.repeat(batch.graph_mask, number)


def _between(layout, ids, sender_layout, sender_ids):
    """Every receiver of a graph attends to every sender of that graph."""
    return Complete(layout, node_ids=ids, sender_layout=sender_layout, sender_ids=sender_ids)
